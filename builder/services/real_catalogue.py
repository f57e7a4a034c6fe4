"""The catalogue of real services as groups of tools, with their facts in listings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np

from builder.grouping.functionalities import data_table
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import Attribute, Binding, Group, GroupTool, Tool
from builder.words import slug
from builder.world.axes import ALL_AXES
from builder.world.listings import Layout, layouts
from builder.world.providers import ServiceProvider, balanced_layouts
from builder.world.service_catalogue import TODAY, text_of
from builder.world.services import Job, Service
from hf_dataset.layout import SPLITS

from .fact_texts import statement
from .package_files import PACKAGES
from .provider_shares import SIZES, features_of, tools_by_split
from .real_facts import RealFact, RealTool
from .real_jobs import RealJob, parameter_texts, real_jobs
from .real_requests import real_concerns

_LAYOUTS: Final = "services/data/layouts.toml"
_SEED: Final = (20261129,)
_HUMP: Final = re.compile(r"(?<=[a-z])([A-Z]+)")
"""Capital letters inside a name in camel case."""
_LONGEST_NAME: Final = 64
"""Maximum number of characters of the name of a tool."""


@cache
def real_catalogue(*, anonymous: bool = False) -> GroupedCatalogue:
    """Return the real services of all splits, grouped by the job that they do.

    Args:
        anonymous: True to give each provider a fictional name. The facts are the same.

    Raises:
        MissingExtraError: If a package is not installed.
        CatalogueError: If a package has another layout than the one that is read.
    """
    known = real_jobs(TODAY)
    tools_of = tools_by_split(known)
    jobs: dict[str, tuple[Job, ...]] = {}
    groups: list[Group] = []
    concerns = {}
    for split in SPLITS:
        usable = [job for job in known if job.name in tools_of[split]]
        made = _Maker(split, usable, tools_of[split], anonymous=anonymous)
        jobs[split], of_split = made.jobs(), made.groups()
        groups += of_split
        concerns[split] = real_concerns(split, usable)
    tools = [member.tool for group in groups for member in group.members]
    return GroupedCatalogue(
        tools,
        groups,
        _look_alikes(known, tools),
        jobs=jobs,
        concerns=concerns,
        candidate_sizes=SIZES,
        every_kind=False,
    )


class _Maker:
    """Maker of the tools of a split.

    Args:
        split: Name of the split.
        jobs: Jobs of the split, sorted by name.
        tools: Tools of each job.
        anonymous: True for fictional names.
    """

    def __init__(
        self, split: str, jobs: Sequence[RealJob], tools: Mapping[str, Sequence[RealTool]], *, anonymous: bool
    ) -> None:
        self._split = split
        self._jobs = jobs
        self._tools = tools
        self._providers = self._named(anonymous=anonymous)
        self._layouts = {layout.name: layout for layout in layouts(split)}
        self._made = [(job, self._services(job)) for job in jobs]

    def jobs(self) -> tuple[Job, ...]:
        """Return the jobs with their services."""
        return tuple(
            Job(job.functionality, self._split, job.axes, "", tuple(service for service, _ in services))
            for job, services in self._made
        )

    def groups(self) -> list[Group]:
        """Return the tools of each job as a group."""
        return [
            Group(
                job.functionality,
                tuple(GroupTool(self._tool(job, *pair), pair[0].bindings, {}) for pair in services),
                job.category,
                self._split,
            )
            for job, services in self._made
        ]

    def sources(self) -> Iterator[tuple[RealJob, Service, RealTool]]:
        """Yield each service with its job and the tool that states its facts."""
        for job, services in self._made:
            for service, tool in services:
                yield job, service, tool

    def _named(self, *, anonymous: bool) -> Mapping[tuple[str, str], ServiceProvider]:
        """Return the provider of each domain and identifier, with its layout."""
        tools: dict[tuple[str, str], list[tuple[RealTool, RealJob]]] = {}
        for job in self._jobs:
            for tool in self._tools[job.name]:
                tools.setdefault((job.category, tool.provider), []).append((tool, job))
        rng = generator_for(_SEED, "real layouts", self._split)
        order = sorted(tools)
        found: dict[tuple[str, str], ServiceProvider] = {}
        names = iter(self._fictional(rng)) if anonymous else iter(())
        for category in sorted({category for category, _ in order}):
            own = [key for key in order if key[0] == category]
            means = np.array([_mean_features(tools[key]) for key in own])
            chosen = balanced_layouts(data_table(_LAYOUTS)[self._split], means, rng)
            for key, layout in zip(own, chosen, strict=True):
                title = next(names) if anonymous else tools[key][0][0].title
                name = plain_name(title)
                found[key] = ServiceProvider(title, self._split, name, "noun", "snake", (category,), layout, {}, ())
        return found

    def _fictional(self, rng: np.random.Generator) -> list[str]:
        """Return fictional names: those of the split in the built-in catalogue, then pairs of their words."""
        names = [
            str(raw["name"])
            for raw in data_table("world/data/service_providers.toml")["provider"]
            if raw["split"] == self._split
        ]
        first = sorted({name.split()[0] for name in names if " " in name})
        last = sorted({name.split()[-1] for name in names if " " in name})
        pairs = [f"{one} {other}" for one in first for other in last if one != other]
        drawn = [pairs[int(place)] for place in rng.permutation(len(pairs))]
        return list(dict.fromkeys([*(names[int(place)] for place in rng.permutation(len(names))), *drawn]))

    def _services(self, job: RealJob) -> list[tuple[Service, RealTool]]:
        """Return the services of a job with their tools, sorted by name."""
        rng = generator_for(_SEED, "real services", self._split, job.name)
        found = [(self._service(job, tool, rng), tool) for tool in self._tools[job.name]]
        return sorted(found, key=lambda pair: pair[0].name)

    def _service(self, job: RealJob, tool: RealTool, rng: np.random.Generator) -> Service:
        provider = self._providers[job.category, tool.provider]
        parameters, bindings = _parameters(job, rng)
        about = job.about[int(rng.integers(len(job.about)))]
        facts = {axis: tool.facts[axis].value for axis in job.axes}
        return Service(_name(job, tool, provider), provider, about, parameters, bindings, {}, facts)

    def _tool(self, job: RealJob, service: Service, tool: RealTool) -> Tool:
        known = [tool.facts[axis] for axis in job.axes]
        rng = generator_for(_SEED, "order of facts", self._split, service.provider.name)
        facts = tuple(known[int(place)] for place in rng.permutation(len(known)))
        layout = self._layouts[service.provider.layout]
        return Tool(
            name=service.name,
            provider=service.provider.name,
            category=job.category,
            description=service.description,
            parameters=service.parameters,
            listing=_listing(layout, facts, self._split),
            attributes=tuple(self._attribute(fact, facts, layout) for fact in sorted(facts, key=_place_of)),
            operation=service.name.partition("__")[2],
            operation_description=service.description,
            functionality=job.name,
            split=self._split,
        )

    def _attribute(self, fact: RealFact, facts: tuple[RealFact, ...], layout: Layout) -> Attribute:
        others = _listing(layout, tuple(other for other in facts if other is not fact), self._split).splitlines()
        lines = _listing(layout, facts, self._split).splitlines()
        stated = "\n".join(line for line in lines if line not in others)
        return Attribute(fact.axis, text_of(fact.value), stated, ALL_AXES[fact.axis].unit)


def _place_of(fact: RealFact) -> int:
    return list(ALL_AXES).index(fact.axis)


@lru_cache(maxsize=65_536)
def _listing(layout: Layout, facts: tuple[RealFact, ...], split: str) -> str:
    """Return a listing. The facts of a provider recur in many of its tools."""
    return layout.render({}, TODAY, extras=[statement(fact, split) for fact in facts])


def _mean_features(tools: Sequence[tuple[RealTool, RealJob]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean features of the tools of a provider, 0 where no tool states an axis."""
    rows = np.nan_to_num(np.array([features_of(tool, job.axes) for tool, job in tools]))
    means: np.ndarray[tuple[int], np.dtype[np.float64]] = rows.mean(axis=0)
    return means


