"""How a file becomes plain data as JSON knows it: one JSON or YAML document, within bounds.

A file is refused for one of a few reasons, each a name that can be counted. YAML is read as the JSON that it stands
for: keys are text, dates stay text, `yes` is no truth value. Aliases are shared and not copied, and what they would
expand to is counted, so that a small file cannot stand for a huge one.
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
"""Largest file that is read."""
MAX_DEPTH: Final = 500
"""Deepest nesting of a YAML document; JSON's own parser has a bound of the same order."""
MAX_ALIASED: Final = 1_000_000
"""Most values that the aliases of a YAML document may stand for."""
MAX_TEXT: Final = 2_000
"""Longest text that is kept, in characters; what a tool shows is a fifth of it."""
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class UnreadableError(Exception):
    """A file that does not hold what it should."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason
        """A name to count it under."""
        self.problem = problem
        """A clause for the person who gave the file."""


def read_document(path: Path) -> object:
    """The content of a file: JSON where its name ends so, else YAML.

    Raises:
        UnreadableError: If the file cannot be read as one document within bounds.
    """
    text = read_text(path)
    return parse_json(text) if path.suffix.lower() == ".json" else parse_yaml(text)


def readable_files(root: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """The files below a folder whose names end so, by path in the folder, in sorted order."""
    found = (path for path in root.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return dict(sorted((path.relative_to(root).as_posix(), path) for path in found))


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UnreadableError: If it cannot be opened, is too large, is not UTF-8 or holds nothing.
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
    """JSON as plain data.

    Raises:
        UnreadableError: If it is not JSON, or nested too deep.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UnreadableError("document_too_deep", "nested too deep") from error
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        raise UnreadableError("document_not_json", problem) from error
    except ValueError as error:  # a number of thousands of digits
        raise UnreadableError("document_not_json", f"not JSON ({error})") from error


def parse_yaml(text: str) -> object:
    """The first document of a YAML text as plain data.

    Raises:
        UnreadableError: If it is not YAML, cannot be said in JSON, is nested too deep, or its aliases stand for too
            much.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except yaml.YAMLError as error:
        raise UnreadableError("document_not_yaml", f"not YAML ({' '.join(str(error).split())})") from error
    return builder.result


@dataclass(slots=True)
class _Open:
    """A mapping or list that is not finished."""

    held: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    """Of a mapping, the key whose value comes next."""
    size: int = 1
    """Values in it, itself among them, aliases at full length."""


class _Builder:
    """Puts the events of a YAML document together, without recursion, so that depth is a number to check."""

    def __init__(self) -> None:
        self.result: object = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._aliased = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the document."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            if self._wants_key():
                raise UnreadableError("document_not_yaml", "a key is no text, which JSON has no way to say")
            if len(self._open) >= MAX_DEPTH:
                raise UnreadableError("document_too_deep", "nested too deep")
            held: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append(_Open(held, event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            self._put(done.held, done.size, done.anchor)

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].held, dict) and self._open[-1].key is None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        plain = bool(event.implicit[0]) and not self._wants_key()
        self._put(_plain_scalar(event.value) if plain else event.value, 1, event.anchor)

    def _alias(self, anchor: str | None) -> None:
        if anchor is None or anchor not in self._anchors:
            raise UnreadableError("document_not_yaml", f"the alias {anchor!r} stands for nothing, or for what it is in")
        value, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise UnreadableError("document_expands", f"its aliases stand for more than {MAX_ALIASED:,} values")
        self._put(value, size, None)

    def _put(self, value: object, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.result = value
            return
        top = self._open[-1]
        top.size += size
        if isinstance(top.held, list):
            top.held.append(value)
        elif top.key is None:
            top.key = str(value)
        else:
            if top.key == "<<" and isinstance(value, dict):  # a merge: what the mapping says itself goes before
                top.held |= {key: item for key, item in value.items() if key not in top.held}
            else:
                top.held[top.key] = value
            top.key = None


def _plain_scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def as_object(value: object) -> dict[str, Any]:
    """The value, where it is a JSON object; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value, where it is a JSON array; else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value as text that can be written, without space around it; empty where it is neither text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
