"""Folder of uploaded files: their quota, and their deletion after an hour.

Gradio deletes the files that it knows. It leaves those of an interrupted upload, and those of an earlier process.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

KEPT_S: Final = 3600.0
"""Seconds for which an uploaded file is kept."""
_SWEEP_S: Final = 600.0
"""Seconds between two deletions."""
_VARIABLE: Final = "GRADIO_TEMP_DIR"
_NAME: Final = "petoolbench-leaderboard"
_MIB: Final = 2**20
_LEAST: Final = _MIB
"""Number of bytes that an upload counts at least, which bounds the number of files."""


def use_own_folder() -> Path:
    """Set the folder in which Gradio keeps files to one of this app alone, and return it.

    Call it before the app is built.
    """
    base = Path(os.environ.get(_VARIABLE) or Path(tempfile.gettempdir()) / "gradio")
    folder = base if base.name == _NAME else base / _NAME
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    return folder


class _Upload(NamedTuple):
    at: float
    person: str
    size: int


class UploadFolder:
    """Folder of uploaded files; thread-safe.

    Args:
        folder: The folder, of this app alone.
        per_person: Maximum number of bytes of a person's files.
        total: Maximum number of bytes of all files.
        kept_s: Seconds for which a file is kept.
        clock: Return the current time in seconds since 1970, as the times of files.
    """

    def __init__(
        self,
        folder: Path,
        *,
        per_person: int = 256 * _MIB,
        total: int = 1024 * _MIB,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._per_person = per_person
        self._total = total
        self._kept_s = kept_s
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads: deque[_Upload] = deque()

    def admit(self, person: str, size: int) -> str | None:
        """Count an upload if the quota allows it.

        Args:
            person: Permanent id of the person's account.
            size: Number of bytes of the request.

        Returns:
            The reason of a refusal, or None.
        """
        self.sweep()
        with self._lock:
            now = self._clock()
            while self._uploads and self._uploads[0].at <= now - self._kept_s:
                self._uploads.popleft()
            size = max(size, _LEAST)
            of_person = sum(upload.size for upload in self._uploads if upload.person == person)
            if of_person + size > self._per_person:
                return (
                    f"You have uploaded {of_person // _MIB} MiB within an hour; at most {self._per_person // _MIB} MiB "
                    "are accepted. Try again in an hour."
                )
            if sum(upload.size for upload in self._uploads) + size > self._total:
                return "Too many files were uploaded within an hour. Try again later."
            self._uploads.append(_Upload(now, person, size))
            return None

    def sweep(self) -> None:
        """Delete files that are older than they are kept, and folders that are empty."""
        oldest = self._clock() - self._kept_s
        for path in sorted(self._folder.rglob("*"), reverse=True):
            with suppress(OSError):  # deleted or filled by another thread in the meantime
                if path.is_dir():
                    if path.stat().st_mtime <= oldest:
                        path.rmdir()
                elif path.lstat().st_mtime <= oldest:
                    path.unlink()

    def sweep_regularly(self) -> None:
        """Delete old files every ten minutes, in a thread that ends with the process."""

        def run() -> None:
            while True:
                self.sweep()
                time.sleep(_SWEEP_S)

        threading.Thread(target=run, name="sweep of uploads", daemon=True).start()
