"""Rule that each argument of an answer follows from the instruction, the schema, the day and the history alone.

The arguments are read again from the row: values from the words of the instruction, their codes, words and units from
the schema of the tool, days from the day of the row, and what a person always asks for from the steps of the history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from builder.users.arguments import article_forms
from builder.users.values.asked_values import Reading, asks_for_usual, is_only_number, read_asked
from builder.users.values.codes import CURRENCY_NAMES, LANGUAGE_NAMES
from builder.users.values.days import read_days
from builder.users.values.places import country_names
from builder.users.values.units import in_unit, read_quantities
from builder.users.wording import MIN_SHOWN
from builder.words import mentions, without_quotes
from builder.world.optional_parameters import OptionalParameter, ParameterForm, parameter_forms
from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .text_quality import leaves, stated

_UNITS: Final = {"centimetres": "cm", "kilograms": "kg", "minutes": "min", "years": "year"}
"""Unit of a required parameter, by the word for it in the description."""
Value = str | int | float


def argument_does_not_follow(_: AuditSplit, row: Instance) -> bool:
    """Return True if an argument of the answer does not follow, or if the kinds in `meta.arguments` are not its own."""
    assert row.answer is not None
    kinds = argument_kinds(row)
    return kinds is None or row.meta is None or sorted(kinds) != (row.meta.arguments or [])


def argument_kinds(row: Instance) -> set[str] | None:
    """Return the kinds of the answer's arguments that are not stated as they are, read from the row.

    Returns:
        Kinds of `ARGUMENT_KINDS`; None if a value does not follow, another value follows as well, or a right form of a
        value is missing in the alternatives.
    """
    assert row.answer is not None
    arguments = json.loads(row.answer.arguments)
    accepted = [arguments, *map(json.loads, row.answer.alternatives)]
    if any(set(other) != set(arguments) for other in accepted):
        return None
    properties = _properties(next(tool.parameters for tool in row.candidates if tool.name == row.answer.name))
    found = set[str]()
    for name, value in arguments.items():
        schema = properties.get(name, {})
        known = parameter_forms().get(schema.get("description", ""))
        values = {_key(other[name]) for other in accepted}
        kind = _of_option(row, *known, values) if known else _of_slot(row, schema, value, values)
        if kind is None:
            return None
        found.add(kind)
    return found - {"stated"}


def _of_option(row: Instance, item: OptionalParameter, form: ParameterForm, values: set[Value]) -> str | None:
    """Return the kind of an optional parameter; None unless exactly the accepted values follow."""
    plain = without_quotes(row.instruction)
    today = _day(row)
    readings = read_asked(item, plain, today)
    if len(readings) == 1:
        (reading,) = readings
        if set(map(_key, _forms(reading, item, form))) != values or not is_only_number(item, plain):
            return None
        if item.kind == "unit":
            return "option" if reading[1] == form.unit else "unit"
        if item.kind == "date":
            return "option" if stated(str(reading[0]), plain) else "date"
        return item.kind
    meanings = set(_always(row, item)) if not readings and asks_for_usual(item, plain) else set()
    if len(meanings) != 1:
        return None
    (meaning,) = meanings
    return "implicit" if {_key(form.means.get(str(meaning), meaning))} == values else None


def _forms(reading: Reading, item: OptionalParameter, form: ParameterForm) -> list[Value]:
    """Return a value in the words or the unit of a tool, with all forms that are right."""
    value, unit = reading
    if item.kind == "unit":
        return list(in_unit(float(value), unit, form.unit, whole=form.schema["type"] == "integer"))
    return [form.means[str(value)] if form.means else value]


def _always(row: Instance, item: OptionalParameter) -> Iterator[Value]:
    """Yield what the steps of the instruction's concern asked for; nothing if some steps did not, or others did too."""
    concerns = row.meta.step_concerns if row.meta else None
    asked: list[Value | None] = []
    for step, concern in zip(row.history, concerns or (), strict=True):
        properties = _properties(_schema_of(row, step.name))
        names = {
            name: known[1]
            for name, schema in properties.items()
            if (known := parameter_forms().get(schema.get("description", ""))) and known[0] is item
        }
        arguments = json.loads(step.arguments)
        for name, form in names.items():
            meaning = {value: meaning for meaning, value in form.means.items()}
            value = arguments.get(name)
            if concern == 0:
                asked.append(meaning.get(value, value))
            elif value is not None:
                return
    if len(asked) >= MIN_SHOWN:
        yield from (value for value in asked if value is not None)
        if None in asked:
            yield ""


def _of_slot(row: Instance, schema: Mapping[str, Any], value: Any, values: set[Value]) -> str | None:
    """Return how a required value follows from the instruction; None if it does not."""
    about = str(schema.get("description", ""))
    plain = without_quotes(row.instruction)
    names = _names(about)
    if names:
        is_named = value in names and mentions(plain, names[value])
        return "stated" if _has_code(plain, str(value)) else "code" if is_named else None
    if all(stated(leaf, row.instruction) for leaf in leaves(value)):
        texts = max((article_forms(str(item)) for item in values), key=len)
        if len(values) == 1 or values == set(texts):
            return "stated" if len(values) == len(texts) else None
    if "YYYY-MM-DD" in about:
        return "date" if value in read_days(plain, _day(row), "coming") else None
    unit = next((unit for word, unit in _UNITS.items() if word in about.casefold()), None)
    if unit is None:
        return None
    whole = schema.get("type") == "integer"
    for amount, own in read_quantities(plain):
        try:
            forms = in_unit(amount, own, unit, whole=whole)
        except KeyError:
            continue  # a quantity of another kind
        if set(map(_key, forms)) == values:
            return "unit"
    return None


def _has_code(text: str, code: str) -> bool:
    """Return True if a text gives a code: in brackets, or alone if it is in capitals; `it` and `de` are words too."""
    return f"({code})" in text or (code.isupper() and re.search(rf"\b{code}\b", text) is not None)


def _names(about: str) -> Mapping[str, str]:
    """Return the names of the codes that a description asks for, by code."""
    if "639-1" in about:
        return LANGUAGE_NAMES
    if "4217" in about:
        return CURRENCY_NAMES
    return country_names() if "3166-1" in about else {}


def _schema_of(row: Instance, name: str) -> str:
    return next(tool.parameters for tool in row.history_tools if tool.name == name)


def _day(row: Instance) -> date:
    return date.fromisoformat(row.today) if row.today else date.max


def _key(value: Any) -> Any:
    """Return a value such that equal numbers are equal."""
    return float(value) if isinstance(value, int | float) else value


@lru_cache(maxsize=8192)
def _properties(parameters: str) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = json.loads(parameters)["properties"]
    return properties
