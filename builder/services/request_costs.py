"""Costs of the requests that a unified method of an exchange makes, from the syntax tree of its class.

Each endpoint of an exchange has a cost in the tree `api` of its description, in multiples of its base interval. A
method has a cost only if all ways through it that make a request cost the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

_VERBS: Final = frozenset({"delete", "get", "head", "patch", "post", "put"})
_CALL: Final = re.compile(r"\bself\.(\w+)\(")
_METHOD: Final = re.compile(r"^    def (\w+)\(", re.MULTILINE)
_ENDPOINT: Final = re.compile(r"[a-z]\w*(?:Delete|Get|Head|Patch|Post|Put)(?:[A-Z0-9]\w*)?")
"""Names of methods for endpoints; those that the tree lacks have no known cost."""
_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z]+)")
_DIRECT: Final = frozenset({"fetch", "fetch2", "request"})
"""Methods of the base class that send a request to a path that is not known here."""
_ONCE: Final = "load_"
"""Beginning of the names of methods that fill a cache once, such as `load_markets`."""
_PAGES: Final = "fetch_paginated_"
"""Beginning of the names of methods that repeat a call, which callers ask for with a parameter."""
_MOST_COSTS: Final = 32
"""Number of different costs of one method from which it is not followed further."""
_NOTHING: Final = frozenset({0.0})

Costs: TypeAlias = frozenset[float]


class UnknownCostError(Exception):
    """A request whose endpoint, cost or number the syntax tree does not show."""


def endpoint_costs(api: Any) -> dict[str, float | None]:
    """Return the cost of each endpoint by the name of its method, such as `publicGetMarketStats`.

    Args:
        api: Tree of groups, HTTP verbs and paths.

    Returns:
        Costs in multiples of the base interval; None for one that is missing, 0 or dependent on parameters.
    """
    return dict(_endpoints(api, ()))


def _endpoints(tree: Any, groups: tuple[str, ...]) -> Iterator[tuple[str, float | None]]:
    if not isinstance(tree, Mapping):
        return
    for name, inner in tree.items():
        if str(name).lower() not in _VERBS:
            yield from _endpoints(inner, (*groups, str(name)))
            continue
        costs = inner if isinstance(inner, Mapping) else dict.fromkeys(inner) if isinstance(inner, Sequence) else {}
        for path, cost in costs.items():
            words = [*groups, str(name), *filter(None, re.split(r"[^a-zA-Z0-9]", str(path)))]
            yield words[0] + "".join(word[0].upper() + word[1:] for word in words[1:]), _stated_cost(cost)


def _stated_cost(cost: Any) -> float | None:
    """Return a positive cost; None if it is missing, 0, or one of several that depend on the parameters."""
    value = cost["cost"] if isinstance(cost, Mapping) and set(cost) == {"cost"} else cost
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 else None


def method_texts(text: str) -> dict[str, str]:
    """Return the text of each method of the classes of a file, by its name."""
    found = list(_METHOD.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {match[1]: text[match.start() : end] for match, end in zip(found, ends, strict=True)}


class RequestCosts:
    """Costs of the methods of an exchange.

    Args:
        endpoints: Cost of each endpoint, as `endpoint_costs` returns them.
        own: Text of each method of its class.
        base: Text of each method of the base class of all exchanges.
    """

    def __init__(self, endpoints: Mapping[str, float | None], own: Mapping[str, str], base: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._texts = {**base, **own}
        self._asks: dict[str, bool] = {}
        self._costs: dict[str, Costs] = {}
        self._open: list[str] = []
        self._called: dict[str, set[str]] = {}

    def cost(self, method: str) -> float | None:
        """Return the cost of a unified method; None if it is not known or differs between the ways through it.

        Args:
            method: Name in camel case, such as `fetchOrderBook`.
        """
        try:
            costs = self._of_method(snake_name(method)) - _NOTHING
        except UnknownCostError:
            return None
        return next(iter(costs)) if len(costs) == 1 else None

    def endpoints(self, method: str) -> list[str]:
        """Return the names of the methods for endpoints that a unified method calls, once its cost is known."""
        return sorted(self._called.get(snake_name(method), ()))

    def _of_method(self, name: str) -> Costs:
        """Return the costs of all ways through a method to its end; ways that raise an error are left out."""
        if name in self._open:
            raise UnknownCostError(name)
        if name not in self._costs:
            if not self._makes_requests(name):
                return _NOTHING
            self._open.append(name)
            try:
                running, ended = self._block(_body(self._texts[name]), _NOTHING)
                self._costs[name] = running | ended
            finally:
                self._open.pop()
        return self._costs[name]

    def _makes_requests(self, name: str) -> bool:
        """Return True if the text of a method, or of one that it calls, has a request."""
        if name not in self._asks:
            self._asks[name] = False  # a method that calls itself
            text = self._texts.get(name, "")
            called = set(_CALL.findall(text))
            self._asks[name] = (
                "getattr(self" in text
                or any(other in _DIRECT or self._is_endpoint(other) for other in called)
                or any(self._makes_requests(snake_name(other)) for other in sorted(called) if _is_followed(other))
            )
        return self._asks[name]

    def _is_endpoint(self, name: str) -> bool:
        return name in self._endpoints or (_ENDPOINT.fullmatch(name) is not None and name not in self._texts)

    def _block(self, statements: Iterable[ast.stmt], costs: Costs) -> tuple[Costs, Costs]:
        """Return the costs of the ways to the end of a block, and of those that leave the method in it."""
        ended: Costs = frozenset()
        for statement in statements:
            if isinstance(statement, ast.Raise):
                return frozenset(), ended
            if isinstance(statement, ast.Return):
                return frozenset(), ended | self._after(costs, statement)
            costs, left = self._statement(statement, costs)
            ended |= left
        return costs, ended

    def _statement(self, statement: ast.stmt, costs: Costs) -> tuple[Costs, Costs]:
        if isinstance(statement, ast.If):
            before = self._after(costs, statement.test)
            ways = [self._block(block, before) for block in (statement.body, statement.orelse)]
        elif isinstance(statement, ast.For | ast.While):
            ways = [(costs, frozenset()), self._repeated(statement, costs)]
        elif isinstance(statement, ast.Try):
            done, ended = self._block([*statement.body, *statement.orelse], costs)
            ways = [(done, ended), *(self._block(handler.body, costs) for handler in statement.handlers)]
        elif isinstance(statement, ast.With):
            ways = [self._block(statement.body, costs)]
        else:
            ways = [(self._after(costs, statement), frozenset())]
        return frozenset().union(*(way[0] for way in ways)), frozenset().union(*(way[1] for way in ways))

    def _repeated(self, loop: ast.For | ast.While, costs: Costs) -> tuple[Costs, Costs]:
        """Return the costs after a loop, in which no request is made."""
        found = self._block(loop.body, costs)
        self._after(costs, loop.iter if isinstance(loop, ast.For) else loop.test)
        if not found[0] | found[1] <= costs:
            raise UnknownCostError("requests in a loop")
        return found

    def _after(self, costs: Costs, node: ast.AST) -> Costs:
        return _sums(costs, self._of_node(node))

    def _of_node(self, node: ast.AST) -> Costs:
        """Return the costs of the requests in an expression or a simple statement."""
        if isinstance(node, ast.IfExp):
            return self._after(self._of_node(node.body) | self._of_node(node.orelse), node.test)
        costs = _NOTHING
        for child in ast.iter_child_nodes(node):
            costs = self._after(costs, child)
        return _sums(costs, self._of_call(node)) if isinstance(node, ast.Call) else costs

    def _of_call(self, call: ast.Call) -> Costs:
        target = call.func
        if isinstance(target, ast.Name) and target.id == "getattr" and ast.unparse(call.args[0]) == "self":
            raise UnknownCostError("a method by a computed name")
        if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name) or target.value.id != "self":
            return _NOTHING
        name = target.attr
        if name in _DIRECT or self._is_endpoint(name):
            cost = self._endpoints.get(name)
            if cost is None:
                raise UnknownCostError(name)
            self._called.setdefault(self._open[-1], set()).add(name)
            return frozenset({cost})
        if name.startswith(_PAGES):
            return frozenset()
        if not _is_followed(name):
            return _NOTHING
        found = self._of_method(snake_name(name))
        self._called.setdefault(self._open[-1], set()).update(self._called.get(snake_name(name), ()))
        return found


def _body(text: str) -> list[ast.stmt]:
    """Return the statements of a method of a class."""
    (owner,) = ast.parse(f"class _:\n{text}").body
    (method,) = (node for node in getattr(owner, "body", []) if isinstance(node, ast.FunctionDef))
    return method.body


def _is_followed(name: str) -> bool:
    return not name.startswith((_ONCE, _PAGES))


def _sums(costs: Costs, others: Costs) -> Costs:
    if others == _NOTHING:
        return costs
    found = frozenset(round(cost + other, 9) for cost in costs for other in others)
    if len(found) > _MOST_COSTS:
        raise UnknownCostError("too many ways")
    return found


def snake_name(name: str) -> str:
    """Return the name of a method in snake case: `fetch_ohlcv` for `fetchOHLCV`."""
    return _HUMP.sub(r"_\1", name).lower()
