"""Counters of kept and dropped items, updated by every stage and published in the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_MAX_NAMED: Final = 5
"""Number of dropped items that are named for each kind and reason."""


@dataclass(slots=True)
class Funnel:
    """Counters of a build. The only mutable object that stages share; each partition has a separate one."""

    counts: Counter[str] = field(default_factory=Counter)
    """Number of kept items by counter name, such as `tools_read` or `groups_kept`."""
    drops: dict[str, Counter[str]] = field(default_factory=dict)
    """Number of dropped items, by kind of item and reason."""
    most_named: int | None = _MAX_NAMED
    """Number of dropped items that are named for each kind and reason; None for all."""
    named: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """The first dropped items of a kind and reason, as an error names them; not part of the manifest."""

    def count(self, name: str, number: int = 1) -> None:
        """Add to the counter of kept items called `name`."""
        self.counts[name] += number

    def drop(self, kind: str, reason: str, number: int = 1, names: Sequence[str] = ()) -> None:
        """Count dropped items of a kind by reason.

        Args:
            kind: Kind of the items, such as `tool`.
            reason: Identifier, in words joined by `_`.
            number: Number of items.
            names: The items, with what is missing, for an error message.
        """
        if number:
            self.drops.setdefault(kind, Counter())[reason] += number
            named = self.named.setdefault((kind, reason), [])
            named += names if self.most_named is None else names[: self.most_named - len(named)]

    def merge(self, other: Funnel) -> None:
        """Add the counters of another funnel."""
        self.counts.update(other.counts)
        for kind, reasons in other.drops.items():
            self.drops.setdefault(kind, Counter()).update(reasons)

    def most_frequent(self, kind: str, number: int = 3) -> str:
        """Return the most frequent reasons for dropping items of a kind, with their counts, as text."""
        reasons = sorted(self.drops.get(kind, Counter()).items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{reason.replace('_', ' ')} ({count})" for reason, count in reasons[:number]) or "none"

    def explained(self, kind: str, number: int = 6, most_named: int | None = None) -> list[str]:
        """Return the most frequent reasons for dropping items of a kind, each with the first items, as lines.

        Args:
            kind: Kind of the items.
            number: Maximum number of reasons.
            most_named: Maximum number of items that are named for each reason; None for all that are known.
        """
        reasons = sorted(self.drops.get(kind, Counter()).items(), key=lambda item: (-item[1], item[0]))[:number]
        lines = []
        for reason, count in reasons:
            named = self.named.get((kind, reason), [])[:most_named]
            more = f" and {count - len(named):,} more" if 0 < len(named) < count else ""
            items = f": {'; '.join(named)}{more}" if named else ""
            lines.append(f"{reason.replace('_', ' ')} ({count:,}){items}")
        return lines

    def as_dict(self) -> dict[str, dict[str, int] | dict[str, dict[str, int]]]:
        """Return all counters as plain dicts, sorted by name."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "drops": {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(self.drops.items())},
        }
