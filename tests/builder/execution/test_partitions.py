"""Users made in partitions: the same files whoever makes them, and nothing that two partitions have in common."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import pipeline
from builder.audit.audit_split import read_audit_splits
from builder.audit.row_checks import run_checks
from builder.audit.run_audit import audit
from builder.audit.training_audit import audit_training
from builder.build_manifest import file_hashes
from builder.config import MIN_TRAINING_ROWS, BuildConfig, TrainingConfig, UserConfig
from builder.embedding import SentenceEncoder
from builder.errors import BuildError
from builder.execution.executors import Executor
from builder.execution.instruction_pool import InstructionPool, distribute
from builder.execution.local_executor import make_in_workers
from builder.execution.partitions import Partition, partitions_of
from builder.funnel import Funnel
from builder.grouping.functionalities import entries
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.records import Group
from builder.training.training_rows import _most_of
from hf_dataset.card import stale_pages
from hf_dataset.croissant import croissant_text
from hf_dataset.errors import ReadError
from hf_dataset.layout import SPLITS, TRAINING, answers_file, shards, shards_in, split_file
from hf_dataset.loading_script import PEToolBench
from hf_dataset.manifest import FileRecord
from hf_dataset.reader import read_answers, read_instances, read_training
from hf_dataset.schema import HISTORY_TYPES, Instance
from hf_dataset.verify import check_folder
from leaderboard.public_data import Data, DataError
from leaderboard.scoring.private_answers import Answers
from tests.conftest import Built, silent
from tests.factories import group as make_group
from tests.factories import tool as make_tool
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

from .jobs import PARTITION, Deadly, Wrong, job_of

PARTED = BuildConfig(seed=8, users=UserConfig(count=90, train=0.4, validation=0.3, test=0.3, partition=15))


def partition(number: int = 0, of: int = 1, users: int = 10) -> Partition:
    return Partition("train", number, of, number * users, users)


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A build of several partitions in each split, made in this process."""
    out = tmp_path_factory.mktemp("parted") / "data"
    report = pipeline.build(AttributeCatalogue(), PARTED, out, silent)
    return Built(out, out.with_name("data-private"), report)


@pytest.fixture(scope="module")
def rows(parted: Built) -> dict[tuple[str, str], list[Instance]]:
    return {(name, split): read_instances(parted.data, name, split) for name in HISTORY_TYPES for split in SPLITS}


@pytest.mark.parametrize(
    ("users", "size", "expected"),
    [
        (9000, 10_000, [(0, 9000)]),
        (14_999, 10_000, [(0, 14_999)]),
        (15_000, 10_000, [(0, 10_000), (10_000, 5000)]),
        (24_999, 10_000, [(0, 10_000), (10_000, 14_999)]),
    ],
)
def test_partitions_are_of_one_size_but_for_the_last(users: int, size: int, expected: list[tuple[int, int]]) -> None:
    config = UserConfig(count=2 * users, train=0.5, validation=0.2, test=0.3, partition=size)
    found = [one for one in partitions_of(config) if one.split == "train"]
    assert [(one.first, one.users) for one in found] == expected
    assert {one.of for one in found} == {len(expected)}


def test_a_build_in_one_partition_tells_nothing_of_partitions() -> None:
    assert "partition" not in BuildConfig().model_dump()["users"]
    assert PARTED.model_dump()["users"]["partition"] == 15


def test_a_release_is_one_partition_a_split() -> None:
    assert [one.of for one in partitions_of(UserConfig(count=13_000, train=9 / 13, validation=1 / 13, test=3 / 13))] == [1, 1, 1]  # fmt: skip


