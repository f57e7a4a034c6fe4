"""Statements of real facts in listings, with the units and words of each split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Final

from builder.grouping.functionalities import data_table

from .real_facts import RealFact, rounded

_LABELS: Final = "services/data/fact_labels.toml"
_MOST_DIGITS: Final = 17
"""Number of digits from which a float has no more."""


def statement(fact: RealFact, split: str) -> Mapping[str, str]:
    """Return a fact as a line of a listing: `label`, `key` and `text`.

    Args:
        fact: The fact.
        split: Split of the tool; each states facts in other units.
    """
    label, key, form = _labels()[fact.axis][split]
    return {"label": label, "key": key, "text": _FORMS[form](fact)}


@cache
def _labels() -> Mapping[str, Mapping[str, tuple[str, str, str]]]:
    return data_table(_LABELS)


def _number(fact: RealFact) -> float:
    return float(fact.value)


def _text(number: float) -> str:
    return f"{Decimal(repr(number)).normalize():,f}"


def _times(fact: RealFact, factor: float) -> float:
    """Return a multiple of a fact in the fewest digits that give the fact back."""
    return _shortest(_number(fact) * factor, lambda number: number / factor, _number(fact))


def _among(fact: RealFact, dividend: float) -> float:
    """Return a number divided by a fact in the fewest digits that give the fact back."""
    return _shortest(dividend / _number(fact), lambda number: dividend / number, _number(fact))


def _shortest(number: float, back: Callable[[float], float], value: float) -> float:
    shorter = (float(f"{number:.{digits}g}") for digits in range(1, _MOST_DIGITS))
    return next((short for short in shorter if rounded(back(short)) == rounded(value)), number)


def _money(amount: float) -> str:
    """Return an amount with all of its decimals, two or more."""
    whole, _, part = _text(amount).partition(".")
    return f"${whole}.{part:0<2}"


def _plain(fact: RealFact) -> str:
    return f"{_number(fact):,.0f}" if _number(fact).is_integer() else _text(_times(fact, 1))


def _listed(fact: RealFact) -> list[str]:
    return fact.detail.split(", ")


def _per_units(fact: RealFact, number: int) -> str:
    """Return the price of a number of the units in which the provider states it."""
    unit, _, units = fact.detail.partition(" ")
    several = f"{number:,} {'queries' if unit == 'query' else f'{unit}s'}" if number > 1 else unit
    return f"{_money(_times(fact, number / int(units)))} per {several}"


def _is_best(fact: RealFact) -> bool:
    return fact.value == "web socket"


def _pause(fact: RealFact) -> str:
    pause = _among(fact, 60_000)
    return f"one call every {_text(pause)} ms" if pause < 1_000 else f"one call every {_text(_among(fact, 60))} s"


def _per_second(fact: RealFact) -> str:
    is_often = _number(fact) >= 60
    return f"{_text(_times(fact, 1 / 60))} per second" if is_often else f"1 in {_text(_among(fact, 60))} seconds"


_FORMS: Final[Mapping[str, Callable[[RealFact], str]]] = {
    "per_million": lambda fact: f"{_money(_times(fact, 1))} per million tokens",
    "per_thousand": lambda fact: f"{_money(_times(fact, 1 / 1_000))} per 1,000",
    "per_token": lambda fact: f"{_money(_times(fact, 1 / 1_000_000))} each",
    "tokens": lambda fact: f"{_plain(fact)} tokens",
    "kilotokens": lambda fact: f"{_text(_number(fact) / 1_000)}k tokens",
    "plain_tokens": lambda fact: f"{_number(fact):.0f} tokens",
    "count_and_list": lambda fact: f"{_plain(fact)} ({fact.detail})",
    "list_and_count": lambda fact: f"{fact.detail}; {_plain(fact)} in all",
    "list": lambda fact: f"{' / '.join(_listed(fact))}",
    "per_unit": lambda fact: _per_units(fact, 1),
    "per_hundred_units": lambda fact: _per_units(fact, 100),
    "per_thousand_units": lambda fact: _per_units(fact, 1_000),
    "pause_ms": _pause,
    "per_second": _per_second,
    "per_minute": lambda fact: f"{_text(_times(fact, 1))} calls a minute",
    "percent": lambda fact: f"{_text(_times(fact, 1))} %",
    "basis_points": lambda fact: f"{_text(_times(fact, 100))} bp",
    "of_thousand": lambda fact: f"{_text(_times(fact, 10))} of every 1,000",
    "methods": lambda fact: f"{_plain(fact)} methods",
    "number": _plain,
    "up_to_records": lambda fact: f"up to {_plain(fact)} records",
    "records": lambda fact: f"{_plain(fact)} records",
    "web_socket": lambda fact: "over a web socket" if _is_best(fact) else "no, by polling",
    "yes_stream": lambda fact: "available" if _is_best(fact) else "not available",
    "transport": lambda fact: "HTTP and web socket" if _is_best(fact) else "HTTP alone",
    "up_to_characters": lambda fact: f"up to {_plain(fact)} characters",
    "characters": lambda fact: f"{_plain(fact)} characters",
    "per_request": lambda fact: f"{_plain(fact)} per request",
    "recipients": lambda fact: f"{_plain(fact)} recipient{'' if _number(fact) == 1 else 's'}",
    "at_once": lambda fact: "one at a time" if _number(fact) == 1 else f"{_plain(fact)} at once",
}
"""Statements by the name of their form."""
