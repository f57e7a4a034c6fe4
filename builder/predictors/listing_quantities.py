"""Quantities in words: numbers, dozens, periods, money and comparisons of a listing, rewritten in digits."""

from __future__ import annotations

import re
from typing import Final

from builder.world.number_words import SIZES, TENS, UP_TO_19

_SMALL: Final = {
    **{word: float(value) for value, word in enumerate(UP_TO_19)},
    **{word: 10.0 * value for value, word in enumerate(TENS, 2)},
}
_SIZES: Final = {word: float(size) for size, word in reversed(SIZES)}
_WORD: Final = "|".join([*sorted(_SMALL, key=len, reverse=True), *_SIZES])
_DIGIT: Final = "|".join(UP_TO_19[:10])
_SEQUENCE: Final = re.compile(
    rf"(?<![\w-])(?:\d+(?:\.\d+)? |an? (?=(?:{'|'.join(_SIZES)})\b))?(?:{_WORD})"
    rf"(?:(?:[- ]|(?<=hundred) and |(?<=thousand) and )(?:{_WORD}))*\b"
    rf"(?: point(?: (?:{_DIGIT})\b)+)?"
)
_KEPT: Final = re.compile(
    r"[\s-]?(?:cents?|dollars?|dozen|decades?|score|hours?"
    r"|minutes?|seconds?|days?|weeks?|months?|years?"
    r"|calls?|requests?|below|short of|fewer|shy of|more than a hundred)\b"
)
"""What follows `one` where it is a number."""
_PARTS_OF_UNITS: Final = {
    "minute": (60, "seconds"),
    "hour": (60, "minutes"),
    "day": (24, "hours"),
    "week": (168, "hours"),
    "month": (30, "days"),
    "year": (12, "months"),
    "decade": (10, "years"),
    "century": (100, "years"),
    "dozen": (12, ""),
    "hundred": (100, ""),
    "thousand": (1000, ""),
    "million": (1_000_000, ""),
}
_FRACTIONS: Final = {"half": 0.5, "quarter": 0.25, "third": 1 / 3, "tenth": 0.1}
_UNIT: Final = "|".join(_PARTS_OF_UNITS)
_FRACTION: Final = re.compile(
    rf"(?:(\d[\d,]*|an?|one) |\b)({'|'.join(_FRACTIONS)})s?[ -](?:of )?(?:an?[ -]|one )?({_UNIT}|centurie)s?\b"
)
_LARGE_PERIODS: Final = {"fortnight": (14, "days"), **{name: _PARTS_OF_UNITS[name] for name in ("decade", "century")}}
_LARGE: Final = re.compile(r"(?:(\d[\d,.]*|an?|one|every) )?\b(fortnight|decade|century|centurie)s?\b")
_DOZENS: Final = re.compile(r"(?:(\d[\d,.]*|an?|one) )?\b(dozen|score)(?! (?:of \d|is|:))(?: and (\d+|one)\b)?")
_MONEY: Final = re.compile(r"(\d[\d,]*(?:\.\d+)?) (?:us )?dollars?(?:,? and (\d+(?:\.\d+)?) (?:us )?cents?)?")
_DIMES: Final = re.compile(r"(\d+) dimes?(?:,? and (\d+(?:\.\d+)?) cents?)?")
_BELOW: Final = re.compile(
    r"(?<![\w.$])(\d+(?:\.\d+)?)(?: [a-z]+){0,2} "
    r"(?:short of|shy of|fewer than|less than|away from|off|below|under|missing (?:to|from)|lacking to|from)"
    r" (?:an? |the )?(?:[a-z]+ (?:of )?){0,2}(10{1,3}|\d00|\d000)\b(?![.,\d:%]| ?(?:ms|milli|sec|min))"
)
_ABOVE: Final = re.compile(
    r"(?<![\w.$])(\d+(?:\.\d+)?)(?: [a-z]+){0,1} (?:more than|above|beyond|past|on top of|over and above|in excess of)"
    r" (?:an? |the )?(10{1,3}|\d00|\d000)\b(?![.,\d:%]| ?(?:ms|milli|sec|min))"
)


