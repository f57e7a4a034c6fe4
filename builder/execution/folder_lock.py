"""Folders that are written beside their final one, each folder by a lock against all other processes.

The kernel gives a lock up when its process ends, however it ends and on whichever machine that shares the disk: so a
folder whose lock can be had was left by somebody who was killed. The number of a process would not tell: in a container
it is often the same each time, and on another machine it means nothing.
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
    """A folder that nobody else writes to, takes or removes."""

    path: Path
    lock: FileLock

    def release(self) -> None:
        """Hold it no more, whatever became of it."""
        # While it is ours: whoever has opened it sees that it guards no name any more, and begins anew.
        Path(self.lock.lock_file).unlink(missing_ok=True)
        self.lock.release()


def create_locked(*pool: Path) -> tuple[LockedFolder, ...]:
    """Empty folders beside the final ones, whose names end alike.

    Raises:
        OSError: If they cannot be made.
    """
    ending = secrets.token_hex(4)
    made: list[LockedFolder] = []
    try:
        for final in pool:
            folder = _locked(final.with_name(_prefix(final) + ending))
            assert folder is not None, "nobody else has this name"
            made.append(folder)
            folder.path.mkdir()
    except OSError:
        for one in made:
            shutil.rmtree(one.path, ignore_errors=True)
            one.release()
        raise
    return tuple(made)


def partial_folders(final: Path) -> list[Path]:
    """Folders beside a final one that were or are written; those that are folder are among them."""
    names = {path.name.removesuffix(_LOCK) for path in final.parent.iterdir()}
    return [final.with_name(name) for name in sorted(names) if name.startswith(_prefix(final))]


def acquire(path: Path) -> LockedFolder | None:
    """Hold a folder that was left; None if somebody holds it, or it is gone."""
    folder = _locked(path)
    if folder and not path.is_dir():
        folder.release()
        return None
    return folder


def remove_abandoned(final: Path) -> None:
    """Remove what was left beside a final folder."""
    for path in partial_folders(final):
        if folder := _locked(path):
            shutil.rmtree(path, ignore_errors=True)
            folder.release()


def _locked(path: Path) -> LockedFolder | None:
    """Hold a name; None if somebody else does."""
    lock = FileLock(path.with_name(path.name + _LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return LockedFolder(path, lock)


def _prefix(final: Path) -> str:
    """Beginning of the names under which a folder is written."""
    return f".{final.name}.partial-"
