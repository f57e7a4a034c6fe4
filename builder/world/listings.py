"""Listings: the facts of a tool as a provider states them, in one of many layouts.

A layout is a Jinja template. The layouts of train, validation and test are different, and state values in different
units; a pack adds layouts for the test split from a folder outside of the repository. A template receives the stated
facts as `facts.AXIS`, each with its value in the forms of its axis (`templates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from builder.errors import ConfigError
from builder.extras import import_extra

from .facts import Facts
from .templates import PURPOSE, FactsByAxis, environment

SUFFIX: Final = ".j2"


class Layout:
    """A template that states facts.

    Args:
        name: Name, unique among the layouts of its set.
        source: Text of the template.
        trusted: True for a layout of the repository.

    Raises:
        ConfigError: If it is not a valid template.
        MissingExtraError: If jinja2 is not installed.
    """

    def __init__(self, name: str, source: str, *, trusted: bool = False) -> None:
        self.name = name
        self.source = source
        self._trusted = trusted
        try:
            self._template = environment(trusted=trusted).from_string(source)
        except import_extra("jinja2", "builder", PURPOSE).TemplateError as error:
            raise ConfigError(f"The layout {name!r} is not a valid template: {error}.") from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the parts for pickling: a compiled template cannot be pickled."""
        return partial(Layout, trusted=self._trusted), (self.name, self.source)

    def render(self, facts: Facts, today: date, noun: str = "entries", extras: Sequence[Mapping[str, str]] = ()) -> str:
        """Return the listing of a tool, without empty lines; empty if nothing is stated.

        Args:
            facts: Stated facts in canonical units.
            today: Day of the listing.
            noun: Things that the axis coverage counts.
            extras: What the provider mentions beside the facts, each with `label`, `key` and `text`.

        Raises:
            ConfigError: If the template fails, for example on a name that does not exist.
        """
        if not facts and not extras:
            return ""
        try:
            text = self._template.render(facts=FactsByAxis(facts, today, noun), extras=extras)
        except Exception as error:
            # A template of a pack can fail in any way, such as a wrong format or a missing level.
            raise ConfigError(f"The layout {self.name!r} cannot be rendered: {error}.") from error
        return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


@cache
def layouts(split: str) -> Sequence[Layout]:
    """Return the layouts of a split, by name."""
    folder = files(__package__) / "listings" / split
    nodes = sorted((node for node in folder.iterdir() if node.name.endswith(SUFFIX)), key=lambda node: node.name)
    return tuple(
        Layout(node.name.removesuffix(SUFFIX), node.read_text(encoding="utf-8"), trusted=True) for node in nodes
    )
