"""Grouped catalogue: the input of the user stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from builder.records import Group, Tool
from builder.users.choice_histories import CANDIDATE_SIZES
from builder.users.scenarios import WriteScenarios, write_scenarios
from builder.world.concerns import Concern
from builder.world.services import Job


@dataclass(frozen=True, slots=True)
class GroupedCatalogue:
    """Tools, their groups, and a function that writes scenarios for a group."""

    tools: Sequence[Tool]
    groups: Sequence[Group]
    look_alikes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tool names by functionality name: tools outside the group that might still do its job, and so cannot be
    distractors. Covers only the tools that distractors are drawn from."""
    write: WriteScenarios = write_scenarios
    jobs: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    """Jobs of each split, with the facts of their services; empty for a catalogue of tools with attributes."""
    concerns: Mapping[str, tuple[Concern, ...]] = field(default_factory=dict)
    """Concerns of each split, which ask for the jobs; empty for a catalogue of tools with attributes."""
    candidate_sizes: tuple[int, ...] = CANDIDATE_SIZES
    """Numbers of candidates that do the job of a query group."""
    every_kind: bool = True
    """True if each candidate is the clear choice of a preference of every kind; False if of any."""

    def jobs_of(self, split: str) -> tuple[Job, ...]:
        """Return the jobs of a split."""
        return self.jobs[split]

    def of_split(self, split: str) -> GroupedCatalogue:
        """Return the part of the catalogue that belongs to a split."""
        return replace(
            self,
            tools=[tool for tool in self.tools if tool.split == split],
            groups=[group for group in self.groups if group.split == split],
        )
