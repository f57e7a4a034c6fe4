"""Run files for tests of reports: replies of baselines and synthetic replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from builder.predictors.open_predictor import open_predictor
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance
from petoolbench.inference.history_views import apply_history_view
from petoolbench.run_files import write_run
from petoolbench.run_report.gather import JudgedRun, gather
from petoolbench.run_settings import RunSettings
from petoolbench.runs import Header, Line
from tests.conftest import Built

CONFIG = "chronological"
"""Default config of the run files."""
SETTINGS: Final = frozenset(item.name for item in fields(RunSettings))


def rows_of(built: Built, config: str = CONFIG) -> list[Instance]:
    return read_instances(built.data, config, "validation")


def call(name: str, arguments: str = "{}") -> str:
    return json.dumps({"name": name, "arguments": json.loads(arguments)})


def correct_call(row: Instance) -> str:
    assert row.answer is not None
    return call(row.answer.name, row.answer.arguments)


def changed(default: Header, **changes: Any) -> Header:
    """Return a header with other values of its fields or of the fields of its settings."""
    settings = {name: value for name, value in changes.items() if name in SETTINGS}
    others = {name: value for name, value in changes.items() if name not in SETTINGS}
    return replace(default, settings=replace(default.settings, **settings), **others)


def header(built: Built, config: str = CONFIG, **changes: Any) -> Header:
    """Return the header of a run on the validation split; `changes` as in `changed`."""
    manifest = read_manifest(built.data)
    default = Header(
        settings=RunSettings(model="example/model", config=config, split="validation"),
        version="0.1.0",
        build_id=manifest.build_id,
        data_revision=manifest.data_revision,
        data_sha256=manifest.data_sha256(config, "validation"),
    )
    return changed(default, **changes)


def write_file(path: Path, made_with: Header | None, lines: Sequence[Line] | Mapping[str, str]) -> Path:
    if isinstance(lines, Mapping):
        lines = [Line(name, reply) for name, reply in lines.items()]
    write_run(path, made_with, lines)
    return path


def baseline(built: Built, folder: Path, name: str, config: str = CONFIG, history: str = "own") -> Path:
    predictor = open_predictor(f"baseline:{name}", built.data, config, "validation", 0)
    shown = apply_history_view(rows_of(built, config), "swapped" if history == "swapped" else "own")
    made_with = header(built, config, model=f"baseline:{name}", history=history)
    path = folder / f"{name}.{history}.{config}.jsonl"
    return write_file(path, made_with, {row.instance_id: predictor.predict(row) for row in shown})


def judged_run(path: Path, built: Built) -> JudgedRun:
    (judged,) = gather([path], built.data).runs
    return judged
