"""Attacks that decode answers from what anybody can read, and a data set with a chosen number of test rows."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from leaderboard.public_data import Data
from leaderboard.stores.stored_records import HISTORY_TYPES
from tests.conftest import Built

from .making import with_manifest


class Folders(NamedTuple):
    """Folder of a data set, and folder of its answers."""

    data: Path
    answers: Path


def with_test_rows(built: Built, folder: Path, rows: int, seed: int = 0) -> Folders:
    """Write a data set like a build, with a number of test rows in each config and random answers.

    The three configs have the same answers, as those of a build, and each row is a query group of its own.
    """
    data, answers = folder / "data", folder / "data-private"
    shutil.copytree(built.data, data)
    shutil.copytree(built.answers, answers)
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, 10**6, rows)
    hashes: dict[str, dict[str, dict[str, Any]]] = {"files": {}, "private_files": {}}
    for config in HISTORY_TYPES:
        public = pq.read_table(data / config / "test.parquet")
        private = pq.read_table(answers / "answers" / f"{config}.parquet")
        order = [index % public.num_rows for index in range(rows)]
        shown, hidden = public.take(order).to_pylist(), private.take(order).to_pylist()
        for index, (row, answer) in enumerate(zip(shown, hidden, strict=True)):
            assert row["instance_id"] == answer["instance_id"]
            names = sorted(answer["meta"]["same_function"])
            row["instance_id"] = answer["instance_id"] = f"{config}-test-{index:05d}"
            row["query_group"] = answer["query_group"] = f"group-{index:05d}"
            answer["answer"]["name"] = names[picks[index] % len(names)]
        for section, path, table, lines in (
            ("files", data / config / "test.parquet", public, shown),
            ("private_files", answers / "answers" / f"{config}.parquet", private, hidden),
        ):
            pq.write_table(pa.Table.from_pylist(lines, table.schema), path)
            name = path.relative_to(data if section == "files" else answers).as_posix()
            hashes[section][name] = {
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    manifest = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    with_manifest(data, **{section: {**manifest[section], **files} for section, files in hashes.items()})
    return Folders(data, answers)


def candidates_of(data: Data) -> list[list[str]]:
    """Return the names of the candidates of each row of the test split, which are the same in all configs."""
    tools = data.column(HISTORY_TYPES[0], "test", "candidates")
    return [[tool["name"] for tool in row] for row in tools]


def boosted(guesses: NDArray[np.int64], scores: NDArray[np.float64], choices: int) -> NDArray[np.float64]:
    """Return a weight for each choice of each row: the votes of guesses, each by its score above the mean.

    This is the boosting attack of Blum and Hardt (arXiv 1502.04585, section 4), with weights in place of a selection.

    Args:
        guesses: Index of the guessed choice, one line per query and one column per row.
        scores: Score of each query.
        choices: Number of choices of a row.
    """
    weights = scores - scores.mean()
    return np.stack([weights @ (guesses == choice) for choice in range(choices)], axis=1)


def decoded(guesses: NDArray[np.int64], scores: NDArray[np.float64], choices: int) -> NDArray[np.float64]:
    """Return a weight for each choice of each row: the smallest that reproduce the scores, by least squares.

    The arguments are those of `boosted`.
    """
    counts = np.zeros((*guesses.shape, choices))
    np.put_along_axis(counts, guesses[:, :, np.newaxis], 1.0, axis=2)
    queries = (counts - 1 / choices).reshape(len(guesses), -1)
    solution, *_ = np.linalg.lstsq(queries, (scores - scores.mean()) * guesses.shape[1], rcond=1e-6)
    return np.asarray(solution).reshape(-1, choices)


def found(weights: NDArray[np.float64], answers: Sequence[int] | NDArray[np.int64]) -> float:
    """Return the expected share of the answers that the choices of the highest weight find, with ties drawn by lot."""
    best = np.isclose(weights, weights.max(axis=1, keepdims=True), rtol=0, atol=1e-9)
    return float(np.mean(best[np.arange(len(weights)), answers] / best.sum(axis=1)))
