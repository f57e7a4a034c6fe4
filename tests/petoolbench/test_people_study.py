"""People's studies: the design, the statistics, and the commands `study new` and `study report`, with made answers."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError, OutputError
from hf_dataset.card import stale_pages
from hf_dataset.errors import ReadError
from hf_dataset.layout import split_file
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance, MetaRow, arrow_schema, to_dict
from hf_dataset.verify import check_folder
from leaderboard.public_data import Data
from leaderboard.public_data import DataError as BoardDataError
from metrics.study_files import Study, StudyAnswer, StudyError, answers_path, append_answer, read_study
from metrics.study_passage import NO_PEOPLE
from petoolbench.people_study.kappa import fleiss_kappa, free_marginal_kappa
from petoolbench.people_study.study_card import show_on_card
from petoolbench.people_study.study_design import assigned, tool_orders
from petoolbench.reading_study.draw import independent_units
from tests.commands import run
from tests.factories import listed_row

SAMPLE: Final = Path(__file__).parents[2] / "hf_dataset"
KINDS: Final = ("single", "joint", "limit", "trade")
GROUPS: Final = 12
WORKED_EXAMPLE: Final = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)
"""Ten subjects, fourteen raters, five categories: the worked example of the article on Fleiss' kappa in Wikipedia."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of the sample whose validation split is repeated in 12 query groups."""
    folder = copied_sample(tmp_path_factory.mktemp("people") / "data")
    for config in HISTORY_TYPES:
        rows = [
            replace(
                row,
                instance_id=f"{config}-68a9b8f9-validation-u{group:03d}{place}",
                user_id=f"validation-u{group:03d}{place}",
                query_group=f"validation-q{group:03d}",
                meta=replace(row.meta or MetaRow(), kind=KINDS[group % 4]),
            )
            for group in range(GROUPS)
            for place, row in enumerate(read_instances(SAMPLE, config, "validation"))
        ]
        table = pa.Table.from_pylist([to_dict(row) for row in rows], schema=arrow_schema(Instance))
        pq.write_table(table, folder / split_file(config, "validation"))
    return folder


def copied_sample(folder: Path) -> Path:
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "prompts", "__pycache__"))
    return folder


def instances(data: Path) -> dict[str, Instance]:
    return {row.instance_id: row for row in pb.load(data, "all", "validation")}


def answer_all(folder: Path, data: Path, choose: Callable[[int, Instance], str], **changes: Any) -> Study:
    """Answer all rows of a study for all readers."""
    study, rows = read_study(folder), instances(data)
    for reader in study.readers:
        for row in reader.rows:
            choice = choose(reader.reader, rows[row.instance_id])
            answer = StudyAnswer(row.instance_id, row.config, choice, 80, "no", "", 10.0 * reader.reader)
            append_answer(folder, reader, replace(answer, **changes))
    return study


def right(_: int, row: Instance) -> str:
    assert row.answer is not None
    return row.answer.name


def same_job(_: int, row: Instance) -> str:
    assert row.answer is not None
    assert row.meta is not None
    return next(name for name in row.meta.same_function or () if name != row.answer.name)


def spread(counters: list[Counter[Any]]) -> int:
    """Return the largest difference between the counts of a value."""
    values = {value for counter in counters for value in counter}
    return max(max(counter[value] for counter in counters) - min(c[value] for c in counters) for value in values)


