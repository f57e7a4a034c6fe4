"""Texts of data sets of others, on which the figures of an audit on texts are measured for comparison.

The files are in a folder of real data, which is not part of the repository. Only figures are computed from them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from builder.audit.proper_names import Request, tool_words
from builder.audit.request_texts import GroupTexts, group_texts
from builder.audit.text_quality import Asked, asked, leaves
from builder.errors import DataError
from hf_dataset.schema import HISTORY_TYPES

from .importer import SPLIT
from .released_prompts import UnparsedError
from .released_rows import read_entry, to_instances

ORIGINAL: Final = "petoolbench_original_sample.json.gz"
"""File with released rows of the earlier benchmark."""
CATALOGUE: Final = "rapidapi_tools.jsonl.gz"
"""File with the tools of a real catalogue, some of which have example instructions."""


@dataclass(frozen=True, slots=True)
class ReferenceTexts:
    """Texts of a data set of others."""

    name: str
    asked: Sequence[Asked]
    """Instructions."""
    groups: Sequence[GroupTexts]
    """Texts of its query groups; without histories where it has none."""


def read_references(folder: Path) -> list[ReferenceTexts]:
    """Read the texts of the earlier benchmark and of the examples in a real catalogue.

    Args:
        folder: Folder of the real data, with the files `ORIGINAL` and `CATALOGUE`.

    Raises:
        DataError: If a file cannot be read or is malformed.
    """
    return [read_original_texts(folder / ORIGINAL), read_example_texts(folder / CATALOGUE)]


def read_original_texts(path: Path) -> ReferenceTexts:
    """Read the texts of released rows of the earlier benchmark, with the histories of `chronological`.

    Rows with the same query are one query group. For the share of distinct instructions, each pair of query and
    answer's tool counts as a query group.

    Args:
        path: JSON file, compressed with gzip.

    Raises:
        DataError: If the file cannot be read or is malformed.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            records = json.load(file)
        rows = [
            to_instances(read_entry(record, number), "")[HISTORY_TYPES[-1]] for number, record in enumerate(records, 1)
        ]
    except (OSError, ValueError, TypeError, UnparsedError) as error:
        raise DataError(f"{str(path)!r} does not hold released rows of the earlier benchmark: {error!r}.") from error
    pairs = [replace(row, query_group=f"{row.instruction} {row.answer and row.answer.name}") for row in rows]
    return ReferenceTexts(
        f"the earlier benchmark, {len(rows)} rows", asked(pairs, SPLIT), group_texts(rows, f"{SPLIT} of others")
    )


def read_example_texts(path: Path) -> ReferenceTexts:
    """Read the example instructions of the tools of a real catalogue. They have no users, and so no histories.

    Args:
        path: JSON Lines, compressed with gzip: a tool with `examples_from_history` on each line.

    Raises:
        DataError: If the file cannot be read or is malformed.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            examples = [example for line in file for example in _examples(json.loads(line))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{str(path)!r} does not hold the tools of a real catalogue: {error!r}.") from error
    return ReferenceTexts(
        f"examples of a real catalogue, {len(examples)}",
        [item for item, _ in examples],
        [GroupTexts(request, (), 0) for _, request in examples],
    )


def _examples(tool: dict[str, Any]) -> Iterator[tuple[Asked, Request]]:
    """Yield the examples of a tool; each is a query group of its own."""
    name = f"{tool['tool_name']} {tool['api_name']}"
    excluded = tool_words(name, tool["api_description"] or "")
    for number, example in enumerate(tool.get("examples_from_history") or ()):
        text, values = example["instruction"], tuple(leaves(example["parameters"]))
        yield (
            Asked(text, name, values, f"{name} {number}"),
            Request(text, tuple(str(value) for value in values if value is not None), excluded),
        )