def test_files_do_not_depend_on_the_number_of_workers_though_one_is_killed(parted: Built, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    killed: list[int] = []
    out = tmp_path / "data"

    def tell(stage: str, done: int, _: int) -> None:
        told[stage] = done
        if not killed and stage == "writing train" and done:
            process = multiprocessing.active_children()[0]
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
            killed.append(process.pid)

    pipeline.build(AttributeCatalogue(), PARTED, out, tell, executor=Executor(workers=2))
    assert killed
    assert file_hashes(out) == file_hashes(parted.data)
    assert (out / "manifest.json").read_bytes() == (parted.data / "manifest.json").read_bytes()
    assert file_hashes(tmp_path / "data-private") == file_hashes(parted.answers)
    assert {split: told[f"writing {split}"] for split in SPLITS} == PARTED.users.by_split()
    assert not multiprocessing.active_children()


def test_a_partition_may_have_no_training_rows(tmp_path: Path) -> None:
    """As most have of a million users, where fewer training rows are wanted than there are partitions."""
    fewest = TrainingConfig().model_copy(update={"sft_per_config": 5, "dpo_per_config": 5})
    out = tmp_path / "data"
    report = pipeline.build(
        AttributeCatalogue(), PARTED.model_copy(update={"training": fewest}), out, silent, audited=False
    )
    for name in TRAINING:
        folder = [pq.ParquetFile(path).metadata.num_rows for path in sorted((out / name).glob("train-*.parquet"))]
        assert (len(folder), folder.count(0)) == (2, 1)
        assert 0 < sum(folder) == report.manifest.rows[name]["train"] <= 15
    assert check_folder(out) == []


@given(most=st.integers(MIN_TRAINING_ROWS, 10**6), of=st.integers(1, 200), size=st.integers(6, 10_000))
def test_all_partitions_together_give_as_many_training_rows_as_are_allowed(most: int, of: int, size: int) -> None:
    parts = [Partition("train", number, of, number * size, size) for number in range(of)]
    allowed = [_most_of(most, part, of * size) for part in parts]
    assert sum(allowed) == most
    assert min(filter(None, allowed)) >= MIN_TRAINING_ROWS


def test_a_worker_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="users 0 to 9 of 'train' died 3 times"):
        list(make_in_workers(job_of(Deadly(), tmp_path), [PARTITION], 2, silent))
    assert not multiprocessing.active_children()


def test_what_is_raised_in_a_worker_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="train cannot be had"):
        list(make_in_workers(job_of(Wrong(), tmp_path), [PARTITION], 2, silent))
    assert not multiprocessing.active_children()


def test_partitions_have_no_user_query_group_or_final_instruction_in_common(
    parted: Built, rows: dict[tuple[str, str], list[Instance]]
) -> None:
    for name in HISTORY_TYPES:
        own = [row for split in SPLITS for row in rows[name, split]]
        assert len({row.user_id for row in own}) == len(own) == 90
        groups: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        files: defaultdict[str, set[int]] = defaultdict(set)
        for split in SPLITS:
            sizes = [one.users for one in partitions_of(PARTED.users) if one.split == split]
            place = 0
            for number, size in enumerate(sizes):
                for row in rows[name, split][place : place + size]:
                    groups[row.instruction].add((row.query_group, split))
                    files[row.query_group].add(number)
                place += size
        assert all(len(found) == 1 for found in groups.values())
        assert all(len(found) == 1 for found in files.values())
        past = {step.instruction for row in own for step in row.history}
        assert not past & groups.keys()
    assert sum(parted.report.manifest.rows["sft"].values()) == 3 * PARTED.users.by_split()["train"]


def test_each_query_group_wants_each_of_its_tools_once(rows: dict[tuple[str, str], list[Instance]]) -> None:
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows["chronological", "train"]:
        assert row.answer
        wanted[row.query_group].append(row.answer.name)
    assert all(len(set(names)) == len(names) >= 3 for names in wanted.values())


def test_everybody_reads_all_shards(parted: Built, rows: dict[tuple[str, str], list[Instance]], tmp_path: Path) -> None:
    names = [f"chronological/train-0000{number}-of-00002.parquet" for number in range(2)]
    assert shards_in(parted.data, split_file("chronological", "train")) == names
    assert not (parted.data / split_file("chronological", "train")).exists()
    assert check_folder(parted.data) == []
    assert stale_pages(parted.data) == []
    ids = [row.instance_id for row in rows["chronological", "test"]]
    assert [key.instance_id for key in read_answers(parted.answers, "chronological")] == ids
    data, answers = Data(parted.data), Answers(parted.answers)
    assert data.instance_ids("chronological", "test") == ids
    assert all(answers.of("chronological", one)["answer"]["name"] for one in ids)
    train = [row.instance_id for row in rows["chronological", "train"]]
    assert [row.instance_id for row in read_training(parted.data, "sft") if row.config == "chronological"] == train
    loaded = datasets.load_dataset(str(parted.data), "chronological", cache_dir=str(tmp_path / "cache"))
    assert loaded["test"]["instance_id"][:] == ids
    assert loaded["train"]["instance_id"][:] == train
    builder = PEToolBench(config_name="chronological", data_dir=parted.data, cache_dir=str(tmp_path / "script"))
    builder.download_and_prepare()
    assert builder.as_dataset(split="train")["instance_id"][:] == train


def test_the_audit_holds_over_partitions(parted: Built) -> None:
    found = audit(parted.data, parted.answers, parted.report.manifest, SentenceEncoder(), silent)
    assert found.failed == []


