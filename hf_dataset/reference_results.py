"""Measured accuracy of baselines and careful readers on reference builds, by config, history, kind and concerns.

The figures are in `reference_results.json`, written by `python -m performance baselines`. README, documentation, card,
report and leaderboard show these figures and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

from .markdown_tables import markdown_table
from .schema import HISTORY_TYPES

RESULTS_JSON: Final = "reference_results.json"
ALL_ROWS: Final = "all"
OWN: Final = "own"
RELEASE: Final = "release"
"""Build that the summary is of."""
_SUMMARY: Final = ("careful readers", "oracle", "program", "listings", "regression", "embedding", "popular", "chance")
"""Systems of the summary; the page of results has all."""


@dataclass(frozen=True, slots=True)
class ReferenceFigure:
    """Tool accuracy of a system on some rows."""

    data: str
    """Name of the build."""
    system: str
    """Name of a baseline, `chance` or `careful readers`."""
    history: str
    """`own`, `none` or `swapped`."""
    rows: str
    """`all`, or a property and its value, such as `kind: limit`."""
    accuracy: float
    """Tool accuracy, 0 to 1."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    count: int
    """Number of instances."""


@dataclass(frozen=True)
class ReferenceResults:
    """Figures of all systems on all reference builds."""

    measured: str
    """Day of the measurement, in ISO format."""
    machine: str
    builds: Mapping[str, Mapping[str, str | int]]
    """Facts of each build by its name: `build`, `data_revision`, `users`, `seed`, `command`."""
    figures: Sequence[ReferenceFigure]

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str, str, str], ReferenceFigure]:
        return {(item.data, item.system, item.history, item.rows): item for item in self.figures}

    def figure(self, data: str, system: str, history: str = OWN, rows: str = ALL_ROWS) -> ReferenceFigure | None:
        """Return a figure; None if it was not measured."""
        return self._by_key.get((data, system, history, rows))

    def systems(self, data: str) -> Sequence[str]:
        """Return the systems measured on a build, in the order of measurement."""
        return list(dict.fromkeys(item.system for item in self.figures if item.data == data))

    def cell(self, data: str, system: str, history: str = OWN, rows: str = ALL_ROWS, *, ends: bool = False) -> str:
        """Return a figure in %, with its interval if asked for; empty if it was not measured."""
        item = self.figure(data, system, history, rows)
        if item is None:
            return ""
        interval = f" ({100 * item.low:.1f} to {100 * item.high:.1f})" if ends and item.low < item.high else ""
        return f"{100 * item.accuracy:.1f}{interval}"

    @property
    def note(self) -> str:
        """Sentences that explain the summary."""
        build = self.builds[RELEASE]
        return (
            f"Tool accuracy in % on the core of the test split of another build, `{build['command']}` (build "
            f"`{build['build']}`), measured on {self.measured}. *No history* and *another user's* are means over the "
            "three configs. Careful readers saw the official prompt alone, one row at a time, of the whole split."
        )

    def summary(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Return the head and the rows of a table of the main systems on a release, by config and history."""
        data = RELEASE
        head = ("system", *HISTORY_TYPES, "no history", "another user's", "rows")
        rows = []
        for system in _SUMMARY:
            whole = self.figure(data, system)
            if whole is not None:
                configs = [self.cell(data, system, rows=f"config: {config}") for config in HISTORY_TYPES]
                others = [self.cell(data, system, history) for history in ("none", "swapped")]
                rows.append((system, *configs, *others, f"{whole.count:,}"))
        return head, rows

    @property
    def summary_table(self) -> str:
        """The summary as a Markdown table."""
        head, rows = self.summary()
        return markdown_table(head, rows, numbers=len(head) - 1)

    @property
    def summary_text(self) -> str:
        """The summary as Markdown, with its explanation."""
        return f"{self.note}\n\n{self.summary_table}"


@cache
def read_results() -> ReferenceResults:
    """Return the measured figures."""
    found = json.loads((files(__package__) / RESULTS_JSON).read_text(encoding="utf-8"))
    figures = [ReferenceFigure(**dict(zip(found["columns"], item, strict=True))) for item in found["figures"]]
    return ReferenceResults(found["measured"], found["machine"], found["builds"], figures)
