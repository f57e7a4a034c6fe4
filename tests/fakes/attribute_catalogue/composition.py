"""Composition of the tools from phrases, providers and functionalities, always with the same result.

In every split each functionality has a group of tools. As in a real catalogue, the tools of a group differ in parameter
names, types and nesting, and in their attributes. Providers and phrases belong to one split only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from builder.grouping.functionalities import VERBS, concepts, entries
from builder.randomness import generator_for
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Slot, Tool
from builder.words import sentence, slug, words
from hf_dataset.layout import SPLITS

DATA: Final = Path(__file__).parent
_SEED: Final = 20261122
_EVERY: Final = 3
"""One in so many functionalities of the library has tools, which keeps builds short."""
_GROUP_SIZES: Final = (4, 5, 6, 7, 8)
_SIZE_SHARES: Final = (0.5, 0.22, 0.14, 0.08, 0.06)
"""Probability of each group size; the mean is about five tools."""
WORDINGS: Final = 2
"""Number of disjoint sets of the phrases of a split. The tools of a functionality use one of them, and those in a
history another than the candidates."""
_AXES_PER_GROUP: Final = 7
"""Number of axes that the tools of a group document."""
_MIN_DIFFERENCES: Final = 2
"""Minimum number of axes on which any two tools of a group differ."""
_TITLES: Final = ("{name}", "{name}_v2", "{name}_api", "get_{name}", "fetch_{name}", "find_{name}")
_VERB_TITLES: Final = 3
"""Number of titles, from the start of the list, that suit a functionality whose name starts with a verb."""
_STOP_WORDS: Final = frozenset({"a", "an", "the", "of", "by", "for", "on", "in", "to", "at", "near"})
_WRAPPERS: Final = ("query", "input", "filter", "request")
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "format": {"type": "string", "enum": ["json", "xml"], "default": "json", "description": "Form of the reply"},
    "locale": {"type": "string", "default": "en", "description": "Language of labels in the reply"},
    "timeout": {"type": "integer", "default": 30, "description": "Seconds to wait for the reply"},
    "pretty": {"type": "boolean", "default": False, "description": "Indent the reply"},
    "callback id": {"type": "string", "description": "Echoed in the reply"},
}
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    style: str
    """Style of its parameter names: `snake`, `camel`, `kebab` or `flat`."""


@cache
def attribute_axes() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    """Return all phrases, by axis, value and split."""
    return tomllib.loads((DATA / "axes.toml").read_text(encoding="utf-8"))


def _providers(split: str) -> list[_Provider]:
    by_style = tomllib.loads((DATA / "providers.toml").read_text(encoding="utf-8"))[split]
    return [_Provider(name, style) for style, names in by_style.items() for name in names]


@cache
def attribute_groups() -> tuple[Group, ...]:
    """Return all groups, by split in the order of `SPLITS` and then by functionality name."""
    functionalities = [entry.functionality for entry in entries() if entry.offered][::_EVERY]
    documented = _documented_axes(functionalities)
    groups = []
    for split in SPLITS:
        load = dict.fromkeys(_providers(split), 0)
        for index, functionality in enumerate(functionalities):
            rng = generator_for((_SEED,), split, functionality.name)
            chosen = _least_used(load, int(rng.choice(_GROUP_SIZES, p=_SIZE_SHARES)), rng)
            groups.append(_group(functionality, chosen, documented[functionality.name], split, index % WORDINGS, rng))
    return tuple(groups)


def _documented_axes(functionalities: Sequence[Functionality]) -> Mapping[str, list[str]]:
    """Draw the axes that the tools of each functionality document: the same in every split, each equally often."""
    rng = generator_for((_SEED,), "axes")
    load = dict.fromkeys(sorted(attribute_axes()), 0)
    return {item.name: sorted(_least_used(load, _AXES_PER_GROUP, rng)) for item in functionalities}


def _least_used(load: dict[_Item, int], number: int, rng: np.random.Generator) -> list[_Item]:
    """Return the items with the smallest load, in random order among equal loads, and count them."""
    tie_breaks = {item: float(rng.random()) for item in load}
    chosen = sorted(load, key=lambda item: (load[item], tie_breaks[item]))[:number]
    for item in chosen:
        load[item] += 1
    return chosen


def _group(
    functionality: Functionality,
    providers: Sequence[_Provider],
    axes: Sequence[str],
    split: str,
    wording: int,
    rng: np.random.Generator,
) -> Group:
    values = _spread_values(axes, len(providers), rng)
    members = [
        _member(functionality, provider, {axis: values[axis][index] for axis in axes}, split, wording, rng)
        for index, provider in enumerate(providers)
    ]
    ordered = tuple(sorted(members, key=lambda member: member.tool.name))
    return Group(functionality, ordered, functionality.category, split, wording)


def _spread_values(axes: Sequence[str], size: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Draw the values of each axis for the tools of a group, each value about equally often.

    If any two tools differ on fewer than `_MIN_DIFFERENCES` axes, all values are drawn again.
    """
    while True:
        drawn = {}
        for axis in axes:
            values = sorted(attribute_axes()[axis])
            order = [values[int(index)] for index in rng.permutation(len(values))]
            drawn[axis] = [order[int(index) % len(order)] for index in rng.permutation(size)]
        if all(
            sum(column[first] != column[second] for column in drawn.values()) >= _MIN_DIFFERENCES
            for first, second in combinations(range(size), 2)
        ):
            return drawn


