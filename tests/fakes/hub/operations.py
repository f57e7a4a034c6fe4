"""Operations of a commit, and the parser for the body of a commit request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .errors import HubError, bad_request
from .objects import File

Operation = Callable[[dict[str, File]], None]
"""Function that changes the files of a new snapshot in place."""

LARGE_SUFFIXES = (".7z", ".arrow", ".bin", ".bz2", ".gz", ".npy", ".npz", ".parquet", ".pt", ".safetensors", ".tar", ".tgz", ".xz", ".zip", ".zst")  # fmt: skip
LARGE_BYTES = 10 * 2**20
"""Maximum size of a regular file in bytes. Larger files must be LFS files."""

ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LARGE_SUFFIXES).encode()
"""Content of .gitattributes in a new repository."""

FORBIDDEN = frozenset({"", ".", "..", ".git"})


class CommitRequest(NamedTuple):
    """Parsed body of a commit request."""

    title: str
    description: str
    parent: str | None
    """Id of the expected head, or a prefix of it; None for any head."""

    operations: list[Operation]


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Return True if a file must be an LFS file: by its suffix, its size in bytes, or binary data in its first bytes."""
    return path.endswith(LARGE_SUFFIXES) or size > LARGE_BYTES or _is_binary(sample)


def put(path: str, file: File) -> Operation:
    """Return the operation that adds or replaces a file."""
    if FORBIDDEN.intersection(path.split("/")):
        raise bad_request(f"Invalid path: {path!r}")

    def apply(files: dict[str, File]) -> None:
        files[path] = file

    return apply


def delete_file(path: str) -> Operation:
    """Return the operation that deletes a file. It fails if the file does not exist."""

    def apply(files: dict[str, File]) -> None:
        if files.pop(path, None) is None:
            raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")

    return apply


def delete_folder(path: str) -> Operation:
    """Return the operation that deletes a folder. It fails if the folder does not exist."""
    prefix = f"{path.rstrip('/')}/"

    def apply(files: dict[str, File]) -> None:
        contained = [name for name in files if name.startswith(prefix)]
        if not contained:
            raise HubError(404, f"A folder with this name doesn't exist: {path}", "EntryNotFound")
        for name in contained:
            del files[name]

    return apply


def read_commit(body: bytes, uploaded: Mapping[str, File]) -> CommitRequest:
    """Parse the body of a commit request.

    Args:
        body: One JSON object per line.
        uploaded: Uploaded LFS files by the SHA-256 of their contents.

    Raises:
        HubError: If the body is malformed, or an operation is invalid.
    """
    lines = [json.loads(line) for line in body.splitlines() if line.strip()]
    if not lines or lines[0]["key"] != "header":
        raise bad_request("The first line of a commit must be its header")
    header = lines[0]["value"]
    if not header.get("summary"):
        raise bad_request('"summary" is not allowed to be empty')
    operations = [_operation(line["key"], line["value"], uploaded) for line in lines[1:]]
    return CommitRequest(header["summary"], header.get("description", ""), header.get("parentCommit"), operations)


def _operation(key: str, value: dict[str, Any], uploaded: Mapping[str, File]) -> Operation:
    path: str = value["path"]
    match key:
        case "file":
            data = base64.b64decode(value["content"], validate=True)
            if len(data) > LARGE_BYTES:
                raise bad_request(f"Your push was rejected because it contains files larger than 10 MiB: {path}")
            return put(path, File.regular(data))
        case "lfsFile":
            if value["oid"] not in uploaded:
                raise bad_request(f"Your push was rejected because an LFS pointer points to no file: {path}")
            return put(path, uploaded[value["oid"]])
        case "deletedFile":
            return delete_file(path)
        case "deletedFolder":
            return delete_folder(path)
    raise bad_request(f"Unknown operation in a commit: {key!r}")


def _is_binary(sample: bytes) -> bool:
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        return error.end < len(sample)  # at the end, the sample may just cut a character in half
    return "\0" in text
