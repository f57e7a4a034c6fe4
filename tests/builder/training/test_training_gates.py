"""Gates of the training audit: no rule may find the chosen reply of a pair without its prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder import pipeline
from builder.audit.training_audit import Pair, measure
from builder.audit.word_classifier import margins
from builder.config import UserConfig
from builder.errors import AuditError
from builder.records import GroupTool, User
from builder.training.rejected_calls import RejectedCalls, completion
from hf_dataset.schema import DpoRow
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import Reference, ToolCall
from tests.conftest import SMALL, Built, silent
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

from .helpers import BY_HISTORY


def pair_of(row: DpoRow, answer: Reference) -> Pair:
    replies = row.chosen[0].content, row.rejected[0].content
    chosen, rejected = (call.name if isinstance(call, ToolCall) else "" for call in map(parse, replies))
    order = [*answer.candidates, ""]
    return Pair(row.query_group, row.kind, *replies, (chosen, rejected), (order.index(chosen), order.index(rejected)))


@pytest.fixture(scope="module")
def pairs(dpo: list[DpoRow], answers: dict[str, Reference]) -> list[Pair]:
    return [pair_of(row, answers[row.instance_id]) for row in dpo]


def failed_gates(pairs: Sequence[Pair]) -> set[str]:
    return {gate.name for gate in measure(pairs)[0] if not gate.passed}


def exchanged_if(pair: Pair, exchange: bool) -> Pair:
    """Return the pair, with its two replies exchanged if `exchange` is True."""
    if not exchange:
        return pair
    return replace(pair, chosen=pair.rejected, rejected=pair.chosen, names=pair.names[::-1], places=pair.places[::-1])


LEAKS: dict[str, tuple[str, Callable[[Pair], Pair]]] = {
    "the rejected call is always shorter": (
        "the longer call", lambda pair: exchanged_if(pair, len(pair.chosen) < len(pair.rejected)),
    ),
    "the rejected call is always longer": (
        "the shorter call", lambda pair: exchanged_if(pair, len(pair.chosen) > len(pair.rejected)),
    ),
    "the rejected tool is listed later": (
        "the tool that comes first among the candidates",
        lambda pair: exchanged_if(pair, pair.places[0] > pair.places[1]),
    ),
    "the rejected tool is listed earlier": (
        "the tool that comes last among the candidates",
        lambda pair: exchanged_if(pair, pair.places[0] < pair.places[1]),
    ),
    "the rejected call contains a marker": (
        "words of the calls", lambda pair: replace(pair, rejected=pair.rejected.replace("}", " }")
                                                    .replace('"name"', '"name" ').replace("__", "__x_")),
    ),
    "the rejected call has other spaces": (
        "words of the calls", lambda pair: replace(pair, rejected=pair.rejected.replace(", ", " ,  ")),
    ),
}  # fmt: skip


def test_gates_pass_without_a_leak(pairs: list[Pair]) -> None:
    assert failed_gates(pairs) == set()


@pytest.mark.parametrize("name", LEAKS)
def test_a_gate_catches_each_leak(pairs: list[Pair], name: str) -> None:
    gate, leak = LEAKS[name]
    assert gate in failed_gates([leak(pair) for pair in pairs])


def test_a_gate_catches_a_tool_that_is_never_chosen(pairs: list[Pair]) -> None:
    """Each query group is repeated under another name, so that its tools occur in more than one group."""
    by_history = [pair for pair in pairs if pair.kind in BY_HISTORY]
    repeated = [replace(pair, query_group=f"{pair.query_group} again") for pair in by_history]
    twice = [*by_history, *repeated]
    name = "the tool that is chosen more often elsewhere"
    assert name not in failed_gates(twice)
    assert name in failed_gates([exchanged_if(pair, pair.names[0] < pair.names[1]) for pair in twice])


def test_kinds_that_are_recognisable_without_the_prompt_are_reported_and_not_gated(pairs: list[Pair]) -> None:
    gates, reported = measure(pairs)
    assert [gate.name for gate in reported] == [
        "words of the calls, wrong_functionality", "words of the calls, wrong_format",
    ]  # fmt: skip
    assert reported[1].accuracy > 0.8
    assert not any("wrong_f" in gate.name for gate in gates)
    assert {f"words of the calls, {kind}" for kind in (*BY_HISTORY, "wrong_argument")} <= {gate.name for gate in gates}
    assert measure([pair for pair in pairs if pair.query_group == pairs[0].query_group]) == ((), ())


def test_words_of_balanced_query_groups_carry_no_information(pairs: list[Pair]) -> None:
    by_history = [pair for pair in pairs if pair.kind in BY_HISTORY]
    texts = [(pair.chosen, pair.rejected) for pair in by_history]
    assert np.abs(margins(texts, [pair.query_group for pair in by_history])).max() < 1e-9


def test_the_classifier_learns_only_across_clusters() -> None:
    words = [f"w{number}" for number in range(40)]
    shared = [(f"good {word}", f"bad {word}") for word in words]
    assert (margins(shared, words) > 0).all()
    assert (margins(shared, ["one"] * 40) == 0).all()
    unshared = [(f"a{word}", f"b{word}") for word in words]
    assert np.abs(margins(unshared, words)).max() < 0.1
    assert (margins([("same", "same")], ["one"]) == 0).all()


def test_a_build_with_leaking_pairs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shortest(self: RejectedCalls, kind: str, users: Sequence[User], rng: np.random.Generator) -> list[str] | None:
        if kind not in BY_HISTORY:
            return make(self, kind, users, rng)
        return [min(calls_of_others(user), key=len) for user in users]

    def calls_of_others(user: User) -> list[str]:
        members: list[GroupTool] = [member for member in user.query.group.members if member != user.answer]
        return [completion(member, user.query.scenario) for member in members]

    make = RejectedCalls.make
    monkeypatch.setattr(RejectedCalls, "make", shortest)
    half = SMALL.model_copy(update={"users": UserConfig(count=120, train=0.8, validation=0.1, test=0.1)})
    with pytest.raises(AuditError, match=r"training data: .*the longer call at [\d.]+ % where 50.0 %"):
        pipeline.build(AttributeCatalogue(), half, tmp_path / "out", silent)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fixture", ["built", "attribute_built"])
def test_the_audit_of_a_build_contains_the_training_data(fixture: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(fixture)
    audit = json.loads((built.data / "audit.json").read_text())["training"]
    assert audit["failed"] == []
    assert [check["violations"] for check in audit["checks"]] == [0] * 5
    assert sum(audit["kinds"].values()) == 144
    assert "## Training data" in (built.data / "AUDIT.md").read_text()
