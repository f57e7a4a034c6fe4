"""Runner of the command line within the test process, which saves the start of an interpreter.

Tests of the start itself and of the imported modules start a real process instead.
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
    """Result of a command, with the field names of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, cwd: Path, **environment: str) -> Done:
    """Run `petoolbench`.

    Args:
        arguments: Arguments of the command line.
        cwd: Working directory.
        environment: All environment variables. `COLUMNS` is 160 by default.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    columns = int(environment.get("COLUMNS", "160"))
    with (
        chdir(cwd),
        mock.patch.dict(os.environ, {"COLUMNS": "160", **environment}, clear=True),
        mock.patch.object(sys, "argv", ["petoolbench", *map(str, arguments)]),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        # A console reads its width from the environment only once, when it is created.
        mock.patch.object(console.stdout, "_width", columns),
        mock.patch.object(console.stderr, "_width", columns),
    ):
        try:
            main()
            status = 0
        except SystemExit as exit_:
            status = exit_.code if isinstance(exit_.code, int) else 0 if exit_.code is None else 1
    return Done(status, stdout.getvalue(), stderr.getvalue())
