"""Public reports on how models and servers write tool calls, through the entry points that score them.

The ids are those of the collection of reports. The replies are judged by one call of the metric, as `evaluate` loads it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import evaluate
import pytest

import petoolbench as pb
from leaderboard.submissions import check_file
from performance.reply_writers import DIALECT_WRITERS, JSON_WRITERS
from tests.commands import run

ROOT: Final = Path(__file__).parents[2]
SAMPLE: Final = ROOT / "hf_dataset"
CONFIG: Final = "chronological"
NAME: Final = "skyline__forecast"
OSLO: Final = '{"city": "Oslo", "days": 3}'
CALL: Final = f'{{"name": "{NAME}", "arguments": {OSLO}}}'
RIVAL: Final = '{"name": "rainbird__forecast"}'
CORRECT: Final = "correct"
INVALID: Final = "invalid_format"
NAMES: Final = "parameter_name_mismatch"
VALUES: Final = "parameter_value_mismatch"

TEXT: Final = {"type": "string"}
WHOLE: Final = {"type": "integer"}
PLAIN: Final = {"city": TEXT, "days": WHOLE}
PERSON: Final = {"name": TEXT, "city": TEXT}
FULL: Final = {
    **PLAIN,
    "units": TEXT,
    "night": {"type": "boolean"},
    "tags": {"type": "array", "items": TEXT},
    "at": {"type": "object", "properties": {"lat": {"type": "number"}}},
}
ADA: Final = {"name": "Ada", "city": "Oslo"}


class Report(NamedTuple):
    """A reply, and the error classes of which it must have one."""

    reply: str
    error_classes: tuple[str, ...] = (CORRECT,)
    properties: Mapping[str, Any] = PLAIN
    arguments: Mapping[str, Any] = {"city": "Oslo", "days": 3}
    tool: str = NAME
    required: Sequence[str] = ("city",)


def call(arguments: Mapping[str, Any]) -> str:
    return json.dumps({"name": NAME, "arguments": arguments})


EITHER: Final = (CORRECT, INVALID)
REPORTS: Final[Mapping[str, Report]] = {
    "M01: Hermes, of which the tokenizer dropped the opening tag": Report(f"</think>\n{CALL}\n</tool_call>"),
    "M03: Mistral with ARGS": Report(f"[TOOL_CALLS]{NAME}[ARGS]{OSLO}"),
    "M04: Mistral with a name and JSON": Report(f"[TOOL_CALLS]{NAME}{OSLO}"),
    "M05: special tokens of Llama 4, a number as text": Report(
        f'<|python_start|>{{"type": "function", "name": "{NAME}", "parameters": {{"city": "Oslo", "days": "3"}}}}'
        "<|python_end|>"
    ),
    "M06: a list of calls in Python": Report(f'I check.\n\n[{NAME}(city="Oslo", days=3)]'),
    "M09: DeepSeek": Report(
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{NAME}\n```json\n{OSLO}\n```"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "M11: Qwen3-Coder": Report(
        f"<tool_call>\n<function={NAME}>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n</parameter>\n"
        "</function>\n</tool_call>"
    ),
    "M13: Kimi": Report(
        f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{NAME}:0<|tool_call_argument_begin|>{OSLO}"
        "<|tool_call_end|><|tool_calls_section_end|>"
    ),
    "M14: harmony": Report(
        "<|channel|>analysis<|message|>Free tools are best.<|end|><|start|>assistant<|channel|>commentary "
        f"to=functions.{NAME} <|constrain|>json<|message|>{OSLO}<|call|>"
    ),
    "M16: MiniMax": Report(
        f'<minimax:tool_call>\n<invoke name="{NAME}">\n<parameter name="city">Oslo</parameter>\n'
        '<parameter name="days">3</parameter>\n</invoke>\n</minimax:tool_call>'
    ),
    "M17: Gemma 4": Report(f'<|tool_call>call:{NAME}{{city:<|"|>Oslo<|"|>,days:3}}<tool_call|>'),
    "M18: Functionary": Report(f"<function={NAME}>{OSLO}</function>"),
    "M20: the name as a key": Report(f'[{{"{NAME}": {OSLO}}}]'),
    "M22: an argument called name, Kimi": Report(
        f"<|tool_call_begin|>functions.people__find:0<|tool_call_argument_begin|>{json.dumps(ADA)}<|tool_call_end|>",
        EITHER,
        PERSON,
        ADA,
        "people__find",
        ("name",),
    ),
    "M23: arguments alone, one called name": Report(
        json.dumps(ADA), (INVALID,), PERSON, ADA, "people__find", ("name",)
    ),
    "M25: arguments that repeat the name": Report(
        f'{{"arguments": {{"city": "Oslo", "days": 3, "name": "{NAME}"}}, "name": "{NAME}"}}', (NAMES,)
    ),
    "M26: the call within arguments": Report(f'{{"arguments": {{"arguments": {OSLO}, "name": "{NAME}"}}}}', EITHER),
    "M27: a made-up response": Report(
        f'<tool_call>\n{CALL}\n</tool_call>\n<tool_response>\n{{"name": "Oslo", "degrees": 4}}\n</tool_response>\nCold.'
    ),
    "M29: an example of the result": Report(
        f'```json\n{CALL}\n```\nIt returns objects like {{"name": "Oslo", "country": "NO"}}.'
    ),
    "M30: the tool that was not chosen": Report(f"{CALL}\n\nI left out {RIVAL}, which needs a key."),
    "M32: a draft in reasoning, and no call": Report(f"<think>{CALL}? Hardly.</think>\nI do not know.", (INVALID,)),
    "M34: only the end of the reasoning": Report(
        f'not {{"name": "rainbird__forecast", "arguments": {{}}}}.</think>\n\n{CALL}'
    ),
    "M35: reasoning about the marks of calls": Report(
        f'<think>some write <tool_call>{{"name"... and some <function=...></think><tool_call>\n{CALL}\n</tool_call>'
    ),
    "M37: a call in reasoning alone": Report(f"<think>So:\n<tool_call>\n{CALL}\n</tool_call>\n</think>\n", EITHER),
    "M40: doubled braces": Report(f"<tool_call>\n{{{CALL}}}\n</tool_call>"),
    "M41: the last brace missing, bare": Report(CALL[:-1]),
    "M42: the last brace missing, in tags": Report(f"<tool_call>\n{CALL[:-1]}\n</tool_call>"),
    "M44: the last brace missing, in a fence": Report(f"```json\n{CALL[:-1]}\n```"),
    "M46: a lost bracket": Report(
        f'{{"tool_calls": [{{"id": "1", "type": "function", "function": {{"name": "{NAME}", '
        f'"arguments": {json.dumps(OSLO)}}}}}}}'
    ),
    "M48: escaped underscores": Report(CALL.replace("__", "\\_\\_")),
    "M49: a Python dict with an apostrophe": Report(
        f"{{'arguments': {{'city': \"L'Aquila\", 'days': 3}}, 'name': '{NAME}'}}",
        arguments={"city": "L'Aquila", "days": 3},
    ),
    "M53: arguments encoded twice": Report(
        json.dumps({"name": NAME, "arguments": json.dumps(json.dumps({"city": "Oslo", "days": 3}))})
    ),
    "M54: a comment": Report(f'{{\n  "name": "{NAME}", // the free one\n  "arguments": {OSLO}\n}}', EITHER),
    "M55: curly quotes": Report(CALL.replace(' "', " “").replace('"', "”").replace("{”", "{“"), EITHER),
    "M60: a namespace before the name": Report(CALL.replace(NAME, f"functions.{NAME}")),
    "M62: the id of a call as the name": Report(CALL.replace(NAME, f"functions.{NAME}:0")),
    "M63: the keys tool and args": Report(f'{{"tool": "{NAME}", "args": {OSLO}}}', EITHER),
    "M64: the keys action and action_input": Report(f'{{"action": "{NAME}", "action_input": {OSLO}}}', EITHER),
    "M66: the same call twice": Report(f"[{CALL}, {CALL}]", EITHER),
    "M67: a block with input": Report(f'{{"type": "tool_use", "id": "t1", "name": "{NAME}", "input": {OSLO}}}'),
    "M68: the key toolName": Report(f'{{"type": "tool-call", "toolName": "{NAME}", "args": {OSLO}}}', EITHER),
    "V01: null for an optional parameter": Report(call({"city": "Oslo", "days": 3, "units": None}), properties=FULL),
    "V02: empty text for an optional parameter": Report(
        call({"city": "Oslo", "days": 3, "units": ""}), (CORRECT, NAMES), FULL
    ),
    "V03: a number as text": Report(call({"city": "Oslo", "days": "3"}), properties=FULL),
    "V04: a boolean as text": Report(
        call({"city": "Oslo", "night": "true"}), properties=FULL, arguments={"city": "Oslo", "night": True}
    ),
    "V05: an array as text": Report(
        call({"city": "Oslo", "tags": '["a", "b"]'}), properties=FULL, arguments={"city": "Oslo", "tags": ["a", "b"]}
    ),
    "V08: anyOf integer and null": Report(
        call({"city": "Oslo", "days": "3"}), properties={"city": TEXT, "days": {"anyOf": [WHOLE, {"type": "null"}]}}
    ),
    "V11: an enum without a type": Report(
        call({"city": "Oslo", "days": "3"}), properties={"city": TEXT, "days": {"enum": [1, 3, 7]}}
    ),
    "V12: text as a number": Report(call({"zip": 10001}), properties={"zip": TEXT}, arguments={"zip": "10001"}),
    "V13: a lost zero": Report(call({"zip": 1234}), (VALUES,), {"zip": TEXT}, {"zip": "01234"}),
    "V15: another number": Report(call({"city": "Oslo", "days": 999}), (VALUES,), FULL),
    "V16: a line break escaped twice": Report(
        call({"note": "a\\nb"}), (CORRECT, VALUES), {"note": TEXT}, {"note": "a\nb"}
    ),
    "V17: line breaks around a value": Report(call({"city": "\nOslo\n", "days": 3}), properties=FULL),
    "V18: a date with a time": Report(
        call({"on": "2026-06-03T00:00:00"}),
        (CORRECT, VALUES),
        {"on": {"type": "string", "format": "date"}},
        {"on": "2026-06-03"},
    ),
    "V19: the same instant in another zone": Report(
        call({"on": "2026-06-03T10:00:00Z"}),
        properties={"on": {"type": "string", "format": "date-time"}},
        arguments={"on": "2026-06-03T12:00:00+02:00"},
    ),
    "V20: decomposed letters": Report(
        call({"city": "Malmo\u0308", "days": 3}), properties=FULL, arguments={"city": "Malm\u00f6", "days": 3}
    ),
}

SHORT: Final = {"at": {"type": "object"}, "paths": {"type": "array", "items": TEXT}, "size": {"type": "number"}}
PARAMETERS: Final = '<{0}parameter name="city" string="true">Oslo</{0}parameter><{0}parameter name="days" string="false">3</{0}parameter>'
FURTHER: Final[Mapping[str, Report]] = {
    "github.com/waybarrios/vllm-mlx/pull/15": Report(f"[Calling tool: {NAME}({OSLO})]"),
    "github.com/izaart95-jpg/GLM-Free-API/issues/44": Report(f"CALL_BLOCK>>>\n{CALL}\n<<<END_CALL_BLOCK>>>"),
    "github.com/FANATFANATA/DanyAPI/pull/3": Report(f'{{"tool_calls": [{{"name": "{NAME}", "arguments": {OSLO}]}}'),
    "github.com/UKGovernmentBEIS/inspect_ai/pull/4385": Report(
        f"<think>One <think>two</think> or {CALL.replace(NAME, 'rainbird__forecast')}</think>{CALL}"
    ),
    "github.com/ggml-org/llama.cpp/issues/27661": Report(
        f"<think>It ends with </think>, or {CALL.replace(NAME, 'rainbird__forecast')}.</think>\n{CALL}"
    ),
    "github.com/0xBakeer/inference-atlas/pull/32": Report(
        f"They ask.\n</think>\n<tool_call><function={NAME}><parameter=city>Oslo</parameter><parameter=days>3</parameter>"
        "</function></tool_call>"
    ),
    "github.com/AtomicBot-ai/atomic-agent/issues/182": Report(
        call({"size": "2000", "paths": '["/a.png"]', "at": '{"x": "y"}'}),
        properties=SHORT,
        arguments={"size": 2000, "paths": ["/a.png"], "at": {"x": "y"}},
    ),
    "github.com/waybarrios/vllm-mlx/pull/95": Report(
        call({"note": {"name": "app"}}), properties={"note": TEXT}, arguments={"note": '{"name": "app"}'}
    ),
    "github.com/DenisovAV/flutter_gemma/issues/228": Report(
        f'<|tool_call>call:{NAME}:{NAME}{{city: "Oslo", days: 3}}<tool_call|>'
    ),
    "github.com/waybarrios/vllm-mlx/pull/267": Report(
        f'<|tool_call>call:{NAME}{{<|"|>city<|"|>:<|"|>Oslo<|"|>,<|"|>days<|"|>:3}}<tool_call|>'
    ),
    "github.com/ml-explore/mlx-lm/pull/792": Report(
        f'<tool_call>{{"function": "{NAME}", "arguments": {OSLO}}}</tool_call>'
    ),
    "github.com/sgl-project/sglang/issues/40236": Report(
        f'I look.\n<｜DSML｜invoke name="{NAME}">{PARAMETERS.format("｜DSML｜")}</｜DSML｜invoke>'
    ),
    "github.com/lsdefine/GenericAgent/issues/804": Report(
        f'<｜｜DSML｜｜invoke name="{NAME}">{PARAMETERS.format("｜｜DSML｜｜")}</｜｜DSML｜｜invoke>'
    ),
    "github.com/vllm-project/vllm/pull/35906": Report(CALL.replace(NAME, f"{NAME}<|constrain|>json")),
    "github.com/itayinbarr/little-coder/issues/42": Report(f"{NAME}(city='Oslo', days=3)]<|tool_call_end|><|im_end|>"),
    "github.com/odysseus-dev/odysseus/pull/5033": Report(
        f'<|tool_call|>call:{NAME}{{city:"Oslo",days:3}}<|tool_call|>'
    ),
    "github.com/aula-id/koma/pull/63": Report(f"<Think>{CALL}</Think>\nNone.", (INVALID,)),
    "github.com/ollama/ollama/pull/14180": Report(
        f"<|channel|>commentary to=functions.{NAME} <|constrain|>json<|message|>{OSLO[:-1]}<|call|>"
    ),
    "github.com/nugget/thane-ai-agent/pull/21": Report(json.dumps({"response": CALL})),
    "github.com/earendil-works/pi/issues/9931": Report(
        call({"edits": '[{"old": "a"}]'}),
        properties={"edits": {"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}},
        arguments={"edits": [{"old": "a"}]},
    ),
    "github.com/vllm-project/vllm/pull/44213": Report(f"functools[{CALL.replace('arguments', 'parameters')}]"),
    "github.com/ROCm/FastFlowLM/issues/483": Report(
        call({"first": "0"}), properties={"first": WHOLE}, arguments={"first": 0}
    ),
}
"""Further reports of the same kinds, by their address."""
ALL: Final[Mapping[str, Report]] = {**REPORTS, **FURTHER}


def row_of(number: int, report: Report) -> dict[str, Any]:
    required = [name for name in report.required if name in report.properties]
    schema = json.dumps({"type": "object", "properties": report.properties, "required": required})
    names = (report.tool, "rainbird__forecast", "gullwatch__sightings")
    return {
        "instance_id": str(number),
        "query_group": str(number),
        "candidates": [{"name": name, "parameters": schema} for name in names],
        "answer": {"name": report.tool, "arguments": json.dumps(report.arguments)},
        "meta": {"same_function": [*names[:2]]},
    }


@pytest.fixture(scope="module")
def details() -> Mapping[str, Mapping[str, str]]:
    """Error class and reason of each reply, by the name of the report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)
        metric = evaluate.load(str(ROOT / "metrics" / "petoolbench"))
    rows = [row_of(number, report) for number, report in enumerate(ALL.values())]
    replies = [report.reply for report in ALL.values()]
    scores = metric.compute(predictions=replies, references=rows, details=True, resamples=1)
    return dict(zip(ALL, scores["details"], strict=True))


