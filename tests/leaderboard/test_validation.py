"""Tests of validation: each kind of problem with its line number, and bounded time and memory for any file."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import tracemalloc
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Receipt
from leaderboard.stores.stored_records import HISTORY_TYPES, System
from leaderboard.submissions import check_file, validation
from leaderboard.submissions.submissions import SubmissionService, receipt_of
from leaderboard.submissions.system_form import read_system
from leaderboard.submissions.validation import Limits, SubmissionTerms, check
from petoolbench.runs import Line
from tests.conftest import Built

from .making import ANN, guesses, lines, of_core, write

IDS = {"preferred_only": frozenset({"p1", "p2"}), "chronological": frozenset({"c1", "c2", "c3"})}
GOOD = lines({"p1": "a", "p2": ""})
P1, P2 = GOOD.splitlines(keepends=True)
CASES: dict[str, tuple[bytes, list[str]]] = {
    "empty file": (b"", ["The file is empty. Expected"]),
    "not an object": (b"[1]\n" + GOOD, ["line 1: a JSON array. Expected"]),
    "not JSON": (P1 + b"{'instance_id': 'p2'}\n" + P2, ["line 2: not valid JSON. Expected"]),
    "empty line": (P1 + b"\n" + P2, ["line 2: empty"]),
    "missing instance_id key": (GOOD + b'{"prediction": "x"}', ["line 3: lacks 'instance_id'."]),
    "missing prediction key": (GOOD + b'{"instance_id": "x"}', ["line 3: lacks 'prediction'."]),
    "null": (P1 + b'{"instance_id": "p2", "prediction": null}\n', ['line 2: \'prediction\' is a JSON null, not a string. Use ""', "preferred_only: 1 of 2"]),
    "number": (GOOD + b'{"instance_id": 3, "prediction": ""}', ["line 3: 'instance_id' is a JSON number, not a string."]),
    "boolean": (GOOD + b'{"instance_id": "p2", "prediction": true}', ["line 3: 'prediction' is a JSON boolean"]),
    "object": (GOOD + b'{"instance_id": "p2", "prediction": {"name": "x"}}', ["line 3: 'prediction' is a JSON object"]),
    "infinite": (GOOD + b'{"instance_id": "p2", "prediction": 1e999}', ["line 3: 'prediction' is a JSON number"]),
    "NaN": (GOOD + b'{"instance_id": "p2", "prediction": NaN}', ["line 3: holds NaN, which is not valid JSON"]),
    "duplicate key": (GOOD + b'{"instance_id": "p1", "prediction": "", "prediction": "b"}', ["line 3: has the key 'prediction' twice."]),
    "unknown key": (GOOD + b'{"instance_id": "p1", "prediction": "", "weight": 9}', ["line 3: has unknown keys: 'weight'."]),
    "duplicate id": (GOOD + P1, ["line 3: instance_id 'p1' is already on line 1."]),
    "unknown id": (lines({"p1": "", "q": "", "p2": ""}), ["line 2: instance_id 'q' is not in this split."]),
    "id with control characters": (GOOD + lines({"\u202e<b>\n=1": ""}), [r"line 3: instance_id '\u202e<b>\n=1' is not in this split."]),
    "missing instance": (P2, ["preferred_only: 1 of 2 instance_ids are missing: 'p1'."]),
    "missing instances of two configs": (lines({"p1": "", "c3": ""}), ["preferred_only: 1 of 2 instance_ids are missing: 'p2'.", "chronological: 2 of 3 instance_ids are missing: 'c1', 'c2'."]),
    "NUL": (P1 + P2.replace(b'""', b'"\0"'), ["line 2: holds a NUL byte.", "preferred_only: 1 of 2"]),
    "not UTF-8": (P1 + P2.replace(b'""', b'"\xff"'), ["line 2: not UTF-8 from byte", "preferred_only: 1 of 2"]),
    "surrogate": (P1 + P2.replace(b'""', rb'"\ud800"'), ["line 2: holds an unpaired surrogate", "preferred_only: 1 of 2"]),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, ["The file is text with a byte order mark."]),
    "UTF-16": (GOOD.decode().encode("utf-16"), ["The file is UTF-16 text."]),
    "gzip": (b"\x1f\x8b\x08\0", ["The file is compressed by gzip."]),
    "Parquet": (b"PAR1\x15\x04", ["The file is a Parquet file."]),
    "deeply nested": (GOOD + b'{"instance_id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", ["line 3: nested too deeply."]),
    "deeply nested and unclosed": (GOOD + b'{"a":' * 10_000, ["line 3: nested too deeply."]),
    "long number": (GOOD + b'{"instance_id": "p2", "prediction": ' + b"9" * 5000 + b"}", ["line 3: not valid JSON."]),
    "unknown key among optional ones": (GOOD + b'{"instance_id": "p1", "prediction": "", "error": "x", "cost": 1}', ["line 3: has unknown keys: 'cost'. Allowed keys: 'instance_id', 'prediction', 'error', 'finish_reason', 'reasoning', 'refusal', 'content', 'input_tokens', 'output_tokens', 'dropped_steps', 'repeat' and 'memory_tokens'."]),
    "repeat beyond the maximum": (GOOD + b'{"instance_id": "p1", "prediction": "", "repeat": 101}', ["line 3: 'repeat' is 101, not an integer from 1 to 100."]),
    "repeat twice": (GOOD + 2 * b'{"instance_id": "p1", "prediction": "", "repeat": 2}\n', ["line 4: instance_id 'p1' is already on line 3.", "1 of 2 instances lack their reply with 'repeat' 2: 'p2'."]),
    "repeat left out": (GOOD + b'{"instance_id": "p1", "prediction": "", "repeat": 3}\n{"instance_id": "p2", "prediction": "", "repeat": 3}\n', ["2 of 2 instances lack their reply with 'repeat' 2: 'p1', 'p2'."]),
    "repeat without a first reply": (P1 + b'{"instance_id": "p1", "prediction": "", "repeat": 2}\n{"instance_id": "p2", "prediction": "", "repeat": 2}\n', ["preferred_only: 1 of 2", "1 instances have a reply with 'repeat' 2, but no first one: 'p2'."]),
    "finish reason that is not a string": (P1 + b'{"instance_id": "p2", "prediction": "", "finish_reason": 1}', ["line 2: 'finish_reason' is a JSON number, not a string.", "preferred_only: 1 of 2"]),
    "error that is not a string": (P1 + b'{"instance_id": "p2", "prediction": "", "error": 408}', ["line 2: 'error' is a JSON number, not a string.", "preferred_only: 1 of 2"]),
    "negative token count": (P1 + b'{"instance_id": "p2", "prediction": "", "input_tokens": -1}', ["line 2: 'input_tokens' is -1, not a non-negative integer.", "preferred_only: 1 of 2"]),
    "fractional token count": (P1 + b'{"instance_id": "p2", "prediction": "", "output_tokens": 0.5}', ["line 2: 'output_tokens' is 0.5, not", "preferred_only: 1 of 2"]),
    "boolean count": (P1 + b'{"instance_id": "p2", "prediction": "", "dropped_steps": true}', ["line 2: 'dropped_steps' is true, not", "preferred_only: 1 of 2"]),
    "count as a string": (P1 + b'{"instance_id": "p2", "prediction": "", "input_tokens": "\xe2\x80\xae"}', [r"line 2: 'input_tokens' is '\u202e', not", "preferred_only: 1 of 2"]),
    "header that is not an object": (b'{"petoolbench": "1"}\n' + GOOD, ["line 1: 'petoolbench' is a JSON string, not an object."]),
    "header with a prediction": (b'{"petoolbench": {}, "instance_id": "p1", "prediction": "a"}\n' + P2, ["line 1: has unknown keys: 'petoolbench'.", "preferred_only: 1 of 2"]),
    "only a header": (b'{"petoolbench": {}}\n', ["The file answers no instance."]),
    "deeply nested header": (b'{"petoolbench": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n" + GOOD, ["line 1: nested too deeply."]),
    "header with a duplicate key": (b'{"petoolbench": {"split": "test", "split": "validation"}}\n' + GOOD, ["line 1: has the key 'split' twice."]),
    "several problems": (b"x\n" + P1 + P1 + b"[]\n", ["line 1: not valid JSON.", "line 3: instance_id 'p1'", "line 4: a JSON array", "preferred_only: 1 of 2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_problem_is_reported_with_its_line(name: str) -> None:
    content, expected = CASES[name]
    checked = check(io.BytesIO(content), IDS)
    problems = [str(problem) for problem in checked.problems]
    assert len(problems) == len(expected) == checked.problem_count, problems
    assert all(problem.startswith(start) for problem, start in zip(problems, expected, strict=True)), problems
    assert not checked.ok
    assert all(line.isascii() and line.isprintable() for line in checked.report())


@pytest.mark.parametrize("content", [GOOD, GOOD[:-1], GOOD.replace(b"\n", b"\r\n"), P2 + P1])
def test_a_valid_file(content: bytes) -> None:
    checked = check(io.BytesIO(content), IDS)
    assert checked.ok
    assert checked.configs == ("preferred_only",)
    assert checked.predictions == {"p1": "a", "p2": ""}
    assert (checked.lines, checked.size) == (2, len(content))
    assert checked.report() == ["The file is valid: 2 predictions for preferred_only."]


def test_a_file_may_answer_several_configs() -> None:
    checked = check(io.BytesIO(lines({"c1": "", "p1": "", "c2": "", "p2": "", "c3": ""})), IDS)
    assert (checked.ok, checked.configs) == (True, ("preferred_only", "chronological"))


CORE = {"preferred_only": frozenset({"p1"}), "chronological": frozenset({"c1", "c2"})}
IN_BETWEEN = {
    "a part of the core": (("c1",), "chronological: 1 of 2 instance_ids of the core are missing: 'c2'. Answer all 2 of the core, or all 3 of the full split; use"),
    "more than the core": (("c1", "c3"), "chronological: the file answers more than the core, but 1 of 3 instance_ids of the full split are missing, 1 of them in the core: 'c2'. Answer all 3 of the full split, or only the 2 of the core; use"),
    "none of the core": (("c3",), "chronological: the file answers more than the core, but 2 of 3 instance_ids of the full split are missing, 2 of them in the core: 'c1', 'c2'."),
    "beyond the core": (("p2",), "preferred_only: the file answers more than the core, but 1 of 2 instance_ids of the full split are missing, 1 of them in the core: 'p1'."),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_BETWEEN)
def test_what_lies_between_the_core_and_the_full_split_is_refused(name: str) -> None:
    ids, expected = IN_BETWEEN[name]
    checked = check(io.BytesIO(lines(dict.fromkeys(ids, ""))), IDS, core=CORE)
    assert [str(problem)[: len(expected)] for problem in checked.problems] == [expected]


@pytest.mark.parametrize(
    ("ids", "core_only"),
    [
        ("p1 c1 c2", ("preferred_only", "chronological")),
        ("p1 p2 c1 c2", ("chronological",)),
        ("p1 p2 c1 c2 c3", ()),
        ("c1 c2", ("chronological",)),
    ],
)
def test_a_file_answers_the_core_or_the_full_split_of_each_config(ids: str, core_only: tuple[str, ...]) -> None:
    checked = check(io.BytesIO(lines(dict.fromkeys(ids.split(), ""))), IDS, core=CORE)
    assert (checked.problems, checked.core_only) == ((), core_only)
    assert checked.report()[0].count("(the core)") == len(core_only)


def test_a_core_of_all_instances_is_the_full_split() -> None:
    checked = check(io.BytesIO(GOOD), IDS, core=IDS)
    assert (checked.ok, checked.core_only) == (True, ())
    (problem,) = check(io.BytesIO(P1), IDS, core=IDS).problems
    assert problem.text.startswith("preferred_only: 1 of 2 instance_ids are missing: 'p2'. Answer each of them; use")


def test_the_service_and_the_command_accept_the_core_alone(core_data: Data, tmp_path: Path) -> None:
    predictions = of_core(core_data, guesses(core_data, "test"))
    path = write(tmp_path, lines(predictions))
    service = SubmissionService(LocalStore(tmp_path / "store"), core_data, "s")
    receipt = service.submit(ANN, path, "test", FIELDS)
    assert isinstance(receipt, Receipt)
    assert receipt.submission.core_only == HISTORY_TYPES
    assert receipt_of(receipt)["core_only"] == list(HISTORY_TYPES)
    arguments = ["--data", str(core_data.folder), "--split", "test"]
    assert check_file.main([str(path), *arguments]) == 0
    fewer = write(tmp_path, lines(dict(list(predictions.items())[1:])), "fewer.jsonl")
    assert check_file.main([str(fewer), *arguments]) == 1


TERMS = SubmissionTerms("71d5439c", "validation", "own")


def header(**changes: Any) -> bytes:
    """Return a header line as written by a run."""
    settings = {"config": "preferred_only", "split": "validation", "history": "own"}
    top = {name: changes.pop(name) for name in ("data_revision",) if name in changes}
    fields = {"format": 2, "data_revision": "71d5439c", **top, "settings": settings | changes}
    return json.dumps({"petoolbench": fields}).encode() + b"\n"


def test_concatenated_files_of_runs() -> None:
    optional = {"error": "timed out", "input_tokens": 12, "output_tokens": 0, "dropped_steps": None}
    p2 = json.dumps({"instance_id": "p2", "prediction": "", **optional}).encode() + b"\n"
    content = header() + P1 + p2 + header(config="chronological") + lines({"c1": "", "c2": "", "c3": ""}) + header()
    for terms in (TERMS, None):
        checked = check(io.BytesIO(content), IDS, terms=terms)
        assert checked.report() == ["The file is valid: 5 predictions for preferred_only, chronological."]
        assert (checked.lines, checked.predictions["p2"]) == (8, "")


def test_every_field_of_a_line_of_a_run_file_is_allowed() -> None:
    line = {column.name: None for column in fields(Line)} | {"instance_id": "p1", "prediction": "x", "repeat": 1}
    checked = check(io.BytesIO(json.dumps(line).encode() + b"\n"), IDS, terms=TERMS)
    assert not any("unknown keys" in problem for problem in checked.report())


def test_headers_may_lack_fields_and_have_others() -> None:
    assert check(io.BytesIO(b'{"petoolbench": {}}\n' + GOOD), IDS, terms=TERMS).ok
    assert check(io.BytesIO(header(model="\u202ex", sampling={"temperature": 0}) + GOOD), IDS, terms=TERMS).ok


DISAGREEMENTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"data_revision": "0a0a0a0a"}, ["line 1: the header's 'data_revision' is '0a0a0a0a', but that of the leaderboard is '71d5439c'."]),
    ({"split": "test"}, ["line 1: the header's 'split' is 'test', but the file is submitted for 'validation'."]),
    ({"history": "swapped"}, ["line 1: the header's 'history' is 'swapped', but the form says 'own'."]),
    ({"history": None}, ["line 1: the header's 'history' is null, but the form says 'own'."]),
    ({"split": ["validation"]}, ["line 1: the header's 'split' is a JSON array, but"]),
    ({"data_revision": "<b>\u202e"}, [r"line 1: the header's 'data_revision' is '<b>\u202e', but"]),
    ({"split": "train", "history": "none"}, ["line 1: the header's 'split' is 'train'", "line 1: the header's 'history' is 'none'"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), DISAGREEMENTS)
def test_a_header_that_contradicts_the_submission_is_reported_with_its_line(
    changes: dict[str, Any], expected: list[str]
) -> None:
    checked = check(io.BytesIO(header(**changes) + GOOD), IDS, terms=TERMS)
    problems = [str(problem) for problem in checked.problems]
    matches = [problem.startswith(start) for problem, start in zip(problems, expected, strict=True)]
    assert matches == [True] * len(expected), problems
    assert check(io.BytesIO(header(**changes) + GOOD), IDS).ok  # without terms, headers are ignored


def test_a_file_with_two_histories_contradicts_every_form() -> None:
    content = header(history="swapped") + P1 + header() + P2
    for history, line in (("own", 1), ("swapped", 3)):
        checked = check(io.BytesIO(content), IDS, terms=replace(TERMS, history=history))  # type: ignore[arg-type]
        assert [problem.line for problem in checked.problems] == [line]
    assert check(io.BytesIO(content), IDS, terms=replace(TERMS, history=None)).ok


def test_the_submission_service_compares_headers_with_the_form(data: Data, tmp_path: Path) -> None:
    service = SubmissionService(LocalStore(tmp_path / "store"), data, "s")
    fields = {"data_revision": data.revision, "history": "swapped"}
    path = write(tmp_path, header(**fields) + lines(guesses(data, "validation")))
    problem = "line 1: the header's 'history' is 'swapped', but the form says 'own'. State in the form which history was shown."
    assert service.check(path, "validation", FIELDS)[1] == ["The file has 1 problem:", problem]
    assert service.submit(ANN, path, "validation", FIELDS) == ["The file has 1 problem:", problem]
    assert (
        service.check(path, "validation", {"history": "mine"})[1][-1] != problem
    )  # only the form's problem is reported
    receipt = service.submit(ANN, path, "validation", {**FIELDS, "history": "swapped"})
    assert isinstance(receipt, Receipt)
    assert receipt.submission.system.history == "swapped"


def test_only_line_feeds_end_a_line() -> None:
    content = '{"instance_id": "p1", "prediction": "a\u2028b\x85"}\n'.encode() + P2
    assert check(io.BytesIO(content), IDS).predictions["p1"] == "a\u2028b\x85"


def test_a_zip_archive(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("predictions.jsonl", GOOD)
    assert check(path, IDS).problems[0].text.startswith("The file is a ZIP archive.")


def test_all_problems_are_counted_and_the_first_are_shown() -> None:
    checked = check(io.BytesIO(b"x\n" * 250 + P1), IDS, Limits(problems=100))
    assert (checked.problem_count, len(checked.problems)) == (251, 101)
    assert checked.report()[0] == "The file has 251 problems:"
    assert checked.report()[-2].startswith("preferred_only: 1 of 2")
    assert checked.report()[-1] == "150 further problems are not shown."


class Endless(io.RawIOBase):
    """Stream that never ends and counts the bytes read."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = (self.piece * (len(buffer) // len(self.piece) + 2))[self.bytes_read % len(self.piece) :]
        buffer[:] = content[: len(buffer)]
        self.bytes_read += len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    ("piece", "first_problem"),
    [
        (b"x", "line 1: longer than 1048576 bytes"),
        (b"\n", "line 1: empty"),
        (b"x" * 2**21 + b"\n", "line 1: longer than 1048576 bytes"),
        (b'{"instance_id": "unknown", "prediction": ""}\n', "line 1: instance_id 'unknown' is not"),
        (b'{"instance_id": "' + b"x" * 2**19 + b'", "prediction": ""}\n', "line 1: instance_id 'xxxxx"),
    ],
)
def test_an_endless_stream_is_read_up_to_the_limits(piece: bytes, first_problem: str) -> None:
    stream = Endless(piece)
    tracemalloc.start()
    start = time.process_time()
    checked = check(io.BufferedReader(stream, 2**23), IDS)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(checked.problems[0]).startswith(first_problem)
    assert str(checked.problems[-1]).startswith(("The file is longer; at most", "The file has more than 100000 lines"))
    assert stream.bytes_read <= validation.LIMITS.file_bytes + 2**23
    assert peak < 40 * 2**20
    assert seconds < 20


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(2**30)
    start = time.monotonic()
    checked = check(path, IDS)
    assert [str(problem) for problem in checked.problems] == [
        "The file has 1073741824 bytes; at most 67108864 bytes are read."
    ]
    assert time.monotonic() - start < 1


