"""The files of baselines that a leaderboard keeps as its permanent rows, `SYSTEM.SPLIT.jsonl` for all three configs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from builder.predictors.registry import open_predictor
from builder.progress import Progress
from hf_dataset.reader import answered, read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance

from .run_files import write_run
from .runs import Line

PERMANENT: Final = {
    "random": "random",
    "most_popular": "popular",
    "last_used": "last-used",
    "no_history": "lexical",
    "oracle": "oracle",
}
"""Baseline by the name of its row."""


def write_baselines(data: Path, answers: Path | None, folder: Path, progress: Progress) -> None:
    """Write the predictions of each permanent row, of the validation split and, with answers, of the test split.

    Args:
        data: Folder of the data set.
        answers: Its answers folder; None for the validation split alone.
        folder: Where to write.
        progress: Called as the work goes on.

    Raises:
        ReadError: If a folder is not what it should be.
        OutputError: If a file cannot be written.
    """
    splits = ("validation", "test") if answers else ("validation",)
    done = 0
    for split in splits:
        for system, baseline in PERMANENT.items():
            write_run(folder / f"{system}.{split}.jsonl", None, _replies(data, answers, split, baseline))
            done += 1
            progress("baselines", done, len(splits) * len(PERMANENT))


def _replies(data: Path, answers: Path | None, split: str, baseline: str) -> Iterator[Line]:
    for config in HISTORY_TYPES:
        predictor = open_predictor(f"baseline:{baseline}", data, config, split, 0, answers)
        for row in _rows(data, answers, config, split):
            yield Line(row.instance_id, predictor.predict(row))


def _rows(data: Path, answers: Path | None, config: str, split: str) -> list[Instance]:
    rows = read_instances(data, config, split)
    if split != "test" or answers is None:
        return rows
    return list(answered(rows, read_answers(answers, config)))
