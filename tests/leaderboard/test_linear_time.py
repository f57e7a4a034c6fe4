"""Tests that checks and scores take time linear in the length of hostile lines, and end when they take too long.

Each kind of line is measured at one length and at four times that length. Linear work takes four times as long,
quadratic work sixteen times; the bound of eight leaves room for other programs. Times below a millisecond count as one.
"""

from __future__ import annotations

import gc
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboard.public_data import Data
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Receipt
from leaderboard.submissions import check_process
from leaderboard.submissions.check_process import CheckProcesses
from leaderboard.submissions.system_form import read_system
from leaderboard.submissions.validation import Limits, SubmissionTerms, check
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import Reference, ToolCall
from tests.conftest import Built

from .making import FREE, guesses, lines, submission, write

IDS = {"preferred_only": frozenset({"p1"})}
TERMS = SubmissionTerms("r", "validation", "own")
LENGTH = 2**17
"""Number of characters of the shorter text of each kind."""
NAME = "rainbird__forecast"
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "place": {"type": "object"},
            "day": {"type": "string", "format": "date"},
            "count": {"type": "integer"},
        },
    }
)
EXPECTED = {"city": "x" * 1000, "tags": ["a", "b"], "place": {"a": 1}, "day": "2026-01-01", "count": 3}
REFERENCE = Reference("p1", "g", [{"name": NAME}, {"name": "other"}], SCHEMA, ToolCall(NAME, EXPECTED))


