"""Tests of a people's study on the board without a browser: turns, answers and figures."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import petoolbench as pb
from leaderboard import app
from leaderboard.pages.study_page import Handlers
from leaderboard.public_data import Data, DataError
from leaderboard.stores.people_figures import PeopleFigures, read_people
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL
from leaderboard.stores.study_answers import StudyAnswers, Turn
from leaderboard.views.play_score import People
from metrics.study_files import (
    STUDY,
    Study,
    StudyError,
    StudyReader,
    StudyRow,
    answers_path,
    read_answers,
    study_json,
)
from tests.conftest import Built

ID = "0123abcd"
READERS = (1, 2, 3)


class Seconds:
    """Clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def token(reader: int) -> str:
    return f"token-{reader}"


def study_of(data: Data, rows: int = 4, **changes: Any) -> Study:
    """Return a study of three readers, who get the same rows in different orders."""

    def row(index: int, reader: int) -> StudyRow:
        config = HISTORY_TYPES[index % len(HISTORY_TYPES)]
        instance_id = data.instance_ids(config, "validation")[index]
        names = [tool.name for tool in data.instance(config, "validation", instance_id).candidates]
        random.Random(f"{index} {reader}").shuffle(names)  # noqa: S311
        return StudyRow(instance_id, config, tuple(names))

    readers = tuple(
        StudyReader(reader, token(reader), tuple(row((index + reader) % rows, reader) for index in range(rows)))
        for reader in READERS
    )
    values: dict[str, Any] = {
        "id": ID, "data_revision": data.revision, "split": "validation", "seed": 0, "reads": 3, "readers": readers,
    }  # fmt: skip
    return Study(**{**values, **changes})


def make_study(folder: Path, data: Data, rows: int = 4, **changes: Any) -> Path:
    """Write a study and return its folder."""
    folder.mkdir()
    (folder / STUDY).write_text(study_json(study_of(data, rows, **changes)), encoding="utf-8")
    return folder


@pytest.fixture
def folder(data: Data, tmp_path: Path) -> Path:
    return make_study(tmp_path / "study", data)


def reader_of(answers: StudyAnswers, number: int) -> StudyReader:
    reader = answers.reader(ID, token(number))
    assert reader is not None
    return reader


def save(answers: StudyAnswers, reader: StudyReader, turn: Turn, *, remark: str = "") -> bool:
    return answers.save(
        reader, turn.row.instance_id, choice=turn.tools[0].name, confidence=75, ambiguous="no", remark=remark
    )


def test_three_readers_answer_their_rows_in_the_dealt_order(folder: Path, data: Data) -> None:
    clock = Seconds()
    for number in READERS:
        answers = StudyAnswers(folder, data, clock)
        reader = reader_of(answers, number)
        for place, dealt in enumerate(reader.rows, 1):
            turn = answers.turn(reader)
            assert turn is not None
            assert (turn.row.instance_id, turn.number, turn.of) == (dealt.instance_id, place, 4)
            assert tuple(tool.name for tool in turn.tools) == dealt.tools
            clock.now += 10 * place
            assert save(answers, reader, turn, remark="a remark, ü\n2")
        assert answers.turn(reader) is None
        stored = list(read_answers(folder, reader).values())
        assert [answer.choice for answer in stored] == [row.tools[0] for row in reader.rows]
        assert [answer.seconds for answer in stored] == [10, 20, 30, 40]
        assert {answer.remark for answer in stored} == {"a remark, ü\n2"}
    assert len(list((folder / "answers").iterdir())) == 3


def test_a_reader_continues_after_a_restart_where_the_answers_end(folder: Path, data: Data) -> None:
    answers = StudyAnswers(folder, data, Seconds())
    reader = reader_of(answers, 1)
    first = answers.turn(reader)
    assert first is not None
    assert save(answers, reader, first)
    again = StudyAnswers(folder, data, Seconds())
    second = again.turn(reader)
    assert second is not None
    assert (second.row.instance_id, second.number) == (reader.rows[1].instance_id, 2)


