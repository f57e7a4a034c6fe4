"""Where the files of a data set lie, for those who write it and those who read it."""

from __future__ import annotations

from typing import Final

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
CANARY: Final = "petoolbench:canary:09761620-e6ec-4a15-988e-abc1c4e950c2"
"""Stands in the card, the manifest and the footer of every Parquet file: a model that can complete it, and a corpus
that holds it, has seen the data."""


def split_file(config: str, split: str) -> str:
    """Path of a config's split in the data set."""
    return f"{config}/{split}.parquet"


def answers_file(config: str) -> str:
    """Path of a config's test answers in the answers folder."""
    return f"{ANSWERS}/{config}.parquet"


def splits_of(config: str) -> tuple[str, ...]:
    """Splits of a config: training data has no other than that for training."""
    return ("train",) if config in TRAINING else SPLITS
