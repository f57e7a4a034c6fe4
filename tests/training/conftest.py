"""What the tests of this folder share: a model of random weights, made on the spot."""

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
    """Run a command in the repository's root, with no Hub to ask; what it wrote, to either stream."""
    # The commands of this Python stand beside it, whether or not its environment is entered.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model."""
    pytest.importorskip("torch", reason=NEEDED)
    out = tmp_path_factory.mktemp("tiny") / "tiny"
    run([sys.executable, "-m", "training.tiny", out])
    return out