def test_a_line_of_a_hundred_megabytes_is_skipped() -> None:
    content = P1 + b'{"instance_id": "p2", "prediction": "' + b"x" * 10**8 + b'"}\n' + P2
    checked = check(io.BytesIO(content), IDS, Limits(file_bytes=2**30))
    assert [str(problem) for problem in checked.problems] == ["line 2: longer than 1048576 bytes"]
    assert checked.predictions == {"p1": "a", "p2": ""}  # the next line is read


@pytest.mark.parametrize("size", [0, 1, -1])
def test_sizes_equal_to_the_limits_are_allowed(size: int) -> None:
    limits = Limits(file_bytes=len(GOOD) + size, line_bytes=max(len(P1), len(P2)), lines=2)
    assert check(io.BytesIO(GOOD), IDS, limits).ok == (size >= 0)
    assert not check(io.BytesIO(GOOD), IDS, Limits(lines=1)).ok
    assert not check(io.BytesIO(GOOD), IDS, Limits(line_bytes=len(P1) - 1)).ok


def test_the_command_line_prints_the_same_report(built: Built, tmp_path: Path) -> None:
    data = Data(built.data)
    predictions = guesses(data, "test")
    complete = write(tmp_path, lines(predictions))
    incomplete = write(tmp_path, lines(dict(list(predictions.items())[1:])) + b"x", "incomplete.jsonl")
    for path, code in ((complete, 0), (incomplete, 1)):
        process = subprocess.run(
            [sys.executable, "-m", "leaderboard.submissions.check_file", path, "--data", built.data, "--split", "test"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (process.returncode, process.stderr) == (code, "")
        assert process.stdout.splitlines() == check(path, data.ids("test")).report()
    assert "1 of 36 instance_ids are missing" in process.stdout
    swapped = write(tmp_path, header(data_revision=data.revision, split="test", history="swapped") + lines(predictions))
    arguments = [str(swapped), "--data", str(built.data), "--split", "test"]
    assert (check_file.main(arguments), check_file.main([*arguments, "--history", "swapped"])) == (1, 0)
    assert check_file.main([str(tmp_path / "nothing"), "--data", str(built.data)]) == 2
    assert check_file.main([str(complete), "--data", str(tmp_path)]) == 2


FIELDS: dict[str, Any] = {"name": "A system", "link": "org/name-1.5", "licence": "Apache-2.0", "parameters_b": "7.5"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name: is empty"),
    ({"name": " \n "}, "name: is empty"),
    ({"name": "x" * 81}, "name: "),
    ({"name": "a\u202eb"}, r"name: holds '\u202e'"),
    ({"name": "a\u2066b"}, r"name: holds '\u2066'"),
    ({"name": "a\u200bb"}, r"name: holds '\u200b'"),
    ({"name": "a\0b"}, r"name: holds '\x00'"),
    ({"name": "a\nb"}, r"name: holds '\n'"),
    ({"name": "a" + "\u0323" * 30}, "name: holds characters that cannot be read"),
    ({"name": "a\ud800"}, "name: "),
    ({"name": "\ue000"}, r"name: holds '\ue000'"),
    ({"name": 3}, "name: "),
    ({"name": "a\u3164b"}, r"name: holds '\u3164'"),
    ({"name": "a\ufe0fb"}, r"name: holds '\ufe0f'"),
    ({"name": "\u043er\u0430cle"}, "name: holds "),  # Cyrillic letters among Latin ones
    ({"name": "my \u03b2eta"}, "name: holds "),
    *(({"name": name}, f"name: looks like {taken!r}, the name of a baseline") for name, taken in (
        ("Oracle", "oracle"), ("0rac1e", "oracle"), ("\uff4f\uff52\uff41\uff43\uff4c\uff45", "oracle"), ("most-popular", "most popular"),
    )),
    ({"team": "petoolbench "}, "team: looks like 'PEToolBench'"),
    ({"team": "b\ta"}, r"team: holds '\t'"),
    *(({"link": link}, "link: ") for link in ("name", "a/b/c", "../b", "a/..", ".a/b", "a/b\n c", "a//b", "https://a.b/c", "javascript:alert(1)/x", "a/b?c", "é/b", "a/b..c")),
    ({"licence": "<b>"}, "licence: "),
    ({"licence": "=1+1"}, "licence: "),
    *(({"parameters_b": number}, "parameters_b: ") for number in (-1, "x", float("nan"), "nan", float("inf"), "1e999", True, [1])),
    ({"cost_usd": "-0.1"}, "cost_usd: "),
    ({"description": "x" * 501}, "description: "),
    ({"history": "mine"}, "history: "),
    ({"badge": "baseline"}, "badge: "),
    ({"person": "bob"}, "person: "),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "start"), BAD, ids=lambda value: ascii(value)[:40])
def test_an_invalid_description_of_a_system_is_rejected(changes: dict[str, Any], start: str) -> None:
    problems = read_system({**FIELDS, **changes})
    assert isinstance(problems, list)
    assert [problem.startswith(start) for problem in problems] == [True], problems


def test_valid_descriptions_of_systems() -> None:
    assert read_system(FIELDS) == System("A system", link="org/name-1.5", licence="Apache-2.0", parameters_b=7.5)
    assert read_system(
        {"name": " Cafe\u0301 \U0001f600 <b>=1 ", "parameters_b": "", "cost_usd": 0, "description": "a\n b"}
    ) == System("Café \U0001f600 <b>=1", cost_usd=0.0, description="a b")
    for name in (
        "GPT \u03b2",
        "\u043c\u043e\u0434\u0435\u043b\u044c 2",
        "\u65e5\u672c LLM",
        "\u2764\ufe0f model",
        "oracle 2",
    ):
        assert isinstance(read_system({"name": name}), System), name
    problems = read_system({"name": "", "link": "x", "cost_usd": "y"})
    assert isinstance(problems, list)
    assert len(problems) == 3
    assert json.dumps(problems).isascii()
