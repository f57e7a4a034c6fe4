"""Results of a people's study in a data set: `people.json`, the card, and their hashes in the manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.errors import ConfigError, OutputError
from hf_dataset.card import pages
from hf_dataset.layout import CARD, MANIFEST
from hf_dataset.manifest import FileRecord, read_manifest
from metrics.study_passage import PEOPLE
from petoolbench.files import write_atomically


def show_on_card(folder: Path, results: Mapping[str, Any]) -> None:
    """Write the results into a data set and onto its card. The rows and the data revision do not change.

    The manifest is written last. If this is interrupted, `petoolbench verify` names the changed file, and running it
    again completes it.

    Args:
        folder: Folder of the data set that the results are of.
        results: Content of `people.json`.

    Raises:
        ConfigError: If the folder does not exist.
        OutputError: If a file cannot be written.
        ReadError: If the folder is not a complete data set.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"{str(folder)!r} is not a local folder, so that its card cannot be changed. Download it first."
        )
    manifest = read_manifest(folder)
    try:
        records = dict(manifest.files)
        records[PEOPLE] = _write(folder / PEOPLE, json.dumps(results, indent=2) + "\n")
        records[CARD] = _write(folder / CARD, pages(folder, manifest)[CARD])
        updated = replace(manifest, files=dict(sorted(records.items())))
        write_atomically(folder / MANIFEST, [updated.to_json()])
    except OSError as error:
        raise OutputError(
            f"The results cannot be written to {str(folder)!r}: {error.strerror}. Free some space, or check the "
            "permissions; then run the command again."
        ) from error


def _write(path: Path, text: str) -> FileRecord:
    """Write a file, and return its size and hash."""
    write_atomically(path, [text])
    content = text.encode()
    return FileRecord(len(content), hashlib.sha256(content).hexdigest())
