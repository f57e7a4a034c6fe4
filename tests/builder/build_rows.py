"""Rows of a finished build, as its tests look at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, Instance
from tests.conftest import Built

Rows = dict[tuple[str, str], list[Instance]]
"""Instances by config and split."""
PUBLIC = ("train", "validation")
"""Splits whose answers are published."""


def read_rows(built: Built) -> Rows:
    """Read all instances of a build."""
    return {(config, split): read_instances(built.data, config, split) for config in HISTORY_TYPES for split in SPLITS}


def everything(rows: Rows) -> list[Instance]:
    """Return the instances of all configs and splits."""
    return [row for part in rows.values() for row in part]


def answered(rows: Iterable[Instance]) -> list[tuple[Instance, AnswerRow]]:
    """Return the instances that have an answer, with it."""
    return [(row, row.answer) for row in rows if row.answer is not None]


def query_groups(rows: Iterable[Instance]) -> list[list[Instance]]:
    """Return the instances of each query group."""
    groups: defaultdict[str, list[Instance]] = defaultdict(list)
    for row in rows:
        groups[row.query_group].append(row)
    return list(groups.values())


def provider(row: Instance, name: str) -> str:
    """Return the provider of a tool that an instance documents."""
    return next(tool.provider for tool in (*row.candidates, *row.history_tools) if tool.name == name)


def leaves(value: Any) -> list[Any]:
    """Return the values of nested arguments."""
    return [leaf for inner in value.values() for leaf in leaves(inner)] if isinstance(value, dict) else [value]
