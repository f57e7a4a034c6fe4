"""Checkpoints that let a build resume: completed partitions and the files written for them.

A partition is written to a temporary folder and moved to its final place, together with a note, once it is complete. A
build that finds notes under its own key writes only the missing partitions and whatever follows them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import LIBRARIES, build_id, file_hash, file_hashes
from builder.config import BuildConfig
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from hf_dataset.manifest import FileRecord

from .code_hash import code_hash
from .partitions import Partition
from .staging import UNFINISHED, Folders

WRITER: Final = "builder.execution.partition_writer"
"""Module that writes a partition: it and everything that it imports determine what a partition holds."""
_IN_PROGRESS: Final = ".in-progress"
"""In both folders: holds a temporary folder for each partition that is being written."""
_SHARDS: Final = ".shards"
"""In the folder of the answers: holds the new instructions of the users, divided into partitions, by split."""
_TEMPORARY: Final = (_IN_PROGRESS, _SHARDS, UNFINISHED)


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """Counts of a written partition."""

    users: int
    rows: Mapping[str, int]
    """Number by config."""
    loss: float
    """Sum over `judged` users of the probability that flipped ratings mislead the reader, 0 to 1 each."""
    judged: int
    funnel: Funnel


class Checkpoint:
    """The state of a build that has not finished.

    Args:
        folders: The temporary folders that the build writes to.
        key: Identifies what the build is made from (`checkpoint_key`).
    """

    def __init__(self, folders: Folders, key: str) -> None:
        self._folders = folders
        self._notes = folders.private / UNFINISHED / key
        self._in_progress = Folders(folders.public / _IN_PROGRESS, folders.private / _IN_PROGRESS)
        self._shards = folders.private / _SHARDS

    def completed_partitions(self, partitions: Sequence[Partition]) -> dict[Partition, PartitionResult]:
        """Return the partitions that an earlier attempt completed and whose files are unchanged.

        All other files are removed: what the earlier attempt wrote after its partitions may differ this time.
        """
        notes = {partition: note for partition in partitions if (note := self._read_note(partition))}
        for kind, root in zip(Folders._fields, self._folders, strict=True):
            kept = {root / name for note in notes.values() for name in note["files"][kind]}
            for path in sorted(root.rglob("*"), reverse=True):  # the content of a folder before the folder
                if path in kept or path.relative_to(root).parts[0] in _TEMPORARY:
                    continue
                if not path.is_dir():
                    path.unlink()
                elif not any(path.iterdir()):
                    path.rmdir()
        return {partition: _result(note) for partition, note in notes.items()}

    @contextmanager
    def sharding(self, split: str) -> Iterator[Path | None]:
        """Yield a folder for the partitions of the new instructions of a split; None if they are complete already."""
        final = self.shards(split)
        if final.exists():
            yield None
            return
        self._shards.mkdir(exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=self._shards))
        yield temporary
        temporary.rename(final)

    def shards(self, split: str) -> Path:
        """Return the folder with the new instructions of a split, divided into partitions."""
        return self._shards / split

    @contextmanager
    def aside(self) -> Iterator[Folders]:
        """Yield temporary folders, which are removed afterwards with whatever is left in them."""
        for folder in self._in_progress:
            folder.mkdir(exist_ok=True)
        temporary = Folders(*(Path(tempfile.mkdtemp(dir=folder)) for folder in self._in_progress))
        try:
            yield temporary
        finally:
            for folder in temporary:
                shutil.rmtree(folder, ignore_errors=True)

    def put_in_place(self, temporary: Folders, partition: Partition, result: PartitionResult) -> None:
        """Move the files of a partition to their final paths and write its completion record.

        Args:
            temporary: Folders that the files were written to.
            partition: The partition.
            result: Its counts.
        """
        hashes = {kind: file_hashes(folder) for kind, folder in temporary._asdict().items()}
        for kind, folder, root in zip(Folders._fields, temporary, self._folders, strict=True):
            for name in hashes[kind]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).replace(root / name)
        note = {
            "users": result.users,
            "rows": dict(result.rows),
            "loss": result.loss,
            "judged": result.judged,
            "counts": dict(result.funnel.counts),
            "drops": result.funnel.drops,
            "files": {
                kind: {name: asdict(record) for name, record in records.items()} for kind, records in hashes.items()
            },
        }
        self._notes.mkdir(parents=True, exist_ok=True)
        written = temporary.private / "note.json"
        written.write_text(json.dumps(note), encoding="utf-8")
        written.replace(self._note(partition))

    def hashes(self, folder: Path, known: Mapping[str, FileRecord] | None = None) -> dict[str, FileRecord]:
        """Return `file_hashes` of one of the folders without the files that `end` removes."""
        return file_hashes(folder, known, without=_TEMPORARY)

    def end(self) -> None:
        """Remove everything except the data set and its answers."""
        for folder in (*self._in_progress, self._shards, self._notes.parent):
            shutil.rmtree(folder, ignore_errors=True)

    def _note(self, partition: Partition) -> Path:
        return self._notes / f"{partition.split}-{partition.number:05d}.json"

    def _read_note(self, partition: Partition) -> dict[str, Any] | None:
        """Return the note of a partition whose files are all intact; None if it must be written."""
        try:
            note: dict[str, Any] = json.loads(self._note(partition).read_text(encoding="utf-8"))
            for kind, root in zip(Folders._fields, self._folders, strict=True):
                records = {name: FileRecord(**record) for name, record in note["files"][kind].items()}
                if any(file_hash(root / name) != record for name, record in records.items()):
                    return None
        except (OSError, ValueError):  # no note, or files that did not survive the interruption
            return None
        return note


def _result(note: Mapping[str, Any]) -> PartitionResult:
    funnel = Funnel(Counter(note["counts"]), {kind: Counter(reasons) for kind, reasons in note["drops"].items()})
    return PartitionResult(note["users"], note["rows"], note["loss"], note["judged"], funnel)


def checkpoint_key(catalog: str, config: BuildConfig, grouped: GroupedCatalogue) -> str:
    """Return a hash (40 hexadecimal digits) of all inputs that affect the content of a partition.

    Args:
        catalog: Kind and content hash of the catalogue.
        config: Settings of the build. The key also depends on their secret, by way of the build id.
        grouped: Output of the stages that run before the users are generated: the grouped tools.
    """
    digest = hashlib.sha256(f"{build_id(catalog, config)}\n{catalog}\n{config.data_json()}\n".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    digest.update(code_hash(WRITER).encode())
    # The code of a function is part of the hash above; of a method, the state of its object counts too.
    for part in (*grouped.tools, *grouped.groups, getattr(grouped.write, "__self__", None)):
        digest.update(repr(part).encode())
    for name, look_alikes in grouped.look_alikes.items():
        digest.update(f"{name}: {sorted(look_alikes)}\n".encode())
    return digest.hexdigest()[:40]
