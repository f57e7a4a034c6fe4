"""Numbers of a listing as values of an axis, in every form in which a listing could state them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from builder.durations import SECONDS_BETWEEN

_NUMBER: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(k\b|m\b(?!/)| thousand| million)?")
MARK: Final = "\x02"
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
_EVERY: Final = re.compile(rf"(?:every|each|once an?|once per|per|one) ({_UNIT})(?![a-z])")
_OFTEN: Final = re.compile(
    r"(\d[\d,.]*|once|twice)(?: ?x| ?\u00d7| times| updates?| refreshes| syncs| pulls)? ?"
    rf"(?:an?|per|every|each|/) ?({_UNIT})(?![a-z])"
)
Form = Callable[[str], float | None]
"""Reads the value of an axis from a text in small letters, in the unit of the axis; None if it cannot."""


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


def seconds_of(text: str) -> float | None:
    """Return a duration, interval or frequency in seconds; one with a marked number if there are any."""
    if MARK in text:
        found = seconds_of(_marked(text))
        return seconds_of(text.replace(MARK, "")) if found is None else found
    return next((value for read in _DURATIONS if (value := read(text)) is not None), None)


def _marked(text: str) -> str:
    """Return the marked numbers with what follows each."""
    return " ".join(re.findall(rf"{MARK}[^{MARK},;]*", text)).replace(MARK, "")


def _iso(text: str) -> float | None:
    match = _ISO.search(text)
    if match is None:
        return None
    unit = "min" if match.group(2) == "m" and match.group(0).startswith("pt") else match.group(2)
    return float(match.group(1)) * _size(unit)


def _frequency(text: str) -> float | None:
    match = _OFTEN.search(text)
    if match is None or re.search(r"every \d", text):
        return None
    words = {"once": 1.0, "twice": 2.0}
    times = words.get(match.group(1)) or float(match.group(1).replace(",", "").rstrip("."))
    return _size(match.group(2)) / times if times else None


def _length(text: str) -> float | None:
    match = _LENGTH.search(text)
    return float(match.group(1).replace(",", "")) * _size(match.group(2)) if match else None


def _interval(text: str) -> float | None:
    match = _EVERY.search(text)
    if match:
        return _size(match.group(1))
    return next((seconds for word, seconds in SECONDS_BETWEEN.items() if word in text), None)


def _labelled(text: str) -> float | None:
    """Return a number in a unit that stands elsewhere in the text."""
    values = numbers(text)
    unit = re.search(rf"(?<![a-z])({_UNIT})(?![a-z])", text)
    return values[0] * _size(unit.group(1)) if values and unit else None


def _single(text: str) -> float | None:
    """Return a unit with an article, such as `a week`, in a text without numbers."""
    match = re.search(rf"\ban? ({_UNIT})(?![a-z])", text)
    return _size(match.group(1)) if match and not numbers(text) else None


_DURATIONS: Final = (_iso, _frequency, _length, _interval, _labelled, _single)


def _size(unit: str) -> float:
    return next(size for names, size in _UNITS if re.fullmatch(names, unit))


def at_place(place: int, factor: float) -> Form:
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


def inverse_at(place: int, factor: float) -> Form:
    """Return a form that divides by one of the numbers."""

    def read(text: str) -> float | None:
        values = numbers(text)
        return factor / values[place] if len(values) > place and values[place] else None

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
    text = _marked(text) if MARK in text else text
    lengths = _LENGTH.findall(text)
    total = _iso(text) or sum(float(number.replace(",", "")) * _size(unit) for number, unit in lengths)
    return 100 - total / 25_920 if total else None


def _lowest(text: str) -> float | None:
    """Return the lowest number besides percentiles, in milliseconds or seconds."""
    if match := re.search(r"\bpt(\d+(?:\.\d+)?)s", text):
        return float(match.group(1)) * 1000
    values = _varying(re.sub(r"\bp ?\d\d\b|\d\dth|\d\d ?%", " ", text))
    in_seconds = re.search(r"\d ?s\b|sec|pt\d", text) and not re.search(r"(?<![a-z])ms\b|milli", text)
    return min(values) * (1000.0 if in_seconds else 1.0) if values else None


def _window(text: str) -> float | None:
    """Return calls a minute, from a number of calls and a window."""
    values = numbers(text)
    found = re.findall(rf"(?<![a-z])({_UNIT}|rpm|rps|rph|qps)(?![a-z])", text)
    units = [{"rpm": "min", "rps": "s", "qps": "s", "rph": "h"}.get(unit, unit) for unit in found]
    if not values or not units or units[-1] == "ms":
        return None
    window = _size(units[-1])
    several = re.search(rf"(\d+)[\s-]?(?:{_UNIT})(?![a-z])", text)
    if several and len(values) > 1:
        window *= float(several.group(1))
        values = [value for value in values if value != float(several.group(1))] or values
    return values[0] * 60 / window if window else None


def _spent(text: str) -> float | None:
    """Return calls a minute, from the time that a number of calls takes."""
    match = re.search(rf"{MARK}(\d[\d,.]*)[\s-]?({_UNIT})(?![a-z])", text)
    length = seconds_of(text)
    calls = [value for value in numbers(text.replace(match.group(0), "") if match else text) if value >= 1]
    if match is None or not length or not calls or MARK in text.replace(match.group(0), ""):
        return None
    return max(calls) / length * 60


def _multiples(text: str) -> float | None:
    """Return a duration in seconds from a number of periods of so many units, such as `15 minutes: 4`."""
    values = re.findall(rf"{MARK}(\d[\d,]*(?:\.\d+)?)", text)
    plain = re.sub(rf"{MARK}\d[\d,]*(?:\.\d+)?", "", text)
    match = _LENGTH.search(plain)
    if len(values) != 1 or match is None:
        return None
    return float(values[0].replace(",", "")) * float(match.group(1).replace(",", "")) * _size(match.group(2))


def _paced(text: str) -> float | None:
    """Return milliseconds from the answers in a period, one after the other."""
    length = re.search(rf"\b(\d+|an?|per|each|one)[\s-]({_UNIT})(?![a-z])", text.replace(MARK, ""))
    values = numbers(text)
    if length is None or not values or not values[0]:
        return None
    times = float(length.group(1)) if length.group(1).isdigit() else 1.0
    return times * _size(length.group(2)) * 1000 / values[0]


def _thousandths(text: str) -> float | None:
    """Return milliseconds from a number of periods of so many units, such as `0.5 beats of 800 ms`."""
    value = _multiples(text)
    return None if value is None else value * 1000


def _down_of(text: str) -> float | None:
    """Return the uptime that a duration of downtime in another period leaves, such as `2 hours in 10 days`."""
    match = re.search(rf"{MARK}(\d[\d,]*(?:\.\d+)?)[\s-]?({_UNIT})(?![a-z])", text)
    whole = re.search(rf"(?<![\w.{MARK}])(\d[\d,]*|an?|per|each|every|one)[\s-]({_UNIT})(?![a-z])", text)
    if match is None or whole is None:
        return None
    times = float(whole.group(1).replace(",", "")) if whole.group(1)[0].isdigit() else 1.0
    down = float(match.group(1).replace(",", "")) * _size(match.group(2))
    return 100 - 100 * down / (times * _size(whole.group(2))) if times else None


def _one_in(text: str) -> float | None:
    """Return the uptime where one of so many fails."""
    values = [value for value in numbers(text) if value > 1]
    return 100 - 100 / values[0] if values else None


def _missing(whole: float) -> Form:
    """Return a form that reads the downtime, where so much of it is 1 %."""

    def read(text: str) -> float | None:
        values = numbers(text)
        return 100 - values[0] / whole if values else None

    return read


def _year(text: str) -> float | None:
    match = re.search(r"(?<!\d)((?:18|19|20)\d\d)(?!\d)", text)
    return 2026.0 - float(match.group(1)) if match else None


def _in(size: float) -> Form:
    """Return a form that reads a duration in a unit of so many seconds."""

    def read(text: str) -> float | None:
        value = seconds_of(text)
        return value / size if value is not None else None

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


def _lacking(whole: float) -> Form:
    """Return a form that reads what is missing to the best standing."""

    def read(text: str) -> float | None:
        values = numbers(text)
        return 10 - values[0] * 10 / whole if values else None

    return read


FORMS: Final[Mapping[str, tuple[Form, ...]]] = {
    "price": (
        _price,
        at_place(0, 1000),
        at_place(0, 1),
        at_place(0, 0.001),
        at_place(0, 10),
        at_place(0, 0.1),
        _ratio(0, 1, 1000),
        _ratio(1, 0, 1000),
        inverse_at(0, 10_000),
        _product,
    ),
    "rate_limit": (
        _window,
        at_place(0, 1),
        at_place(0, 1 / 60),
        at_place(0, 0.2),
        at_place(0, 1 / 15),
        at_place(0, 60),
        inverse_at(0, 60_000),
        inverse_at(0, 60),
        _spent,
        inverse_at(0, 1000),
        at_place(0, 1 / 1440),
    ),
    "latency": (_lowest, at_place(0, 1), at_place(0, 1000), _paced, _thousandths),
    "uptime": (
        _share,
        _ratio(0, 1, 100),
        _down,
        _missing(432),
        _missing(87.6),
        _missing(100),
        _one_in,
        _missing(1),
        _down_of,
    ),
    "retention": (_in(86_400), at_place(0, 1), at_place(0, 1 / 24)),
    "freshness": (_in(1), _multiples, at_place(0, 1), at_place(0, 60), at_place(0, 3600)),
    "archive": (_year, _in(31_536_000), at_place(0, 1), at_place(0, 1 / 12)),
    "coverage": (at_place(0, 1), at_place(-1, 1)),
    "standing": (_score, at_place(0, 1), at_place(0, 2), at_place(0, 0.1), _lacking(100), _lacking(10), _lacking(5)),
}
"""Forms of each axis with numbers, from a text in small letters to the value in the unit of the axis."""


def is_worded(axis: str, form: int) -> bool:
    """Return True if a form follows from words of the text, such as units, and not from an assumed unit."""
    return FORMS[axis][form].__name__ != "read"


def readings(axis: str, text: str) -> list[float | None]:
    """Return the value of a text in each form of an axis."""
    return [form(text) for form in FORMS[axis]]
