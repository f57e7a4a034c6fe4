"""The report of an audit: JSON for machines, Markdown for people, and plots."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from builder.errors import OutputError
from hf_dataset.layout import AUDIT_FOLDER, AUDIT_JSON, AUDIT_PAGE

from .audit_plots import draw_plots
from .gates import Gate
from .oracle_breakdown import Breakdown
from .run_audit import Audit, ConfigAudit
from .text_quality import TextQuality
from .training_audit import TrainingAudit

_SAMPLED: Final = (
    "**A sample was measured**, since this data set is too large to be held at once: whole query groups, drawn by the "
    "build's seed from all files of a split. On it rest the gates, the tables of the oracle, the figures on "
    "instructions and the plots; how large it is stands above each table of gates. The checks are of every row."
)
_FEW: Final = 12
"""Breakdowns of more parts than this stand in the JSON and the plots only."""


def write_report(audit: Audit, folder: Path) -> None:
    """Write `audit.json`, `AUDIT.md` and the folder `audit` with the plots.

    Raises:
        OutputError: If the folder cannot be written to.
        MissingExtraError: If the library that draws is missing.
    """
    try:
        (folder / AUDIT_FOLDER).mkdir(parents=True, exist_ok=True)
        plots = draw_plots(audit, folder / AUDIT_FOLDER)
        (folder / AUDIT_JSON).write_text(to_json(audit), encoding="utf-8")
        (folder / AUDIT_PAGE).write_text(to_markdown(audit, plots), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(folder)!r}: {error.strerror}.") from error


def to_json(audit: Audit) -> str:
    """The audit as JSON."""
    configs = [{**_told(item), "failed": item.failed} for item in audit.configs]
    training = {**_told(audit.training), "failed": audit.training.failed} if audit.training else None
    instructions = asdict(audit.instructions) | ({"of_rows": audit.rows[1]} if audit.sampled else {})
    found = {"configs": configs, "training": training, "instructions": instructions}
    return json.dumps(found, indent=2) + "\n"


def _told(item: ConfigAudit | TrainingAudit) -> dict[str, Any]:
    """The fields of a part; what it rests on only where that is a sample."""
    return {name: value for name, value in asdict(item).items() if item.sample or name not in ("basis", "pairs")}


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
        "config together, clustered on query groups. A gate holds where it holds for all rows and for those of each "
        "split by itself; it cannot tell where the rows are so few that chance explains every accuracy. All shortcuts "
        "but `random` are told which candidates do the job.",
    ]
    if audit.sampled:
        lines += ["", _SAMPLED]
    for item in audit.configs:
        lines += ["", f"## {item.config}", "", *_sample(item), *_gates(item), "", *_checks(item), ""]
        lines += [line for breakdown in item.oracle if len(breakdown.parts) <= _FEW for line in _parts(breakdown)]
    if audit.training:
        lines += ["", "## Training data", "", *_training(audit.training)]
    of_rows = audit.rows[1] if audit.sampled else None
    lines += ["", "## Instructions", "", *_quality(audit.instructions, of_rows), "", "## Plots", ""]
    lines += [f"![{about}]({AUDIT_FOLDER}/{name})" for name, about in plots.items()]
    return "\n".join(lines) + "\n"


def _training(item: TrainingAudit) -> list[str]:
    return [
        "Can the chosen reply of `dpo` be told from the rejected one without the prompt? Accuracy in % beside one "
        "half; words by a classifier fitted on other query groups.",
        "",
        *_sample(item),
        *_gates(item),
        "",
        *_checks(item),
        "",
        "| kind of rejected reply | rows |",
        "|---|---:|",
        *(f"| {kind} | {count:,} |" for kind, count in item.kinds.items()),
    ]


def _sample(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [f"Gates rest on {item.sample}.", ""] if item.sample else []


def _gates(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [
        "| gate | accuracy | bound | margin | holds |",
        "|---|---:|---:|---:|---|",
        *(_line(gate, _holds(gate)) for gate in item.gates),
        *(_line(gate, "reported") for gate in item.reported),
    ]


def _holds(gate: Gate) -> str:
    if not gate.passed:
        return f"**no**{', in ' if gate.failed_in else ''}{' and '.join(gate.failed_in)}"
    return "yes" if gate.decides else "cannot tell"


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


def _quality(quality: TextQuality, of_rows: int | None) -> list[str]:
    found = figures(quality, of_rows)
    return ["| figure | value |", "|---|---:|", *(f"| {name} | {value} |" for name, value in found.items())]


def figures(quality: TextQuality, of_rows: int | None = None) -> dict[str, str]:
    """Text quality as people read it, by name; the names are the same for every data set.

    Args:
        quality: What was measured.
        of_rows: Number of all rows, where it was measured on a sample of them.
    """
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
    if of_rows is not None:
        found["rows"] += f" of {of_rows:,}"
    return found
