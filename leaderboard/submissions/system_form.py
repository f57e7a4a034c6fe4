"""Validate a submitter's description of a system: printable text and finite numbers."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from leaderboard.stores.stored_records import HistoryShown, System

from .shown_names import invisible, mixed_word, reserved

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_LICENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+()-]{0,63}")


def _plain(text: str) -> str:
    """Return text in NFC; reject invisible characters and those that change the text direction."""
    text = unicodedata.normalize("NFC", text).strip()
    hidden = next((character for character in text if not character.isprintable()), None) or invisible(text)
    if hidden is not None:
        raise ValueError(f"holds {hidden!a}, which is not a printable character")
    if any(unicodedata.category(character) == "Co" for character in text) or _has_stacked_marks(text):
        raise ValueError("holds characters that cannot be read")
    return text


def _clear(text: str) -> str:
    """Return a name; reject one that readers can mistake for another."""
    word = mixed_word(text)
    if word is not None:
        raise ValueError(f"holds {word!a}, a word with letters of two alphabets. Write it in one")
    name = reserved(text)
    if name is not None:
        raise ValueError(f"looks like {name!r}, the name of a baseline or of the benchmark. Choose another one")
    return text


def _has_stacked_marks(text: str) -> bool:
    """Return True if a letter has more combining marks than any language uses."""
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > 4:
            return True
    return False


def _repository(text: str) -> str:
    """Return the name of a repository on the Hub, or the empty string."""
    if text and (not _REPOSITORY.fullmatch(text) or ".." in text or "--" in text):
        raise ValueError("is not a repository. Write ORG/NAME, as in the address of a model on the Hub")
    return text


def _licence(text: str) -> str:
    """Return the short name of a licence, or the empty string."""
    if text and not _LICENCE.fullmatch(text):
        raise ValueError("is not a licence. Write its SPDX name, such as Apache-2.0, or `proprietary`")
    return text


def _one_line(text: object) -> object:
    """Join the lines of a text, since it is displayed on one line."""
    return re.sub(r"[ \t\r\n]+", " ", text) if isinstance(text, str) else text


def _number(value: object) -> object:
    """Return None for an empty field; reject booleans, which pydantic would convert to numbers."""
    if isinstance(value, bool):
        raise ValueError("is not a number")
    return None if isinstance(value, str) and not value.strip() else value


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("is empty. Name the system")
    return text


_Number = Annotated[float, Field(ge=0, allow_inf_nan=False, le=1e9)]
_Optional = Annotated[_Number | None, BeforeValidator(_number)]


class _Form(BaseModel):
    """Fields of the submission form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str, Field(max_length=80), AfterValidator(_plain), AfterValidator(_not_empty), AfterValidator(_clear)
    ]
    team: Annotated[str, Field(max_length=80), AfterValidator(_plain), AfterValidator(_clear)] = ""
    link: Annotated[str, Field(max_length=193), AfterValidator(_plain), AfterValidator(_repository)] = ""
    licence: Annotated[str, Field(max_length=64), AfterValidator(_plain), AfterValidator(_licence)] = ""
    parameters_b: _Optional = None
    cost_usd: _Optional = None
    description: Annotated[str, Field(max_length=500), BeforeValidator(_one_line), AfterValidator(_plain)] = ""
    history: HistoryShown = "own"


def read_system(fields: Mapping[str, Any]) -> System | list[str]:
    """Return the system that a form describes, or a list of all problems, one sentence each.

    Args:
        fields: Values by the field names of `System`. An empty string means not given, for numbers too.
    """
    try:
        form = _Form(**fields)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, details['loc'][:1]))}: {_words(details['msg'])}."
            for details in error.errors(include_input=False)
        ]
    return System(**{field.name: getattr(form, field.name) for field in dataclasses.fields(System)})


def _words(message: str) -> str:
    """Return a pydantic message without its prefix and full stop."""
    return message.removeprefix("Value error, ").rstrip(".")
