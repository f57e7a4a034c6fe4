"""Folders that are written beside their final one, each held by a lock against all other processes.

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
class Held:
    """A folder that nobody else writes to, takes or removes."""

    path: Path
    lock: FileLock

    def release(self) -> None:
        """Hold it no more, whatever became of it."""
        # While it is ours: whoever has opened it sees that it guards no name any more, and begins anew.
        Path(self.lock.lock_file).unlink(missing_ok=True)
        self.lock.release()


def fresh(*finals: Path) -> tuple[Held, ...]:
    """Empty folders beside the final ones, whose names end alike.

    Raises:
        OSError: If they cannot be made.
    """
    ending = secrets.token_hex(4)
    made: list[Held] = []
    try:
        for final in finals:
            held = _locked(final.with_name(_prefix(final) + ending))
            assert held is not None, "nobody else has this name"
            made.append(held)
            held.path.mkdir()
    except OSError:
        for one in made:
            shutil.rmtree(one.path, ignore_errors=True)
            one.release()
        raise
    return tuple(made)


def leftovers(final: Path) -> list[Path]:
    """Folders beside a final one that were or are written; those that are held are among them."""
    names = {path.name.removesuffix(_LOCK) for path in final.parent.iterdir()}
    return [final.with_name(name) for name in sorted(names) if name.startswith(_prefix(final))]


def take(path: Path) -> Held | None:
    """Hold a folder that was left; None if somebody holds it, or it is gone."""
    held = _locked(path)
    if held and not path.is_dir():
        held.release()
        return None
    return held


def sweep(final: Path) -> None:
    """Remove what was left beside a final folder."""
    for path in leftovers(final):
        if held := _locked(path):
            shutil.rmtree(path, ignore_errors=True)
            held.release()


def _locked(path: Path) -> Held | None:
    """Hold a name; None if somebody else does."""
    lock = FileLock(path.with_name(path.name + _LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return Held(path, lock)


def _prefix(final: Path) -> str:
    """Beginning of the names under which a folder is written."""
    return f".{final.name}.partial-"
