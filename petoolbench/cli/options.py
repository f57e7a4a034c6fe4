"""Command-line options that are created from the fields of settings records, so that each is defined once."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union

import typer

from builder.errors import ConfigError
from petoolbench.run_settings import Option

FILES = {"ids": Path | None}
"""Fields whose value is read from a file that the option names."""
TEXTS = {"body": str | None}
"""Fields whose value the option gives as JSON text."""


def with_options(
    *records: type,
    without: Sequence[str] = (),
    required: Sequence[str] = (),
    helps: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds an option to a command for each field of the dataclasses.

    The command must accept `**options`, which receives the values by field name. Its other parameters stay. A parameter
    with the name of a field replaces the option of that field.

    Args:
        records: Dataclasses whose fields have an `Option` in their metadata.
        without: Names of fields for which the command has no option.
        required: Names of fields whose option the user must pass, although the field has a default.
        helps: Help texts that replace those of the fields, by field name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = {
            name: hint
            for name, hint in typing.get_type_hints(command, include_extras=True).items()
            if name not in ("options", "return")
        }
        parameters = [
            parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(command).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        names = {*without, *(parameter.name for parameter in parameters)}
        for record in records:
            types_of = typing.get_type_hints(record, include_extras=True)
            for item in fields(record):
                form = item.metadata.get("option")
                if form is None or form.hidden or item.name in names:
                    continue
                annotated: Any = Annotated
                annotation = annotated[_plain(item.name, types_of[item.name]), _option(item, form, helps)]
                default = inspect.Parameter.empty if item.name in required else _default(item)
                parameters.append(
                    inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                )

        def run(**values: Any) -> None:
            command(**values)

        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        run.__signature__ = inspect.Signature(sorted(parameters, key=_required_first))  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def pick(record: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are fields of a record."""
    return {item.name: values[item.name] for item in fields(record) if item.name in values}


def read_ids(path: Path | None) -> tuple[str, ...]:
    """Return the instance ids in a file, one per line; an empty tuple without a file.

    Raises:
        ConfigError: If the file cannot be read or is empty.
    """
    if path is None:
        return ()
    try:
        ids = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The ids file {str(path)!r} cannot be read: {error}.") from error
    if not ids:
        raise ConfigError(f"The ids file {str(path)!r} is empty. Expected one instance_id per line.")
    return ids


def _required_first(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def _plain(name: str, hint: Any) -> Any:
    """Return the type to which typer converts the value of a field."""
    if name in FILES:
        return FILES[name]
    if name in TEXTS:
        return TEXTS[name]
    origin = typing.get_origin(hint)
    if origin is Literal:
        return str
    if origin in (Union, types.UnionType):
        inner = [_plain("", part) for part in typing.get_args(hint) if part is not types.NoneType]
        return inner[0] | None
    return hint


def _option(item: Field[Any], form: Option, helps: Mapping[str, str]) -> Any:
    name = f"--{form.flag or item.name.replace('_', '-')}"
    return typer.Option(name, help=helps.get(item.name, form.help), min=form.low, max=form.high)


def _default(item: Field[Any]) -> Any:
    if item.name in FILES or item.name in TEXTS:
        return None
    return inspect.Parameter.empty if item.default is MISSING else item.default
