"""The exchanges of ccxt: which of its unified methods each one has, its rate limit and its fees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .exchange_files import Exchange, exchanges
from .package_files import CCXT
from .real_facts import RealFact, RealTool, rounded

_MS_PER_MINUTE: Final = 60_000
_PERCENT: Final = 100
_HIGHEST_FEE: Final = 0.01
"""Share from which a fee is not plausible; the file states a few fees in percent instead."""
_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "spot": ("spot",),
    "swap": ("swap", "contract", "linear", "future"),
}
"""Sections of the fees of each kind of market; the first that states a fee counts."""
_CREDENTIALS: Final = {"apiKey": True, "secret": True}
"""Settings of an account that an exchange needs unless it states the contrary."""
_LENGTH: Final = re.compile(r"(\d+)([smhdwMy])")
_SECONDS: Final = {
    "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000,
}  # fmt: skip
"""Seconds of each unit of the names of candles, as the package counts them."""


def exchange_tools(methods: Mapping[str, Mapping[str, Any]]) -> Iterator[RealTool]:
    """Yield the methods of all exchanges.

    Args:
        methods: Settings of each method that is a job, by its name in ccxt: `job`, `feature` where the file states
            the number of records that a call returns, `intervals` where candles have a length, `fees` with the kind of
            market, `spot` or `swap`, where the job is about trading, and `private` where it needs an account.
    """
    for exchange in exchanges():
        common = _facts(exchange)
        for name, settings in methods.items():
            if name in exchange.methods:
                facts = {**_rate(exchange, name), **common, **_facts_of_method(exchange, settings)}
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

    def add(axis: str, value: float | str, key: str, detail: str = "") -> None:
        facts[axis] = RealFact(axis, value, CCXT.name, f"{exchange.identifier} {key}", detail)

    if exchange.methods:
        add("breadth", float(len(exchange.methods)), "has: methods that are True, or emulated by its own class")
    if exchange.has_streams is not None:
        streams = "web socket" if exchange.has_streams else "requests only"
        add("streaming", streams, "pro has: ws or a watch method" if exchange.has_streams else "pro: False")
    return facts


def _rate(exchange: Exchange, name: str) -> dict[str, RealFact]:
    """Return the rate limit of a method; empty if its interval or cost is not stated."""
    interval = exchange.stated.get("rateLimit")
    if not isinstance(interval, int | float) or interval <= 1:
        return {}
    cost = exchange.cost(name)
    if cost is None:
        return {}
    endpoints = " or ".join(exchange.endpoints(name))
    key = f"{exchange.identifier} 60,000 / (rateLimit {interval:g} * cost {cost:g} in api of {name}: {endpoints})"
    return {"rate_limit": RealFact("rate_limit", rounded(_MS_PER_MINUTE / (interval * cost)), CCXT.name, key)}


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
                facts[f"{side}_fee"] = RealFact(f"{side}_fee", rounded(share * _PERCENT), CCXT.name, key)
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
    if not isinstance(stated, Mapping):
        return {}
    needed = sorted(name for name, value in {**_CREDENTIALS, **stated}.items() if value is True)
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
    """Return the fact on the lengths of candles; two names of one length, such as `7d` and `1w`, count once."""
    named = exchange.stated.get("timeframes")
    lengths: dict[float | str, str] = {}
    for name in map(str, named if isinstance(named, Mapping) else ()):
        parts = _LENGTH.fullmatch(name)
        lengths.setdefault(int(parts[1]) * _SECONDS[parts[2]] if parts else name, name)
    if len(lengths) < 2:
        return {}
    key = f"{exchange.identifier} timeframes: different lengths"
    return {"intervals": RealFact("intervals", float(len(lengths)), CCXT.name, key, ", ".join(lengths.values()))}
