"""Measure accuracy by the number of telling steps: all baselines, the ceiling, and careful readers.

Give a data set of the preset `curve` and its answers:

    petoolbench build --preset curve --users 1500 --seed 91 -o out/curve
    python -m performance evidence out/curve --answers out/curve-private --readings scores.json --write

`--readings` is the file of `petoolbench reading score --json`. `--write` replaces hf_dataset/evidence_curve.json and
hf_dataset/evidence_curve.png, which the card, reports and the leaderboard show.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from builder.audit.audit_plots import save_plots
from builder.predictors.open_predictor import BASELINES, open_predictor
from hf_dataset.evidence_curve import (
    CEILING,
    CHANCE,
    EVIDENCE_JSON,
    EVIDENCE_PLOT,
    READERS,
    CurvePoint,
    CurveSeries,
    EvidenceCurve,
)
from hf_dataset.manifest import read_manifest
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.data import load
from petoolbench.run_report.breakdown import rate
from petoolbench.run_report.reference_curve import draw

from .baseline_choices import chance, right_choices
from .results_table import Row

_SPLITS: Final = ("validation", "test")
_ORACLE: Final = "oracle"
_FOLDER: Final = Path("hf_dataset")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("data", type=Path, help="folder of a data set of the preset `curve`")
    parser.add_argument("--answers", type=Path, required=True, help="folder of its private answers")
    parser.add_argument("--readings", type=Path, help="scores of careful readers, in JSON format")
    parser.add_argument("--write", action="store_true", help="replace the figures and the picture in hf_dataset/")
    parser.add_argument("--day", default="", help="day of the measurement, in ISO format; needed for --write")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each baseline, and read the figures of careful readers."""
    rows = {
        (config, split): list(load(given.data, config, split, answers=given.answers))
        for config in HISTORY_TYPES
        for split in _SPLITS
    }
    series: dict[str, Sequence[CurvePoint]] = {}
    for baseline in BASELINES:
        if baseline == "random":
            continue
        points = _points(_outcomes(rows, given, baseline))
        series[CEILING if baseline == _ORACLE else baseline] = points
        yield _row(baseline, points)
    series[CHANCE] = _chance(row for part in rows.values() for row in part)
    if given.readings:
        levels = {row.instance_id: row for part in rows.values() for row in part}
        readings = json.loads(given.readings.read_text(encoding="utf-8"))["readings"]
        series[READERS] = _points((levels[item["instance_id"]], item["tool_correct"]) for item in readings)
        yield _row(READERS, series[READERS])
    if given.write:
        _write(given, series)


def _outcomes(
    rows: Mapping[tuple[str, str], Sequence[Instance]], given: argparse.Namespace, baseline: str
) -> Iterator[tuple[Instance, bool]]:
    for (config, split), part in rows.items():
        yield from right_choices(
            open_predictor(f"baseline:{baseline}", given.data, config, split, 0, given.answers), part
        )


def _evidence(row: Instance) -> int:
    if row.meta is None or row.meta.evidence is None:
        raise SystemExit(f"{row.instance_id} does not state its telling steps. Pass a data set of the preset `curve`.")
    return row.meta.evidence


def _points(outcomes: Iterable[tuple[Instance, bool]]) -> list[CurvePoint]:
    by_level: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for row, right in outcomes:
        by_level[_evidence(row)].append((row.query_group, right))
    points = []
    for level, found in sorted(by_level.items()):
        share = rate([right for _, right in found], [group for group, _ in found])
        points.append(CurvePoint(level, round(share.value, 4), round(share.low, 4), round(share.high, 4), share.rows))
    return points


def _chance(rows: Iterable[Instance]) -> list[CurvePoint]:
    """Return the expected accuracy of a random choice among the candidates that do the job."""
    by_level: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        by_level[_evidence(row)].append(chance(row))
    return [
        CurvePoint(level, mean := round(sum(shares) / len(shares), 4), mean, mean, len(shares))
        for level, shares in sorted(by_level.items())
    ]


def _row(name: str, points: Sequence[CurvePoint]) -> Row:
    figures = ", ".join(f"{point.evidence}: {100 * point.accuracy:.1f} %" for point in points)
    return Row(f"evidence: {name}", f"{sum(point.rows for point in points):,} rows", figures, None, "")


def _write(given: argparse.Namespace, series: Mapping[str, Sequence[CurvePoint]]) -> None:
    """Write the figures and the picture."""
    if not given.day:
        raise SystemExit("--write needs the day of the measurement: --day 2026-11-30")
    manifest = read_manifest(given.data)
    users, seed = manifest.config["users"]["count"], manifest.config["seed"]
    curve = EvidenceCurve(
        command=f"petoolbench build --preset curve --users {users} --seed {seed}",
        build=manifest.build_id,
        measured=given.day,
        series=tuple(CurveSeries(name, tuple(points)) for name, points in series.items()),
    )
    (_FOLDER / EVIDENCE_JSON).write_text(json.dumps(asdict(curve), indent=1) + "\n", encoding="utf-8")
    title = "Tool accuracy by number of telling steps"
    save_plots(
        {EVIDENCE_PLOT: (title, lambda figure, shown: draw(figure.subplots(), shown), (6.5, 4.2))}, curve, _FOLDER
    )
