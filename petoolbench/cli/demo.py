"""The command that builds a small data set, shows it, and scores two baselines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import load_config
from builder.execution.staging import check_free
from builder.predictors.open_predictor import open_predictor
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.data import InstanceSet, load
from petoolbench.instance_text import LEGEND, Wishes
from petoolbench.score_table import ScoreTable
from petoolbench.scoring import score

from .console import print_text, progress
from .printing import print_instance, print_rows, print_score_tables

DEMO: Final = load_config(None, preset="demo", seed=1)
SPLIT: Final = "validation"
CEILING: Final = "baseline:oracle"
FLOOR: Final = "baseline:random"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")] = Path("out/demo"),
) -> None:
    """Build a small data set, show an instance of each config, and score the oracle and random baselines."""
    check_free(out)
    with progress() as report:
        print_rows(pipeline.build(open_source("builtin"), DEMO, out, report).manifest)
    tables = []
    wishes = Wishes.of(out, SPLIT)
    for config in HISTORY_TYPES:
        data = load(out, config, SPLIT)
        # The first instances of the three configs have the same user and candidates, so the tools are shown once.
        print_instance(data[0], wishes, tools=config == HISTORY_TYPES[-1])
        tables += [_scored(model, data, out, config) for model in (CEILING, FLOOR)]
    print_text(LEGEND)
    print_score_tables(tables)


def _scored(model: str, data: InstanceSet, out: Path, config: str) -> ScoreTable:
    predictor = open_predictor(model, out, config, SPLIT, DEMO.seed)
    table = score({row.instance_id: predictor.predict(row) for row in data}, data)
    return replace(table, name=model)
