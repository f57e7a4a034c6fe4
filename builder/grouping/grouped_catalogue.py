"""What the stages before the users come to, whoever understood the tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from builder.records import Group, Tool
from builder.users.scenarios import WriteScenarios, write_scenarios


@dataclass(frozen=True, slots=True)
class GroupedCatalogue:
    """Tools and groups, and how people ask for what the groups do."""

    tools: Sequence[Tool]
    groups: Sequence[Group]
    look_alikes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of the tools that distractors are drawn from, names of those that may do a functionality's job although they are
    not in its group, by functionality name."""
    write: WriteScenarios = write_scenarios

    def of_split(self, split: str) -> GroupedCatalogue:
        """The part of it that belongs to a split."""
        return GroupedCatalogue(
            [tool for tool in self.tools if tool.split == split],
            [group for group in self.groups if group.split == split],
            self.look_alikes,
            self.write,
        )
