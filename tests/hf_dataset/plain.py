"""Simple implementations of row conversions, to check the optimised ones of `hf_dataset` against."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import datasets

from hf_dataset.schema import arrow_schema, fields_of


def to_features(row: type) -> Any:
    """Return the `datasets.Features` of a row class, for the installed version of `datasets`."""
    return datasets.Features.from_arrow_schema(arrow_schema(row))


def from_dict(row: type, record: dict[str, Any]) -> Any:
    """Return the row for a dict from Arrow or `datasets`."""
    return row(**{name: _value(hint, record[name]) for name, hint in fields_of(row).items()})


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if typing.get_origin(hint) is list:
        inner = typing.get_args(hint)[0]
        return [_value(inner, item) for item in value]
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast("type", hint), value)
    return value
