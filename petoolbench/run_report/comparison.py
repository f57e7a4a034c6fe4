"""Comparison of two runs on the same instances: paired difference, and the instances whose outcome changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import DataError
from metrics.petoolbench.aggregation import compare_systems
from metrics.petoolbench.records import Verdict
from metrics.petoolbench.uncertainty import Comparison
from petoolbench.data import InstanceSet
from petoolbench.runs import Run

from .gather import Gathered, JudgedRun, gather

OVERALL: Final = "overall"
"""Value of `RunPair.config` for all configs together."""


@dataclass(frozen=True, slots=True)
class RunPair:
    """Comparison of two runs in tool accuracy, on one config or on all configs that both runs answer."""

    config: str
    """History type, or `overall`."""
    names: tuple[str, str]
    comparison: Comparison
    rates: tuple[float, float]
    """Tool accuracy of each run on the instances that both runs cover, 0 to 1."""
    both: int
    """Number of instances on which both runs call the correct tool."""
    only_first: tuple[str, ...]
    """Ids of the instances on which only the first run calls the correct tool."""
    only_second: tuple[str, ...]
    neither: int
    changes: Mapping[tuple[str, str], int]
    """Number of instances by error class in the first and second run, where these differ; most frequent first."""

    @property
    def in_words(self) -> str:
        """Result of the comparison as a sentence."""
        if not self.only_first and not self.only_second:
            return f"{self.names[0]} and {self.names[1]} call the correct tool on the same instances: no difference."
        return self.comparison.in_words(*self.names)


class _Shared:
    """Replies of two runs to the instances of one config that both cover."""

    def __init__(self, first: JudgedRun, second: JudgedRun) -> None:
        indexes = sorted(set(first.asked) & set(second.asked))
        self.config = first.config
        self.ids = [first.rows[index].instance_id for index in indexes]
        self.groups = [first.rows[index].query_group for index in indexes]
        self.first = [first.verdicts[index] for index in indexes]
        self.second = [second.verdicts[index] for index in indexes]


def compare_runs(
    first: Path | Run, second: Path | Run, data: Path | InstanceSet, answers: Path | None = None
) -> list[RunPair]:
    """Compare two runs on each config and, if there are several configs, overall.

    Args:
        first: A run, or a run file.
        second: Another run on the same configs and split.
        data: Folder of the data set, or loaded instances.
        answers: Folder of the private answers; required for runs of the test split.

    Returns:
        The overall comparison first, if there are several configs; then one comparison per config.

    Raises:
        DataError: If the runs do not answer the same configs and split, or share no instance of a config.
        MetricError: If a reference is malformed.
        ReadError: If a file of the data set cannot be read.
    """
    pair = gather([first], data, answers), gather([second], data, answers)
    _check_same_configs(first, second, *pair)
    names = _names(first, second, pair[0].runs[0].name, pair[1].runs[0].name)
    parts = [_Shared(*runs) for runs in zip(pair[0].runs, pair[1].runs, strict=True)]
    for part in parts:
        if not part.ids:
            raise DataError(
                f"{_file(first)!r} and {_file(second)!r} were asked no common instance of {part.config}. "
                "Run both with the same --limit and --ids."
            )
    comparisons = [_compare(part.config, names, [part]) for part in parts]
    return [_compare(OVERALL, names, parts), *comparisons] if len(comparisons) > 1 else comparisons


def _check_same_configs(first: Path | Run, second: Path | Run, first_runs: Gathered, second_runs: Gathered) -> None:
    answered = [[f"{run.config}/{run.split}" for run in gathered.runs] for gathered in (first_runs, second_runs)]
    if answered[0] != answered[1]:
        raise DataError(
            f"{_file(first)!r} answers {', '.join(answered[0])}, but {_file(second)!r} "
            f"answers {', '.join(answered[1])}. Name two runs of the same config and split."
        )


def _file(run: Path | Run) -> str:
    return str(run.path if isinstance(run, Run) else run)


def _names(first: Path | Run, second: Path | Run, first_name: str, second_name: str) -> tuple[str, str]:
    """Return distinct names for two runs: the names of the runs, or else of their files."""
    if first_name != second_name:
        return first_name, second_name
    stems = (Path(_file(first)).stem, Path(_file(second)).stem)
    files = stems if stems[0] != stems[1] else (_file(first), _file(second))
    return files if files[0] != files[1] else ("A", "B")


def _compare(config: str, names: tuple[str, str], parts: Sequence[_Shared]) -> RunPair:
    ids = [instance_id for part in parts for instance_id in part.ids]
    first = [verdict for part in parts for verdict in part.first]
    second = [verdict for part in parts for verdict in part.second]
    # The configs ask the same questions with different histories, so a query group spans all of them.
    groups = [group for part in parts for group in part.groups]
    tools = Counter(zip(_correct(first), _correct(second), strict=True))
    return RunPair(
        config=config,
        names=names,
        comparison=compare_systems(first, second, groups),
        rates=(sum(_correct(first)) / len(ids), sum(_correct(second)) / len(ids)),
        both=tools[True, True],
        only_first=_only_correct_in(first, second, ids),
        only_second=_only_correct_in(second, first, ids),
        neither=tools[False, False],
        changes=_changes(zip(first, second, strict=True)),
    )


def _correct(verdicts: Sequence[Verdict]) -> list[bool]:
    return [verdict.tool_correct for verdict in verdicts]


def _only_correct_in(verdicts: Sequence[Verdict], others: Sequence[Verdict], ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the instances whose tool is correct in one run and wrong in the other."""
    return tuple(
        instance_id
        for instance_id, correct, other_correct in zip(ids, _correct(verdicts), _correct(others), strict=True)
        if correct and not other_correct
    )


def _changes(pairs: Iterable[tuple[Verdict, Verdict]]) -> dict[tuple[str, str], int]:
    """Count the pairs of different error classes, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter(
        (first.error_class, second.error_class) for first, second in pairs if first.error_class != second.error_class
    )
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
