"""The runner of all benchmarks: `python -m benchmarks NAME ...`, by hand, on a quiet machine.

Each prints its rows as it finds them; with `--keep` they go into the table of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Final

from rich.console import Console

from .results_table import commit, keep

NAMES: Final = ("audit", "build", "catalogue", "llm", "load", "pages", "predict", "score")


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", choices=NAMES)
    name = parser.parse_args(sys.argv[1:2]).benchmark
    # No other is imported: some measure the memory of this process.
    module = import_module(f"benchmarks.{name}")
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=module.__doc__)
    parser.add_argument("--keep", action="store_true", help="put the rows into docs/benchmarks.md")
    module.arguments(parser)
    given = parser.parse_args(sys.argv[2:])
    measured = commit() if given.keep else ""
    console = Console(soft_wrap=True, highlight=False)
    for row in module.measure(given):
        peak = "" if row.peak_mib is None else f"{row.peak_mib:,.0f} MiB"
        console.print("; ".join(filter(None, (row.what, row.of, row.measured, peak, row.beside, row.bound))))
        if given.keep:
            keep(name, sys.argv[1:], measured, row)


if __name__ == "__main__":
    main()
