"""What a repository is to hold: paths in it, and the files or bytes that stand there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import HubError

Contents = Mapping[str, Path | bytes]
"""File or bytes by path in the repository."""
_CACHE: Final = "__pycache__"
_COMPILED: Final = ".pyc"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a repository."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    blob_id: str
    """The id that git gives the content."""


def folder_contents(folder: Path, under: str = "") -> dict[str, Path | bytes]:
    """Every file below a folder, but for what Python leaves there.

    Args:
        folder: Any folder.
        under: Where it stands in the repository, ending in a slash; empty for the root.

    Raises:
        HubError: If there is no such folder, or nothing in it.
    """
    found: dict[str, Path | bytes] = {
        under + path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _CACHE not in path.relative_to(folder).parts and path.suffix != _COMPILED
    }
    if not found:
        raise HubError(f"{str(folder)!r} is no folder with files. Name the folder that a build made.")
    return found


def entries(contents: Contents) -> Iterator[Entry]:
    """Size and hashes of each file, by path."""
    for path in sorted(contents):
        content = contents[path]
        data = content if isinstance(content, bytes) else content.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
        git.update(data)
        yield Entry(path, len(data), hashlib.sha256(data).hexdigest(), git.hexdigest())
