"""The built-in marketplace: fictional providers that offer the library's functionalities.

Reviewable files hold the functionalities, the axes with their phrases, and the providers; the tools are composed of
them here, always the same ones. In every split each functionality has a group of tools by that split's own providers,
which differ in parameter names, types and nesting as real ones do, and in attributes. A split's documentation uses that
split's own phrases, so that a reader must understand them and cannot look them up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final, TypeVar

import numpy as np

from builder.grouping.functionalities import concepts, data_table, entries
from builder.randomness import generator_for
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Slot, Tool
from builder.words import sentence, slug, words
from hf_dataset.layout import SPLITS

_GROUP_SIZES: Final = (4, 5, 6, 7, 8)
_SIZE_SHARES: Final = (0.5, 0.22, 0.14, 0.08, 0.06)
"""Shares of the groups of each size: five tools on average."""
WORDINGS: Final = 2
"""Sets that the phrases of a split are dealt into. A functionality's tools are documented with one of them, and a
history shows tools of another one than its target's, so that no sentence of a candidate stands in it."""
_SEED: Final = 20261122
"""The marketplace is one fixed catalogue; a build's seed does not change it."""
_AXES_PER_GROUP: Final = 7
"""Axes that the tools of a group document, drawn for each functionality."""
_TOLD_APART_BY: Final = 2
"""Any two tools of a group differ on at least this many of its axes."""
_TITLES: Final = ("{name}", "{name}_v2", "{name}_api", "get_{name}", "fetch_{name}", "find_{name}")
_PLAIN_TITLES: Final = 3
"""The first titles of the list also suit a functionality that is named by a verb."""
_VERBS: Final = frozenset(
    [
        "check",
        "convert",
        "correct",
        "decode",
        "detect",
        "extract",
        "generate",
        "geocode",
        "geolocate",
        "list",
        "look",
        "reverse",
        "search",
        "send",
        "shorten",
        "summarize",
        "track",
        "translate",
        "validate",
    ]
)
_SMALL_WORDS: Final = frozenset({"a", "an", "the", "of", "by", "for", "on", "in", "to", "at", "near"})
_WRAPPERS: Final = ("query", "input", "filter", "request")
_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "format",
        {"type": "string", "enum": ["json", "xml"], "default": "json", "description": "Form of the reply"},
    ),
    ("locale", {"type": "string", "default": "en", "description": "Language of labels in the reply"}),
    ("timeout", {"type": "integer", "default": 30, "description": "Seconds to wait for the reply"}),
    ("fields", {"type": "string", "default": "all", "description": "Fields of the reply, separated by commas"}),
    ("pretty", {"type": "boolean", "default": False, "description": "Indent the reply"}),
    ("callback id", {"type": "string", "description": "Echoed in the reply"}),
)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Provider:
    """A fictional provider."""

    name: str
    split: str
    style: str
    """How it spells parameter names: `snake`, `camel`, `kebab` or `flat`."""


@cache
def axes() -> Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]:
    """Phrases by axis, value and split."""
    return {
        axis["name"]: {value["name"]: {split: tuple(value[split]) for split in SPLITS} for value in axis["values"]}
        for axis in data_table("world/axes.toml")["axis"]
    }


@cache
def providers() -> tuple[Provider, ...]:
    """All providers, in file order."""
    return tuple(
        Provider(raw["name"], raw["split"], raw["style"]) for raw in data_table("world/providers.toml")["provider"]
    )


def suitable_axes(functionality: str) -> list[str]:
    """Axes that make sense for a functionality, sorted."""
    excluded = data_table("world/exclusions.toml")
    return sorted(axis for axis in axes() if functionality not in excluded.get(axis, ()))


def marketplace() -> Iterator[Group]:
    """Groups of the marketplace, each with its split, sorted by split and functionality."""
    offered = [entry.functionality for entry in entries() if entry.offered]
    documented = _documented_axes(offered)
    for split in SPLITS:
        own = [provider for provider in providers() if provider.split == split]
        load = dict.fromkeys((provider.name for provider in own), 0)
        for index, functionality in enumerate(offered):
            rng = generator_for((_SEED,), split, functionality.name)
            size = int(rng.choice(_GROUP_SIZES, p=_SIZE_SHARES))
            chosen = _least_used({provider: load[provider.name] for provider in own}, size, rng)
            for provider in chosen:
                load[provider.name] += 1
            yield _group(functionality, chosen, documented[functionality.name], split, index % WORDINGS, rng)


def _documented_axes(offered: Sequence[Functionality]) -> dict[str, list[str]]:
    """Axes that the tools of each functionality document, the same in every split, each axis as often as can be."""
    rng = generator_for((_SEED,), "axes")
    load = dict.fromkeys(sorted(axes()), 0)
    found = {}
    # Those with the least choice choose first, so that an axis that suits few functionalities is documented by them.
    for functionality in sorted(offered, key=lambda item: (len(suitable_axes(item.name)), item.name)):
        chosen = _least_used({axis: load[axis] for axis in suitable_axes(functionality.name)}, _AXES_PER_GROUP, rng)
        for axis in chosen:
            load[axis] += 1
        found[functionality.name] = sorted(chosen)
    return found


