"""The card: YAML that every version of `datasets` reads the configs from, and a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from .layout import SPLITS, split_file, splits_of
from .schema import HISTORY_TYPES, ROWS, feature_specs

_PAGE = """\
# PEToolBench

Does a language model use tools the way *this* user would want? Each instance gives a user's interaction history, an
instruction and ten candidate tools, several of which do the same job. The right tool follows from preferences about
non-functional attributes (price, latency, privacy, ...) that the user never states and only the history shows.

```python
from datasets import load_dataset

rows = load_dataset("ORG/petoolbench", "chronological", split="validation")  # or the path of this folder
```

| config | the history holds | to be inferred |
|---|---|---|
| `preferred_only` | calls to preferred tools only | the attributes they share |
| `rating_integrated` | liked (1) and disliked (0) calls | the attributes that tell them apart |
| `chronological` | calls in time order, oldest first; the preference changes | the current preference |
| `tools` | | the catalogue itself, with attributes |

## Rows

{counts}

`arguments` and `parameters` are JSON text. The answers of the test split are private: `answer` is null there, and
`evidence` and `meta` are empty but for `n_tokens` ({tokenizer}).

## How it was made

Catalogue `{catalog}`, seed {seed}. What came in and what was dropped, with reasons, is in `manifest.json`, with the
hash of every file. {secrecy} No history
names the target functionality's tools or the providers of the candidates, and users, query groups and providers of one
split do not occur in another.

## Why to trust it

{validity}
"""

_AUDITED = """\
Every instance can be answered from its history, and by nothing else: {gates} gates and {checks} checks over the three
configs hold, with simultaneous intervals. [AUDIT.md](AUDIT.md) has them all, `audit.json` for machines.

![Accuracy of every shortcut against its bound](audit/shortcuts.png)"""
_NOT_AUDITED = """\
**Not audited.** This data set was built with `--no-audit`: nothing shows that its instances need their histories."""


_CLOSED = "A secret went into the test split: nobody else can make its answers again."
_OPEN = "No secret went into the test split: who has the catalogue can make its answers again."


def front_matter() -> dict[str, Any]:
    """The YAML head: configs with their files, and the features of each."""
    return {
        "license": "apache-2.0",
        "language": ["en"],
        "pretty_name": "PEToolBench",
        "task_categories": ["text-generation"],
        "tags": ["tool-use", "function-calling", "personalization", "benchmark"],
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == HISTORY_TYPES[0] else {}),
                "data_files": [{"split": split, "path": split_file(name, split)} for split in splits_of(name)],
            }
            for name in ROWS
        ],
        "dataset_info": [{"config_name": name, "features": feature_specs(row)} for name, row in ROWS.items()],
    }


def card_text(manifest: Mapping[str, Any]) -> str:
    """The card of a build, from its manifest alone: the same wherever the build is put."""
    rows = manifest["rows"]
    lines = ["| config | " + " | ".join(SPLITS) + " |", "|---" * (len(SPLITS) + 1) + "|"]
    lines += [f"| `{config}` | " + " | ".join(f"{rows[config][split]:,}" for split in SPLITS) + " |" for config in rows]
    head = yaml.safe_dump(front_matter(), sort_keys=False, allow_unicode=True)
    page = _PAGE.format(
        counts="\n".join(lines),
        tokenizer=manifest["tokenizer"],
        catalog=manifest["catalog"],
        secrecy=_CLOSED if manifest["test_split_needs_a_secret"] else _OPEN,
        seed=manifest["config"]["seed"],
        validity=_AUDITED.format(**manifest["audit"]) if manifest["audit"] else _NOT_AUDITED,
    )
    return f"---\n{head}---\n\n{page}"
