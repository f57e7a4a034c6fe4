"""Instances as multiple-choice questions: which of the candidates would this user want?

The candidates are shuffled for each row, so the letter of the answer carries no information. Only the tool is asked
for, so the accuracy is the tool accuracy of the same choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Final

from builder.errors import DataError
from builder.randomness import generator_for
from hf_dataset.prompting import choice_option, choice_prompt
from hf_dataset.schema import Instance

OPTIONS: Final = 10
"""Number of options of a question."""
LETTERS: Final = ascii_uppercase[:OPTIONS]


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """A row of the multiple-choice form."""

    instance_id: str
    query_group: str
    kind: str | None
    """Kind of the preference; None for a preference over attributes."""
    prompt: str
    """Task, history and instruction."""
    options: list[str]
    """Documentation of the ten candidates, each a JSON object."""
    answer: str
    """Letter of the right option, `A` to `J`."""


def with_shuffled_candidates(rows: Iterable[Instance], seed: int) -> Iterator[Instance]:
    """Yield rows with their candidates in another order, which depends on the seed and the id of the row only.

    Args:
        rows: Rows with their answers.
        seed: Seed for the order.

    Raises:
        DataError: If a row has no answer, or not ten candidates.
    """
    for row in rows:
        if row.answer is None or len(row.candidates) != OPTIONS:
            lack = "no answer" if row.answer is None else f"{len(row.candidates)} candidates"
            raise DataError(
                f"{row.instance_id!r} has {lack}. A question needs an answer and {OPTIONS} candidates: export the "
                "validation split of a build with this number (catalog.candidates)."
            )
        order = generator_for((seed,), "choice", row.instance_id).permutation(OPTIONS)
        yield replace(row, candidates=[row.candidates[index] for index in order])


def choice_row(row: Instance) -> ChoiceRow:
    """Return a row with shuffled candidates as a question."""
    assert row.answer is not None
    place = [tool.name for tool in row.candidates].index(row.answer.name)
    return ChoiceRow(
        row.instance_id,
        row.query_group,
        row.meta.kind if row.meta else None,
        choice_prompt(row),
        [choice_option(tool) for tool in row.candidates],
        LETTERS[place],
    )
