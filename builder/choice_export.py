"""Export of the validation split as multiple-choice questions, with the files that make it a benchmark of the Hub.

The rows are audited like those of the build, in the order in which the options are shown: every shortcut, and for each
letter a predictor that always answers with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import yaml

from builder.audit.audit_split import AuditSplit, read_audit_split
from builder.audit.gates import Gate, Outcome, upper_gate
from builder.audit.run_audit import ConfigAudit, audit_config
from builder.choice_rows import LETTERS, OPTIONS, ChoiceRow, choice_row, with_shuffled_candidates
from builder.errors import AuditError
from builder.execution.staging import folder_written_aside
from builder.export import TableWriter
from hf_dataset.layout import AUDIT_JSON, BENCHMARK, CANARY, CARD, split_file
from hf_dataset.manifest import Manifest, read_manifest
from hf_dataset.schema import HISTORY_TYPES, Instance, feature_specs

SPLIT: Final = "validation"
"""The only split: the answers of the test split are private."""
_CARD: Final = """\
# PEToolBench-Choice

Which of ten tools would this user want? The preferences of the user show only in a history of past tool calls. These
are the {rows:,} validation instances of PEToolBench (build `{build_id}`, data revision `{revision}`) as multiple-choice
questions, for frameworks that score a letter. The accuracy is the tool accuracy of PEToolBench, which also compares the
arguments of the call and has a test split with private answers.

| config | questions | position of the answer, A to J |
|---|---|---|
{positions}

`prompt` holds the task, the history and the request, `options` the documentation of the ten tools in random order,
`answer` the letter. Random choice is right in 10.0 % of the questions; a random choice among the tools that can do the
job, in {chance}. The audit (`audit.json`) checks that no shortcut and no letter is right more often than that.

```
inspect eval hf/ORG/petoolbench-choice/chronological --model openai/NAME
```

`{canary}`
"""


def export_choice(data: Path, out: Path, seed: int) -> dict[str, int]:
    """Write the validation split of a data set as multiple-choice questions.

    Args:
        data: Folder of the data set.
        out: Folder to create.
        seed: Seed for the order of the options.

    Returns:
        Number of questions by config.

    Raises:
        AuditError: If a shortcut or a letter is right too often.
        DataError: If a row does not have ten candidates.
        OutputError: If the output folder exists or cannot be created.
        ReadError: If the folder is not a data set.
    """
    manifest = read_manifest(data)
    parts = {config: _shuffled(data, config, manifest, seed) for config in HISTORY_TYPES}
    audits = {config: audit_config([part]) for config, part in parts.items()}
    gates = {config: letter_gates(part.rows) for config, part in parts.items()}
    if failed := _failures(audits, gates):
        raise AuditError(f"The questions fail the audit: {'; '.join(failed)}. Export with another --seed.")
    with folder_written_aside(out) as folder:
        for config, part in parts.items():
            writer = TableWriter(folder / split_file(config, SPLIT), ChoiceRow)
            for row in part.rows:
                writer.add(choice_row(row))
            writer.close()
        (folder / AUDIT_JSON).write_text(_audit_json(audits, gates), encoding="utf-8")
        (folder / BENCHMARK).write_text(_yaml(benchmark()), encoding="utf-8")
        (folder / CARD).write_text(_card(manifest, parts), encoding="utf-8")
    return {config: len(part.rows) for config, part in parts.items()}


def benchmark() -> dict[str, Any]:
    """Return the content of `eval.yaml`, which inspect_ai reads from the repository."""
    fields = {
        "input": "prompt",
        "target": "answer",
        "choices": "options",
        "metadata": ["instance_id", "query_group", "kind"],
    }
    return {
        "name": "PEToolBench-Choice",
        "description": (
            "Which of ten tools would this user want? A user's preferences about tools (price, sign-up, speed, "
            "privacy, ...) are never stated; they show only in a history of past tool calls."
        ),
        "evaluation_framework": "inspect-ai",
        "tasks": [
            {
                "id": config,
                "config": config,
                "split": SPLIT,
                "field_spec": fields,
                "solvers": [{"name": "multiple_choice"}],
                "scorers": [{"name": "choice"}],
            }
            for config in HISTORY_TYPES
        ],
    }


def letter_gates(rows: Sequence[Instance]) -> list[Gate]:
    """Return for each letter the gate on a predictor that always answers with it; the bound is 1 in 10.

    Args:
        rows: Rows with shuffled candidates.
    """
    answers = [(row.query_group, choice_row(row).answer) for row in rows]
    return [
        upper_gate(
            f"always {letter}",
            [Outcome(group, float(answer == letter), 1 / OPTIONS) for group, answer in answers],
            len(LETTERS),
        )
        for letter in LETTERS
    ]


def _shuffled(data: Path, config: str, manifest: Manifest, seed: int) -> AuditSplit:
    part = read_audit_split(data, config, SPLIT, None, manifest, sys.maxsize)
    return replace(part, rows=list(with_shuffled_candidates(part.rows, seed)))


def _failures(audits: dict[str, ConfigAudit], gates: dict[str, list[Gate]]) -> list[str]:
    failed = [f"{config}: {name}" for config, audit in audits.items() for name in audit.failed]
    return failed + [f"{config}: {gate.name}" for config, part in gates.items() for gate in part if not gate.passed]


def _audit_json(audits: dict[str, ConfigAudit], gates: dict[str, list[Gate]]) -> str:
    content = {
        config: {
            "gates": [asdict(gate) for gate in (*audit.gates, *gates[config])],
            "reported": [asdict(gate) for gate in audit.reported],
            "checks": [{"name": check.name, "violations": check.violations} for check in audit.checks],
        }
        for config, audit in audits.items()
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _card(manifest: Manifest, parts: dict[str, AuditSplit]) -> str:
    head = {
        "license": "apache-2.0",
        "language": ["en"],
        "pretty_name": "PEToolBench-Choice",
        "task_categories": ["multiple-choice"],
        "tags": ["tool-use", "personalization", "benchmark"],
        "canary": CANARY,
        "configs": [
            {
                "config_name": config,
                **({"default": True} if config == HISTORY_TYPES[0] else {}),
                "data_files": [{"split": SPLIT, "path": split_file(config, SPLIT)}],
            }
            for config in HISTORY_TYPES
        ],
        "dataset_info": [{"config_name": config, "features": feature_specs(ChoiceRow)} for config in HISTORY_TYPES],
    }
    positions = "\n".join(
        f"| `{config}` | {len(part.rows):,} | {' '.join(map(str, _positions(part.rows)))} |"
        for config, part in parts.items()
    )
    chances = [1 / len(part.capable_tools(row)) for part in parts.values() for row in part.rows]
    body = _CARD.format(
        rows=len(chances),
        build_id=manifest.build_id,
        revision=manifest.data_revision,
        positions=positions,
        chance=f"{100 * sum(chances) / len(chances):.1f} %",
        canary=CANARY,
    )
    return f"---\n{_yaml(head)}---\n{body}"


def _positions(rows: Sequence[Instance]) -> list[int]:
    answers = [choice_row(row).answer for row in rows]
    return [answers.count(letter) for letter in LETTERS]
