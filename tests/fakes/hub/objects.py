"""Git objects: file contents and folders with the ids that git computes for them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

FILE_MODE = "100644"
FOLDER_MODE = "40000"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a snapshot."""

    data: bytes
    oid: str
    """Git id of the blob in the tree: the content, or the pointer of an LFS file."""

    sha256: str | None = None
    """SHA-256 of the content of an LFS file; None for a regular file."""

    pointer_size: int = 0
    """Size of the pointer in bytes; 0 for a regular file."""

    @classmethod
    def regular(cls, data: bytes) -> File:
        """Create a file that is stored in the tree."""
        return cls(data, object_id("blob", data))

    @classmethod
    def large(cls, data: bytes) -> File:
        """Create an LFS file, of which the tree contains only a pointer."""
        sha256 = hashlib.sha256(data).hexdigest()
        pointer = POINTER.format(sha256, len(data)).encode()
        return cls(data, object_id("blob", pointer), sha256, len(pointer))

    @property
    def etag(self) -> str:
        """ETag, which clients use as the name of their cached copy."""
        return self.sha256 or self.oid


def object_id(kind: str, body: bytes) -> str:
    """Return the git id of an object."""
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()


def tree_ids(files: Mapping[str, File]) -> dict[str, str]:
    """Return the git id of each folder of a snapshot by its path. The empty path is the root."""
    folders: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    folders[""] = {}
    for path, file in files.items():
        folders[parent_of(path)][PurePosixPath(path).name] = (FILE_MODE, file.oid)
        for folder in list(PurePosixPath(path).parents)[1:-1]:
            folders.setdefault(str(folder), {})
    ids: dict[str, str] = {}
    for path in sorted(folders, key=_depth, reverse=True):
        entries = sorted(folders[path].items(), key=lambda entry: entry[0] + "/" * (entry[1][0] == FOLDER_MODE))
        body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for name, (mode, oid) in entries)
        ids[path] = object_id("tree", body)
        if path:
            folders[parent_of(path)][PurePosixPath(path).name] = (FOLDER_MODE, ids[path])
    return ids


def parent_of(path: str) -> str:
    """Return the parent folder of a path; empty for the root."""
    return path.rpartition("/")[0]


def _depth(folder: str) -> int:
    return len(PurePosixPath(folder).parts)
