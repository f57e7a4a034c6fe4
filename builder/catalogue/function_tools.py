"""Function tools in the format of language model APIs: a JSON list, one tool per line, or an object that contains them.

An entry that is not a function, such as a tool that the provider hosts, is skipped and counted.

Function names often start with the provider (`maps__route`, `maps.route`, `maps_route`). If the names of a file have
several such prefixes (see `provider_names`), they are the providers. Otherwise the file name is the provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.build_manifest import content_hash
from builder.errors import CatalogueError
from builder.records import NO_CATEGORY

from .documents import UnreadableError, as_object, as_text, check_path, hashable_files
from .entries import Entry, convert_entries, read_entries, schema_of
from .json_references import References
from .provider_names import provider_separator
from .raw_tools import Origin, RawParameter, RawTool, Skipped
from .schema_parameters import SchemaReader

_NESTED: Final = ("function", "toolSpec")
"""Keys under which an entry contains its function."""
_FUNCTION_TYPES: Final = ("function", "custom", None)
"""Types of entries that can be functions. Tools that a provider hosts, such as `web_search`, have others."""
_EXPECTED: Final = "a JSON list of function tools, or one function tool per line, each with a name and parameters"


class FunctionSource:
    """Catalogue of function tools in one file."""

    def __init__(self, path: Path) -> None:
        check_path(path, _EXPECTED, folder=False)
        self._path = path
        self.skipped = Skipped()
        """Entries and references that the last `read` skipped."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of the name and content of its file. The name may become the provider name."""
        return f"openai sha256:{content_hash(hashable_files({self._path.name: self._path}))}"

    def read(self) -> Iterator[RawTool]:
        """Yield every function in file order.

        Raises:
            CatalogueError: If no entry of the file is a function tool.
        """
        self.skipped.clear()
        return self._read()

    def _read(self) -> Iterator[RawTool]:
        self.skipped.place = self._path.name
        try:
            entries = read_entries(self._path, self.skipped)
            functions = list(convert_entries(entries, self._function, self.skipped))
        except UnreadableError as error:
            raise CatalogueError(self._path, error.problem, _EXPECTED) from error
        separator = provider_separator([function.name for function in functions])
        for function in functions:
            provider, _, operation = function.name.partition(separator) if separator else ("", "", "")
            has_provider = bool(provider and operation)
            yield RawTool(
                category=NO_CATEGORY,
                provider=provider if has_provider else self._path.stem,
                provider_description="",
                operation=operation if has_provider else function.name,
                operation_description=function.description,
                parameters=function.parameters,
                origin=Origin(function.name, file=self._path.stem, record=function.record),
            )

    def _function(self, entry: Entry) -> _Function:
        """Return the function of an entry: nested under `function` or `toolSpec`, flat with a `type`, or without one.

        Raises:
            UnreadableError: If the entry is not a function tool, or its parameters cannot be read.
        """
        outer = as_object(entry.value)
        inner = next((outer[key] for key in _NESTED if isinstance(outer.get(key), dict)), outer)
        name = as_text(inner.get("name"))
        if outer.get("type", "function") not in _FUNCTION_TYPES:
            raise UnreadableError("entry_not_a_function", f"its type is {str(outer['type'])[:40]!r}")
        if not name:
            raise UnreadableError("entry_not_a_function", "it has no name")
        try:
            schema = schema_of(inner)
            if schema is None and outer.get("type") == "custom":
                raise UnreadableError("entry_not_a_function", "it takes free text, not parameters")
            parameters = SchemaReader(References(schema, self.skipped)).inputs(schema)
        except UnreadableError as error:
            raise UnreadableError(error.reason, f"{name!r}: {error.problem}") from error
        return _Function(name, as_text(inner.get("description")), parameters, {**outer, **inner})


class _Function(NamedTuple):
    name: str
    description: str
    parameters: tuple[RawParameter, ...]
    record: Mapping[str, Any]
    """The function as its entry states it, with the keys of the entry."""
