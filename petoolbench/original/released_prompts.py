"""A released prompt: read apart into its two JSON lists and the wording around them, and put together again.

The history is the JSON list behind "Interaction history is:", the candidates the one behind "Available tools". The
wording is kept with the prompt it stands in, and nowhere in our code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

HISTORY_MARK: Final = "Interaction history is:"
CANDIDATES_MARK: Final = "Available tools"


class UnparsedError(ValueError):
    """A released row is not what it should be; the text is the reason, without a full stop."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One released prompt."""

    before: str
    """Wording before the history."""
    history: list[Any]
    between: str
    candidates: list[Any]
    after: str
    ascii_only: bool = True
    """Whether its JSON writes other characters than ASCII as escapes."""


def read_prompt(text: str) -> Prompt:
    """Read a prompt apart.

    Args:
        text: The whole prompt.

    Raises:
        UnparsedError: If one of the two lists is missing or is no JSON.
    """
    start = _list_behind(text, 0, HISTORY_MARK)
    history, end = _read_list(text, start, HISTORY_MARK)
    second = _list_behind(text, end, CANDIDATES_MARK)
    candidates, rest = _read_list(text, second, CANDIDATES_MARK)
    lists = text[start:end] + text[second:rest]
    return Prompt(text[:start], history, text[end:second], candidates, text[rest:], lists.isascii())


def write_prompt(prompt: Prompt) -> str:
    """The text that a prompt was read from, where its lists were written as Python writes JSON."""
    history, candidates = (
        json.dumps(part, ensure_ascii=prompt.ascii_only) for part in (prompt.history, prompt.candidates)
    )
    return f"{prompt.before}{history}{prompt.between}{candidates}{prompt.after}"


def _list_behind(text: str, position: int, mark: str) -> int:
    """Where the list behind a mark begins."""
    found = text.find(mark, position)
    if found < 0:
        raise UnparsedError(f"the prompt lacks {mark!r}")
    start = text.find("[", found + len(mark))
    if start < 0:
        raise UnparsedError(f"the prompt has no list behind {mark!r}")
    return start


def _read_list(text: str, start: int, mark: str) -> tuple[list[Any], int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise UnparsedError(f"the list behind {mark!r} is no JSON ({error})") from error
    assert isinstance(value, list)  # it begins with a bracket
    return value, end


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
