"""Personalisation lift: accuracy with the user's own history minus accuracy with another user's history or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from metrics.petoolbench.aggregation import compare_systems
from metrics.petoolbench.uncertainty import Comparison
from petoolbench.runs import Header

from .gather import JudgedRun

AGAINST: Final = ("swapped", "none")
"""Histories against which a lift is measured: another user's, and none."""
_IGNORED: Final = ("history", "version")
"""Header fields that may differ between two paired runs. The prompt has a version of its own."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift of one system on one config: tool accuracy with the user's own history, compared with another history."""

    name: str
    """Name of the run with the user's own history."""
    config: str
    against: str
    """Other history: `swapped` or `none`."""
    own: float
    """Tool accuracy with the user's own history, 0 to 1."""
    other: float
    """Tool accuracy with the other history, 0 to 1."""
    comparison: Comparison
    baseline: bool
    """True if the system is a baseline, not a model."""


@dataclass(frozen=True, slots=True)
class UnpairedRun:
    """A run with swapped or empty histories for which there is no run with the users' own histories to compare with."""

    name: str
    config: str
    why: str


class Lifts(NamedTuple):
    """Lifts of all pairs of runs, and the runs without a partner."""

    found: tuple[Lift, ...]
    alone: tuple[UnpairedRun, ...]


def lifts(runs: Sequence[JudgedRun]) -> Lifts:
    """Pair each run on a swapped or empty history with the otherwise identical runs on the user's own history.

    Args:
        runs: All runs of a report.

    Returns:
        The lifts, and the runs that could not be paired.
    """
    paired: list[Lift] = []
    alone: list[UnpairedRun] = []
    own = [run for run in runs if run.header and run.history == "own"]
    for run in runs:
        if run.header is None or run.history not in AGAINST:
            continue
        run_lifts = list(_lifts_against(run, _partners(run, own)))
        paired += run_lifts
        if not run_lifts:
            alone.append(UnpairedRun(run.name, run.config, _reason(run, own)))
    order = {(run.config, run.name): number for number, run in enumerate(runs)}
    paired.sort(key=lambda lift: (order[lift.config, lift.name], AGAINST.index(lift.against)))
    return Lifts(tuple(paired), tuple(alone))


def _partners(run: JudgedRun, own: Sequence[JudgedRun]) -> list[JudgedRun]:
    """Return the runs on the same config that differ in nothing but the history; a file can have several configs."""
    if run.header is None:
        return []
    key = _pairing_key(run.header)
    return [other for other in own if other.config == run.config and other.header and _pairing_key(other.header) == key]


def _lifts_against(run: JudgedRun, partners: Iterable[JudgedRun]) -> Iterator[Lift]:
    for partner in partners:
        shared = sorted(set(partner.asked) & set(run.asked))
        if shared:
            yield _lift(partner, run, shared)


def _lift(own: JudgedRun, other: JudgedRun, indexes: Sequence[int]) -> Lift:
    """Compare two runs on the instances with the given indexes."""
    groups = own.query_groups
    first, second = [own.verdicts[index] for index in indexes], [other.verdicts[index] for index in indexes]
    return Lift(
        name=own.name,
        config=own.config,
        against=other.history,
        own=sum(verdict.tool_correct for verdict in first) / len(indexes),
        other=sum(verdict.tool_correct for verdict in second) / len(indexes),
        comparison=compare_systems(first, second, [groups[index] for index in indexes]),
        baseline=own.baseline,
    )


def _pairing_key(header: Header) -> Header:
    """Return a header that is equal for runs that differ only in history, version and selection of instances."""
    settings = replace(header.settings, history="own", limit=None, ids=(), core=False, repeat=1)
    return replace(header, settings=settings, version="")


def _reason(run: JudgedRun, own: Sequence[JudgedRun]) -> str:
    """Explain why a run has no partner, by the most similar run on the user's own history."""
    differences = sorted(_differences(run, own), key=len)
    if not differences:
        return "there is no run of this system on the users' own histories"
    if not differences[0]:
        return "the run on the users' own histories was asked other instances"
    return f"the most similar run on the users' own histories has other settings: {', '.join(differences[0])}"


def _differences(run: JudgedRun, own: Sequence[JudgedRun]) -> Iterator[list[str]]:
    """Yield the differing settings of each run of the same model on the user's own history."""
    if run.header is None:
        return
    for other in own:
        if other.header and (other.config, other.header.settings.model) == (run.config, run.header.settings.model):
            differences = other.header.differences(run.header)
            yield [text for text in differences if text.split()[0] not in _IGNORED]
