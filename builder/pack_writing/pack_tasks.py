"""Tasks for a model that writes a listing pack: the schema of each reply, its check, and the payloads.

The docstrings of the reply models are part of the JSON Schema that the model receives. Changing one changes the version
of its task and the keys of its cached answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from builder.llm.builder_tasks import ReadFact
from builder.llm.task import Payload, Reply, Task
from builder.randomness import generator_for
from builder.world.axes import AXES
from builder.world.facts import draw_value
from builder.world.forms import Stated
from builder.world.pack_samples import NOUNS, TODAY

from .form_units import forms_to_write
from .layout_checks import Fault
from .read_back import axes_of_listings
from .written_layouts import WrittenLayout

MAX_LAYOUT_NAME: Final = 40
_LAYOUT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_MANNER_WORDS: Final = (4, 60)
"""Least and greatest number of words of a manner."""


class PlannedLayout(Reply):
    """A manner in which a provider states facts."""

    name: str
    manner: str


class Plan(Reply):
    """Manners that differ from each other."""

    layouts: list[PlannedLayout]


def _check_plan(payload: Payload, reply: Plan) -> str | None:
    names = [layout.name for layout in reply.layouts]
    if len(names) < payload["count"]:
        return "too_few_layouts"
    if len(set(names)) < len(names) or set(names) & set(payload["taken"]):
        return "name_is_taken"
    if not all(_LAYOUT_NAME.fullmatch(name) and len(name) <= MAX_LAYOUT_NAME for name in names):
        return "name_is_not_of_the_form"
    least, most = _MANNER_WORDS
    if not all(least <= len(layout.manner.split()) <= most for layout in reply.layouts):
        return "manner_is_no_short_description"
    return None


def _check_layout(_: Payload, reply: WrittenLayout) -> str | None:
    """Accept any layout that has lines: its faults are named to the model, see `layout_checks`."""
    return None if reply.statements else "no_statement"


class ReadListing(Reply):
    """The facts that a listing states."""

    facts: list[ReadFact]


def _check_reading(payload: Payload, reply: ReadListing) -> str | None:
    listing = " ".join(payload["listing"].split())
    axes: Mapping[str, list[str]] = payload["axes"]
    for fact in reply.facts:
        if fact.value not in axes.get(fact.axis, ()):
            return "fact_not_on_the_axes"
        if (fact.number is None) == AXES[fact.axis].is_number:
            return "number_without_unit" if fact.number is None else "number_for_a_level"
        quote = " ".join(fact.quote.split())
        if not quote or quote not in listing:
            return "quote_not_in_the_listing"
    return None


class ProviderNames(Reply):
    """Names of providers that do not exist."""

    names: list[str]


def _check_names(_: Payload, reply: ProviderNames) -> str | None:
    return None if reply.names else "no_name"


class JudgedName(Reply):
    """Whether a name can be that of a fictional provider."""

    name: str
    exists: bool
    tells_of_the_service: bool


class JudgedNames(Reply):
    """A verdict on each name."""

    names: list[JudgedName]


def _check_judged(payload: Payload, reply: JudgedNames) -> str | None:
    judged = sorted(item.name for item in reply.names)
    return None if judged == sorted(payload["names"]) else "not_every_name_once"


_INVENTIVE: Final = 0.9
"""Lowest temperature of the tasks that invent something."""
PLAN: Final = Task("plan_layouts", Plan, _check_plan, _INVENTIVE)
LAY_OUT: Final = Task("lay_out", WrittenLayout, _check_layout, _INVENTIVE)
READ: Final = Task("read_listing", ReadListing, _check_reading)
NAME: Final = Task("name_providers", ProviderNames, _check_names, _INVENTIVE)
JUDGE_NAMES: Final = Task("judge_names", JudgedNames, _check_judged)
PACK_TASKS: Final = (PLAN, LAY_OUT, READ, NAME, JUDGE_NAMES)
"""All tasks, in the order in which they begin."""


def plan_payload(count: int, taken: Sequence[str], variation: str) -> Payload:
    """Return the payload that asks for manners.

    Args:
        count: Number of manners.
        taken: Names of layouts that exist.
        variation: Text that differs between packs, so that they are asked for separately.
    """
    return {"count": count, "taken": list(taken), "variation": variation}


def layout_payload(
    planned: PlannedLayout, variation: str, refused: tuple[WrittenLayout, Sequence[Fault]] | None
) -> Payload:
    """Return the payload that asks for a layout.

    Args:
        planned: Name and manner of the layout.
        variation: As in `plan_payload`; it also draws the facts that are shown.
        refused: The layout that was written before and why it was refused; None at first.
    """
    rng = generator_for((0,), "shown facts", planned.name, variation)
    payload: dict[str, Any] = {
        "manner": planned.manner,
        "variation": variation,
        "axes": [
            {
                "axis": name,
                "unit": axis.unit,
                "forms": _forms(Stated(name, draw_value(axis, rng), TODAY, NOUNS[0])),
                "levels": list(axis.levels),
            }
            for name, axis in AXES.items()
        ],
        "refused": None,
    }
    if refused is not None:
        written, faults = refused
        payload["refused"] = {"layout": written.model_dump(), "reasons": [fault.problem for fault in faults]}
    return payload


def _forms(fact: Stated) -> dict[str, str]:
    """Return the text of each form of a fact."""
    forms = {}
    for form in forms_to_write(fact.axis):
        value: Any = fact
        for part in form.split("."):
            value = getattr(value, part)
        forms[form] = str(value)
    if fact.axis == "coverage":
        forms["noun"] = fact.noun
    return forms


def reading_payload(listing: str) -> Payload:
    """Return the payload that asks for the facts of a listing."""
    return {"listing": listing, "today": TODAY.isoformat(), "axes": axes_of_listings()}


def names_payload(count: int, taken: Sequence[str], variation: str) -> Payload:
    """Return the payload that asks for names of providers. The arguments are those of `plan_payload`."""
    return {"count": count, "taken": list(taken), "variation": variation}


def judged_payload(names: Sequence[str]) -> Payload:
    """Return the payload that asks for a verdict on names."""
    return {"names": list(names)}
