"""Import of released files as a data set folder.

The rows become the validation split, since their answers are public; the train and test splits are empty. Rows that
cannot be parsed are listed in `unparsed.jsonl` with file, row number and reason.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from builder.build_manifest import file_hashes
from builder.errors import DataError
from builder.execution.staging import folder_written_aside
from builder.export import TableWriter, write_tools
from builder.progress import Progress
from hf_dataset.layout import CANARY, CARD, MANIFEST, SPLITS, TOOLS, split_file
from hf_dataset.manifest import ORIGINAL, Manifest, SourceFile
from hf_dataset.schema import HISTORY_TYPES, Instance, ToolRow, feature_specs

from .released_prompts import UnparsedError, write_prompt
from .released_rows import Entry, catalogue, read_entry, released_candidates, released_history, to_instances

SPLIT: Final = "validation"
UNPARSED: Final = "unparsed.jsonl"
TOKENIZER: Final = "characters of the released prompt / 4"
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_EXPECTED: Final = (
    "released rows of the earlier benchmark: a JSON list of objects or one object per line, plain or gzipped"
)
_CARD: Final = """\
# Rows of the earlier benchmark

{rows:,} released rows of the benchmark that preceded PEToolBench, in the format of PEToolBench, made by `petoolbench
import-original` (import {build_id}). They are the work of its authors, under their terms. This copy is for evaluation
only; do not publish it. The split is `validation`, since the answers are public. Tools have no facts, and the
preferences of users are not specified. `n_tokens` is the length of the released prompt in characters, divided by 4.

{canary}
"""


@dataclass(frozen=True, slots=True)
class Unparsed:
    """Released row that could not be parsed."""

    file: str
    row: int
    """Number of the row in the file, from 1; the line number if the file has one row per line."""
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import."""

    manifest: Manifest
    unparsed: tuple[Unparsed, ...]


class _Record(NamedTuple):
    """Row of a released file; `value` is an `UnparsedError` if its line is not valid JSON."""

    file: str
    row: int
    value: object


@dataclass(slots=True)
class _Read:
    """Rows parsed so far."""

    build_id: str
    rows: dict[str, list[Instance]] = field(default_factory=lambda: {config: [] for config in HISTORY_TYPES})
    unparsed: list[Unparsed] = field(default_factory=list)
    entry_ids: set[str] = field(default_factory=set)
    given_back: int = 0
    """Number of released rows whose three prompts can be restored from our instances, byte for byte."""

    def add(self, record: _Record, number: int) -> None:
        """Parse a row, or list it as unparsed.

        Args:
            record: The row.
            number: Number of the row over all files, from 1.
        """
        try:
            entry = _entry(record.value, number)
            if entry.entry_id in self.entry_ids:
                raise UnparsedError(f"the entry_id {entry.entry_id} occurs twice")
            instances = to_instances(entry, self.build_id)
        except UnparsedError as error:
            self.unparsed.append(Unparsed(record.file, record.row, str(error)))
            return
        if entry.entry_id is not None:
            self.entry_ids.add(entry.entry_id)
        self.given_back += all(
            _restored(entry, config, row) == entry.texts[config] for config, row in instances.items()
        )
        for config, row in instances.items():
            self.rows[config].append(row)

    @property
    def imported(self) -> int:
        """Number of parsed rows."""
        return len(self.rows[HISTORY_TYPES[0]])

    @property
    def counts(self) -> dict[str, int]:
        """Counts for the manifest."""
        return {
            "rows_read": self.imported + len(self.unparsed),
            "rows_imported": self.imported,
            "rows_not_parsed": len(self.unparsed),
            "rows_with_entry_id": len(self.entry_ids),
            "rows_whose_prompts_come_back": self.given_back,
        }


def import_original(files: Sequence[Path], out: Path, progress: Progress) -> ImportResult:
    """Import released files.

    Args:
        files: At least one file, in the early or the later form. Rows are numbered in the order of the files.
        out: Folder to create.
        progress: Progress callback.

    Returns:
        The manifest of the imported data set, and the rows that could not be parsed.

    Raises:
        DataError: If a file cannot be read, or no row can be parsed.
        OutputError: If the folder exists or cannot be written.
    """
    contents = [_content(path) for path in files]
    records = [record for path, content in zip(files, contents, strict=True) for record in _records(path, content)]
    hashes = [sha256(content).hexdigest() for content in contents]
    digest = sha256("".join(hashes).encode()).hexdigest()
    read = _Read(digest[:8])
    for number, record in enumerate(records, start=1):
        read.add(record, number)
        progress("importing", number, len(records))
    if not read.imported:
        raise _no_rows_error(files, read.unparsed)
    tools = catalogue(row for config in HISTORY_TYPES for row in read.rows[config])
    sources = [SourceFile(path.name, file_hash) for path, file_hash in zip(files, hashes, strict=True)]
    manifest = _manifest(read, sources, digest, len(tools))
    with folder_written_aside(out) as folder:
        _write(folder, read, tools, manifest)
    return ImportResult(manifest, tuple(read.unparsed))


