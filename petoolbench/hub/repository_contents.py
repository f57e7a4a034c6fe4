"""Contents of a repository: its paths, with the file or the bytes of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Contents = Mapping[str, Path | bytes]
"""Local file, or bytes, by path in the repository."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Size and hashes of one file of a repository."""

    path: str
    size: int
    """Size in bytes."""
    sha256: str
    blob_id: str
    """Git's SHA-1 object id of the content."""


def entries(contents: Contents) -> Iterator[Entry]:
    """Yield the size and hashes of each file, sorted by path."""
    for path in sorted(contents):
        content = contents[path]
        data = content if isinstance(content, bytes) else content.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
        git.update(data)
        yield Entry(path, len(data), hashlib.sha256(data).hexdigest(), git.hexdigest())
