"""Days: how instructions state them relative to the day of a request, and which days such words mean.

Words are used only where careful readers agree: a weekday within six days, a day of the month that comes once, a date
without its year within ten months. So `next Friday` does not occur.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, Literal

from builder.records import SlotValue
from builder.world.number_words import UP_TO_19

from .context import ValueSource

Direction = Literal["coming", "past"]
"""Where a day lies, seen from the day of the request."""
_WEEK: Final = 6
"""Days up to which a weekday means a date."""
_FEW: Final = 10
"""Days that are counted in words."""
_MONTH: Final = 26
"""Days up to which a day of the month means a date."""
_MOST: Final = 300
"""Days up to which a date without a year is clear."""
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COUNTS: Final = UP_TO_19[2 : _FEW + 1]
_FULL: Final = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(_MONTHS)})(?: (\d{{4}}))?\b")
_RELATIVE: Final = re.compile(
    rf"\b(?:(?P<tomorrow>tomorrow)|(?P<yesterday>yesterday)|in (?P<ahead>{'|'.join(_COUNTS)}) days|"
    rf"(?P<ago>{'|'.join(_COUNTS)}) days ago|the (?P<day>\d{{1,2}})(?:st|nd|rd|th)(?! of)|"
    rf"(?P<weekday>{'|'.join(_WEEKDAYS)}))\b",
    re.IGNORECASE,
)
DAY_WORDS: Final = rf"\d{{1,2}} (?:{'|'.join(_MONTHS)})(?: \d{{4}})?|tomorrow|yesterday|the \d{{1,2}}(?:st|nd|rd|th)|{'|'.join(_WEEKDAYS)}"
"""Pattern of the words for a day that fit after a preposition."""
_ADVERB: Final = re.compile(r"tomorrow|yesterday|in \w+ days|\w+ days ago")


def said_day(
    draw: ValueSource,
    day: date,
    direction: Direction = "coming",
    *,
    alone: bool = True,
    plain: bool = False,
    after_preposition: bool = False,
) -> SlotValue:
    """Return an ISO date that instructions state in full, or relative to the day on which a person asks.

    Args:
        draw: Random state of the scenario.
        day: The day.
        direction: Where it lies, as everybody knows who reads the request.
        alone: False for the end of a period, whose words could be read relative to its beginning.
        plain: True where only words such as "yesterday" make the direction clear.
        after_preposition: True to leave out words that do not fit after `from` or `since`, such as "two days ago".
    """
    situation = draw.situation
    if situation is None or not situation.relative or draw.rng.random() >= situation.arguments.relative:
        return said_date(day)
    ways = [
        text
        for text in _ways(day, situation.day, direction)
        if (alone or not _RELATIVE.fullmatch(text))
        and (not plain or is_adverb(text))
        and not (after_preposition and is_adverb(text) and " " in text)
    ]
    return SlotValue(day.isoformat(), draw.choice(ways), "date") if ways else said_date(day)


def said_date(day: date) -> SlotValue:
    """Return an ISO date that instructions state in words, such as "3 May 2026"."""
    return SlotValue(day.isoformat(), f"{day.day} {day:%B %Y}")


def is_adverb(words: str) -> bool:
    """Return True for words such as "tomorrow", which take no preposition."""
    return _ADVERB.fullmatch(words) is not None


def names_day(text: str) -> bool:
    """Return True if a text names a day, relative or not."""
    return bool(_FULL.search(text) or _RELATIVE.search(text))


def read_days(text: str, today: date, direction: Direction) -> set[str]:
    """Return the days that a text names, as ISO dates.

    Args:
        text: An instruction, or words of it.
        today: Day of the instruction.
        direction: Whether days without a year are in the past or in the future.
    """
    found = {day.isoformat() for match in _FULL.finditer(text) if (day := _dated(match, today, direction)) is not None}
    found |= {
        day.isoformat() for match in _RELATIVE.finditer(text) if (day := _relative(match, today, direction)) is not None
    }
    return found


def _ways(day: date, today: date, direction: Direction) -> list[str]:
    """Return the ways to state a day relative to another that mean only this day."""
    texts = [f"{day:%A}", f"{day.day} {_MONTHS[day.month - 1]}", f"the {day.day}{_ending(day.day)}"]
    ahead = (day - today).days
    texts += ["tomorrow"] if ahead == 1 else ["yesterday"] if ahead == -1 else []
    if 2 <= abs(ahead) <= _FEW:
        texts.append(f"in {UP_TO_19[ahead]} days" if ahead > 0 else f"{UP_TO_19[-ahead]} days ago")
    limits = {texts[0]: _WEEK, texts[1]: _MOST, texts[2]: _MONTH}
    return [
        text
        for text in texts
        if 1 <= abs(ahead) <= limits.get(text, _FEW) and read_days(text, today, direction) == {day.isoformat()}
    ]


def _dated(match: re.Match[str], today: date, direction: Direction) -> date | None:
    """Return the day of a date with or without its year; None if there is no such day."""
    number, month = int(match[1]), _MONTHS.index(match[2]) + 1
    if match[3]:
        return _day(int(match[3]), month, number)
    years = (today.year, today.year + 1) if direction == "coming" else (today.year, today.year - 1)
    days = (_day(year, month, number) for year in years)
    return next((day for day in days if day is not None and _lies(day, today, direction)), None)


def _relative(match: re.Match[str], today: date, direction: Direction) -> date | None:
    if match["tomorrow"] or match["yesterday"]:
        return today + timedelta(days=1 if match["tomorrow"] else -1)
    if match["ahead"] or match["ago"]:
        count = UP_TO_19.index((match["ahead"] or match["ago"]).lower())
        return today + timedelta(days=count if match["ahead"] else -count)
    return next(
        (
            day
            for day in _nearest(today, direction)
            if (match["weekday"] and f"{day:%A}" == match["weekday"].title())
            or (match["day"] and day.day == int(match["day"]))
        ),
        None,
    )


def _nearest(today: date, direction: Direction) -> Iterator[date]:
    """Yield the days of the coming or past weeks, the nearest first, without today."""
    step = 1 if direction == "coming" else -1
    for count in range(1, 62):
        yield today + timedelta(days=step * count)


def _lies(day: date, today: date, direction: Direction) -> bool:
    return day >= today if direction == "coming" else day <= today


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _ending(number: int) -> str:
    """Return the letters after an ordinal number."""
    return "th" if 10 < number < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
