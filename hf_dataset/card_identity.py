"""Identity of a data set on its pages: title, licence and repository, and the passages that state them.

The built-in marketplace has one title and licence. A data set from another catalogue has those of its author, and
nothing that is said of the built-in marketplace is said of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from .card_facts import Build
from .manifest import Manifest

_TITLE: Final = "PEToolBench"
_HUB_LICENCES: Final = frozenset(
    [
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0"),
        *("cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "odbl", "odc-by", "pddl", "gpl-3.0", "agpl-3.0"),
        *("lgpl-3.0", "mpl-2.0", "isc", "unlicense", "wtfpl"),
    ]
)
"""Licences that the Hub knows by these names."""
_USAGE: Final = """\
```python
from datasets import load_dataset

rows = load_dataset("{repository}", "chronological", split="validation")
```

This works with `datasets` 2.21 and later, also with `streaming=True`, and with the path of a local copy in place of the
repository's name. The branch `script` has a loading script for versions of `datasets` before 4:

```python
load_dataset("{repository}", "chronological", revision="script", trust_remote_code=True)
```

`arguments` and `parameters` are JSON text, which every version of `datasets` reads; parse them with `json.loads`. Give
the model `instruction`, `today`, `history`, `history_tools` and `candidates`, one row at a time, and score its replies:

```python
import evaluate

metric = evaluate.load("{metric}")
metric.compute(predictions=replies, references=rows)
```

{private}"""
"""Passage on loading and scoring."""
_APACHE: Final = "https://www.apache.org/licenses/LICENSE-2.0"


@dataclass(frozen=True, slots=True)
class Identity:
    """Title, licence and repository as the pages state them."""

    title: str
    licence: str | None
    """Licence of the data; None if its author has not stated one."""
    repository: str

    @property
    def name(self) -> str:
        """Name of the repository without its owner."""
        return self.repository.rpartition("/")[2]

    @property
    def licence_fields(self) -> dict[str, Any]:
        """Fields of the card's metadata."""
        if self.licence is None:
            return {"license": "unknown"}
        known = self.licence.lower()
        return {"license": known} if known in _HUB_LICENCES else {"license": "other", "license_name": self.licence}

    @property
    def licence_url(self) -> str | None:
        """Address or name of the licence; None if it is not stated."""
        return _APACHE if self.licence and self.licence.lower() == "apache-2.0" else self.licence


def identity_of(manifest: Manifest) -> Identity:
    """Return the identity of a data set."""
    page = manifest.page
    if manifest.is_builtin:
        return Identity(
            page.title if page and page.title else _TITLE,
            "apache-2.0",
            page.repository if page and page.repository else "ORG/petoolbench",
        )
    kind = manifest.catalog.split()[0]
    title = page.title if page and page.title else f"Personalised tool use, {kind} catalogue"
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "data"
    return Identity(
        title, page.licence if page else None, page.repository if page and page.repository else f"ORG/{name}"
    )


def intro(build: Build) -> str:
    """Return the heading and what the task is."""
    manifest, title = build.manifest, identity_of(build.manifest).title
    if manifest.is_builtin:
        return (
            f"# {title}\n\nDoes a language model use tools the way *this* user would want?\n\n"
            "Users have preferences about tools that they never state: no sign-up, fast answers, data that stays in "
            "Europe. The\npreferences show only in the user's history: past instructions, the tools that were offered "
            "for each, and the tool call\nthat served it. Each row contains such a history, a new instruction and ten "
            "candidate tools, several of which do the same\njob. The task is to predict the tool call that this user "
            "would want."
        )
    count = manifest.config.get("candidates", {}).get("count", 10)
    return (
        f"# {title}\n\nDoes a language model use the tools of this catalogue the way *this* user would want?\n\n"
        "Users have preferences about tools that they never state. The preferences show only in the user's history: "
        "past\ninstructions, and the tool call that served each. Each row contains such a history, a new instruction "
        f"and {count} candidate\ntools, several of which do the same job. The task is to predict the tool call that "
        f"this user would want.\n\nThe data set was made by petoolbench {manifest.builder} from the catalogue "
        f"`{manifest.catalog}`."
    )


def usage(build: Build) -> str:
    """Return how the data set is loaded and scored."""
    repository = identity_of(build.manifest).repository
    metric = repository if build.manifest.is_builtin else "ORG/petoolbench"
    private = (
        "The answers of `test` are private. The leaderboard scores predictions for it."
        if build.manifest.is_builtin
        else "The answers of `test` are private; its author scores predictions for it."
    )
    return _USAGE.format(repository=repository, metric=metric, private=private)


def splits(build: Build) -> str:
    """Return what the splits share."""
    number = build.manifest.counts.get("providers_in_several_splits", 0)
    if not number:
        return "Users, query groups and providers of one split do not occur in another."
    return (
        f"Users, query groups and jobs of one split do not occur in another. {number} providers do the jobs of several "
        "splits,\nand occur in histories of their own candidates: where facts hold for all tools of a provider, a "
        "preference for these facts\ncan be read as one for the provider."
    )


def providers(build: Build) -> str:
    """Return what scores say about providers."""
    if build.manifest.is_builtin:
        return "- The providers of the built-in catalogue are fictional. Scores say nothing about real providers."
    return (
        "- The tools are those of a catalogue, whose statements were not verified. Scores say nothing about the "
        "quality of a provider."
    )


def licence(build: Build) -> str:
    """Return the licence."""
    if build.manifest.is_builtin:
        return "Data and code are under Apache-2.0."
    stated = identity_of(build.manifest).licence
    if stated is None:
        return (
            "The author has stated no licence for this data set. It contains the documentation of its catalogue, whose "
            "licence applies."
        )
    return (
        f"This data set is under {stated}, as its author states. It contains the documentation of its catalogue; the "
        "code that made it is\nunder Apache-2.0."
    )


def citation(build: Build) -> str:
    """Return how to cite the data set."""
    own = identity_of(build.manifest)
    if build.manifest.is_builtin:
        # The version that made the data, which a later version of the code can publish.
        made_by = f"  author  = {{{{The PEToolBench developers}}}},\n  version = {{{build.manifest.builder}}},\n"
        title = "PEToolBench: a benchmark of personalised tool use"
        lines = ("petoolbench", title, f"{made_by}  note    = {{Data set, Apache-2.0}}")
    else:
        note = f"Data set, build {build.manifest.build_id}" + (f", {own.licence}" if own.licence else "")
        lines = (own.name, own.title, f"  note    = {{{note}}}")
    return f"```bibtex\n@misc{{{lines[0]},\n  title   = {{{lines[1]}}},\n{lines[2]}\n}}\n```"


def eval_text(text: str, manifest: Manifest) -> str:
    """Return the page of the benchmark with the title and the claims of a data set.

    Args:
        text: The page of the built-in marketplace.
        manifest: Manifest of the data set.
    """
    if manifest.is_builtin and manifest.page is None:
        return text
    named = text.replace(f"name: {_TITLE}\n", f"name: {_yaml(identity_of(manifest).title)}\n", 1)
    if manifest.is_builtin:
        return named
    count = manifest.config.get("candidates", {}).get("count", 10)
    return named.replace("(price, sign-up, speed,\n  privacy, ...) ", "").replace("ten candidate", f"{count} candidate")


def _yaml(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9][\w ,.-]*", text) else "'" + text.replace("'", "''") + "'"
