"""The private answers of the test split; only the evaluator and what it calls import this."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from leaderboard.public_data import DataError, read_parquet, table_files
from leaderboard.stores.stored_records import HISTORY_TYPES


class Answers:
    """The answers folder of a build.

    Args:
        folder: As built: `answers/<config>.parquet`, or its shards.

    Raises:
        DataError: If one cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        digest = hashlib.sha256(b"petoolbench answers")
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        for config in HISTORY_TYPES:
            self._rows[config] = {}
            for path in table_files(folder / "answers" / f"{config}.parquet"):
                self._rows[config] |= {row["instance_id"]: row for row in read_parquet(path).to_pylist()}
                digest.update(path.read_bytes())
        self.digest = digest.digest()
        """Of all of them; it cannot be told from hashes of single files, and orders `Tallies`."""

    def of(self, config: str, instance_id: str) -> dict[str, Any]:
        """The private part of a row: answer, evidence, meta.

        Raises:
            DataError: If there is none: the answers belong to another build.
        """
        try:
            return self._rows[config][instance_id]
        except KeyError:
            raise DataError(
                f"{str(self.folder)!r} has no answer of {instance_id!r}: it belongs to another build. "
                "Name the answers that were built with the data set."
            ) from None
