"""A small data set, as a client uploads it."""

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
configs:
- config_name: numbers
  default: true
  data_files:
  - split: train
    path: data/train.parquet
---
Numbers.
"""
SCRIPT = b"""
import datasets
import pyarrow.parquet as pq


class Numbers(datasets.GeneratorBasedBuilder):
    BUILDER_CONFIGS = [datasets.BuilderConfig(name="numbers")]

    def _info(self):
        return datasets.DatasetInfo(features=datasets.Features({"number": datasets.Value("int64")}))

    def _split_generators(self, manager):
        path = manager.download("data/train.parquet")
        return [datasets.SplitGenerator(name="train", gen_kwargs={"path": path})]

    def _generate_examples(self, path):
        for key, row in enumerate(pq.read_table(path).to_pylist()):
            yield key, {"number": -row["number"]}
"""


def parquet(count: int) -> bytes:
    """A Parquet file of the first numbers."""
    made = io.BytesIO()
    pq.write_table(pa.table({"number": range(count)}), made)
    return made.getvalue()


def files(count: int) -> dict[str, bytes]:
    """The data set of the first numbers."""
    return {"README.md": README, "data/train.parquet": parquet(count), TEXT: f"up to {count}\n".encode()}


def upload(api: HfApi, contents: Mapping[str, bytes], message: str = "Upload", **options: str | bool) -> CommitInfo:
    """Commit to the data set with a client."""
    operations = [CommitOperationAdd(path, data) for path, data in contents.items()]
    made = api.create_commit(NAME, operations, commit_message=message, repo_type="dataset", **options)  # type: ignore[call-overload]
    assert isinstance(made, CommitInfo)
    return made


def publish(api: HfApi, count: int = 3, *, private: bool = False) -> str:
    """Make the data set with a client; the id of its commit."""
    api.create_repo(NAME, repo_type="dataset", private=private)
    return upload(api, files(count)).oid
