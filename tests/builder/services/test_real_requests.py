"""Requests and statements of real services: data files that hold together."""

from __future__ import annotations

import string
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from builder.grouping.functionalities import data_table
from builder.services.fact_texts import statement
from builder.services.real_catalogue import plain_name
from builder.services.real_facts import RealFact, rounded
from builder.services.real_jobs import RealJob
from builder.services.real_requests import real_concerns
from builder.world.axes import ALL_AXES
from builder.world.concerns import CONCERN_REGISTERS, SPHERES
from builder.world.listings import layouts
from hf_dataset.layout import SPLITS

FILES = ("exchange_jobs", "messenger_jobs", "media_jobs", "retrieval_jobs")
CASES = (
    ("input_price", 0.2, "", ("$0.20 per million tokens", "$0.0002 per 1,000", "$0.0000002 each")),
    ("context", 131_072.0, "", ("131,072 tokens", "131.072k tokens", "131072 tokens")),
    ("capabilities", 2.0, "tool choice, vision", ("2 (tool choice, vision)", "tool choice, vision; 2 in all", "tool choice / vision")),
    ("rate_limit", 1_200.0, "", ("one call every 50 ms", "20 per second", "1,200 calls a minute")),
    ("rate_limit", 60 / 5.5, "", ("one call every 5.5 s", "1 in 5.5 seconds", "10.9091 calls a minute")),
    ("input_price", 3.9995, "", ("$3.9995 per million tokens", "$0.0039995 per 1,000", "$0.0000039995 each")),
    ("rate_limit", 1_799.96, "", ("one call every 33.334 ms", "29.9993 per second", "1,799.96 calls a minute")),
    ("rate_limit", 272.727, "", ("one call every 220 ms", "4.54545 per second", "272.727 calls a minute")),
    ("taker_fee", 0.25, "", ("0.25 %", "25 bp", "2.5 of every 1,000")),
    ("audio_price", 6.0, "second 60000", ("$0.0001 per second", "$0.10 per 1,000 seconds", "$0.01 per 100 seconds")),
    ("query_price", 8.0, "query 1000", ("$0.008 per query", "$8.00 per 1,000 queries", "$0.80 per 100 queries")),
    ("streaming", "requests only", "", ("no, by polling", "not available", "HTTP alone")),
    ("batch", 50.0, "", ("50 per request", "50 recipients", "50 at once")),
    ("options", 2.0, "sound, title", ("2 (sound, title)", "sound, title; 2 in all", "sound / title")),
)  # fmt: skip


def _jobs() -> list[dict[str, Any]]:
    listed = [raw for name in FILES for raw in data_table(f"services/data/{name}.toml")["job"]]
    chat = data_table("services/data/chat_job.toml")
    return [*listed, {**chat, "name": "ask", "asks": [ask.replace("{model}", "M") for ask in chat["asks"]]}]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("job", _jobs(), ids=lambda job: job["name"])
def test_each_clause_states_every_slot(job: dict[str, Any]) -> None:
    assert len(set(job["asks"])) * len(CONCERN_REGISTERS) >= 20
    assert all(_fields(ask) == set(job["slots"]) for ask in job["asks"])
    assert all(ask[0].islower() or ask.startswith("M") for ask in job["asks"])
    assert set(job["slots"].values()) <= set(data_table("services/data/parameters.toml")["slots"])
    assert set(job.get("optional", ())) <= set(data_table("services/data/parameters.toml")["optional"])


def test_names_of_jobs_are_unique() -> None:
    names = [job["name"] for job in _jobs()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("split", SPLITS)
def test_frames_have_a_clause_and_a_name(split: str) -> None:
    frames = data_table("services/data/request_frames.toml")[split]
    assert tuple(frames) == CONCERN_REGISTERS
    for frame in (frame for of_register in frames.values() for frame in of_register):
        assert len(_fields(frame) & {"ask", "Ask"}) == 1
        assert _fields(frame) & {"who", "thing", "file"}


def test_splits_share_no_frame_value_or_concern() -> None:
    known = {}
    for split in SPLITS:
        frames = data_table("services/data/request_frames.toml")[split]
        table = data_table(f"services/data/concerns_{split}.toml")
        values = data_table("services/data/slot_values.toml")[split]
        known[split] = {
            *(frame for of_register in frames.values() for frame in of_register),
            *(text for raw in table["concern"] for name in ("prompts", "messages") for text in raw[name]),
            *(raw["name"] for raw in table["concern"]),
            *(
                text
                for concept in ("query", "text", "picture", "document", "audio", "email", "contact")
                for text in values[concept]
            ),
        }
    assert not [pair for pair in combinations(SPLITS, 2) if known[pair[0]] & known[pair[1]]]


@pytest.mark.parametrize("split", SPLITS)
def test_concerns_ask_for_each_job_in_different_words(split: str) -> None:
    job = RealJob(
        "post in a team chat", "Messaging", {"body": "message"}, (), ("Posts.",), ('post "{body}"', 'write "{body}"'), (), ()
    )  # fmt: skip
    found = real_concerns(split, [job])
    assert len(found) == len({concern.name for concern in found}) >= 60
    assert {concern.sphere for concern in found} == set(SPHERES)
    for concern in found:
        request = concern.requests[job.name]
        assert len(set(request.texts)) == 5
        assert len(set(request.values["body"])) >= 10
        assert all(
            _fields(text) <= {"body", *concern.names} and _fields(text) & set(concern.names) for text in request.texts
        )


@pytest.mark.parametrize(("axis", "value", "detail", "texts"), CASES)
def test_facts_are_stated_in_the_units_of_each_split(
    axis: str, value: float | str, detail: str, texts: tuple[str, str, str]
) -> None:
    fact = RealFact(axis, value, "package", "key", detail)
    assert tuple(statement(fact, split)["text"] for split in SPLITS) == texts


@pytest.mark.parametrize(
    ("axis", "detail"), [("input_price", ""), ("rate_limit", ""), ("audio_price", "second 60000"), ("context", "")]
)
def test_facts_that_differ_are_stated_differently(axis: str, detail: str) -> None:
    rng = np.random.default_rng(4)
    for value in 10 ** rng.uniform(-3, 5, 200):
        first = rounded(float(value))
        pair = [first, rounded(first * (1 + 1.1e-5))]
        if axis == "context":
            pair = [float(round(value * 100)), float(round(value * 100) + 1)]
        for split in SPLITS:
            texts = {statement(RealFact(axis, number, "package", "key", detail), split)["text"] for number in pair}
            assert len(texts) == len(set(pair))


def test_labels_name_known_axes_and_differ_between_splits() -> None:
    labels = data_table("services/data/fact_labels.toml")
    assert set(labels) <= set(ALL_AXES)
    for of_axis in labels.values():
        assert set(of_axis) == set(SPLITS)
        assert len({label for label, _, _ in of_axis.values()}) == len(SPLITS)


@pytest.mark.parametrize("split", SPLITS)
def test_layouts_exist(split: str) -> None:
    assert set(data_table("services/data/layouts.toml")[split]) <= {layout.name for layout in layouts(split)}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Société Générale", "societe_generale"),
        ("Inference APIs", "inference_apis"),
        ("ai&", "aiand"),
        ("Weights & Biases", "weights_and_biases"),
        ("OVHcloud", "ovhcloud"),
        ("Z.ai", "z_ai"),
    ],
)
def test_names_of_providers_are_those_that_people_write(name: str, plain: str) -> None:
    assert plain_name(name) == plain
