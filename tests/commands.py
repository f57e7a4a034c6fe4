"""The command line in the test's own process, where starting it does not take longer than what it does.

What only a process of its own shows stays with the tests that start one: how it starts, and what it must not import.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from petoolbench.cli import console
from petoolbench.cli.main import main


class Done(NamedTuple):
    """What a command left, named as subprocess names it."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, cwd: Path, **environment: str) -> Done:
    """Run `petoolbench` until it ends.

    Args:
        arguments: What is typed behind its name.
        cwd: The folder it runs in.
        environment: Its variables beyond a width of 160 columns; it has no other.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    columns = int(environment.get("COLUMNS", "160"))
    with (
        chdir(cwd),
        mock.patch.dict(os.environ, {"COLUMNS": "160", **environment}, clear=True),
        mock.patch.object(sys, "argv", ["petoolbench", *map(str, arguments)]),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        # A console takes its width from the environment in which it was made.
        mock.patch.object(console.stdout, "_width", columns),
        mock.patch.object(console.stderr, "_width", columns),
    ):
        try:
            main()
            status = 0
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
    return Done(status, stdout.getvalue(), stderr.getvalue())
