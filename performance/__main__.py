"""Command line of the performance measurements: `python -m performance NAME ...`.

Run it by hand on an idle machine. Each measurement prints its rows as they finish. With `--keep`, the rows are also
written to the table in docs/developing/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Final

from rich.console import Console

from .results_table import commit, keep

NAMES: Final = (
    "anonymous",
    "audit",
    "baselines",
    "build",
    "catalogue",
    "evidence",
    "fuzz",
    "llm",
    "load",
    "pages",
    "predict",
    "score",
)


def main() -> None:
    """Run the measurement named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m performance", description=__doc__)
    parser.add_argument("benchmark", choices=NAMES)
    name = parser.parse_args(sys.argv[1:2]).benchmark
    # Import only this module, because some measurements report the memory of this process.
    module = import_module(f"performance.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m performance {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep", action="store_true", help="write the rows to docs/developing/performance.md")
    module.arguments(parser)
    options = parser.parse_args(sys.argv[2:])
    measured_commit = commit() if options.keep else ""
    console = Console(soft_wrap=True, highlight=False)
    for row in module.measure(options):
        peak = "" if row.peak_mib is None else f"{row.peak_mib:,.0f} MiB"
        console.print("; ".join(filter(None, (row.what, row.of, row.measured, peak, row.beside, row.bound))))
        if options.keep:
            keep(name, sys.argv[1:], measured_commit, row)


if __name__ == "__main__":
    main()
