"""Released files as a folder in our row format.

The rows become the validation split, since their answers are public; train and test are there and empty. A row that
cannot be read is listed in `unparsed.jsonl` with file, place and reason.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from builder.errors import DataError
from builder.execution.staging import folder_written_aside
from builder.export import TableWriter, write_tools
from builder.manifest import file_hashes, to_text
from builder.progress import Progress
from hf_dataset.layout import CANARY, CARD, MANIFEST, SPLITS, TOOLS, split_file
from hf_dataset.schema import HISTORY_TYPES, Instance, ToolRow, feature_specs

from .released_prompts import UnparsedError, write_prompt
from .released_rows import Entry, catalogue, read_entry, released_candidates, released_history, to_instances

KIND: Final = "original"
"""What the manifest of such a folder says under `kind`."""
SPLIT: Final = "validation"
UNPARSED: Final = "unparsed.jsonl"
TOKENIZER: Final = "characters of the released prompt / 4"
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_EXPECTED: Final = (
    "released rows of the earlier benchmark: a JSON list of objects or one object a line, plain or gzipped"
)
_CARD: Final = """\
# Rows of the earlier benchmark

{rows:,} released rows of the benchmark that came before PEToolBench, in PEToolBench's row format, made by `petoolbench
import-original` (import {build_id}). They are the work of its authors, under their terms: this copy is for measuring,
and is not to be published. The split is `validation`, since the answers are public. Tools have no attributes here, and
users no preference that is written down; `n_tokens` is the length of the released prompt in characters, divided by 4.

{canary}
"""


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A released row that could not be read."""

    file: str
    row: int
    """Its place in the file, from 1; its line, where the file has one row a line."""
    reason: str


@dataclass(frozen=True, slots=True)
class Import:
    """What came of an import."""

    manifest: Mapping[str, Any]
    unparsed: tuple[Unparsed, ...]


class _Record(NamedTuple):
    """A row as it stands in its file, or the reason why it is none."""

    file: str
    row: int
    value: object


@dataclass(slots=True)
class _Read:
    """What has been read so far."""

    build_id: str
    rows: dict[str, list[Instance]] = field(default_factory=lambda: {config: [] for config in HISTORY_TYPES})
    unparsed: list[Unparsed] = field(default_factory=list)
    entry_ids: set[str] = field(default_factory=set)
    given_back: int = 0
    """Released rows whose three prompts come back from our rows, byte for byte."""

    def add(self, record: _Record, number: int) -> None:
        """Read one more row."""
        try:
            entry = _entry(record.value, number)
            if entry.entry_id in self.entry_ids:
                raise UnparsedError(f"the entry_id {entry.entry_id} came before")
            made = to_instances(entry, self.build_id)
        except UnparsedError as error:
            self.unparsed.append(Unparsed(record.file, record.row, str(error)))
            return
        if entry.entry_id is not None:
            self.entry_ids.add(entry.entry_id)
        self.given_back += all(_released(entry, config, row) == entry.texts[config] for config, row in made.items())
        for config, row in made.items():
            self.rows[config].append(row)

    @property
    def imported(self) -> int:
        """Number of released rows that were read."""
        return len(self.rows[HISTORY_TYPES[0]])


def import_original(files: Sequence[Path], out: Path, progress: Progress) -> Import:
    """Import released files.

    Args:
        files: At least one, each of either form. Their order numbers the rows.
        out: Folder to make.
        progress: Called as the work goes on.

    Raises:
        DataError: If a file cannot be read, or no row of any can be.
        OutputError: If the folder is there, or cannot be made.
    """
    sources = [(path, _content(path)) for path in files]
    records = [record for path, content in sources for record in _records(path, content)]
    hashes = [sha256(content).hexdigest() for _, content in sources]
    digest = sha256("".join(hashes).encode()).hexdigest()
    read = _Read(digest[:8])
    for number, record in enumerate(records, start=1):
        read.add(record, number)
        progress("importing", number, len(records))
    if not read.imported:
        first = f"; the first: {read.unparsed[0].reason}" if read.unparsed else ""
        raise DataError(
            f"No row of {', '.join(path.name for path in files)} could be read{first}. Expected {_EXPECTED}."
        )
    tools = catalogue(row for config in HISTORY_TYPES for row in read.rows[config])
    manifest = {
        "format": 1,
        "kind": KIND,
        "canary": CANARY,
        "builder": version("petoolbench"),
        "build_id": read.build_id,
        "catalog": f"{KIND}:{digest}",
        "config": {},
        "tokenizer": TOKENIZER,
        "sources": [{"name": path.name, "sha256": one} for path, one in zip(files, hashes, strict=True)],
        "counts": {
            "rows_read": len(records),
            "rows_imported": read.imported,
            "rows_not_parsed": len(read.unparsed),
            "rows_with_entry_id": len(read.entry_ids),
            "rows_whose_prompts_come_back": read.given_back,
        },
        "rows": {**{config: _counts(read.imported) for config in HISTORY_TYPES}, TOOLS: _counts(len(tools))},
    }
    with folder_written_aside(out) as folder:
        _write(folder, read, tools, manifest)
    return Import(manifest, tuple(read.unparsed))


def is_original(manifest: Mapping[str, Any]) -> bool:
    """Whether a folder is an import of released rows, by its manifest."""
    return manifest.get("kind") == KIND


def _content(path: Path) -> bytes:
    """What a file holds, unpacked."""
    try:
        content = path.read_bytes()
        if content.startswith(_ZIP):
            raise DataError(f"{str(path)!r} is a zip archive. Unpack it, and name the JSON file in it.")
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}.") from error


def _records(path: Path, content: bytes) -> Iterator[_Record]:
    """The rows of a file: of the list that it is, or of its lines."""
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
        return UnparsedError(f"the line is no JSON ({error})")


def _entry(value: object, number: int) -> Entry:
    if isinstance(value, UnparsedError):
        raise value
    return read_entry(value, number)


def _released(entry: Entry, config: str, row: Instance) -> str:
    """The prompt, put together of its own wording and what our row says."""
    prompt = entry.prompts[config]
    return write_prompt(replace(prompt, history=released_history(row), candidates=released_candidates(row)))


def _counts(rows: int) -> dict[str, int]:
    return {split: rows if split == SPLIT else 0 for split in SPLITS}


def _write(folder: Path, read: _Read, tools: Sequence[ToolRow], manifest: Mapping[str, Any]) -> None:
    for split in SPLITS:
        for config in HISTORY_TYPES:
            writer = TableWriter(folder / split_file(config, split), Instance)
            for row in read.rows[config] if split == SPLIT else ():
                writer.add(row)
            writer.close()
        write_tools(folder / split_file(TOOLS, split), tools if split == SPLIT else ())
    listed = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in read.unparsed)
    (folder / UNPARSED).write_text(listed, encoding="utf-8")
    (folder / CARD).write_text(_card(manifest), encoding="utf-8")
    (folder / MANIFEST).write_text(to_text({**manifest, "files": file_hashes(folder)}), encoding="utf-8")


def _card(manifest: Mapping[str, Any]) -> str:
    """A page that tells people what the folder is, and `datasets` where its files are."""
    configs = {**dict.fromkeys(HISTORY_TYPES, Instance), TOOLS: ToolRow}
    head = {
        "pretty_name": "Rows of the earlier benchmark",
        "configs": [
            {"config_name": name, "data_files": [{"split": SPLIT, "path": split_file(name, SPLIT)}]} for name in configs
        ],
        "dataset_info": [{"config_name": name, "features": feature_specs(row)} for name, row in configs.items()],
    }
    body = _CARD.format(rows=manifest["counts"]["rows_imported"], build_id=manifest["build_id"], canary=CANARY)
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n{body}"
