"""Arguments of tool calls: the values of a scenario in the names, types, words and units of one tool."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from builder.records import Binding, GroupTool, OptionBinding, Scenario, SlotValue

from .values.units import in_unit

Value = str | int | float
_ARTICLE: Final = re.compile(r"(?:an?|the) ([^A-Z.!?,;:]+)")
"""A few words with a leading article, in small letters."""


def arguments_of(scenario: Scenario, member: GroupTool) -> dict[str, Any]:
    """Return the arguments with which a tool serves a scenario, in the tool's parameter names and types."""
    return _nested({path: forms[0] for path, forms in _forms(scenario, member).items()})


def alternatives_of(scenario: Scenario, member: GroupTool) -> list[dict[str, Any]]:
    """Return the other arguments that are right too, since a careful reader can round a quantity in several ways."""
    forms = _forms(scenario, member)
    first, *others = itertools.product(*forms.values())
    return [_nested(dict(zip(forms, values, strict=True))) for values in others if values != first]


def article_forms(value: str) -> list[str]:
    """Return a text with and without a leading article, which a reader can take for a part of the value or not.

    The text without the article comes first. A sentence, a title and a text without an article have one form.
    """
    found = _ARTICLE.fullmatch(value)
    return [found[1], value] if found else [value]


def kinds_of(scenario: Scenario, member: GroupTool) -> list[str]:
    """Return the kinds of arguments of a call that are not stated as they are, sorted."""
    kinds = {
        _kind(value, member.bindings[slot].unit if slot in member.bindings else "", "stated")
        for slot, value in scenario.values.items()
    }
    kinds |= {_kind(value, member.options[name].unit, "option") for name, value in scenario.options.items()}
    return sorted(kinds - {"stated"})


def _kind(value: SlotValue, unit: str, otherwise: str) -> str:
    """Return the kind of a value in a tool; a quantity in the unit of the tool is not converted."""
    return otherwise if value.kind == "unit" and value.unit == unit else value.kind


def _forms(scenario: Scenario, member: GroupTool) -> Mapping[tuple[str, ...], Sequence[Value | list[Value]]]:
    """Return the values of each argument, the usual one first, by its path."""
    forms = {binding.path: _of_slot(scenario.values[slot], binding) for slot, binding in member.bindings.items()}
    options = ((member.options[name], value) for name, value in scenario.options.items())
    return forms | {(binding.name,): _of_option(value, binding) for binding, value in options}


def _of_slot(value: SlotValue, binding: Binding) -> Sequence[Value | list[Value]]:
    """Return the forms of the value of a slot, each as the only item of a list if the parameter is one."""
    forms = _scalars(value, binding)
    return [[form] for form in forms] if binding.is_list else forms


def _scalars(value: SlotValue, binding: Binding) -> Sequence[Value]:
    if value.unit:
        return in_unit(float(value.value), value.unit, binding.unit, whole=binding.type == "integer")
    if binding.type == "string":
        return article_forms(str(value.value))
    if binding.type == "integer":
        return [int(value.value)]
    number = float(value.value)
    return [int(number) if number.is_integer() else number]


def _of_option(value: SlotValue, binding: OptionBinding) -> Sequence[Value]:
    if value.unit:
        return in_unit(float(value.value), value.unit, binding.unit, whole=binding.type == "integer")
    return [binding.means[str(value.value)] if binding.means else value.value]


def _nested(values: Mapping[tuple[str, ...], Value | list[Value]]) -> dict[str, Any]:
    """Return arguments, in which those with longer paths are nested."""
    arguments: dict[str, Any] = {}
    for path, value in values.items():
        inner = arguments
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return arguments
