"""Two runs on the same rows: who is ahead, by how much, and what became otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import DataError
from metrics.petoolbench.aggregation import compare_systems
from metrics.petoolbench.records import Verdict
from metrics.petoolbench.uncertainty import Comparison

from .gather import Gathered, Judged, gather

OVERALL: Final = "overall"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs on one config, or on all configs that both answer. What is counted is the tool."""

    config: str
    """A history type, or `overall`."""
    names: tuple[str, str]
    comparison: Comparison
    rates: tuple[float, float]
    """Tool accuracy of each on the rows that both were asked, 0 to 1."""
    both: int
    """Rows on which both are right."""
    only_first: tuple[str, ...]
    """Instance ids on which the first alone is right."""
    only_second: tuple[str, ...]
    neither: int
    changes: Mapping[tuple[str, str], int]
    """How often a row is of one error class with the first and another with the second; the most frequent first."""

    @property
    def in_words(self) -> str:
        """The comparison as a sentence."""
        if not self.only_first and not self.only_second:
            return f"{self.names[0]} and {self.names[1]} are right on the same rows: there is no difference to tell."
        return self.comparison.in_words(*self.names)


def compare_runs(first: Path, second: Path, data: Path, answers: Path | None = None) -> list[Compared]:
    """Compare two runs, config by config, and overall where there are several.

    Args:
        first: A run file.
        second: Another, on the same configs.
        data: Folder of the data set.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        DataError: If the runs are not of the same rows.
        MetricError, ReadError: If a file is not what it should be.
    """
    pair = gather([first], data, answers), gather([second], data, answers)
    _check_alike(first, second, *pair)
    names = _names(first, second, pair[0].runs[0].name, pair[1].runs[0].name)
    both = [_Rows(one, other) for one, other in zip(pair[0].runs, pair[1].runs, strict=True)]
    for rows in both:
        if not rows.ids:
            raise DataError(
                f"{str(first)!r} and {str(second)!r} were asked no row of {rows.config} both. Ask the same ones."
            )
    found = [_compared(rows.config, names, [rows]) for rows in both]
    return [_compared(OVERALL, names, both), *found] if len(found) > 1 else found


class _Rows:
    """What two runs replied to the rows of one config that both were asked."""

    def __init__(self, one: Judged, other: Judged) -> None:
        indexes = sorted(set(one.asked) & set(other.asked))
        self.config = one.config
        self.ids = [one.rows[index].instance_id for index in indexes]
        self.groups = [one.rows[index].query_group for index in indexes]
        self.first = [one.verdicts[index] for index in indexes]
        self.second = [other.verdicts[index] for index in indexes]


def _check_alike(first: Path, second: Path, one: Gathered, other: Gathered) -> None:
    wheres = [[(run.config, run.split) for run in gathered.runs] for gathered in (one, other)]
    if wheres[0] != wheres[1]:
        told = [", ".join(f"{config}/{split}" for config, split in where) for where in wheres]
        raise DataError(
            f"{str(first)!r} answers {told[0]}, and {str(second)!r} {told[1]}. Name two runs of one config and split."
        )


def _names(first: Path, second: Path, one: str, other: str) -> tuple[str, str]:
    """What the two are called: by their files where they would be called alike."""
    if one != other:
        return one, other
    files = (first.stem, second.stem) if first.stem != second.stem else (str(first), str(second))
    return files if files[0] != files[1] else ("A", "B")


def _compared(config: str, names: tuple[str, str], parts: Sequence[_Rows]) -> Compared:
    ids = [name for part in parts for name in part.ids]
    first: list[Verdict] = [one for part in parts for one in part.first]
    second: list[Verdict] = [one for part in parts for one in part.second]
    # The configs ask the same questions of other histories: a query group is one over all of them.
    groups = [group for part in parts for group in part.groups]
    pairs = list(zip(first, second, strict=True))
    changes = Counter((one.error_class, other.error_class) for one, other in pairs)
    return Compared(
        config=config,
        names=names,
        comparison=compare_systems(first, second, groups),
        rates=(sum(one.tool_correct for one in first) / len(ids), sum(one.tool_correct for one in second) / len(ids)),
        both=sum(one.tool_correct and other.tool_correct for one, other in pairs),
        only_first=_alone(ids, first, second),
        only_second=_alone(ids, second, first),
        neither=sum(not one.tool_correct and not other.tool_correct for one, other in pairs),
        changes={
            pair: count
            for pair, count in sorted(changes.items(), key=lambda item: (-item[1], item[0]))
            if pair[0] != pair[1]
        },
    )


def _alone(ids: Sequence[str], ones: Sequence[Verdict], others: Sequence[Verdict]) -> tuple[str, ...]:
    """Ids of the rows on which the ones are right and the others are not."""
    return tuple(
        name for name, one, other in zip(ids, ones, others, strict=True) if one.tool_correct and not other.tool_correct
    )
