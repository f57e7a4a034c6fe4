"""Which code scores: what stands on receipts and outcomes, and tells results of another scorer apart.

The public process asks for it, so it does not import what reads the answers.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from metrics.petoolbench import aggregation, errors, legacy, matching, parsing, records, uncertainty

SCORERS: Final = (aggregation, errors, legacy, matching, parsing, records, uncertainty)
"""The modules of the metric that a score depends on; beside them `score_submission.py`."""


@cache
def scorer_version() -> str:
    """Twelve hexadecimal digits that change whenever the code that scores does."""
    digest = hashlib.sha256()
    paths = [Path(module.__file__ or "") for module in SCORERS]
    for path in (*paths, Path(__file__).with_name("score_submission.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]
