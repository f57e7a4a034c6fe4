"""Services: the built-in catalogue of data format 2, fictional providers whose tools have facts.

Every functionality is offered in every split by eight of the split's own providers, of its field if there are as many.
Facts of a provider hold for all of its tools; the other facts are drawn so that no tool is worse than another on
everything. The catalogue does not depend on the seed of a build. A pack replaces layouts, providers and number ranges
of the test split, and with them all facts: nothing in the repository gives those away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np

from builder.errors import ConfigError
from builder.grouping.functionalities import VERBS, concepts, data_table, entries
from builder.randomness import generator_for
from builder.records import Binding, Functionality, OptionBinding, Slot
from builder.words import slug, words

from .axes import AXES, Value
from .facts import Facts
from .optional_parameters import add_optional_parameters
from .packs import LEAST_SPAN, PACK_SPLIT, Pack
from .providers import JOB_TABLE, OF_PAID, VETTED, ServiceProvider, catalogue_seed, service_providers
from .trade_offs import LEAD, draw_facts

_SIZE: Final = 8
"""Number of providers of a functionality in a split. With fewer, few histories refute the rivals of a preference."""
_RANGED: Final = ("price", "latency", "freshness", "archive", "coverage")
"""Axes whose range depends on the functionality."""
_FREE_UP_TO: Final = 0.8
"""Highest drawn price, in USD per 1,000 calls, in whose place a tool can be free."""
_FREE_SHARE: Final = 0.9
"""Share of the groups with such a tool in which it is free."""
_NAMESPACES: Final = {"e": "ecommerce", "real": "realestate"}
"""Namespaces of categories whose first word alone says too little."""
_OPERATION_VERBS: Final = VERBS | {
    *("browse", "calculate", "compute", "find", "identify", "inspect", "locate", "lookup", "parse", "resolve", "score"),
    *("scan", "suggest", "verify"),
}
"""First words of names of operations that are verbs."""
_UNITS: Final = {"height_cm": "cm", "weight_kg": "kg", "minutes": "min", "years": "year"}
"""Unit of the values of a slot, by its concept."""


@dataclass(frozen=True, slots=True)
class Service:
    """A tool with facts."""

    name: str
    provider: ServiceProvider
    description: str
    """Plain prose about what it does; the facts are in its listing."""
    parameters: Mapping[str, Any] = field(hash=False)
    bindings: Mapping[str, Binding] = field(hash=False)
    """Position of each slot of the functionality in the arguments."""
    options: Mapping[str, OptionBinding] = field(hash=False)
    """Position of each optional parameter that instructions can ask for."""
    facts: Facts = field(hash=False)


@dataclass(frozen=True, slots=True)
class Job:
    """A functionality in one split, with the services that do it."""

    functionality: Functionality
    split: str
    axes: tuple[str, ...]
    """Axes that its services state."""
    noun: str
    """Things that the axis coverage counts."""
    services: tuple[Service, ...]


def service_jobs(split: str, pack: Pack | None = None) -> tuple[Job, ...]:
    """Return the jobs of a split, sorted by functionality.

    Args:
        split: Name of the split.
        pack: Layouts, providers and ranges that the test split uses instead of those of the repository.

    Raises:
        ConfigError: If the ranges of the pack leave no trade-off between the tools of a job.
    """
    return _service_jobs(split, pack if split == PACK_SPLIT else None)


@cache
def _service_jobs(split: str, pack: Pack | None) -> tuple[Job, ...]:
    table: Mapping[str, Mapping[str, Any]] = data_table(JOB_TABLE)
    offered = [entry.functionality for entry in entries() if entry.offered]
    providers = service_providers(split, pack)
    load = dict.fromkeys((provider.name for provider in providers), 0)
    jobs = []
    for functionality in sorted(offered, key=lambda item: item.name):
        rng = generator_for(catalogue_seed(pack), "services", split, functionality.name)
        order = [providers[int(place)] for place in rng.permutation(len(providers))]
        entry = table[functionality.name]
        fitting = [
            provider
            for provider in order
            if ("source" not in entry or provider.facts["source"] in entry["source"])
            and (entry["vetted"] or provider.facts["access"] != VETTED)
        ]
        chosen = sorted(fitting, key=lambda provider: (entry["field"] not in provider.fields, load[provider.name]))[
            :_SIZE
        ]
        for provider in chosen:
            load[provider.name] += 1
        jobs.append(_job(functionality, split, entry, _ranges(entry, pack), chosen, rng))
    return tuple(jobs)


def _ranges(entry: Mapping[str, Any], pack: Pack | None) -> Mapping[str, tuple[float, float]]:
    """Return the ranges of a job: its own, and those of the pack where they leave enough of its own."""
    ranges: dict[str, tuple[float, float]] = {name: tuple(entry[name]) for name in _RANGED if name in entry}
    for name, bounds in pack.ranges.items() if pack is not None else ():
        own = ranges.get(name, bounds)
        both = (max(bounds[0], own[0]), min(bounds[1], own[1]))
        if _span(name, both) >= LEAST_SPAN * _span(name, own):
            ranges[name] = both
    return ranges


def _span(name: str, bounds: tuple[float, float]) -> float:
    """Return the length of a range on the scale of its axis; negative if it is empty."""
    position = AXES[name].position
    return position(bounds[1]) - position(bounds[0])


def _job(
    functionality: Functionality,
    split: str,
    entry: Mapping[str, Any],
    ranges: Mapping[str, tuple[float, float]],
    providers: Sequence[ServiceProvider],
    rng: np.random.Generator,
) -> Job:
    axes = tuple(entry["axes"])
    drawn = draw_facts(axes, [provider.facts for provider in providers], rng, ranges)
    if drawn is None:
        # The axes of every functionality allow a trade-off; only the ranges of a pack can prevent it.
        raise ConfigError(
            f"The pack's ranges leave no trade-off between the tools for {functionality.name!r}: on every draw, one is "
            f"worse than another on all axes. Widen the ranges in pack.toml: {', '.join(sorted(ranges))}."
        )
    facts = _with_free_tool(drawn, rng)
    written = _written(functionality.name)[split]
    texts = [written[int(place)] for place in rng.permutation(len(written))]
    services = [
        _service(functionality, provider, text, own, rng)
        for provider, text, own in zip(providers, texts, facts, strict=False)
    ]
    return Job(
        functionality, split, axes, str(entry["noun"]), tuple(sorted(services, key=lambda service: service.name))
    )


def _with_free_tool(facts: Sequence[Facts], rng: np.random.Generator) -> Sequence[Facts]:
    """Make the cheapest tool of most groups free, where it is easy to get and every other one is clearly dearer."""
    order = sorted(range(len(facts)), key=lambda place: float(facts[place]["price"]))
    lowest, second = (float(facts[place]["price"]) for place in order[:2])
    is_clear = AXES["price"].goodness(0.0) - AXES["price"].goodness(second) >= LEAD
    is_easy = facts[order[0]].get("access") not in OF_PAID
    if lowest > _FREE_UP_TO or not is_clear or not is_easy or rng.random() >= _FREE_SHARE:
        return facts
    return [{**tool, "price": 0.0} if place == order[0] else tool for place, tool in enumerate(facts)]


def _service(
    functionality: Functionality,
    provider: ServiceProvider,
    description: str,
    facts: Mapping[str, Value],
    rng: np.random.Generator,
) -> Service:
    parameters, bindings, options = _parameters(functionality, provider, rng)
    name = f"{slug(provider.slug)}__{operation_name(functionality, provider.naming, rng)}"[:64]
    return Service(name, provider, description, parameters, bindings, options, facts)


@cache
def _written(job: str) -> Mapping[str, Any]:
    """Return what providers write of a job: descriptions by split, and comments on each slot under `parameters`."""
    field_of_job = data_table(JOB_TABLE)[job]["field"]
    texts: Mapping[str, Any] = data_table(f"world/data/descriptions/{field_of_job}.toml")[job]
    return texts


def operation_name(functionality: Functionality, naming: str, rng: np.random.Generator) -> str:
    """Draw the name of an operation in a provider's style.

    Args:
        functionality: What the operation does.
        naming: `verb_noun`, `camel`, `rest`, `noun` or `namespaced`.
        rng: Generator that draws one of the names that teams give to such an operation.
    """
    names: Sequence[Sequence[str]] = data_table("world/data/operations.toml")[functionality.name]
    own = list(names[int(rng.integers(len(names)))])
    has_verb = own[0] in _OPERATION_VERBS
    if naming == "verb_noun":
        return "_".join(own if has_verb else ["get", *own])
    if naming == "camel":
        first, *rest = own if has_verb else ["get", *own]
        return first + "".join(part.title() for part in rest)
    if naming == "rest":
        return "_".join([{"send": "post", "generate": "post"}.get(own[0], "get"), "v1", *own])
    if naming == "namespaced":
        category = words(functionality.category)
        return "_".join([_NAMESPACES.get(category[0], category[0]), *own])
    return "_".join(own)


def _parameters(
    functionality: Functionality, provider: ServiceProvider, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Binding], dict[str, OptionBinding]]:
    """Return the JSON Schema of the parameters of a tool, and the bindings of slots and optional parameters."""
    properties: dict[str, Any] = {}
    bindings: dict[str, Binding] = {}
    for slot in functionality.slots:
        name = _parameter_name(slot, provider.parameters, properties, rng)
        json_type = concepts()[slot.concept].type
        comments = _written(functionality.name)["parameters"][slot.name]
        properties[name] = {"type": json_type, "description": comments[int(rng.integers(len(comments)))]}
        bindings[slot.name] = Binding((name,), json_type, _UNITS.get(slot.concept, ""))
    required = list(properties)
    options = add_optional_parameters(properties, functionality.name, provider.parameters, rng)
    return {"type": "object", "properties": properties, "required": required}, bindings, options


def _parameter_name(slot: Slot, style: str, taken: Mapping[str, Any], rng: np.random.Generator) -> str:
    """Draw a name for a slot in a provider's style."""
    concept = concepts()[slot.concept]
    plain = {name for name in concept.names - concept.odd if name.isalpha()}
    short = sorted(name for name in plain if len(name) <= 5 and name not in taken)
    if style == "short" and short:
        return short[0] if len(short[0]) > 1 or slot.concept.endswith("query") else short[-1]
    parts = words(slot.name)
    spelled = parts[0] + "".join(part.title() for part in parts[1:]) if style == "camel" else "_".join(parts)
    choices = [name for name in (spelled, *sorted(name for name in plain if 3 < len(name) < 9)) if name not in taken]
    return choices[0] if rng.random() < 0.7 else choices[int(rng.integers(len(choices)))]
