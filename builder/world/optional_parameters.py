"""Optional parameters of tools: their names and forms, and the texts in which instructions ask for them.

All tools of a job have the parameters that an instruction for the job can ask for. Their names follow the style of the
provider; their forms (the words of an enum, the unit of a quantity, the description) are drawn for each tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from builder.grouping.functionalities import data_table
from builder.records import OptionBinding

DATA: Final = "world/data/optional_parameters.toml"
"""Data file of the optional parameters."""
_MAX_UNASKED: Final = 1
"""Highest number of parameters of a tool that no instruction asks for."""
_OF_FORM: Final = frozenset({"means", "unit"})
"""Keys of a form that are not part of the JSON Schema."""


@dataclass(frozen=True, slots=True)
class ParameterForm:
    """What an optional parameter looks like in a tool."""

    schema: Mapping[str, Any]
    """JSON Schema of the parameter."""
    means: Mapping[str, str]
    """Value of the parameter for each meaning; empty if values are taken as they are."""
    unit: str
    """Unit of the parameter; empty if it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class OptionalParameter:
    """An optional parameter that instructions can ask for. Each is one object, so that it can be a key of a cache."""

    name: str
    kind: str
    """How its value follows from the words of an instruction; one of `ARGUMENT_KINDS`."""
    draws: str
    """`list`, or the name of the generator of its values."""
    values: tuple[tuple[Any, ...], ...]
    """Values of a list: a value and its words, a meaning and its ways to say it, or a number, its unit and words."""
    usual: str
    """Name in a sentence that refers to earlier requests; empty if no instruction refers to them for it."""
    confused: frozenset[str]
    """Concepts of slots of which such a sentence could be thought to speak."""
    spelled: Mapping[str, tuple[str, ...]]
    """Names of the parameter by the style of a provider."""
    forms: tuple[ParameterForm, ...]
    asked: Mapping[str, tuple[str, ...]]
    """Texts that ask for it, by register, with `{value}`."""
    functionalities: frozenset[str]


def optional_parameters(job: str) -> tuple[OptionalParameter, ...]:
    """Return the optional parameters that instructions for a job can ask for; all of its tools have them."""
    return tuple(item for item in asked_parameters() if job in item.functionalities)


@cache
def asked_parameters() -> tuple[OptionalParameter, ...]:
    """Return all optional parameters that instructions can ask for."""
    return tuple(_parameter(raw) for raw in data_table(DATA)["parameter"] if "forms" in raw)


def usual_texts(register: str) -> tuple[str, ...]:
    """Return the texts that refer to what a person always asks for, with `{value}` for the name of the parameter."""
    return tuple(data_table(DATA)["usual"][register])


@cache
def parameter_forms() -> Mapping[str, tuple[OptionalParameter, ParameterForm]]:
    """Return the parameters with their forms, by the description in the form's schema."""
    return {str(form.schema["description"]): (item, form) for item in asked_parameters() for form in item.forms}


def add_optional_parameters(
    properties: dict[str, Any], job: str, style: str, rng: np.random.Generator
) -> dict[str, OptionBinding]:
    """Add the optional parameters of a job to the parameters of a tool.

    Args:
        properties: JSON Schema of each parameter of the tool, by name; extended.
        job: Functionality of the tool.
        style: Style of the provider's parameters.
        rng: Generator that draws names and forms.

    Returns:
        Position and form of each parameter that an instruction can ask for, by its name here.
    """
    bindings = {}
    for item in optional_parameters(job):
        names = [name for name in item.spelled[style] if name not in properties]
        name, form = names[int(rng.integers(len(names)))], item.forms[int(rng.integers(len(item.forms)))]
        properties[name] = dict(form.schema)
        bindings[item.name] = OptionBinding(name, str(form.schema["type"]), form.means, form.unit)
    unasked = [
        raw
        for raw in data_table(DATA)["parameter"]
        if "schema" in raw and job in raw["functionalities"] and raw["name"] not in properties
    ]
    for place in rng.permutation(len(unasked))[: int(rng.integers(0, _MAX_UNASKED + 1))]:
        properties[unasked[int(place)]["name"]] = dict(unasked[int(place)]["schema"])
    return bindings


def _parameter(raw: Mapping[str, Any]) -> OptionalParameter:
    return OptionalParameter(
        raw["name"],
        raw["kind"],
        raw["draws"],
        tuple(tuple(value) for value in raw.get("values", ())),
        raw.get("usual", ""),
        frozenset(raw.get("confused", ())),
        {style: tuple(names) for style, names in raw["spelled"].items()},
        tuple(
            ParameterForm(
                {key: value for key, value in form.items() if key not in _OF_FORM},
                dict(form.get("means", {})),
                form.get("unit", ""),
            )
            for form in raw["forms"]
        ),
        {register: tuple(texts) for register, texts in raw["asked"].items()},
        frozenset(raw["functionalities"]),
    )
