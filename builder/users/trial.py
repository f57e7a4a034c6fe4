"""Trial of the users of a catalogue, to find out before any scenario is written whether they can be made.

Whether a user can be made depends on the groups and the attributes of their tools, not on the texts of the scenarios.
The trial therefore makes users with placeholders, or with the scenarios that there are, and writes nothing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import Encoder
from builder.errors import BuildError
from builder.execution.instruction_pool import InstructionPool
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.records import Group, Scenario, SlotValue

from .instances import InstanceMaker, SplitResources
from .scenarios import WriteScenarios

_FINAL_SHARE: Final = 0.4
"""Share of the scenarios of a group that are for final instructions."""
_MOST_USERS: Final = 45
"""Users tried in a split; the following ones are made of the same groups."""


@dataclass(frozen=True, slots=True)
class SplitTrial:
    """Result of the trial of one split."""

    split: str
    groups: int
    asked: int
    """Number of users that were tried."""
    made: int
    problem: str
    """Why query groups were given up; empty if none was."""

    @property
    def share(self) -> float:
        """Share of the users that could be made, 0 to 1."""
        return self.made / self.asked


def try_users(grouped: GroupedCatalogue, config: BuildConfig, encoder: Encoder) -> list[SplitTrial]:
    """Try to make the users of each split.

    Args:
        grouped: Tools and groups with splits, and the scenarios to use.
        config: Config of the build.
        encoder: Encoder of sentences.
    """
    return [try_split(split, grouped, config, encoder, _MOST_USERS) for split in config.users.splits]


def has_users(grouped: GroupedCatalogue, config: BuildConfig, encoder: Encoder) -> bool:
    """Return True if a query group can be made in every split; the arguments are those of `try_users`."""
    trials = (try_split(split, grouped, config, encoder, MIN_SAME_FUNCTION) for split in config.users.splits)
    return all(trial.made >= MIN_SAME_FUNCTION for trial in trials)


def try_split(split: str, whole: GroupedCatalogue, config: BuildConfig, encoder: Encoder, most: int) -> SplitTrial:
    """Try to make the users of one split.

    Args:
        split: Name of the split.
        whole: Tools and groups of all splits, and the scenarios to use.
        config: Config of the build.
        encoder: Encoder of sentences.
        most: Number of users after which the trial ends.
    """
    asked, grouped = min(config.users.by_split()[split], most), whole.of_split(split)
    partition, funnel = Partition(split, 0, 1, 0, asked), Funnel()
    resources = SplitResources(split, grouped, config, encoder)
    maker = InstanceMaker(partition, resources, InstructionPool(grouped, config, partition, None), config, funnel)
    made, problem = 0, ""
    try:
        for _ in maker.users():
            made += 1
    except BuildError as error:
        problem = str(error)
    missing = f"{resources.silent} groups have too few scenarios for histories" if resources.silent else ""
    given_up = funnel.most_frequent("query_group") if "query_group" in funnel.drops else ""
    # One or two users more than whole query groups cannot be made.
    asked -= 0 if asked - made >= MIN_SAME_FUNCTION else asked - made
    return SplitTrial(
        split, len(grouped.groups), asked, made, "; ".join(part for part in (problem, given_up, missing) if part)
    )


def placeholder_scenarios(count: int, least: int) -> WriteScenarios:
    """Return a function that yields placeholders for the scenarios of a group that a model is going to write.

    Args:
        count: Number of scenarios that are requested for a group.
        least: Minimum number of scenarios that a group needs to occur in histories.
    """
    finals = finals_of(count, least)

    def write(group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
        del rng
        for number in range(finals if final else count - finals):
            text = f"{group.key} {'final' if final else 'history'} {number}"
            yield Scenario(text, {slot.name: SlotValue(text, text) for slot in group.functionality.slots})

    return write


def finals_of(count: int, least: int) -> int:
    """Return how many of the scenarios of a group are for final instructions.

    Histories get at least as many as a group needs to occur in them; a group that has fewer is only asked about.

    Args:
        count: Number of scenarios of the group.
        least: Minimum number of scenarios that a group needs to occur in histories.
    """
    return count if count < least else min(round(_FINAL_SHARE * count), count - least)


def allotted(scenarios: Sequence[Scenario], least: int, *, final: bool) -> list[Scenario]:
    """Return the scenarios of a group that are for final instructions, or for histories.

    Scenarios with the same values are for the same of the two. A hash of the values decides the order in which final
    instructions are taken, so that it does not follow the registers.

    Args:
        scenarios: All scenarios of the group.
        least: Minimum number of scenarios that a group needs to occur in histories.
        final: True for those for final instructions, False for those for histories.
    """
    by_values: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        values = {name: str(value.value).casefold() for name, value in scenario.values.items()}
        by_values.setdefault(json.dumps(values, sort_keys=True), []).append(scenario)
    wanted = finals_of(len(scenarios), least)
    finals: list[Scenario] = []
    others: list[Scenario] = []
    for key in sorted(by_values, key=lambda text: (zlib.crc32(text.encode()), text)):
        (finals if len(finals) + len(by_values[key]) <= wanted else others).extend(by_values[key])
    return finals if final else others
