"""The report on released rows: JSON for machines, Markdown for people, and plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from builder.errors import OutputError
from hf_dataset.layout import AUDIT_FOLDER, AUDIT_JSON, AUDIT_PAGE

from .findings import ConfigFindings, Figure, Findings
from .findings_plots import draw_plots


def write_findings(findings: Findings, folder: Path) -> None:
    """Write `audit.json`, `AUDIT.md` and the folder `audit` with the plots.

    Raises:
        OutputError: If the folder cannot be written to.
        MissingExtraError: If the library that draws is missing.
    """
    try:
        (folder / AUDIT_FOLDER).mkdir(parents=True, exist_ok=True)
        plots = draw_plots(findings, folder / AUDIT_FOLDER)
        found = {**asdict(findings), "failed": findings.failed}
        (folder / AUDIT_JSON).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        (folder / AUDIT_PAGE).write_text(to_markdown(findings, plots), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(folder)!r}: {error.strerror}.") from error


def to_markdown(findings: Findings, plots: Mapping[str, str]) -> str:
    """The findings as a page.

    Args:
        findings: What was found.
        plots: What each plot shows, by its file name in the folder of plots.
    """
    lines = [
        "# Audit of released rows of the earlier benchmark",
        "",
        "Figures hold for the rows that were imported, and for no others. All are in %, with the 95 % interval of a "
        "bootstrap over queries; where all rows fare alike, with Wilson's. The bound is chance: one in the candidates "
        "that do the job. A gate does not hold where the accuracy is above the bound by more than the margin, which is "
        "one-sided, at a level of 0.001 for all gates of a config together, clustered on queries. What has no bound is "
        "reported.",
        "",
        *_counts(findings),
    ]
    for item in findings.configs:
        lines += ["", f"## {item.config}", "", *_config(item)]
    lines += ["", "## Plots", "", *(f"![{about}]({AUDIT_FOLDER}/{name})" for name, about in plots.items())]
    return "\n".join(lines) + "\n"


def _counts(findings: Findings) -> list[str]:
    sizes = [(f"rows with {size} candidates that do the job", count) for size, count in findings.same_function.items()]
    return [
        "| what | number |",
        "|---|---:|",
        *(f"| {name} | {n:,} |" for name, n in [*findings.counts.items(), *sizes]),
    ]


def _config(item: ConfigFindings) -> list[str]:
    lines: list[str] = []
    tables: list[tuple[str, Sequence[Figure]]] = [
        ("rule, over all candidates", item.over_all),
        ("rule, among the candidates that do the job", item.within),
        ("share of rows", item.shares),
    ]
    for title, figures in tables:
        if figures:
            lines += [f"| {title} | % | interval | bound | margin | holds |", "|---|---:|---:|---:|---:|---|"]
            lines += [f"| {' | '.join(cells(one))} |" for one in figures]
            lines.append("")
    return lines[:-1]


def cells(one: Figure) -> tuple[str, str, str, str, str, str]:
    """A figure as people read it: name, value, interval, bound, margin, and whether it holds."""
    bounded = one.bound is not None
    return (
        one.name,
        f"{100 * one.value:.1f}",
        f"{100 * one.low:.1f} to {100 * one.high:.1f}",
        f"{100 * one.bound:.1f}" if one.bound is not None else "-",
        f"{100 * one.margin:.1f}" if bounded else "-",
        one.holds,
    )
