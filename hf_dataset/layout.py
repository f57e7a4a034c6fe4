"""Names and paths of the files of a data set, for writing and reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_SUFFIX: Final = ".parquet"
SPLITS: Final = ("train", "validation", "test")
TOOLS: Final = "tools"
TRAINING: Final = ("sft", "dpo")
"""Configs of training data."""
ANSWERS: Final = "answers"
MANIFEST: Final = "manifest.json"
CARD: Final = "README.md"
BENCHMARK: Final = "eval.yaml"
"""File from which the Hub shows a data set as a benchmark."""
CROISSANT: Final = "croissant.json"
AUDIT_JSON: Final = "audit.json"
AUDIT_PAGE: Final = "AUDIT.md"
AUDIT_FOLDER: Final = "audit"
"""Folder of the audit's plots."""
AUDIT_PLOTS: Final = {
    "shortcuts.png": "Accuracy of every shortcut against its bound",
    "oracle.png": "Oracle by axis, history length, place of the change and flipped ratings",
    "lengths.png": "Number of interactions in a history",
    "categories.png": "Instances by category",
}
"""Titles of the plots, by file name."""
CANARY: Final = "petoolbench:canary:09761620-e6ec-4a15-988e-abc1c4e950c2"
"""String in the card, the manifest, the Croissant metadata and the footer of every Parquet file. A model that can
complete it has been trained on the data, and a corpus that contains it contains the data."""


def split_file(config: str, split: str) -> str:
    """Return the path of the table of a split in the data set. It may be sharded; see `shard` and `shards`."""
    return f"{config}/{split}.parquet"


def answers_file(config: str) -> str:
    """Return the path of the table of a config's test answers in the answers folder. It may be sharded."""
    return f"{ANSWERS}/{config}.parquet"


def shard(name: str, number: int, of: int) -> str:
    """Return the path of a shard of a table, such as `train-00003-of-00007.parquet`.

    Args:
        name: Path of the table, as returned by `split_file` or `answers_file`.
        number: Number of the shard, starting at 0.
        of: Number of shards. A single shard has the path of the table.
    """
    return name if of == 1 else f"{name.removesuffix(_SUFFIX)}-{number:05d}-of-{of:05d}{_SUFFIX}"


def shards(name: str, there: Iterable[str]) -> list[str]:
    """Return the paths of the files of a table, in the order of its rows.

    Args:
        name: Path of the table, as returned by `split_file` or `answers_file`.
        there: Paths of the existing files.

    Returns:
        The path of the table if it exists or has no shards; otherwise the paths of all its shards. They include missing
        shards, so that opening them reports the missing one.
    """
    existing = frozenset(there)
    pattern = re.compile(rf"{re.escape(name.removesuffix(_SUFFIX))}-\d{{5}}-of-(\d{{5}}){re.escape(_SUFFIX)}")
    matches = [match for match in map(pattern.fullmatch, sorted(existing)) if match]
    if name in existing or not matches:
        return [name]
    of = int(matches[-1][1])
    return [shard(name, number, of) for number in range(of)]


def all_shards(paths: Sequence[str]) -> str:
    """Return the pattern that matches the files of a table, such as `train-*-of-00007.parquet`.

    Args:
        paths: Paths of all files of the table, in order.
    """
    return paths[0] if len(paths) == 1 else paths[0].replace("-00000-of-", "-*-of-")


def shards_in(folder: Path, name: str) -> list[str]:
    """Return the paths of the files of a table in a folder, relative to the folder.

    Args:
        folder: Folder of the data set, or of the answers.
        name: Path of the table, as returned by `split_file` or `answers_file`.

    Raises:
        OSError: If the folder cannot be read.
    """
    existing = (path.relative_to(folder).as_posix() for path in (folder / name).parent.glob(f"*{_SUFFIX}"))
    return shards(name, existing)


def splits_of(config: str) -> tuple[str, ...]:
    """Return the splits of a config: only train for training data."""
    return ("train",) if config in TRAINING else SPLITS
