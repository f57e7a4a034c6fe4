"""Version of the scoring code, recorded in receipts and outcomes to distinguish results of different scorers.

The public process imports this module, so it must not import any module that reads the answers.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from metrics.petoolbench import (
    aggregation,
    answer_parts,
    dialects,
    errors,
    json_calls,
    json_text,
    legacy,
    matching,
    names,
    parsing,
    reading,
    records,
    repeats,
    schemas,
    spans,
    uncertainty,
    unicode_text,
)

SCORERS: Final = (
    *(aggregation, answer_parts, dialects, errors, json_calls, json_text, legacy, matching, names, parsing, reading),
    *(records, repeats, schemas, spans, uncertainty, unicode_text),
)
"""Modules of the metric that scores depend on, in addition to `_OWN`."""
_OWN: Final = ("scoring/score_submission.py", "scoring/shown_figures.py", "ladder.py")
"""Modules of the leaderboard that scores depend on."""


@cache
def scorer_version() -> str:
    """Return a hash of the scoring code, twelve hexadecimal digits."""
    digest = hashlib.sha256()
    paths = [Path(module.__file__ or "") for module in SCORERS]
    for path in (*paths, *(Path(__file__).parents[1] / name for name in _OWN)):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]
