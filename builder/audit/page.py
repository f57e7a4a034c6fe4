"""The report of an audit: JSON for machines, Markdown for people, and plots."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

from builder.errors import OutputError

from .breakdown import Breakdown
from .gates import Gate
from .plots import draw_plots
from .run import Audit, ConfigAudit
from .training import TrainingAudit
from .wording import TextQuality

JSON_NAME: Final = "audit.json"
MARKDOWN_NAME: Final = "AUDIT.md"
PLOTS_FOLDER: Final = "audit"
_FEW: Final = 12
"""Breakdowns of more parts than this stand in the JSON and the plots only."""


def write_report(audit: Audit, folder: Path) -> None:
    """Write `audit.json`, `AUDIT.md` and the folder `audit` with the plots.

    Raises:
        OutputError: If the folder cannot be written to.
        MissingExtraError: If the library that draws is missing.
    """
    try:
        (folder / PLOTS_FOLDER).mkdir(parents=True, exist_ok=True)
        plots = draw_plots(audit, folder / PLOTS_FOLDER)
        (folder / JSON_NAME).write_text(to_json(audit), encoding="utf-8")
        (folder / MARKDOWN_NAME).write_text(to_markdown(audit, plots), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(folder)!r}: {error.strerror}.") from error


def to_json(audit: Audit) -> str:
    """The audit as JSON."""
    configs = [{**asdict(item), "failed": item.failed} for item in audit.configs]
    training = {**asdict(audit.training), "failed": audit.training.failed} if audit.training else None
    found = {"configs": configs, "training": training, "instructions": asdict(audit.instructions)}
    return json.dumps(found, indent=2) + "\n"


def to_markdown(audit: Audit, plots: dict[str, str]) -> str:
    """The audit as a page.

    Args:
        audit: What was found.
        plots: What each plot shows, by its file name in the folder of plots.
    """
    lines = [
        "# Audit",
        "",
        "Can the instances be answered from their histories, and by nothing else? Accuracy in %, beside what it may be "
        "at most (the oracle: at least), with the margin of chance: one-sided, at a level of 0.001 for all gates of a "
        "config together, clustered on query groups. All shortcuts are told which candidates do the job.",
    ]
    for item in audit.configs:
        lines += ["", f"## {item.config}", "", *_gates(item), "", *_checks(item), ""]
        lines += [line for breakdown in item.oracle if len(breakdown.parts) <= _FEW for line in _parts(breakdown)]
    if audit.training:
        lines += ["", "## Training data", "", *_training(audit.training)]
    lines += ["", "## Instructions", "", *_quality(audit.instructions), "", "## Plots", ""]
    lines += [f"![{about}]({PLOTS_FOLDER}/{name})" for name, about in plots.items()]
    return "\n".join(lines) + "\n"


def _training(item: TrainingAudit) -> list[str]:
    return [
        "Can the chosen reply of `dpo` be told from the rejected one without the prompt? Accuracy in % beside one "
        "half; words by a classifier fitted on other query groups.",
        "",
        *_gates(item),
        "",
        *_checks(item),
        "",
        "| kind of rejected reply | rows |",
        "|---|---:|",
        *(f"| {kind} | {count:,} |" for kind, count in item.kinds.items()),
    ]


def _gates(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [
        "| gate | accuracy | bound | margin | holds |",
        "|---|---:|---:|---:|---|",
        *(_line(gate, "yes" if gate.passed else "**no**") for gate in item.gates),
        *(_line(gate, "reported") for gate in item.reported),
    ]


def _line(gate: Gate, holds: str) -> str:
    return f"| {gate.name} | {100 * gate.accuracy:.1f} | {100 * gate.bound:.1f} | {100 * gate.margin:.1f} | {holds} |"


def _checks(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [
        "| check | that break it | of | holds |",
        "|---|---:|---:|---|",
        *(
            f"| {check.name} | {check.violations:,} | {check.rows:,} | "
            f"{'reported' if not check.required else 'yes' if check.passed else '**no**'} |"
            for check in item.checks
        ),
    ]


def _parts(breakdown: Breakdown) -> list[str]:
    return [
        f"| {breakdown.by} | share of rows | oracle |",
        "|---|---:|---:|",
        *(
            f"| {part.label} | {100 * breakdown.shares[part.label]:.1f} | {100 * part.accuracy:.1f} |"
            for part in breakdown.parts
        ),
        "",
    ]


def _quality(quality: TextQuality) -> list[str]:
    return ["| figure | value |", "|---|---:|", *(f"| {name} | {value} |" for name, value in figures(quality).items())]


def figures(quality: TextQuality) -> dict[str, str]:
    """Text quality as people read it, by name; the names are the same for every data set."""
    found = {}
    for field in fields(quality):
        value = getattr(quality, field.name)
        name = field.name.replace("_", " ")
        if value is None:
            found[name] = "-"
        elif isinstance(value, int):
            found[name] = f"{value:,}"
        else:
            found[name] = f"{value:.0f}" if name.startswith("words") else f"{value:.3f}"
    return found
