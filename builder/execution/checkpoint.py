"""What lies in the folders of a build under way, so that it can be gone on with: files set aside, and notes.

A partition is written aside, in a folder of its own, and put in place with a note when it is whole. A build that finds
notes of its own key makes only what is left: the other partitions, and whatever comes after them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from builder.config import BuildConfig
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.manifest import LIBRARIES, file_hash, file_hashes

from .partitions import Partition
from .staging import UNFINISHED, Folders

ROOMS: Final = ("builder", "hf_dataset", "metrics")
_SUFFIXES: Final = (".py", ".toml", ".md")
"""What decides what is built: code, lists and prompts of these packages."""
_MAKING: Final = ".making"
"""In both folders: holds a folder for each partition under way."""
_SHARDS: Final = ".shards"
"""In the folder of the answers: holds the shards final instructions, by split."""
_UNDER_WAY: Final = (_MAKING, _SHARDS, UNFINISHED)


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What a partition came to."""

    users: int
    rows: Mapping[str, int]
    """Number by config."""
    loss: float
    """Sum over `judged` users of the chance that flipped ratings mislead the reader, 0 to 1 each."""
    judged: int
    funnel: Funnel


class Checkpoint:
    """A build under way.

    Args:
        folders: Its folders, written aside.
        key: What it is made from (`key_of`).
    """

    def __init__(self, folders: Folders, key: str) -> None:
        self._folders = folders
        self._notes = folders.private / UNFINISHED / key
        self._making = Folders(folders.public / _MAKING, folders.private / _MAKING)
        self._dealt = folders.private / _SHARDS

    def completed_partitions(self, partitions: Sequence[Partition]) -> dict[Partition, PartitionResult]:
        """The partitions that were made before the build was cut off, and whose files are as they were.

        All other files are removed: what the build wrote after its partitions may come out otherwise this time.
        """
        notes = {one: note for one in partitions if (note := self._note_of(one))}
        for kind, root in zip(Folders._fields, self._folders, strict=True):
            kept = {root / name for note in notes.values() for name in note["files"][kind]}
            for path in sorted(root.rglob("*"), reverse=True):  # what is in a folder before the folder
                if path in kept or path.relative_to(root).parts[0] in _UNDER_WAY:
                    continue
                if not path.is_dir():
                    path.unlink()
                elif not any(path.iterdir()):
                    path.rmdir()
        return {one: _made(note) for one, note in notes.items()}

    @contextmanager
    def sharding(self, split: str) -> Iterator[Path | None]:
        """Give a folder for the shards final instructions of a split; None if they were shards before."""
        whole = self.shards(split)
        if whole.exists():
            yield None
            return
        self._dealt.mkdir(exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=self._dealt))
        yield aside
        aside.rename(whole)

    def shards(self, split: str) -> Path:
        """The folder of the shards final instructions of a split."""
        return self._dealt / split

    @contextmanager
    def aside(self) -> Iterator[Folders]:
        """Give folders for files under way, which are thrown away with whatever is left in them."""
        for folder in self._making:
            folder.mkdir(exist_ok=True)
        own = Folders(*(Path(tempfile.mkdtemp(dir=folder)) for folder in self._making))
        try:
            yield own
        finally:
            for folder in own:
                shutil.rmtree(folder, ignore_errors=True)

    def put_in_place(self, aside: Folders, partition: Partition, made: PartitionResult) -> None:
        """Give the files of a partition their names, and note what it came to.

        Args:
            aside: Where its files were written.
            partition: The partition.
            made: What it came to.
        """
        hashes = {kind: file_hashes(own) for kind, own in aside._asdict().items()}
        for kind, own, root in zip(Folders._fields, aside, self._folders, strict=True):
            for name in hashes[kind]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (own / name).replace(root / name)
        note = {
            "users": made.users,
            "rows": dict(made.rows),
            "loss": made.loss,
            "judged": made.judged,
            "counts": dict(made.funnel.counts),
            "drops": made.funnel.drops,
            "files": hashes,
        }
        self._notes.mkdir(parents=True, exist_ok=True)
        written = aside.private / "note.json"
        written.write_text(json.dumps(note), encoding="utf-8")
        written.replace(self._note(partition))

    def hashes(
        self, folder: Path, known: Mapping[str, dict[str, int | str]] | None = None
    ) -> dict[str, dict[str, int | str]]:
        """`file_hashes` of one of the folders, without what `end` removes."""
        return file_hashes(folder, known, without=_UNDER_WAY)

    def end(self) -> None:
        """Remove everything but the data set and its answers."""
        for folder in (*self._making, self._dealt, self._notes.parent):
            shutil.rmtree(folder, ignore_errors=True)

    def _note(self, partition: Partition) -> Path:
        return self._notes / f"{partition.split}-{partition.number:05d}.json"

    def _note_of(self, partition: Partition) -> dict[str, Any] | None:
        """The note of a partition whose files are all there; None if it is to be made."""
        try:
            note: dict[str, Any] = json.loads(self._note(partition).read_text(encoding="utf-8"))
            for kind, root in zip(Folders._fields, self._folders, strict=True):
                if any(file_hash(root / name) != known for name, known in note["files"][kind].items()):
                    return None
        except (OSError, ValueError):  # no note, or files that did not outlive what cut the build off
            return None
        return note


def _made(note: Mapping[str, Any]) -> PartitionResult:
    """What a partition came to, by its note."""
    funnel = Funnel(Counter(note["counts"]), {kind: Counter(own) for kind, own in note["drops"].items()})
    return PartitionResult(note["users"], note["rows"], note["loss"], note["judged"], funnel)


def key_of(catalog: str, config: BuildConfig, grouped: GroupedCatalogue) -> str:
    """Forty hexadecimal digits that change with whatever could change what a partition holds.

    Args:
        catalog: Kind and content hash of the catalogue.
        config: The build's config; its secret goes in.
        grouped: What the stages before the users came to.
    """
    digest = hashlib.sha256(f"{catalog}\n{config.model_dump_json()}\n".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    here = Path(__file__).parent.parent
    for path in sorted(path for room in ROOMS for path in (here / room).rglob("*")):
        if path.suffix in _SUFFIXES:
            digest.update(path.read_bytes())
    # A function's own code is among them; a method writes what its object holds.
    for part in (*grouped.tools, *grouped.groups, getattr(grouped.write, "__self__", None)):
        digest.update(repr(part).encode())
    for name, look_alikes in grouped.look_alikes.items():
        digest.update(f"{name}: {sorted(look_alikes)}\n".encode())
    return digest.hexdigest()[:40]
