"""Tools that no group uses: for each the reason, and for each reason what would help."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.funnel import Funnel
from builder.records import Functionality, Group, GroupTool, Tool

from .feasibility import answerable_groups
from .recognition import Recognised, Unrecognised

_NOT_TOLD_APART: Final = "not_told_apart_by_attributes"
_SIMILAR: Final = 3
"""Number of similar tools that are named."""
_NEAR: Final = 0.55
"""Minimum similarity to the nearest known job, whose words a tool does not have, for a line that adds it to the group.
Of the 101 tools of two catalogues of newcomers, the nearest job was right above it, and the most similar wrong job had
0.54."""


class Reason(NamedTuple):
    """Meaning of a reason, and the next step."""

    meaning: str
    help: str


REASONS: Final[Mapping[str, Reason]] = {
    "no_known_functionality": Reason(
        "The documentation has the words of no known job.",
        "If the nearest known job is that of the tool, add the tool to its group, or state in the description what the "
        "tool does, in common words. If tools of 3 providers do the job, and it is "
        "not in the library, add a [[group]] with a [[functionality]] to the groups file.",
    ),
    "contrasting_word": Reason(
        "The documentation is like that of a known job, but names a place, a moment or a kind of thing that the job "
        "does not name.",
        "If the word does not narrow the job, leave it out of the description, or add the tool to the group by hand.",
    ),
    "required_parameter_without_slot": Reason(
        "The tool requires a parameter that is not an input of the known job.",
        "Name the parameter as the job does, make it optional, or add the tool to the group with the parameter of each "
        "input.",
    ),
    "slot_without_parameter": Reason(
        "The tool has no parameter for an input of the known job.",
        "Name the parameter as the job does, or add the tool to the group with the parameter of each input.",
    ),
    "dissimilar": Reason(
        "The documentation has the words of a known job, but is not similar to descriptions of it.",
        "State in the first sentence what the tool does, or add the tool to the group by hand.",
    ),
    "fewer_than_3_providers": Reason(
        f"The tool does a known job, which fewer than {MIN_SAME_FUNCTION} providers of the catalogue do.",
        "Add tools of other providers. If there are some, add them to the group of the job in the groups file, which "
        "is not accepted yet. If the providers are wrong, state them with --provider-from.",
    ),
    "same_provider_in_group": Reason(
        "Another tool of the same provider is in the group, which has one tool of each provider.",
        "To use this tool instead, put its name in the place of the other one. If the providers are wrong, state them "
        "with --provider-from.",
    ),
    _NOT_TOLD_APART: Reason(
        "Another tool of the group has everything that speaks for the tool, so that no preference can single it out. A "
        "build leaves it out of its group.",
        "State what the tool does better than the others, such as its price, speed, region or sign-up, in its "
        "description or in a facts file.",
    ),
}
"""Reasons by name."""


@dataclass(frozen=True, slots=True)
class Ungrouped:
    """A tool that no group uses."""

    tool: str
    reason: str
    """One of `REASONS`."""
    detail: str


def ungrouped_tool(
    tool: Tool, outcome: Recognised | Unrecognised, doers: Mapping[str, Sequence[str]], similar: Sequence[str]
) -> Ungrouped:
    """Return why a tool is in no group.

    Args:
        tool: The tool.
        outcome: Its known job, or the reason why there is none.
        doers: Names of the tools in the group of each known job, or of all tools that do it if there are too few.
        similar: Names of similar tools of other providers, the most similar first.
    """
    if isinstance(outcome, Recognised):
        job = outcome.entry.functionality.name
        others = [name for name in doers[job] if name != tool.name]
        detail = f"does {job!r}, as {', '.join(others)}" if others else f"does {job!r}, as no other tool"
        reason = "same_provider_in_group" if len(doers[job]) >= MIN_SAME_FUNCTION else "fewer_than_3_providers"
        return Ungrouped(tool.name, reason, detail)
    entry = outcome.entry
    near = f"similar: {', '.join(similar[:_SIMILAR])}" if similar else "no similar tool of another provider"
    if not tool.parameters["required"]:
        near = "has no required parameter, which an instruction could state"
    if entry is None:
        return Ungrouped(tool.name, outcome.reason, near)
    slots, required = entry.functionality.slots, tool.parameters["required"]
    is_near = outcome.reason != "no_known_functionality" or outcome.similarity >= _NEAR
    if len(slots) == len(required) == 1 and is_near:
        near = f'to add it: "{tool.name}" = {{ {slots[0].name} = {json.dumps(required[0])} }}'
    if outcome.reason == "no_known_functionality":
        return Ungrouped(tool.name, outcome.reason, f"nearest known job {entry.functionality.name!r}; {near}")
    problem = {
        "contrasting_word": f"names {outcome.detail}",
        "dissimilar": f"similarity {outcome.detail}",
    }.get(outcome.reason, f"requires {outcome.detail}; the job has {', '.join(slot.name for slot in slots)}")
    return Ungrouped(tool.name, outcome.reason, f"like {entry.functionality.name!r}, but {problem}; {near}")


def not_told_apart(names: Sequence[str], tools: Mapping[str, Tool], config: BuildConfig) -> list[Ungrouped]:
    """Return the tools of a group that a build would leave out, because no preference can single them out.

    Args:
        names: Names of the tools of the group.
        tools: Tools of the catalogue by name.
        config: Config of the build.
    """
    job = Functionality("", "", "", (), (), {})
    group = Group(job, tuple(GroupTool(tools[name], {}) for name in names), "")
    funnel = Funnel(most_named=None)
    answerable_groups([group], config, funnel)
    problems = funnel.named.get(("ungrouped_tool", _NOT_TOLD_APART), [])
    found = [problem.partition(" ") for problem in problems]
    return [Ungrouped(name, _NOT_TOLD_APART, detail.strip("()")) for name, _, detail in found]


def ungrouped_lines(items: Sequence[Ungrouped], most: int | None = None) -> Iterator[str]:
    """Yield the tools by reason.

    Args:
        items: The tools.
        most: Number of tools named for each reason, on one line; None for all of them, one a line, with what helps.
    """
    ordered = sorted(items, key=lambda item: (item.reason, item.tool))
    for name, of_reason in groupby(ordered, key=lambda item: item.reason):
        tools = list(of_reason)
        head = f"{name.replace('_', ' ')} ({len(tools):,})"
        if most is None:
            yield f"{head}: {REASONS[name].meaning}"
            yield f"  Next: {REASONS[name].help}"
            yield from (f"  {item.tool}: {item.detail}" for item in tools)
        else:
            more = f" and {len(tools) - most:,} more" if len(tools) > most else ""
            yield f"{head}: {', '.join(item.tool for item in tools[:most])}{more}"
