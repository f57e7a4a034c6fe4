"""Write folders atomically: files go to a temporary folder next to the final one, which is renamed when complete.

A build has two folders, the data set and its private answers. The answers are renamed first, so that a data set under
its final name is always complete. An interrupted build resumes in its temporary folders if it has the same key.

A process that writes to a temporary folder holds its lock (`folder_lock.py`); an unlocked one is abandoned.
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
"""Folder of the checkpoint among the answers of an unfinished build; holds a folder named by the build's key."""
_REFUSALS: Final = frozenset(
    (errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENOSPC, errno.EPERM, errno.EROFS)
)
"""Errors of the disk that the user can resolve."""


class Folders(NamedTuple):
    """The two folders of a build."""

    public: Path
    private: Path


def private_folder(out: Path) -> Path:
    """Return the folder of the private answers of a data set: `OUT-private`, next to it."""
    absolute = out.absolute()
    return absolute.with_name(f"{absolute.name}-private")


def check_free(out: Path) -> None:
    """Check that neither the folder of a data set nor that of its answers exists.

    Raises:
        OutputError: If one of them exists.
    """
    for folder in (out, private_folder(out)):
        with _cannot("be created", out):
            exists = folder.exists()
        if exists:
            orphaned = folder != out and not out.exists()
            note = " (answers without their data set, of an interrupted or moved build)" if orphaned else ""
            raise OutputError(
                f"{str(folder)!r} exists already{note}, and a build never overwrites files. "
                "Name another folder, or remove it first."
            )


@contextmanager
def written_aside(out: Path, key: str = "") -> Iterator[Folders]:
    """Yield two temporary folders and, if nothing is raised, rename them to their final names.

    They are new, or those of an interrupted build with the same key. If something is raised they are removed, or kept
    for the next attempt if they hold a checkpoint.

    Args:
        out: Final name of the data set; its answers go to `private_folder(out)`.
        key: Identifies the build; an empty key never resumes.

    Raises:
        OutputError: If one of the two exists, or the disk refuses a write.
    """
    out = out.absolute()
    check_free(out)
    final_folders = Folders(out, private_folder(out))
    with _cannot("be created", out):
        out.parent.mkdir(parents=True, exist_ok=True)
        found = _adopted(final_folders, key)
        for final in final_folders:
            remove_abandoned(final)
        public, private = found or create_locked(*final_folders)
    keep = False
    try:
        with _cannot("be written", out, _REFUSALS):
            yield Folders(public.path, private.path)
        keep = True  # complete
        _put_in_place(public, private, final_folders)
    finally:
        keep = keep or (private.path / UNFINISHED).is_dir()
        for one in (public, private):
            if not keep:
                shutil.rmtree(one.path, ignore_errors=True)
            one.release()


@contextmanager
def folder_written_aside(out: Path) -> Iterator[Path]:
    """Yield one temporary folder and, if nothing is raised, rename it to its final name.

    Args:
        out: Its final name.

    Raises:
        OutputError: If it exists, cannot be created, or the disk refuses a write.
    """
    out = out.absolute()
    with _cannot("be created", out):
        exists = out.exists()
    if exists:
        raise OutputError(f"{str(out)!r} exists already. Name another folder, or remove it first.")
    with _cannot("be created", out):
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
    """Rename both complete folders to their final names, or neither.

    Raises:
        OutputError: If they cannot be renamed; they stay where they are.
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
            f"{str(final_folders.public)!r} cannot be renamed into place: {error.strerror}. The data set is complete; "
            f"it is stored in {str(public.path)!r}, its answers in {str(private.path)!r}. Move both before building to "
            "the same name again."
        ) from error


def _adopted(final_folders: Folders, key: str) -> tuple[LockedFolder, LockedFolder] | None:
    """Lock and return the folders of an interrupted build with the same key; None without one."""
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
    """Turn an error of the disk into one sentence; with a list of refusals, other errors pass."""
    try:
        yield
    except OSError as error:
        if refusals is not None and error.errno not in refusals:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise OutputError(
            f"{str(out)!r} cannot {what}: {error.strerror}{where}. Make room, or name another folder."
        ) from error
