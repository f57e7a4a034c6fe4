"""Providers of tools: the part of the documentation that names who offers a tool.

A catalogue does not always say so. By default each source takes what its form provides (the title of an OpenAPI
document, the name of an MCP server, a prefix of function names), and a file without any of these is one provider. The
option `--provider-from` chooses:

* `name`: the part of the tool's name before the most frequent separator, as in `acme_forecast` or `acme.forecast`;
* `server`: the MCP server, or the host of the first server of an OpenAPI document;
* `file`: the name of the file;
* any other value: a field of the tool as its file states it, such as `x-provider` or `_meta.vendor`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from builder.errors import BuildError

from .documents import as_object, as_text
from .raw_tools import CatalogueSource, RawTool, Skipped

RULES: Final = ("name", "server", "file")
"""Values of `--provider-from` with a fixed meaning. Every other value is the name of a field."""
SEPARATORS: Final = ("__", ".", "/", ":", "-", "_")
"""Separators between the provider and the operation in a name, in the order in which they are tried."""
VERBS: Final = frozenset(
    [
        *("add", "book", "buy", "calculate", "call", "cancel", "check", "compare", "compute", "convert", "count"),
        *("create", "delete", "detect", "edit", "estimate", "execute", "fetch", "filter", "find", "generate", "get"),
        *("insert", "is", "list", "load", "lookup", "make", "open", "order", "play", "post", "predict", "put", "query"),
        *("read", "remove", "reserve", "resolve", "run", "save", "search", "send", "set", "show", "sort", "start"),
        *("stop", "submit", "translate", "update", "validate", "verify", "write"),
    ]
)
"""Prefixes that describe an action and therefore do not name a provider."""
_PLAIN: Final = "_"
"""Separator that also stands between words, so that it needs evidence to be one after a provider."""
_MIN_SHARED: Final = 2
"""Providers that must have an operation of the same name before `_` counts as a separator."""


def provider_separator(names: Sequence[str]) -> str | None:
    """Return the separator between provider and operation in names; None if they have no common form.

    A prefix that is a verb names no provider. A single `_` counts only if operations of the same name occur after
    several prefixes, such as `acme_forecast` and `borealis_forecast`.

    Args:
        names: Names of all tools of a catalogue.
    """
    for separator in SEPARATORS:
        parts = [(prefix, rest) for prefix, _, rest in (name.partition(separator) for name in names) if prefix and rest]
        prefixes = {prefix.lower() for prefix, _ in parts}
        if len(prefixes) < _MIN_SHARED or prefixes & VERBS:
            continue
        if separator != _PLAIN or _shares_operations(parts, len(names)):
            return separator
    return None


def _shares_operations(parts: Sequence[tuple[str, str]], total: int) -> bool:
    """Return True if most names have an operation that another prefix has too."""
    providers = Counter(rest for _, rest in set(parts))
    shared = sum(providers[rest] >= _MIN_SHARED for _, rest in parts)
    return 2 * shared > total


def with_prefix_providers(tools: Iterable[RawTool]) -> Iterator[RawTool]:
    """Yield the tools of a catalogue with providers, which their names can state if everything is of one provider.

    A gateway, for example, is one MCP server whose tools are those of several companies.
    """
    listed = list(tools)
    names = [_full_name(tool) for tool in listed]
    separator = provider_separator(names) if len({tool.provider for tool in listed}) == 1 else None
    if separator is None or not _shares_operations([_halves(name, separator) for name in names], len(names)):
        return iter(listed)
    return (
        (_renamed(tool, name.partition(separator)[0], "name", separator) if separator in name else None) or tool
        for tool, name in zip(listed, names, strict=True)
    )


def _halves(name: str, separator: str) -> tuple[str, str]:
    provider, _, operation = name.partition(separator)
    return provider, operation


class ProviderSource:
    """Catalogue whose providers are read from another part of it.

    Args:
        source: The catalogue.
        rule: Value of `--provider-from`.
    """

    def __init__(self, source: CatalogueSource, rule: str) -> None:
        self._source = source
        self._rule = rule

    @property
    def skipped(self) -> Skipped:
        """Items that the last `read` skipped."""
        return self._source.skipped

    @property
    def identity(self) -> str:
        """Identity of the catalogue, and the rule."""
        return f"{self._source.identity} provider-from {self._rule}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation with the provider that the rule names.

        Raises:
            CatalogueError: If the catalogue cannot be read.
            BuildError: If the rule names no provider for any tool.
        """
        tools = list(self._source.read())
        separator = _separator_by_rule([_full_name(tool) for tool in tools])
        found = [_renamed(tool, self._provider(tool, separator), self._rule, separator) for tool in tools]
        named = [tool for tool in found if tool is not None]
        if not named:
            raise BuildError(self._problem(tools))
        for tool, changed in zip(tools, found, strict=True):
            if changed is None:
                self.skipped.skip("provider_missing", f"{_full_name(tool)!r} has no provider by {self._rule!r}")
        return iter(named)

    def _provider(self, tool: RawTool, separator: str | None) -> str:
        if self._rule == "name":
            return _full_name(tool).partition(separator)[0] if separator and separator in _full_name(tool) else ""
        if self._rule in RULES:
            return {"server": tool.origin.server, "file": tool.origin.file}[self._rule]
        return _field(tool.origin.record, self._rule)

    def _problem(self, tools: Sequence[RawTool]) -> str:
        example = tools[0] if tools else None
        fields = sorted(_text_fields(example.origin.record)) if example else []
        name = f" The first tool is {_full_name(example)!r}" if example else ""
        has = f", with the fields {', '.join(fields[:12])}." if fields else "."
        return (
            f"--provider-from {self._rule!r} names no provider for any of the {len(tools)} tools."
            f"{name}{has if name else ''} Allowed values: {', '.join(RULES)}, or a field that the tools have."
        )


def _separator_by_rule(names: Sequence[str]) -> str | None:
    """Return the separator after the provider where the user says that names begin with it: the most frequent one."""
    usable = {
        separator: sum(bool(prefix and rest) for prefix, _, rest in (name.partition(separator) for name in names))
        for separator in SEPARATORS
    }
    best = max(usable.values(), default=0)
    return next((separator for separator in SEPARATORS if best and usable[separator] == best), None)


def _renamed(tool: RawTool, provider: str, rule: str, separator: str | None) -> RawTool | None:
    """Return a tool with another provider; None if there is none."""
    if not provider:
        return None
    name = _full_name(tool)
    begins = separator is not None and name.lower().startswith(f"{provider.lower()}{separator}")
    operation = name[len(provider) + len(separator or "") :] if begins else name
    return replace(tool, provider=provider, operation=operation if rule == "name" else tool.operation)


def _full_name(tool: RawTool) -> str:
    return tool.origin.name or tool.operation


def _field(record: Mapping[str, Any], path: str) -> str:
    """Return the text of a field: the whole path as a key, or a path of keys joined by dots; empty if missing."""
    if path in record:
        return _text(record[path])
    value: object = record
    for key in path.split("."):
        value = as_object(value).get(key)
    return _text(value)


def _text(value: object) -> str:
    """Return a value as text; of a list the first item, and of an object its name."""
    if isinstance(value, list) and value:
        value = value[0]
    return as_text(as_object(value).get("name")) or as_text(value)


def _text_fields(record: object, prefix: str = "") -> Iterable[str]:
    for key, value in as_object(record).items():
        if isinstance(value, dict) and not prefix:
            yield from _text_fields(value, f"{key}.")
        elif _text(value):
            yield f"{prefix}{key}"
