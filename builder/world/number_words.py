"""Numbers in words: `forty-five`, `two point four`, `a quarter of an hour`, `five dozen and two`."""

from __future__ import annotations

import re
from typing import Final

UP_TO_19: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SIZES: Final = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_NUMBER: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_PERIODS: Final = {
    15: "a quarter of a minute",
    30: "half a minute",
    60: "a minute",
    900: "a quarter of an hour",
    1_800: "half an hour",
    3_600: "an hour",
    21_600: "a quarter of a day",
    43_200: "half a day",
    86_400: "a day",
    604_800: "a week",
    1_209_600: "a fortnight",
    2_592_000: "thirty days",
    5_184_000: "sixty days",
    7_776_000: "ninety days",
    315_360_000: "a decade",
    378_432_000: "a dozen years",
    630_720_000: "two decades",
    788_400_000: "a quarter of a century",
    946_080_000: "three decades",
    1_576_800_000: "half a century",
    3_153_600_000: "a century",
}
"""Usual words for periods, by seconds; a year has 365 days, as in `forms`."""


def spelled(text: object) -> str:
    """Return a text with its numbers in words, such as `three times a day` for `3 times a day`.

    Args:
        text: A number, or a text with numbers of less than a trillion, with or without thousands separators.
    """
    return _NUMBER.sub(lambda match: _words(match.group().replace(",", "")), str(text))


def money_in_words(cents: str) -> str:
    """Return an amount of US money, such as `two dollars and forty cents` or `six point four cents`.

    Args:
        cents: The amount in cents, as a number with thousands separators.
    """
    plain = cents.replace(",", "")
    if "." in plain or float(plain) < 100:
        return f"{spelled(plain)} cent{'' if plain == '1' else 's'}"
    dollars, rest = divmod(int(plain), 100)
    amount = f"{spelled(dollars)} dollar{'' if dollars == 1 else 's'}"
    return f"{amount} and {money_in_words(str(rest))}" if rest else amount


def period_in_words(seconds: float, duration: str) -> str:
    """Return a period with the usual words where there are some, such as `a fortnight`.

    Args:
        seconds: Length of the period.
        duration: The period as a number with a unit, for all others.
    """
    return _PERIODS.get(round(seconds)) or spelled(duration)


def dozens(number: float) -> str:
    """Return a count in dozens, such as `five dozen and two`."""
    whole, rest = divmod(round(number), 12)
    if not whole:
        return spelled(rest)
    amount = "a dozen" if whole == 1 else f"{spelled(whole)} dozen"
    return f"{amount} and {spelled(rest)}" if rest else amount


def _words(number: str) -> str:
    whole, _, decimals = number.partition(".")
    digits = "".join(f" {UP_TO_19[int(digit)]}" for digit in decimals)
    return f"{_whole(int(whole))} point{digits}" if digits else _whole(int(whole))


def _whole(number: int) -> str:
    if number < 20:
        return UP_TO_19[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return TENS[tens - 2] + (f"-{UP_TO_19[rest]}" if rest else "")
    size, name = next((size, name) for size, name in SIZES if number >= size)
    count, rest = divmod(number, size)
    return f"{_whole(count)} {name}" + (f" {_whole(rest)}" if rest else "")
