"""Views of instances for control experiments: with another history, or with shuffled candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

from builder.audit.swapping import swap_histories
from builder.errors import DataError
from builder.randomness import generator_for
from hf_dataset.schema import Instance, MetaRow

History = Literal["own", "none", "swapped"]
HISTORIES: Final[tuple[History, ...]] = get_args(History)


def apply_history_view(
    rows: Sequence[Instance], history: History = "own", shuffle_seed: int | None = None
) -> list[Instance]:
    """Return rows under a history view. Ids, instructions, candidates and answers do not change.

    Args:
        rows: All rows of a split of a config.
        history: The user's `own` history, `none`, or `swapped` for that of a user of another query group. What `meta`
            says about the steps belongs to the history that is shown.
        shuffle_seed: Seed for shuffling the candidates; None for the order of the data set. The shuffled order depends
            only on the seed and on the id of the instance.

    Raises:
        DataError: If there is no other query group to swap histories with.
    """
    if history == "swapped":
        other = swap_histories(rows)
        if len(other) < 2:
            raise DataError(
                "Histories cannot be swapped, because all instances belong to one query group. Use a larger data set."
            )
        view = [_with_history_of(row, other[row.query_group]) for row in rows]
    elif history == "none":
        view = [
            replace(row, history=[], history_tools=[], evidence=[], meta=row.meta and _meta(row.meta, MetaRow()))
            for row in rows
        ]
    else:
        view = list(rows)
    return view if shuffle_seed is None else [_shuffled(row, shuffle_seed) for row in view]


def _with_history_of(row: Instance, other: Instance) -> Instance:
    meta = _meta(row.meta, other.meta) if row.meta and other.meta else row.meta
    return replace(row, history=other.history, history_tools=other.history_tools, evidence=other.evidence, meta=meta)


def _meta(own: MetaRow, other: MetaRow) -> MetaRow:
    """Return the metadata of a row with what those of another row say about the steps of its history."""
    return replace(
        own,
        drift_step=other.drift_step,
        noise=other.noise,
        concerns=other.concerns,
        step_concerns=other.step_concerns,
        evidence=other.evidence,
        change=other.change,
    )


def _shuffled(row: Instance, seed: int) -> Instance:
    order = generator_for((seed,), "candidates", row.instance_id).permutation(len(row.candidates))
    return replace(row, candidates=[row.candidates[index] for index in order])
