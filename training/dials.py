"""Sizes of a training run, by the kind of processor. They bound its time; the data and the recipe are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Dials:
    """Sizes of a training run."""

    users: int
    """Users of the data set in all splits."""
    longest: int
    """Maximum number of tokens of a training row; longer rows are left out, never cut."""
    overfit_rows: int
    overfit_epochs: int
    sft_rows: int
    dpo_rows: int
    batch: int
    """Rows per forward pass."""
    accumulation: int
    """Forward passes per step of the optimiser."""
    evaluated: int
    """Instances of each config and history that are predicted."""
    predicted_at_once: int


DIALS: Final[Mapping[str, Dials]] = {
    "gpu": Dials(
        users=3_000,
        longest=4_400,
        overfit_rows=32,
        overfit_epochs=6,
        sft_rows=4_000,
        dpo_rows=1_000,
        batch=4,
        accumulation=2,
        evaluated=100,
        predicted_at_once=16,
    ),
    "cpu": Dials(
        users=450,
        longest=3_000,
        overfit_rows=32,
        overfit_epochs=3,
        sft_rows=200,
        dpo_rows=40,
        batch=1,
        accumulation=4,
        evaluated=10,
        predicted_at_once=2,
    ),
}
"""Sizes for one modern GPU, within 8 minutes, and for two processor cores, within two hours."""
SFT_RATE: Final = 2e-4
OVERFIT_RATE: Final = 2e-4
DPO_RATE: Final = 1e-5
DPO_BETA: Final = 0.1
MAX_OUTPUT_TOKENS: Final = 96
"""Maximum length of a reply in tokens; the calls of the data have 20 to 60."""
SEED: Final = 1
