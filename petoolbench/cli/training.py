"""The command that exports training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.training.training_export import FORMATS, export_training
from petoolbench.run_settings import choices

from .console import stdout


def export_training_data(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")],
    fmt: Annotated[str, typer.Option("--format", help=choices("Format of the files", tuple(FORMATS)))] = "trl",
) -> None:
    """Export the training data in the format of a training library."""
    for name, rows in export_training(data, out, fmt).items():
        stdout.print(f"{rows:,} rows in {out / name}", soft_wrap=True)
