"""Read JSON and YAML files as plain JSON data, within size limits.

Files may be compressed with gzip, and may be UTF-16 with a byte order mark. Pipes and devices are never opened.

YAML is limited to what JSON can express: keys are strings, dates stay strings, and only `true` and `false` are booleans
(`yes` is a string). A number keeps the text in which it is written, since it can be the value of a text parameter.
Aliases share one object and are not copied. Their expanded size is limited, so that a small file cannot expand to a
huge document. Every error has a short reason under which it is counted.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from builder.errors import CatalogueError
from builder.words import printable

from .raw_tools import Skipped

MAX_BYTES: Final = 128 * 2**20
"""Size limit of a file, in bytes."""
MAX_DEPTH: Final = 500
"""Nesting limit of a YAML document. The JSON parser of Python has a similar limit."""
MAX_ALIASED: Final = 1_000_000
"""Limit on the values that all aliases of a YAML document expand to."""
MAX_TEXT: Final = 2_000
"""Length at which `as_text` cuts a text, in characters. Tool descriptions are cut further when normalised."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""
_FORK: Final = "._"
"""Beginning of the names of AppleDouble files, which macOS writes next to a file to hold its resource fork."""
_FORK_FOLDER: Final = "__MACOSX"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""JSON escape of a surrogate, in a pair or alone."""
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MERGE: Final = "<<"
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class UnreadableError(Exception):
    """File or response that cannot be read as the expected data."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason
        """Identifier under which the error is counted."""
        self.problem = problem
        """Description of the problem for the user, as a clause."""


def check_path(path: Path, expected: str, *, folder: bool = True) -> None:
    """Refuse a path that is missing, or that is neither a file nor, if it is allowed, a folder.

    Raises:
        CatalogueError: If it is not allowed.
    """
    if not path.exists():
        raise CatalogueError(path, f"there is no such file{' or folder' if folder else ''}", expected)
    if path.is_dir() and not folder:
        raise CatalogueError(path, "there is no such file: it is a folder", expected)
    if not path.is_dir() and not path.is_file():
        raise CatalogueError(path, "not a regular file, but a pipe or a device. Save its content to a file", expected)


def catalogue_files(
    root: Path, suffixes: tuple[str, ...], skipped: Skipped | None = None, pattern: str = "**/*"
) -> dict[str, Path]:
    """Return the files below a folder that have one of the suffixes, sorted by their path relative to the folder.

    Args:
        root: The folder.
        suffixes: Suffixes in lower case.
        skipped: Record of the resource forks, pipes and devices that are left out.
        pattern: Pattern of the relative paths.
    """
    files: dict[str, Path] = {}
    for path in root.glob(pattern):
        if path.suffix.lower() not in suffixes or path.is_dir():
            continue
        name = path.relative_to(root).as_posix()
        if path.name.startswith(_FORK) or _FORK_FOLDER in path.relative_to(root).parts:
            reason, problem = "resource_fork", "a resource fork of macOS"
        elif not path.is_file():
            reason, problem = "document_not_a_file", "not a regular file"
        else:
            files[name] = path
            continue
        if skipped is not None:
            skipped.skip(reason, f"{name}: {problem}")
    return dict(sorted(files.items()))


def hashable_files(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files that can be read and are not larger than `MAX_BYTES`; a source does not read the others."""
    return {name: path for name, path in files.items() if os.access(path, os.R_OK) and path.stat().st_size <= MAX_BYTES}


def read_document(path: Path, duplicates: list[str]) -> object:
    """Read a file as JSON if its suffix is `.json`, else as YAML.

    Args:
        path: The file.
        duplicates: Keys that occur more than once in an object are appended to this list. The last value is kept.

    Raises:
        UnreadableError: If the file cannot be read, or exceeds a limit.
    """
    text = read_text(path)
    return parse_json(text, duplicates) if path.suffix.lower() == ".json" else parse_yaml(text, duplicates)


def read_text(path: Path, limit: int | None = None, errors: str = "strict") -> str:
    """Read a file that is UTF-8, or UTF-16 with a byte order mark.

    Args:
        path: The file.
        limit: Size limit, as for `read_bytes`.
        errors: Treatment of bytes that are not UTF-8, as in `bytes.decode`.

    Raises:
        UnreadableError: If it cannot be opened, is larger than the limit, is not UTF-8 or is empty.
    """
    data = read_bytes(path, limit)
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8-sig"
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        problem = f"not {encoding[:6].upper()} text (byte {error.start}). Save it as UTF-8"
        raise UnreadableError("document_not_utf8", problem) from error
    if not text.strip():
        raise UnreadableError("document_empty", "the file is empty")
    return text


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """Read a file, decompressed if it is gzip.

    Args:
        path: The file.
        limit: Size limit before and after decompression, in bytes; by default `MAX_BYTES`. 0 for no limit.

    Raises:
        UnreadableError: If it is not a regular file, cannot be read, or is larger than the limit.
    """
    limit = MAX_BYTES if limit is None else limit
    size = limit + 1 if limit else -1
    if not path.is_file():
        raise UnreadableError("document_not_a_file", "not a regular file")
    try:
        with path.open("rb") as stream:
            data = stream.read(size)
        if data.startswith(_GZIP_MAGIC):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                data = stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError("document_not_opened", f"cannot be read ({error})") from error
    if limit and len(data) > limit:
        raise UnreadableError("document_too_large", f"larger than {limit // 2**20} MiB")
    return data


def parse_json(text: str, duplicates: list[str] | None = None) -> Any:
    """Parse a JSON text. Lone surrogates, which cannot be encoded as UTF-8, are replaced.

    They occur where a text was cut within an emoji.

    Args:
        text: The text.
        duplicates: Keys that occur more than once in an object are appended to this list. The last value is kept.

    Raises:
        UnreadableError: If it is not JSON, or is nested too deeply.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs) and duplicates is not None:
            numbers = Counter(key for key, _ in pairs)
            duplicates.extend(repr(key) for key, number in numbers.items() if number > 1)
        return value

    try:
        value = json.loads(text, object_pairs_hook=unique)
        if _SURROGATE.search(text):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise UnreadableError("document_too_deep", "nested too deeply") from error
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        raise UnreadableError("document_not_json", problem) from error
    except ValueError as error:  # Python limits the number of digits of an integer.
        raise UnreadableError("document_not_json", f"not JSON ({error})") from error
    return value


