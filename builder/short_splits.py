"""Messages about splits that get no users, or far fewer than were asked for, with what helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .config import MIN_SAME_FUNCTION, BuildConfig, CandidateConfig
from .errors import BuildError
from .funnel import Funnel
from .grouping.feasibility import unshown_tools
from .grouping.splits import fewer_splits
from .records import Group

_MOST_UNSHOWN: Final = 8
"""Number of tools that an error names."""
_FEW: Final = 0.5
"""Share of the users asked for, below which a split has too few of them."""
_LEAST_COUNT: Final = 4
"""Minimum number of candidates that a config allows."""


def no_users_error(
    split: str, groups: Sequence[Group], config: BuildConfig, funnel: Funnel, *, by_facts: bool
) -> BuildError:
    """Return the error for a split without users.

    Args:
        split: Name of the split.
        groups: Its groups.
        config: Config of the build. Settings that are as advised already are not advised.
        funnel: Counters of the partitions of the split.
        by_facts: True if the users choose by facts, so that histories of attributes have no say.
    """
    names = ", ".join(group.functionality.name for group in groups)
    apart = "" if config.candidates.provider_overlap == 1.0 else ", and a history contains no provider of a candidate"
    return BuildError(
        f"No user of {split!r} could be made from its {len(groups)} groups ({names}). {_reasons(funnel)} A preference "
        f"must show in at least two other groups of a split{apart}.{'' if by_facts else _unshown(groups, config)} "
        f"{_advice(config, by_facts=by_facts)}"
    )


def short_split(split: str, users: int, config: BuildConfig, funnel: Funnel, *, by_facts: bool) -> Iterator[str]:
    """Yield a warning if a split has fewer than half of the users that were asked for.

    Args:
        split: Name of the split.
        users: Number of users that it has.
        config: Config of the build.
        funnel: Counters of the partitions of the split.
        by_facts: True if the users choose by facts.
    """
    asked = config.users.by_split()[split]
    if asked and users < _FEW * asked:
        yield (
            f"The split {split!r} has {users:,} rows in each config instead of {asked:,}, because no further users can "
            f"be made of its groups. {_reasons(funnel)} {_advice(config, by_facts=by_facts)}"
        )


def _reasons(funnel: Funnel) -> str:
    silent = sum(funnel.drops.get("group_in_histories", {}).values())
    few = f" {silent} groups have too few requests to occur in histories: give their inputs more values."
    return f"Query groups given up: {funnel.most_frequent('query_group')}.{few if silent else ''}"


def _advice(config: BuildConfig, *, by_facts: bool) -> str:
    """Return what helps, first the settings that have another value."""
    settings = []
    if config.candidates.provider_overlap < 1.0:
        settings.append("allow the providers of candidates in histories ([candidates] provider_overlap = 1.0)")
    if config.candidates.count > _least_count(config.candidates):
        settings.append(f"use fewer than {config.candidates.count} candidates ([candidates] count)")
    if not by_facts and config.histories.evidence_per_axis > 1:
        settings.append("ask for less evidence ([histories] evidence_per_axis = 1)")
    catalogue = (
        "state the same facts of the tools of all jobs (--facts), add tools and jobs of other providers (--groups), or "
        "try another --seed, which deals other groups to the split"
    )
    fewer = "" if by_facts else fewer_splits(config.users.splits)
    if not settings:
        return f"Next: {catalogue}.{fewer}"
    return f"Next: in --config-file, {', or '.join(settings)}. Otherwise {catalogue}.{fewer}"


def _least_count(config: CandidateConfig) -> int:
    """Return the minimum number of candidates with the share of those that do the job."""
    counts = range(_LEAST_COUNT, config.count)
    return next((n for n in counts if int(n * config.same_function_share + 1e-9) >= MIN_SAME_FUNCTION), config.count)


def _unshown(groups: Sequence[Group], config: BuildConfig) -> str:
    """Return a sentence with the tools of a split that no history can show; empty if there are none."""
    tools = unshown_tools(groups, config.preferences)
    if not tools:
        return ""
    more = f" and {len(tools) - _MOST_UNSHOWN:,} more" if len(tools) > _MOST_UNSHOWN else ""
    return f" No two other groups have a single best tool by what speaks for {'; '.join(tools[:_MOST_UNSHOWN])}{more}."
