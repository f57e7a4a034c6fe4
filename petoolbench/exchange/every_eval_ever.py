"""Records of Every Eval Ever, the evaluation database of the EvalEval coalition: schema version 0.3.0.

A record holds the scores of one system. With samples, a JSON Lines file next to it holds a record for each instance.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from builder.choices import validate_choice
from builder.errors import ConfigError
from hf_dataset.prompting import messages_of
from metrics.petoolbench.aggregation import RESAMPLES
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import RATES, ToolCall

from .exported_runs import ExportedRun

SCHEMA_VERSION: Final = "0.3.0"
BENCHMARK: Final = "petoolbench"
RELATIONSHIPS: Final = ("first_party", "third_party", "collaborative", "other")
"""Relationship between the evaluator and the developer of the model."""
DEPLOYMENTS: Final = ("self_deployed", "externally_managed", "unknown")
"""Who controlled the deployment of the model."""
AVAILABILITIES: Final = ("open_weights", "closed_weights", "unknown")
"""Whether the weights of the model are available."""
_LOWER_IS_BETTER: Final = ("hallucination_rate",)
_SAMPLED: Final = "call_accuracy"
"""Metric of the records of instances."""
_DESCRIPTIONS: Final = {
    "tool_accuracy": "Share of the instances whose reply calls the tool that the user would want.",
    "parameter_accuracy": "Share of the instances with the arguments of that call, the tool included.",
    "call_accuracy": "Share of the instances with the right tool and the right arguments.",
    "format_rate": "Share of the replies that contain a readable tool call.",
    "hallucination_rate": "Share of the replies that call a tool which is not a candidate.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the records state about the evaluator and the model; run files do not contain it.

    Raises:
        ConfigError: If a value is not allowed.
    """

    organization: str
    """Organization that ran the evaluation."""
    relationship: str = "third_party"
    deployment: str = "unknown"
    availability: str = "unknown"
    repo: str | None = None
    """Data set on the Hub, `ORG/NAME`; None if it is not published."""

    def __post_init__(self) -> None:
        if not self.organization.strip():
            raise ConfigError("The organization is empty. Name who ran the evaluation (--organization).")
        validate_choice("relationship", self.relationship, RELATIONSHIPS)
        validate_choice("deployment", self.deployment, DEPLOYMENTS)
        validate_choice("availability", self.availability, AVAILABILITIES)


def records(
    runs: Sequence[ExportedRun], ids: Mapping[str, str], provenance: Provenance, *, samples: bool
) -> Iterator[tuple[str, str]]:
    """Yield the files of the records: the path in the database, and the text.

    Args:
        runs: Runs of one split.
        ids: Model id by the name of the system.
        provenance: The evaluator and the model.
        samples: True to add a file with a record for each instance.

    Raises:
        ConfigError: If samples are asked for of the test split, whose answers are private, or of a report.
    """
    if samples:
        _check_samples(runs)
    for name in dict.fromkeys(run.name for run in runs):
        of_system = [run for run in runs if run.name == name]
        yield from _files(of_system, ids[name], provenance, samples=samples)


def _check_samples(runs: Sequence[ExportedRun]) -> None:
    if any(run.split == "test" for run in runs):
        raise ConfigError(
            "Records of instances contain the answers, and those of the test split are private. Leave out samples "
            "(--samples), or export a run of the validation split."
        )
    if any(run.judged is None for run in runs):
        raise ConfigError("A report contains no replies. Leave out samples (--samples), or export the run files.")


def _files(
    runs: Sequence[ExportedRun], model_id: str, provenance: Provenance, *, samples: bool
) -> Iterator[tuple[str, str]]:
    record = _record(runs, model_id, provenance)
    key = uuid.UUID(bytes=hashlib.sha256(_json(record).encode()).digest()[:16], version=4)
    stem = f"data/{BENCHMARK}/{model_id}/{key}"
    if samples:
        lines = [_json(line) + "\n" for run in runs for line in _samples(run, record["evaluation_id"], model_id)]
        text = "".join(lines)
        record["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": f"{stem}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(text.encode()).hexdigest(),
            "total_rows": len(lines),
        }
        yield f"{stem}_samples.jsonl", text
    yield f"{stem}.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _record(runs: Sequence[ExportedRun], model_id: str, provenance: Provenance) -> dict[str, Any]:
    first = runs[0]
    made_at = str(int(max(run.made_at for run in runs).timestamp()))
    settings = {name: value for name, value in first.made_with.items() if name not in ("model", "sampling")}
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{BENCHMARK}/{first.name.replace('/', '_')}/{made_at}",
        "evaluation_timestamp": made_at,
        "retrieved_timestamp": made_at,
        "source_metadata": {
            "source_name": "PEToolBench",
            "source_type": "evaluation_run",
            "source_organization_name": provenance.organization,
            "evaluator_relationship": provenance.relationship,
        },
        "eval_library": {"name": BENCHMARK, "version": first.version},
        "model_info": {
            "name": first.model,
            "id": model_id,
            "developer": model_id.partition("/")[0],
            "additional_details": {
                "deployment_type": provenance.deployment,
                "model_availability": provenance.availability,
            },
        },
        "evaluation_results": [_result(run, rate, provenance.repo, settings) for run in runs for rate in RATES],
    }