def in_digits(text: str) -> str:
    """Return a text in small letters with its numbers in digits.

    `100` for `a hundred`, `30 minutes` for `half an hour`, `62` for `five dozen and two`, `$2.40` for `two dollars and
    forty cents`, and `83` for `17 short of a hundred`.
    """
    text = re.sub(r"\b(a|one|two|three) (half|quarter|third)\b", lambda m: f"{_count(m.group(1)):g} {m.group(2)}", text)
    text = _SEQUENCE.sub(_number, text)
    text = _FRACTION.sub(_fraction, text)
    text = _LARGE.sub(_period, text)
    text = _DOZENS.sub(_dozens, text)
    text = _MONEY.sub(lambda match: f"${_plain(match.group(1)) + float(match.group(2) or 0) / 100:.10g}", text)
    text = _DIMES.sub(lambda match: f"{10 * _plain(match.group(1)) + float(match.group(2) or 0):.10g} cents", text)
    text = _BELOW.sub(lambda match: _compared(match, -1), text)
    return _ABOVE.sub(lambda match: _compared(match, 1), text)


def _plain(number: str) -> float:
    return float(number.replace(",", "").rstrip("."))


def _count(word: str | None) -> float:
    """Return the value of the word before a unit; 1 if it is an article (`a minute`) or absent (`per minute`)."""
    if word is None or word in ("a", "an", "every"):
        return 1.0
    return _SMALL[word] if word in _SMALL else _plain(word)


def _singular(unit: str) -> str:
    """Return the name of a unit that was read without its plural `s`."""
    return "century" if unit == "centurie" else unit


def _number(match: re.Match[str]) -> str:
    said = match.group(0)
    if said == "one" and not _KEPT.match(match.string, match.end()):
        return said
    whole, _, decimals = said.partition(" point ")
    total = current = 0.0
    for word in re.findall(r"[a-z]+|\d+(?:\.\d+)?", whole):
        if word in _SMALL or word[0].isdigit():
            current += _count(word)
        elif word == "hundred":
            current = max(current, 1.0) * 100
        elif word in _SIZES:
            total += max(current, 1.0) * _SIZES[word]
            current = 0.0
    text = f"{total + current:,.0f}" if (total + current).is_integer() else f"{total + current:.10g}"
    return text + ("." + "".join(f"{_SMALL[word]:.0f}" for word in decimals.split()) if decimals else "")


def _fraction(match: re.Match[str]) -> str:
    if match.group(2) in ("third", "tenth") and match.group(1) is None:
        return match.group(0)
    size, unit = _PARTS_OF_UNITS[_singular(match.group(3))]
    return f"{_count(match.group(1)) * _FRACTIONS[match.group(2)] * size:.10g} {unit}".rstrip()


def _period(match: re.Match[str]) -> str:
    size, unit = _LARGE_PERIODS[_singular(match.group(2))]
    every = "every " if match.group(1) == "every" else ""
    return f"{every}{_count(match.group(1)) * size:.10g} {unit}"


def _dozens(match: re.Match[str]) -> str:
    if match.group(2) == "score" and (match.group(1) is None or not match.group(1)[0].isdigit()):
        return match.group(0)
    size = 12 if match.group(2) == "dozen" else 20
    return f"{_count(match.group(1)) * size + (_count(match.group(3)) if match.group(3) else 0):.10g}"


def _compared(match: re.Match[str], sign: int) -> str:
    part, whole = _plain(match.group(1)), _plain(match.group(2))
    if sign < 0 and part >= whole:
        return match.group(0)
    is_scale = sign < 0 and whole in (10, 100) and not re.match(" [a-z]", match.string[match.end() :])
    return f"{whole + sign * part:.10g}{f' of {whole:g}' if is_scale else ''}"
