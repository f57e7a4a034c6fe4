"""Settings and helpers that the tests of the training data share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from builder.config import UserConfig
from hf_dataset.schema import DpoRow, MessageRow
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ToolCall
from tests.conftest import SMALL

MIX = {
    "same_function": 0.15, "disliked": 0.25, "stale": 0.25, "wrong_argument": 0.15, "wrong_functionality": 0.1,
    "wrong_format": 0.1,
}  # fmt: skip
"""Shares of the kinds, chosen so that every kind is frequent."""
BY_HISTORY = ("same_function", "disliked", "stale")
"""Kinds that can be recognised only with the history."""
MOST_TRAIN = SMALL.model_copy(update={"users": UserConfig(count=250, train=0.8, validation=0.1, test=0.1)})
"""Build with enough query groups in train for a leak to be detected."""
TRAIN = 200
"""Number of training users in `MOST_TRAIN`."""


def plain(messages: Sequence[MessageRow]) -> list[dict[str, str]]:
    """Return messages as dicts."""
    return [{"role": message.role, "content": message.content} for message in messages]


def query_groups(rows: Sequence[DpoRow]) -> dict[tuple[str, str], list[DpoRow]]:
    """Return the rows by query group and config."""
    groups: defaultdict[tuple[str, str], list[DpoRow]] = defaultdict(list)
    for row in rows:
        groups[row.query_group, row.config].append(row)
    return groups


def parsed(text: str) -> ToolCall:
    """Parse a reply that must be a valid call."""
    call = parse(text)
    assert isinstance(call, ToolCall), text
    return call
