"""Writing a whole folder or nothing: everything goes to a folder beside the final one, which is renamed when complete.

A build has two folders, the data set and its private answers. The answers are put in place first, so that a data set
under its final name is always complete.
"""

from __future__ import annotations

import os
import shutil
import tempfile
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
    whole = out.absolute()
    return whole.with_name(f"{whole.name}-private")


def check_free(out: Path) -> None:
    """Refuse to write over something.

    Raises:
        OutputError: If the folder of the data set, or that of its answers, is there.
    """
    for folder in (out, private_folder(out)):
        if folder.exists():
            alone = folder != out and not out.exists()
            whose = " (answers without their data set, of a build that was cut off or moved)" if alone else ""
            raise OutputError(
                f"{str(folder)!r} is there already{whose}, and a build never writes over anything. "
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
    out = out.absolute()
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        _sweep(private_folder(out))
        public, private = _aside(out), _aside(private_folder(out))
    except OSError as error:
        raise OutputError(f"{str(out)!r} cannot be made: {error.strerror}. Name another folder.") from error
    try:
        yield Folders(public, private)
        private.rename(private_folder(out))
        try:
            public.rename(out)
        except OSError:
            private_folder(out).rename(private)
            raise
    finally:
        for folder in (public, private):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def folder_written_aside(out: Path) -> Iterator[Path]:
    """Give one fresh folder and, if nothing is raised, put it in place.

    Args:
        out: Its final name.

    Raises:
        OutputError: If it is there, or cannot be made.
    """
    out = out.absolute()
    if out.exists():
        raise OutputError(f"{str(out)!r} is there already. Name another folder, or remove it first.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        aside = _aside(out)
    except OSError as error:
        raise OutputError(f"{str(out)!r} cannot be made: {error.strerror}. Name another folder.") from error
    try:
        yield aside
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix=f"{_prefix(folder)}{os.getpid()}-", dir=folder.parent))
    made.chmod(0o755)
    return made


def _prefix(folder: Path) -> str:
    """Beginning of the name under which a folder is written; the number of the process follows."""
    return f".{folder.name}.partial-"


def _sweep(folder: Path) -> None:
    """Remove what was left beside a folder when those who wrote it aside were killed."""
    prefix = _prefix(folder)
    for leftover in folder.parent.iterdir():
        pid = leftover.name[len(prefix) :].partition("-")[0]
        if leftover.name.startswith(prefix) and pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
