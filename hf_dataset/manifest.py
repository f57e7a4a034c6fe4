"""The manifest of a data set: one record for every package, validated when it is read from its file.

`builder` fills it, the card and the Croissant metadata are made from it, `verify` checks the files against it, and a
run file is tied to a data set by the hashes in it.
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

FORMAT: Final = 1
"""Version of the data format that this distribution writes and reads."""
ORIGINAL: Final = "original"
"""`kind` of a folder that holds released rows of the earlier benchmark."""
ALL: Final = "all"
"""Name that stands for all three history types at once."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and hash of one file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """Number of gates and checks that hold for a data set."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    gates: int
    gates_that_cannot_tell: int
    """Gates that could not fail on this number of rows."""
    checks: int
    gates_on_rows: int | None = None
    """Rows of a config that the gates were evaluated on; None for all rows."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A released file that an import was made from."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that determines a data set, what was dropped on the way, and the hash of every file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    build_id: str
    """Eight hexadecimal digits that begin every instance id after its config."""
    builder: str
    """Version of this distribution that wrote the data."""
    catalog: str
    """Kind and content hash of the catalogue."""
    rows: Mapping[str, Mapping[str, int]]
    """Number of rows by config and split."""
    tokenizer: str
    """Tokenizer that `n_tokens` counts with."""
    format: int = FORMAT
    kind: str | None = None
    """None for a build; `original` for an import of released rows."""
    canary: str = CANARY
    library: str | None = None
    """Hash of the library of functionalities."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The build's config without its secret; empty for an import."""
    test_split_needs_a_secret: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Version of each library that can change what is built."""
    oracle_expected_loss: float = 0.0
    """Share of the rows of `rating_integrated` that flipped ratings make unanswerable, 0 to 1."""
    counts: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Number of dropped records by kind and reason."""
    llm: Mapping[str, Any] | None = None
    """Model, prompts and tokens, where a language model understood the tools."""
    prompt_version: str | None = None
    audit: AuditSummary | None = None
    """None where the data set was not audited."""
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
    def is_original(self) -> bool:
        """True for an import of the earlier benchmark's released rows."""
        return self.kind == ORIGINAL

    @property
    def provider_overlap(self) -> bool:
        """True if an answer's provider may occur in its own history."""
        return bool(self.config["candidates"]["provider_overlap"])

    def preference_changes(self, config: str) -> int:
        """Number of preference changes in each history of a config; 0 where the order carries no meaning."""
        return int(self.config["histories"]["changes"]) if config == "chronological" else 0

    def table_files(self, config: str, split: str) -> list[str]:
        """Paths of the Parquet files of a split, in the order of their rows."""
        return shards(split_file(config, split), self.files)

    def data_sha256(self, config: str, split: str) -> str:
        """SHA-256 that identifies the rows of a split.

        The hash of its Parquet file; for several files, and for the config `all`, the hash of the concatenated hashes.

        Args:
            config: A history type, or `all` for the three of them.
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
        """The text of the manifest file; fields at their defaults of None or empty are kept."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


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
        raise ReadError(f"{name!r} is not JSON: {error}") from error
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
        ReadError: If there is no manifest, or it is not valid.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise ReadError(
            f"{str(folder)!r} holds no {MANIFEST}: it is not a complete PEToolBench folder. "
            "Make one with: petoolbench build --catalog builtin -o FOLDER"
        ) from error
    except OSError as error:
        raise ReadError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    return parse_manifest(text, str(path))
