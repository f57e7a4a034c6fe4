"""Strict reading of JSON text: malformed, ambiguous or too deep values are failures with a reason."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from .records import MAX_DEPTH, ParseFailure, deeper_than

SURROGATE: Final = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
"""Character or escape sequence that may be a lone surrogate."""


class _AmbiguousError(ValueError):
    """JSON that parsers interpret differently; its message is the reason of the `ParseFailure`."""


def read_json(text: str) -> Any:
    """Parse a value as JSON.

    Args:
        text: The JSON text. Strings may contain raw line breaks.

    Returns:
        The value, or a `ParseFailure` if it is malformed, ambiguous (duplicate keys, numbers that are not JSON) or
        nested too deep.
    """
    try:
        value = _DECODER.decode(text)
    except _AmbiguousError as error:
        return ParseFailure(str(error))
    except (ValueError, RecursionError):
        return ParseFailure("malformed_json")
    if (not text.isascii() or "\\u" in text) and SURROGATE.search(text) and _has_lone_surrogate(value):
        return ParseFailure("lone_surrogate")
    return ParseFailure("nested_too_deep") if _is_too_deep(value, text) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _AmbiguousError("duplicate_keys")
    return value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _AmbiguousError("no_json_number")
    return value


def _constant(_: str) -> None:
    raise _AmbiguousError("no_json_number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant, strict=False
)
scan_value: Final = json.JSONDecoder(parse_constant=_constant, strict=False).scan_once  # type: ignore[attr-defined]
"""Parse the JSON value at a position of a text, without a check for duplicate keys and infinite numbers, and return it
with its end; `StopIteration` if there is none."""


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_too_deep(value: Any, text: str) -> bool:
    # Counting the brackets is cheaper than walking through the value.
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    return deeper_than(value, MAX_DEPTH)
