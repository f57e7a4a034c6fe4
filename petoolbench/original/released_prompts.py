"""Parse a released prompt into its two JSON lists and the text around them, and write it back.

The history is the JSON list after "Interaction history is:", the candidates the list after "Available tools". The text
around them is kept only with the parsed prompt, since it is the work of others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

HISTORY_MARK: Final = "Interaction history is:"
CANDIDATES_MARK: Final = "Available tools"


class UnparsedError(ValueError):
    """Raised for a malformed released row; the message is the reason, without a full stop."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Parsed released prompt."""

    before: str
    """Text before the history."""
    history: list[Any]
    between: str
    candidates: list[Any]
    after: str
    ascii_only: bool = True
    """True if its JSON lists escape non-ASCII characters."""


def read_prompt(text: str) -> Prompt:
    """Parse a prompt.

    Args:
        text: The whole prompt.

    Raises:
        UnparsedError: If one of the two lists is missing or is not valid JSON.
    """
    start = _list_start(text, 0, HISTORY_MARK)
    history, end = _read_list(text, start, HISTORY_MARK)
    second = _list_start(text, end, CANDIDATES_MARK)
    candidates, rest = _read_list(text, second, CANDIDATES_MARK)
    lists = text[start:end] + text[second:rest]
    return Prompt(text[:start], history, text[end:second], candidates, text[rest:], lists.isascii())


def write_prompt(prompt: Prompt) -> str:
    """Return the text of a prompt.

    It equals the parsed text if the lists were written with the default format of `json.dumps`.
    """
    history, candidates = (
        json.dumps(part, ensure_ascii=prompt.ascii_only) for part in (prompt.history, prompt.candidates)
    )
    return f"{prompt.before}{history}{prompt.between}{candidates}{prompt.after}"


def _list_start(text: str, position: int, mark: str) -> int:
    """Return the index of the first bracket after a mark."""
    mark_index = text.find(mark, position)
    if mark_index < 0:
        raise UnparsedError(f"the prompt lacks {mark!r}")
    start = text.find("[", mark_index + len(mark))
    if start < 0:
        raise UnparsedError(f"the prompt has no list after {mark!r}")
    return start


def _read_list(text: str, start: int, mark: str) -> tuple[list[Any], int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise UnparsedError(f"the list after {mark!r} is not valid JSON ({error})") from error
    assert isinstance(value, list)  # the text at `start` is a bracket
    return value, end


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
