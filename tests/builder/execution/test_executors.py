"""Builds that are cut off, and who makes them: the same files in the end, and nothing made twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from builder import pipeline
from builder.build_manifest import file_hashes
from builder.config import BuildConfig, UserConfig
from builder.errors import BuildError, ConfigError, OutputError
from builder.execution import code_hash as code_hash_module
from builder.execution.checkpoint import WRITER
from builder.execution.code_hash import PACKAGES, _closure
from builder.execution.executors import Executor
from builder.execution.folder_lock import acquire
from builder.execution.partition_writer import PartitionWriter
from builder.execution.staging import UNFINISHED, written_aside
from hf_dataset.manifest import read_manifest
from tests.commands import run
from tests.conftest import Built, silent
from tests.fakes.attribute_catalogue.source import AttributeCatalogue
from tests.processes import tree

PARTED = BuildConfig(seed=8, users=UserConfig(count=30, train=0.4, validation=0.3, test=0.3, partition=7))
"""Four partitions: two of train."""
BUILD = """
import sys
from pathlib import Path
from builder.execution.executors import Executor
from tests.builder.execution.test_executors import make
make(Path(sys.argv[1]), executor=Executor(workers=2))
"""


def make(out: Path, progress: Callable[[str, int, int], None] = silent, **other: Any) -> Built:
    report = pipeline.build(AttributeCatalogue(), PARTED, out, progress, audited=False, **other)
    return Built(out, out.with_name(f"{out.name}-private"), report)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A build that nothing happened to."""
    return make(tmp_path_factory.mktemp("whole") / "data")