@pytest.mark.parametrize(("rows", "readers", "reads"), [(120, 5, 3), (36, 4, 2), (100, 7, 4), (12, 3, 3)])
def test_the_design_is_balanced(rows: int, readers: int, reads: int) -> None:
    strata = [(config, kind) for config in HISTORY_TYPES for kind in KINDS] * (rows // 12 + 1)
    lists = assigned(strata[:rows], readers, reads, np.random.default_rng(0))
    by_reader = [[slot.row for slot in slots] for slots in lists]
    assert Counter(row for slots in by_reader for row in slots) == dict.fromkeys(range(rows), reads)
    assert all(len(set(slots)) == len(slots) for slots in by_reader)
    assert max(map(len, by_reader)) - min(map(len, by_reader)) <= 1
    assert spread([Counter(strata[row][0] for row in slots) for slots in by_reader]) <= 1
    assert spread([Counter(strata[row][1] for row in slots) for slots in by_reader]) <= 2
    assert spread([Counter(strata[row] for row in slots) for slots in by_reader]) <= 2
    pairs = [len(set(one) & set(other)) for one, other in combinations(by_reader, 2)]
    assert max(pairs) <= 1.4 * min(pairs)
    places: dict[int, list[float]] = {row: [] for row in range(rows)}
    turns: dict[int, set[int]] = {row: set() for row in range(rows)}
    for slots in lists:
        for place, slot in enumerate(slots):
            places[slot.row].append((place + 0.5) / len(slots))
            turns[slot.row].add(slot.turn)
    for row, found in places.items():
        # In each section once, where the length of a section may differ by a few rows.
        assert np.allclose(sorted(found), (np.arange(reads) + 0.5) / reads, atol=0.65 / reads), row
    assert all(found == set(range(reads)) for found in turns.values())


def test_the_design_depends_on_the_seed_alone() -> None:
    strata = [(config, kind) for config in HISTORY_TYPES for kind in KINDS]
    first, again, other = (assigned(strata, 4, 2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_each_tool_is_early_and_late_for_different_readers() -> None:
    tools = [f"tool{number}" for number in range(10)]
    orders = tool_orders(tools, 3, np.random.default_rng(0))
    assert all(sorted(order) == tools for order in orders)
    for tool in tools:
        positions = sorted(order.index(tool) for order in orders)
        assert positions[0] <= 3
        assert positions[-1] >= 6
    assert sorted(tool_orders(["a", "b"], 3, np.random.default_rng(0))[2]) == ["a", "b"]


def test_rows_of_a_user_are_one_unit_even_in_different_query_groups() -> None:
    rows = [
        listed_row(number=number, user_id=user, query_group=group)
        for number, (user, group) in enumerate([("u", "a"), ("v", "b"), ("v", "c"), ("w", "c"), ("x", "d"), ("u", "a")])
    ]
    units = independent_units(rows)
    assert units[0] == units[5]
    assert units[1] == units[2] == units[3]
    assert len(set(units)) == 3


def test_fleiss_kappa_of_the_worked_example() -> None:
    kappa = fleiss_kappa(WORKED_EXAMPLE)
    assert (kappa.observed, kappa.chance, kappa.kappa) == pytest.approx((0.37802, 0.21275, 0.20993), abs=1e-5)
    assert kappa.kappa is not None
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < kappa.kappa < kappa.high


def test_free_marginal_kappa_takes_the_candidates_of_each_row() -> None:
    choices = [[str(place) for place, count in enumerate(row) for _ in range(count)] for row in WORKED_EXAMPLE]
    # Randolph's kappa of the same example: (0.37802 - 1 / 5) / (1 - 1 / 5).
    assert free_marginal_kappa(choices, [5] * 10).kappa == pytest.approx(0.22253, abs=1e-5)
    by_hand = free_marginal_kappa([["a", "a"], ["b", "c", "b"]], [2, 4])
    assert (by_hand.observed, by_hand.chance) == pytest.approx(((1 + 1 / 3) / 2, (1 / 2 + 1 / 4) / 2))
    assert by_hand.kappa == pytest.approx((2 / 3 - 3 / 8) / (5 / 8))


def test_kappa_is_not_defined_if_there_is_one_category() -> None:
    assert fleiss_kappa(np.array([[3, 0], [2, 0]])) == (1.0, 1.0, None, None, None)
    one_row = free_marginal_kappa([["a", "b"]], [4])
    assert one_row.kappa == pytest.approx(-1 / 3)
    assert one_row.low is None


def test_a_study_is_dealt_by_seed_and_its_tokens_are_not(data: Path, tmp_path: Path) -> None:
    first, again, other = (
        pb.new_study(tmp_path / str(place), data, rows=12, readers=4, reads=3, seed=seed, url="https://board.example/")
        for place, seed in enumerate((0, 0, 1))
    )
    assert [reader.rows for reader in first.study.readers] == [reader.rows for reader in again.study.readers]
    assert first.study.id == again.study.id != other.study.id
    tokens = {reader.token for deal in (first, again, other) for reader in deal.study.readers}
    assert len(tokens) == 12
    assert min(map(len, tokens)) >= 20
    assert read_study(tmp_path / "0") == first.study
    assert first.links[1] == f"https://board.example/{first.study.query(first.study.readers[0])}"
    by_id = instances(data)
    for reader in first.study.readers:
        rows = [by_id[row.instance_id] for row in reader.rows]
        assert len({row.query_group for row in rows}) == len({row.user_id for row in rows}) == len(rows) == 9
        assert Counter(row.config for row in reader.rows) == dict.fromkeys(HISTORY_TYPES, 3)
        assert all(
            sorted(row.tools) == sorted(tool.name for tool in by_id[row.instance_id].candidates) for row in reader.rows
        )
    fields = json.loads((tmp_path / "0" / "study.json").read_text(encoding="utf-8"))
    assert set(fields["readers"][0]["rows"][0]) == {"instance_id", "config", "tools"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 13}, r"Invalid number of rows 13\. Allowed: 1 to 12, .*--rows"),
        ({"rows": 12, "readers": 2}, "needs 3 different readers, but there are 2.* Lower --reads, or raise --readers"),
        ({"rows": 2, "readers": 9}, "2 rows with 3 readers each are 6 readings.* Raise --rows, or lower --readers"),
        ({"rows": 2, "seed": -1}, "Invalid seed -1"),
        ({"rows": 2, "config": "chronologic"}, "chronologic"),
    ],
)
def test_demands_that_the_rows_cannot_meet_are_refused(
    data: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        pb.new_study(tmp_path / "study", data, **options)
    assert not list(tmp_path.iterdir())


def test_a_study_does_not_overwrite_a_folder(data: Path, tmp_path: Path) -> None:
    pb.new_study(tmp_path / "study", data, rows=3, readers=3)
    with pytest.raises(OutputError, match="exists already"):
        pb.new_study(tmp_path / "study", data, rows=3, readers=3)


def test_the_report_of_made_answers(data: Path, tmp_path: Path) -> None:
    pb.new_study(tmp_path / "study", data, rows=12, readers=4, reads=3)
    study = answer_all(tmp_path / "study", data, lambda reader, row: (same_job if reader == 1 else right)(reader, row))
    report = pb.study_report(tmp_path / "study", data)
    lines = {(part.part, part.value, part.interval_over): part for part in report.figures.accuracy}
    everything = lines["all", "", "rows"]
    # Reader 1 is always wrong, and reads 9 of the 36 readings.
    assert (everything.readings, everything.rows, everything.accuracy.rate) == (36, 12, 0.75)
    assert everything.accuracy.low < 0.75 < everything.accuracy.high
    assert everything.same_job == 1.0
    assert everything.majority == 1.0
    over_readers = lines["all", "", "readers"].accuracy
    assert over_readers.high - over_readers.low > everything.accuracy.high - everything.accuracy.low
    assert lines["reader", "1", "readings"].accuracy.rate == 0.0
    # Wilson's upper end for 0 of 9.
    assert lines["reader", "1", "readings"].accuracy.high == pytest.approx(0.29915, abs=1e-5)
    cells = [part for part in report.figures.accuracy if part.part == "config and kind"]
    assert sum(part.readings for part in cells) == 36
    assert {part.interval_over for part in cells} == {"rows (Wilson)"}
    assert [(part.value, part.median) for part in report.figures.time if part.part == "reader"] == [
        (str(reader.reader), 10.0 * reader.reader) for reader in study.readers
    ]
    names = [(part.name, part.rows, part.readings) for part in report.figures.agreement]
    assert [part[1:] for part in names] == [(12, 36)] * 3
    # Of the three pairs of readers, one agrees in the rows that reader 1 reads.
    observed = [part.kappa.observed for part in report.figures.agreement]
    assert observed == pytest.approx([(9 / 3 + 3) / 12] * 3)
    frame = report.to_pandas()
    assert len(frame) == 36
    assert frame["is_right"].mean() == 0.75
    assert set(frame["role"]) == {"right", "same job"}
    written = json.loads((tmp_path / "study" / "report.json").read_text(encoding="utf-8"))
    assert written == report.to_dict()
    assert "No row was called ambiguous." in str(report)


def test_figures_of_single_readers_are_not_published(data: Path, tmp_path: Path) -> None:
    pb.new_study(tmp_path / "study", data, rows=6, readers=3)
    answer_all(tmp_path / "study", data, right)
    report = pb.study_report(tmp_path / "study", data)
    published, everything = report.published(), report.to_dict()
    for name in ("accuracy", "time"):
        assert "reader" not in {part["part"] for part in published[name]}
        assert len(everything[name]) == len(published[name]) + 3
    assert set(published["answers"]) == {"readers", "dealt", "given"}
    assert everything["answers"]["by_reader"][0] == {"reader": 1, "dealt": 6, "given": 6}
    assert "readings" not in published


def test_ambiguous_rows_are_listed_with_remarks_that_are_not_published(data: Path, tmp_path: Path) -> None:
    pb.new_study(tmp_path / "study", data, rows=6, readers=3)
    study = answer_all(tmp_path / "study", data, right)
    reader = study.readers[1]
    for place, stated in enumerate(("slightly", "yes")):
        row = reader.rows[place]
        answer = StudyAnswer(row.instance_id, row.config, row.tools[0], 10, stated, "Two fit.", 5.0)  # type: ignore[arg-type]
        append_answer(tmp_path / "study", reader, answer)
    report = pb.study_report(tmp_path / "study", data)
    assert [row.instance_id for row in report.figures.ambiguous_rows] == [
        reader.rows[1].instance_id,
        reader.rows[0].instance_id,
    ]
    assert report.figures.ambiguous_rows[0].stated == {"no": 2, "slightly": 0, "yes": 1}
    assert sum(report.figures.ambiguous_rows[0].choices.values()) == 3
    assert [part.readings for part in report.figures.ambiguous] == [16, 1, 1]
    assert "Two fit." in str(report)
    assert "Two fit." in json.dumps(report.to_dict())
    published = json.dumps(report.published())
    assert "Two fit." not in published
    assert not any(reader.token in published + json.dumps(report.to_dict()) for reader in study.readers)


def test_a_study_that_has_not_ended_is_reported(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    study = pb.new_study(folder, data, rows=6, readers=3).study
    with pytest.raises(DataError, match=r"There are no answers in .*answers'\. Send each reader the link"):
        pb.study_report(folder, data)
    row = study.readers[0].rows[0]
    append_answer(folder, study.readers[0], StudyAnswer(row.instance_id, row.config, row.tools[0], 50, "no", "", 9))
    report = pb.study_report(folder, data)
    assert report.figures.agreement == ()
    text = str(report)
    assert "1 of 18 dealt answers are there; reader 1 has answered 1 of 6, reader 2 has answered 0 of 6" in text
    assert "No row has two readings yet" in text
    assert report.published()["answers"]["readers"] == 1


def test_answers_and_data_that_do_not_belong_to_a_study_are_refused(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    study = pb.new_study(folder, data, rows=3, readers=3).study
    answers_path(folder, 2).write_text('{"instance_id": "chronological-1"}\n', encoding="utf-8")
    with pytest.raises(StudyError, match=r"reader-2\.jsonl, line 1: 'ambiguous' of an answer is missing"):
        pb.study_report(folder, data)
    text = (folder / "study.json").read_text(encoding="utf-8")
    (folder / "study.json").write_text(text.replace(study.data_revision, "0123456789ab"), encoding="utf-8")
    with pytest.raises(DataError, match=r"of data revision 0123456789ab, but .* has revision .* --data"):
        pb.study_report(folder, data)


def test_the_commands_from_deal_to_card(tmp_path: Path) -> None:
    data = copied_sample(tmp_path / "data")
    board = Data(data)
    assert board.people == NO_PEOPLE
    assert NO_PEOPLE in (data / "README.md").read_text(encoding="utf-8")
    options = ("--rows", "1", "--readers", "3", "--url", "https://board.example/")
    done = run("study", "new", "people", "--data", data, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    links = re.findall(
        r"^reader \d: (https://board\.example/\?tab=play&study=\w{8}&token=\S+)$", done.stdout, re.MULTILINE
    )
    study = read_study(tmp_path / "people")
    assert links == [f"https://board.example/{study.query(reader)}" for reader in study.readers]
    refused = run("study", "report", "people", "--data", data, cwd=tmp_path)
    assert (refused.returncode, refused.stderr[:28]) == (1, "error: There are no answers ")
    answer_all(tmp_path / "people", data, right, remark="A private remark.")
    done = run("study", "report", "people", "--data", data, "--card", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "all 3 dealt answers are there" in done.stdout
    assert (tmp_path / "people" / "report.json").is_file()
    assert check_folder(data) == []
    assert stale_pages(data) == []
    card = (data / "README.md").read_text(encoding="utf-8")
    assert NO_PEOPLE not in card
    assert board.people in card
    assert "Readers: 3. Rows of the validation split: 1, each dealt to 3 readers. Answers: 3 of 3." in card
    assert "private remark" not in card + (data / "people.json").read_text(encoding="utf-8")


def test_results_of_other_rows_are_not_shown(tmp_path: Path) -> None:
    data = copied_sample(tmp_path / "data")
    for content, message in (
        ("{", "cannot be read as JSON"),
        ('{"format": 2}', "has format 2; allowed: 1"),
        ('{"format": 1, "study": {"data_revision": "0123456789ab"}}', "of data revision '0123456789ab', but"),
        ('{"format": 1}', "is malformed: KeyError"),
    ):
        (data / "people.json").write_text(content, encoding="utf-8")
        with pytest.raises(BoardDataError, match=rf"people\.json' .*{message}.*--card"):
            _ = Data(data).people
        with pytest.raises(ReadError, match=message):
            stale_pages(data)


def test_the_card_of_a_repository_is_not_changed(data: Path, tmp_path: Path) -> None:
    pb.new_study(tmp_path / "study", data, rows=3, readers=3)
    answer_all(tmp_path / "study", data, right)
    report = pb.study_report(tmp_path / "study", data)
    with pytest.raises(ConfigError, match="'org/name' is not a local folder"):
        show_on_card(Path("org/name"), report.published())
