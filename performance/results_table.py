"""What was measured: rows of the one table of docs/benchmarks.md, kept as data beside the benchmarks."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
KEPT: Final = ROOT / "benchmarks" / "results.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
START: Final = "<!-- Written by `python -m benchmarks`, from performance/results.json. -->"
END: Final = "<!-- End of what is written. -->"
_HEAD: Final = ("what", "of", "measured", "peak MiB", "beside", "bound", "run")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured."""

    what: str
    of: str
    """How much of it: users, rows, replies."""
    measured: str
    """With its unit."""
    peak_mib: float | None = None
    """What all its processes held at once; None where memory was not looked at."""
    beside: str = ""
    """The same work by a peer, or at another size, and the ratio."""
    bound: str = ""
    """What was aimed at."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row with what says how it came about."""

    benchmark: str
    command: str
    date: str
    commit: str
    machine: str
    row: Row


def machine() -> str:
    """This machine, without its name."""
    found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = found[0].partition(":")[2].strip() if found else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{len(os.sched_getaffinity(0))} cores of {processor}, {memory:.0f} GiB, Python {platform.python_version()}"


def read() -> list[Run]:
    """All that is kept, in the order of the table."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    return [Run(**{**one, "row": Row(**one["row"])}) for one in kept]


def commit() -> str:
    """What is measured; whether anything but kept rows was changed since stands behind it."""
    kept = [f":!{path.relative_to(ROOT)}" for path in (KEPT, PAGE)]
    return _git("rev-parse", "--short=8", "HEAD") + ("-dirty" if _git("status", "--porcelain", ".", *kept) else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def keep(benchmark: str, arguments: Sequence[str], measured: str, row: Row) -> None:
    """Keep a row, in place of an earlier one of the same work, and write the table anew.

    Args:
        benchmark: Who measured it.
        arguments: Of the command line.
        measured: The commit.
        row: What it measured.
    """
    command = shlex.join(["python", "-m", "benchmarks", *(one for one in arguments if one != "--keep")])
    date = datetime.now(tz=UTC).date().isoformat()
    new = Run(benchmark, command, date, measured, machine(), row)
    runs = read()
    same = [(one.benchmark, one.row.what, one.row.of) == (benchmark, row.what, row.of) for one in runs]
    if any(same):
        runs[same.index(True)] = new
    else:
        # Beside the others of its benchmark.
        last = max((place for place, one in enumerate(runs) if one.benchmark == benchmark), default=len(runs) - 1)
        runs.insert(last + 1, new)
    KEPT.write_text(json.dumps([asdict(one) for one in runs], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(f"{before}{table(runs)}{rest.partition(END)[2]}", encoding="utf-8")


def table(runs: Iterable[Run]) -> str:
    """The table in Markdown, with its runs below."""
    kinds: list[tuple[str, ...]] = []
    lines = [START, "", "| " + " | ".join(_HEAD) + " |", "|---|---|---:|---:|---|---|---:|"]
    for run in runs:
        kind = (run.command, run.date, run.commit, run.machine)
        if kind not in kinds:
            kinds.append(kind)
        row = run.row
        peak = "" if row.peak_mib is None else f"{row.peak_mib:,.0f}"
        cells = (row.what, row.of, row.measured, peak, row.beside, row.bound, str(kinds.index(kind) + 1))
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Runs, with the versions of `requirements/constraints.txt` at the commit:", ""]
    lines += [
        f"{number}. `{command}`, {date}, commit {measured}; {where}."
        for number, (command, date, measured, where) in enumerate(kinds, 1)
    ]
    return "\n".join([*lines, "", END])
