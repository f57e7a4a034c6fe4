"""What came in, what was dropped and why: the count that every stage keeps and the manifest publishes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Funnel:
    """Counts by stage. The only mutable object that stages share; each partition has its own."""

    counts: Counter[str] = field(default_factory=Counter)
    """What was kept, by name ("tools_read", "groups_kept")."""
    drops: dict[str, Counter[str]] = field(default_factory=dict)
    """What was dropped, by the kind of thing and the reason."""

    def count(self, name: str, number: int = 1) -> None:
        """Count things that were seen or kept."""
        self.counts[name] += number

    def drop(self, kind: str, reason: str, number: int = 1) -> None:
        """Count things of a kind that were dropped for a reason."""
        if number:
            self.drops.setdefault(kind, Counter())[reason] += number

    def merge(self, other: Funnel) -> None:
        """Add what another funnel counted."""
        self.counts.update(other.counts)
        for kind, reasons in other.drops.items():
            self.drops.setdefault(kind, Counter()).update(reasons)

    def commonest(self, kind: str, number: int = 3) -> str:
        """The reasons for which most of a kind were dropped, with their numbers, as part of a sentence."""
        reasons = sorted(self.drops.get(kind, Counter()).items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{reason.replace('_', ' ')} ({count})" for reason, count in reasons[:number]) or "none"

    def as_dict(self) -> dict[str, dict[str, int] | dict[str, dict[str, int]]]:
        """Plain dicts in a fixed order."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "drops": {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(self.drops.items())},
        }