def test_a_sample_is_of_all_files_of_a_split(parted: Built, rows: dict[tuple[str, str], list[Instance]]) -> None:
    manifest = replace(parted.report.manifest, config={**parted.report.manifest.config, "seed": 1})
    parts = read_audit_splits(parted.data, "chronological", parted.answers, manifest, 25)
    for part in parts:
        ids = [row.instance_id for row in rows["chronological", part.split]]
        folder = {row.instance_id for row in part.rows}
        assert [row.instance_id for row in part.every_row] == ids
        assert folder & set(ids[:15])
        assert folder & set(ids[15:])
        assert len(folder) < len(ids)
    assert {check.rows for check in run_checks(parts)[:-1]} == {90}
    assert audit_training(parted.data, {row.query_group for row in parts[0].rows}).failed == []


def test_a_hash_for_all_shards_of_a_split(parted: Built, built: Built) -> None:
    manifest = parted.report.manifest
    changed = {**manifest.files, "chronological/train-00001-of-00002.parquet": FileRecord(1, "0" * 64)}
    other = replace(manifest, files=changed)
    assert other.data_sha256("chronological", "train") != manifest.data_sha256("chronological", "train")
    whole = built.report.manifest
    assert whole.data_sha256("chronological", "train") == whole.files["chronological/train.parquet"].sha256


def test_croissant_names_the_split_of_a_shard(parted: Built, built: Built) -> None:
    assert "-of-00002.parquet" in croissant_text(parted.report.manifest)
    assert r"([a-z]+)(?:-\\d+-of-\\d+)?\\.parquet$" in croissant_text(parted.report.manifest)
    assert r"train/([a-z]+)" not in croissant_text(built.report.manifest)
    assert r"([a-z]+)\\.parquet$" in croissant_text(built.report.manifest)


def test_a_missing_shard_is_named(parted: Built, tmp_path: Path) -> None:
    for name in shards_in(parted.data, split_file("chronological", "train"))[1:]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((parted.data / name).read_bytes())
    with pytest.raises(ReadError, match=r"holds no chronological/train-00000-of-00002\.parquet"):
        read_instances(tmp_path, "chronological", "train")
    name = shards_in(parted.answers, answers_file("chronological"))[0]
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes((parted.answers / name).read_bytes())
    for other in ("preferred_only", "rating_integrated"):
        for path in parted.answers.glob(f"answers/{other}-*"):
            (tmp_path / "answers" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="holds 1 of the 2 files of 'chronological'"):
        Answers(tmp_path)


def test_which_files_are_a_table() -> None:
    there = ["a/test-00001-of-00002.parquet", "a/test-00000-of-00002.parquet", "a/test-x.parquet", "b/test.parquet"]
    assert shards("a/test.parquet", there) == ["a/test-00000-of-00002.parquet", "a/test-00001-of-00002.parquet"]
    assert shards("b/test.parquet", [*there, "b/test-00000-of-00002.parquet"]) == ["b/test.parquet"]
    assert shards("a/train.parquet", there) == ["a/train.parquet"]


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    """Groups of functionalities of the library; the first has few final instructions."""
    functionalities = {entry.functionality.name: entry.functionality for entry in entries()}
    tools = [make_tool(f"{name}__x") for name in ("quillmarsh", "cindravar", "zembrask")]
    return [
        replace(make_group(tools), functionality=functionalities[name])
        for name in ("emoji search", "airport details by code", "send an e-mail")
    ]


def pool(grouped: GroupedCatalogue, one: Partition, shards: Path | None) -> dict[str, Iterator[tuple[int, Any]]]:
    own = InstructionPool(grouped, PARTED, one, shards)
    return {group.key: own.of(group) for group in grouped.groups}


def test_what_is_dealt_is_what_a_partition_would_write_itself(groups: list[Group], tmp_path: Path) -> None:
    grouped = GroupedCatalogue([], groups)
    parts = [partition(number, 3, 30) for number in range(3)]
    (tmp_path / "dealt").mkdir()
    distribute(grouped, PARTED, parts, tmp_path / "dealt")
    seen: Counter[str] = Counter()
    for one in parts:
        shards, written = pool(grouped, one, tmp_path / "dealt"), pool(grouped, one, None)
        for group in groups:
            # More than was shards, so that the partition has to go on by itself.
            own = list(islice(shards[group.key], 12))
            assert own == list(islice(written[group.key], 12))
            seen.update(f"{group.key} {number}" for number, _ in own)
            seen.update(scenario.instruction for _, scenario in own)
    assert set(seen.values()) == {1}
    assert 3 <= sum(name.startswith("emoji search@train ") for name in seen) < 12, "all partitions together run out"


def test_funnels_add_up() -> None:
    whole, part = Funnel(), Funnel()
    whole.count("tools", 2)
    part.count("tools", 3)
    part.drop("tool", "no_name", 4)
    whole.merge(part)
    whole.merge(part)
    assert whole.as_dict() == {"counts": {"tools": 8}, "drops": {"tool": {"no_name": 8}}}
