"""Public cases on the replies of endpoints, through `petoolbench predict`.

Each mode is one run, in which each instance gets the reply of one case. `H` is the letter of the public cases on
endpoints; `X` marks further reports, whose source stands next to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import petoolbench as pb
from leaderboard.submissions.validation import check
from petoolbench.runs import Line, Run
from tests.commands import Done
from tests.conftest import Built
from tests.fakes.openai.raw import Body, Raw, RawServer, failure, reply

from .endpoint_runs import CALL, delta, predicted, stream

THOUGHT = "They like low latency. " * 20
IN_PROMPT: dict[str, Raw] = {
    "H01": reply({"content": [{"type": "text", "text": CALL[:20]}, {"type": "text", "text": CALL[20:]}]}),
    "H03": reply({"content": None, "reasoning_content": THOUGHT}, "length"),
    "H05": reply({"content": CALL[:40]}, "length"),
    "H06": reply({"content": None, "refusal": "I cannot help with that."}),
    "H07": reply({"content": None}, "content_filter"),
    "H30": stream(delta(content=CALL[:10]), delta(content=CALL[10:]), delta("stop")),
    "H37": reply({"content": CALL}, usage={"prompt_tokens": "12", "completion_tokens": None}),
    "H37 float": reply({"content": CALL}, usage={"prompt_tokens": 12.0, "completion_tokens": float("inf")}),
    "H37 list": reply({"content": CALL}, usage=[12, 5]),
    "H38": reply({"content": CALL}, usage={"prompt_tokens": -1, "completion_tokens": -1}),
    "H39": reply({"content": CALL}, logprobs=float("nan")),
    "H40": Raw("\ufeff" + str(reply({"content": CALL}).content)),
    "H41": Raw(
        json.dumps({"choices": [{"message": {"content": f"café {CALL}"}}]}, ensure_ascii=False).encode("latin-1"),
        kind="application/json; charset=ISO-8859-1",
    ),
    "H45": reply({"content": f"<think>hm</think>{CALL}"}),
    # https://github.com/vllm-project/vllm/issues/52640
    "X03": reply({"content": None, "reasoning": THOUGHT}, "length"),
    # https://github.com/langchain4j/langchain4j/pull/4474
    "X04": reply({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Well."}]}, {"type": "text", "text": CALL}]}),
    # https://github.com/anomalyco/opencode/issues/44092
    "X13": reply({"content": ""}, "sensitive"),
    # https://github.com/vllm-project/vllm/issues/30139
    "X14": reply({"content": None, "reasoning_content": CALL}),
    # https://github.com/langgenius/dify/issues/8550, https://github.com/QwenLM/qwen-code/issues/9882
    "X35": reply({"content": CALL[:40]}, "FinishReason.MAX_TOKENS"),
    "X28": reply({}, "MAX_TOKENS"),
    "empty": reply({"content": " \n"}),
    "filtered request": failure(400, {"error": {"message": "Filtered.", "code": "content_filter"}}),
    "refused with text": reply({"content": "I would rather not.", "refusal": "No."}),
}  # fmt: skip
"""Reply of each case in mode `prompt`."""


def native(name: str, arguments: object, **message: Any) -> Raw:
    """Return a reply with a native call."""
    call = {"id": "t", "type": "function", "function": {"name": name, "arguments": arguments}}
    return reply({"content": None, "tool_calls": [call], **message}, "tool_calls")


IN_TOOLS: dict[str, Callable[[str], Raw]] = {
    "H09": lambda name: native(name, {"q": "x"}),
    "H10": lambda name: native(name, json.dumps(json.dumps({"q": "x"}))),
    "H11": lambda name: native(name, None),
    "H13": lambda name: native(f"functions.{name}", '{"q": "x"}'),
    "H13 with a number": lambda name: native(f"functions.{name}:0", '{"q": "x"}'),
    "H13 with a channel": lambda name: native(f"{name}<|channel|>commentary", '{"q": "x"}'),
    "H15": lambda name: reply({"content": json.dumps({"name": name, "arguments": {"q": "x"}}), "tool_calls": []}),
    "old function_call": lambda name: reply({"content": None, "function_call": {"name": name, "arguments": '{"q": "x"}'}}),
    "call as a part": lambda name: reply({"content": [{"type": "tool_use", "name": name, "input": {"q": "x"}}]}),
    "call in a stream": lambda name: stream(
        delta(tool_calls=[{"index": 0, "function": {"name": name, "arguments": '{"q"'}}]),
        delta("tool_calls", tool_calls=[{"index": 0, "function": {"arguments": ': "x"}'}}]),
    ),
    "text next to a call": lambda name: native(name, {"q": "x"}, content="I call it."),
}  # fmt: skip
"""Reply of each case in mode `tools`, to the name of the first function."""


class Replied(NamedTuple):
    """A run in which each case is the reply to one instance."""

    done: Done
    run: Run
    lines: dict[str, Line]
    """By case."""
    seen: list[Body]


def replied(built: Built, folder: Path, mode: str, cases: Mapping[str, Callable[[Body], Raw]]) -> Replied:
    """Predict with one connection, so that the instances get the replies of the cases in order."""
    waiting = iter(cases.values())

    def respond(body: Body) -> Raw:
        return next(waiting)(body)

    with RawServer({"m": respond}) as server:
        options = ("--mode", mode, "--limit", str(len(cases)), "--connections", "1", "--retries", "0")
        done = predicted(built, folder, server.base_url, *options)
        assert done.returncode == 0, done.stderr
    result = pb.read_run(folder / "run.jsonl")
    return Replied(done, result, dict(zip(cases, result.lines.values(), strict=True)), server.seen)


@pytest.fixture(scope="module")
def in_prompt(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Replied:
    """Run with the replies of `IN_PROMPT`."""
    cases = {name: lambda _, raw=raw: raw for name, raw in IN_PROMPT.items()}
    return replied(built, tmp_path_factory.mktemp("prompt"), "prompt", cases)


@pytest.fixture(scope="module")
def in_tools(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Replied:
    """Run with the replies of `IN_TOOLS`."""
    cases = {
        name: lambda body, case=case: case(body["tools"][0]["function"]["name"]) for name, case in IN_TOOLS.items()
    }
    return replied(built, tmp_path_factory.mktemp("tools"), "tools", cases)


@pytest.mark.parametrize("case", ["H01", "H30", "H37", "H37 float", "H37 list", "H38", "H39", "H40", "X04"])
def test_a_reply_in_an_unusual_form_is_read(in_prompt: Replied, case: str) -> None:
    line = in_prompt.lines[case]
    assert (line.prediction, line.error) == (CALL, None)
    assert line.input_tokens is not None
    assert line.output_tokens is not None
    assert line.input_tokens > 0 < line.output_tokens


def test_stated_tokens_are_taken_and_others_are_estimated(in_prompt: Replied) -> None:
    tokens = {case: (line.input_tokens, line.output_tokens) for case, line in in_prompt.lines.items()}
    assert tokens["H01"] == (10, 5)
    assert tokens["H37"][0] == tokens["H37 float"][0] == 12
    assert (tokens["H38"][0] or 0) > 100, "a prompt of the benchmark, not -1"


def test_h38_the_leaderboard_accepts_the_run_file(in_prompt: Replied) -> None:
    checked = check(in_prompt.run.path, {"chronological": frozenset(in_prompt.run.lines)})
    assert checked.ok, checked.report()


def test_h41_a_reply_is_read_in_its_declared_charset(in_prompt: Replied) -> None:
    assert in_prompt.lines["H41"].prediction == f"café {CALL}"


def test_h45_reasoning_in_the_text_stays_there(in_prompt: Replied) -> None:
    assert in_prompt.lines["H45"].prediction == f"<think>hm</think>{CALL}"


@pytest.mark.parametrize(
    ("case", "error", "fields"),
    [
        ("H03", "cut: .*--max-output-tokens", {"finish_reason": "length", "reasoning": THOUGHT}),
        ("X03", "cut: .*--max-output-tokens", {"finish_reason": "length", "reasoning": THOUGHT}),
        ("X28", "cut: .*--max-output-tokens", {"finish_reason": "length"}),
        ("H06", "refused", {"finish_reason": "stop", "refusal": "I cannot help with that."}),
        ("H07", "content_filter: ", {"finish_reason": "content_filter"}),
        ("X13", "content_filter: ", {"finish_reason": "content_filter"}),
        ("X14", "empty_reply: only reasoning", {"finish_reason": "stop", "reasoning": CALL}),
        ("empty", "empty_reply: no text", {"finish_reason": "stop"}),
        ("filtered request", "status_400: Filtered", {"finish_reason": "content_filter"}),
    ],
)
def test_a_reply_without_text_is_an_error_that_keeps_all_channels(
    in_prompt: Replied, case: str, error: str, fields: dict[str, str]
) -> None:
    line = in_prompt.lines[case]
    assert line.prediction.strip() == ""
    assert line.error is not None
    assert re.match(error, line.error), line.error
    assert {
        name: getattr(line, name) for name in ("finish_reason", "reasoning", "refusal") if getattr(line, name)
    } == fields


@pytest.mark.parametrize("case", ["H05", "X35"])
def test_a_cut_reply_is_kept_and_marked(in_prompt: Replied, case: str) -> None:
    line = in_prompt.lines[case]
    assert (line.prediction, line.error, line.is_cut) == (CALL[:40], None, True)


def test_the_summary_counts_each_and_states_the_next_step(in_prompt: Replied) -> None:
    rows = {
        line.strip().rpartition(" ")[0].strip(): line.split()[-1]
        for line in in_prompt.done.stdout.splitlines()
        if line.strip()
    }
    assert rows["instances"] == str(len(IN_PROMPT))
    expected = {"cut": 3, "refused": 1, "content_filter": 2, "empty_reply": 2, "status_400": 1}
    assert {name: rows[f"without a reply: {name}"] for name in expected} == {k: str(v) for k, v in expected.items()}
    assert rows["cut at the limit of output tokens"] == "5"
    assert rows["refused by the model or a content filter"] == "5"
    assert (
        "5 of 23 replies reached the limit of 1,024 output tokens. Raise it with --max-output-tokens"
        in in_prompt.done.stderr
    )
    assert "2 of 23 replies have neither text nor call." in in_prompt.done.stderr


@pytest.mark.parametrize("case", IN_TOOLS)
def test_a_native_call_in_an_unusual_form_calls_the_candidate(built: Built, in_tools: Replied, case: str) -> None:
    line = in_tools.lines[case]
    (row,) = [row for row in pb.load(built.data, "chronological") if row.instance_id == line.instance_id]
    call = pb.parse(line.prediction)
    assert isinstance(call, pb.ToolCall)
    assert call.name == row.candidates[0].name
    assert call.arguments == ({} if case == "H11" else {"q": "x"})
    assert line.content == ("I call it." if case == "text next to a call" else None)
