"""Statements of real facts in listings, with the units and words of each split."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from builder.grouping.functionalities import data_table

from .real_facts import DIGITS, RealFact

_LABELS: Final = "services/data/fact_labels.toml"


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


def _exact(value: float) -> str:
    """Return a number with all of its digits: those of a whole number, one more than facts have of another."""
    if value.is_integer():
        return f"{value:,.0f}"
    places = max(0, DIGITS - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}".rstrip("0").rstrip(".")


def _money(amount: float) -> str:
    """Return an amount with all of its decimals, two or more."""
    whole, _, part = _exact(amount).partition(".")
    return f"${whole}.{part:0<2}"


def _plain(fact: RealFact) -> str:
    return _exact(_number(fact))


def _listed(fact: RealFact) -> list[str]:
    return fact.detail.split(", ")


def _per_units(fact: RealFact, number: int) -> str:
    """Return the price of a number of the units in which the provider states it."""
    unit, _, units = fact.detail.partition(" ")
    several = f"{number:,} {'queries' if unit == 'query' else f'{unit}s'}" if number > 1 else unit
    return f"{_money(_number(fact) / int(units) * number)} per {several}"


def _is_best(fact: RealFact) -> bool:
    return fact.value == "web socket"


def _pause(fact: RealFact) -> str:
    pause = 60_000 / _number(fact)
    return f"one call every {_exact(pause)} ms" if pause < 1_000 else f"one call every {_exact(pause / 1_000)} s"


def _per_second(fact: RealFact) -> str:
    each = _number(fact) / 60
    return f"{_exact(each)} per second" if each >= 1 else f"1 in {_exact(1 / each)} seconds"


_FORMS: Final[Mapping[str, Callable[[RealFact], str]]] = {
    "per_million": lambda fact: f"{_money(_number(fact))} per million tokens",
    "per_thousand": lambda fact: f"{_money(_number(fact) / 1_000)} per 1,000",
    "per_token": lambda fact: f"{_money(_number(fact) / 1_000_000)} each",
    "tokens": lambda fact: f"{_plain(fact)} tokens",
    "kilotokens": lambda fact: f"{f'{_number(fact) / 1_000:,.3f}'.rstrip('0').rstrip('.')}k tokens",
    "plain_tokens": lambda fact: f"{_number(fact):.0f} tokens",
    "count_and_list": lambda fact: f"{_plain(fact)} ({fact.detail})",
    "list_and_count": lambda fact: f"{fact.detail}; {_plain(fact)} in all",
    "list": lambda fact: f"{' / '.join(_listed(fact))}",
    "per_unit": lambda fact: _per_units(fact, 1),
    "per_hundred_units": lambda fact: _per_units(fact, 100),
    "per_thousand_units": lambda fact: _per_units(fact, 1_000),
    "pause_ms": _pause,
    "per_second": _per_second,
    "per_minute": lambda fact: f"{_exact(_number(fact))} calls a minute",
    "percent": lambda fact: f"{_exact(_number(fact))} %",
    "basis_points": lambda fact: f"{_exact(_number(fact) * 100)} bp",
    "of_thousand": lambda fact: f"{_exact(_number(fact) * 10)} of every 1,000",
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
