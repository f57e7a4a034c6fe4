"""Single replies of stored files: each file is read once, for the places of its lines, and then one line at a time."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from leaderboard.public_data import Data
from leaderboard.stores.store import Store, StoreError
from leaderboard.stores.stored_records import Split
from leaderboard.submissions.prediction_lines import LineError, line_of, record_of
from leaderboard.submissions.validation import LIMITS

_FILES: Final = 256
"""Number of files whose places are kept, eight bytes for each instance."""
_PATIENCE_S: Final = 10.0
"""Seconds to wait for the reading of another file."""
_WAITING: Final = 4
"""Number of requests that wait for it. Others are refused, so that they do not hold the threads of the pages."""
_ABSENT: Final = -1


class StoredReplies:
    """Reader of the first replies of stored files; thread-safe. It reads one file at a time.

    Args:
        store: Store that holds the files.
        data: Data set that they answer.
        split: Split whose replies are read.
    """

    def __init__(self, store: Store, data: Data, split: Split) -> None:
        self._store = store
        self._data = data
        self._split = split
        self._places: OrderedDict[str, tuple[Path, array[int]]] = OrderedDict()
        self._positions: Mapping[str, int] = {}
        self._admitted = threading.Semaphore(_WAITING + 1)
        self._reading = threading.Lock()

    def get(self, submission_id: str, instance_id: str) -> str | None:
        """Return the reply to an instance; None if the file has none.

        Raises:
            StoreError: If the file cannot be read, or if other files are being read.
        """
        path, places = self._known(submission_id)
        position = self._positions.get(instance_id)
        if position is None or places[position] == _ABSENT:
            return None
        try:
            with path.open("rb") as file:
                file.seek(places[position])
                taken = line_of(record_of(file.readline(LIMITS.line_bytes + 1)))
        except (OSError, LineError) as error:
            self._places.pop(submission_id, None)
            raise StoreError(f"The file of submission {submission_id!r} cannot be read: {error}.") from error
        return taken.prediction if taken.instance_id == instance_id else None

    def _known(self, submission_id: str) -> tuple[Path, array[int]]:
        known = self._places.get(submission_id)
        if known is not None:
            return known
        if not self._admitted.acquire(blocking=False):
            raise StoreError("Other files are being read. Try again in a moment.")
        try:
            if not self._reading.acquire(timeout=_PATIENCE_S):
                raise StoreError("Another file is being read. Try again in a moment.")
            try:
                if submission_id not in self._places:
                    self._places[submission_id] = self._read(submission_id)
                    while len(self._places) > _FILES:
                        self._places.popitem(last=False)
                return self._places[submission_id]
            finally:
                self._reading.release()
        finally:
            self._admitted.release()

    def _read(self, submission_id: str) -> tuple[Path, array[int]]:
        """Return the path of a file and the places of its lines, by the position of the instance."""
        if not self._positions:
            ids = [instance_id for of_config in self._data.ids(self._split).values() for instance_id in of_config]
            self._positions = {instance_id: position for position, instance_id in enumerate(sorted(ids))}
        path = self._store.predictions_file(submission_id)
        places = array("q", [_ABSENT]) * len(self._positions)
        try:
            with path.open("rb") as file:
                place = 0
                while line := file.readline(LIMITS.line_bytes + 1):
                    position = self._position(line)
                    if position is not None and places[position] == _ABSENT:
                        places[position] = place
                    place += len(line)
        except OSError as error:
            raise StoreError(f"The file of submission {submission_id!r} cannot be read: {error}.") from error
        return path, places

    def _position(self, line: bytes) -> int | None:
        """Return the position of the instance whose first reply a line holds, or None."""
        try:
            taken = line_of(record_of(line))
        except LineError:  # a header
            return None
        return self._positions.get(taken.instance_id) if taken.repeat == 1 else None
