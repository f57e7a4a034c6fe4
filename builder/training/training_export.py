"""Export of the training data as JSON lines, for TRL or LLaMA-Factory.

`trl` writes the rows unchanged: `SFTTrainer` reads `messages`, `DPOTrainer` reads `prompt`, `chosen` and `rejected`,
and both ignore the other columns. `llama-factory` writes the sharegpt format with OpenAI's role names, in which the
chosen and the rejected message are single messages instead of lists. A `dataset_info.json` describes its columns and
roles.
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


def _unchanged(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _sharegpt(row: dict[str, Any]) -> dict[str, Any]:
    if "messages" in row:
        return {"messages": row["messages"]}
    return {"messages": row["prompt"], "chosen": row["chosen"][0], "rejected": row["rejected"][0]}


FORMATS: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "trl": _unchanged,
    "llama-factory": _sharegpt,
}
"""Function that converts a row of `sft` or `dpo`, by format name."""


def export_training(data: Path, out: Path, fmt: str) -> dict[str, int]:
    """Export the training data of a data set as JSON lines.

    Args:
        data: Folder of the data set.
        out: Folder to create.
        fmt: One of `FORMATS`.

    Returns:
        Number of rows, by file name.

    Raises:
        ConfigError: If the format is unknown.
        OutputError: If the output folder exists or cannot be created.
        ReadError: If the data set has no training data, or the data cannot be read.
    """
    if fmt not in FORMATS:
        raise ConfigError(f"Unknown format {fmt!r}. Available formats: {', '.join(FORMATS)}.")
    with folder_written_aside(out) as folder:
        counts = {f"{config}.jsonl": _write(data, config, folder / f"{config}.jsonl", fmt) for config in TRAINING}
        if fmt == "llama-factory":
            (folder / "dataset_info.json").write_text(json.dumps(_INFO, indent=2) + "\n", encoding="utf-8")
    return counts


def _write(data: Path, config: str, path: Path, fmt: str) -> int:
    """Write the rows of `sft` or `dpo` to a file and return their number."""
    count = 0
    # JSON Lines uses "\n" on every platform.
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in read_training(data, config):
            file.write(json.dumps(FORMATS[fmt](to_dict(row)), ensure_ascii=False) + "\n")
            count += 1
    return count
