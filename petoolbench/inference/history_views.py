"""An instance as a model is shown it: whose history, and in what order the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

from builder.audit.swapping import swap_histories
from builder.errors import DataError
from builder.randomness import generator_for
from hf_dataset.schema import Instance

History = Literal["own", "none", "swapped"]
HISTORIES: Final[tuple[History, ...]] = get_args(History)


def apply_history_view(
    rows: Sequence[Instance], history: History = "own", shuffle_seed: int | None = None
) -> list[Instance]:
    """The rows as they are shown; ids, instructions, candidates and answers stay what they are.

    Args:
        rows: All rows of a split of a config.
        history: Whose history is shown: the user's `own`, `none`, or `swapped` for that of a user of another query
            group.
        shuffle_seed: Of the candidates' order, which depends on nothing else but the instance's id; None for the
            order of the data set.

    Raises:
        DataError: If there is nobody to swap histories with.
    """
    if history == "swapped":
        other = swap_histories(rows)
        if len(other) < 2:
            raise DataError(
                "All instances are of one query group: there is no other user whose history could be shown."
            )
        shown = [
            replace(row, history=other[row.query_group].history, history_tools=other[row.query_group].history_tools)
            for row in rows
        ]
    elif history == "none":
        shown = [replace(row, history=[], history_tools=[]) for row in rows]
    else:
        shown = list(rows)
    return shown if shuffle_seed is None else [_shuffled(row, shuffle_seed) for row in shown]


def _shuffled(row: Instance, seed: int) -> Instance:
    order = generator_for((seed,), "candidates", row.instance_id).permutation(len(row.candidates))
    return replace(row, candidates=[row.candidates[index] for index in order])
