"""Tests of `predict`: functions, endpoints and baselines as models, and run files."""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError, LlmError, OutputError
from petoolbench.inference.history_views import History
from petoolbench.prediction import _SETTINGS
from tests.conftest import Built
from tests.fakes.openai import predict_script
from tests.fakes.openai.errors import ApiError
from tests.fakes.openai.server import LlmServer

from .models import call, first_candidate


class Counting:
    """A model that counts its calls, and raises at one of them.

    Args:
        failing: Number of the call that raises, from 1; 0 for none.
    """

    def __init__(self, failing: int = 0) -> None:
        self.calls = 0
        self._failing = failing

    def __call__(self, messages: pb.Prompt) -> str:
        self.calls += 1
        if self.calls == self._failing:
            raise RuntimeError("out of memory")
        return first_candidate(messages)


def ids(run: pb.Run) -> list[str]:
    return list(run.lines)


def test_a_function_is_asked_every_instance_in_memory(
    chronological: pb.InstanceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[pb.Prompt] = []

    def my_model(messages: pb.Prompt) -> str:
        seen.append(messages)
        return first_candidate(messages)

    run = pb.predict(chronological, my_model)
    assert seen == [pb.prompt(row) for row in chronological]
    assert run.predictions == {row.instance_id: call(row.candidates[0].name) for row in chronological}
    assert (run.name, str(run)) == ("function:my_model", "Run of function:my_model: 36 replies")
    assert not list(tmp_path.iterdir())
    assert run.header is not None
    assert run.header.data_sha256
    assert str(run.path) == run.name
    frame = run.to_pandas()
    assert frame["prediction"].tolist() == list(run.predictions.values())
    assert frame["error"].isna().all()
    content = json.loads(json.dumps(run.to_dict()))
    assert [line["instance_id"] for line in content["lines"]] == ids(run)
    assert content["header"]["settings"]["model"] == run.name


def test_rows_of_a_dataset_and_a_folder_are_asked_too(
    built: Built, chronological: pb.InstanceSet, chronological_rows: Any
) -> None:
    run = pb.predict(chronological, first_candidate)
    assert pb.predict(chronological_rows, first_candidate).predictions == run.predictions
    assert pb.predict(chronological.to_dict(), first_candidate).predictions == run.predictions
    default = pb.predict(str(built.data), first_candidate)
    assert default.predictions == pb.predict(pb.load(built.data), first_candidate).predictions


def test_a_function_that_raises_keeps_its_replies_and_resumes(chronological: pb.InstanceSet, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "own.jsonl"
    model = Counting(failing=5)
    with pytest.raises(RuntimeError, match="out of memory"):
        pb.predict(chronological, model, out=out)
    assert ids(pb.read_run(out)) == [row.instance_id for row in chronological[:4]]
    run = pb.predict(chronological, model, out=out)
    assert model.calls == len(chronological) + 1, "no instance with a reply is asked again"
    assert ids(run) == [row.instance_id for row in chronological]
    assert run == pb.read_run(out)
    content = out.read_bytes()
    pb.predict(chronological, model, out=str(out))
    assert (model.calls, out.read_bytes()) == (len(chronological) + 1, content)
    assert pb.predict(chronological, Counting()).predictions == run.predictions


def test_threads_keep_the_order_of_the_data(chronological: pb.InstanceSet, tmp_path: Path) -> None:
    running, most, lock = itertools.count(1), [0], threading.Lock()
    done = itertools.count(1)

    def slow(messages: pb.Prompt) -> str:
        with lock:
            started = next(running)
        time.sleep(0.02 if started % 3 == 1 else 0.001)
        with lock:
            most[0] = max(most[0], started - next(done) + 1)
        return first_candidate(messages)

    run = pb.predict(chronological, slow, threads=6, out=tmp_path / "run.jsonl")
    assert 1 < most[0] <= 6
    assert ids(run) == [row.instance_id for row in chronological]
    assert run.predictions == pb.predict(chronological, first_candidate).predictions


def test_threads_keep_every_reply_that_was_returned_before_an_error(
    chronological: pb.InstanceSet, tmp_path: Path
) -> None:
    out = tmp_path / "run.jsonl"
    together, lock = threading.Barrier(4), threading.Lock()
    started, returned = itertools.count(1), []

    def model(messages: pb.Prompt) -> str:
        with lock:
            number = next(started)
        if number <= 4:
            together.wait(timeout=30)
        if number == 3:
            raise RuntimeError("rate limit")
        reply = first_candidate(messages)
        with lock:
            returned.append(number)
        return reply

    with pytest.raises(RuntimeError, match="rate limit"):
        pb.predict(chronological, model, out=out, threads=4)
    assert {1, 2, 4} <= set(returned)
    assert len(pb.read_run(out).lines) == len(returned) < len(chronological)
    assert ids(pb.predict(chronological, model, out=out, threads=4)) == [row.instance_id for row in chronological]
    assert len(returned) == len(chronological), "no instance with a reply is asked again"


@pytest.mark.parametrize("reply", [None, {"name": "a", "arguments": {}}, b"bytes"])
def test_a_function_must_return_text(chronological: pb.InstanceSet, reply: Any) -> None:
    message = f"returned a {type(reply).__name__} for {chronological[0].instance_id!r}. Return the reply as text"
    with pytest.raises(DataError, match=message):
        pb.predict(chronological, lambda _: reply)


def test_a_function_is_named_without_the_scope_that_defines_it(chronological: pb.InstanceSet) -> None:
    class Model:
        def reply(self, _: pb.Prompt) -> str:
            return ""

    def names(*models: Any) -> list[str]:
        return [pb.predict(chronological, model, limit=1).name for model in models]

    assert names(first_candidate, lambda _: "", Model().reply, Counting()) == [
        "function:first_candidate",
        "function:<lambda>",
        "function:Model.reply",
        "function:Counting",
    ]


def test_a_function_gets_tools_and_its_calls_are_stored_under_their_names(chronological: pb.InstanceSet) -> None:
    row = chronological[0]
    odd = replace(row.candidates[0], name="weather for Oslo (v2.1)")
    rows = [replace(row, candidates=[odd, *row.candidates[1:]])]

    def native(messages: pb.Prompt) -> str:
        name = messages.tools[0]["function"]["name"]
        assert name != odd.name
        return call(name)

    run = pb.predict(rows, native, mode="tools")
    assert run.predictions == {row.instance_id: call(odd.name)}
    assert run.name == "function:native (tools)"


def test_a_model_at_an_endpoint_is_asked(chronological: pb.InstanceSet, tmp_path: Path) -> None:
    progress: list[tuple[str, int, int]] = []
    with LlmServer(predict_script.reply) as server:
        run = pb.predict(
            chronological,
            "test-model",
            base_url=f"{server.base_url}/",
            out=tmp_path / "run.jsonl",
            temperature=0.5,
            connections=4,
            progress=lambda *step: progress.append(step),
        )
        assert len(server.log.completions()) == len(chronological)
        again = pb.predict(
            chronological, "test-model", base_url=server.base_url, out=tmp_path / "run.jsonl", temperature=0.5
        )
        assert len(server.log.completions()) == len(chronological), "a finished run asks nothing"
    assert run == again
    assert ids(run) == [row.instance_id for row in chronological]
    assert progress[-1][1:] == (len(chronological), len(chronological))
    assert run.header is not None
    assert run.header.settings.sampling == {"temperature": 0.5, "max_tokens": 1024, "seed": 0}
    assert (run.to_pandas()["input_tokens"] > 0).all()
    scores = pb.score(run, chronological)["chronological"]
    assert 0 <= scores["tool_accuracy"] < 1
    assert scores["hallucination_rate"] > 0


def test_native_calling_at_an_endpoint_calls_the_same_tools(chronological: pb.InstanceSet) -> None:
    with LlmServer(predict_script.reply) as server:
        runs = [
            pb.predict(chronological, "test-model", base_url=server.base_url, mode=mode) for mode in ("prompt", "tools")
        ]
    prompt, tools = (pb.score(run, chronological)["chronological"] for run in runs)
    assert prompt["tool_accuracy"] == tools["tool_accuracy"]
    assert runs[1].name == "test-model (tools)"


def test_the_key_is_an_option_or_an_environment_variable(
    chronological: pb.InstanceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="No API key"):
        pb.predict(chronological, "test-model", limit=1)
    with LlmServer(predict_script.reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        for run in (
            pb.predict(chronological, "test-model", limit=2, api_key="any"),
            pb.predict(chronological, "test-model", limit=2, base_url=server.base_url),
        ):
            assert len(run.lines) == 2
            assert "any" not in repr(run)


def test_an_endpoint_that_refuses_the_model_is_an_llm_error(chronological: pb.InstanceSet) -> None:
    def refuse(_: dict[str, Any]) -> str:
        raise ApiError(404, "no such model")

    with LlmServer(refuse) as server, pytest.raises(LlmError, match="no such model"):
        pb.predict(chronological, "test-model", base_url=server.base_url)


def test_baselines_are_models(built: Built, chronological: pb.InstanceSet, chronological_rows: Any) -> None:
    oracle = pb.predict(chronological, "baseline:oracle")
    assert pb.score(oracle, chronological)["chronological"]["call_accuracy"] == 1.0
    assert oracle.name == "baseline:oracle"
    everything = pb.predict(pb.load(built.data, "all"), "baseline:first")
    assert len(everything.lines) == 3 * len(chronological)
    with pytest.raises(ConfigError, match="Baselines read the folder of the data set"):
        pb.predict(chronological_rows, "baseline:oracle")
    with pytest.raises(ConfigError, match=r"Invalid value 'baseline:best' for model\. Allowed values: baseline:oracle"):
        pb.predict(chronological, "baseline:best")


def test_the_oracle_takes_the_private_answers_of_the_test_split(built: Built) -> None:
    public = pb.load(built.data, "chronological", "test")
    private = pb.load(built.data, "chronological", "test", answers=built.answers)
    scores = [
        pb.score(run, private)["chronological"]
        for run in (
            pb.predict(public, "baseline:oracle", answers=str(built.answers)),
            pb.predict(private, "baseline:oracle"),
        )
    ]
    assert [part["tool_accuracy"] for part in scores] == [1.0, 1.0]
    assert [part["call_accuracy"] for part in scores] == [1.0, 1.0]
    with pytest.raises(ConfigError, match="of the test split's tools are private"):
        pb.predict(public, "baseline:oracle")


@pytest.mark.parametrize("history", ["none", "swapped"])
def test_the_oracle_reads_the_history_that_is_shown(built: Built, history: History) -> None:
    private = pb.load(built.data, "chronological", "test", answers=built.answers)
    for data in (private, pb.load(built.data, "chronological", "test")):
        run = pb.predict(data, "baseline:oracle", answers=str(built.answers), history=history)
        assert 0.1 < pb.score(run, private)["chronological"]["tool_accuracy"] < 0.5


def test_options_select_and_change_what_the_model_sees(chronological: pb.InstanceSet) -> None:
    limited = pb.predict(chronological, first_candidate, limit=5)
    groups = {row.instance_id: row.query_group for row in chronological}
    assert len({groups[name] for name in limited.lines}) == len(limited.lines) == 5
    chosen = [row.instance_id for row in chronological[3:6]]
    run = pb.predict(chronological, first_candidate, ids=chosen)
    assert ids(run) == chosen
    assert run.header is not None
    assert run.header.settings.ids == tuple(chosen)
    histories: dict[str, list[Any]] = {}

    def model(messages: pb.Prompt) -> str:
        histories.setdefault(view, []).append(json.loads(messages[1]["content"])["history"])
        return ""

    for view in ("own", "none", "swapped"):
        pb.predict(chronological, model, history=view)
    assert len(histories["own"]) == len(chronological)
    assert histories["none"] == [[]] * len(chronological)
    assert all(own != other for own, other in zip(histories["own"], histories["swapped"], strict=True))


WRONG_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"temprature": 1.0}, "Unknown option 'temprature' of predict. Available options: answers, api_key, base_url"),
    ({"config": "chronological"}, "Unknown option 'config' of predict"),
    ({"history": "other"}, "Invalid value 'other' for history. Allowed values: own, none, swapped"),
    ({"limit": 0}, "Invalid value 0 for limit. Allowed values: integers, 1 or more"),
    ({"limit": -1}, "Invalid value -1 for limit"),
    ({"limit": "3"}, "Invalid value '3' for limit"),
    ({"limit": 2.5}, "Invalid value 2.5 for limit"),
    ({"limit": True}, "Invalid value True for limit"),
    ({"temperature": 9}, "Invalid value 9 for temperature. Allowed values: numbers, 0 to 2"),
    ({"temperature": None}, "Invalid value None for temperature"),
    ({"connections": 0}, "Invalid value 0 for connections. Allowed values: integers, 1 to 1024"),
    ({"threads": 0}, "Invalid value 0 for threads"),
    ({"ids": "chronological-1"}, "ids is the text 'chronological-1'. Pass a list"),
    ({"ids": ["x"]}, "1 of the ids are not in 'chronological'"),
    ({"body": "x"}, "body is of type str"),
    ({"body": {"stream": True}}, "body holds 'stream'"),
    ({"body": {"top_p": 1}}, "is not sent requests"),
    ({"base_url": "http://127.0.0.1:9/v1"}, "does not use one"),
    ({"base_url": "localhost"}, "'localhost' is not a valid URL"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_OPTIONS, ids=lambda value: str(value)[:30])
def test_wrong_options_are_refused_before_anything_is_asked(
    chronological: pb.InstanceSet, options: dict[str, Any], message: str
) -> None:
    model = Counting()
    with pytest.raises(ConfigError, match=message):
        pb.predict(chronological, model, **options)
    assert model.calls == 0


def test_the_message_on_an_unknown_option_lists_every_option(chronological: pb.InstanceSet) -> None:
    with pytest.raises(ConfigError) as caught:
        pb.predict(chronological, first_candidate, temprature=1.0)
    listed = str(caught.value).partition("Available options: ")[2].rstrip(".").split(", ")
    assert listed == sorted(listed)
    assert set(listed) >= _SETTINGS


@pytest.mark.parametrize("model", [None, 3, ["gpt"]])
def test_a_model_is_a_name_or_a_function(chronological: pb.InstanceSet, model: Any) -> None:
    with pytest.raises(ConfigError, match=f"The model is of type {type(model).__name__}"):
        pb.predict(chronological, model)
    with pytest.raises(ConfigError, match="The model is empty"):
        pb.predict(chronological, " ")


def test_a_run_file_of_another_run_is_not_touched(chronological: pb.InstanceSet, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    pb.predict(chronological, first_candidate, out=out)
    content = out.read_bytes()
    with pytest.raises(DataError, match=r"was made with .*model 'function:first_candidate', not 'function:Counting'"):
        pb.predict(chronological, Counting(), out=out)
    with pytest.raises(DataError, match="history 'own', not 'none'"):
        pb.predict(chronological, first_candidate, out=out, history="none")
    assert out.read_bytes() == content
    (tmp_path / "folder").mkdir()
    with pytest.raises((DataError, OutputError)):
        pb.predict(chronological, first_candidate, out=tmp_path / "folder")


def test_no_instances_are_refused(chronological: pb.InstanceSet) -> None:
    with pytest.raises(DataError, match="has no rows in the split 'validation'"):
        pb.predict(chronological[:0], first_candidate)
    with pytest.raises(DataError, match="There are no rows"):
        pb.predict([], first_candidate)
