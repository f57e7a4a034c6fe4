"""Temporary folders next to a final folder, each protected by a lock file.

The kernel releases a lock when its process ends, also on another machine that shares the disk, so a folder whose lock
is free was abandoned by a killed process. Process ids would not show this: they repeat in containers and mean nothing
on other machines.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class LockedFolder:
    """A folder that no other process writes to, acquires or removes."""

    path: Path
    lock: FileLock

    def release(self) -> None:
        """Remove the lock file and release the lock."""
        # Removed while the lock is held: a process that has the file open notices that it is gone, and starts over.
        Path(self.lock.lock_file).unlink(missing_ok=True)
        self.lock.release()


def create_locked(*finals: Path) -> tuple[LockedFolder, ...]:
    """Create an empty locked folder next to each final one; their names share an ending.

    Raises:
        OSError: If they cannot be created.
    """
    ending = secrets.token_hex(4)
    created: list[LockedFolder] = []
    try:
        for final in finals:
            folder = _locked(final.with_name(_prefix(final) + ending))
            assert folder is not None, "the name is random"
            created.append(folder)
            folder.path.mkdir()
    except OSError:
        for folder in created:
            shutil.rmtree(folder.path, ignore_errors=True)
            folder.release()
        raise
    return tuple(created)


def partial_folders(final: Path) -> list[Path]:
    """Return the temporary folders next to a final one, locked or abandoned."""
    names = {path.name.removesuffix(_LOCK) for path in final.parent.iterdir()}
    return [final.with_name(name) for name in sorted(names) if name.startswith(_prefix(final))]


def acquire(path: Path) -> LockedFolder | None:
    """Lock an abandoned folder; None if another process holds it or it no longer exists."""
    folder = _locked(path)
    if folder and not path.is_dir():
        folder.release()
        return None
    return folder


def remove_abandoned(final: Path) -> None:
    """Remove the abandoned temporary folders next to a final folder."""
    for path in partial_folders(final):
        if folder := _locked(path):
            shutil.rmtree(path, ignore_errors=True)
            folder.release()


def _locked(path: Path) -> LockedFolder | None:
    """Lock a path; None if another process holds it."""
    lock = FileLock(path.with_name(path.name + _LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return LockedFolder(path, lock)


def _prefix(final: Path) -> str:
    """Return the prefix of the names of temporary folders."""
    return f".{final.name}.partial-"
