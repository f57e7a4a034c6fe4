"""Evaluation results of the Hub: `.eval_results/petoolbench.yaml` in the repository of a model.

The form is that of docs/hub/eval-results.md in huggingface/hub-docs. An entry refers to a task of the `eval.yaml` of
the data set, so only complete runs of the test split with the users' own histories can be exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

from builder.errors import ConfigError

from .exported_runs import ExportedRun

PATH: Final = ".eval_results/petoolbench.yaml"
"""Path of the file in the repository of the model."""
METRIC: Final = "tool_accuracy"
"""Metric of the value, the main figure of the leaderboard; from 0 to 1."""
_FRAMEWORK: Final = "petoolbench"


def eval_results(
    runs: Sequence[ExportedRun], repo: str | None, revision: str | None = None, source_url: str | None = None
) -> str:
    """Return the YAML text of the results of one system.

    Args:
        runs: Runs of one system on the test split.
        repo: Data set on the Hub, `ORG/NAME`.
        revision: Commit of the data set.
        source_url: Page with the replies or the report.

    Raises:
        ConfigError: If the data set is not named, there are several systems, or a run has no task in `eval.yaml`.
    """
    if repo is None:
        raise ConfigError("The results refer to a data set on the Hub. Name it with repo (--repo).")
    if len(names := sorted({run.name for run in runs})) > 1:
        raise ConfigError(
            f"The results are those of one model, but there are {len(names)} systems: {', '.join(names)}. Export each "
            "separately, into the repository of its model."
        )
    for run in runs:
        _check(run)
    return yaml.safe_dump([_entry(run, repo, revision, source_url) for run in runs], sort_keys=False, width=120)


def _check(run: ExportedRun) -> None:
    problems = {
        f"is on the {run.split} split, while the tasks are on the test split": run.split != "test",
        f"shows the history {run.history!r}": run.history != "own",
        f"covers a part of the {run.scored_rows}": not run.on_all_rows,
    }
    for problem, holds in problems.items():
        if holds:
            raise ConfigError(
                f"The run of {run.name!r} on {run.config!r} {problem}. The Hub lists complete runs of the test split "
                "with the users' own histories; run `petoolbench predict --split test`."
            )


def _entry(run: ExportedRun, repo: str, revision: str | None, source_url: str | None) -> dict[str, Any]:
    mode = run.made_with.get("mode", "prompt")
    return {
        "dataset": {"id": repo, "task_id": run.config, **({"revision": revision} if revision else {})},
        "value": run.scores[METRIC],
        "date": run.made_at.strftime("%Y-%m-%d"),
        **({"source": {"url": source_url}} if source_url else {}),
        "evaluation_framework": _FRAMEWORK,
        "notes": f"{METRIC} from 0 to 1 on the {run.scored_rows}; mode {mode}; {run.name}",
    }
