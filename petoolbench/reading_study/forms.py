"""Forms of a reading study: TOML files that a reader fills in, one for each row."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

Ambiguity = Literal["no", "slightly", "yes"]
AMBIGUITIES: Final[tuple[Ambiguity, ...]] = get_args(Ambiguity)
ASPECTS: Final = ("documentation", "history", "instruction", "names", "arguments")
"""Parts of a row whose realism is rated."""
REALISM: Final = "realism"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a reader has filled in."""

    answer: str
    """Name of the tool."""
    arguments: Mapping[str, Any]
    confidence: float
    """Confidence that the tool is right, 0 to 100."""
    reason: str = ""
    goes_by: tuple[str, ...] = ()
    """Axes that the reader thinks the user goes by."""
    ambiguous: Ambiguity | None = None
    """Possibility that another tool is right too; None if the reader does not state it."""
    other_tool: str = ""
    """The other tool, if the row is ambiguous."""
    realism: Mapping[str, int] = field(default_factory=dict)
    """Rating of each part, 1 (artificial) to 5 (as in reality); parts without a rating are left out."""
    jarred: str = ""
    """Anything that looked wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A malformed field of a form."""

    path: Path
    field: str
    problem: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.path}: {self.field}: {self.problem}. Allowed: {self.allowed}."


class _MalformedError(Exception):
    """A value that a field does not allow."""

    def __init__(self, problem: str, allowed: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


def empty_form(number: str, axes: Mapping[str, str]) -> str:
    """Return the text of an empty form.

    Args:
        number: Number of the row, as in the name of its file.
        axes: Label of each axis, by name.
    """
    width = max(map(len, axes), default=0)
    labels = "\n".join(f"#   {name:<{width}}  {label}" for name, label in axes.items()) or "#   (no names; leave [])"
    realism = "\n".join(f'{REALISM}.{aspect} = ""' for aspect in ASPECTS)
    template = (files(__package__) / "form.toml").read_text(encoding="utf-8")
    return template.replace("{number}", number).replace("{axes}", labels).replace("{realism}", realism)


def read_form(path: Path, candidates: Collection[str], axes: Mapping[str, str]) -> Form | list[Problem] | None:
    """Read a form.

    Args:
        path: Path of the form.
        candidates: Names of the tools that can be called.
        axes: Label of each axis, by name.

    Returns:
        The form; None if it is empty; or its malformed fields.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return [Problem(path, "the file", f"it cannot be read: {error}", "TOML, as in the empty form")]
    values = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    if not any(map(_is_filled, values.values())):
        return None
    tools = frozenset(candidates)
    readers: dict[str, Callable[[Any], Any]] = {
        "answer": lambda value: _choice(value, sorted(tools)),
        "arguments": _object,
        "confidence": lambda value: _number(value, 0, 100),
        "reason": _text,
        "goes_by": lambda value: _axes(value, axes),
        "ambiguous": lambda value: _choice(value, AMBIGUITIES) if _is_filled(value) else None,
        "other_tool": lambda value: _choice(value, sorted(tools)) if _is_filled(value) else "",
        REALISM: _ratings,
        "jarred": _text,
    }
    problems = [
        Problem(path, name, "it is not a field", ", ".join(readers)) for name in sorted(values.keys() - readers.keys())
    ]
    fields: dict[str, Any] = {}
    for name, read in readers.items():
        value = values.get(name, "")
        try:
            fields[name] = read(value)
        except _MalformedError as error:
            problem = error.problem if _is_filled(value) else "it is empty, but other fields are filled in"
            problems.append(Problem(path, name, problem, error.allowed))
    problems += _contradictions(path, fields)
    return problems or Form(**fields)


def _contradictions(path: Path, fields: Mapping[str, Any]) -> Iterator[Problem]:
    other = fields.get("other_tool")
    if other and other == fields.get("answer"):
        yield Problem(path, "other_tool", f"{other!r} is the answer itself", "another candidate, or nothing")


def _is_filled(value: Any) -> bool:
    """Return True if a reader has changed a value; the empty form has empty texts and lists, and a table of them."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, Mapping):
        return any(map(_is_filled, value.values()))
    return bool(value != [])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _MalformedError(f"{value!r} is not text", "text in quotation marks")
    return value.strip()


def _choice(value: Any, allowed: Collection[_T]) -> _T:
    for choice in allowed:
        if choice == value:
            return choice
    raise _MalformedError(f"{value!r} is not one of them", ", ".join(map(str, allowed)))


def _object(value: Any) -> dict[str, Any]:
    allowed = """a JSON object as text, such as '{"city": "Oslo"}', or '{}'"""
    if not isinstance(value, str):
        raise _MalformedError(f"{value!r} is not text", allowed)
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _MalformedError(f"{value!r} is not JSON ({error})", allowed) from error
    if not isinstance(parsed, dict):
        raise _MalformedError(f"{value!r} is not a JSON object", allowed)
    return parsed


def _number(value: Any, low: int, high: int) -> float:
    """Return a number; text such as `80` is accepted, because an empty form has text in its place."""
    allowed = f"a number from {low} to {high}"
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise _MalformedError(f"{value!r} is not such a number", allowed)
    return number


def _ratings(value: Any) -> dict[str, int]:
    names = ", ".join(f"{REALISM}.{aspect}" for aspect in ASPECTS)
    if not _is_filled(value):
        return {}
    if not isinstance(value, Mapping):
        raise _MalformedError(f"{value!r} is not a table", names)
    ratings = {}
    for aspect, rating in value.items():
        if aspect not in ASPECTS:
            raise _MalformedError(f"{aspect!r} is not rated", names)
        if _is_filled(rating):
            number = _number(rating, 1, 5)
            if number != int(number):
                raise _MalformedError(f"{rating!r} for {aspect} is not a whole number", "1, 2, 3, 4 or 5")
            ratings[aspect] = int(number)
    return ratings


def _axes(value: Any, axes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of axes, which may be given by their labels too."""
    allowed = f"a list of {', '.join(axes)}" if axes else "[]"
    if value == "":
        return ()
    if not isinstance(value, list):
        raise _MalformedError(f"{value!r} is not a list", allowed)
    names = {**{label.lower(): name for name, label in axes.items()}, **{name.lower(): name for name in axes}}
    for item in value:
        if not isinstance(item, str) or item.strip().lower() not in names:
            raise _MalformedError(f"{item!r} is not one of them", allowed)
    return tuple(dict.fromkeys(names[item.strip().lower()] for item in value))
