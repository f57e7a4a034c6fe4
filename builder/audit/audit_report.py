"""Report of an audit: JSON for programs, Markdown for people, and plots."""

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
from .text_report import texts_in_markdown
from .training_audit import TrainingAudit

_INTRODUCTION: Final = (
    "The instances must be answerable from their histories, and from nothing else. Each gate compares the accuracy of "
    "a predictor with a bound, both in %. The oracle and every other reader of the whole history must reach its bound; "
    "no shortcut may exceed its bound by more than the margin. The margin is the deviation that chance explains "
    "(one-sided test at a level of 0.001 for all gates of a config together, clustered on query groups). A gate must "
    "hold for all rows and for the rows of each split; that on one kind of preference, for all rows of the kind. "
    "`cannot tell` marks a gate that no accuracy could fail, because there are too few rows. Every shortcut except "
    "`random` chooses only among the candidates that do the job."
)
_SAMPLED: Final = (
    "**A sample was measured**, because this data set is too large to hold in memory. The sample consists of whole "
    "query groups, drawn with the seed of the build from all files of a split. The gates, the tables of the oracle, "
    "the figures on instructions and the plots use this sample; its size is stated above each table of gates. The "
    "checks cover every row."
)
_TRAINING: Final = (
    "Without the prompt, the chosen reply of `dpo` must not be distinguishable from the rejected one. Accuracy in %, "
    "against a bound of one half. The gates on words use a classifier fitted on other query groups."
)
_MAX_TABLE_PARTS: Final = 12
"""Breakdowns with more parts than this appear only in the JSON and the plots."""


def write_audit_report(audit: Audit, folder: Path) -> None:
    """Write `audit.json`, `AUDIT.md` and the folder `audit` with the plots.

    Args:
        audit: The finished audit.
        folder: Folder for the files; created if missing.

    Raises:
        OutputError: If the folder cannot be written to.
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        (folder / AUDIT_FOLDER).mkdir(parents=True, exist_ok=True)
        plots = draw_plots(audit, folder / AUDIT_FOLDER)
        (folder / AUDIT_JSON).write_text(to_json(audit), encoding="utf-8")
        (folder / AUDIT_PAGE).write_text(to_markdown(audit, plots), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The report cannot be written to {str(folder)!r}: {error.strerror}. Choose another folder."
        ) from error


def to_json(audit: Audit) -> str:
    """Return the audit as JSON."""
    configs = [{**_fields(item), "failed": item.failed} for item in audit.configs]
    training = {**_fields(audit.training), "failed": audit.training.failed} if audit.training else None
    instructions = asdict(audit.instructions) | ({"of_rows": audit.rows[1]} if audit.sampled else {})
    texts = [asdict(item) for item in audit.texts]
    report = {"configs": configs, "training": training, "instructions": instructions, "texts": texts}
    return json.dumps(report, indent=2) + "\n"


def _fields(item: ConfigAudit | TrainingAudit) -> dict[str, Any]:
    """Return the fields of a part of the audit; the size of the sample is omitted where all rows were measured."""
    return {name: value for name, value in asdict(item).items() if item.sample or name not in ("basis", "pairs")}


def to_markdown(audit: Audit, plots: dict[str, str]) -> str:
    """Return the audit as a Markdown page.

    Args:
        audit: The finished audit.
        plots: Title of each plot, by its file name in the folder of plots.
    """
    lines = ["# Audit", "", _INTRODUCTION]
    if audit.sampled:
        lines += ["", _SAMPLED]
    for item in audit.configs:
        lines += ["", f"## {item.config}", "", *_sample(item), *_gates(item), "", *_checks(item), ""]
        tables = [breakdown for breakdown in item.oracle if len(breakdown.parts) <= _MAX_TABLE_PARTS]
        lines += [line for breakdown in tables for line in _breakdown_table(breakdown)]
    if audit.training:
        lines += ["", "## Training data", "", *_training(audit.training)]
    of_rows = audit.rows[1] if audit.sampled else None
    lines += ["", "## Instructions", "", *_quality(audit.instructions, of_rows)]
    lines += ["", "## Texts of histories and instructions", "", *texts_in_markdown(audit.texts), "", "## Plots", ""]
    lines += [f"![{title}]({AUDIT_FOLDER}/{name})" for name, title in plots.items()]
    return "\n".join(lines) + "\n"


def _training(item: TrainingAudit) -> list[str]:
    return [
        _TRAINING,
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
    return [f"Gates were measured on {item.sample}.", ""] if item.sample else []


def _gates(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [
        "| gate | accuracy | bound | margin | holds |",
        "|---|---:|---:|---:|---|",
        *(_gate_row(gate, _verdict(gate)) for gate in item.gates),
        *(_gate_row(gate, "reported") for gate in item.reported),
    ]


def _verdict(gate: Gate) -> str:
    if not gate.passed:
        return f"**no**{', in ' if gate.failed_in else ''}{' and '.join(gate.failed_in)}"
    return "yes" if gate.decides else "cannot tell"


def _gate_row(gate: Gate, verdict: str) -> str:
    return f"| {gate.name} | {100 * gate.accuracy:.1f} | {100 * gate.bound:.1f} | {100 * gate.margin:.1f} | {verdict} |"


def _checks(item: ConfigAudit | TrainingAudit) -> list[str]:
    return [
        "| check | violations | checked | holds |",
        "|---|---:|---:|---|",
        *(
            f"| {check.name} | {check.violations:,} | {check.rows:,} | "
            f"{'reported' if not check.required else 'yes' if check.passed else '**no**'} |"
            for check in item.checks
        ),
    ]


def _breakdown_table(breakdown: Breakdown) -> list[str]:
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
    values = figures(quality, of_rows)
    return ["| figure | value |", "|---|---:|", *(f"| {name} | {value} |" for name, value in values.items())]


def figures(quality: TextQuality, of_rows: int | None = None) -> dict[str, str]:
    """Return the statistics of instructions as display text, by name. The names are the same for every data set.

    Args:
        quality: The measured statistics.
        of_rows: Number of all rows if the statistics were measured on a sample, else None.
    """
    texts = {}
    for field in fields(quality):
        value = getattr(quality, field.name)
        name = field.name.replace("_", " ")
        if value is None:
            texts[name] = "-"
        elif isinstance(value, int):
            texts[name] = f"{value:,}"
        else:
            digits = 0 if name.startswith("words") else 1 if name.startswith("readability") else 3
            texts[name] = f"{value:.{digits}f}"
    if of_rows is not None:
        texts["rows"] += f" of {of_rows:,}"
    return texts
