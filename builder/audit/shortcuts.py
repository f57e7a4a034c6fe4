"""All shortcuts: those that are gates, and those that are only reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from builder.words import words
from builder.world.axes import ALL_AXES

from .answer_shortcuts import dealt_once, popularity, position, rarity
from .audit_split import AuditSplit
from .fact_shortcuts import called_levels, often_stated, single_axis, weighted, what_anybody_takes
from .history_shortcuts import (
    familiarity,
    first_half,
    majority,
    provider_count,
    providers,
    swapped_history,
    two_preferences,
    viewed,
    without_concerns,
    without_first_provider,
    without_first_steps,
    without_order,
    without_ratings,
)
from .learned_shortcuts import learned_shortcuts
from .shortcut import ALL, Shortcut
from .text_shortcuts import (
    labels,
    length,
    name_form,
    numbers,
    shared_items,
    shared_layout,
    shared_words,
    stated_schema_values,
)

SHORTCUTS: Final = (
    Shortcut("most popular tool elsewhere", "chance", ALL, popularity(lambda _, __, name: name)),
    Shortcut(
        "most popular provider elsewhere", "chance", ALL, popularity(lambda part, _, name: part.tools[name].provider)
    ),
    Shortcut("best position elsewhere", "chance", ALL, popularity(lambda _, row, name: position(row, name))),
    Shortcut("rarest answer elsewhere", "chance", ALL, rarity, "facts"),
    Shortcut("the rest after each tool is dealt once", "chance", ALL, dealt_once, "facts"),
    Shortcut("longest description", "chance", ALL, length(lambda tool: tool.description, 1)),
    Shortcut("shortest description", "chance", ALL, length(lambda tool: tool.description, -1)),
    Shortcut("longest listing", "chance", ALL, length(lambda tool: tool.listing, 1), "facts"),
    Shortcut("shortest listing", "chance", ALL, length(lambda tool: tool.listing, -1), "facts"),
    Shortcut("lexical match with the instruction", "chance", ALL, shared_words),
    Shortcut("default or example in the instruction", "chance", ALL, stated_schema_values),
    Shortcut("no history, usual attributes", "chance", ALL, familiarity, "attributes"),
    Shortcut("no history, best facts overall", "chance", ALL, weighted(what_anybody_takes), "facts"),
    Shortcut("history of another user", "chance", ALL, swapped_history),
    Shortcut("most frequent provider of own history", "chance", ALL, provider_count(providers)),
    Shortcut(
        "latest provider of own history", "chance", ALL, provider_count(lambda part, row: providers(part, row)[-1:])
    ),
    Shortcut(
        "liked provider of own history",
        "chance",
        ("rating_integrated",),
        provider_count(lambda part, row: providers(part, row, liked=True)),
    ),
    # Not at chance: whoever wants high uptime calls tools with 99.99 %, and so has the answer.
    Shortcut("numbers of own liked history", "half", ALL, shared_items(numbers), "facts"),
    Shortcut("layout of own liked history", "chance", ALL, shared_layout, "facts"),
    Shortcut("fields of own liked history", "chance", ALL, shared_items(labels), "facts"),
    Shortcut("form of names in own liked history", "chance", ALL, shared_items(name_form), "facts"),
    Shortcut("facts that own history often states", "chance", ALL, weighted(often_stated), "facts"),
    Shortcut("ratings ignored", "half", ("rating_integrated",), viewed(without_ratings)),
    Shortcut("order ignored", "half", ("chronological",), viewed(without_order)),
    Shortcut(
        "order ignored, commoner of two preferences",
        "half",
        ("chronological",),
        two_preferences("commoner", without_order),
        "attributes",
    ),
    Shortcut(
        "order ignored, rarer of two preferences",
        "half",
        ("chronological",),
        two_preferences("rarer", without_order),
        "attributes",
    ),
    Shortcut("first half only", "half", ("chronological",), viewed(first_half)),
    Shortcut("first provider skipped", "half", ("chronological",), viewed(without_first_provider), "attributes"),
    Shortcut(
        "first provider skipped, the commoner preference",
        "half",
        ("chronological",),
        two_preferences("commoner", without_first_provider),
        "attributes",
    ),
)
"""Shortcuts that are gates, except for those that have to learn."""


def gated_shortcuts(parts: Sequence[AuditSplit]) -> list[Shortcut]:
    """Return the shortcuts that are gates of a config.

    Args:
        parts: The splits of the config, train first.
    """
    shortcuts = [*SHORTCUTS, *(learned_shortcuts(parts[0]) if parts[0].by_facts else ())]
    shared = parts[0].settings.provider_overlap
    return [item for item in shortcuts if item.applies_to(parts[0]) and not (shared and item.name in _OF_PROVIDERS)]


def reported_shortcuts(parts: Sequence[AuditSplit]) -> list[Shortcut]:
    """Return the shortcuts of a config that are measured but not bounded: they read the history, though only in part.

    docs/explanation/validity.md states why they have no bound.

    Args:
        parts: The splits of the config.
    """
    config, by_facts = parts[0].config, parts[0].by_facts
    shortcuts = list(_REPORTED)
    if parts[0].settings.provider_overlap:
        shortcuts += [shortcut for shortcut in SHORTCUTS if shortcut.name in _OF_PROVIDERS]
    axes = {fact.axis for part in parts for tool in part.tools.values() for fact in tool.facts}
    if config == "preferred_only" and by_facts:
        shortcuts += [
            Shortcut(f"{_BEST_ON[ALL_AXES[axis].better]} {axis}", "chance", ALL, single_axis(axis), "facts")
            for axis in sorted(axes)
        ]
    elif config == "preferred_only":
        shortcuts += [
            Shortcut(f"majority of {axis}", "chance", ALL, majority(axis), "attributes") for axis in sorted(axes)
        ]
    if config == "chronological" and not by_facts:
        longest = max(len(row.history) for part in parts for row in part.rows)
        shortcuts += [
            Shortcut(f"first {number} steps skipped", "half", ALL, viewed(without_first_steps(number)), "attributes")
            for number in range(1, longest)
        ]
    return [shortcut for shortcut in shortcuts if shortcut.applies_to(parts[0])]


_OF_PROVIDERS: Final = frozenset(
    [
        *(f"{which} provider of own history" for which in ("most frequent", "latest", "liked")),
        "first provider skipped",
        "first provider skipped, the commoner preference",
    ]
)
"""Shortcuts that are no gates where the same providers do the jobs of all splits: facts of a provider that hold for all
of its tools then make a preference for them one for the provider, and a history has few providers."""
_BEST_ON: Final = {"less": "best on", "more": "best on", "matter": "majority of"}
"""Beginning of the name of a shortcut that reads one axis, by the better direction of the axis."""
_REPORTED: Final = (
    Shortcut(
        "sentences of own liked history",
        "chance",
        ALL,
        shared_items(lambda tool: [fact.stated for fact in tool.facts]),
        "attributes",
    ),
    Shortcut("words of own liked history", "chance", ALL, shared_items(lambda tool: words(tool.description))),
    Shortcut("concerns ignored", "chance", ALL, viewed(without_concerns), "facts"),
    Shortcut("called tools without the other offered ones", "chance", ALL, weighted(called_levels), "facts"),
)
