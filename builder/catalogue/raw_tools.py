"""Data types that a catalogue source yields, before filtering and normalisation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from builder.records import ServiceFacts
from builder.words import printable

_MAX_NAMED: Final = 3
"""Number of items that are named for each reason."""
_MAX_ITEM: Final = 200
"""Length at which the name of an item is cut, in characters."""


@dataclass(frozen=True, slots=True)
class RawParameter:
    """Parameter of an operation, as stated in its catalogue."""

    name: str
    type: str
    """Type name of the catalogue, not yet a JSON Schema type."""
    description: str
    default: object
    """Default value or example, since catalogues use the field for both; None if there is none."""
    required: bool
    items: Mapping[str, Any] | None = None
    """JSON Schema of the items of an array, without references; None if the catalogue does not state it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Place of an operation in its catalogue, from which a provider can be read."""

    name: str = ""
    """Name of the operation as it is written, with the provider if that is part of it."""
    server: str = ""
    """Name of the MCP server, or host of the first server of an OpenAPI document; empty if there is none."""
    file: str = ""
    """Name of the file without its suffix; empty for a running server."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """The operation as it is written."""


@dataclass(frozen=True, slots=True)
class RawTool:
    """Operation of a provider, as stated in its catalogue."""

    category: str
    provider: str
    provider_description: str
    operation: str
    operation_description: str
    parameters: tuple[RawParameter, ...]
    facts: ServiceFacts = field(default_factory=ServiceFacts)
    origin: Origin = field(default_factory=Origin)


def tool_name(raw: RawTool) -> str:
    """Return the name of an operation as its catalogue writes it, or its provider and title."""
    return raw.origin.name or f"{raw.provider} {raw.operation}"


class Skipped(Counter[str]):
    """Number of items that a source skipped, by reason. The first items of each reason are named."""

    def __init__(self) -> None:
        super().__init__()
        self.place = ""
        """File that is being read, which precedes the names of its items."""
        self.most_named: int | None = _MAX_NAMED
        """Number of items that are named for each reason; None for all."""
        self._named: dict[str, list[str]] = {}
        self._noted: Counter[str] = Counter()
        self.listed: dict[str, str] = {}
        """Text that `notices` has instead of the items, by reason: the place where all of them are."""

    def skip(self, reason: str, item: str) -> None:
        """Count an item.

        Args:
            reason: Identifier, in words joined by `_`.
            item: Name of the item in its file, and its problem.
        """
        self[reason] += 1
        self._name(reason, item)

    def note(self, reason: str, item: str) -> None:
        """Name an item that is not skipped, but that a person should look at; the arguments are those of `skip`."""
        self._noted[reason] += 1
        self._name(reason, item)

    def _name(self, reason: str, item: str) -> None:
        named = self._named.setdefault(reason, [])
        if self.most_named is None or len(named) < self.most_named:
            text = " ".join(printable(f"{self.place}: {item}" if self.place else item).split())
            named.append(text if len(text) <= _MAX_ITEM else f"{text[:_MAX_ITEM]} ...")

    def clear(self) -> None:
        """Remove all counts and names."""
        super().clear()
        self._named.clear()
        self._noted.clear()
        self.listed.clear()
        self.place = ""

    def notices(self, most: int | None = _MAX_NAMED) -> list[str]:
        """Return one line for each reason, with its number and the first items, sorted by reason.

        Args:
            most: Number of items that are named for each reason; None for all that `most_named` kept, also if another
                file has them.
        """
        numbers = self._numbers()
        return [
            f"{reason.replace('_', ' ')} ({numbers[reason]:,}): {self._items(reason, numbers[reason], most)}"
            for reason in sorted(numbers)
        ]

    @property
    def is_cut(self) -> bool:
        """True if `notices` leaves out items."""
        return any(number > _MAX_NAMED for reason, number in self._numbers().items() if reason not in self.listed)

    def _numbers(self) -> Counter[str]:
        return Counter(self) + self._noted

    def _items(self, reason: str, number: int, most: int | None) -> str:
        if most is not None and reason in self.listed:
            return self.listed[reason]
        named = self._named.get(reason, [])[:most]
        more = number - len(named)
        return "; ".join([*named, *([f"and {more:,} more"] if more else [])])


class CatalogueSource(Protocol):
    """Interface of a catalogue that can be read."""

    @property
    def skipped(self) -> Skipped:
        """Items that the last `read` skipped."""
        ...

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of its content."""
        ...

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, always in the same order.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        ...