def _parameters(job: RealJob, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Binding]]:
    """Return the JSON Schema of the parameters of a tool, and the binding of each slot."""
    texts = parameter_texts()
    properties: dict[str, Any] = {}
    bindings = {}
    for name, concept in job.slots.items():
        raw = texts["slots"][concept]
        about = raw["about"][int(rng.integers(len(raw["about"])))]
        kept = {key: value for key, value in raw.items() if key != "about"}
        properties[name] = {**kept, "description": about}
        bindings[name] = Binding((name,), str(raw["type"]))
    required = list(properties)
    properties |= {name: dict(texts["optional"][name]) for name in job.optional}
    return {"type": "object", "properties": properties, "required": required}, bindings


def _name(job: RealJob, tool: RealTool, provider: ServiceProvider) -> str:
    """Return the name of a tool: provider and operation."""
    if job.category == "Messaging":
        operation = "send"
    else:
        is_camel = tool.operation.isalpha() and tool.operation[0].islower()
        operation = plain_name(_HUMP.sub(r"_\1", tool.operation) if is_camel else tool.operation)
    return f"{provider.slug}__{operation}"[:_LONGEST_NAME]


def plain_name(text: str) -> str:
    """Return a name in lower case, with underscores between its words.

    Accents are left out, `&` is spelled out, and a word with capitals inside it stays one word.

    Args:
        text: Name as people write it, such as `OVHcloud`.

    Returns:
        The name in letters a to z and digits, such as `ovhcloud`.
    """
    letters = unicodedata.normalize("NFKD", text.replace("&", "and")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", letters.lower()).strip("_")


def _look_alikes(jobs: Sequence[RealJob], tools: Sequence[Tool]) -> Mapping[str, frozenset[str]]:
    """Return the tools that could be thought to do each job: those of a model whose name begins or ends alike."""
    squashed = {job.name: slug(job.name.removeprefix("ask ")).replace("_", "") for job in jobs}
    alike = {
        name: {
            other
            for other, text in squashed.items()
            if other != name and (text.startswith(own) or own.startswith(text))
        }
        for name, own in squashed.items()
    }
    return {
        name: frozenset(tool.name for tool in tools if tool.functionality in others)
        for name, others in alike.items()
        if others
    }


@dataclass(frozen=True, slots=True)
class SourcedFact:
    """A fact of a tool of the catalogue, with its source."""

    split: str
    category: str
    job: str
    tool: str
    axis: str
    value: str
    unit: str
    package: str
    version: str
    key: str
    """Place in the package."""


def sourced_facts(*, anonymous: bool = False) -> tuple[SourcedFact, ...]:
    """Return all facts of the catalogue with their sources, sorted by split, job, tool and axis."""
    versions = {package.name: package.version for package in PACKAGES}
    known = {job.name: job for job in real_jobs(TODAY)}
    found = []
    for split, tools_of in tools_by_split(list(known.values())).items():
        made = _Maker(split, [known[name] for name in sorted(tools_of)], tools_of, anonymous=anonymous)
        for job, service, tool in made.sources():
            found += [
                SourcedFact(
                    split, job.category, job.name, service.name, axis, text_of(fact.value), ALL_AXES[axis].unit,
                    fact.package, versions[fact.package], fact.key,
                )
                for axis, fact in tool.facts.items()
                if axis in job.axes
            ]  # fmt: skip
    return tuple(sorted(found, key=lambda fact: (fact.split, fact.job, fact.tool, fact.axis)))
