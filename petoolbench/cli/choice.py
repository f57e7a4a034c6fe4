"""The command that exports multiple-choice questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.choice_export import export_choice

from .console import stdout


def export_choice_data(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed for the order of the options.")] = 0,
) -> None:
    """Export the validation split as multiple-choice questions with ten options, as a data set for the Hub."""
    for config, rows in export_choice(data, out, seed).items():
        stdout.print(f"{rows:,} questions in {out / config}", soft_wrap=True)
