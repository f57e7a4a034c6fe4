"""Contents of a repository: its paths, with the file or the bytes of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import HubError

Contents = Mapping[str, Path | bytes]
"""Local file, or bytes, by path in the repository."""
_CACHE: Final = "__pycache__"
_COMPILED: Final = ".pyc"


@dataclass(frozen=True, slots=True)
class Entry:
    """Size and hashes of one file of a repository."""

    path: str
    size: int
    """Size in bytes."""
    sha256: str
    blob_id: str
    """Git's SHA-1 object id of the content."""


def folder_contents(folder: Path, under: str = "") -> dict[str, Path | bytes]:
    """Return all files below a folder, except Python's compiled files.

    Args:
        folder: A local folder.
        under: Prefix of the paths in the repository, ending in a slash; empty for the root.

    Raises:
        HubError: If the folder does not exist or contains no files.
    """
    contents: dict[str, Path | bytes] = {
        under + path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _CACHE not in path.relative_to(folder).parts and path.suffix != _COMPILED
    }
    if not contents:
        raise HubError(f"{str(folder)!r} is not a folder with files. Check the path.")
    return contents


def entries(contents: Contents) -> Iterator[Entry]:
    """Yield the size and hashes of each file, sorted by path."""
    for path in sorted(contents):
        content = contents[path]
        data = content if isinstance(content, bytes) else content.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
        git.update(data)
        yield Entry(path, len(data), hashlib.sha256(data).hexdigest(), git.hexdigest())
