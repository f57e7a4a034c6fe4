"""Grouped catalogue: the input of the user stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from builder.records import Group, Tool
from builder.users.scenarios import WriteScenarios, write_scenarios
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

    def jobs_of(self, split: str) -> tuple[Job, ...]:
        """Return the jobs of a split."""
        return self.jobs[split]

    def of_split(self, split: str) -> GroupedCatalogue:
        """Return the part of the catalogue that belongs to a split."""
        return GroupedCatalogue(
            [tool for tool in self.tools if tool.split == split],
            [group for group in self.groups if group.split == split],
            self.look_alikes,
            self.write,
            self.jobs,
        )
