"""Shared fixtures: a tiny model with random weights."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hf_dataset"
NEEDED = "needs the extra `training`; `make test-training` installs it"


def run(command: Sequence[str | Path]) -> str:
    """Run a command in the root of the repository, without access to the Hub, and return its output of both streams."""
    # The environment may not be activated, so its commands must be added to PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny model."""
    pytest.importorskip("torch", reason=NEEDED)
    out = tmp_path_factory.mktemp("tiny") / "tiny"
    run([sys.executable, "-m", "training.tiny", out])
    return out
