"""The personalisation lift: what the user's own history is worth, beside another user's and beside none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from metrics.petoolbench.aggregation import compare_systems
from metrics.petoolbench.uncertainty import Comparison
from petoolbench.runs import Header

from .gather import Judged

AGAINST: Final = ("swapped", "none")
_ASIDE: Final = ("history", "version")
"""What may differ between two runs of one system. The version of this distribution may: what is asked has one of its
own."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Tool accuracy of one system with the user's own history, less that of the same with another's or none."""

    name: str
    """Of the run with the own history."""
    config: str
    against: str
    """`swapped` or `none`."""
    own: float
    """Tool accuracy, 0 to 1."""
    other: float
    comparison: Comparison
    baseline: bool
    """Whether it is no model."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A run on another's history, or none, without one on the own history that is else the same."""

    name: str
    config: str
    why: str


class Lifts(NamedTuple):
    """What could be told of runs on another's history or none."""

    found: tuple[Lift, ...]
    alone: tuple[Alone, ...]


def lifts(runs: Sequence[Judged]) -> Lifts:
    """Pair each run on another's history, or none, with that on the own history.

    Args:
        runs: All runs of a report.
    """
    found, alone = [], []
    own = [run for run in runs if run.header and run.history == "own"]
    for run in runs:
        if run.header is None or run.history not in AGAINST:
            continue
        partners = [one for one in own if one.header and _key(one.header) == _key(run.header)]
        found += [_lift(partner, run) for partner in partners if _both(partner, run)]
        if not any(_both(partner, run) for partner in partners):
            alone.append(Alone(run.name, run.config, _why(run, own)))
    order = {(run.config, run.name): place for place, run in enumerate(runs)}
    found.sort(key=lambda one: (order[one.config, one.name], AGAINST.index(one.against)))
    return Lifts(tuple(found), tuple(alone))


def _lift(own: Judged, other: Judged) -> Lift:
    both = _both(own, other)
    groups = own.query_groups
    first, second = [own.verdicts[index] for index in both], [other.verdicts[index] for index in both]
    return Lift(
        name=own.name,
        config=own.config,
        against=other.history,
        own=sum(one.tool_correct for one in first) / len(both),
        other=sum(one.tool_correct for one in second) / len(both),
        comparison=compare_systems(first, second, [groups[index] for index in both]),
        baseline=own.baseline,
    )


def _both(one: Judged, other: Judged) -> list[int]:
    """Indexes of the rows that both were asked."""
    return sorted(set(one.asked) & set(other.asked))


def _key(header: Header) -> Header:
    """The same for runs that differ only in whose history was shown, and in how much of the split was asked."""
    return replace(header, history="own", version="", limit=None, ids=None)


def _why(run: Judged, own: Sequence[Judged]) -> str:
    """What the nearest run on the own history differs in."""
    differences = sorted(_differences(run, own), key=len)
    if differences and not differences[0]:
        return "the run on the users' own histories was asked other rows"
    if not differences:
        return "there is no run of this system on the users' own histories"
    return f"the nearest run on the users' own histories differs in more than these: {', '.join(differences[0])}"


def _differences(run: Judged, own: Sequence[Judged]) -> Iterator[list[str]]:
    for one in own:
        if one.header and run.header and (one.config, one.header.model) == (run.config, run.header.model):
            yield [text for text in one.header.differences(run.header) if text.split()[0] not in _ASIDE]
