"""Read the tool call in the text of a reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from builder.errors import DataError
from hf_dataset.schema import ToolDoc
from metrics.petoolbench.parsing import parse as parse_text
from metrics.petoolbench.records import ParseFailure, ToolCall

__all__ = ["ParseFailure", "ToolCall", "parse"]


def parse(text: str, candidates: Iterable[ToolDoc | Mapping[str, Any] | str] | None = None) -> ToolCall | ParseFailure:
    """Read the tool call in the text of a reply, as scoring does.

    Args:
        text: The reply.
        candidates: Candidates of the instance: documented tools, dicts with a `name`, or names. With them, an object is
            a call if it names a candidate, or has a name and arguments; calls in the syntax of Python are read; and a
            name that only one candidate fits is returned as the candidate's: ` get_weather`, `functions.get_weather:0`.

    Returns:
        `ToolCall(name, arguments)`, or `ParseFailure(reason)` if the text holds no readable call or several different
        ones. A call to a tool that is not a candidate is returned unchanged.

    Raises:
        DataError: If `text` is not text, or a candidate has no name.

    Example:
        >>> parse('{"name": "get_weather", "arguments": {"city": "Oslo"}}')
        ToolCall(name='get_weather', arguments={'city': 'Oslo'})
    """
    if not isinstance(text, str):
        raise DataError(
            f"The reply is of type {type(text).__name__}. Pass its text; a missing reply is scored as wrong."
        )
    if isinstance(candidates, str | Mapping):
        raise DataError("The candidates are a single value. Pass a list of tools or names.")
    return parse_text(text, None if candidates is None else [_name(candidate) for candidate in candidates])


def _name(candidate: ToolDoc | Mapping[str, Any] | str) -> str:
    name = candidate.get("name") if isinstance(candidate, Mapping) else getattr(candidate, "name", candidate)
    if not isinstance(name, str):
        raise DataError(
            f"A candidate of type {type(candidate).__name__} has no name. Pass tools, dicts with a 'name', or names."
        )
    return name
