"""Write a report to a new folder: HTML page, Markdown, JSON, CSV and plots."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Final

from builder.errors import OutputError
from builder.execution.staging import folder_written_aside
from metrics.petoolbench.aggregation import Scores
from metrics.petoolbench.records import RATES
from metrics.petoolbench.repeats import RepeatScores
from petoolbench.data import FULL_SPLIT, InstanceSet
from petoolbench.runs import Run

from .figures import PLOTS, draw_pictures
from .gather import gather
from .html_page import to_html, to_markdown
from .run_facts import OUTCOMES, Cost, Report, RunFacts, compute_report
from .wording import findings

PAGE: Final = "report.html"
MARKDOWN: Final = "report.md"
JSON: Final = "report.json"
REPORT_FORMAT: Final = 2
"""Version of the JSON file. In version 1, `scores` and `means` were on the full split also where there is a core."""
SCORES: Final = "scores.csv"
_COUNTS: Final = ("rows", "asked", "replies", "failed", "missing", "shortened", "cut", "refused", "empty")
_HEADINGS: Final = (
    *("run", "file", "config", "split", "history", "scored_rows"),
    *_COUNTS,
    *(f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")),
    *OUTCOMES,
    *("input_tokens", "output_tokens", "usd"),
    *("replies_per_instance", "pass_1", "pass_all", "agreement"),
)


def write_report(
    runs: Iterable[Path | Run], out: Path, data: Path | InstanceSet, answers: Path | None = None
) -> Report:
    """Read and judge runs, and write the report. The same runs produce identical files.

    Args:
        runs: Runs, or run files.
        out: Folder to create.
        data: Folder of the data set, or loaded instances.
        answers: Folder of the private answers; required for runs of the test split.

    Returns:
        The statistics in the report.

    Raises:
        DataError, MetricError, ReadError: As in `gather`.
        OutputError: If the folder exists or cannot be written.
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        with folder_written_aside(out) as folder:
            report = compute_report(gather(runs, data, answers))
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
        raise OutputError(
            f"The report cannot be written to {str(out)!r}: {error.strerror}. Free some space, or name another folder."
        ) from error
    return report


def to_json(report: Report) -> str:
    """Serialize a report as JSON."""
    content = {
        "format": REPORT_FORMAT,
        **asdict(report),
        "findings": [finding._asdict() for finding in findings(report)],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def to_csv(report: Report) -> str:
    """Return a CSV table with one row per run and config: rates over the main rows, error classes, and cost.

    `scored_rows` names the rows that the rates are on. If they are the core, runs on the full split have a second row.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for run in report.runs:
        writer.writerow(_line(run, report.split, report.scored_rows, run.scores))
        if run.full:
            writer.writerow(_line(run, report.split, FULL_SPLIT, run.full))
    return text.getvalue()


def _line(run: RunFacts, split: str, scored_rows: str, scored: Scores) -> list[object]:
    scores = {**scored}
    ends = scored["intervals"]
    return [
        run.name,
        run.file,
        run.config,
        split,
        run.history,
        scored_rows,
        *(getattr(run.answered, count) for count in _COUNTS),
        *(f"{number:.6f}" for rate in RATES for number in (scores[rate], *ends[rate])),
        *(f"{run.outcomes[name]:.6f}" for name in OUTCOMES),
        *_cost_cells(run.cost),
        *_repeat_cells(run.repeats),
    ]


def _repeat_cells(repeats: RepeatScores | None) -> tuple[object, ...]:
    """Return the number of replies to each instance, and if there are several, their tool accuracy and agreement."""
    if repeats is None:
        return 1, "", "", ""
    rates = (repeats["tool_pass"][0], repeats["tool_pass"][-1], repeats["agreement"])
    return repeats["replies"], *(f"{rate:.6f}" for rate in rates)


def _cost_cells(cost: Cost | None) -> tuple[object, object, str]:
    if cost is None:
        return "", "", ""
    return cost.input_tokens, cost.output_tokens, "" if cost.usd is None else f"{cost.usd:.6f}"
