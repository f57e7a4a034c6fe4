"""Named settings of a build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PARTITION_USERS: Final = 10_000
"""Default number of users in a partition."""
_RELEASE: Final = {"count": 13_000, "train": 9 / 13, "validation": 1 / 13, "test": 3 / 13, "partition": 1_000}
PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "sample": {"users": {"count": 15, "train": 0.6, "validation": 0.2, "test": 0.2, "only_their_tools": True}},
    "demo": {"users": {"count": 600, "train": 0.25, "validation": 0.5, "test": 0.25}},
    "evaluation": {"users": {"count": 300, "train": 0.0, "validation": 1.0, "test": 0.0}},
    "dev": {"users": {**_RELEASE, "count": 1300, "partition": PARTITION_USERS}},
    "release": {"users": _RELEASE},
    "hard": {
        "users": _RELEASE,
        "choices": {"concerns": (3,), "off_profile": 0.1, "other_jobs": 4, "other_calls_per_job": 3},
        "candidates": {"distractors": "near_functionality"},
        "arguments": {
            "optional": 0.6,
            "second": 0.25,
            "kinds": {"option": 0.4, "enum": 2, "unit": 3, "date": 2},
            "implicit": 0.9,
            "named": 0.8,
            "relative": 0.8,
            "converted": 0.7,
        },
    },
    "curve": {
        "users": {"count": 6_000, "train": 0.5, "validation": 1 / 6, "test": 1 / 3},
        "choices": {"concerns": (1,), "jobs": 3, "evidence": (1, 2, 4, 8, 16)},
    },
    "paper": {
        "users": {"count": 6_000, "train": 0.5, "validation": 1 / 6, "test": 1 / 3},
        "choices": {"concerns": (1,), "shown": False},
    },
    "years": {
        "users": {"count": 600, "train": 0.5, "validation": 1 / 6, "test": 1 / 3},
        "choices": {
            "concerns": (3, 4, 5),
            "jobs": 6,
            "calls_per_job": 60,
            "other_jobs": 4,
            "other_calls_per_job": 20,
            "changes": 3,
        },
    },
}
"""Settings by name: the sample in the repository; a demo whose validation split separates an oracle from a random
choice; one split only, for an evaluation with few tools; a tenth of a release; a release, with 9,000 users in train,
1,000 in validation and 3,000 in test; a release of users with three concerns who follow their preference less often,
among distractors that do similar jobs, and whose instructions have more of the harder arguments; users of whom 1 to 16
telling steps are known; users whose histories show the calls alone, as in the paper; and histories of about 1,000 steps
over three years, with several changes."""
