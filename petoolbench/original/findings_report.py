"""Write the audit of released rows as JSON, Markdown and plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from builder.errors import OutputError
from hf_dataset.layout import AUDIT_FOLDER, AUDIT_JSON, AUDIT_PAGE

from .findings import ConfigFindings, Figure, Findings
from .findings_plots import draw_findings_plots


def write_findings(findings: Findings, folder: Path) -> None:
    """Write `audit.json`, `AUDIT.md` and the folder `audit` with the plots.

    Raises:
        OutputError: If the folder cannot be written.
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        (folder / AUDIT_FOLDER).mkdir(parents=True, exist_ok=True)
        plots = draw_findings_plots(findings, folder / AUDIT_FOLDER)
        content = {**asdict(findings), "failed": findings.failed}
        (folder / AUDIT_JSON).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        (folder / AUDIT_PAGE).write_text(to_markdown(findings, plots), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(folder)!r}: {error.strerror}.") from error


def to_markdown(findings: Findings, plots: Mapping[str, str]) -> str:
    """Render the findings as Markdown.

    Args:
        findings: Result of the audit.
        plots: Description of each plot, by its file name in the folder of plots.
    """
    lines = [
        "# Audit of released rows of the earlier benchmark",
        "",
        "All figures are for the imported rows only, in %, with the 95 % interval of a bootstrap over queries. If all "
        "rows have the same outcome, the interval is Wilson's. The bound of a rule is chance: a random choice among "
        "the candidates with the requested functionality. A gate fails if the accuracy exceeds the bound by more than "
        "the margin. The margin is that of a one-sided test, clustered on queries, at a level of 0.001 for all gates "
        "of a config together. Figures without a bound are only reported.",
        "",
        *_counts(findings),
    ]
    for item in findings.configs:
        lines += ["", f"## {item.config}", "", *_config(item)]
    lines += ["", "## Plots", "", *(f"![{title}]({AUDIT_FOLDER}/{name})" for name, title in plots.items())]
    return "\n".join(lines) + "\n"


def _counts(findings: Findings) -> list[str]:
    sizes = [
        (f"rows with {size} candidates of the functionality", count) for size, count in findings.same_function.items()
    ]
    return [
        "| what | number |",
        "|---|---:|",
        *(f"| {name} | {n:,} |" for name, n in [*findings.counts.items(), *sizes]),
    ]


def _config(item: ConfigFindings) -> list[str]:
    lines: list[str] = []
    tables: list[tuple[str, Sequence[Figure]]] = [
        ("rule, over all candidates", item.over_all),
        ("rule, within the functionality", item.within),
        ("share of rows", item.shares),
    ]
    for title, figures in tables:
        if figures:
            lines += [f"| {title} | % | interval | bound | margin | holds |", "|---|---:|---:|---:|---:|---|"]
            lines += [f"| {' | '.join(format_figure(figure))} |" for figure in figures]
            lines.append("")
    return lines[:-1]


def format_figure(figure: Figure) -> tuple[str, str, str, str, str, str]:
    """Format a figure for a table: name, value, interval, bound, margin and result."""
    bounded = figure.bound is not None
    return (
        figure.name,
        f"{100 * figure.value:.1f}",
        f"{100 * figure.low:.1f} to {100 * figure.high:.1f}",
        f"{100 * figure.bound:.1f}" if figure.bound is not None else "-",
        f"{100 * figure.margin:.1f}" if bounded else "-",
        figure.holds,
    )
