"""The page that says how scores come about, what can be trusted, and how to cite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from leaderboard.public_data import Data
from leaderboard.stores.stored_records import HISTORY_TYPES, SPLITS
from leaderboard.submissions.quota import LIMITS
from leaderboard.views.html_parts import ERROR_LABELS

_PAGE: Final = Path(__file__).with_name("about.md")
CITATION: Final = """\
@misc{petoolbench,
  title   = {PEToolBench: a benchmark of personalised tool use},
  author  = {{The PEToolBench developers}},
  version = {0.1.0},
  note    = {Data set, Apache-2.0}
}"""


def markdown(data: Data, scorer_version: str) -> str:
    """The page.

    Args:
        data: What is answered.
        scorer_version: Of the scorer of today.
    """
    quotas = "\n".join(f"- {split}: {' and '.join(limit.in_words() for limit in LIMITS[split])}" for split in SPLITS)
    counts = "\n".join(
        f"| `{config}` | {data.counts[config, 'validation']} | {data.counts[config, 'test']} |"
        for config in HISTORY_TYPES
    )
    classes = "\n".join(f"- **{label}**: {_MEANINGS[name]}" for name, label in ERROR_LABELS.items())
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        counts=counts,
        revision=data.revision,
        scorer=scorer_version,
        classes=classes,
        quotas=quotas,
        citation=CITATION,
    )


_MEANINGS: Final[Mapping[str, str]] = {
    "correct": "tool and arguments are the answer's.",
    "parameter_value_mismatch": "the same arguments with other values.",
    "parameter_name_mismatch": "an argument is missing, or there is a further one.",
    "preference_mismatch": "the tool does the job, but another user would want it.",
    "functionality_mismatch": "the tool does another job.",
    "tool_hallucination": "the tool is none of the candidates.",
    "invalid_format": "no tool call can be read, or there is no reply.",
}
