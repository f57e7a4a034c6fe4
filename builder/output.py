"""Writing a whole folder or nothing: everything goes to a folder beside the final one, which is renamed when complete.

A build has two folders, the data set and its private answers. The answers are put in place first, so that a data set
under its final name is always complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .errors import OutputError


class Folders(NamedTuple):
    """The two folders of a build."""

    public: Path
    private: Path


def private_folder(out: Path) -> Path:
    """Where the answers of a data set's test split lie: beside it, never below it."""
    return out.with_name(f"{out.name}-private")


def check_free(out: Path) -> None:
    """Refuse to write over something.

    Raises:
        OutputError: If the folder of the data set, or that of its answers, is there.
    """
    for folder in (out, private_folder(out)):
        if folder.exists():
            raise OutputError(
                f"{str(folder)!r} is there already, and a build never writes over anything. "
                "Name another folder, or remove it first."
            )


@contextmanager
def written_aside(out: Path) -> Iterator[Folders]:
    """Give two fresh folders and, if nothing is raised, put them in place.

    Args:
        out: Final name of the data set; its answers go to `private_folder(out)`.

    Raises:
        OutputError: If one of the two is there.
    """
    check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    public = out.with_name(f".{out.name}.partial-{os.getpid()}")
    private = out.with_name(f".{out.name}-private.partial-{os.getpid()}")
    try:
        for folder in (public, private):
            folder.mkdir()
        yield Folders(public, private)
        private.rename(private_folder(out))
        public.rename(out)
    finally:
        for folder in (public, private):
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(out: Path) -> None:
    """Remove what builds of the same name left when they were killed."""
    for name in (out.name, f"{out.name}-private"):
        for leftover in out.parent.glob(f".{name}.partial-*"):
            pid = leftover.name.rpartition("-")[2]
            if pid.isdigit() and not _alive(int(pid)):
                shutil.rmtree(leftover, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
