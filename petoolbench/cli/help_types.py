"""Commands whose `--help` names the type of a value as `TEXT`, `INTEGER`, `NUMBER` or `PATH`, and none for flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args

from typer.core import TyperCommand, TyperGroup

_NAMES: Final[dict[object, str]] = {bool: "", str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}


class Command(TyperCommand):
    """A subcommand."""

    def get_params(self, ctx: Any) -> Any:
        """Return the arguments and options, including `--help`."""
        return _with_type_names(super().get_params(ctx))


class Group(TyperGroup):
    """The program."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options, including `--help`."""
        return _with_type_names(super().get_params(ctx))


def _with_type_names(parameters: Any) -> Any:
    for parameter in parameters:
        # Versions of typer without this attribute print such names by themselves.
        if descriptor := getattr(parameter, "type_descriptor", None):
            (kind,) = get_args(descriptor.annotation) or (descriptor.annotation,)
            parameter.display_type_rich = lambda ctx, name=_NAMES.get(kind, "VALUE"): name  # noqa: ARG005  (called by keyword)
    return parameters
