"""Measure what the benchmark asks for: all baselines by config, kind, concerns and history, beside careful readers.

Give data sets with their answers, each with a name:

    petoolbench build --preset release --seed 91 -o out/release
    python -m performance baselines release=out/release hard=out/hard --readings release=scores.json --write --day DAY

The answers are in the folder beside the data set, with `-private` after its name. `--readings` names files of
`petoolbench reading score --json`. The core of the test split is measured. `--write` replaces
hf_dataset/reference_results.json, and from it the tables of docs/explanation/results.md and of README.md; `--tables`
writes the tables alone.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from builder.predictors.open_predictor import BASELINES, open_predictor
from builder.predictors.program import Program
from builder.predictors.protocol import Predictor
from builder.predictors.scored_choice import ScoredPredictor
from hf_dataset.evidence_curve import CHANCE, READERS
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_tools
from hf_dataset.reference_results import ALL_ROWS, RESULTS_JSON, ReferenceFigure, ReferenceResults, read_results
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.data import load
from petoolbench.files import write_atomically
from petoolbench.inference.history_views import HISTORIES, History
from petoolbench.run_report.breakdown import rate

from .baseline_choices import chance, right_choices
from .result_tables import write_result_tables
from .results_table import ROOT, Row, machine

LISTINGS: Final = "listings"
"""The program without the catalogue: it reads the facts of every tool from its listing."""
SYSTEMS: Final = (*BASELINES, LISTINGS, CHANCE, READERS)
Rows = Mapping[str, Mapping[History, Sequence[Instance]]]
"""Rows by config and history."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a system on a row."""

    query_group: str
    keys: Sequence[str]
    """Divisions that the row belongs to."""
    right: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("data", nargs="*", type=_named, metavar="NAME=FOLDER", help="data sets of the builder")
    parser.add_argument(
        "--readings", nargs="+", type=_named, default=[], metavar="NAME=FILE", help="scores of careful readers"
    )
    parser.add_argument("--preset", help="preset of the builds; default: the name of each")
    parser.add_argument(
        "--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS, help="systems to measure; default: all"
    )
    parser.add_argument("--write", action="store_true", help="replace the figures of these data sets and systems")
    parser.add_argument("--tables", action="store_true", help="write the tables from the figures, and measure nothing")
    parser.add_argument("--day", default="", help="day of the measurement, in ISO format; needed for --write")


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} has no name. Write NAME=PATH.")
    return name, Path(path)


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each baseline on each data set, and read the figures of careful readers."""
    if given.tables:
        write_result_tables()
        return
    readings, figures, builds = dict(given.readings), list[ReferenceFigure](), dict[str, Mapping[str, Any]]()
    for name, folder in given.data:
        rows = {config: _core(folder, config) for config in HISTORY_TYPES}
        builds[name] = _build(folder, given.preset or name)
        for system in given.systems:
            found = _figures(name, folder, system, rows, readings.get(name))
            figures += found
            if found:
                yield Row(f"baselines: {system}", f"{found[0].count:,} rows of {name}", _in_words(found))
    if given.write:
        if not given.day:
            raise SystemExit("--write needs the day of the measurement: --day 2026-11-30")
        _write(given.day, builds, figures)


def _answers(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-private")


def _core(folder: Path, config: str) -> dict[History, Sequence[Instance]]:
    """Return the core of the test split with each kind of history."""
    core = load(folder, config, "test", answers=_answers(folder)).core
    return {history: core.with_history(history).rows for history in HISTORIES}


def _build(folder: Path, preset: str) -> Mapping[str, Any]:
    manifest = read_manifest(folder)
    users, seed = manifest.config["users"]["count"], manifest.config["seed"]
    note = "with a listing pack that the repository does not contain" if manifest.listing_pack else ""
    return {
        "build": manifest.build_id,
        "data_revision": manifest.data_revision,
        "command": f"petoolbench build --preset {preset} --users {users} --seed {seed}",
        "note": note,
    }


def _figures(name: str, folder: Path, system: str, rows: Rows, readings: Path | None) -> list[ReferenceFigure]:
    """Return the figures of a system; of a random choice and of readers, on the own history only."""
    if system == READERS:
        return _of_readers(name, readings) if readings else []
    if system == CHANCE:
        return _of_chance(name, rows)
    outcomes: dict[History, list[Outcome]] = defaultdict(list)
    for config, of_config in rows.items():
        predictor = _predictor(system, folder, config)
        for history, part in of_config.items():
            outcomes[history] += [
                Outcome(row.query_group, _keys_of(row), right) for row, right in right_choices(predictor, part)
            ]
    return [figure for history, found in outcomes.items() for figure in _divided(name, system, history, found)]


def _predictor(system: str, folder: Path, config: str) -> Predictor:
    if system != LISTINGS:
        return open_predictor(f"baseline:{system}", folder, config, "test", 0, _answers(folder))
    changes = read_manifest(folder).preference_changes(config)
    return ScoredPredictor(Program(read_tools(folder, "test"), "test", changes, catalogue=False), 0, LISTINGS)


def _of_readers(name: str, path: Path) -> list[ReferenceFigure]:
    """Return the figures of careful readers."""
    readings = json.loads(path.read_text(encoding="utf-8"))["readings"]
    return _divided(
        name,
        READERS,
        "own",
        [
            Outcome(
                item["query_group"],
                _keys(item["config"], str(item["kind"]), item["concerns"]),
                bool(item["tool_correct"]),
            )
            for item in readings
        ],
    )


def _of_chance(name: str, rows: Rows) -> list[ReferenceFigure]:
    """Return the expected accuracy of a random choice among the candidates that do the job."""
    shares: dict[str, list[float]] = defaultdict(list)
    for of_config in rows.values():
        for row in of_config["own"]:
            for key in _keys_of(row):
                shares[key].append(chance(row))
    means = {key: round(sum(values) / len(values), 4) for key, values in shares.items()}
    return [
        ReferenceFigure(name, CHANCE, "own", key, mean, mean, mean, len(shares[key])) for key, mean in means.items()
    ]


def _keys_of(row: Instance) -> list[str]:
    if row.meta is None:
        raise SystemExit(f"{row.instance_id} has no metadata. Keep the folder of answers beside the data set.")
    return _keys(row.instance_id.partition("-")[0], str(row.meta.kind), row.meta.concerns)


def _keys(config: str, kind: str, concerns: int | None) -> list[str]:
    """Return the divisions that a row belongs to, the config second."""
    return [ALL_ROWS, f"config: {config}", f"kind: {kind}", f"concerns: {concerns}"]


def _divided(name: str, system: str, history: str, outcomes: Iterable[Outcome]) -> list[ReferenceFigure]:
    by_key: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for key in outcome.keys if history == "own" else outcome.keys[:2]:
            by_key[key].append(outcome)
    figures = []
    for key in sorted(by_key):
        share = rate([item.right for item in by_key[key]], [item.query_group for item in by_key[key]])
        value, low, high = (round(end, 4) for end in (share.value, share.low, share.high))
        figures.append(ReferenceFigure(name, system, history, key, value, low, high, share.rows))
    return figures


def _in_words(figures: Sequence[ReferenceFigure]) -> str:
    whole = {item.history: item for item in figures if item.rows == ALL_ROWS}
    return ", ".join(f"{history} history {100 * item.accuracy:.1f} %" for history, item in whole.items())


def _write(day: str, builds: Mapping[str, Mapping[str, Any]], figures: Sequence[ReferenceFigure]) -> None:
    """Replace the figures of the measured systems on the measured builds, and the tables of the pages."""
    known = read_results()
    measured = {(item.data, item.system) for item in figures}
    kept = [item for item in known.figures if (item.data, item.system) not in measured]
    every = sorted([*kept, *figures], key=lambda item: SYSTEMS.index(item.system))
    results = ReferenceResults(day, machine(), {**known.builds, **builds}, every)
    content = {
        "measured": day,
        "machine": results.machine,
        "builds": results.builds,
        "summary": results.summary_text,
        "columns": [field.name for field in fields(ReferenceFigure)],
    }
    before = json.dumps(content, indent=1).removesuffix("\n}")
    # Lists, one line each: the file goes to every data set.
    lines = ",\n".join(f"  {json.dumps(list(asdict(item).values()))}" for item in every)
    write_atomically(ROOT / "hf_dataset" / RESULTS_JSON, [f'{before},\n "figures": [\n{lines}\n ]\n}}\n'])
    read_results.cache_clear()
    write_result_tables()