@pytest.mark.parametrize("name", ALL)
def test_a_reported_reply_is_judged_as_expected(name: str, details: Mapping[str, Mapping[str, str]]) -> None:
    assert details[name]["error_class"] in ALL[name].error_classes, details[name]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, pb.ToolCall]:
    """Correct calls of the sample, by instance id."""
    rows = pb.load(SAMPLE, CONFIG)
    return {
        row.instance_id: pb.ToolCall(row.answer.name, json.loads(row.answer.arguments)) for row in rows if row.answer
    }


def jsonl(answers: Mapping[str, pb.ToolCall], write: Callable[[str, Mapping[str, Any]], Any], **further: Any) -> str:
    return "".join(
        json.dumps({"instance_id": name, "prediction": write(*answer), **further}, ensure_ascii=False) + "\n"
        for name, answer in answers.items()
    )


plain = JSON_WRITERS["plain"]


def score(content: bytes | str, folder: Path) -> tuple[int, str]:
    """Return the status and the output of `petoolbench score` on a file."""
    file = folder / "run.jsonl"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    done = run("score", file, "--data", SAMPLE, "--config", CONFIG, cwd=folder)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def made_up_response(name: str, arguments: Mapping[str, Any]) -> str:
    return f'{plain(name, arguments)}\n<tool_response>\n{{"name": "Oslo", "ok": true}}\n</tool_response>'


