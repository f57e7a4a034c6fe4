"""Loading script of the data set, as a builder class, and for versions of `datasets` before 4.

The class works with every version of `datasets` from 2.21 on:

    builder = PEToolBench(config_name="chronological", data_dir="out/demo")
    builder.download_and_prepare()
    rows = builder.as_dataset(split="validation")

On the branch `script` of the data set's repository, this file is stored next to the data, under the name of the
repository. So it imports nothing of this project, and contains a copy of the schema.
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
"""SHA-256 of the manifest of the data that the script is pushed with; empty in this repository.

`datasets` 3 caches rows by the code of their script only. Without the hash it would not notice new data.
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
        "today": "string",
        "history": [
            {
                "instruction": "string",
                "name": "string",
                "arguments": "string",
                "rating": "int32",
                "offered": ["string"],
                "date": "string",
            },
        ],
        "history_tools": [
            {
                "name": "string",
                "provider": "string",
                "description": "string",
                "listing": "string",
                "parameters": "string",
            },
        ],
        "candidates": [
            {
                "name": "string",
                "provider": "string",
                "description": "string",
                "listing": "string",
                "parameters": "string",
            },
        ],
        "answer": {"name": "string", "arguments": "string", "alternatives": ["string"]},
        "evidence": ["int32"],
        "meta": {
            "axes": ["string"],
            "drift_step": "int32",
            "noise": "float32",
            "distractor_level": "string",
            "n_tokens": "int32",
            "same_function": ["string"],
            "kind": "string",
            "wanted": [{"axis": "string", "bound": "string", "direction": "string", "weight": "float32"}],
            "concerns": "int32",
            "step_concerns": ["int32"],
            "evidence": "int32",
            "change": "string",
            "arguments": ["string"],
        },
    },
    "ToolRow": {
        "name": "string",
        "provider": "string",
        "category": "string",
        "functionality": "string",
        "description": "string",
        "listing": "string",
        "parameters": "string",
        "facts": [{"axis": "string", "value": "string", "unit": "string", "stated": "string"}],
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
# End of the derived part.

BATCH = 1000
"""Number of rows per batch."""


def feature(spec: Any) -> Any:
    """Return the feature of a column, for the installed version of `datasets`.

    Args:
        spec: Name of a type; a list with one spec for a list; a dict of specs for a struct.
    """
    if isinstance(spec, str):
        return datasets.Value(spec)
    if isinstance(spec, dict):
        return {name: feature(inner) for name, inner in spec.items()}
    inner = feature(spec[0])
    # `datasets` turns a Sequence of structs into a struct of lists.
    return [inner] if isinstance(inner, dict) else datasets.Sequence(inner)


class PEToolBench(datasets.GeneratorBasedBuilder):
    """Builder of the configs of PEToolBench.

    Args:
        *options: Options of `datasets.DatasetBuilder`.
        data_dir: Folder of a built data set. Defaults to `base_path`.
        base_path: Folder or URL of the data, as passed by `datasets`. Defaults to the folder of the script.
        **named_options: Options of `datasets.DatasetBuilder`, such as `config_name`.

    Raises:
        FileNotFoundError: If the folder is not a built data set.
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
            # The cache key of the rows: another folder, or another build in the same folder, has other rows.
            named_options["hash"] = (named_options.get("hash") or "") + _build_of(folder)
        super().__init__(*options, base_path=folder, **named_options)

    @classmethod
    def get_all_exported_dataset_infos(cls) -> dict[str, Any]:
        """Return nothing: a card next to the script may describe other data, of other sizes."""
        return {}

    def _info(self) -> Any:
        return datasets.DatasetInfo(features=datasets.Features(feature(ROWS[CONFIGS[self.config.name]["row"]])))

    def _split_generators(self, dl_manager: Any) -> list[Any]:
        with open(dl_manager.download("manifest.json"), encoding="utf-8") as file:  # noqa: PTH123  (see `rows_of`)
            listed = json.load(file)["files"]
        files = {split: files_of(name, listed) for split, name in CONFIGS[self.config.name]["files"].items()}
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"paths": paths})
            for split, paths in dl_manager.download(files).items()
        ]

    def _generate_examples(self, paths: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from enumerate(row for path in paths for row in rows_of(path))


def files_of(name: str, there: Iterable[str]) -> list[str]:
    """Return the paths of the files of a table: the file of that name, or its shards in order.

    Args:
        name: Path of the table.
        there: Paths of the existing files.
    """
    pattern = re.escape(name).replace(r"\.parquet", r"(-\d+-of-\d+)?\.parquet")
    return sorted(path for path in there if re.fullmatch(pattern, path)) or [name]


def rows_of(path: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file.

    Args:
        path: Path or URL of a Parquet file.
    """
    with open(path, "rb") as file:  # noqa: PTH123  (`datasets` replaces `open` by one that opens URLs)
        for batch in pq.ParquetFile(file).iter_batches(BATCH):
            yield from batch.to_pylist()


def _build_of(folder: str) -> str:
    """Return a hash of the manifest of a data set."""
    manifest = Path(folder, "manifest.json")
    if not manifest.is_file():
        raise FileNotFoundError(
            f"{folder!r} holds no manifest.json: it is not a built data set. Pass the folder of one as data_dir, or "
            "build one with: petoolbench build --catalog builtin -o FOLDER"
        )
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:16]