def _member(
    functionality: Functionality,
    provider: _Provider,
    values: Mapping[str, str],
    split: str,
    wording: int,
    rng: np.random.Generator,
) -> GroupTool:
    """Compose the tool of a provider, with documentation of its attributes in random order."""
    attributes = tuple(
        Attribute(axis, value, _pick(attribute_axes()[axis][value][split][wording::WORDINGS], rng))
        for axis, value in values.items()
    )
    sentences = [attributes[int(index)].evidence for index in rng.permutation(len(attributes))]
    parameters, bindings = _parameters(functionality.slots, provider, rng)
    title = _pick(_titles(functionality.name), rng)
    summary = sentence(_pick([functionality.summary, *functionality.phrases], rng))
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


def _pick(items: Sequence[_Item], rng: np.random.Generator) -> _Item:
    return items[int(rng.integers(len(items)))]


def _titles(name: str) -> list[str]:
    """Return the names that providers give to the operation of a functionality."""
    parts = [part for part in words(name) if part not in _STOP_WORDS]
    suitable = _TITLES[:_VERB_TITLES] if parts[0] in VERBS else _TITLES
    return [title.format(name=slug(" ".join(parts), 34)) for title in suitable]


def _parameters(
    slots: Sequence[Slot], provider: _Provider, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Binding]]:
    """Create the parameters of a tool for the slots, with at most two additional options.

    Returns:
        JSON Schema object of the parameters, and the binding of each slot by slot name.
    """
    wrapper = _pick(_WRAPPERS, rng) if len(slots) > 1 and rng.random() < 0.3 else None
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
    options = sorted(_OPTIONS)
    for index in rng.permutation(len(options))[: int(rng.integers(1, 3))]:
        spelled = _styled(words(options[int(index)]), provider.style)
        if spelled not in taken:
            properties[spelled] = dict(_OPTIONS[options[int(index)]])
    return {"type": "object", "properties": properties, "required": required}, bindings


def _spelling(slot: Slot, style: str, taken: set[str | None], rng: np.random.Generator) -> str:
    """Draw a parameter name for a slot that is not taken, in a provider's style."""
    concept = concepts()[slot.concept]
    styled = {_styled(words(text), style) for text in (slot.name, concept.name, concept.label)}
    # Names of one or two letters, such as "q", do not tell two parameters apart.
    synonyms = {name for name in concept.names - concept.odd if len(name) > 2}
    available = sorted((styled | synonyms) - taken) or sorted(styled)
    return _pick(available, rng)


def _styled(parts: Sequence[str], style: str) -> str:
    """Join words into a name in a provider's style."""
    if style == "camel":
        return parts[0] + "".join(part.title() for part in parts[1:])
    return {"snake": "_", "kebab": "-", "flat": ""}[style].join(parts)
