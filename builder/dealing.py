"""Deal of groups to the splits by a trial of their users, and the refusal of a catalogue that cannot carry them.

Which groups are together in a split decides whether a preference shows in histories, so several divisions are tried and
the one is taken with which most users can be made. If none gives every split its users, the refusal names the settings
and the number of groups with which it would work, each found by the same trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from builder.config import MIN_GROUPS, MIN_SAME_FUNCTION, BuildConfig, UserConfig
from builder.embedding import Encoder
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.grouping.splits import (
    EVEN_SHARES,
    GROUP_SHARES,
    fewer_splits,
    shares_of,
    shares_providers,
    split_groups,
    split_tools,
)
from builder.randomness import generator_for
from builder.records import Group, Tool
from builder.users.scenarios import WriteScenarios
from builder.users.targets import SMALL
from builder.users.trial import SplitTrial, has_users, try_split, try_users
from hf_dataset.layout import SPLITS

from .swapped_groups import improved

_DEALS: Final = 24
"""Divisions that are tried before the best one is taken, and for each change of settings that a refusal may advise."""
_SHOWN_IN: Final = ((MIN_GROUPS,), (MIN_GROUPS,), (MIN_GROUPS, MIN_GROUPS + 1))
"""Ways to compare divisions, used in turn: preferences that more groups show are inferred more easily, but there are
fewer of them."""


@dataclass(frozen=True, slots=True)
class Deal:
    """Division of a catalogue, with the result of its trial."""

    catalogue: GroupedCatalogue
    trials: Sequence[SplitTrial]
    funnel: Funnel
    """Tools and groups that the division dropped."""

    @property
    def is_full(self) -> bool:
        """True if every split gets all users that were tried."""
        return all(trial.share == 1 for trial in self.trials)

    @property
    def works(self) -> bool:
        """True if every split gets users."""
        return all(trial.made >= MIN_SAME_FUNCTION for trial in self.trials)

    @property
    def quality(self) -> tuple[float, float]:
        """Smallest and mean share of the users that can be made in a split."""
        shares = [trial.share for trial in self.trials]
        return min(shares), sum(shares) / len(shares)


class Dealer:
    """Dealer of the groups of a catalogue to the splits.

    Args:
        tools: All tools of the catalogue.
        look_alikes: Tools that cannot be distractors, see `GroupedCatalogue`.
        config: Config of the build.
        encoder: Encoder of sentences.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        look_alikes: Mapping[str, frozenset[str]],
        config: BuildConfig,
        encoder: Encoder,
    ) -> None:
        self._tools = tools
        self._look_alikes = look_alikes
        self._config = config
        self._encoder = encoder

    def deal(self, groups: Sequence[Group], write: WriteScenarios, funnel: Funnel) -> Deal:
        """Return the best division of some groups.

        Args:
            groups: Groups without a split.
            write: Yields the scenarios with which users are tried.
            funnel: Counters of the build, for the message; not changed.

        Raises:
            BuildError: If there are too few groups, or a split gets no user in any division.
        """
        best: Deal | None = None
        tried: list[GroupedCatalogue] = []
        for catalogue, dropped in self._divisions(groups, write):
            tried.append(catalogue)
            trials = try_users(catalogue, with_shared_providers(self._config, catalogue.groups), self._encoder)
            deal = Deal(catalogue, trials, dropped)
            best = deal if best is None or deal.quality > best.quality else best
            if best.is_full and best.works:
                break
        assert best is not None
        if not best.works:
            raise BuildError(self._refusal(best, tried, groups, write, funnel))
        return best

    def _divisions(self, groups: Sequence[Group], write: WriteScenarios) -> Iterator[tuple[GroupedCatalogue, Funnel]]:
        """Yield different divisions with what they drop, every second one with as many groups in each split."""
        config, seen = self._config, set[tuple[str | None, ...]]()
        for place in range(_DEALS):
            funnel = Funnel()
            rng = generator_for((config.seed,), "splits", *((place,) if place else ()))
            shares = shares_of(config.users.splits, EVEN_SHARES if place % 2 else GROUP_SHARES)
            assigned = split_groups(groups, rng, funnel, config.preferences, shares)
            if len(assigned) <= SMALL and len(shares) > 1:
                assigned = improved(
                    assigned,
                    config.preferences,
                    self._encoder,
                    rng,
                    _SHOWN_IN[place // 2 % len(_SHOWN_IN)],
                    config.users.splits,
                )
            division = tuple(group.split for group in sorted(assigned, key=lambda group: group.functionality.name))
            if division in seen:
                continue
            seen.add(division)
            tools = split_tools(self._tools, assigned, _spread(config, assigned), rng)
            yield GroupedCatalogue(tools, assigned, self._look_alikes, write), funnel

    def _refusal(
        self,
        best: Deal,
        tried: Sequence[GroupedCatalogue],
        groups: Sequence[Group],
        write: WriteScenarios,
        funnel: Funnel,
    ) -> str:
        """Return the message for a catalogue of which no division carries all splits, with what would."""
        lacking = [trial for trial in best.trials if trial.made < MIN_SAME_FUNCTION]
        found = "; ".join(
            f"{trial.split!r} with {trial.groups} groups gets no user ({trial.problem or 'no reason'})"
            for trial in lacking
        )
        advice = self._advice(tried) or f"No setting makes it work: {self._groups_needed(groups, write)}"
        advice += fewer_splits(self._config.users.splits)
        return (
            f"No users can be made of the {len(groups)} groups in every split: {found}. Tried before any scenario is "
            f"written, with the best of up to {_DEALS} divisions. {advice} Most frequent reasons for tools without a "
            f"group: {funnel.most_frequent('ungrouped_tool', 4)}."
        )

    def _advice(self, tried: Sequence[GroupedCatalogue]) -> str:
        """Return the smallest changes with which the trial succeeds, as a sentence; empty if there are none."""
        changes = _changes(self._config)
        working = [[change] for change in changes if self._works(tried, [change])]
        if not working and self._works(tried, changes):
            working = [changes]
            for change in changes:
                fewer = [other for other in working[0] if other is not change]
                if self._works(tried, fewer):
                    working = [fewer]
        if not working:
            return ""
        options = ", or with ".join(" and ".join(map(str, chosen)) for chosen in working)
        return f"It works with {options} in the config file."

    def _works(self, tried: Sequence[GroupedCatalogue], changes: Sequence[_Change]) -> bool:
        """Return True if users can be made in some division with other settings, on which no division depends."""
        config = _changed(self._config, changes)
        return any(
            has_users(catalogue, with_shared_providers(config, catalogue.groups), self._encoder) for catalogue in tried
        )

    def _groups_needed(self, groups: Sequence[Group], write: WriteScenarios) -> str:
        """Return a sentence about the number of groups that a split needs, by a trial with larger and larger splits."""
        splits = self._config.users.splits
        split = splits[0]
        rng = generator_for((self._config.seed,), "groups_needed")
        order = [groups[int(index)] for index in rng.permutation(len(groups))]
        config = _changed(self._config, _changes(self._config))
        for number in range(3, len(order) + 1):
            chosen = [replace(group, split=split) for group in order[:number]]
            tools = split_tools(self._tools, chosen, config.users, generator_for((config.seed,), "tools_needed"))
            catalogue = GroupedCatalogue(
                [replace(tool, split=split) for tool in tools], chosen, self._look_alikes, write
            )
            trial = try_split(split, catalogue, config, self._encoder, MIN_SAME_FUNCTION)
            if trial.made >= MIN_SAME_FUNCTION:
                return (
                    f"a split needs about {number} groups of these tools, so about {number * len(splits)} in all are "
                    f"needed, and there are {len(groups)}. Add tools, or facts by which they differ (--facts)."
                )
        return "even all groups in one split carry no user. Add facts by which the tools differ (--facts)."


def _spread(config: BuildConfig, groups: Sequence[Group]) -> UserConfig:
    """Return the shares of tools without a group: those of the users, or equal ones where every split needs them."""
    if len(groups) > SMALL:
        return config.users
    return config.users.model_copy(update={**dict.fromkeys(SPLITS, 0.0), **shares_of(config.users.splits, EVEN_SHARES)})


@dataclass(frozen=True, slots=True)
class _Change:
    """A setting that may make more users possible."""

    section: str
    key: str
    value: Any

    def __str__(self) -> str:
        return f"[{self.section}] {self.key} = {self.value}"


def _changes(config: BuildConfig) -> list[_Change]:
    """Return the settings that make more users possible, those first that change the data least."""
    found = []
    if config.candidates.count > _FEWER_CANDIDATES:
        found.append(_Change("candidates", "count", _FEWER_CANDIDATES))
    if config.histories.attempts < _MORE_ATTEMPTS:
        found.append(_Change("histories", "attempts", _MORE_ATTEMPTS))
    if config.histories.evidence_per_axis > 1:
        found.append(_Change("histories", "evidence_per_axis", 1))
    if config.candidates.provider_overlap < 1:
        found.append(_Change("candidates", "provider_overlap", 1.0))
    return found


_FEWER_CANDIDATES: Final = 6
_MORE_ATTEMPTS: Final = 200


def _changed(config: BuildConfig, changes: Sequence[_Change]) -> BuildConfig:
    for change in changes:
        section = getattr(config, change.section).model_copy(update={change.key: change.value})
        config = config.model_copy(update={change.section: section})
    return config


def with_shared_providers(config: BuildConfig, groups: Sequence[Group]) -> BuildConfig:
    """Let histories show the providers of candidates if the same providers do the jobs of several splits."""
    return _changed(config, [_Change("candidates", "provider_overlap", 1.0)]) if shares_providers(groups) else config
