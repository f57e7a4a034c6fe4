"""Run files for tests of reports: replies of baselines and synthetic replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.predictors.registry import open_predictor
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance
from petoolbench.inference.history_views import apply_history_view
from petoolbench.report.gather import Judged, gather
from petoolbench.run_files import write_run
from petoolbench.runs import Header, Line
from tests.conftest import Built

CONFIG = "chronological"
"""Default config of the run files."""


def rows_of(built: Built, config: str = CONFIG) -> list[Instance]:
    return read_instances(built.data, config, "validation")


def call(name: str, arguments: str = "{}") -> str:
    return json.dumps({"name": name, "arguments": json.loads(arguments)})


def correct_call(row: Instance) -> str:
    assert row.answer is not None
    return call(row.answer.name, row.answer.arguments)


def header(built: Built, config: str = CONFIG, **changes: Any) -> Header:
    manifest = read_manifest(built.data)
    default = Header(
        version="0.1.0",
        build_id=manifest.build_id,
        data_sha256=manifest.data_sha256(config, "validation"),
        config=config,
        split="validation",
        model="example/model",
    )
    return replace(default, **changes)


def write_file(path: Path, made_with: Header | None, lines: Sequence[Line] | Mapping[str, str]) -> Path:
    if isinstance(lines, Mapping):
        lines = [Line(name, reply) for name, reply in lines.items()]
    write_run(path, made_with, lines)
    return path


def baseline(built: Built, folder: Path, name: str, config: str = CONFIG, history: str = "own") -> Path:
    predictor = open_predictor(f"baseline:{name}", built.data, config, "validation", 0)
    shown = apply_history_view(rows_of(built, config), "swapped" if history == "swapped" else "own")
    made_with = header(built, config, model=f"baseline:{name}", mode="baseline", history=history)
    path = folder / f"{name}.{history}.{config}.jsonl"
    return write_file(path, made_with, {row.instance_id: predictor.predict(row) for row in shown})


def judged_run(path: Path, built: Built) -> Judged:
    (judged,) = gather([path], built.data).runs
    return judged
