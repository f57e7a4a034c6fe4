"""The command that shows instances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import DataError
from builder.randomness import generator_for
from hf_dataset.layout import SPLITS
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.data import load
from petoolbench.instance_text import Wishes
from petoolbench.run_settings import CONFIGS, choices

from .console import stdout
from .predict import DataArgument
from .printing import print_instance


def show(
    data: DataArgument,
    config: Annotated[str, typer.Option("--config", help=choices("History type", CONFIGS))] = HISTORY_TYPES[0],
    split: Annotated[str, typer.Option("--split", help=choices("Split to use", SPLITS))] = "validation",
    count: Annotated[
        int,
        typer.Option(
            "-n",
            min=1,
            help="Number of instances, spread evenly over the query groups (instances that share an instruction and "
            "its candidates).",
        ),
    ] = 1,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Show the instance with this id; can be repeated.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Draw the instances at random with this seed.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, for the test split.")
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Show the documented price, limits and so on of all tools in the history, including those offered "
            "but not called.",
        ),
    ] = False,
) -> None:
    """Show instances as text: history, candidates, instruction, answer, and the user's preference."""
    rows = load(data, config, split, answers=answers)
    if not len(rows):
        raise DataError(f"{config!r} has no rows in the split {split!r} of {data!r}. Name another split with --split.")
    if ids:
        chosen = rows.select(ids)
    elif seed is not None:
        order = generator_for((seed,), "show").permutation(len(rows))[:count]
        chosen = rows.select(rows[int(place)].instance_id for place in order)
    else:
        chosen = rows.spread(count)
    wishes = Wishes.of(rows.folder, split, answers) if rows.folder else Wishes()
    for row in chosen:
        print_instance(row, wishes, full=full)
    stdout.rule()