def keys(length: int, last: str = "z") -> bytes:
    names = [f'"{number:x}":1' for number in range(length // 9)]
    return ("{" + ",".join([*names, f'"{last}":1']) + "}").encode()


LINES: dict[str, Callable[[int], bytes]] = {
    "many keys": keys,
    "many keys, the last one twice": lambda length: keys(length, f"{length // 9 - 1:x}"),
    "many keys of a header, the last one twice": lambda length: b'{"petoolbench":' + keys(length, f"{length // 9 - 1:x}") + b"}",
    "deep objects": lambda length: b'{"a":' * (length // 5),
    "deep lists": lambda length: b"[" * (length // 2) + b"]" * (length // 2),
    "many lists, 400 deep": lambda length: b'{"a":[' + b",".join([b"[" * 400 + b"]" * 400] * (length // 801)) + b"]}",
    "long string": lambda length: b'{"instance_id":"p1","prediction":"' + b"a" * length + b'"}',
    "long number": lambda length: b'{"instance_id":"p1","prediction":' + b"9" * length + b"}",
    "many long numbers": lambda length: b'{"a":[' + b",".join([b"9" * 4000] * (length // 4000)) + b"]}",
    "long exponent": lambda length: b'{"instance_id":"p1","prediction":1e' + b"9" * length + b"}",
    "escapes": lambda length: b'{"instance_id":"p1","prediction":"' + b"\\u0041" * (length // 6) + b'"}',
    "surrogates": lambda length: b'{"instance_id":"p1","prediction":"' + b"\\ud83d\\ude00" * (length // 12) + b'"}',
    "backslashes": lambda length: b'{"instance_id":"p1","prediction":"' + b"\\" * length,
    "blanks": lambda length: b"{" + b" " * length + b"}",
    "not UTF-8": lambda length: b'{"' + b"a" * length + b"\xff",
}  # fmt: skip


def assert_linear(act: Callable[[int], Callable[[], object]], length: int) -> None:
    """Assert that work on four times the length takes less than eight times as long, and less than a second.

    Times are those of this thread, at least a millisecond each. Only where one measurement of each is not enough, the
    best of five decides, because other programs can make any single one longer.
    """
    works = act(length), act(4 * length)
    best = [float("inf"), float("inf")]
    gc.disable()  # It visits the objects of all other tests too.
    try:
        for _ in range(5):
            for place, work in enumerate(works):
                start = time.thread_time()
                work()
                best[place] = min(best[place], max(time.thread_time() - start, 0.001))
            if best[1] < min(8 * best[0], 1):
                return
    finally:
        gc.enable()
    pytest.fail(f"{best[0]:.4f} s for {length} characters, {best[1]:.4f} s for four times as many")


@pytest.mark.parametrize("name", LINES)
def test_checking_a_line_is_linear(name: str) -> None:
    def act(length: int) -> Callable[[], object]:
        content = LINES[name](length)
        return lambda: check(io.BytesIO(content), IDS)

    assert_linear(act, LENGTH)


UNITS = (
    *(
        "{",
        "}",
        "[",
        "(",
        '"',
        "'",
        "\\",
        ",",
        ":",
        "\n",
        "```",
        "```json\n",
        "<",
        "|",
        "}{",
        "{{",
        "}}",
        '"\\"',
        "a ",
        "1",
    ),
    *("<think>", "</think>", "<tool_response>", "<|im_start|>user", "<tool_call>", "[TOOL_CALLS]a", "a[ARGS]"),
    *("<function=a>", "<parameter=a>", ">a<arg_key>", '<invoke name="a">', "to=a ", "call:a", '<|"|>', "Action: a\n"),
    *(
        '{"name": "',
        '", "arguments": {',
        '{"a": ',
        f"{NAME}(",
        f"{NAME}{{}}",
        f'{{"name":"{NAME}","arguments":{{}}}}\n',
    ),
    *("\u0301\u0316", "\uff9e\u0301", "\u0f71\u0f72", "\u00e9", "\ufdfa", "\U0001f600"),
)
FORMS: dict[str, Callable[[str], str]] = {
    "text": lambda text: text,
    "city": lambda text: call({"city": text}),
    "tags": lambda text: call({"tags": text}),
    "items": lambda text: call({"tags": [text]}),
    "place": lambda text: call({"place": text}),
    "day": lambda text: call({"day": text}),
    "count": lambda text: call({"count": text}),
    "encoded": lambda text: json.dumps({"name": NAME, "arguments": text}),
    "after a call": lambda text: call({"city": "Oslo"}) + text,
    "cut": lambda text: f'{{"name": "{NAME}", "arguments": {{"city": {text}',
}
"""Replies that hold a hostile text, by where they hold it."""


def call(arguments: dict[str, object]) -> str:
    return json.dumps({"name": NAME, "arguments": arguments})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", UNITS)
def test_judging_a_reply_is_linear(unit: str, form: str) -> None:
    def act(length: int) -> Callable[[], object]:
        reply = FORMS[form](unit * (length // len(unit)))
        return lambda: judge(reply, REFERENCE)

    assert_linear(act, 8_000)


@pytest.mark.parametrize(
    "arguments",
    [
        lambda length: {f"{number}": "x" for number in range(length // 10)},
        lambda length: {"tags": [f"{number}" for number in range(length // 10)]},
        lambda length: {"tags": ["x"] * (length // 5)},
        lambda length: {"city": "x" * length + "y"},
        lambda length: {"place": {f"{number}": {"a": [1.0] * 5} for number in range(length // 30)}},
        lambda length: {"count": "9" * length},
    ],
)
def test_comparing_arguments_is_linear(arguments: Callable[[int], dict[str, object]]) -> None:
    def act(length: int) -> Callable[[], object]:
        reply = call(arguments(length))
        return lambda: judge(reply, REFERENCE)

    assert_linear(act, 20_000)


@pytest.mark.parametrize("field", ["name", "team", "link", "licence", "parameters_b", "cost_usd", "description"])
@pytest.mark.parametrize("unit", ["a", "9", " ", "\n", "\u0301\u0316", "\u0430a", "/"])
def test_reading_the_form_is_linear(field: str, unit: str) -> None:
    def act(length: int) -> Callable[[], object]:
        fields = {"name": "a", field: unit * length}
        return lambda: read_system(fields)

    assert_linear(act, 8_000)


def test_a_check_ends_when_its_time_is_used_up() -> None:
    content = lines({f"{number}": "" for number in range(10_000)})
    checked = check(io.BytesIO(content), IDS, Limits(seconds=0))
    assert str(checked.problems[0]).startswith("The check was stopped before line 1, after 0 s of computing time.")
    assert not checked.ok


def test_a_score_that_takes_too_long_fails_and_the_next_one_is_scored(built: Built, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    good = lines(guesses(data, "validation"))
    ids = [instance_id for of_config in data.ids("validation").values() for instance_id in sorted(of_config)]
    slow = lines(dict.fromkeys(ids, "}{" * 20_000))
    for content in (slow, good):
        made = submission(content, revision=data.revision)
        assert isinstance(store.submit(made, write(tmp_path, content), lambda _: FREE), Receipt)
    outcomes = {
        outcome.status: outcome
        for outcome in evaluate_pending(store, Scorer(data, Answers(built.answers), seconds=0.5))
    }
    assert outcomes.keys() == {"failed", "scored"}
    assert outcomes["failed"].reason.startswith("Scoring was stopped after 0.5 s of computing time")
    assert store.pending() == []


def test_a_check_in_a_process_reports_what_the_check_does(tmp_path: Path) -> None:
    for content in (lines({"p1": ""}), lines({"p1": "", "q": ""}), b"x\n" * 300):
        path = write(tmp_path, content)
        here, apart = check(path, IDS), CheckProcesses().check(path, IDS, TERMS, {})
        assert apart.report() == here.report()
        assert (apart.sha256, apart.size, apart.lines, apart.configs) == (
            here.sha256,
            here.size,
            here.lines,
            here.configs,
        )


def test_a_check_in_a_process_is_ended_and_refused_when_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, lines({"p1": ""}))
    monkeypatch.setattr(check_process, "_PATIENCE", 0.0001)
    (problem,) = CheckProcesses(Limits(seconds=1)).check(path, IDS, TERMS, {}).problems
    assert problem.text.startswith("The check was stopped after 0.0001 s. Nothing was submitted.")
    (problem,) = CheckProcesses(processes=0, waiting=0).check(path, IDS, TERMS, {}).problems
    assert problem.text == check_process.BUSY


def test_a_check_that_fails_in_its_process_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (problem,) = CheckProcesses().check(tmp_path / "nothing", IDS, TERMS, {}).problems
    assert problem.text.startswith("The check failed. Nothing was submitted.")
    assert len(capsys.readouterr().err.splitlines()) == 1
