"""Local start of the leaderboard: the app, and the evaluator, which is the only process that gets the answers."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

_INTERRUPTED: Final = 130
"""Exit status after SIGINT, by the convention of shells."""
_POLL_S: Final = 0.2
_TERMINATION_TIMEOUT_S: Final = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Score pending submissions once, then run app and evaluator until one of them ends or a signal stops both.

    Returns:
        Exit status: 0 if stopped by a signal, 130 if interrupted during the first scoring, else the status of the
        process that ended, or 1 if that is 0.
    """
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Serve the leaderboard and score it.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="answers folder; without it, only validation is scored")
    parser.add_argument(
        "--store", default="out/leaderboard", help="folder of the store, or hub:ORG/SUBMISSIONS,ORG/RESULTS"
    )
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl files, scored as baselines")
    parser.add_argument("--study", type=Path, help="folder of a people's study, whose readers answer on the Play page")
    parser.add_argument("--port", type=int, help="port of the app")
    options = parser.parse_args(arguments)
    common = ["--data", str(options.data), "--store", options.store]
    evaluator = [sys.executable, "-m", "leaderboard.scoring.evaluator", *common]
    for name in ("answers", "baselines"):
        if getattr(options, name) is not None:
            evaluator += [f"--{name}", str(getattr(options, name))]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM stops the first scoring like SIGINT
    sys.stderr.write(
        "Scoring what is not scored yet. On a new board these are the baselines, which takes about a minute.\n"
    )
    try:
        status = subprocess.run([*evaluator, "--once"], check=False).returncode  # noqa: S603 (our own command)
    except KeyboardInterrupt:
        return _INTERRUPTED
    if status:
        return status
    app = [sys.executable, "-m", "leaderboard.app", *common]
    for name in ("study", "port"):
        if getattr(options, name) is not None:
            app += [f"--{name}", str(getattr(options, name))]
    return _run_together(app, evaluator)


def _run_together(*commands: Sequence[str]) -> int:
    """Run processes until one of them ends or a signal stops all; terminate the others and return the exit status."""
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    processes = [subprocess.Popen(command) for command in commands]  # noqa: S603 (our own command)
    while not stopped and all(process.poll() is None for process in processes):
        time.sleep(_POLL_S)
    status = next((process.returncode for process in processes if process.returncode is not None), 0)
    _terminate(processes)
    return 0 if stopped else status or 1


def _terminate(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Terminate processes together, and kill those that do not end in time."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_TERMINATION_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
