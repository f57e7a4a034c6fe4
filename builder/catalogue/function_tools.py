"""Function tools as language models are given them: a JSON list, or one a line.

Names often begin with who provides the function (`maps__route`, `maps.route`, `maps-route`). Where a file has several
such beginnings they are its providers, unless they are verbs; else the file is the provider.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.errors import CatalogueError
from builder.manifest import content_hash

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
"""Words that say what a function does, so that they name no provider."""
_EXPECTED: Final = "a JSON list of function tools, or one function tool a line, each with a name and parameters"


class FunctionSource:
    """Reads a file of function tools."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise CatalogueError(path, "there is no such file", _EXPECTED)
        self._path = path
        self.skipped: Counter[str] = Counter()
        """References that were not followed while reading, by reason."""

    @property
    def identity(self) -> str:
        """Kind and content hash; the file's name counts, since it may be the provider."""
        return f"openai sha256:{content_hash({self._path.name: self._path})}"

    def read(self) -> Iterator[RawTool]:
        """Yield every function in file order.

        Raises:
            CatalogueError: If the file is not what it should be; names the line or the entry.
        """
        self.skipped.clear()
        return self._read()

    def _read(self) -> Iterator[RawTool]:
        functions = [_function(entry, self._path) for entry in _entries(self._path)]
        separator = _provider_separator([function.name for function in functions])
        for function in functions:
            provider, found, operation = function.name.partition(separator) if separator else ("", "", "")
            named = bool(found and provider and operation)
            schemas = SchemaReader(References(function.schema, self.skipped))
            yield RawTool(
                category="Other",
                provider=provider if named else self._path.stem,
                provider_description="",
                operation=operation if named else function.name,
                operation_description=function.about,
                parameters=schemas.parameters(schemas.merged(function.schema)) or (),
            )


class _Entry(NamedTuple):
    """One entry of the file."""

    value: object
    number: int
    line: int | None = None
    """Where the file has one entry a line."""


class _Function(NamedTuple):
    name: str
    about: str
    schema: dict[str, Any]


def _entries(path: Path) -> list[_Entry]:
    """The entries of a file.

    Raises:
        CatalogueError: If it is neither a list nor one JSON object a line, or holds nothing.
    """
    try:
        text = read_text(path)
        whole = parse_json(text) if text.lstrip().startswith("[") else None
    except UnreadableError as error:
        raise CatalogueError(path, error.problem, _EXPECTED) from error
    if isinstance(whole, list):
        if not whole:
            raise CatalogueError(path, "the list is empty", _EXPECTED)
        return [_Entry(value, number) for number, value in enumerate(whole)]
    found: list[_Entry] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(_Entry(json.loads(line), len(found), number))
            except (ValueError, RecursionError) as error:
                raise CatalogueError(path, "not JSON", _EXPECTED, number) from error
    return found


def _function(entry: _Entry, path: Path) -> _Function:
    """The function of an entry, in whichever of the three forms it is.

    Raises:
        CatalogueError: If it is none.
    """
    outer = as_object(entry.value)
    inner = outer["function"] if isinstance(outer.get("function"), dict) else outer
    name, schema = as_text(inner.get("name")), inner.get("parameters")
    if outer.get("type", "function") != "function":
        problem = f"it is of the type {str(outer['type'])[:40]!r}"
    elif not name:
        problem = "it has no name"
    elif not isinstance(schema, dict | None):
        problem = f"its parameters are a {type(schema).__name__}"
    else:
        return _Function(name, as_text(inner.get("description")), schema or {})
    raise CatalogueError(path, f"entry {entry.number} is no function tool: {problem}", _EXPECTED, entry.line)


def _provider_separator(names: Sequence[str]) -> str | None:
    """What separates provider and function in the names of a file; None where the names hold no providers."""
    for separator in _SEPARATORS:
        heads = {head for head, found, tail in (name.partition(separator) for name in names) if head and found and tail}
        if len(heads) > 1 and not {head.lower() for head in heads} & _VERBS:
            return separator
    return None
