"""The data set as a loading script, for those who want a class, and for `datasets` before 4.

As a class it works with every version of `datasets` from 2.21 on:

    builder = PEToolBench(config_name="chronological", data_dir="out/demo")
    builder.download_and_prepare()
    rows = builder.as_dataset(split="validation")

On the branch `script` of the data set's repository it stands alone beside the data, under the repository's name. So it
imports nothing of ours, and what it knows of rows is written into it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import datasets
import pyarrow.parquet as pq

BUILD = ""
"""SHA-256 of the manifest that a pushed script stands beside, empty in ours.

`datasets` 3 caches rows by the code of their script alone: without this, new data would go unseen.
"""

# Derived from hf_dataset/schema.py by `python -m hf_dataset.script_branch`:
ROWS: dict[str, dict[str, Any]] = {
    "Instance": {
        "instance_id": "string",
        "user_id": "string",
        "query_group": "string",
        "category": "string",
        "functionality": "string",
        "instruction": "string",
        "history": [{"instruction": "string", "name": "string", "arguments": "string", "rating": "int32"}],
        "history_tools": [{"name": "string", "provider": "string", "description": "string", "parameters": "string"}],
        "candidates": [{"name": "string", "provider": "string", "description": "string", "parameters": "string"}],
        "answer": {"name": "string", "arguments": "string"},
        "evidence": ["int32"],
        "meta": {
            "axes": ["string"],
            "drift_step": "int32",
            "noise": "float32",
            "distractor_level": "string",
            "n_tokens": "int32",
            "same_function": ["string"],
        },
    },
    "ToolRow": {
        "name": "string",
        "provider": "string",
        "category": "string",
        "functionality": "string",
        "description": "string",
        "parameters": "string",
        "attributes": [{"axis": "string", "value": "string", "evidence": "string"}],
    },
    "SftRow": {
        "instance_id": "string",
        "config": "string",
        "query_group": "string",
        "messages": [{"role": "string", "content": "string"}],
    },
    "DpoRow": {
        "instance_id": "string",
        "config": "string",
        "query_group": "string",
        "kind": "string",
        "prompt": [{"role": "string", "content": "string"}],
        "chosen": [{"role": "string", "content": "string"}],
        "rejected": [{"role": "string", "content": "string"}],
    },
}
CONFIGS: dict[str, dict[str, Any]] = {
    "preferred_only": {
        "row": "Instance",
        "files": {
            "train": "preferred_only/train.parquet",
            "validation": "preferred_only/validation.parquet",
            "test": "preferred_only/test.parquet",
        },
    },
    "rating_integrated": {
        "row": "Instance",
        "files": {
            "train": "rating_integrated/train.parquet",
            "validation": "rating_integrated/validation.parquet",
            "test": "rating_integrated/test.parquet",
        },
    },
    "chronological": {
        "row": "Instance",
        "files": {
            "train": "chronological/train.parquet",
            "validation": "chronological/validation.parquet",
            "test": "chronological/test.parquet",
        },
    },
    "tools": {
        "row": "ToolRow",
        "files": {
            "train": "tools/train.parquet",
            "validation": "tools/validation.parquet",
            "test": "tools/test.parquet",
        },
    },
    "sft": {"row": "SftRow", "files": {"train": "sft/train.parquet"}},
    "dpo": {"row": "DpoRow", "files": {"train": "dpo/train.parquet"}},
}
# End of what is derived.

BATCH = 1000
"""Rows that are read at once."""


def feature(spec: Any) -> Any:
    """The feature of a column, by whichever version of `datasets` is installed.

    Args:
        spec: The name of a type; a list of one for a list; a dict of columns for a struct.
    """
    if isinstance(spec, str):
        return datasets.Value(spec)
    if isinstance(spec, dict):
        return {name: feature(inner) for name, inner in spec.items()}
    inner = feature(spec[0])
    # A sequence of structs would come out as a struct of lists.
    return [inner] if isinstance(inner, dict) else datasets.Sequence(inner)


class PEToolBench(datasets.GeneratorBasedBuilder):
    """The configs of PEToolBench.

    Args:
        *options: Those of `datasets.DatasetBuilder`.
        data_dir: Folder of a built data set; by default the folder, or the repository, that the script stands in.
        base_path: The same, as `datasets` calls it.
        **named_options: Those of `datasets.DatasetBuilder`, `config_name` among them.

    Raises:
        FileNotFoundError: If the folder is no built data set.
    """

    BUILDER_CONFIGS: ClassVar = [datasets.BuilderConfig(name=name) for name in CONFIGS]
    DEFAULT_CONFIG_NAME = next(iter(CONFIGS))

    def __init__(
        self,
        *options: Any,
        data_dir: str | Path | None = None,
        base_path: str | Path | None = None,
        **named_options: Any,
    ) -> None:
        folder = str(data_dir or base_path or Path(__file__).parent)
        if "://" not in folder:
            folder = str(Path(folder).absolute())
            # Rows are cached by this: another folder, or another build in the same one, has other rows.
            named_options["hash"] = (named_options.get("hash") or "") + _build_of(folder)
        super().__init__(*options, base_path=folder, **named_options)

    @classmethod
    def get_all_exported_dataset_infos(cls) -> dict[str, Any]:
        """Nothing: a card beside the script may be that of other data, whose sizes are not those of these rows."""
        return {}

    def _info(self) -> Any:
        return datasets.DatasetInfo(features=datasets.Features(feature(ROWS[CONFIGS[self.config.name]["row"]])))

    def _split_generators(self, dl_manager: Any) -> list[Any]:
        with open(dl_manager.download("manifest.json"), encoding="utf-8") as file:  # noqa: PTH123  (see below)
            there = json.load(file)["files"]
        files = {split: files_of(name, there) for split, name in CONFIGS[self.config.name]["files"].items()}
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"paths": paths})
            for split, paths in dl_manager.download(files).items()
        ]

    def _generate_examples(self, paths: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from enumerate(row for path in paths for row in rows_of(path))


def files_of(name: str, there: Iterable[str]) -> list[str]:
    """Which of some files hold the rows of the table of a name: the file of that name, or its shards in order."""
    pattern = re.escape(name).replace(r"\.parquet", r"(-\d+-of-\d+)?\.parquet")
    return sorted(path for path in there if re.fullmatch(pattern, path)) or [name]


def rows_of(path: str) -> Iterator[dict[str, Any]]:
    """Rows of a file."""
    with open(path, "rb") as file:  # noqa: PTH123  (streaming puts an `open` here that takes addresses)
        for batch in pq.ParquetFile(file).iter_batches(BATCH):
            yield from batch.to_pylist()


def _build_of(folder: str) -> str:
    manifest = Path(folder, "manifest.json")
    if not manifest.is_file():
        raise FileNotFoundError(
            f"{folder!r} holds no manifest.json: it is no built data set. Name the folder of one with data_dir=; "
            "petoolbench build --catalog builtin -o FOLDER makes one."
        )
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:16]
