"""Private answers of the test split; imported only by the evaluator and the modules it uses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from leaderboard.public_data import DataError, read_parquet, table_files
from leaderboard.stores.stored_records import HISTORY_TYPES


class Answers:
    """Answers folder of a build, read into memory.

    Args:
        folder: Folder that holds `answers/<config>.parquet`, or its shards.

    Raises:
        DataError: If a file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        digest = hashlib.sha256(b"petoolbench answers")
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.files: dict[str, str] = {}
        """SHA-256 of each file, by its path in the folder."""
        for config in HISTORY_TYPES:
            self._rows[config] = {}
            for path in table_files(folder / "answers" / f"{config}.parquet"):
                self._rows[config] |= {row["instance_id"]: row for row in read_parquet(path).to_pylist()}
                content = path.read_bytes()
                digest.update(content)
                self.files[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
        self.digest = digest.digest()
        """SHA-256 over all files. It orders the query groups in `Tallies`, and cannot be derived from hashes of the
        single files."""

    def of(self, config: str, instance_id: str) -> dict[str, Any]:
        """Return the private part of an instance: answer, evidence and meta.

        Raises:
            DataError: If it is missing because the answers belong to another build.
        """
        try:
            return self._rows[config][instance_id]
        except KeyError:
            raise DataError(
                f"{str(self.folder)!r} holds no answer of {instance_id!r}: it belongs to another build. "
                "Name the answers folder of the same build as the data set."
            ) from None