def same(one: Built, other: Built) -> bool:
    manifests = [(built.data / "manifest.json").read_bytes() for built in (one, other)]
    answers = [file_hashes(built.answers) for built in (one, other)]
    return (
        manifests[0] == manifests[1] and answers[0] == answers[1] and file_hashes(one.data) == file_hashes(other.data)
    )


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the partitions that are begun."""
    names: list[str] = []
    make_one = PartitionWriter._make

    def noted(self: PartitionWriter, partition: Any, *rest: Any) -> Any:
        names.append(f"{partition.split}{partition.number}")
        return make_one(self, partition, *rest)

    monkeypatch.setattr(PartitionWriter, "_make", noted)
    return names


class Ended(KeyboardInterrupt):
    """What ends a build at once; no failure of a partition."""


def cut_off(out: Path, stage: str = "test") -> None:
    """Begin a build and end it while the users of a split are made."""

    def tell(told: str, done: int, _: int) -> None:
        if told == f"writing {stage}" and done:
            raise Ended

    with pytest.raises(Ended):
        make(out, tell)


def test_a_build_that_was_cut_off_is_gone_on_with(whole: Built, begun: list[str], tmp_path: Path) -> None:
    out = tmp_path / "data"
    cut_off(out)
    assert begun == ["train0", "train1", "validation0", "test0"]
    assert not out.exists()
    begun.clear()
    told: Counter[str] = Counter()

    def tell(stage: str, done: int, total: int) -> None:
        told[stage] = done
        assert done <= total or not total

    built = make(out, tell)
    assert begun == ["test0"]
    assert told["writing test"] == PARTED.users.by_split()["test"]
    assert same(built, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data-private"]
    assert not [path for folder in (built.data, built.answers) for path in folder.iterdir() if path.name[0] == "."]


@pytest.mark.parametrize("step", ["write_pages", "Manifest.to_json", "Checkpoint.end"])
def test_what_fails_after_the_partitions_does_not_cost_them(
    whole: Built, begun: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fails(*_: Any) -> Any:
        # What a former try left, but this one does not write.
        for folder in (path for path in tmp_path.glob(".data*.partial-*") if path.is_dir()):
            (folder / "audit").mkdir()
            (folder / "audit" / "lengths.png").write_bytes(b"old")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(f"builder.pipeline.{step}", fails)
        with pytest.raises(OutputError, match="No space left"):
            make(tmp_path / "data")
    assert begun == ["train0", "train1", "validation0", "test0"]
    assert len(list(tmp_path.iterdir())) == 2
    begun.clear()
    built = make(tmp_path / "data")
    assert same(built, whole)
    assert begun == []
    assert not (built.data / "audit").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data-private"]


def test_a_name_that_is_taken_meanwhile_does_not_cost_the_build(whole: Built, begun: list[str], tmp_path: Path) -> None:
    out = tmp_path / "data"

    def tell(stage: str, done: int, _: int) -> None:
        if stage == "writing test" and done:
            out.mkdir(exist_ok=True)

    with pytest.raises(OutputError, match="exists already"):
        make(out, tell)
    out.rmdir()
    begun.clear()
    assert same(make(out), whole)
    assert begun == []


def test_a_file_that_did_not_outlive_the_cut_is_made_again(whole: Built, begun: list[str], tmp_path: Path) -> None:
    cut_off(tmp_path / "data")
    (file,) = tmp_path.glob(".data.partial-*/chronological/train-00001-of-00002.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    begun.clear()
    assert same(make(tmp_path / "data"), whole)
    assert begun == ["train1", "test0"]


@pytest.mark.parametrize("what", ["seed", "secret", "library"])
def test_nothing_is_gone_on_from_that_was_made_from_something_else(
    begun: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    cut_off(tmp_path / "data", "validation")
    begun.clear()
    other = PARTED
    if what == "library":
        monkeypatch.setattr("builder.execution.checkpoint.version", lambda _: "0")
    else:
        other = PARTED.model_copy(update={what: {"seed": 9, "secret": "no-short-secret-1"}[what]})
    pipeline.build(AttributeCatalogue(), other, tmp_path / "data", silent, audited=False)
    assert begun == ["train0", "train1", "validation0", "test0"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data-private"]


def test_a_build_that_has_nothing_done_leaves_nothing(tmp_path: Path) -> None:
    cut_off(tmp_path / "data", "train")
    assert list(tmp_path.iterdir()) == []


def test_two_builds_do_not_go_on_from_the_same(tmp_path: Path) -> None:
    left = {}
    for kind, name in (("public", "a"), ("private", "a-private")):
        left[kind] = tmp_path / f".{name}.partial-99999999-x"
        left[kind].mkdir()
    (left["private"] / UNFINISHED / "key").mkdir(parents=True)
    (left["private"] / "answers").write_text("")
    with written_aside(tmp_path / "a", "key") as folders:
        assert (folders.private / "answers").exists()
        # Whoever comes now finds it taken.
        assert acquire(folders.private) is None
        with suppress(Ended), written_aside(tmp_path / "a", "key") as others:
            assert not set(others) & set(folders)
            assert folders.private.exists()
            raise Ended
        shutil.rmtree(folders.private / UNFINISHED)
    assert (tmp_path / "a-private" / "answers").exists()


def test_a_partition_that_fails_is_made_again(
    whole: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed: list[str] = []
    make_one = PartitionWriter._make

    def fails_once(self: PartitionWriter, partition: Any, *rest: Any) -> Any:
        made = make_one(self, partition, *rest)
        if partition.number == 1 and len(failed) < 2:
            failed.append(partition.split)
            raise OSError(5, "Input/output error")
        return made

    monkeypatch.setattr(PartitionWriter, "_make", fails_once)
    assert same(make(tmp_path / "data"), whole)
    assert failed == ["train", "train"]
    assert [record.getMessage() for record in caplog.records] == [
        "writing the users from 7 of train again after a failure"
    ] * 2


def test_a_partition_that_cannot_be_made_is_told_at_once_or_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[str]
) -> None:
    given = [(BuildError("too small"), 1, BuildError), (OSError(28, "No space left on device"), 3, OutputError)]
    for error, attempts, told in given:

        def fails(*given: Any, error: Exception = error) -> Any:
            begun.append(given[1].split)
            raise error

        begun.clear()
        monkeypatch.setattr(PartitionWriter, "_make", fails)
        with pytest.raises(told):
            make(tmp_path / "data")
        assert begun == ["train"] * attempts
        assert list(tmp_path.iterdir()) == []


def test_killed_with_workers_and_gone_on_with_by_one(whole: Built, tmp_path: Path) -> None:
    process = start(BUILD, tmp_path / "data")
    try:
        until(lambda: list(tmp_path.glob(f".data-private.partial-*/{UNFINISHED}/*/train-*.json")), process)
    finally:
        process.kill()
        process.communicate()
    assert not (tmp_path / "data").exists()
    assert same(make(tmp_path / "data"), whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data-private"]


def start(program: str, out: Path) -> subprocess.Popen[str]:
    """Start a process that builds with two workers."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until(holds: Callable[[], object], process: subprocess.Popen[str]) -> None:
    while not holds():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


