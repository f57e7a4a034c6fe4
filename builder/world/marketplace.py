"""Built-in marketplace: fictional providers that offer the functionalities of the library.

The functionalities, the axes with their phrases and the providers are stored in TOML files. This module composes the
tools from them, always with the same result. In every split each functionality has a group of tools. As in a real
catalogue, the tools of a group differ in parameter names, types and nesting, and in their attributes. Providers and
phrases belong to one split only, so that a model must understand the documentation and cannot rely on phrases that it
has seen in another split.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final, TypeVar

import numpy as np

from builder.grouping.functionalities import VERBS, concepts, data_table, entries
from builder.randomness import generator_for
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Slot, Tool
from builder.words import sentence, slug, words
from hf_dataset.layout import SPLITS

_GROUP_SIZES: Final = (4, 5, 6, 7, 8)
_SIZE_SHARES: Final = (0.5, 0.22, 0.14, 0.08, 0.06)
"""Probability of each group size; the mean is about five tools."""
WORDINGS: Final = 2
"""Number of wordings, which are disjoint sets of the phrases of a split. The tools of a functionality use one wording.
The tools in a history use another wording than the candidates, so that the two share no sentence."""
_SEED: Final = 20261122
"""Fixed seed of the marketplace. It does not depend on the seed of a build."""
_AXES_PER_GROUP: Final = 7
"""Number of axes that the tools of a group document, drawn for each functionality."""
_MIN_DIFFERENCES: Final = 2
"""Minimum number of axes on which any two tools of a group differ."""
_TITLES: Final = ("{name}", "{name}_v2", "{name}_api", "get_{name}", "fetch_{name}", "find_{name}")
_VERB_TITLES: Final = 3
"""Number of titles, from the start of the list, that suit a functionality whose name starts with a verb."""
_STOP_WORDS: Final = frozenset({"a", "an", "the", "of", "by", "for", "on", "in", "to", "at", "near"})
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
    """Fictional provider."""

    name: str
    split: str
    style: str
    """Style of its parameter names: `snake`, `camel`, `kebab` or `flat`."""


@cache
def axes() -> Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]:
    """Return all phrases, by axis, value and split."""
    return {
        axis["name"]: {value["name"]: {split: tuple(value[split]) for split in SPLITS} for value in axis["values"]}
        for axis in data_table("world/axes.toml")["axis"]
    }


@cache
def providers() -> tuple[Provider, ...]:
    """Return all providers, in file order."""
    return tuple(
        Provider(raw["name"], raw["split"], raw["style"]) for raw in data_table("world/providers.toml")["provider"]
    )


def suitable_axes(functionality: str) -> list[str]:
    """Return the axes that make sense for a functionality, sorted."""
    excluded = data_table("world/exclusions.toml")
    return sorted(axis for axis in axes() if functionality not in excluded.get(axis, ()))


def marketplace() -> Iterator[Group]:
    """Yield all groups, by split in the order of `SPLITS` and then by functionality name."""
    offered = [entry.functionality for entry in entries() if entry.offered]
    documented = _documented_axes(offered)
    for split in SPLITS:
        split_providers = [provider for provider in providers() if provider.split == split]
        load = dict.fromkeys((provider.name for provider in split_providers), 0)
        for index, functionality in enumerate(offered):
            rng = generator_for((_SEED,), split, functionality.name)
            size = int(rng.choice(_GROUP_SIZES, p=_SIZE_SHARES))
            chosen = _least_used({provider: load[provider.name] for provider in split_providers}, size, rng)
            for provider in chosen:
                load[provider.name] += 1
            yield _group(functionality, chosen, documented[functionality.name], split, index % WORDINGS, rng)


def _documented_axes(offered: Sequence[Functionality]) -> dict[str, list[str]]:
    """Choose the axes that the tools of each functionality document, the same in every split.

    Axes are balanced: each is documented by about the same number of functionalities, as far as it suits them.
    """
    rng = generator_for((_SEED,), "axes")
    load = dict.fromkeys(sorted(axes()), 0)
    documented = {}
    # Functionalities with few suitable axes come first, since the others can balance the load of the remaining axes.
    for functionality in sorted(offered, key=lambda item: (len(suitable_axes(item.name)), item.name)):
        chosen = _least_used({axis: load[axis] for axis in suitable_axes(functionality.name)}, _AXES_PER_GROUP, rng)
        for axis in chosen:
            load[axis] += 1
        documented[functionality.name] = sorted(chosen)
    return documented


def _least_used(load: Mapping[_Item, int], number: int, rng: np.random.Generator) -> list[_Item]:
    """Return the items with the smallest load, in random order among equal loads."""
    tie_breaks = {item: float(rng.random()) for item in load}
    return sorted(load, key=lambda item: (load[item], tie_breaks[item]))[:number]


def _group(
    functionality: Functionality,
    chosen: Sequence[Provider],
    group_axes: Sequence[str],
    split: str,
    wording: int,
    rng: np.random.Generator,
) -> Group:
    values = _spread_values(group_axes, len(chosen), rng)
    members = [
        _member(functionality, provider, {axis: values[axis][index] for axis in group_axes}, split, wording, rng)
        for index, provider in enumerate(chosen)
    ]
    return Group(
        functionality,
        tuple(sorted(members, key=lambda member: member.tool.name)),
        functionality.category,
        split,
        wording,
    )


def _spread_values(group_axes: Sequence[str], size: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Draw the values of each axis for the tools of a group.

    The values of an axis occur as evenly as possible. If any two tools differ on fewer than `_MIN_DIFFERENCES` axes,
    all values are drawn again.
    """
    while True:
        drawn = {}
        for axis in group_axes:
            values = sorted(axes()[axis])
            order = [values[int(index)] for index in rng.permutation(len(values))]
            spread = [order[index % len(order)] for index in range(size)]
            drawn[axis] = [spread[int(index)] for index in rng.permutation(size)]
        if all(
            sum(column[first] != column[second] for column in drawn.values()) >= _MIN_DIFFERENCES
            for first, second in combinations(range(size), 2)
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
    """Compose the tool of a provider, with documentation of its attributes in random order."""

    def pick(items: Sequence[str]) -> str:
        return items[int(rng.integers(len(items)))]

    attributes = tuple(
        Attribute(axis, value, pick(axes()[axis][value][split][wording::WORDINGS])) for axis, value in values.items()
    )
    sentences = [attributes[int(index)].evidence for index in rng.permutation(len(attributes))]
    parameters, bindings = _parameters(functionality.slots, provider, rng)
    title = pick(_titles(functionality.name))
    summary = sentence(pick([functionality.summary, *functionality.phrases]))
    tool = Tool(
        name=f"{slug(provider.name)}__{title}",
        provider=provider.name,
        category=functionality.category,
        description=" ".join([summary, *sentences]),
        parameters=parameters,
        attributes=attributes,
        operation=title.replace("_", " "),
        operation_description=summary,
        functionality=functionality.name,
        split=split,
    )
    return GroupTool(tool, bindings)


def _titles(name: str) -> list[str]:
    """Return the names that providers give to the operation of a functionality."""
    parts = [part for part in words(name) if part not in _STOP_WORDS]
    suitable = _TITLES[:_VERB_TITLES] if parts[0] in VERBS else _TITLES
    return [title.format(name=slug(" ".join(parts), 34)) for title in suitable]


def _parameters(
    slots: Sequence[Slot], provider: Provider, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Binding]]:
    """Create the parameters of a tool for the slots, with at most two additional options.

    Returns:
        JSON Schema object of the parameters, and the binding of each slot by slot name.
    """
    wrapper = _WRAPPERS[int(rng.integers(len(_WRAPPERS)))] if len(slots) > 1 and rng.random() < 0.3 else None
    properties: dict[str, Any] = {}
    bindings: dict[str, Binding] = {}
    taken = {wrapper}
    only_strings = rng.random() < 0.25
    for slot in slots:
        name = _spelling(slot, provider.style, taken, rng)
        taken.add(name)
        json_type = "string" if only_strings else concepts()[slot.concept].type
        properties[name] = {"type": json_type, "description": slot.about}
        bindings[slot.name] = Binding((wrapper, name) if wrapper else (name,), json_type)
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
    """Draw a parameter name for a slot that is not taken, in a provider's style."""
    concept = concepts()[slot.concept]
    styled = {_styled(words(text), style) for text in (slot.name, concept.name, concept.label)}
    # Names of one or two letters, such as "q", are too cryptic for a marketplace.
    synonyms = {name for name in concept.names - concept.odd if len(name) > 2}
    available = sorted((styled | synonyms) - taken) or sorted(styled)
    return available[int(rng.integers(len(available)))]


def _styled(parts: Sequence[str], style: str) -> str:
    """Join words into a name in a provider's style."""
    if style == "camel":
        return parts[0] + "".join(part.title() for part in parts[1:])
    return {"snake": "_", "kebab": "-", "flat": ""}[style].join(parts)