def _least_used(load: Mapping[_Item, int], number: int, rng: np.random.Generator) -> list[_Item]:
    """Those with the smallest load, drawn among equals."""
    lots = {item: float(rng.random()) for item in load}
    return sorted(load, key=lambda item: (load[item], lots[item]))[:number]


def _group(
    functionality: Functionality,
    chosen: Sequence[Provider],
    own_axes: Sequence[str],
    split: str,
    wording: int,
    rng: np.random.Generator,
) -> Group:
    values = _spread_values(own_axes, len(chosen), rng)
    members = [
        _member(functionality, provider, {axis: values[axis][index] for axis in own_axes}, split, wording, rng)
        for index, provider in enumerate(chosen)
    ]
    return Group(
        functionality,
        tuple(sorted(members, key=lambda member: member.tool.name)),
        functionality.category,
        split,
        wording,
    )


def _spread_values(own_axes: Sequence[str], size: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Values of each axis over the tools of a group: as even as can be, no two tools nearly the same."""
    while True:
        drawn = {}
        for axis in own_axes:
            values = sorted(axes()[axis])
            order = [values[int(index)] for index in rng.permutation(len(values))]
            spread = [order[index % len(order)] for index in range(size)]
            drawn[axis] = [spread[int(index)] for index in rng.permutation(size)]
        if all(
            sum(column[one] != column[other] for column in drawn.values()) >= _TOLD_APART_BY
            for one, other in combinations(range(size), 2)
        ):
            return drawn


def _member(
    functionality: Functionality,
    provider: Provider,
    values: Mapping[str, str],
    split: str,
    wording: int,
    rng: np.random.Generator,
) -> GroupTool:
    def pick(items: Sequence[str]) -> str:
        return items[int(rng.integers(len(items)))]

    attributes = tuple(
        Attribute(axis, value, pick(axes()[axis][value][split][wording::WORDINGS])) for axis, value in values.items()
    )
    said = [attributes[int(index)].evidence for index in rng.permutation(len(attributes))]
    parameters, bindings = _parameters(functionality.slots, provider, rng)
    title = pick(_titles(functionality.name))
    about = sentence(pick([functionality.summary, *functionality.phrases]))
    tool = Tool(
        name=f"{slug(provider.name)}__{title}",
        provider=provider.name,
        category=functionality.category,
        description=" ".join([about, *said]),
        parameters=parameters,
        attributes=attributes,
        operation=title.replace("_", " "),
        operation_description=about,
        functionality=functionality.name,
        split=split,
    )
    return GroupTool(tool, bindings)


def _titles(name: str) -> list[str]:
    """What providers call the operation of a functionality."""
    parts = [part for part in words(name) if part not in _SMALL_WORDS]
    suitable = _TITLES[:_PLAIN_TITLES] if parts[0] in _VERBS else _TITLES
    return [title.format(name=slug(" ".join(parts), 34)) for title in suitable]


def _parameters(
    slots: Sequence[Slot], provider: Provider, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Binding]]:
    """A tool's own way of taking the slots, with one or two options of its own."""
    wrapper = _WRAPPERS[int(rng.integers(len(_WRAPPERS)))] if len(slots) > 1 and rng.random() < 0.3 else None
    properties: dict[str, Any] = {}
    bindings: dict[str, Binding] = {}
    taken = {wrapper}
    as_text = rng.random() < 0.25
    for slot in slots:
        name = _spelling(slot, provider.style, taken, rng)
        taken.add(name)
        kind = concepts()[slot.concept].type
        if as_text:
            kind = "string"
        properties[name] = {"type": kind, "description": slot.about}
        bindings[slot.name] = Binding((wrapper, name) if wrapper else (name,), kind)
    required = list(properties)
    if wrapper:
        properties = {wrapper: {"type": "object", "properties": properties, "required": required}}
        required = [wrapper]
    for index in rng.permutation(len(_OPTIONS))[: int(rng.integers(1, 3))]:
        name, schema = _OPTIONS[int(index)]
        if (spelled := _styled(words(name), provider.style)) not in taken:
            properties[spelled] = schema
    return {"type": "object", "properties": properties, "required": required}, bindings


def _spelling(slot: Slot, style: str, taken: set[str | None], rng: np.random.Generator) -> str:
    """One of the names that mean a slot's concept, in a provider's style."""
    concept = concepts()[slot.concept]
    spoken = {_styled(words(text), style) for text in (slot.name, concept.name, concept.label)}
    # One-letter names and names such as "q" say nothing; a marketplace would not take them.
    telling = {name for name in concept.names - concept.odd if len(name) > 2}
    free = sorted((spoken | telling) - taken) or sorted(spoken)
    return free[int(rng.integers(len(free)))]


def _styled(parts: Sequence[str], style: str) -> str:
    if style == "camel":
        return parts[0] + "".join(part.title() for part in parts[1:])
    return {"snake": "_", "kebab": "-", "flat": ""}[style].join(parts)
