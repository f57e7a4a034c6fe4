"""Numbers of a listing as values of an axis, in every form in which a listing could state them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_NUMBER: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(k\b|m\b(?!/)| thousand| million)?")
MARK: Final = "‹"
"""Stands before a number that differs between the tools of a layout."""
_SIZES: Final = {"k": 1e3, "m": 1e6, " thousand": 1e3, " million": 1e6}
_UNITS: Final = (
    (r"ms|msec|millis(?:econds?)?|milliseconds?", 0.001),
    (r"s|secs?|seconds?", 1.0),
    (r"m|mins?|minutes?", 60.0),
    (r"h|hrs?|hours?", 3600.0),
    (r"d|days?", 86400.0),
    (r"w|wks?|weeks?", 604800.0),
    (r"mo|months?", 2592000.0),
    (r"y|yrs?|years?", 31536000.0),
)
_UNIT: Final = "|".join(names for names, _ in _UNITS)
_LENGTH: Final = re.compile(rf"(?<![\w.])(\d[\d,]*(?:\.\d+)?)[\s_-]?({_UNIT})(?![a-z])")
_ISO: Final = re.compile(r"\bpt?(\d+(?:\.\d+)?)([dhmsyw])\b")
_WORDS: Final = {
    "hourly": 3600,
    "daily": 86400,
    "nightly": 86400,
    "weekly": 604800,
    "monthly": 2592000,
    "yearly": 31536000,
}
_EVERY: Final = re.compile(rf"(?:every|each|once an?|once per|per|one) ({_UNIT})(?![a-z])")
_OFTEN: Final = re.compile(
    rf"(\d[\d,.]*|once|twice)(?: ?x| ?×| times| updates?| refreshes| syncs| pulls)? ?(?:an?|per|every|each|/) ?({_UNIT})(?![a-z])"
)
_ZERO: Final = re.compile(
    r"\bfree\b|no (?:charge|cost|fee|log|retention|stor|cop|request|data|record)|\bnone\b|\boff\b|\bnot (?:stored|kept|retained|logged|saved|recorded|charged)"
    r"|\bzero\b|never|immediate|nothing|gratis|complimentary|^no\b|: no\b|disabled|discarded|\bunlimited\b|no\.$|at once|instant"
    r"|without (?:charge|log|stor)|(?<![\d.,])0(?:\.0+)?(?![\d.,])"
)
Form = Callable[[str], float | None]


_DIGITS: Final = {
    **{word: str(number) for number, word in enumerate("two three four five six seven eight nine ten".split(), 2)},
    "twelve": "12",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "sixty": "60",
    "hundred": "100",
    "thousand": "1,000",
    "million": "1,000,000",
}
_IN_WORDS: Final = re.compile(rf"\b(?<!\d )(?:an? |one )?({'|'.join(_DIGITS)})\b")


def in_digits(text: str) -> str:
    """Return a text with its numbers in digits, such as `10` for `ten` and `100` for `a hundred`."""
    text = _IN_WORDS.sub(lambda match: _DIGITS[match.group(1)], text)
    return re.sub(r"([\d,]*\d) dollars", r"$\1", text)


def numbers(text: str) -> list[float]:
    """Return the numbers of a text, those that are marked first."""
    found = [
        (
            text[max(match.start() - 1, 0) : match.start()] != MARK,
            float(match.group(1).replace(",", "")) * _SIZES.get(match.group(2), 1.0),
        )
        for match in _NUMBER.finditer(text)
    ]
    return [value for _, value in sorted(found, key=lambda item: item[0])]


def _varying(text: str) -> list[float]:
    """Return the numbers that are marked; all if none are."""
    return numbers(" ".join(re.findall(rf"{MARK}\S+(?: (?:thousand|million))?", text))) or numbers(text)


def is_zero(text: str) -> bool:
    """Return True if a text says that nothing is charged or kept."""
    return _ZERO.search(text) is not None


def seconds_of(text: str) -> float | None:
    """Return a duration, interval or frequency in seconds."""
    if MARK in text:
        return seconds_of(" ".join(re.findall(rf"{MARK}[^{MARK},;]*", text)).replace(MARK, "")) or seconds_of(
            text.replace(MARK, "")
        )
    if match := _ISO.search(text):
        is_time = match.group(0).startswith("pt")
        return float(match.group(1)) * (60.0 if match.group(2) == "m" and is_time else _size(match.group(2)))
    if (match := _OFTEN.search(text)) and not re.search(r"every \d", text):
        times = {"once": 1.0, "twice": 2.0}.get(match.group(1))
        number = times if times is not None else float(match.group(1).replace(",", "").rstrip(".") or 1)
        return _size(match.group(2)) / number if number else None
    if match := _LENGTH.search(text):
        return float(match.group(1).replace(",", "")) * _size(match.group(2))
    if match := _EVERY.search(text):
        return _size(match.group(1))
    found = next((size for word, size in _WORDS.items() if word in text), None)
    if found is not None:
        return float(found)
    values = numbers(text)
    unit = re.search(rf"(?<![a-z])({_UNIT})(?![a-z])", text)
    return values[0] * _size(unit.group(1)) if values and unit else None


def _size(unit: str) -> float:
    return next(size for names, size in _UNITS if re.fullmatch(names, unit))


def _at(place: int, factor: float) -> Form:
    """Return a form that reads one of the numbers and multiplies it."""

    def read(text: str) -> float | None:
        values = numbers(text)
        return values[place] * factor if -len(values) <= place < len(values) else None

    return read


def _ratio(top: int, bottom: int, factor: float) -> Form:
    """Return a form that reads one number divided by another."""

    def read(text: str) -> float | None:
        values = numbers(text)
        if len(values) <= max(top, bottom) or not values[bottom]:
            return None
        return values[top] / values[bottom] * factor

    return read


def _inverse(factor: float) -> Form:
    def read(text: str) -> float | None:
        values = numbers(text)
        return factor / values[0] if values and values[0] else None

    return read


_MONEY: Final = re.compile(r"(?:[$€]|usd)\s?(\d[\d,]*(?:\.\d+)?|\.\d+)")


def _price(text: str) -> float | None:
    """Return USD per 1,000 calls from an amount of money and the calls that it pays for, as the words have it."""
    if "credit" in text:
        return _product(text.replace(MARK, ""))
    text = text.replace(MARK, "") if "$" in text or "€" in text or re.search("usd \\W?\\d", text) else text
    money = _MONEY.search(text) or re.search(
        r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)\s?(?:us\$|usd|us dollars?|dollars?|us cents?|cents?|¢|ct\b)", text
    )
    if money is not None:
        amount, calls = (
            float(money.group(1).replace(",", "")),
            numbers(f"{text[: money.start()]} {text[money.end() :]}"),
        )
    elif values := numbers(text):
        amount, calls = values[0], values[1:]
    else:
        return None
    amount *= 0.01 if re.search(r"¢|\bcents?\b|\bct\b", text) else 1.0
    if calls and max(calls) > 1:
        return amount / max(calls) * 1000
    words = {"million": 1e6, "thousand": 1e3, "mille": 1e3, "hundred": 100.0}
    per = next((size for word, size in words.items() if word in text), 1.0)
    return amount / per * 1000


def _product(text: str) -> float | None:
    """Return the price in credits: of a pack of credits, and of those that a call costs."""
    money = _MONEY.search(text)
    if money is None:
        return None
    cost = float(money.group(1).replace(",", ""))
    others = numbers(text[: money.start()] + text[money.end() :])
    return cost / max(others) * min(others) * 1000 if len(others) > 1 and max(others) else None


def _down(text: str) -> float | None:
    """Return the uptime that a duration of downtime in 30 days leaves."""
    if MARK in text:
        text = " ".join(re.findall(rf"{MARK}[^{MARK},;]*", text)).replace(MARK, "")
    if _ISO.search(text):
        return 100 - (seconds_of(text) or 0.0) / 25_920
    total = sum(float(number.replace(",", "")) * _size(unit) for number, unit in _LENGTH.findall(text))
    return 100 - total / 25920 if total else None


def _lowest(text: str) -> float | None:
    """Return the lowest number besides percentiles, in milliseconds or seconds."""
    values = _varying(re.sub(r"\bp ?\d\d\b|\d\dth|\d\d ?%|\b(?:50|95)th", " ", text))
    if not values:
        return None
    in_ms = re.search(r"\d ?ms\b|(?<![a-z])ms\b|milli", text)
    in_seconds = re.search(r"\d ?s\b|sec|pt\d", text)
    if match := re.search(r"\bpt(\d+(?:\.\d+)?)s", text):
        return float(match.group(1)) * 1000
    return min(values) * (1000.0 if in_seconds and not in_ms else 1.0)


def _window(text: str) -> float | None:
    """Return calls a minute, from a number of calls and a window."""
    values = numbers(text)
    unit = re.findall(rf"(?<![a-z])({_UNIT}|rpm|rps|rph|qps)(?![a-z])", text)
    unit = [{"rpm": "min", "rps": "s", "qps": "s", "rph": "h"}.get(item, item) for item in unit]
    if not values or not unit or unit[-1] == "ms":
        return None
    window = _size(unit[-1])
    several = re.search(rf"(\d+)[\s-]?(?:{_UNIT})(?![a-z])", text)
    calls = values
    if several and len(values) > 1:
        window *= float(several.group(1))
        calls = [value for value in values if value != float(several.group(1))] or values
    return calls[0] * 60 / window


def _year(text: str) -> float | None:
    match = re.search(r"(?<!\d)((?:18|19|20)\d\d)(?!\d)", text)
    return 2026.0 - float(match.group(1)) if match else None


def _in(size: float, factor: float = 1.0) -> Form:
    def read(text: str) -> float | None:
        value = seconds_of(text)
        return value / size * factor if value is not None else None

    return read


def _share(text: str) -> float | None:
    """Return an uptime in percent, from the uptime itself, or from the share that is missing."""
    values = [value for value in _varying(text) if value <= 100]
    if high := [value for value in values if value >= 90]:
        return max(high)
    return 100 - min(values) if values else None


def _score(text: str) -> float | None:
    """Return a standing of 10 from a score and its scale."""
    values = numbers(text)
    if not values:
        return None
    scale = next((value for value in values[1:] if value in (5, 10, 100)), 5.0 if re.search("star|★", text) else None)
    scale = scale or (100.0 if values[0] > 10 else 10.0)
    return values[0] * 10 / scale


FORMS: Final[Mapping[str, tuple[Form, ...]]] = {
    "price": (
        _price,
        _at(0, 1000),
        _at(0, 1),
        _at(0, 0.001),
        _at(0, 10),
        _at(0, 0.1),
        _ratio(0, 1, 1000),
        _ratio(1, 0, 1000),
        _inverse(10_000),
        _product,
    ),
    "rate_limit": (
        _window,
        _at(0, 1),
        _at(0, 1 / 60),
        _at(0, 0.2),
        _at(0, 1 / 15),
        _at(0, 60),
        _inverse(60_000),
        _inverse(60),
    ),
    "latency": (_lowest, _at(0, 1), _at(0, 1000)),
    "uptime": (
        _share,
        _ratio(0, 1, 100),
        _down,
        lambda text: 100 - numbers(text)[0] / 432 if numbers(text) else None,
        lambda text: 100 - numbers(text)[0] / 87.6 if numbers(text) else None,
        lambda text: 100 - numbers(text)[0] / 100 if numbers(text) else None,
    ),
    "retention": (_in(86_400), _at(0, 1), _at(0, 1 / 24)),
    "freshness": (_in(1), _at(0, 1), _at(0, 60), _at(0, 3600)),
    "archive": (_year, _in(31_536_000), _at(0, 1), _at(0, 1 / 12)),
    "coverage": (_at(0, 1), _at(-1, 1)),
    "standing": (_score, _at(0, 1), _at(0, 2), _at(0, 0.1)),
}
"""Forms of each axis with numbers, from a text in small letters to the value in the unit of the axis."""


def readings(axis: str, text: str) -> Iterator[float | None]:
    """Yield the value of a text in each form of an axis."""
    for form in FORMS[axis]:
        yield form(text)
