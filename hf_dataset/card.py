"""Files that the Hub shows with the data: README.md (the dataset card), eval.yaml and croissant.json.

`README.md` of this package is both the template of every card and the card of the sample next to it. It consists of
prose and of regions such as `<!-- counts --> ... <!-- /counts -->`, which are filled from a build. Filling a card again
changes nothing. So `python -m hf_dataset.card --check FOLDER` can check that the files of a folder are up to date.
"""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from .card_facts import Build, read_build
from .card_identity import eval_text, identity_of
from .card_passages import PASSAGES
from .croissant import croissant_text
from .errors import ReadError
from .evidence_curve import EVIDENCE_JSON, EVIDENCE_PLOT
from .layout import BENCHMARK, CANARY, CARD, CROISSANT, all_shards
from .manifest import Manifest, read_manifest
from .reference_results import RESULTS_JSON
from .schema import HISTORY_TYPES, ROWS, feature_specs

_HEAD: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_REGION: Final = re.compile(r"<!-- (?P<name>\w+) -->.*?<!-- /(?P=name) -->", re.DOTALL)
_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MILLIONS: Final = "1M<n<10M"
_USAGE: Final = "Usage: python -m hf_dataset.card --check FOLDER"


class TemplateError(ValueError):
    """The regions of the template are not those of `PASSAGES`. This is a bug in the template."""


def template() -> str:
    """Return the template of the card."""
    return (files(__package__) / CARD).read_text(encoding="utf-8")


def front_matter(build: Build) -> dict[str, Any]:
    """Return the card's YAML metadata: the configs, with the files, features and sizes of each."""
    identity = identity_of(build.manifest)
    return {
        **identity.licence_fields,
        "language": ["en"],
        "pretty_name": identity.title,
        "size_categories": [_size(sum(sum(splits.values()) for splits in build.rows.values()))],
        "task_categories": ["text-generation"],
        "tags": ["tool-use", "function-calling", "personalization", "benchmark"],
        "canary": CANARY,
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == HISTORY_TYPES[0] else {}),
                "data_files": [
                    {"split": split, "path": all_shards(build.files(name, split))} for split in build.splits(name)
                ],
            }
            for name in ROWS
            if build.splits(name)
        ],
        "dataset_info": [_info(build, name, row) for name, row in ROWS.items() if build.splits(name)],
    }


def _size(rows: int) -> str:
    return next((name for bound, name in _SIZES if rows < bound), _MILLIONS)


def _info(build: Build, name: str, row: type) -> dict[str, Any]:
    splits = [
        {
            "name": split,
            "num_bytes": sum(build.bytes_in_memory[path] for path in build.files(name, split)),
            "num_examples": build.rows[name][split],
        }
        for split in build.splits(name)
    ]
    return {
        "config_name": name,
        "features": feature_specs(row),
        "splits": splits,
        "download_size": sum(
            build.manifest.files[path].bytes for split in build.splits(name) for path in build.files(name, split)
        ),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }


def card_text(build: Build, page: str) -> str:
    """Return the card of a build.

    Args:
        build: Facts of the build.
        page: The template, or the card of any build.

    Raises:
        TemplateError: If the page does not have each region of `PASSAGES` exactly once.
    """
    regions = [match["name"] for match in _REGION.finditer(page)]
    if sorted(regions) != sorted(PASSAGES):
        raise TemplateError(f"The card has the regions {sorted(regions)}; expected each of {sorted(PASSAGES)} once.")
    head = yaml.safe_dump(front_matter(build), sort_keys=False, allow_unicode=True)
    body = _REGION.sub(
        lambda match: f"<!-- {match['name']} -->\n{PASSAGES[match['name']](build)}\n<!-- /{match['name']} -->",
        _HEAD.sub("", page),
    )
    return f"---\n{head}---\n{body}"


def pages(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Return the texts of the card, eval.yaml and croissant.json, by file name.

    Args:
        folder: Folder of the data set, with its data files and, if it was audited, the audit.
        manifest: Manifest of the data set, with the sizes and hashes of the data files.

    Raises:
        ReadError: If a data file cannot be read.
    """
    return {
        CARD: card_text(read_build(folder, manifest), template()),
        BENCHMARK: eval_text((files(__package__) / BENCHMARK).read_text(encoding="utf-8"), manifest),
        CROISSANT: croissant_text(manifest),
    }


def write_pages(folder: Path, manifest: Manifest) -> None:
    """Write the files of `pages` to the folder, and the measured figures that the card shows.

    Args:
        folder: Folder of the data set, as in `pages`.
        manifest: Manifest of the data set.

    Raises:
        ReadError: If a data file cannot be read.
        OSError: If a file cannot be written.
    """
    for name, text in pages(folder, manifest).items():
        (folder / name).write_text(text, encoding="utf-8")
    if manifest.is_builtin:
        for name in (EVIDENCE_JSON, EVIDENCE_PLOT, RESULTS_JSON):
            (folder / name).write_bytes((files(__package__) / name).read_bytes())


def stale_pages(folder: Path) -> list[str]:
    """Return the names of the files of `pages` that are missing or out of date.

    Args:
        folder: Folder of the data set.

    Raises:
        ReadError: If the folder is not a complete data set.
    """
    expected = pages(folder, read_manifest(folder))
    return [
        name
        for name, text in expected.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> str | None:
    """Check the files of a folder.

    Args:
        arguments: Arguments of the command line.

    Returns:
        An error message, or None if the files are up to date.
    """
    match arguments:
        case ["--check", folder]:
            try:
                stale = stale_pages(Path(folder))
            except ReadError as error:
                return str(error)
            if not stale:
                return None
            return (
                f"{folder}: missing or out of date: {', '.join(stale)}. Build the data set again; "
                "for the sample in hf_dataset/, run: make sample"
            )
    return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
