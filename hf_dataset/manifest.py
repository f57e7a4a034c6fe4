"""Manifest of a data set, validated when it is read.

`builder` writes it. The card and the Croissant metadata are generated from it. `verify` checks the files against it.
Run files refer to a data set by its hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from .errors import ReadError
from .layout import CANARY, MANIFEST, shards, split_file
from .schema import HISTORY_TYPES

FORMAT: Final = 2
"""Version of the data format that this version of petoolbench writes and reads."""
ORIGINAL: Final = "original"
"""`kind` of an import of released rows of the earlier benchmark."""
ALL: Final = "all"
"""Name for all three history types together."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and hash of one file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """Numbers of the gates and checks that hold for a data set."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    gates: int
    gates_that_cannot_tell: int
    """Number of gates that no accuracy could fail, because there are too few rows."""
    checks: int
    gates_on_rows: int | None = None
    """Number of rows per config that the gates were evaluated on; None for all rows."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the author of a data set states on its pages."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: str | None = None
    licence: str | None = None
    repository: str | None = None
    """Repository on the Hub, `ORG/NAME`."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A released file that an import was made from."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Inputs and versions that determine a data set, its counts and drops, and the hash of every file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    build_id: str
    """Eight hexadecimal digits. Every instance id contains them, after its config."""
    builder: str
    """Version of petoolbench that wrote the data."""
    catalog: str
    """Kind and content hash of the catalogue."""
    rows: Mapping[str, Mapping[str, int]]
    """Number of rows by config and split."""
    tokenizer: str
    """Name of the tokenizer of `n_tokens`."""
    format: int = FORMAT
    kind: str | None = None
    """None for a build; `original` for an import of released rows."""
    canary: str = CANARY
    listing_pack: str | None = None
    """Hash of the listing pack of the test split; None for the layouts of the repository, or without listings."""
    library: str | None = None
    """Hash of the library of functionalities."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The build's config without its secret; empty for an import."""
    core: tuple[str, ...] = ()
    """Query groups of the core: the part of the test split, about 1,000 rows of a config, that carries the main figure
    of the leaderboard. Empty if the whole split is the core."""
    test_split_needs_a_secret: bool = False
    """True if the test split was drawn with a secret."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Version of each library that can change the data."""
    oracle_expected_loss: float = 0.0
    """Share of the rows of `rating_integrated` that cannot be answered because ratings were flipped, 0 to 1."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of records by kind."""
    drops: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Number of dropped records by kind and reason."""
    llm: Mapping[str, Any] | None = None
    """Model, prompts and tokens; None if no language model was used."""
    prompt_version: str | None = None
    audit: AuditSummary | None = None
    """None if the data set was not audited."""
    page: Page | None = None
    """What the author states on the pages; left out of the file if it is None."""
    sources: tuple[SourceFile, ...] = ()
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    """Every file of the data set except the manifest, by path."""
    private_files: Mapping[str, FileRecord] = field(default_factory=dict)
    """Every file of the private answers, by path."""

    @property
    def seed(self) -> int:
        """Seed of the build; 0 for an import."""
        return int(self.config.get("seed", 0))

    @property
    def is_builtin(self) -> bool:
        """True if the catalogue is the built-in one."""
        return self.catalog.startswith("builtin")

    @property
    def is_of_services(self) -> bool:
        """True if the catalogue is that of real services."""
        return self.catalog.startswith("services ")

    @property
    def has_listings(self) -> bool:
        """True if the facts of tools are stated in listings, in other layouts for each split."""
        return self.is_builtin or self.is_of_services

    @property
    def is_original(self) -> bool:
        """True for an import of the earlier benchmark's released rows."""
        return self.kind == ORIGINAL

    @property
    def provider_overlap(self) -> bool:
        """True if the provider of an answer may occur in the history of its instance."""
        return bool(self.config["candidates"]["provider_overlap"])

    def preference_changes(self, config: str) -> int:
        """Return the number of preference changes in each history of a config; 0 if the order has no meaning."""
        return int(self.config["histories"]["changes"]) if config == "chronological" else 0

    def table_files(self, config: str, split: str) -> list[str]:
        """Return the paths of the Parquet files of a split, in the order of their rows."""
        return shards(split_file(config, split), self.files)

    def data_sha256(self, config: str, split: str) -> str:
        """Return the SHA-256 that identifies the rows of a split.

        It is the hash of the Parquet file, or the hash of the concatenated hashes if there are several files.

        Args:
            config: A history type, or `all` for all three.
            split: `train`, `validation` or `test`.

        Raises:
            ReadError: If the manifest does not list the files.
        """
        configs = HISTORY_TYPES if config == ALL else (config,)
        paths = [path for name in configs for path in self.table_files(name, split)]
        if unlisted := [path for path in paths if path not in self.files]:
            raise ReadError(
                f"The manifest of the data set does not list {unlisted[0]!r}. Build or download the data set again."
            )
        hashes = [self.files[path].sha256 for path in paths]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    @property
    def data_revision(self) -> str:
        """Twelve hexadecimal digits that identify the data: a hash over all Parquet files, private answers included."""
        tables = {**self.files, **{f"private/{path}": record for path, record in self.private_files.items()}}
        digest = hashlib.sha256()
        for path in sorted(path for path in tables if path.endswith(".parquet")):
            digest.update(f"{path}\0{tables[path].sha256}\n".encode())
        return digest.hexdigest()[:12]

    def to_json(self) -> str:
        """Return the text of the manifest file, with all fields except an empty `page`."""
        fields = {name: value for name, value in asdict(self).items() if name != "page" or value is not None}
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


_ADAPTER: Final = TypeAdapter(Manifest)


def parse_manifest(text: str | bytes, name: str) -> Manifest:
    """Parse the text of a manifest file.

    Args:
        text: JSON.
        name: Path of the file, for the error message.

    Raises:
        ReadError: If it is not a manifest of this data format.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{name!r} is not valid JSON: {error}. Build or download the data set again.") from error
    if not isinstance(raw, dict) or "build_id" not in raw:
        raise ReadError(f"{name!r} is not the manifest of a PEToolBench build. Build the data set again.")
    if raw.get("format") != FORMAT:
        raise ReadError(
            f"{name!r} has data format {raw.get('format')!r}; this version reads format {FORMAT}. "
            "Build the data set again, or install the version of petoolbench that wrote it."
        )
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "manifest"
        raise ReadError(
            f"{name!r} is not a valid manifest: {where}: {first['msg']}. Build the data set again."
        ) from error


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a data set.

    Args:
        folder: Folder of the data set.

    Raises:
        ReadError: If the manifest is missing or invalid.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise ReadError(
            f"{str(folder)!r} holds no {MANIFEST}: it is not a complete PEToolBench folder. "
            "Build one with: petoolbench build --catalog builtin -o FOLDER"
        ) from error
    except OSError as error:
        raise ReadError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    return parse_manifest(text, str(path))
