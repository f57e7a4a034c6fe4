"""Providers of the built-in catalogue: fictional companies with fields of business, layouts and facts of their own.

Facts of a provider (access, region, retention, ...) hold for all of its tools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.grouping.functionalities import data_table
from builder.randomness import generator_for
from builder.users.choice_rules import features

from .axes import AXES, Axis, Value
from .facts import Facts, draw_value, fit
from .packs import PACK_SPLIT, Pack, split_layouts

JOB_TABLE: Final = "world/data/functionality_axes.toml"
"""Data file with the field, axes and ranges of each job."""
VETTED: Final = "review of the application"
"""Way to get access that only some jobs can have."""
OF_PAID: Final = frozenset({"account with credit card", VETTED})
"""Ways to get access that no free tool has."""
_NON_COMMERCIAL: Final = "non-commercial use only"
_SEED: Final = 20261129
"""Fixed seed of the catalogue."""
_LAYOUT_DRAWS: Final = 3000
"""Assignments of layouts to providers of which the most balanced one is taken."""
_EXTRAS: Final = (0.6, 0.3, 0.1)
"""Probability that a provider mentions no, one or two things beside the facts."""
_RELATED: Final = (
    ("business", "finance"),
    ("business", "web"),
    ("finance", "travel"),
    ("language", "media"),
    ("language", "web"),
    ("living", "media"),
    ("living", "travel"),
    ("places", "travel"),
    ("places", "web"),
)
"""Fields in which one provider can be active."""


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """A fictional provider."""

    name: str
    split: str
    slug: str
    """Its name in the names of its tools."""
    naming: str
    """Style of its operations: `verb_noun`, `camel`, `rest`, `noun` or `namespaced`."""
    parameters: str
    """Style of its parameters: `snake`, `camel` or `short`."""
    fields: tuple[str, ...]
    """Lines of business in which it offers tools."""
    layout: str
    """Name of the layout of its listings."""
    facts: Facts = field(hash=False)
    """Facts that hold for all of its tools."""
    extras: tuple[Mapping[str, str], ...] = field(hash=False)
    """What its listings mention beside the facts, each with `label`, `key` and `text`."""


def service_providers(split: str, pack: Pack | None = None) -> tuple[ServiceProvider, ...]:
    """Return the providers of a split with their facts, sorted by name.

    Args:
        split: Name of the split.
        pack: Layouts, providers and ranges that the test split uses instead of those of the repository.
    """
    return _service_providers(split, pack if split == PACK_SPLIT else None)


def catalogue_seed(pack: Pack | None) -> tuple[int, ...]:
    """Return the seed of the facts, which do not depend on the seed of a build."""
    return (_SEED, *pack.seed) if pack is not None else (_SEED,)


@cache
def _service_providers(split: str, pack: Pack | None) -> tuple[ServiceProvider, ...]:
    rng = generator_for(catalogue_seed(pack), "providers", split)
    names = [layout.name for layout in split_layouts(split, pack)]
    ranges = pack.ranges if pack is not None else {}
    listed = sorted(_raw_providers(split, pack), key=lambda raw: str(raw["name"]))
    facts = [_draw_provider(ranges, rng) for _ in listed]
    matrix = np.array([features(own) for own in facts])
    chosen = balanced_layouts(names, matrix[:, ~np.isnan(matrix).any(axis=0)], rng)
    fields = _draw_fields([own["access"] == VETTED for own in facts], rng)
    return tuple(
        ServiceProvider(**raw, fields=active, layout=layout, facts=own, extras=_draw_extras(rng))
        for raw, active, layout, own in zip(listed, fields, chosen, facts, strict=True)
    )


def _draw_extras(rng: np.random.Generator) -> tuple[Mapping[str, str], ...]:
    """Draw what a provider mentions beside the facts that users choose by."""
    known = data_table("world/data/listing_extras.toml")["extra"]
    number = int(rng.choice(len(_EXTRAS), p=_EXTRAS))
    drawn = [known[int(place)] for place in rng.permutation(len(known))[:number]]
    return tuple(
        {"label": raw["label"], "key": raw["key"], "text": raw["texts"][int(rng.integers(len(raw["texts"])))]}
        for raw in drawn
    )


def _draw_fields(vetting: Sequence[bool], rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Give each provider two related fields, so that the providers of a field are as many as its jobs ask for.

    Args:
        vetting: Whether each provider reviews applications. Such a provider gets fields whose jobs can be vetted.
        rng: Generator that draws the order of the providers.
    """
    table = data_table(JOB_TABLE)
    demand = Counter(str(entry["field"]) for entry in table.values())
    vetted = Counter(str(entry["field"]) for entry in table.values() if entry["vetted"])
    fields: list[tuple[str, ...]] = [()] * len(vetting)
    supply: Counter[str] = Counter()
    for place in sorted(rng.permutation(len(vetting)).tolist(), key=lambda place: not vetting[place]):
        share = vetted if vetting[place] else demand
        pairs = [pair for pair in _RELATED if all(share[name] for name in pair)]
        needs = [sum(share[name] / (1 + supply[name]) for name in pair) for pair in pairs]
        fields[place] = pairs[int(np.argmax(needs))]
        supply.update(fields[place])
    return fields


def balanced_layouts(names: Sequence[str], matrix: NDArray[np.float64], rng: np.random.Generator) -> list[str]:
    """Give each provider a layout so that layouts tell as little as possible about the facts of their providers.

    Of many random assignments that use all layouts equally often, the one is taken in which the mean features of the
    providers differ least between layouts.

    Args:
        names: Names of the layouts.
        matrix: Features of each provider, of shape (providers, columns).
        rng: Generator that draws the assignments.
    """
    matrix = matrix - matrix.mean(axis=0)
    even = np.arange(len(matrix)) % len(names)
    best, least = even, np.inf
    for _ in range(_LAYOUT_DRAWS):
        drawn = rng.permutation(even)
        sums = np.zeros((len(names), matrix.shape[1]))
        np.add.at(sums, drawn, matrix)
        spread = float((sums**2).sum())
        if spread < least:
            best, least = drawn, spread
    return [names[int(place)] for place in best]


def _raw_providers(split: str, pack: Pack | None) -> Sequence[Mapping[str, str]]:
    if pack is not None and pack.providers:
        return [{**raw, "split": split} for raw in pack.providers]
    return [raw for raw in data_table("world/data/service_providers.toml")["provider"] if raw["split"] == split]


def _draw_provider(ranges: Mapping[str, tuple[float, float]], rng: np.random.Generator) -> Facts:
    """Draw the facts of a provider. Nobody with a credit card on file is limited to non-commercial use."""
    while True:
        facts = {axis.name: _provider_fact(axis, ranges, rng) for axis in AXES.values() if axis.provider}
        if facts["access"] not in OF_PAID or facts["reuse"] != _NON_COMMERCIAL:
            return facts


def _provider_fact(axis: Axis, ranges: Mapping[str, tuple[float, float]], rng: np.random.Generator) -> Value:
    value = draw_value(axis, rng)
    return fit(axis, float(value), *ranges[axis.name]) if axis.name in ranges else value
