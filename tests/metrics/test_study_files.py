"""Files of a people's study: what is written is read back, and what is damaged is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metrics.study_files import (
    STUDY,
    Study,
    StudyAnswer,
    StudyError,
    StudyReader,
    StudyRow,
    answers_path,
    append_answer,
    read_answers,
    read_study,
    study_json,
)

ROWS = (StudyRow("a", "chronological", ("x", "y")), StudyRow("b", "preferred_only", ("y", "z")))
FIRST, SECOND = StudyReader(1, "first-token", ROWS), StudyReader(2, "second-token", ROWS[::-1])
STUDY_OF_TWO = Study(id="0123abcd", data_revision="r", split="validation", seed=0, reads=2, readers=(FIRST, SECOND))
ANSWER = StudyAnswer("a", "chronological", "x", 80.0, "no", "", 12.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / STUDY).write_text(study_json(STUDY_OF_TWO), encoding="utf-8")
    return tmp_path


def test_a_study_is_read_as_it_was_written(folder: Path) -> None:
    assert read_study(folder) == STUDY_OF_TWO
    assert STUDY_OF_TWO.query(FIRST) == "?tab=play&study=0123abcd&token=first-token"


@pytest.mark.parametrize("token", ["", "first", "first-token ", "\udcff", "third-token"])
def test_only_the_token_of_a_reader_is_accepted(token: str) -> None:
    assert STUDY_OF_TWO.reader(token) is None
    assert STUDY_OF_TWO.reader("second-token") is SECOND


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    fields = json.loads(study_json(STUDY_OF_TWO))
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON"),
        (b"[]", "the file is '\\[\\]'; allowed: an object with format, id"),
        (changed(lambda fields: fields.update(format=2)), "format is 2; allowed: 1"),
        (changed(lambda fields: fields.pop("seed")), "'seed' of the file is missing"),
        (changed(lambda fields: fields.update(answers=[])), "'answers' of the file is not a field"),
        (changed(lambda fields: fields.update(reads=True)), "reads is 'True'; allowed: a whole number of at least 1"),
        (changed(lambda fields: fields.update(readers=[])), "readers are numbered \\[\\]; allowed: 1, 2, 3"),
        (changed(lambda fields: fields["readers"].reverse()), "readers are numbered \\[2, 1\\]"),
        (changed(lambda fields: fields["readers"][1].update({"token": "first-token"})), "have the same token"),
        (changed(lambda fields: fields["readers"][1].update({"token": ""})), "token is ''; allowed: text"),
        (changed(lambda fields: fields["readers"][0].update(rows={})), "rows is '{}'; allowed: a list"),
        (changed(lambda fields: fields["readers"][0]["rows"].append(fields["readers"][0]["rows"][0])), "row twice"),
        (changed(lambda fields: fields["readers"][0]["rows"][0].update(tools=["x", "x"])), "allowed: distinct names"),
        (changed(lambda fields: fields["readers"][0]["rows"][0].update(tools=["x", 1])), "'1' is in a list of names"),
    ],
)
def test_malformed_studies_are_refused_with_the_field(folder: Path, content: bytes, problem: str) -> None:
    (folder / STUDY).write_bytes(content)
    with pytest.raises(StudyError, match=rf"study\.json' .*{problem}.*Restore the file that `study new` wrote"):
        read_study(folder)


def test_a_missing_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot be read: No such file.* petoolbench study new"):
        read_study(tmp_path)


def test_the_last_answer_to_a_row_counts(folder: Path) -> None:
    assert read_answers(folder, FIRST) == {}
    other = StudyAnswer("b", "preferred_only", "z", 0.0, "yes", 'line\nbreak "and" \ud83d and é', 0.0)
    append_answer(folder, FIRST, other)
    append_answer(folder, FIRST, ANSWER)
    append_answer(folder, FIRST, replace(ANSWER, choice="y"))
    assert read_answers(folder, FIRST) == {"a": replace(ANSWER, choice="y"), "b": other}
    assert list(read_answers(folder, FIRST)) == ["a", "b"]
    assert read_answers(folder, SECOND) == {}
    assert len(answers_path(folder, 1).read_bytes().splitlines()) == 3


def test_an_interrupted_line_does_not_damage_the_next_answer(folder: Path) -> None:
    append_answer(folder, FIRST, ANSWER)
    path = answers_path(folder, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    append_answer(folder, FIRST, replace(ANSWER, choice="y"))
    with pytest.raises(StudyError, match=r"reader-1\.jsonl, line 2: not JSON"):
        read_answers(folder, FIRST)
    path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"}\n")))
    assert read_answers(folder, FIRST)["a"].choice == "y"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"instance_id": "c"}, "the row 'c' was not dealt to this reader"),
        ({"instance_id": 7}, "instance_id is '7'"),
        ({"config": "preferred_only"}, "config is 'preferred_only'; that of the row is 'chronological'"),
        ({"choice": "z"}, "choice is 'z'; allowed: x, y"),
        ({"choice": ["x"]}, "choice is \\['x'\\]; allowed: x, y"),
        ({"confidence": 101}, "confidence is '101'; allowed: a number from 0 to 100"),
        ({"confidence": True}, "confidence is 'True'"),
        ({"confidence": float("nan")}, "confidence is 'nan'"),
        ({"ambiguous": None}, "ambiguous is None; allowed: no, slightly, yes"),
        ({"seconds": -1}, "seconds is '-1'; allowed: a number at least 0"),
        ({"seconds": "5"}, "seconds is '5'"),
        ({"remark": "x" * 2001}, "allowed: text of at most 2000 characters"),
        ({"note": ""}, "'note' of an answer is not a field"),
    ],
)
def test_malformed_answers_are_refused_with_file_and_line(folder: Path, changes: dict[str, Any], problem: str) -> None:
    append_answer(folder, FIRST, ANSWER)
    path = answers_path(folder, 1)
    line = json.dumps({**json.loads(path.read_bytes()), **changes})
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    with pytest.raises(StudyError, match=rf"reader-1\.jsonl, line 3: .*{problem}.*Correct the line, or remove it"):
        read_answers(folder, FIRST)
    if "note" not in changes:
        with pytest.raises(StudyError, match=f"answer of reader 1 is not stored: .*{problem}"):
            append_answer(folder, FIRST, replace(ANSWER, **changes))
        assert len(path.read_bytes().splitlines()) == 3
