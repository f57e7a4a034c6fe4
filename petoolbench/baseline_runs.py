"""Prediction files of the baselines on a leaderboard: `SYSTEM.SPLIT.jsonl`, each with all three configs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from builder.predictors.open_predictor import open_predictor
from builder.progress import Progress
from hf_dataset.reader import read_tools
from hf_dataset.schema import HISTORY_TYPES

from .data import load
from .run_files import write_run
from .runs import Line

PERMANENT: Final = {
    "oracle": "oracle",
    "program": "program",
    "regression": "regression",
    "no_history": "lexical",
    "similar_documents": "embedding",
    "most_popular": "popular",
    "most_used": "frequent",
    "most_liked": "liked",
    "last_used": "last-used",
    "first_listed": "first",
}
"""Baseline, by the name of its leaderboard row. The leaderboard itself computes the rows of random choices."""
_OF_LISTINGS: Final = frozenset({"program"})
"""Baselines that need tools with listings."""


def write_baselines(data: Path, answers: Path | None, folder: Path, progress: Progress) -> None:
    """Write the predictions of each baseline for the validation split and, with answers, the test split.

    Args:
        data: Folder of the data set.
        answers: Folder of the private answers; None for the validation split only.
        folder: Folder of the files.
        progress: Progress callback.

    Raises:
        ReadError: If `data` is not a data set, or `answers` does not contain its answers.
        OutputError: If a file cannot be written.
    """
    splits = ("validation", "test") if answers else ("validation",)
    done = 0
    for split in splits:
        listed = any(tool.listing for tool in read_tools(data, split))
        for system, baseline in PERMANENT.items():
            if listed or baseline not in _OF_LISTINGS:
                write_run(folder / f"{system}.{split}.jsonl", None, _replies(data, answers, split, baseline))
            done += 1
            progress("baselines", done, len(splits) * len(PERMANENT))


def _replies(data: Path, answers: Path | None, split: str, baseline: str) -> Iterator[Line]:
    for config in HISTORY_TYPES:
        predictor = open_predictor(f"baseline:{baseline}", data, config, split, 0, answers)
        for row in load(data, config, split, answers=answers):
            yield Line(row.instance_id, predictor.predict(row))
