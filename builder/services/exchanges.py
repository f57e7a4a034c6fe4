"""The exchanges of ccxt: which of its unified methods each one has, its rate limit and its fees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from .literals import bases, classes, literal, method, parsed_until
from .package_files import CCXT
from .real_facts import RealFact, RealTool

_FOLDER: Final = "ccxt"
_ROOT: Final = "Exchange"


_MS_PER_MINUTE: Final = 60_000
_PERCENT: Final = 100
_HIGHEST_FEE: Final = 0.01
"""Share from which a fee is not plausible; the file states a few fees in percent instead."""
_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "spot": ("spot",),
    "swap": ("swap", "contract", "linear", "future"),
}
"""Sections of the fees of each kind of market; the first that states a fee counts."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the file of an exchange states."""

    identifier: str
    stated: Mapping[str, Any]
    """The dictionary that its method `describe` returns, without what is no literal."""

    @property
    def methods(self) -> Set[str]:
        """Names of the unified methods that it has, in camel case, such as `fetchOrderBook`."""
        has = self.stated.get("has")
        return frozenset(name for name, value in has.items() if value) if isinstance(has, Mapping) else frozenset()


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
                found[node.name] = Exchange(node.name, _described(describe))
    return tuple(found[name] for name in sorted(found))


def _described(function: ast.FunctionDef) -> Mapping[str, Any]:
    """Return the last dictionary of literals in the value that a method returns."""
    for statement in function.body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            given = statement.value.args if isinstance(statement.value, ast.Call) else [statement.value]
            value = literal(given[-1])
            return value if isinstance(value, Mapping) else {}
    return {}


def exchange_tools(methods: Mapping[str, Mapping[str, Any]]) -> Iterator[RealTool]:
    """Yield the methods of all exchanges that state a rate limit.

    Args:
        methods: Settings of each method that is a job, by its name in ccxt: `job`, `feature` where the file states
            the number of records that a call returns, `intervals` where candles have a length, `fees` with the kind of
            market, `spot` or `swap`, where the job is about trading, and `private` where it needs an account.
    """
    for exchange in exchanges():
        common = _facts(exchange)
        if "rate_limit" not in common:
            continue
        for name, settings in methods.items():
            if name in exchange.methods:
                facts = {**common, **_facts_of_method(exchange, settings)}
                title = str(exchange.stated.get("name", exchange.identifier))
                yield RealTool(exchange.identifier, title, str(settings["job"]), name, facts)


def _facts_of_method(exchange: Exchange, settings: Mapping[str, Any]) -> dict[str, RealFact]:
    """Return the facts that bear on some methods of an exchange only."""
    return {
        **(_records(exchange, str(settings["feature"])) if "feature" in settings else {}),
        **(_intervals(exchange) if settings.get("intervals") else {}),
        **(_fees(exchange, str(settings["fees"])) if "fees" in settings else {}),
        **(_credentials(exchange) if settings.get("private") else {}),
    }


def _facts(exchange: Exchange) -> dict[str, RealFact]:
    """Return the facts that hold for all methods of an exchange."""
    facts: dict[str, RealFact] = {}
    stated = exchange.stated

    def add(axis: str, value: float | str, key: str, detail: str = "") -> None:
        facts[axis] = RealFact(axis, value, CCXT.name, f"{exchange.identifier} {key}", detail)

    interval = stated.get("rateLimit")
    if isinstance(interval, int | float) and interval > 1:
        add("rate_limit", _MS_PER_MINUTE / interval, "rateLimit")
    number = sum(name[0].islower() and any(letter.isupper() for letter in name) for name in exchange.methods)
    if number:
        add("breadth", float(number), "has")
    add("streaming", "web socket" if stated.get("pro") else "requests only", "pro")
    return facts


def _fees(exchange: Exchange, kind: str) -> dict[str, RealFact]:
    """Return the fees of a kind of market; what is missing, 0 or not plausible is left out."""
    fees, has = exchange.stated.get("fees"), exchange.stated.get("has")
    if not isinstance(fees, Mapping) or not isinstance(has, Mapping) or has.get(kind) is False:
        return {}
    common = ("trading",) if _only_kind(exchange) == kind else ()
    facts = {}
    for side in ("taker", "maker"):
        for section in (*_SECTIONS[kind], *common):
            own = fees.get(section)
            share = own.get(side) if isinstance(own, Mapping) and own.get("percentage") is not False else None
            if isinstance(share, int | float) and 0 < share < _HIGHEST_FEE:
                key = f"{exchange.identifier} fees.{section}.{side}"
                facts[f"{side}_fee"] = RealFact(f"{side}_fee", share * _PERCENT, CCXT.name, key)
                break
    return facts


def _only_kind(exchange: Exchange) -> str:
    """Return the kind of market for which an exchange states its fees without a kind; empty if that is not clear.

    It is the only kind that it has, or the one that it uses unless another is asked for.
    """
    has, options = exchange.stated.get("has"), exchange.stated.get("options")
    known = [kind for kind in _SECTIONS if isinstance(has, Mapping) and has.get(kind) is True]
    usual = options.get("defaultType") if isinstance(options, Mapping) else None
    return known[0] if len(known) == 1 else str(usual or "")


def _credentials(exchange: Exchange) -> dict[str, RealFact]:
    """Return the fact on the settings of an account; empty if the exchange does not state them."""
    stated = exchange.stated.get("requiredCredentials")
    needed = sorted(name for name, value in stated.items() if value is True) if isinstance(stated, Mapping) else []
    if not needed:
        return {}
    words = ", ".join(re.sub(r"(?<=[a-z])([A-Z])", r" \1", name).lower() for name in needed)
    key = f"{exchange.identifier} requiredCredentials"
    return {"setup": RealFact("setup", float(len(needed)), CCXT.name, key, words)}


def _records(exchange: Exchange, feature: str) -> dict[str, RealFact]:
    """Return the fact on the records of one call; empty if the exchange does not state it for its spot market."""
    features = exchange.stated.get("features")
    spot = features.get("spot") if isinstance(features, Mapping) else None
    own = spot.get(feature) if isinstance(spot, Mapping) else None
    limit = own.get("limit") if isinstance(own, Mapping) else None
    if not isinstance(limit, int | float) or limit <= 1:
        return {}
    key = f"{exchange.identifier} features.spot.{feature}.limit"
    return {"records": RealFact("records", float(limit), CCXT.name, key)}


def _intervals(exchange: Exchange) -> dict[str, RealFact]:
    """Return the fact on the lengths of candles."""
    lengths = exchange.stated.get("timeframes")
    if not isinstance(lengths, Mapping) or len(lengths) < 2:
        return {}
    words = ", ".join(map(str, lengths))
    key = f"{exchange.identifier} timeframes"
    return {"intervals": RealFact("intervals", float(len(lengths)), CCXT.name, key, words)}
