"""Conversion of stated numbers, as the groups of a match have them, to the unit of their axis."""

from __future__ import annotations

import re
from typing import Final

from builder.durations import SECONDS, SECONDS_BETWEEN

_SECONDS: Final = {
    **SECONDS,
    **dict.fromkeys(("ms", "msec", "millisecond"), 0.001),
    **dict.fromkeys(("s", "sec"), SECONDS["second"]),
    "min": SECONDS["minute"],
    **dict.fromkeys(("h", "hr"), SECONDS["hour"]),
    "mo": SECONDS["month"],
}
_SIZES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "hundred": 100.0}
NUMBER_WORDS: Final = {
    "half a": 0.5,
    "half an": 0.5,
    **{
        word: float(number)
        for number, word in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
        )
    },
}
"""Numbers in words, which documentation states instead of digits."""
_TIMES: Final = {"once": 1.0, "twice": 2.0}
_THIS_YEAR: Final = 2026
"""Year of the listings, to which the beginning of an archive is compared."""
_EARLIEST: Final = 1700
WEEK: Final = SECONDS["week"]
"""Seconds of a week."""
UNLIMITED: Final = 1e9
"""Calls per minute of a tool without rate limit."""


def _number(text: str, size: str | None = None) -> float:
    word = NUMBER_WORDS.get(" ".join(text.lower().split()))
    value = float(text.replace(",", "").replace(" ", "")) if word is None else word
    return value * _SIZES.get((size or "").strip().lower(), 1.0)


def _count(match: re.Match[str]) -> float:
    """Return the number of units; 1 for `a day`."""
    return _number(match["number"]) if match["number"] else 1.0


def _seconds(unit: str) -> float:
    name = unit.lower()
    return _SECONDS[name] if name in _SECONDS else _SECONDS[name.rstrip("s")]


def per_calls(match: re.Match[str]) -> float | None:
    """Return the price of 1,000 calls, from one for a number of them, of one call if it is not named."""
    price = _number(match["usd"] or match["after"]) / (100.0 if match["cents"] else 1.0)
    calls = _number(match["calls"], match["size"]) if match["calls"] else _SIZES.get((match["word"] or "").lower(), 1.0)
    return price / calls * 1000.0 if calls else None


def rate(match: re.Match[str]) -> float | None:
    """Return the calls per minute of `100 calls per 15 minutes`."""
    period = "min" if match["period"].lower() == "m" else match["period"]
    window = _number(match["window"]) if match["window"] else 1.0
    return _number(match["number"], match["size"]) / (_seconds(period) * window) * 60.0 if window else None


def rate_word(match: re.Match[str]) -> float:
    """Return the calls per minute of `5 rps` or `100 rpm`."""
    per_minute = {"s": 60.0, "m": 1.0, "h": 1 / 60, "d": 1 / 1440}[match["word"][-1].lower()]
    return _number(match["number"], match["size"]) * per_minute


def daily(match: re.Match[str]) -> float:
    """Return the calls per minute of `2,000 daily requests`."""
    return _number(match["number"], match["size"]) / SECONDS_BETWEEN[match["word"].lower()] * 60.0


def milliseconds(match: re.Match[str]) -> float | None:
    """Return a length of time in milliseconds; None for 0."""
    return _number(match["number"]) * _seconds(match["unit"]) * 1000.0 or None


def days(match: re.Match[str]) -> float:
    """Return a length of time in days."""
    return length(match) / _SECONDS["day"]


def length(match: re.Match[str]) -> float:
    """Return a length of time in seconds."""
    return _count(match) * _seconds(match["unit"])


def every(match: re.Match[str]) -> float:
    """Return the seconds between updates of `daily`."""
    return SECONDS_BETWEEN[match["word"].lower()]


def times(match: re.Match[str]) -> float | None:
    """Return the seconds between updates of `twice a day`."""
    number = _TIMES.get(match["times"].lower()) or _number(match["times"].split()[0])
    return _seconds(match["unit"]) / number if number else None


def share(match: re.Match[str]) -> float | None:
    """Return a percentage; None above 100."""
    value = float(match["number"])
    return value if value <= 100.0 else None


def nines(match: re.Match[str]) -> float:
    """Return the percentage of `three nines`: 99.9."""
    count = int(_number(match["nines"] or match["before"]))
    return float(f"99.{'9' * (count - 2)}")


def years(match: re.Match[str]) -> float:
    """Return a number of years."""
    return _number(match["number"])


def years_since(match: re.Match[str]) -> float | None:
    """Return the years since a year; None for years that cannot begin an archive."""
    year = int(match["since"])
    return float(_THIS_YEAR - year) if _EARLIEST <= year < _THIS_YEAR else None
