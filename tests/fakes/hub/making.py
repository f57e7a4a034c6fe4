"""A small data set repository, uploaded with a client."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import CommitInfo, CommitOperationAdd, HfApi

NAME = "org/numbers"
TEXT = "notes/été 1.txt"
README = b"""---
license: cc0-1.0
---
Numbers.
"""


def parquet(count: int) -> bytes:
    """Return a Parquet file with the first `count` numbers."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"number": range(count)}), buffer)
    return buffer.getvalue()


def files(count: int) -> dict[str, bytes]:
    """Return the files of a data set with the first `count` numbers."""
    return {"README.md": README, "data/train.parquet": parquet(count), TEXT: f"up to {count}\n".encode()}


def upload(api: HfApi, contents: Mapping[str, bytes], message: str = "Upload", **options: str | bool) -> CommitInfo:
    """Commit files to the repository with a client."""
    operations = [CommitOperationAdd(path, data) for path, data in contents.items()]
    commit = api.create_commit(NAME, operations, commit_message=message, repo_type="dataset", **options)  # type: ignore[call-overload]
    assert isinstance(commit, CommitInfo)
    return commit


def publish(api: HfApi, count: int = 3, *, private: bool = False) -> str:
    """Create the repository with a client, upload its files, and return the id of the commit."""
    api.create_repo(NAME, repo_type="dataset", private=private)
    return upload(api, files(count)).oid
