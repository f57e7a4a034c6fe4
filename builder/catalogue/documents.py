"""Read JSON and YAML files as plain JSON data, within size limits.

YAML is limited to what JSON can express: keys are strings, dates stay strings, and only `true` and `false` are booleans
(`yes` is a string). Aliases share one object and are not copied. Their expanded size is limited, so that a small file
cannot expand to a huge document. Every error has a short reason under which it is counted.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 128 * 2**20
"""Size limit of a file, in bytes."""
MAX_DEPTH: Final = 500
"""Nesting limit of a YAML document. The JSON parser of Python has a similar limit."""
MAX_ALIASED: Final = 1_000_000
"""Limit on the values that all aliases of a YAML document expand to."""
MAX_TEXT: Final = 2_000
"""Length at which `as_text` cuts a text, in characters. Tool descriptions are cut further when normalised."""
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
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


def read_document(path: Path) -> object:
    """Read a file as JSON if its suffix is `.json`, else as YAML.

    Raises:
        UnreadableError: If the file cannot be read, or exceeds a limit.
    """
    text = read_text(path)
    return parse_json(text) if path.suffix.lower() == ".json" else parse_yaml(text)


def readable_files(root: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Return all files below a folder that have one of the suffixes, sorted by their path relative to the folder."""
    paths = (path for path in root.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return dict(sorted((path.relative_to(root).as_posix(), path) for path in paths))


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises:
        UnreadableError: If it cannot be opened, is larger than `MAX_BYTES`, is not UTF-8 or is empty.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError("document_not_opened", f"cannot be read ({error})") from error
    if len(data) > MAX_BYTES:
        raise UnreadableError("document_too_large", f"larger than {MAX_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("document_not_utf8", f"not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise UnreadableError("document_empty", "the file is empty")
    return text


def parse_json(text: str) -> object:
    """Parse a JSON text.

    Raises:
        UnreadableError: If it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UnreadableError("document_too_deep", "nested too deeply") from error
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        raise UnreadableError("document_not_json", problem) from error
    except ValueError as error:  # Python limits the number of digits of an integer.
        raise UnreadableError("document_not_json", f"not JSON ({error})") from error


def parse_yaml(text: str) -> object:
    """Parse the first document of a YAML text.

    Raises:
        UnreadableError: If it is not YAML, has no JSON equivalent, is nested too deeply, or its aliases expand to too
            many values.
    """
    builder = _YamlBuilder()
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
    size: int = 1
    """Number of values in the collection, including itself, with aliases expanded."""


class _YamlBuilder:
    """Builder of plain data from YAML parser events. It does not recurse, so that it can limit the depth itself."""

    def __init__(self) -> None:
        self.result: object = None
        self._open: list[_OpenCollection] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._aliased = 0

    def process(self, event: yaml.Event) -> None:
        """Process the next event of the document."""
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
            top.key = str(value)
        else:
            if top.key == "<<" and isinstance(value, dict):  # A merge key: existing keys of the mapping win.
                top.content |= {key: item for key, item in value.items() if key not in top.content}
            else:
                top.content[top.key] = value
            top.key = None


def _plain_scalar(text: str) -> object:
    """Return the JSON value of an unquoted YAML scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def as_object(value: object) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return the value if it is a JSON array, else an empty list."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a string or number as stripped text that can be encoded as UTF-8; for other types an empty string."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
