"""Tools that can be the answer, given the groups of their split.

A user can be made for a tool only if other groups of the split show a preference for it, and for the tools that the
user may have preferred before. In a small split some tools of a group lack this. They are left out of its query groups,
as surplus tools are, so that the others can be asked about; histories still have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from builder.config import MIN_GROUPS, MIN_SAME_FUNCTION, PreferenceConfig
from builder.records import Group, GroupTool

from .preferences import PreferredTools, distinguishing_sets, weighted

SMALL: Final = 40
"""Number of groups up to which it is checked where preferences show. Among more groups, nearly every one does."""


@dataclass(frozen=True, slots=True)
class _Preference:
    """Attributes that single out a tool, and the groups that show the preference for them."""

    attributes: frozenset[tuple[str, str]]
    shown_in: int
    """Bits of the groups in which one tool fits it best."""
    each_in: tuple[int, ...]
    """For each attribute, the bits of those of these groups whose tool has it."""

    def shows(self, others: int, least: int) -> bool:
        """Return True if enough of some groups, given as bits, show the preference, and each of its attributes."""
        return (self.shown_in & others).bit_count() >= least and all(bits & others for bits in self.each_in)


class Visibility:
    """Groups that show the preferences for the tools of each group.

    Args:
        groups: Groups of one split, or of a catalogue that is going to be divided.
        preferred: Preferred tools of the groups that occur in histories.
        config: Settings of preferences.
    """

    def __init__(self, groups: Sequence[Group], preferred: PreferredTools, config: PreferenceConfig) -> None:
        self._groups = groups
        numbers = {group.key: number for number, group in enumerate(groups)}
        self._preferences = [
            [_preferences(member, group, numbers, preferred, config) for member in group.members] for group in groups
        ]

    def targets(self, number: int, others: int, least: int = MIN_GROUPS) -> list[GroupTool]:
        """Return the tools of a group that can be the answer.

        Args:
            number: Number of the group.
            others: Bit mask of the groups in the same split. The bit of the group itself is ignored.
            least: Minimum number of other groups whose calls can reveal each preference.

        Returns:
            Members of the group. With fewer than `MIN_SAME_FUNCTION`, no instance can be made for the group.
        """
        others &= ~(1 << number)
        visible = {
            place: {item.attributes for item in of_member if item.shows(others, least)}
            for place, of_member in enumerate(self._preferences[number])
        }
        places = [place for place, sets in visible.items() if sets]
        while len(places) >= MIN_SAME_FUNCTION:
            conflicts = {
                place: sum(not _are_apart(visible[place], visible[other]) for other in places if other != place)
                for place in places
            }
            worst = max(places, key=lambda place: (conflicts[place], place))
            if not conflicts[worst]:
                break
            places.remove(worst)
        return [self._groups[number].members[place] for place in places]

    def target_groups(self, chosen: Sequence[int], least: int = MIN_GROUPS) -> list[Group]:
        """Return the groups of a split that instructions can be for, each with the tools that can be the answer.

        Args:
            chosen: Numbers of the groups of the split.
            least: Minimum number of other groups that show each preference.
        """
        bits = sum(1 << number for number in chosen)
        narrowed = [
            replace(self._groups[number], members=tuple(self.targets(number, bits, least))) for number in sorted(chosen)
        ]
        return [group for group in narrowed if len(group.members) >= MIN_SAME_FUNCTION]


def target_groups(groups: Sequence[Group], preferred: PreferredTools, config: PreferenceConfig) -> list[Group]:
    """Return the groups of a split that instructions can be for, each with the tools that can be the answer.

    Args:
        groups: All groups of a split.
        preferred: Preferred tools of the groups that occur in histories.
        config: Settings of preferences.
    """
    if len(groups) > SMALL:
        return list(groups)
    return Visibility(groups, preferred, config).target_groups(range(len(groups)))


def _preferences(
    member: GroupTool, group: Group, numbers: dict[str, int], preferred: PreferredTools, config: PreferenceConfig
) -> list[_Preference]:
    """Return the preferences that single out a tool, in every order of their weights."""
    found = []
    for attributes in distinguishing_sets(member.tool, group, config):
        for order in permutations(attributes):
            shown = [(1 << numbers[other.key], best.tool) for other, best in preferred.of(weighted(order), member.tool)]
            each = tuple(
                sum(bit for bit, tool in shown if tool.values.get(axis) == value) for axis, value in attributes
            )
            found.append(_Preference(frozenset(attributes), sum(bit for bit, _ in shown), each))
    return found


def _are_apart(first: set[frozenset[tuple[str, str]]], second: set[frozenset[tuple[str, str]]]) -> bool:
    """Return True if a user can change between two tools: preferences for them share no attribute."""
    return any(own.isdisjoint(other) for own in first for other in second)
