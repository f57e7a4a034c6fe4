"""Alignment of a functionality's slots with a tool's parameters.

A parameter can take a slot if its type can hold the slot's values and if its name matches the slot's concept. If the
name is uninformative ("q", "value"), the description must match instead. A tool is aligned only if each slot gets a
parameter and each required parameter gets a slot. Such a tool can be called with the values that an instruction states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Final

from builder.records import Binding, Slot
from builder.words import squash

from .functionalities import Concept, concepts

_NAME_AND_DESCRIPTION_SCORE: Final = 3.0
_NAME_SCORE: Final = 2.0
_DESCRIPTION_SCORE: Final = 1.0
_REQUIRED_BONUS: Final = 0.5
_ACCEPTED_TYPES: Final = {
    "string": {"string"},
    "number": {"number", "string"},
    "integer": {"integer", "number", "string"},
}
"""JSON types of parameters that can take a value, by the JSON type of the concept."""
_DIGIT_CONCEPTS: Final = frozenset({"zip_code", "user_id", "post_id", "card_bin", "barcode", "isbn"})
"""String concepts whose values are digits only, so that a numeric parameter can hold them."""


_UNINFORMATIVE_NAMES: Final = frozenset(
    [
        "q",
        "query",
        "s",
        "search",
        "text",
        "term",
        "value",
        "input",
        "name",
        "keyword",
        "string",
        "param",
        "data",
        "content",
        "v",
        "x",
        "word",
        "item",
    ]
)
"""Squashed parameter names that do not describe their content."""


def align(
    parameters: Mapping[str, Any], slots: Sequence[Slot], lexicon: Mapping[str, Concept] | None = None
) -> dict[str, Binding] | str:
    """Bind slots to parameters.

    Args:
        parameters: JSON Schema object of a tool.
        slots: Slots of a functionality. Keep them few: all assignments are tried.
        lexicon: Concepts by name; by default those of the library.

    Returns:
        Bindings by slot name, or the reason why the tool cannot be aligned: `slot_without_parameter` or
        `required_parameter_without_slot`.
    """
    properties: Mapping[str, Any] = parameters["properties"]
    required = set(parameters["required"])
    scores = _scores_by_slot(properties, required, slots, concepts() if lexicon is None else lexicon)
    if len(required) > len(slots):
        return "required_parameter_without_slot"
    best = _best_assignment(slots, scores, required)
    if best is None:
        unreachable = required - {name for options in scores.values() for name in options}
        return "required_parameter_without_slot" if unreachable else "slot_without_parameter"
    return {slot.name: bound_parameter(name, properties[name]) for slot, name in zip(slots, best, strict=True)}


def bound_parameter(name: str, schema: Mapping[str, Any]) -> Binding:
    """Return the binding of a slot to a parameter, which may be an array of values of the slot."""
    is_list = schema.get("type") == "array"
    return Binding((name,), str(_of_value(schema).get("type", "string")), is_list=is_list)


def _of_value(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the value that a parameter takes: of an array that of its items."""
    items: Mapping[str, Any] = schema.get("items", {})
    return items if schema.get("type") == "array" else schema


def _scores_by_slot(
    properties: Mapping[str, Any], required: set[str], slots: Sequence[Slot], lexicon: Mapping[str, Concept]
) -> dict[str, dict[str, float]]:
    """Return, for each slot, the scores of the parameters that can take it."""
    return {
        slot.name: {
            name: found + (_REQUIRED_BONUS if name in required else 0.0)
            for name, schema in properties.items()
            if (found := score(name, schema, lexicon[slot.concept])) > 0
        }
        for slot in slots
    }


def _best_assignment(
    slots: Sequence[Slot], scores: Mapping[str, Mapping[str, float]], required: set[str]
) -> tuple[str, ...] | None:
    """Return the parameter names, in slot order, with the highest total score; None if no assignment is valid."""
    names = sorted({name for options in scores.values() for name in options})
    scored = [
        (sum(scores[slot.name][name] for slot, name in zip(slots, chosen, strict=True)), chosen)
        for chosen in permutations(names, len(slots))
        if required <= set(chosen) and all(name in scores[slot.name] for slot, name in zip(slots, chosen, strict=True))
    ]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def score(name: str, schema: Mapping[str, Any], concept: Concept) -> float:
    """Return how well a parameter matches a concept; 0 if it cannot take its values."""
    accepted = _ACCEPTED_TYPES[concept.type] | ({"number", "integer"} if concept.name in _DIGIT_CONCEPTS else set())
    value = _of_value(schema)
    if value.get("type", "string") not in accepted or "enum" in value:
        return 0.0
    squashed = squash(name)
    name_matches = squashed in concept.names or squashed.rstrip("s") in concept.names
    name_matches = name_matches or (value is not schema and squashed.removesuffix("es") in concept.names)
    description = " ".join(str(schema.get("description", "")).lower().split())
    description_matches = any(word in description for word in concept.words)
    if name_matches:
        return _NAME_AND_DESCRIPTION_SCORE if description_matches else _NAME_SCORE
    return _DESCRIPTION_SCORE if description_matches and squashed in _UNINFORMATIVE_NAMES else 0.0
