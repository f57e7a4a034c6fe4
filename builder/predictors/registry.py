"""From a `--model` value to a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from builder.errors import ConfigError
from builder.manifest import changes_of
from hf_dataset.reader import read_manifest, read_tools

from .oracle import OraclePredictor
from .protocol import Predictor
from .uniform import RandomPredictor

ALLOWED: Final = ("baseline:oracle", "baseline:random")


def open_predictor(model: str, folder: Path, config: str, split: str, seed: int) -> Predictor:
    """Open the predictor that a `--model` value names.

    Args:
        model: One of `ALLOWED`.
        folder: Folder of the data set.
        config: History type.
        split: Split to be predicted.
        seed: For predictors that draw.

    Raises:
        ConfigError: If there is no such model.
    """
    if model == "baseline:oracle":
        return OraclePredictor(read_tools(folder, split), changes=changes_of(read_manifest(folder), config))
    if model == "baseline:random":
        return RandomPredictor(seed)
    raise ConfigError(f"There is no model {model!r}. Allowed are {', '.join(ALLOWED)}.")