ON_RAY = """
import sys
from pathlib import Path
from unittest import mock
import ray
from builder.embedding import SentenceEncoder
from builder.errors import BuildError
from builder.execution.executors import Executor
from tests.builder.execution.jobs import PARTITION, Deadly, job_of
from tests.builder.execution.test_executors import make
out = Path(sys.argv[1])
# Both runs use one cluster, which takes seconds to start and to stop.
with mock.patch.object(ray, "shutdown"):
    try:
        list(Executor("ray").make(job_of(Deadly(), out.parent.parent), [PARTITION], SentenceEncoder(), lambda *_: None))
    except BuildError as error:
        print(error)
with mock.patch.object(ray, "init"):
    make(out, executor=Executor("ray", workers=2))
"""


@pytest.mark.slow
def test_ray_gives_up_a_deadly_partition_and_makes_the_same_files_though_an_actor_is_killed(
    whole: Built, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    process = start(ON_RAY, folder / "data")
    actors: list[int] = []

    def one_is_writing() -> bool:
        """An actor of this build has a file open."""
        if any(folder.glob(".data.partial-*/.in-progress/*/*/*.parquet")):
            actors[:] = [pid for pid in tree(process.pid)[1:] if has_open(pid, folder)]
        return bool(actors)

    until(one_is_writing, process)
    os.kill(actors[0], signal.SIGKILL)
    output, said = process.communicate()
    assert process.returncode == 0, said
    assert "users 0 to 9 of 'train' died 3 times" in output
    out = folder / "data"
    manifest = read_manifest(out)
    assert same(Built(out, folder / "data-private", pipeline.BuildResult(manifest, [])), whole)
    assert sorted(path.name for path in folder.iterdir()) == ["data", "data-private"]


def has_open(pid: int, folder: Path) -> bool:
    """Whether a process writes below a folder."""
    try:
        return any(str(file.readlink()).startswith(f"{folder}/.data") for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has just ended
        return False


def test_engines_and_their_options_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"value 'spark' for engine\. Allowed values: local, ray"):
        Executor("spark")
    with pytest.raises(ConfigError, match="--ray-address requires --engine ray, not local"):
        Executor(ray_address="10.0.0.1:6379")


# Ray warns of its own settings.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
def test_an_address_without_a_cluster_is_reported_in_one_sentence(tmp_path: Path) -> None:
    command = ["build", "--users", "30", "-o", "data"]
    done = run(*command, "--engine", "ray", "--ray-address", "127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "error: No Ray cluster answers at '127.0.0.1:1'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_checkpoint_key_covers_all_code_that_writes_partitions() -> None:
    """The static import closure is what a fresh process really imports."""
    code = f"import sys, {WRITER}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"builder", "hf_dataset", "leaderboard", "metrics", "performance", "petoolbench", "tests", "training"}
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] in ours}
    assert {name.partition(".")[0] for name in loaded} == set(PACKAGES)
    covered = set(_closure(WRITER))
    assert loaded <= covered


def test_an_edited_docstring_keeps_the_checkpoint_key(tmp_path: Path) -> None:
    folder = tmp_path / "builder"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    hashes = []
    for text in ('"""Old."""\nX = 1  # old\n', '"""New words."""\nX = 1\n', '"""Old."""\nX = 2\n'):
        (folder / "thing.py").write_text(text)
        program = "from builder_code_hash import code_hash; print(code_hash('builder.thing'))"
        source = Path(code_hash_module.__file__ or "").read_text(encoding="utf-8")
        (tmp_path / "builder_code_hash.py").write_text(source)
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
        hashes.append(done.stdout)
    assert hashes[0] == hashes[1] != hashes[2]
