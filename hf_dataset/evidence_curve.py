"""Measured accuracy by the number of telling steps: of careful readers, of baselines, and the ceiling.

The figures are in `evidence_curve.json`, written by `python -m performance evidence`. Card, report and leaderboard show
these figures and no others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

EVIDENCE_JSON: Final = "evidence_curve.json"
EVIDENCE_PLOT: Final = "evidence_curve.png"
CEILING: Final = "ceiling"
READERS: Final = "careful readers"
CHANCE: Final = "chance"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy at one number of telling steps."""

    evidence: int
    """Number of telling steps."""
    accuracy: float
    """Tool accuracy, 0 to 1."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    rows: int
    """Number of instances."""


@dataclass(frozen=True, slots=True)
class CurveSeries:
    """Points of one reader, in ascending order of telling steps."""

    name: str
    """`ceiling`, `careful readers`, `chance`, or the name of a baseline."""
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class EvidenceCurve:
    """Accuracy by the number of telling steps."""

    command: str
    """Command that built the data set."""
    build: str
    """Id of the build."""
    measured: str
    """Day of the measurement, in ISO format."""
    series: tuple[CurveSeries, ...]

    @property
    def levels(self) -> tuple[int, ...]:
        """Numbers of telling steps, in ascending order."""
        return tuple(sorted({point.evidence for series in self.series for point in series.points}))

    @property
    def readings(self) -> int:
        """Number of rows that careful readers have read."""
        return sum(point.rows for series in self.series if series.name == READERS for point in series.points)

    def cells(self, missing: str = "") -> list[tuple[str, ...]]:
        """Return a row for each reader: its name, and its accuracy in % at each of `levels`."""
        rows = []
        for series in self.series:
            by_level = {point.evidence: f"{100 * point.accuracy:.1f}" for point in series.points}
            rows.append((series.name, *(by_level.get(level, missing) for level in self.levels)))
        return rows

    @property
    def note(self) -> str:
        """Sentences that explain the curve."""
        return (
            f"Tool accuracy by the number of telling steps, measured on {self.measured} on a data set of its own: "
            f"{self.command} (build {self.build}). With few telling steps the answer is uncertain, and nobody can be "
            "right more often than the ceiling, except by luck. In a release each row has as many as its answer needs, "
            "and the ceiling is 100 %. The ceiling is the accuracy of the most probable answer, given the facts of all "
            "tools and the steps of the concern. Careful readers saw the official prompt alone; each of the "
            f"{self.readings} rows was read by one reader. Error bars are 95 % intervals."
        )


@cache
def read_curve() -> EvidenceCurve:
    """Return the measured curve."""
    found = json.loads((files(__package__) / EVIDENCE_JSON).read_text(encoding="utf-8"))
    series = (
        CurveSeries(item["name"], tuple(CurvePoint(**point) for point in item["points"])) for item in found["series"]
    )
    return EvidenceCurve(found["command"], found["build"], found["measured"], tuple(series))