def test_an_answer_is_stored_once_and_only_for_the_row_that_is_shown(folder: Path, data: Data) -> None:
    answers = StudyAnswers(folder, data, Seconds())
    reader = reader_of(answers, 1)
    first = answers.turn(reader)
    assert first is not None
    assert save(answers, reader, first)
    before = answers_path(folder, 1).read_bytes()
    assert not save(answers, reader, first), "the row is answered"
    second = StudyAnswers(folder, data, Seconds()).turn(reader)
    assert second is not None
    assert not save(answers, reader, second), "this process has not shown the row, and does not know the seconds"
    assert answers_path(folder, 1).read_bytes() == before
    answers.turn(reader)
    with pytest.raises(StudyError, match="choice is 'nothing'"):
        answers.save(reader, second.row.instance_id, choice="nothing", confidence=0, ambiguous="no", remark="")
    assert answers_path(folder, 1).read_bytes() == before


def test_the_clock_of_a_row_begins_when_it_is_shown_again(folder: Path, data: Data) -> None:
    clock = Seconds()
    answers = StudyAnswers(folder, data, clock)
    reader = reader_of(answers, 1)
    answers.turn(reader)
    clock.now += 50_000
    turn = answers.turn(reader)
    assert turn is not None
    clock.now += 7.04
    assert save(answers, reader, turn)
    (answer,) = read_answers(folder, reader).values()
    assert answer.seconds == 7.0


