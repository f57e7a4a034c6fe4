"""Consoles and progress bars for the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from builder.progress import Progress as ProgressCallback
from metrics.redaction import without_credentials

# Without emoji codes: in `memory:notes:Notes` a part of the name would become one.
stdout: Final = Console(emoji=False)
stderr: Final = Console(stderr=True, emoji=False)
COLUMNS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)
"""Columns of progress bars."""


def print_text(text: str) -> None:
    """Print a text on stdout as it is: without markup, colours and line breaks of the console's own."""
    stdout.print(text, markup=False, highlight=False, soft_wrap=True)


def print_note(text: str) -> None:
    """Print a notice on stderr, without credentials."""
    text = without_credentials(text, os.environ)
    stderr.print(f"note: {text}", markup=False, soft_wrap=True, highlight=False)


@contextmanager
def progress() -> Iterator[ProgressCallback]:
    """Yield a progress callback that shows a bar for each stage if stderr is a terminal."""
    with Progress(*COLUMNS, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None)
            bar.update(tasks[stage], completed=done)

        yield report