def rejected_tool(name: str, arguments: Mapping[str, Any]) -> str:
    return f'{plain(name, arguments)}\n\nI did not take {{"name": "other__tool", "arguments": {{}}}}, which is slower.'


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(DIALECT_WRITERS["Kimi"], id="E01: a split in the syntax of Kimi"),
        pytest.param(made_up_response, id="E03: a split in which each call is followed by a made-up response"),
        pytest.param(rejected_tool, id="a split in which each call is followed by one that is rejected"),
    ],
)
def test_a_split_of_right_calls_scores_100(
    write: Callable[[str, Mapping[str, Any]], str], answers: Mapping[str, pb.ToolCall], tmp_path: Path
) -> None:
    status, output = score(jsonl(answers, write), tmp_path)
    assert status == 0
    assert "chronological 100.0 100.0 100.0 100.0" in output


@pytest.mark.parametrize("writer", [*DIALECT_WRITERS, *JSON_WRITERS])
def test_a_split_scores_100_in_each_dialect(writer: str) -> None:
    write = {**DIALECT_WRITERS, **JSON_WRITERS}[writer]
    for config in ("chronological", "preferred_only", "rating_integrated"):
        rows = pb.load(SAMPLE, config)
        replies = [write(row.answer.name, json.loads(row.answer.arguments)) for row in rows if row.answer]
        assert pb.score(replies, rows).to_dict()["configs"][config]["call_accuracy"] == 1


