"""What a submitter says of a system, checked: plain printable text, and numbers that are numbers."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from leaderboard.stores.stored_records import HistoryShown, System

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_LICENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+()-]{0,63}")


def _plain(text: str) -> str:
    """Text in one form, without what cannot be seen or turns the direction of what follows."""
    text = unicodedata.normalize("NFC", text).strip()
    hidden = next((one for one in text if not one.isprintable()), None)
    if hidden is not None:
        raise ValueError(f"holds {hidden!a}, which is no printable character")
    if any(unicodedata.category(one) == "Co" for one in text) or _heaped(text):
        raise ValueError("holds characters that cannot be read")
    return text


def _heaped(text: str) -> bool:
    """Whether more marks stand over one letter than any language puts there."""
    marks = 0
    for one in text:
        marks = marks + 1 if unicodedata.combining(one) else 0
        if marks > 4:
            return True
    return False


def _repository(text: str) -> str:
    """A repository of the Hub."""
    if text and (not _REPOSITORY.fullmatch(text) or ".." in text or "--" in text):
        raise ValueError("is no repository. Write ORG/NAME, as in the address of a model on the Hub")
    return text


def _licence(text: str) -> str:
    """A licence's short name."""
    if text and not _LICENCE.fullmatch(text):
        raise ValueError("is no licence. Write its SPDX name, as Apache-2.0, or `proprietary`")
    return text


def _one_line(text: object) -> object:
    """Lines as one, since they are shown as one."""
    return re.sub(r"[ \t\r\n]+", " ", text) if isinstance(text, str) else text


def _number(value: object) -> object:
    """Nothing said is None; a truth value is no number."""
    if isinstance(value, bool):
        raise ValueError("is no number")
    return None if isinstance(value, str) and not value.strip() else value


def _said(text: str) -> str:
    """Text that is not empty."""
    if not text:
        raise ValueError("is empty. Name the system")
    return text


_Number = Annotated[float, Field(ge=0, allow_inf_nan=False, le=1e9)]
_Optional = Annotated[_Number | None, BeforeValidator(_number)]


class _Form(BaseModel):
    """What may be filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_plain), Field(max_length=80), AfterValidator(_said)]
    team: Annotated[str, Field(max_length=80), AfterValidator(_plain)] = ""
    link: Annotated[str, Field(max_length=193), AfterValidator(_plain), AfterValidator(_repository)] = ""
    licence: Annotated[str, Field(max_length=64), AfterValidator(_plain), AfterValidator(_licence)] = ""
    parameters_b: _Optional = None
    cost_usd: _Optional = None
    description: Annotated[str, Field(max_length=500), BeforeValidator(_one_line), AfterValidator(_plain)] = ""
    history: HistoryShown = "own"


def read_system(fields: Mapping[str, Any]) -> System | list[str]:
    """The system, or all that is wrong with what was filled in, a sentence each.

    Args:
        fields: By the names of `System`; empty text stands for nothing said, also of a number.
    """
    try:
        form = _Form(**fields)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, one['loc'][:1]))}: {_words(one['msg'])}." for one in error.errors(include_input=False)
        ]
    return System(**{one.name: getattr(form, one.name) for one in dataclasses.fields(System)})


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")