def _result(run: ExportedRun, rate: str, repo: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    low, high = run.scores["intervals"][rate]
    return {
        "evaluation_result_id": f"{run.config}/{rate}",
        "evaluation_name": f"{BENCHMARK}_{run.config}",
        "source_data": _source(run, repo),
        "metric_config": {
            "evaluation_description": _DESCRIPTIONS[rate],
            "metric_id": f"{BENCHMARK}_{rate}",
            "metric_name": rate.replace("_", " ").capitalize(),
            "metric_kind": "accuracy" if rate.endswith("accuracy") else "rate",
            "metric_unit": "proportion",
            "lower_is_better": rate in _LOWER_IS_BETTER,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": run.scores[rate],
            "uncertainty": {
                "confidence_interval": {
                    "lower": low,
                    "upper": high,
                    "confidence_level": 0.95,
                    "method": "bootstrap over query groups",
                },
                "num_samples": run.scores["count"],
                "num_bootstrap_samples": RESAMPLES,
            },
        },
        "generation_config": _generation(run, settings),
    }


def _generation(run: ExportedRun, settings: Mapping[str, Any]) -> dict[str, Any]:
    sampling = run.made_with.get("sampling") or {}
    known = {name: sampling[name] for name in ("temperature", "top_p", "top_k", "max_tokens") if name in sampling}
    others = {f"sampling.{name}": value for name, value in sampling.items() if name not in known}
    details = {"history": run.history, "scored_rows": run.scored_rows, **settings, **others}
    texts = {name: value if isinstance(value, str) else _json(value) for name, value in details.items()}
    return {"generation_args": known, "additional_details": texts}


def _source(run: ExportedRun, repo: str | None) -> dict[str, Any]:
    name = f"PEToolBench {run.config}"
    details = {"config": run.config, "split": run.split, "build_id": run.build_id}
    if repo is None:
        return {"dataset_name": name, "source_type": "other", "additional_details": details}
    return {
        "dataset_name": name,
        "source_type": "hf_dataset",
        "hf_repo": repo,
        "hf_split": run.split,
        "samples_number": run.scores["count"],
        "additional_details": details,
    }


def _samples(run: ExportedRun, evaluation_id: str, model_id: str) -> Iterator[dict[str, Any]]:
    assert run.judged is not None
    for index in run.judged.main:
        row, verdict = run.judged.rows[index], run.judged.verdicts[index]
        assert row.answer is not None
        line = run.judged.lines.get(row.instance_id)
        reply = line.prediction if line else ""
        call = parse(reply, [tool.name for tool in row.candidates])
        raw = messages_of(row)[-1]["content"]
        answer = _json({"name": row.answer.name, "arguments": json.loads(row.answer.arguments)})
        right = verdict.tool_correct and verdict.parameters_correct
        yield {
            "schema_version": SCHEMA_VERSION,
            "evaluation_id": evaluation_id,
            "model_id": model_id,
            "evaluation_name": f"{BENCHMARK}_{run.config}",
            "evaluation_result_id": f"{run.config}/{_SAMPLED}",
            "sample_id": row.instance_id,
            "sample_hash": hashlib.sha256((raw + answer).encode()).hexdigest(),
            "interaction_type": "single_turn",
            "input": {"raw": raw, "reference": [answer]},
            "output": {"raw": [reply]},
            "answer_attribution": [
                {
                    "turn_idx": 0,
                    "source": "output.raw",
                    "extracted_value": _json(call._asdict()) if isinstance(call, ToolCall) else "",
                    "extraction_method": "parser of tool calls",
                    "is_terminal": True,
                }
            ],
            "evaluation": {"score": float(right), "is_correct": right},
            "error": (line.error if line else "no reply") or None,
            "metadata": {"error_class": verdict.error_class, "query_group": row.query_group},
        }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
