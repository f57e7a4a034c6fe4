"""Training data as the files that trainers take: JSON lines, and what LLaMA-Factory must know of them.

`trl` is the rows as they are: `SFTTrainer` reads `messages`, `DPOTrainer` reads `prompt`, `chosen` and `rejected`, and
both leave the other columns alone. `llama-factory` is its sharegpt form with OpenAI's names of roles, in which a chosen
and a rejected message are no lists, with the `dataset_info.json` by which it finds columns and roles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from builder.errors import ConfigError
from builder.execution.staging import folder_written_aside
from hf_dataset.layout import TRAINING
from hf_dataset.reader import read_training
from hf_dataset.schema import to_dict

_TAGS: Final = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_INFO: Final = {
    "petoolbench_sft": {
        "file_name": "sft.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": _TAGS,
    },
    "petoolbench_dpo": {
        "file_name": "dpo.jsonl",
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
        "tags": _TAGS,
    },
}


def _as_it_is(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _sharegpt(row: dict[str, Any]) -> dict[str, Any]:
    if "messages" in row:
        return {"messages": row["messages"]}
    return {"messages": row["prompt"], "chosen": row["chosen"][0], "rejected": row["rejected"][0]}


FORMATS: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "trl": _as_it_is,
    "llama-factory": _sharegpt,
}


def export_training(data: Path, out: Path, fmt: str) -> dict[str, int]:
    """Write the training data of a data set as a folder of JSON lines; the number of rows by file name.

    Args:
        data: Folder of the data set.
        out: Folder to make.
        fmt: One of `FORMATS`.

    Raises:
        ConfigError: If there is no such format.
        OutputError: If the folder is there, or cannot be made.
        ReadError: If the data set has no training data, or it is not what it should be.
    """
    if fmt not in FORMATS:
        raise ConfigError(f"There is no format {fmt!r}. Formats are {', '.join(FORMATS)}.")
    with folder_written_aside(out) as folder:
        counts = {f"{config}.jsonl": _write(data, config, folder / f"{config}.jsonl", fmt) for config in TRAINING}
        if fmt == "llama-factory":
            (folder / "dataset_info.json").write_text(json.dumps(_INFO, indent=2) + "\n", encoding="utf-8")
    return counts


def _write(data: Path, config: str, path: Path, fmt: str) -> int:
    count = 0
    # Not the platform's line ends, and no other separators than "\n": what JSON lines are split at.
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in read_training(data, config):
            file.write(json.dumps(FORMATS[fmt](to_dict(row)), ensure_ascii=False) + "\n")
            count += 1
    return count