FILES: Final[Mapping[str, tuple[Callable[[str], bytes | str], Sequence[str]]]] = {
    "S01: a byte order mark": (lambda text: b"\xef\xbb\xbf" + text.encode(), ["100.0 100.0 100.0 100.0"]),
    "S02: CRLF": (lambda text: text.replace("\n", "\r\n"), ["100.0 100.0 100.0 100.0"]),
    "S03: UTF-16": (lambda text: text.encode("utf-16"), ["is UTF-16 text, not UTF-8 text"]),
    "S10: gzip": (lambda text: gzip.compress(text.encode()), ["is compressed by gzip, not UTF-8 text"]),
    "S11: no last line break": (lambda text: text.removesuffix("\n"), ["100.0 100.0 100.0 100.0"]),
    "S12: a last line that is cut": (lambda text: text[:-20], ["line 3: not JSON"]),
    "S13: trailing spaces and tabs": (lambda text: text.replace("\n", " \t\n"), ["100.0 100.0 100.0 100.0"]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_or_refused_clearly(name: str, answers: Mapping[str, pb.ToolCall], tmp_path: Path) -> None:
    change, expected = FILES[name]
    _, output = score(change(jsonl(answers, plain)), tmp_path)
    assert all(part in output for part in expected), output


def as_object(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def as_parts(name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": plain(name, arguments)}]


def test_further_keys_and_predictions_that_are_no_text(answers: Mapping[str, pb.ToolCall], tmp_path: Path) -> None:
    status, output = score(jsonl(answers, plain, model="x", latency=1.2), tmp_path)  # S08
    assert (status, "100.0 100.0 100.0 100.0" in output) == (0, True)
    for write in (as_object, as_parts):  # S06, S15
        status, output = score(jsonl(answers, write), tmp_path)
        assert status == 1
        assert "line 1: 'prediction' is missing or not text" in output
        assert "Write a call or a message as JSON text, with `json.dumps`." in output


def test_s20_the_leaderboard_names_what_it_refuses(
    answers: Mapping[str, pb.ToolCall], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = jsonl(answers, plain)
    lines = text.splitlines(keepends=True)
    files: Mapping[str, tuple[str, int, str]] = {
        "S01": ("\ufeff" + text, 1, "text with a byte order mark"),
        "S02": (text.replace("\n", "\r\n"), 0, "The file is valid"),
        "S04": (jsonl(answers, lambda name, arguments: f"\u2028{plain(name, arguments)}"), 0, "The file is valid"),
        "S08": (jsonl(answers, plain, model="x"), 1, "has unknown keys: 'model'"),
        "S14": ("".join([*lines[:2], "\n", *lines[2:]]), 1, "line 3: empty"),
    }
    for name, (content, status, message) in files.items():
        file = tmp_path / f"{name}.jsonl"
        file.write_bytes(content.encode())
        assert check_file.main([str(file), "--data", str(SAMPLE)]) == status, name
        assert message in capsys.readouterr().out
