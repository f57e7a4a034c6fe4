"""Writing a whole folder or nothing: everything goes to a folder beside the final one, which is renamed when complete.

A build has two folders, the data set and its private answers. The answers are put in place first, so that a data set
under its final name is always complete. A build that was cut off is gone on with where it left off, if what it left
was made from the same.

Whoever writes to a folder holds a lock beside it (`builder/execution/folder_lock.py`); what nobody holds was left.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from builder.errors import OutputError

from .folder_lock import LockedFolder, acquire, create_locked, partial_folders, remove_abandoned

UNFINISHED: Final = ".checkpoint"
"""In the folder of the answers, while there is something to go on from: holds a folder named by the build's key."""
_REFUSALS: Final = frozenset(
    (errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENOSPC, errno.EPERM, errno.EROFS)
)
"""Of the disk: what whoever builds can mend."""


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
        with _cannot("be made", out):
            there = folder.exists()
        if there:
            alone = folder != out and not out.exists()
            whose = " (answers without their data set, of a build that was cut off or moved)" if alone else ""
            raise OutputError(
                f"{str(folder)!r} is there already{whose}, and a build never writes over anything. "
                "Name another folder, or remove it first."
            )


@contextmanager
def written_aside(out: Path, key: str = "") -> Iterator[Folders]:
    """Give two folders and, if nothing is raised, put them in place.

    They are new, or those that a build of the same key was cut off in. If something is raised they are thrown away,
    or left for the next build, if there is something to go on from.

    Args:
        out: Final name of the data set; its answers go to `private_folder(out)`.
        key: What tells builds apart; never goes on from anything if empty.

    Raises:
        OutputError: If one of the two is there, or the disk takes no more.
    """
    out = out.absolute()
    check_free(out)
    final_folders = Folders(out, private_folder(out))
    with _cannot("be made", out):
        out.parent.mkdir(parents=True, exist_ok=True)
        found = _adopted(final_folders, key)
        for final in final_folders:
            remove_abandoned(final)
        public, private = found or create_locked(*final_folders)
    keep = False
    try:
        with _cannot("be written", out, _REFUSALS):
            yield Folders(public.path, private.path)
        keep = True  # it is whole
        _put_in_place(public, private, final_folders)
    finally:
        keep = keep or (private.path / UNFINISHED).is_dir()
        for one in (public, private):
            if not keep:
                shutil.rmtree(one.path, ignore_errors=True)
            one.release()


@contextmanager
def folder_written_aside(out: Path) -> Iterator[Path]:
    """Give one fresh folder and, if nothing is raised, put it in place.

    Args:
        out: Its final name.

    Raises:
        OutputError: If it is there, or cannot be made, or the disk takes no more.
    """
    out = out.absolute()
    with _cannot("be made", out):
        there = out.exists()
    if there:
        raise OutputError(f"{str(out)!r} is there already. Name another folder, or remove it first.")
    with _cannot("be made", out):
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(out)
        (aside,) = create_locked(out)
    try:
        with _cannot("be written", out, _REFUSALS):
            yield aside.path
            aside.path.rename(out)
    finally:
        shutil.rmtree(aside.path, ignore_errors=True)
        aside.release()


def _put_in_place(public: LockedFolder, private: LockedFolder, final_folders: Folders) -> None:
    """Give two whole folders their final names, or neither.

    Raises:
        OutputError: If they cannot have them; they stay where they are.
    """
    try:
        private.path.rename(final_folders.private)
        try:
            public.path.rename(final_folders.public)
        except OSError:
            final_folders.private.rename(private.path)
            raise
    except OSError as error:
        raise OutputError(
            f"{str(final_folders.public)!r} cannot be renamed into place: {error.strerror}. The data set is complete; it "
            f"and its answers are in {str(public.path)!r} and {str(private.path)!r}. Move both before building to the "
            "same name again."
        ) from error


def _adopted(final_folders: Folders, key: str) -> tuple[LockedFolder, LockedFolder] | None:
    """The folders that a build of the same key was cut off in, now folder by us; None if there are none."""
    for path in partial_folders(final_folders.private) if key else ():
        other = path.with_name(
            path.name.replace(f".{final_folders.private.name}.", f".{final_folders.public.name}.", 1)
        )
        if not (path / UNFINISHED / key).is_dir() or not (private := acquire(path)):
            continue
        if public := acquire(other):
            return public, private
        private.release()
    return None


@contextmanager
def _cannot(what: str, out: Path, refusals: frozenset[int] | None = None) -> Iterator[None]:
    """Say in one sentence what a disk refuses; where its refusals are listed, other errors pass."""
    try:
        yield
    except OSError as error:
        if refusals is not None and error.errno not in refusals:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise OutputError(
            f"{str(out)!r} cannot {what}: {error.strerror}{where}. Make room, or name another folder."
        ) from error
