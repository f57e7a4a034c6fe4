"""Memory, disk and log lines of the leaderboard after calls of every endpoint by people who are not signed in.

python -m performance anonymous --data out/demo --calls 10000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from leaderboard.public_data import Data
from tests.browser import serving
from tests.fakes.hub.openid import Provider
from tests.leaderboard.anonymous_calls import Endpoints, app_process, fill, make, memory_mib
from tests.leaderboard.spaces import HOST, SPACE

from .results_table import Row


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("--data", type=Path, default=Path("out/demo"), help="folder of the data set")
    parser.add_argument("--calls", type=int, default=10_000, help="number of calls")
    parser.add_argument("--systems", type=int, default=8, help="number of systems on the board")
    parser.add_argument("--length", type=int, default=2_000, help="number of characters of each reply")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Start the app as in a Space, make the calls, and measure what they leave."""
    data = Data(given.data)
    with tempfile.TemporaryDirectory() as name, Provider({"ann": "64f0a1"}) as provider:
        home = Path(name)
        ids = fill(home / "store", data, given.systems, given.length)
        environment = {"SYSTEM": "spaces", "SPACE_ID": SPACE, "SPACE_HOST": HOST, **provider.environment()}
        command = [sys.executable, "-m", "leaderboard.app", "--data", str(given.data), "--store", str(home / "store")]
        with serving(command, home, environment=environment) as url:
            endpoints = Endpoints(url, ids, data.instance_ids("preferred_only", "validation"))
            before = memory_mib(app_process())
            made = make(url, app_process(), endpoints, given.calls, _progress)
            disk = sum(path.stat().st_size for path in (home / "gradio").rglob("*") if path.is_file()) / 2**20
            log = (home / "app.log").read_text(encoding="utf-8", errors="replace").splitlines()
        what, of = "leaderboard: calls without sign-in", f"{given.calls:,} calls"
        yield Row(f"{what}: memory", of, f"{before:.0f} MiB at the start, {made.grown_mib:+.0f} MiB", bound="100 MiB")
        yield Row(f"{what}: files", of, f"{disk:.1f} MiB", bound="0 MiB")
        yield Row(f"{what}: log", of, f"{len(log):,} lines", bound="a line each")


def _progress(count: int, mib: float) -> None:
    sys.stderr.write(f"{count:,} calls: {mib:.0f} MiB\n")
