"""Starts the leaderboard on this machine: the app, and beside it the evaluator, which alone is told of the answers."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what is pending, then serve until either process ends or this one is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Serve the leaderboard, and score.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="folder of its answers; without it, validation alone is scored")
    parser.add_argument("--store", default="out/leaderboard", help="a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl, scored as baselines")
    parser.add_argument("--port", type=int, help="of the page")
    given = parser.parse_args(arguments)
    common = ["--data", str(given.data), "--store", given.store]
    evaluator = [sys.executable, "-m", "leaderboard.scoring.evaluator", *common]
    for name in ("answers", "baselines"):
        if getattr(given, name) is not None:
            evaluator += [f"--{name}", str(getattr(given, name))]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until there are two to be stopped
    try:
        first = subprocess.run([*evaluator, "--once"], check=False).returncode  # noqa: S603 (our own)
    except KeyboardInterrupt:  # the evaluator is told, or killed with it
        return 130  # as a shell tells of an interrupt
    if first:
        return first
    app = [sys.executable, "-m", "leaderboard.app", *common]
    if given.port is not None:
        app += ["--port", str(given.port)]
    return _together(app, evaluator)


def _together(*commands: Sequence[str]) -> int:
    """Run processes until one of them ends, whose status is given, or until told to stop; then none is left."""
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    started = [subprocess.Popen(command) for command in commands]  # noqa: S603 (our own)
    while not stopped and all(one.poll() is None for one in started):
        time.sleep(0.2)
    ended = next((one.returncode for one in started if one.returncode is not None), 0)
    for one in started:
        one.terminate()
    for one in started:
        try:
            one.wait(10)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()
    return 0 if stopped else ended or 1


if __name__ == "__main__":
    sys.exit(main())
