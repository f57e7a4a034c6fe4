"""The built-in catalogue as groups of tools: services with their facts and listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final

from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.records import Attribute, Group, GroupTool, Tool
from hf_dataset.layout import SPLITS

from .axes import AXES, Value
from .concerns import concerns
from .facts import Facts
from .listings import Layout
from .packs import Pack, split_layouts
from .services import Job, Service, service_jobs

TODAY: Final = date(2026, 11, 29)
"""Day of the listings and of all final instructions. It does not depend on the clock."""


@cache
def service_catalogue(pack: Pack | None = None) -> GroupedCatalogue:
    """Return the services of all splits, grouped by the job that they do.

    Args:
        pack: Listing pack of the test split; None for the layouts of the repository.
    """
    jobs = {split: service_jobs(split, pack) for split in SPLITS}
    groups = [group_of(job, pack) for of_split in jobs.values() for job in of_split]
    tools = [member.tool for group in groups for member in group.members]
    return GroupedCatalogue(tools, groups, jobs=jobs, concerns={split: concerns(split) for split in SPLITS})


def group_of(job: Job, pack: Pack | None = None) -> Group:
    """Return the group of tools that do a job.

    Args:
        job: The job, with the services that do it.
        pack: Listing pack of the test split.
    """
    by_name = {layout.name: layout for layout in split_layouts(job.split, pack)}
    members = [
        GroupTool(_tool(job, item, by_name[item.provider.layout]), item.bindings, item.options) for item in job.services
    ]
    return Group(job.functionality, tuple(members), job.functionality.category, job.split)


def _tool(job: Job, service: Service, layout: Layout) -> Tool:
    facts = {axis: service.facts[axis] for axis in job.axes}
    extras = service.provider.extras
    listing = layout.render(facts, TODAY, job.noun, extras)
    return Tool(
        name=service.name,
        provider=service.provider.name,
        category=job.functionality.category,
        description=service.description,
        parameters=service.parameters,
        listing=listing,
        attributes=tuple(
            Attribute(
                axis,
                text_of(value),
                _stated(axis, facts, listing, layout, job.noun, extras),
                AXES[axis].unit,
            )
            for axis, value in facts.items()
        ),
        operation=service.name.partition("__")[2],
        operation_description=service.description,
        functionality=job.functionality.name,
        split=job.split,
    )


def _stated(
    axis: str, facts: Facts, listing: str, layout: Layout, noun: str, extras: Sequence[Mapping[str, str]]
) -> str:
    """Return the lines of a listing that state a fact."""
    lines = listing.splitlines()
    own = [line for line in _lines(layout, axis, facts[axis], noun) if line not in _frame(layout)]
    if own and all(line in lines for line in own):
        return "\n".join(own)
    # The fact shares a line with others: the lines that are missing or different without it.
    without = {name: value for name, value in facts.items() if name != axis}
    others = layout.render(without, TODAY, noun, extras).splitlines()
    return "\n".join(line for line in lines if line not in others)


@cache
def _lines(layout: Layout, axis: str, value: Value, noun: str) -> tuple[str, ...]:
    """Return the lines of a listing of one fact. The same facts recur in many tools."""
    return tuple(layout.render({axis: value}, TODAY, noun).splitlines())


@cache
def _frame(layout: Layout) -> frozenset[str]:
    """Return the lines of a layout that state nothing, such as a heading."""
    access, lifecycle = (AXES[name].levels[0] for name in ("access", "lifecycle"))
    return frozenset(_lines(layout, "access", access, "")) & frozenset(_lines(layout, "lifecycle", lifecycle, ""))


def text_of(value: Value) -> str:
    """Return a value as text, such as `99.5` or `EU`; a whole number without decimals."""
    return value if isinstance(value, str) else str(int(value) if value.is_integer() else value)