def parse_yaml(text: str, duplicates: list[str] | None = None) -> object:
    """Parse the first document of a YAML text.

    Args:
        text: The text.
        duplicates: Keys that occur more than once in a mapping are appended to this list, with their lines. The last
            value is kept.

    Raises:
        UnreadableError: If it is not YAML, has no JSON equivalent, is nested too deeply, or its aliases expand to too
            many values.
    """
    builder = _YamlBuilder([] if duplicates is None else duplicates)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.process(event)
    except yaml.YAMLError as error:
        raise UnreadableError("document_not_yaml", f"not YAML ({' '.join(str(error).split())})") from error
    return builder.result


@dataclass(slots=True)
class _OpenCollection:
    """Mapping or list whose end event has not been read yet."""

    content: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    """For a mapping, the key of the next value."""
    key_line: int = 0
    """Line of that key."""
    size: int = 1
    """Number of values in the collection, including itself, with aliases expanded."""
    keys: set[str] = field(default_factory=set)
    """For a mapping, the keys that it states itself, so that they take precedence over merged ones."""


class _YamlBuilder:
    """Builder of plain data from YAML parser events. It does not recurse, so that it can limit the depth itself."""

    def __init__(self, duplicates: list[str]) -> None:
        self.result: object = None
        self._duplicates = duplicates
        self._line = 0
        self._open: list[_OpenCollection] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._aliased = 0

    def process(self, event: yaml.Event) -> None:
        """Process the next event of the document."""
        self._line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            if self._expects_key():
                raise UnreadableError("document_not_yaml", "a mapping key is not text, as JSON requires")
            if len(self._open) >= MAX_DEPTH:
                raise UnreadableError("document_too_deep", "nested too deeply")
            content: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append(_OpenCollection(content, event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            self._add(closed.content, closed.size, closed.anchor)

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].content, dict) and self._open[-1].key is None

    def _add_scalar(self, event: yaml.ScalarEvent) -> None:
        plain = bool(event.implicit[0]) and not self._expects_key()
        self._add(_plain_scalar(event.value) if plain else event.value, 1, event.anchor)

    def _add_alias(self, anchor: str | None) -> None:
        if anchor is None or anchor not in self._anchors:
            problem = f"the alias {anchor!r} has no anchor before it, or refers to a collection that contains it"
            raise UnreadableError("document_not_yaml", problem)
        value, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise UnreadableError("document_expands", f"its aliases expand to more than {MAX_ALIASED:,} values")
        self._add(value, size, None)

    def _add(self, value: object, size: int, anchor: str | None) -> None:
        """Add a finished value to the innermost open collection."""
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.result = value
            return
        top = self._open[-1]
        top.size += size
        if isinstance(top.content, list):
            top.content.append(value)
        elif top.key is None:
            top.key, top.key_line = str(value), self._line
        else:
            if top.key == _MERGE and _mappings(value):  # Existing keys of the mapping win, and earlier mappings.
                for mapping in _mappings(value):
                    top.content |= {key: item for key, item in mapping.items() if key not in top.content}
            else:
                if top.key in top.keys:
                    self._duplicates.append(f"{top.key!r} at line {top.key_line}")
                top.keys.add(top.key)
                top.content[top.key] = value
            top.key = None


def _mappings(value: object) -> list[dict[str, Any]]:
    """Return the mappings that a merge key names: one, or a list of them; empty for any other value."""
    values: list[Any] = value if isinstance(value, list) else [value]
    return values if all(isinstance(mapping, dict) for mapping in values) else []


def _plain_scalar(text: str) -> object:
    """Return the JSON value of an unquoted YAML scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if str(int(text)) == text else _WrittenInteger(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text) if str(float(text)) == text else _WrittenFloat(text)
    return text


class _WrittenInteger(int):
    """Integer that is written in another form than Python's, such as 0123. `str` returns the form that was written."""

    _text: str

    def __new__(cls, text: str) -> _WrittenInteger:
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __str__(self) -> str:
        return self._text


class _WrittenFloat(float):
    """Number that is written in another form than Python's, such as 1.10. `str` returns the form that was written."""

    _text: str

    def __new__(cls, text: str) -> _WrittenFloat:
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __str__(self) -> str:
        return self._text


def as_object(value: object) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return the value if it is a JSON array, else an empty list."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a string or number as stripped text that can be printed; for other types an empty string."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return printable(str(value)).strip()[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
