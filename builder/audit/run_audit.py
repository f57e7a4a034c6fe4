"""Running the audit of a data set: every gate and every check of each config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.embedding import Encoder
from builder.predictors.oracle import OraclePredictor
from builder.predictors.protocol import Predictor
from builder.predictors.scored_choice import ScoredPredictor
from builder.predictors.simple import uniform
from builder.progress import Progress
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import judge_all

from .audit_split import AuditSplit, gather
from .gates import Gate, Outcome, in_each_split, oracle_gate, upper_gate
from .oracle_breakdown import Breakdown, break_down
from .row_checks import Check, run_checks
from .row_sampling import HELD_ROWS, Basis, in_words
from .shortcuts import REPORTED, SHORTCUTS, Shortcut, ShortcutPredictor, majority, skipping
from .text_quality import TextQuality, asked, text_quality
from .training_audit import TrainingAudit, audit_training, has_training


@dataclass(frozen=True, slots=True)
class ConfigAudit:
    """What was found of one config."""

    config: str
    gates: tuple[Gate, ...]
    reported: tuple[Gate, ...]
    """Measured, and not required to pass."""
    checks: tuple[Check, ...]
    oracle: tuple[Breakdown, ...]
    basis: tuple[Basis, ...]
    """What all but the checks rests on, by split; the checks are of every row."""

    @property
    def sample(self) -> str:
        """In words, what all but the checks rests on; empty where it is all rows."""
        return in_words(self.basis)

    @property
    def failed(self) -> list[str]:
        """Names of the gates and checks that do not hold."""
        gates = [gate.name for gate in self.gates if not gate.passed]
        return gates + [check.name for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of a data set."""

    configs: tuple[ConfigAudit, ...]
    instructions: TextQuality
    training: TrainingAudit | None = None
    """None where the data set has no training data."""

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of a config that all but the checks rests on, and rows that a config has."""
        basis = self.configs[-1].basis
        return sum(one.rows for one in basis), sum(one.of_rows for one in basis)

    @property
    def sampled(self) -> bool:
        """Whether anything rests on a sample."""
        return any(item.sample for _, item in self.parts)

    @property
    def summary(self) -> dict[str, int]:
        """Numbers of gates, of those that could not fail on so few rows, and of required checks.

        Where gates rest on a sample, also of its rows in a config.
        """
        found = {
            "gates": sum(len(item.gates) for _, item in self.parts),
            "gates_that_cannot_tell": sum(not gate.decides for _, item in self.parts for gate in item.gates),
            "checks": sum(check.required for _, item in self.parts for check in item.checks),
        }
        return {**found, "gates_on_rows": self.rows[0]} if self.sampled else found

    @property
    def parts(self) -> list[tuple[str, ConfigAudit | TrainingAudit]]:
        """What was found, by what it was found of."""
        own = [("training data", self.training)] if self.training else []
        return [*((item.config, item) for item in self.configs), *own]

    @property
    def failed(self) -> list[str]:
        """The gates and checks that do not hold, with their config and what was measured."""
        found = []
        for name, item in self.parts:
            found += [
                f"{name}: {gate.name} at {100 * gate.accuracy:.1f} % where {100 * gate.bound:.1f} % "
                f"(margin {100 * gate.margin:.1f}) is allowed"
                + "".join(f", in {split} at {100 * gate.splits[split]:.1f} %" for split in gate.failed_in)
                for gate in item.gates
                if not gate.passed
            ]
            found += [
                f"{name}: {check.name}, {check.violations} times, first in {check.example!r}"
                for check in item.checks
                if not check.passed
            ]
        return found


def audit(
    data: Path,
    answers: Path | None,
    manifest: Mapping[str, Any],
    encoder: Encoder,
    progress: Progress,
    *,
    most: int = HELD_ROWS,
) -> Audit:
    """Audit a data set: every row is checked, and the rest is measured on a sample of a split that is too large.

    Args:
        data: Its folder.
        answers: Folder of the private answers; without it the test split is left out.
        manifest: What the data set says of itself.
        encoder: Makes sentence vectors of instructions.
        progress: Called as the work goes on.
        most: Rows of a split from which on a sample is drawn.

    Raises:
        ReadError: If a folder is no data set.
    """
    found = []
    for number, config in enumerate(HISTORY_TYPES):
        progress("auditing", number, len(HISTORY_TYPES))
        parts = gather(data, config, answers, manifest, most)
        found.append(audit_config(parts))
        if config == HISTORY_TYPES[-1]:  # the three configs have the same instructions and query groups
            instructions = text_quality(asked(parts), encoder)
            drawn = parts[0].sampled.query_groups if parts[0].sampled else None
        del parts  # before those of the next config are read
    training = audit_training(data, drawn) if has_training(data) else None
    progress("auditing", len(HISTORY_TYPES), len(HISTORY_TYPES))
    return Audit(tuple(found), instructions, training)


def audit_config(parts: Sequence[AuditSplit]) -> ConfigAudit:
    """Audit one config.

    Args:
        parts: Its splits whose answers are known; at least one row in all.
    """
    config, facts = parts[0].config, parts[0].facts
    shortcuts = [shortcut for shortcut in SHORTCUTS if config in shortcut.configs]
    tests = len(parts) + 1  # of a gate: on all rows, and on each split's
    number = (len(shortcuts) + 1) * tests
    oracle = _outcomes(parts, _oracle, "chance")
    gates = [in_each_split(lambda rows: oracle_gate(rows, facts.expected_loss, tests), oracle)]
    by_chance = _outcomes(parts, lambda _: ScoredPredictor(uniform, 0), "tenth")
    gates.append(in_each_split(lambda rows: upper_gate("random", rows, number), by_chance))
    gates += [_shortcut_gate(parts, shortcut, number) for shortcut in shortcuts]
    longest = max(len(row.history) for part in parts for row in part.rows)
    skips = range(1, longest) if config == "chronological" else range(0)
    axes = {axis for part in parts for attributes in part.attributes.values() for axis in attributes}
    by_axis = map(majority, sorted(axes) if config == "preferred_only" else ())
    measured = (*REPORTED, *by_axis, *map(skipping, skips))
    reported = [_shortcut_gate(parts, shortcut, number) for shortcut in measured]
    return ConfigAudit(
        config,
        tuple(gates),
        tuple(reported),
        tuple(run_checks(parts)),
        break_down(
            [row for part in parts for row in part.rows],
            [bool(outcome.right) for part in parts for outcome in oracle[part.split]],
        ),
        tuple(part.basis for part in parts),
    )


def _oracle(part: AuditSplit) -> Predictor:
    return OraclePredictor(list(part.tools.values()), changes=part.facts.changes)


def _shortcut_gate(parts: Sequence[AuditSplit], shortcut: Shortcut, number: int) -> Gate:
    outcomes = _outcomes(parts, lambda part: ShortcutPredictor(shortcut, part), shortcut.bound)
    return in_each_split(lambda rows: upper_gate(shortcut.name, rows, number), outcomes)


def _outcomes(
    parts: Sequence[AuditSplit], make: Callable[[AuditSplit], Predictor], bound: str
) -> dict[str, list[Outcome]]:
    """Predict and score, by the same path as every model, and set each row beside its bound; by split."""
    outcomes: dict[str, list[Outcome]] = {}
    for part in parts:
        own = outcomes.setdefault(part.split, [])
        predictor = make(part)
        replies = {row.instance_id: predictor.predict(row) for row in part.rows}
        for row, verdict in zip(part.rows, judge_all(replies, part.references), strict=True):
            allowed = {"half": 0.5, "tenth": 1 / len(row.candidates), "chance": 1 / len(part.able(row))}[bound]
            own.append(Outcome(f"{part.split}/{row.query_group}", verdict.tool_correct, allowed))
    return outcomes
