"""Where the files of a data set lie, for those who write it and those who read it."""

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
"""What the Hub reads to show a data set as a benchmark."""
CROISSANT: Final = "croissant.json"
AUDIT_JSON: Final = "audit.json"
AUDIT_PAGE: Final = "AUDIT.md"
AUDIT_FOLDER: Final = "audit"
"""Of the audit's plots."""
AUDIT_PLOTS: Final = {
    "shortcuts.png": "Accuracy of every shortcut against its bound",
    "oracle.png": "Oracle by axis, history length, place of the change and flipped ratings",
    "lengths.png": "Number of interactions in a history",
    "categories.png": "Instances by category",
}
"""Titles by file name."""
CANARY: Final = "petoolbench:canary:09761620-e6ec-4a15-988e-abc1c4e950c2"
"""Stands in the card, the manifest and the footer of every Parquet file: a model that can complete it, and a corpus
that holds it, has seen the data."""


def split_file(config: str, split: str) -> str:
    """Path of a config's split in the data set; of its shards, `shard` and `shards` tell."""
    return f"{config}/{split}.parquet"


def answers_file(config: str) -> str:
    """Path of a config's test answers in the answers folder; the same holds."""
    return f"{ANSWERS}/{config}.parquet"


def shard(name: str, number: int, of: int) -> str:
    """Path of one of the files that a table is written to, `train-00003-of-00007.parquet`; its own where it is one.

    Args:
        name: Path of the table, as `split_file` or `answers_file` gives it.
        number: From 0.
        of: Number of files.
    """
    return name if of == 1 else f"{name.removesuffix(_SUFFIX)}-{number:05d}-of-{of:05d}{_SUFFIX}"


def shards(name: str, there: Iterable[str]) -> list[str]:
    """Which of some files hold a table, in the order of its rows: that of its name, or else all its shards.

    Args:
        name: Path of the table, as `split_file` or `answers_file` gives it.
        there: Paths of files.

    Returns:
        Paths; where a shard is missing, all the same, so that who opens it can name it.
    """
    known = frozenset(there)
    pattern = re.compile(rf"{re.escape(name.removesuffix(_SUFFIX))}-\d{{5}}-of-(\d{{5}}){re.escape(_SUFFIX)}")
    found = [match for match in map(pattern.fullmatch, sorted(known)) if match]
    if name in known or not found:
        return [name]
    of = int(found[-1][1])
    return [shard(name, number, of) for number in range(of)]


def all_shards(paths: Sequence[str]) -> str:
    """One pattern for all files of a table, as the card names them: `train-*-of-00007.parquet`."""
    return paths[0] if len(paths) == 1 else paths[0].replace("-00000-of-", "-*-of-")


def shards_in(folder: Path, name: str) -> list[str]:
    """`shards` of a table in a folder."""
    place = folder / name
    there = (path.relative_to(folder).as_posix() for path in place.parent.glob(f"*{_SUFFIX}"))
    return shards(name, there)


def splits_of(config: str) -> tuple[str, ...]:
    """Splits of a config: training data has no other than that for training."""
    return ("train",) if config in TRAINING else SPLITS
