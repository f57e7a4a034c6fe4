"""Check of a predictions file in a process of its own, so that it delays no page and can be ended.

The process gets the request as JSON on standard input, and prints the result as JSON. It imports little, has a lower
priority than the pages, and does not inherit tokens.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .validation import LIMITS, CheckResult, Ids, Limits, Problem, SubmissionTerms, check

_PROCESSES: Final = 2
"""Number of checks that run at the same time."""
_WAITING: Final = 8
"""Number of further checks that wait for one of them to end."""
_PATIENCE: Final = 4.0
"""Seconds until a process is ended, for each second of the processor that the check may take."""
_ROOT: Final = Path(__file__).parents[2]
_SECRETS: Final = ("HF_", "HUGGING", "OAUTH", "GRADIO")
"""Beginnings of the names of environment variables that the process does not get."""
BUSY: Final = "Other files are being checked. Nothing was submitted. Try again in a minute."


class CheckProcesses:
    """Runs checks in processes; thread-safe.

    Args:
        limits: Limits on the size of a file and on the time of a check.
        processes: Number of checks that run at the same time.
        waiting: Number of further checks that wait. Others are refused.
    """

    def __init__(self, limits: Limits = LIMITS, processes: int = _PROCESSES, waiting: int = _WAITING) -> None:
        self._limits = limits
        self._admitted = threading.Semaphore(processes + waiting)
        self._running = threading.Semaphore(processes)

    def check(self, file: Path, ids: Ids, terms: SubmissionTerms, core: Ids) -> CheckResult:
        """Check a file, see `validation.check`. The texts of the predictions are not kept.

        A check that takes too long or ends unexpectedly raises no exception: it is returned as a problem of the file.
        """
        if not self._admitted.acquire(blocking=False):
            return _refused(BUSY)
        try:
            with self._running:
                return self._run(file, ids, terms, core)
        finally:
            self._admitted.release()

    def _run(self, file: Path, ids: Ids, terms: SubmissionTerms, core: Ids) -> CheckResult:
        request = {
            "file": str(file.absolute()),
            "ids": _sorted(ids),
            "core": _sorted(core),
            "terms": dataclasses.asdict(terms),
            "limits": dataclasses.asdict(self._limits),
        }
        seconds = _PATIENCE * self._limits.seconds
        try:
            done = subprocess.run(  # noqa: S603 (our own command)
                [sys.executable, "-m", __name__],
                input=json.dumps(request).encode(),
                capture_output=True,
                timeout=seconds,
                check=False,
                cwd=_ROOT,
                env=_environment(),
            )
        except subprocess.TimeoutExpired:
            return _refused(f"The check was stopped after {seconds:g} s. Nothing was submitted. Try again later.")
        if done.returncode:
            reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["without a message"])[-1]
            sys.stderr.write(f"A check ended with status {done.returncode}: {reason[:200]!a}\n")
            return _refused("The check failed. Nothing was submitted. Try again, and report it if it fails again.")
        return _result(json.loads(done.stdout))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(_SECRETS)}


def _sorted(ids: Ids) -> dict[str, list[str]]:
    return {config: sorted(config_ids) for config, config_ids in ids.items()}


def _refused(problem: str) -> CheckResult:
    return CheckResult((Problem(None, problem),), 1, {}, (), 0, 0, "")


def _result(fields: Mapping[str, Any]) -> CheckResult:
    """Return the result that a process printed."""
    return CheckResult(
        problems=tuple(Problem(line, text) for line, text in fields["problems"]),
        problem_count=fields["problem_count"],
        predictions=dict.fromkeys(fields["answered"], ""),
        configs=tuple(fields["configs"]),
        lines=fields["lines"],
        size=fields["size"],
        sha256=fields["sha256"],
        core_only=tuple(fields["core_only"]),
    )


def main() -> int:
    """Check the file of the request on standard input, and print the result.

    Returns:
        Exit status 0.
    """
    os.nice(5)
    request = json.load(sys.stdin.buffer)
    ids, core = (
        {config: frozenset(config_ids) for config, config_ids in request[name].items()} for name in ("ids", "core")
    )
    limits, terms = Limits(**request["limits"]), SubmissionTerms(**request["terms"])
    checked = check(Path(request["file"]), ids, limits, terms, core, keep_texts=False)
    result = {
        "problems": [(problem.line, problem.text) for problem in checked.problems],
        "problem_count": checked.problem_count,
        "answered": sorted(checked.predictions) if checked.ok else [],
        **{name: getattr(checked, name) for name in ("configs", "lines", "size", "sha256", "core_only")},
    }
    sys.stdout.write(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
