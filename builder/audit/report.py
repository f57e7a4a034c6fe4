"""The audit of a data set: every gate and every check of each config."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from builder.errors import OutputError
from builder.predictors.oracle import OraclePredictor
from builder.predictors.protocol import Predictor
from builder.predictors.uniform import RandomPredictor
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import judge_all

from .checks import Check, run_checks
from .evidence import Evidence, gather
from .gates import Gate, Outcome, oracle_gate, upper_gate
from .shortcuts import SHORTCUTS, Shortcut, ShortcutPredictor, skipping

JSON_NAME: Final = "audit.json"
MARKDOWN_NAME: Final = "AUDIT.md"


@dataclass(frozen=True, slots=True)
class ConfigAudit:
    """What was found of one config."""

    config: str
    gates: tuple[Gate, ...]
    reported: tuple[Gate, ...]
    """Measured, and not required to pass."""
    checks: tuple[Check, ...]

    @property
    def failed(self) -> list[str]:
        """Names of the gates and checks that do not hold."""
        gates = [gate.name for gate in self.gates if not gate.passed]
        return gates + [check.name for check in self.checks if not check.passed]


def audit(data: Path, answers: Path | None) -> list[ConfigAudit]:
    """Audit a data set.

    Args:
        data: Its folder.
        answers: Folder of the private answers; without it the test split is left out.

    Raises:
        ReadError: If a folder is no data set.
    """
    return [audit_config(gather(data, config, answers)) for config in HISTORY_TYPES]


def audit_config(parts: Sequence[Evidence]) -> ConfigAudit:
    """Audit one config.

    Args:
        parts: Its splits whose answers are known; at least one row in all.
    """
    config = parts[0].config
    shortcuts = [shortcut for shortcut in SHORTCUTS if config in shortcut.configs]
    number = len(shortcuts) + 1
    gates = [oracle_gate(_outcomes(parts, _oracle, "chance"))]
    gates.append(upper_gate("random", _outcomes(parts, lambda _: RandomPredictor(0), "tenth"), number))
    gates += [_shortcut_gate(parts, shortcut, number) for shortcut in shortcuts]
    longest = max(len(row.history) for part in parts for row in part.rows)
    skips = range(1, longest) if config == "chronological" else range(0)
    reported = [_shortcut_gate(parts, skipping(first), number) for first in skips]
    return ConfigAudit(config, tuple(gates), tuple(reported), tuple(run_checks(parts)))


def _oracle(part: Evidence) -> Predictor:
    return OraclePredictor(list(part.tools.values()), ordered=part.config == "chronological")


def _shortcut_gate(parts: Sequence[Evidence], shortcut: Shortcut, number: int) -> Gate:
    outcomes = _outcomes(parts, lambda part: ShortcutPredictor(shortcut, part), shortcut.bound)
    return upper_gate(shortcut.name, outcomes, number)


def _outcomes(parts: Sequence[Evidence], make: Callable[[Evidence], Predictor], bound: str) -> list[Outcome]:
    """Predict and score, by the same path as every model, and set each row beside its bound."""
    outcomes = []
    for part in parts:
        predictor = make(part)
        replies = {row.instance_id: predictor.predict(row) for row in part.rows}
        for row, verdict in zip(part.rows, judge_all(replies, part.references), strict=True):
            allowed = {"half": 0.5, "tenth": 1 / len(row.candidates), "chance": 1 / len(part.able(row))}[bound]
            outcomes.append(Outcome(f"{part.split}/{row.query_group}", verdict.tool_correct, allowed))
    return outcomes


def write_report(audits: Sequence[ConfigAudit], folder: Path) -> None:
    """Write `audit.json` and `AUDIT.md`.

    Raises:
        OutputError: If the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JSON_NAME).write_text(to_json(audits), encoding="utf-8")
        (folder / MARKDOWN_NAME).write_text(to_markdown(audits), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report cannot be written to {str(folder)!r}: {error.strerror}.") from error


def to_json(audits: Sequence[ConfigAudit]) -> str:
    """The audit as JSON."""
    return json.dumps([{**asdict(item), "failed": item.failed} for item in audits], indent=2) + "\n"


def to_markdown(audits: Sequence[ConfigAudit]) -> str:
    """The audit as a page."""
    lines = [
        "# Audit",
        "",
        "Accuracy in % beside what it may be at most (the oracle: at least), with the margin of chance.",
    ]
    for item in audits:
        lines += [
            "",
            f"## {item.config}",
            "",
            "| gate | accuracy | bound | margin | holds |",
            "|---|---:|---:|---:|---|",
        ]
        lines += [_line(gate, "yes" if gate.passed else "**no**") for gate in item.gates]
        lines += [_line(gate, "reported") for gate in item.reported]
        lines += ["", "| check | rows that break it | rows |", "|---|---:|---:|"]
        lines += [f"| {check.name} | {check.violations} | {check.rows} |" for check in item.checks]
    return "\n".join(lines) + "\n"


def _line(gate: Gate, holds: str) -> str:
    return f"| {gate.name} | {100 * gate.accuracy:.1f} | {100 * gate.bound:.1f} | {100 * gate.margin:.1f} | {holds} |"
