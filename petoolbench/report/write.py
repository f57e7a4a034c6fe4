"""A report's files: page, Markdown, JSON, CSV and pictures, all of them or none."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Final

from builder.errors import OutputError
from builder.execution.staging import folder_written_aside
from metrics.petoolbench.records import RATES

from .facts import OUTCOMES, Report, report_on
from .figures import PLOTS, draw_pictures
from .gather import gather
from .html_page import to_html, to_markdown
from .wording import findings

PAGE: Final = "report.html"
MARKDOWN: Final = "report.md"
JSON: Final = "report.json"
SCORES: Final = "scores.csv"


def write_report(runs: Iterable[Path], out: Path, data: Path, answers: Path | None = None) -> Report:
    """Read runs, judge them, and write the report; the same runs give the same bytes.

    Args:
        runs: Run files.
        out: Folder to make.
        data: Folder of the data set.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        DataError, MetricError, ReadError: As in `gather`.
        OutputError: If the folder is there, or cannot be written.
        MissingExtraError: If the library that draws is missing.
    """
    try:
        with folder_written_aside(out) as folder:
            report = report_on(gather(runs, data, answers))
            (folder / PLOTS).mkdir()
            pictures = draw_pictures(report, folder / PLOTS)
            for name, text in (
                (PAGE, to_html(report, pictures)),
                (MARKDOWN, to_markdown(report, pictures)),
                (JSON, to_json(report)),
                (SCORES, to_csv(report)),
            ):
                (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(out)!r}: {error.strerror}.") from error
    return report


def to_json(report: Report) -> str:
    """Everything that the report says, for machines."""
    found = {"format": 1, **asdict(report), "findings": [one._asdict() for one in findings(report)]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def to_csv(report: Report) -> str:
    """One line for each run on a config: its rates over the whole split, with their intervals, and what it took."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(_lines(report))
    return text.getvalue()


def _lines(report: Report) -> Iterator[list[object]]:
    rates = [f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")]
    counts = ("rows", "asked", "replies", "failed", "missing", "shortened")
    yield [
        "run",
        "file",
        "config",
        "split",
        "history",
        *counts,
        *rates,
        *OUTCOMES,
        "input_tokens",
        "output_tokens",
        "usd",
    ]
    for run in report.runs:
        scores = {**run.scores}
        ends = run.scores["intervals"]
        yield [
            run.name,
            run.file,
            run.config,
            report.split,
            run.history,
            *(getattr(run.answered, count) for count in counts),
            *(f"{number:.6f}" for rate in RATES for number in (scores[rate], *ends[rate])),
            *(f"{run.outcomes[name]:.6f}" for name in OUTCOMES),
            *((run.cost.input_tokens, run.cost.output_tokens) if run.cost else ("", "")),
            f"{run.cost.usd:.6f}" if run.cost and run.cost.usd is not None else "",
        ]