def _manifest(read: _Read, sources: Sequence[SourceFile], digest: str, tools: int) -> Manifest:
    """Return the manifest of an import; `digest` is the hash of all files, and `tools` the size of the catalogue."""
    return Manifest(
        kind=ORIGINAL,
        builder=version("petoolbench"),
        build_id=read.build_id,
        catalog=f"{ORIGINAL}:{digest}",
        tokenizer=TOKENIZER,
        sources=tuple(sources),
        counts=read.counts,
        rows={**{config: _counts(read.imported) for config in HISTORY_TYPES}, TOOLS: _counts(tools)},
    )


def _no_rows_error(files: Sequence[Path], unparsed: Sequence[Unparsed]) -> DataError:
    names = ", ".join(path.name for path in files)
    first = f"; the first: {unparsed[0].reason}" if unparsed else ""
    return DataError(f"No row of {names} could be parsed{first}. Expected {_EXPECTED}.")


def _content(path: Path) -> bytes:
    """Read a file, and decompress it if it is gzipped."""
    try:
        content = path.read_bytes()
        if content.startswith(_ZIP):
            raise DataError(f"{str(path)!r} is a zip archive. Unpack it, and name the JSON file.")
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}.") from error


def _records(path: Path, content: bytes) -> Iterator[_Record]:
    """Yield the rows of a JSON list or of JSON lines."""
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip().startswith("["):
            for row, value in enumerate(json.loads(text), start=1):
                yield _Record(path.name, row, value)
            return
    except (ValueError, RecursionError) as error:
        raise DataError(f"{str(path)!r} cannot be read as JSON: {error}. Expected {_EXPECTED}.") from error
    for row, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _Record(path.name, row, _line(line))


def _line(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return UnparsedError(f"the line is not valid JSON ({error})")


def _entry(value: object, number: int) -> Entry:
    if isinstance(value, UnparsedError):
        raise value
    return read_entry(value, number)


def _restored(entry: Entry, config: str, row: Instance) -> str:
    """Return the released prompt with the history and candidates of our instance."""
    prompt = entry.prompts[config]
    return write_prompt(replace(prompt, history=released_history(row), candidates=released_candidates(row)))


def _counts(rows: int) -> dict[str, int]:
    return {split: rows if split == SPLIT else 0 for split in SPLITS}


def _write(folder: Path, read: _Read, tools: Sequence[ToolRow], manifest: Manifest) -> None:
    for split in SPLITS:
        for config in HISTORY_TYPES:
            _write_split(folder / split_file(config, split), read.rows[config] if split == SPLIT else [])
        write_tools(folder / split_file(TOOLS, split), tools if split == SPLIT else ())
    unparsed = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in read.unparsed)
    (folder / UNPARSED).write_text(unparsed, encoding="utf-8")
    (folder / CARD).write_text(_card(manifest), encoding="utf-8")
    (folder / MANIFEST).write_text(replace(manifest, files=file_hashes(folder)).to_json(), encoding="utf-8")


def _write_split(path: Path, rows: Sequence[Instance]) -> None:
    writer = TableWriter(path, Instance)
    for row in rows:
        writer.add(row)
    writer.close()


def _card(manifest: Manifest) -> str:
    """Return the dataset card, whose header lists the files for the `datasets` library."""
    configs = {**dict.fromkeys(HISTORY_TYPES, Instance), TOOLS: ToolRow}
    head = {
        "pretty_name": "Rows of the earlier benchmark",
        "configs": [
            {"config_name": name, "data_files": [{"split": SPLIT, "path": split_file(name, SPLIT)}]} for name in configs
        ],
        "dataset_info": [{"config_name": name, "features": feature_specs(row)} for name, row in configs.items()],
    }
    body = _CARD.format(rows=manifest.counts["rows_imported"], build_id=manifest.build_id, canary=CANARY)
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n{body}"
