"""Sampling of large splits: gates are measured on a sample, which the reports state; checks cover every row."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.audit.audit_report import write_audit_report
from builder.audit.audit_split import read_audit_splits
from builder.audit.row_checks import run_checks
from builder.audit.row_sampling import MAX_ROWS_IN_MEMORY, SplitRows, draw
from builder.audit.run_audit import Audit, audit
from builder.audit.training_audit import audit_training
from builder.config import UserConfig
from builder.embedding import SentenceEncoder
from builder.execution.partitions import partitions_of
from hf_dataset.card import write_pages
from hf_dataset.errors import ReadError
from hf_dataset.layout import answers_file, shard, split_file
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.cli.printing import print_audit
from tests.conftest import Built, silent

MOST = 20
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def sampled(built: Built, encoder: SentenceEncoder) -> Audit:
    return audit(built.data, built.answers, read_manifest(built.data), encoder, silent, most=MOST)


@pytest.fixture
def copied(built: Built, tmp_path: Path) -> Built:
    """A copy of the build that tests may change."""
    folders = [Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in (built.data, built.answers)]
    return Built(folders[0], folders[1], built.report)


def rewrite(path: Path, change: Callable[[Rows], object]) -> None:
    """Apply a change to the rows of a Parquet file."""
    table = pq.read_table(path)
    rows: Rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def unsampled_group(built: Built, split: str) -> str:
    """Return a query group that is in the sample of no config."""
    names = {row.query_group for row in read_instances(built.data, "chronological", split)}
    drawn = {
        row.query_group
        for config in HISTORY_TYPES
        for part in read_audit_splits(built.data, config, built.answers, read_manifest(built.data), MOST)
        if part.split == split
        for row in part.rows
    }
    return min(names - drawn)


def failed(built: Built, config: str) -> list[str]:
    """Return the failed checks of a config with their numbers of violations."""
    parts = read_audit_splits(built.data, config, built.answers, read_manifest(built.data), MOST)
    return [f"{check.name}: {check.violations}" for check in run_checks(parts) if not check.passed]


def test_a_split_of_one_partition_is_not_sampled() -> None:
    users = UserConfig(count=2 * MAX_ROWS_IN_MEMORY - 2, train=0.5, validation=0.3, test=0.2)
    assert users.by_split()["train"] == MAX_ROWS_IN_MEMORY - 1
    assert {partition.of for partition in partitions_of(users)} == {1}


def test_a_sample_has_whole_query_groups_up_to_the_maximum() -> None:
    sizes = {f"q{number}": 3 + number % 4 for number in range(400)}
    drawn = draw(sizes, 7, "train", 100)
    assert 100 - 6 < sum(sizes[name] for name in drawn) <= 100
    assert drawn == draw(dict(reversed(sizes.items())), 7, "train", 100)
    assert drawn < draw(sizes, 7, "train", 200)
    assert len({drawn, draw(sizes, 8, "train", 100), draw(sizes, 7, "test", 100)}) == 3
    assert len(draw(sizes, 7, "train", 1)) == 1


def test_all_configs_have_the_same_query_groups_in_the_sample(built: Built) -> None:
    drawn = []
    for config in (*HISTORY_TYPES, HISTORY_TYPES[0]):
        parts = read_audit_splits(built.data, config, built.answers, read_manifest(built.data), MOST)
        for part in parts:
            all_groups = Counter(row.query_group for row in part.every_row)
            sample = Counter(row.query_group for row in part.rows)
            assert 0 < sample.total() <= MOST < all_groups.total()
            assert all(all_groups[name] == number for name, number in sample.items())
            assert all(row.answer for row in part.every_row)
            assert part.basis.query_groups == len(sample)
            assert part.basis.of_query_groups == len(all_groups)
        drawn.append([{row.query_group for row in part.rows} for part in parts])
    assert drawn[0] == drawn[1] == drawn[2] == drawn[3]


def test_gates_use_the_sample_and_checks_every_row(sampled: Audit) -> None:
    rows, of_rows = sampled.rows
    assert of_rows == 120
    assert 40 < rows <= 3 * MOST
    for item in sampled.configs:
        assert {gate.rows for gate in item.gates} == {rows}
        assert {check.rows for check in item.checks if not check.name.startswith(("tools:", "query groups:"))} == {120}
        assert sum(part.rows for table in item.oracle if table.by == "category" for part in table.parts) == rows
    assert sampled.instructions.rows == rows
    assert sampled.training
    assert {check.rows for check in sampled.training.checks} == {3 * 48}
    assert sampled.training.pairs == 3 * sampled.configs[0].basis[0].rows < 3 * 48
    assert sampled.failed == []


def test_reports_state_the_size_of_the_sample(
    sampled: Audit, built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_audit_report(sampled, tmp_path)
    rows, of_rows = sampled.rows
    assert sampled.training
    page = (tmp_path / "AUDIT.md").read_text()
    assert "**A sample was measured**" in page
    assert page.count(f"Gates were measured on {sampled.configs[0].basis[0].rows} of 48 rows of train (") == 3
    assert f"Gates were measured on {sampled.training.pairs} of 144 rows of dpo." in page
    assert f"| rows | {rows} of {of_rows} |" in page
    assert page.count(f"a sample of {rows} of {of_rows} rows of each config](audit/") == 4
    report = json.loads((tmp_path / "audit.json").read_text())
    assert [split["of_rows"] for split in report["configs"][0]["basis"]] == [48, 36, 36]
    assert (report["instructions"]["rows"], report["instructions"]["of_rows"]) == (rows, of_rows)
    assert report["training"]["pairs"] == sampled.training.pairs
    whole = (built.data / "audit" / "lengths.png").read_bytes()
    assert (tmp_path / "audit" / "lengths.png").read_bytes() != whole
    print_audit("chronological", sampled.configs[2])
    assert "gates evaluated on" in capsys.readouterr().out


def test_a_report_on_all_rows_does_not_mention_samples(built: Built) -> None:
    report = (built.data / "audit.json").read_text() + (built.data / "AUDIT.md").read_text()
    assert not [word for word in ("basis", "pairs", "of_rows", "sample was", "measured on") if word in report]
    assert built.report.manifest.audit is not None
    assert built.report.manifest.audit.gates_on_rows is None


def test_a_defect_outside_the_sample_is_found_in_train(copied: Built) -> None:
    group = unsampled_group(copied, "train")

    def change(rows: Rows) -> None:
        row = next(row for row in rows if row["query_group"] == group)
        row["instruction"] = row["history"][0]["instruction"]

    rewrite(copied.data / split_file("chronological", "train"), change)
    assert "an instruction comes twice in an instance: 1" in failed(copied, "chronological")


def test_a_defect_outside_the_sample_is_found_in_the_answers(copied: Built) -> None:
    group = unsampled_group(copied, "test")

    def change(rows: Rows) -> None:
        next(row for row in rows if row["query_group"] == group)["answer"]["arguments"] = "{}"

    rewrite(copied.answers / answers_file("rating_integrated"), change)
    assert "the answer has no arguments: 1" in failed(copied, "rating_integrated")


def test_an_instruction_of_another_split_outside_the_sample_is_found_in_train(copied: Built) -> None:
    groups = unsampled_group(copied, "train"), unsampled_group(copied, "validation")
    validation = read_instances(copied.data, "preferred_only", "validation")
    instructions = [row.instruction for row in validation if row.query_group == groups[1]]

    def change(rows: Rows) -> None:
        next(row for row in rows if row["query_group"] == groups[0])["history"][3]["instruction"] = instructions[0]

    rewrite(copied.data / split_file("preferred_only", "train"), change)
    failures = failed(copied, "preferred_only")
    assert [text for text in failures if text.startswith("an instruction of")] == [
        f"an instruction of another split stands in a train history: {len(instructions)}"
    ]


def test_a_defect_outside_the_sample_is_found_in_training_data(copied: Built) -> None:
    group = unsampled_group(copied, "train")

    def change(rows: Rows) -> None:
        row = next(row for row in rows if row["query_group"] == group)
        row["rejected"] = row["chosen"]

    rewrite(copied.data / split_file("dpo", "train"), change)
    training = audit_training(copied.data, frozenset())
    assert [(check.name, check.violations) for check in training.checks if not check.passed] == [
        ("dpo: the rejected reply is not wrong in the way of its kind", 1)
    ]
    assert training.pairs == 0


def test_files_of_different_builds_are_rejected(copied: Built) -> None:
    train, answers = split_file("preferred_only", "train"), answers_file("preferred_only")
    for folder, name in ((copied.data, train), (copied.answers, answers)):
        for number in range(2):
            shutil.copy(folder / name, folder / shard(name, number, 2))
        (folder / name).unlink()
    with pytest.raises(ReadError, match=r"different numbers of files, \{'preferred_only': 2, 'rating_integrated': 1"):
        audit_training(copied.data, None)
    with pytest.raises(ReadError, match="'test' of 'preferred_only' is in 1 files, but its answers are in 2"):
        SplitRows(copied.data, "preferred_only", "test", copied.answers)


def test_the_card_states_the_size_of_the_sample(sampled: Audit, copied: Built) -> None:
    write_audit_report(sampled, copied.data)
    manifest = replace(copied.report.manifest, audit=sampled.summary)
    write_pages(copied.data, manifest)
    card = (copied.data / "README.md").read_text()
    summary = sampled.summary
    assert 0 < summary.gates_that_cannot_tell < summary.gates
    held = summary.gates - summary.gates_that_cannot_tell
    assert f"{held} of {summary.gates} gates and all" in card
    assert f"sample of whole query groups: {sampled.rows[0]} of" in card
    assert sampled.training
    assert f"The gates use {sampled.training.pairs} pairs." in card
