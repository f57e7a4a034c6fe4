"""What a commit does to the files: the lines of its body, each as a change to a snapshot."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .errors import HubError, bad_request
from .objects import File

Operation = Callable[[dict[str, File]], None]
"""Changes the files of a snapshot that is about to be made."""

LARGE_SUFFIXES = (".7z", ".arrow", ".bin", ".bz2", ".gz", ".npy", ".npz", ".parquet", ".pt", ".safetensors", ".tar", ".tgz", ".xz", ".zip", ".zst")  # fmt: skip
LARGE_BYTES = 10 * 2**20
"""From more than so many bytes a file must be an LFS file, whatever it is."""

ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LARGE_SUFFIXES).encode()
"""The .gitattributes that a new repository is given."""

FORBIDDEN = frozenset({"", ".", "..", ".git"})


class Asked(NamedTuple):
    """The body of a request for a commit."""

    title: str
    description: str
    parent: str | None
    """The commit that must still be the head, whole or its first characters."""

    operations: list[Operation]


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Whether a file goes to LFS, told from its name, its size in bytes, and its first bytes."""
    return path.endswith(LARGE_SUFFIXES) or size > LARGE_BYTES or _is_binary(sample)


def put(path: str, file: File) -> Operation:
    """Add a file, or replace it."""
    if FORBIDDEN.intersection(path.split("/")):
        raise bad_request(f"Invalid path: {path!r}")

    def apply(files: dict[str, File]) -> None:
        files[path] = file

    return apply


def delete_file(path: str) -> Operation:
    """Take a file away, which must be there."""

    def apply(files: dict[str, File]) -> None:
        if files.pop(path, None) is None:
            raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")

    return apply


def delete_folder(path: str) -> Operation:
    """Take a folder away, which must be there."""
    prefix = f"{path.rstrip('/')}/"

    def apply(files: dict[str, File]) -> None:
        held = [name for name in files if name.startswith(prefix)]
        if not held:
            raise HubError(404, f"A folder with this name doesn't exist: {path}", "EntryNotFound")
        for name in held:
            del files[name]

    return apply


def read_commit(body: bytes, uploaded: Mapping[str, File]) -> Asked:
    """Read the body of a request for a commit.

    Args:
        body: A JSON object on each line.
        uploaded: The LFS files that the repository has, by the SHA-256 of their contents.
    """
    lines = [json.loads(line) for line in body.splitlines() if line.strip()]
    if not lines or lines[0]["key"] != "header":
        raise bad_request("The first line of a commit must be its header")
    header = lines[0]["value"]
    if not header.get("summary"):
        raise bad_request('"summary" is not allowed to be empty')
    operations = [_operation(line["key"], line["value"], uploaded) for line in lines[1:]]
    return Asked(header["summary"], header.get("description", ""), header.get("parentCommit"), operations)


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
        return error.end < len(sample)  # else the sample may only have been cut inside a character
    return "\0" in text
