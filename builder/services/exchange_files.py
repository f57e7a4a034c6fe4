"""The files of the exchanges of ccxt: descriptions, methods and costs of requests, without running any code."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from .literals import bases, classes, literal, method, parsed_until
from .package_files import CCXT
from .request_costs import RequestCosts, endpoint_costs, method_texts, snake_name

_FOLDER: Final = "ccxt"
_STREAMS: Final = "ccxt/pro"
_ROOT_FILE: Final = "ccxt/base/exchange.py"
_ROOT: Final = "Exchange"
_NO_METHODS: Final = frozenset(
    {
        "CORS",
        "contract",
        "future",
        "index",
        "margin",
        "option",
        "privateAPI",
        "publicAPI",
        "sandbox",
        "spot",
        "swap",
        "ws",
    }
)
"""Entries of `has` that are kinds of market or other properties."""


@dataclass(frozen=True)
class Exchange:
    """The statements of an exchange's files."""

    identifier: str
    stated: Mapping[str, Any]
    """The dictionary that its method `describe` returns, without what is no literal."""
    path: Path = field(repr=False)
    """File of its class."""
    has_streams: bool | None = None
    """True if its class for streams states one, False if its description states that there is none; otherwise None."""

    @cached_property
    def methods(self) -> Set[str]:
        """Names of the unified methods that it has, in camel case, such as `fetchOrderBook`.

        They are the entries of `has` that are True, and those that are emulated by a method of the class itself: the
        base class of all exchanges only raises an error for many of them.
        """
        has = self.stated.get("has")
        named = has.items() if isinstance(has, Mapping) else ()
        return frozenset(
            name
            for name, value in named
            if name not in _NO_METHODS
            and (value is True or (value == "emulated" and snake_name(str(name)) in self._own_methods))
        )

    def cost(self, name: str) -> float | None:
        """Return the cost of a call of a unified method, in multiples of the interval `rateLimit`.

        Args:
            name: Name of the method in camel case.

        Returns:
            The cost; None if the file does not show it, or if it depends on the kind of market or another choice.
        """
        return self._costs.cost(name)

    def endpoints(self, name: str) -> list[str]:
        """Return the methods for endpoints that a unified method of known cost calls, sorted by name."""
        return self._costs.endpoints(name)

    @cached_property
    def _own_methods(self) -> Mapping[str, str]:
        return method_texts(self.path.read_text(encoding="utf-8"))

    @cached_property
    def _costs(self) -> RequestCosts:
        return RequestCosts(endpoint_costs(self.stated.get("api")), self._own_methods, root_methods())


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Return all exchanges that state something, sorted by identifier.

    Raises:
        MissingExtraError: If ccxt is not installed.
        CatalogueError: If it has another layout.
    """
    found = {}
    for path in sorted(CCXT.path(_FOLDER).glob("*.py")):
        tree = parsed_until(path, "describe")
        for node in classes(tree) if tree is not None else ():
            describe = method(node, "describe")
            if node.name == path.stem and describe is not None and _ROOT in bases(node):
                stated = _described(describe)
                found[node.name] = Exchange(node.name, stated, path, _has_streams(node.name, stated))
    return tuple(found[name] for name in sorted(found))


def _has_streams(identifier: str, stated: Mapping[str, Any]) -> bool | None:
    path = CCXT.path(_STREAMS) / f"{identifier}.py"
    for name in ("describe", "describe_data") if path.exists() else ():
        tree = parsed_until(path, name)
        for node in classes(tree) if tree is not None else ():
            describe = method(node, name)
            has = _described(describe).get("has") if describe is not None else None
            if isinstance(has, Mapping) and any(
                value is True and (entry == "ws" or str(entry).startswith("watch")) for entry, value in has.items()
            ):
                return True
    return False if stated.get("pro") is False else None


def _described(function: ast.FunctionDef) -> Mapping[str, Any]:
    """Return the last dictionary of literals in the value that a method returns."""
    for statement in function.body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            given = statement.value.args if isinstance(statement.value, ast.Call) else [statement.value]
            value = literal(given[-1])
            return value if isinstance(value, Mapping) else {}
    return {}


@cache
def root_methods() -> Mapping[str, str]:
    """Return the text of each method of the base class of all exchanges."""
    return method_texts(CCXT.path(_ROOT_FILE).read_text(encoding="utf-8"))
