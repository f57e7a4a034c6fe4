"""Writing a whole folder or nothing: everything goes to a folder beside the final one, which is renamed when complete.

A build has two folders, the data set and its private answers. The answers are put in place first, so that a data set
under its final name is always complete. A build that was cut off is gone on with where it left off, if what it left
was made from the same.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from .errors import OutputError

UNFINISHED: Final = ".unfinished"
"""In the folder of the answers, while there is something to go on from: holds a folder named by the build's key."""
_LEFT: Final = "left"
"""Stands for the number of the process in the name of folders that nobody writes any more."""


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
def written_aside(out: Path, key: str = "") -> Iterator[Folders]:
    """Give two folders and, if nothing is raised, put them in place.

    They are fresh, or those that a build of the same key was cut off in. If something is raised they are thrown away,
    or left for the next build, if there is something to go on from.

    Args:
        out: Final name of the data set; its answers go to `private_folder(out)`.
        key: What tells builds apart; never goes on from anything if empty.

    Raises:
        OutputError: If one of the two is there.
    """
    out = out.absolute()
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folders = _adopted(out, key)
        _sweep(out)
        _sweep(private_folder(out))
        folders = folders or _fresh(out)
    except OSError as error:
        raise OutputError(f"{str(out)!r} cannot be made: {error.strerror}. Name another folder.") from error
    public, private = folders
    try:
        yield folders
        private.rename(private_folder(out))
        try:
            public.rename(out)
        except OSError:
            private_folder(out).rename(private)
            raise
    finally:
        if (private / UNFINISHED).is_dir():
            _rename(folders, out, _LEFT)
        for folder in folders:
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


def _fresh(out: Path) -> Folders:
    """Two empty folders whose names end alike."""
    public = _aside(out)
    private = private_folder(out).with_name(_prefix(private_folder(out)) + public.name.removeprefix(_prefix(out)))
    private.mkdir()
    return Folders(public, private)


def _adopted(out: Path, key: str) -> Folders | None:
    """The folders that a build of the same key was cut off in, now of this process; None if there are none."""
    for private in sorted(_leftovers(private_folder(out))):
        public = out.with_name(_prefix(out) + private.name.removeprefix(_prefix(private_folder(out))))
        if key and (private / UNFINISHED / key).is_dir() and public.is_dir():
            with suppress(FileNotFoundError):  # another process was quicker
                return _rename(Folders(public, private), out, str(os.getpid()))
    return None


def _rename(folders: Folders, out: Path, owner: str) -> Folders:
    """Give folders that are written aside another owner, the answers first, which decide whose they are."""
    ending = folders.public.name.removeprefix(_prefix(out)).partition("-")[2]
    private = private_folder(out).with_name(f"{_prefix(private_folder(out))}{owner}-{ending}")
    public = out.with_name(f"{_prefix(out)}{owner}-{ending}")
    return Folders(private=folders.private.rename(private), public=folders.public.rename(public))


def _aside(folder: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix=f"{_prefix(folder)}{os.getpid()}-", dir=folder.parent))
    made.chmod(0o755)
    return made


def _prefix(folder: Path) -> str:
    """Beginning of the name under which a folder is written; the number of the process follows."""
    return f".{folder.name}.partial-"


def _sweep(folder: Path) -> None:
    """Remove what was left beside a folder."""
    for leftover in _leftovers(folder):
        shutil.rmtree(leftover, ignore_errors=True)


def _leftovers(folder: Path) -> list[Path]:
    """What stands beside a folder, of those who wrote it aside and were killed or left it."""
    prefix = _prefix(folder)
    found = []
    for path in folder.parent.iterdir():
        owner = path.name[len(prefix) :].partition("-")[0]
        if path.name.startswith(prefix) and (owner == _LEFT or (owner.isdigit() and not _alive(int(owner)))):
            found.append(path)
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
