"""Scores of runs in the form that exports need, computed from run files or read from a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from builder.errors import ConfigError, DataError
from petoolbench.data import CORE, FULL_SPLIT
from petoolbench.run_files import read_run
from petoolbench.run_report.gather import JudgedRun, gather
from petoolbench.run_report.run_facts import compute_report
from petoolbench.run_report.write import JSON, REPORT_FORMAT
from petoolbench.run_settings import BASELINE, FUNCTION, LOCAL, MEMORY_SYSTEM

UNKNOWN: Final = "unknown"
"""Version of a library that the source does not state."""
_OWN_DEVELOPER: Final = "petoolbench"


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """Scores of one run on one config."""

    name: str
    """Name of the system in the report."""
    model: str
    """Name of the model."""
    config: str
    split: str
    build_id: str
    history: str
    scored_rows: str
    """Rows that the scores are on: `core`, `full split` or `given rows`."""
    complete: bool
    """True if the run covers all these rows."""
    scores: Mapping[str, Any]
    """Rates from 0 to 1, with `intervals` and `count`, as `score` gives them."""
    made_with: Mapping[str, Any]
    """Settings of the run; empty if its file has no header."""
    version: str
    """Version of this distribution that made the run; `unknown` if the source does not state it."""
    made_at: datetime
    """Time of the last change of the source file."""
    judged: JudgedRun | None = field(default=None, repr=False)
    """Replies and verdicts; None for a report."""

    @property
    def on_all_rows(self) -> bool:
        """True if the scores are on the core or on the full split, and the run covers it."""
        return self.complete and self.scored_rows in (CORE, FULL_SPLIT)


def exported_runs(sources: Sequence[Path], data: Path | None, answers: Path | None = None) -> list[ExportedRun]:
    """Return the scores of run files, or of a report.

    Args:
        sources: Run files, or the folder of a single report.
        data: Folder of the data set that the runs answer; not used for a report.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        ConfigError: If run files are given without data, or a report together with other sources.
        DataError: If a file cannot be read, or belongs to other data.
    """
    reports = [source for source in sources if source.is_dir()]
    if reports:
        if len(sources) > 1:
            raise ConfigError(f"{str(reports[0])!r} is a report. Export it alone; other sources must be run files.")
        return _of_report(reports[0] / JSON)
    if data is None:
        raise ConfigError("Run files are scored against their data set. Name it with data (--data).")
    judged = gather(sources, data, answers)
    paths = {source.name: source for source in sources}
    facts = json.loads(json.dumps(asdict(compute_report(judged)), default=dict))
    by_name = {(run.name, run.config): run for run in judged.runs}
    return [
        _exported(
            run,
            facts,
            _version(paths[run["file"]]),
            paths[run["file"]],
            by_name[run["name"], run["config"]],
        )
        for run in facts["runs"]
    ]


def _of_report(path: Path) -> list[ExportedRun]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r} is not a report: {error}. Name the folder that `report` wrote.") from error
    if not isinstance(facts, dict) or facts.get("format") != REPORT_FORMAT:
        raise DataError(f"{str(path)!r} is not a report of format {REPORT_FORMAT}. Write the report again.")
    return [_exported(run, facts, UNKNOWN, path, None) for run in facts["runs"]]


def _version(path: Path) -> str:
    header = read_run(path).header
    return header.version if header and header.version else UNKNOWN


def _exported(
    run: Mapping[str, Any], facts: Mapping[str, Any], version: str, path: Path, judged: JudgedRun | None
) -> ExportedRun:
    made_with = {name: value for name, value in run["made_with"].items() if value is not None}
    return ExportedRun(
        name=run["name"],
        model=str(made_with.get("model", run["name"])),
        config=run["config"],
        split=facts["split"],
        build_id=facts["build_id"],
        history=run["history"],
        scored_rows=facts["scored_rows"],
        complete=run["answered"]["unasked"] == 0,
        scores=run["scores"],
        made_with=made_with,
        version=version,
        made_at=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
        judged=judged,
    )


def model_ids(runs: Sequence[ExportedRun], given: Sequence[str]) -> dict[str, str]:
    """Return the model id of each system, `DEVELOPER/MODEL`, by its name.

    Args:
        runs: The runs.
        given: `NAME=DEVELOPER/MODEL` for systems of that model name, or `DEVELOPER/MODEL` if there is one model.

    Raises:
        ConfigError: If an id has another form, or the id of a model is not given and its name does not state it.
    """
    models = {run.name: run.model for run in runs}
    named = dict(_named(text, sorted(set(models.values()))) for text in given)
    if unknown := sorted(named.keys() - set(models.values())):
        raise ConfigError(f"No run is of the model {unknown[0]!r}. Models: {', '.join(sorted(set(models.values())))}.")
    return {name: named.get(model) or _stated(model) for name, model in models.items()}


def _named(text: str, models: Sequence[str]) -> tuple[str, str]:
    model, equals, model_id = text.rpartition("=")
    if not equals and len(models) != 1:
        raise ConfigError(
            f"{text!r} does not name its model, and there are {len(models)}. Pass NAME=DEVELOPER/MODEL (--model-id)."
        )
    if model_id.count("/") != 1 or not all(model_id.split("/")):
        raise ConfigError(f"Invalid model id {model_id!r}. Expected DEVELOPER/MODEL, as on the Hugging Face Hub.")
    return model if equals else models[0], model_id


def _stated(model: str) -> str:
    for prefix in (BASELINE, FUNCTION, MEMORY_SYSTEM):
        if model.startswith(prefix):
            return f"{_OWN_DEVELOPER}/{model.replace(':', '-')}"
    plain = model.removeprefix(LOCAL)
    if plain.count("/") == 1 and all(plain.split("/")):
        return plain
    raise ConfigError(
        f"The developer of the model {model!r} is unknown. Set it with --model-id {model}=DEVELOPER/MODEL."
    )