@pytest.mark.parametrize(("study_id", "given"), [(ID, "token-4"), ("x", "token-1"), (ID, ""), ("", ""), (ID, "\ud800")])
def test_only_the_link_of_a_reader_opens_a_study(study_id: str, given: str, folder: Path, data: Data) -> None:
    assert StudyAnswers(folder, data, Seconds()).reader(study_id, given) is None
    for handlers in (Handlers(StudyAnswers(folder, data, Seconds())), Handlers(None)):
        if study_id:
            assert "This link is not valid here" in handlers.show(study_id, given, "")[2]
        handlers.save(study_id, given, "x", "y", 50, "no", "")
    assert not (folder / "answers").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_revision": "other"}, "is on the split 'validation' of data revision 'other'"),
        ({"split": "test"}, "is on the split 'test'"),
    ],
)
def test_a_study_of_other_rows_is_refused(changes: dict[str, Any], message: str, data: Data, tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study", data, **changes)
    with pytest.raises(DataError, match=message):
        StudyAnswers(folder, data, Seconds())


def test_a_study_with_unknown_tools_or_damaged_answers_is_refused(folder: Path, data: Data) -> None:
    answers_path(folder, 2).parent.mkdir()
    answers_path(folder, 2).write_bytes(b'{"instance_id": "x"\n')
    with pytest.raises(StudyError, match=r"reader-2\.jsonl, line 1"):
        StudyAnswers(folder, data, Seconds())
    path = folder / STUDY
    path.write_text(path.read_text(encoding="utf-8").replace(study_of(data).readers[0].rows[0].tools[0], "gone"))
    with pytest.raises(DataError, match="disagree on the tools"):
        StudyAnswers(folder, data, Seconds())


def test_the_app_reports_a_missing_study(data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = app.main(
        ["--data", str(data.folder), "--store", str(tmp_path / "store"), "--study", str(tmp_path / "nothing")]
    )
    assert status == 1
    assert "study.json' cannot be read" in capsys.readouterr().err


def text_of(outputs: Sequence[Any]) -> str:
    return " ".join(map(str, outputs))


def test_the_page_of_a_study_states_what_is_missing_and_reveals_nothing(folder: Path, data: Data) -> None:
    handlers, link = Handlers(StudyAnswers(folder, data, Seconds())), (ID, token(1))
    outputs = handlers.show(*link, "")
    current, choice = outputs[0], study_of(data).readers[0].rows[0].tools[0]
    assert "Row 1 of 4" in outputs[2]
    assert (
        "Please state a tool and whether another tool could be right"
        in handlers.save(*link, current, None, 50, None, "")[-1]
    )
    assert not (folder / "answers").exists()
    outputs = handlers.save(*link, current, choice, 0, "slightly", "r" * 3000)
    assert "Row 2 of 4" in outputs[2]
    for text in ("Right", "Not what", "Steps that show it", "Wants"):
        assert text not in text_of(outputs)
    (answer,) = read_answers(folder, study_of(data).readers[0]).values()
    assert (answer.confidence, answer.ambiguous, len(answer.remark)) == (0.0, "slightly", 2000)
    assert handlers.show(*link, outputs[0])[1] == f"tab=play&study={ID}&token={token(1)}"
    outputs = handlers.save(*link, current, choice, 0, "no", "")
    assert "Your last answer was not stored" in outputs[-1]
    assert "Row 2 of 4" in outputs[2]


def test_an_answer_that_cannot_be_written_is_reported_and_not_lost(folder: Path, data: Data) -> None:
    (folder / "answers").write_text("a file in place of the folder")
    answers = StudyAnswers.__new__(StudyAnswers)
    with pytest.raises(StudyError, match="cannot be read"):
        StudyAnswers.__init__(answers, folder, data, Seconds())
    (folder / "answers").unlink()
    handlers, link = Handlers(StudyAnswers(folder, data, Seconds())), (ID, token(1))
    current = handlers.show(*link, "")[0]
    choice = study_of(data).readers[0].rows[0].tools[0]
    answers_path(folder, 1).mkdir(parents=True)
    assert "could not be stored" in handlers.save(*link, current, choice, 50, "no", "")[-1]
    answers_path(folder, 1).rmdir()
    assert "Row 2 of 4" in handlers.save(*link, current, choice, 50, "no", "")[2]


def report(revision: str, **changes: Any) -> dict[str, Any]:
    def part(name: str, value: str, readings: int, rate: float) -> dict[str, Any]:
        return {"part": name, "value": value, "readings": readings, "accuracy": {"rate": rate, "low": 0.1, "high": 0.9}}

    accuracy = [
        part("all", "", 12, 0.6),
        part("reader", "1", 4, 0.2),
        part("config", "chronological", 6, 0.5),
        part("config and kind", "chronological, trade", 3, 0.25),
    ]
    return {"format": 1, "study": {"data_revision": revision}, "accuracy": accuracy, **changes}


def test_figures_of_people_are_read_again_when_the_report_changes(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    figures = PeopleFigures(path, "r")
    assert figures.get() == {}
    path.write_text(json.dumps(report("r")), encoding="utf-8")
    known = {
        (OVERALL, ""): People(12, 0.6),
        ("chronological", ""): People(6, 0.5),
        ("chronological", "trade"): People(3, 0.25),
    }
    assert figures.get() == known
    path.write_text("{", encoding="utf-8")
    assert figures.get() == known


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "is malformed"),
        (json.dumps(report("other")), "is of data revision 'other'"),
        (json.dumps(report("r", format=2)), "has format 2"),
        (json.dumps(report("r", accuracy=[{"part": "all"}])), "is malformed"),
    ],
)
def test_a_report_that_does_not_fit_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        read_people(path, "r")


def test_a_study_is_dealt_read_and_reported(built: Built, data: Data, tmp_path: Path) -> None:
    study = pb.new_study(tmp_path / "people", built.data, rows=6, readers=3, reads=2)
    answers = StudyAnswers(study.folder, data, Seconds())
    people = PeopleFigures(answers.report, data.revision)
    handlers, right, given = Handlers(answers), 0, 0
    for reader in study.study.readers:
        outputs = handlers.show(study.study.id, reader.token, "")
        while outputs[0]:
            instance = data.instance(outputs[0].partition("-")[0], "validation", outputs[0])
            assert instance.answer is not None
            choice = instance.answer.name if given % 3 else instance.candidates[0].name
            right, given = right + (choice == instance.answer.name), given + 1
            outputs = handlers.save(study.study.id, reader.token, outputs[0], choice, 50, "no", "")
        assert "Thank you" in outputs[2]
    assert (given, people.get()) == (12, {})
    pb.study_report(study.folder, built.data)
    overall = people.get()[OVERALL, ""]
    assert overall.readings == 12
    assert overall.accuracy == pytest.approx(right / 12)
    assert sum(figure.readings for (_, kind), figure in people.get().items() if kind) == 12
