"""Where a tool takes each slot of a functionality.

A parameter may be bound to a slot when its name means the slot's concept, or when its name is mute ("q", "value") and
the words of its description mean it; and when its type can hold the value. All slots must find a parameter, and all
required parameters a slot: then, and only then, the tool can be called with what an instruction states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Final

from builder.records import Binding, Slot
from builder.words import squash

from .functionalities import Concept, concepts

_BY_BOTH: Final = 3.0
_BY_NAME: Final = 2.0
_BY_WORDS: Final = 1.0
_REQUIRED_BONUS: Final = 0.5
_HOLDS: Final = {
    "string": {"string"},
    "number": {"number", "string"},
    "integer": {"integer", "number", "string"},
}
"""JSON types of a parameter that can take a value of a concept's type."""
_DIGITS: Final = frozenset({"zip_code", "user_id", "post_id", "card_bin", "barcode", "isbn"})
"""Concepts written as text whose values are digits only, so that a number can hold them."""


_MUTE: Final = frozenset(
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
"""Squashed names that say nothing of what they hold."""


def align(parameters: Mapping[str, Any], slots: Sequence[Slot]) -> dict[str, Binding] | str:
    """Bind slots to parameters.

    Args:
        parameters: JSON Schema object of a tool.
        slots: Slots of a functionality; few, since every assignment is tried.

    Returns:
        Bindings by slot name, or the reason why there are none: `slot_without_parameter`,
        `required_parameter_without_slot`.
    """
    properties: Mapping[str, Any] = parameters["properties"]
    required = set(parameters["required"])
    lexicon = concepts()
    fits = {
        slot.name: {
            name: score + (_REQUIRED_BONUS if name in required else 0.0)
            for name, schema in properties.items()
            if (score := _fit(name, schema, lexicon[slot.concept])) > 0
        }
        for slot in slots
    }
    if len(required) > len(slots):
        return "required_parameter_without_slot"
    best = _best_assignment(slots, fits, required)
    if best is None:
        unreachable = required - {name for options in fits.values() for name in options}
        return "required_parameter_without_slot" if unreachable else "slot_without_parameter"
    return {
        slot.name: Binding((name,), properties[name].get("type", "string"))
        for slot, name in zip(slots, best, strict=True)
    }


def _best_assignment(
    slots: Sequence[Slot], fits: Mapping[str, Mapping[str, float]], required: set[str]
) -> tuple[str, ...] | None:
    names = sorted({name for options in fits.values() for name in options})
    scored = [
        (sum(fits[slot.name][name] for slot, name in zip(slots, chosen, strict=True)), chosen)
        for chosen in permutations(names, len(slots))
        if required <= set(chosen) and all(name in fits[slot.name] for slot, name in zip(slots, chosen, strict=True))
    ]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _fit(name: str, schema: Mapping[str, Any], concept: Concept) -> float:
    kind = schema.get("type", "string")
    holds = _HOLDS[concept.type] | ({"number", "integer"} if concept.name in _DIGITS else set())
    if kind not in holds or "enum" in schema:
        return 0.0
    spelled = squash(name)
    by_name = spelled in concept.names or spelled.rstrip("s") in concept.names
    about = " ".join(str(schema.get("description", "")).lower().split())
    by_words = any(word in about for word in concept.words)
    if by_name:
        return _BY_BOTH if by_words else _BY_NAME
    return _BY_WORDS if by_words and spelled in _MUTE else 0.0
