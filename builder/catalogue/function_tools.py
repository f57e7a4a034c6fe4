"""Function tools in the format of language model APIs: a JSON list, or one tool per line.

Function names often start with the provider (`maps__route`, `maps.route`, `maps-route`). If the names of a file have
several such prefixes, and no prefix is a verb, they are the providers. Otherwise the file name is the provider.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.build_manifest import content_hash
from builder.errors import CatalogueError

from .documents import UnreadableError, as_object, as_text, parse_json, read_text
from .json_references import References
from .raw_tools import RawTool
from .schema_parameters import SchemaReader

_SEPARATORS: Final = ("__", ".", "-")
_VERBS: Final = frozenset(
    [
        *("add", "book", "buy", "calculate", "call", "cancel", "check", "compare", "compute", "convert", "count"),
        *("create", "delete", "detect", "edit", "estimate", "execute", "fetch", "filter", "find", "generate", "get"),
        *("insert", "is", "list", "load", "lookup", "make", "open", "order", "play", "post", "predict", "put", "query"),
        *("read", "remove", "reserve", "resolve", "run", "save", "search", "send", "set", "show", "sort", "start"),
        *("stop", "submit", "translate", "update", "validate", "verify", "write"),
    ]
)
"""Prefixes that describe an action and therefore do not name a provider."""
_EXPECTED: Final = "a JSON list of function tools, or one function tool per line, each with a name and parameters"


class FunctionSource:
    """Catalogue of function tools in one file."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise CatalogueError(path, "there is no such file", _EXPECTED)
        self._path = path
        self.skipped: Counter[str] = Counter()
        """Number of references that could not be resolved in the last `read`, by reason."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of the name and content of its file. The name may become the provider name."""
        return f"openai sha256:{content_hash({self._path.name: self._path})}"

    def read(self) -> Iterator[RawTool]:
        """Yield every function in file order.

        Raises:
            CatalogueError: If an entry of the file is not a function tool. The message names its line or position.
        """
        self.skipped.clear()
        return self._read()

    def _read(self) -> Iterator[RawTool]:
        functions = [_function(entry, self._path) for entry in _entries(self._path)]
        separator = _provider_separator([function.name for function in functions])
        for function in functions:
            provider, _, operation = function.name.partition(separator) if separator else ("", "", "")
            has_provider = bool(provider and operation)
            schemas = SchemaReader(References(function.schema, self.skipped))
            yield RawTool(
                category="Other",
                provider=provider if has_provider else self._path.stem,
                provider_description="",
                operation=operation if has_provider else function.name,
                operation_description=function.description,
                parameters=schemas.parameters(schemas.merged(function.schema)) or (),
            )


class _Entry(NamedTuple):
    """Entry of the file, not yet validated."""

    value: object
    position: int
    line: int | None = None
    """Line number, if the file has one entry per line."""


class _Function(NamedTuple):
    name: str
    description: str
    schema: dict[str, Any]


def _entries(path: Path) -> list[_Entry]:
    """Read the entries of a file.

    Raises:
        CatalogueError: If it is neither a JSON list nor one JSON value per line, or is empty.
    """
    try:
        text = read_text(path)
        document = parse_json(text) if text.lstrip().startswith("[") else None
    except UnreadableError as error:
        raise CatalogueError(path, error.problem, _EXPECTED) from error
    if isinstance(document, list):
        if not document:
            raise CatalogueError(path, "the list is empty", _EXPECTED)
        return [_Entry(value, position) for position, value in enumerate(document)]
    entries: list[_Entry] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                entries.append(_Entry(json.loads(line), len(entries), number))
            except (ValueError, RecursionError) as error:
                raise CatalogueError(path, "not JSON", _EXPECTED, number) from error
    return entries


def _function(entry: _Entry, path: Path) -> _Function:
    """Return the function of an entry: nested under `function`, flat with a `type`, or flat without one.

    Raises:
        CatalogueError: If the entry is not a function tool.
    """
    outer = as_object(entry.value)
    inner = outer["function"] if isinstance(outer.get("function"), dict) else outer
    name, schema = as_text(inner.get("name")), inner.get("parameters")
    if outer.get("type", "function") != "function":
        problem = f"its type is {str(outer['type'])[:40]!r}"
    elif not name:
        problem = "it has no name"
    elif not isinstance(schema, dict | None):
        problem = f"its parameters are a {type(schema).__name__}, not an object"
    else:
        return _Function(name, as_text(inner.get("description")), schema or {})
    raise CatalogueError(path, f"entry {entry.position} is not a function tool: {problem}", _EXPECTED, entry.line)


def _provider_separator(names: Sequence[str]) -> str | None:
    """Return the separator between provider and function in the names; None if the names have no providers."""
    for separator in _SEPARATORS:
        parts = (name.partition(separator) for name in names)
        prefixes = {prefix for prefix, _, rest in parts if prefix and rest}
        if len(prefixes) > 1 and not {prefix.lower() for prefix in prefixes} & _VERBS:
            return separator
    return None
