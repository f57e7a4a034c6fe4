"""Values of optional parameters: how instructions ask for them, and which values such an instruction means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import numpy as np

from builder.argument_config import ArgumentConfig
from builder.records import SlotValue
from builder.world.optional_parameters import OptionalParameter, usual_texts

from . import codes, places
from .context import Place, Situation, ValueSource
from .days import DAY_WORDS, Direction, is_adverb, read_days, said_day
from .units import is_imperial, read_quantities

Reading = tuple[str | int | float, str]
"""A value, its meaning for an enum or its number in a unit; and the unit, empty if it has none."""
_IMPERIAL_HOMES: Final = frozenset({"US", "GB"})
"""Countries in which people give distances in miles."""
_AMERICAN: Final = {
    "fahrenheit": True,
    "celsius": False,
    "cups": True,
    "grams": False,
    "american": True,
    "british": False,
}
"""Meanings that only some people ask for: those who measure and spell the American way, or the others."""
_AMERICANS: Final = 0.25
"""Share of the people elsewhere who do so."""
_OF_HOME: Final = 0.85
"""Share of the languages and countries that are those of the person."""
_USUAL_LANGUAGE: Final = 0.9
"""Share of the replies that a person wants in one language."""
_MOST_PAST: Final = 40
_MOST_AHEAD: Final = 60
"""Days from the request up to which the days of optional parameters lie."""
_NUMBER_WORDS: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|couple|few|dozen)\b",
    re.IGNORECASE,
)
"""Numbers in words. `One` is not among them, since it is also a pronoun."""
_WITH_ARTICLE: Final = frozenset({"Netherlands", "United States", "United Kingdom", "Philippines"})
"""Countries whose names take an article."""


def situation_at(home: Place, day: date, arguments: ArgumentConfig, rng: np.random.Generator) -> Situation:
    """Draw the situation of a person: language of replies and measures, mostly those of the country.

    Args:
        home: City of the person.
        day: Day of the request.
        arguments: How often values follow from the words of a request instead of standing in it.
        rng: Generator of all draws.
    """
    own = codes.HOME_LANGUAGES.get(home.country_code)
    languages = tuple(codes.LANGUAGE_NAMES)
    language = own if own and rng.random() < _OF_HOME else languages[int(rng.integers(len(languages)))]
    american = home.country_code == "US" or bool(rng.random() < _AMERICANS)
    return Situation(home, day, language=language, american=american, arguments=arguments)


def draw_asked(parameter: OptionalParameter, draw: ValueSource) -> SlotValue:
    """Draw a value of an optional parameter with the words that ask for it."""
    if parameter.draws != "list":
        return _GENERATORS[parameter.draws](draw)
    if parameter.kind == "unit":
        fitting = [value for value in parameter.values if is_imperial(value[1]) == _is_imperial(draw)]
        amount, unit, said = draw.choice(fitting or parameter.values)
        return SlotValue(amount, said, "unit", unit)
    if parameter.kind == "enum":
        meaning = str(draw.choice(_fitting(parameter, draw))[0])
        return SlotValue(meaning, words_for(parameter, meaning, draw), "enum")
    value, said = draw.choice(parameter.values)
    return SlotValue(value, said, "option")


def words_for(parameter: OptionalParameter, meaning: str, draw: ValueSource) -> str:
    """Draw words for a meaning of an enum."""
    return str(draw.choice(next(ways for name, ways in parameter.values if name == meaning)))


def asks(template: str, said: str) -> str:
    """Fill a value into a sentence of an instruction, so that `Reply in {value}.` becomes `Reply in French.`."""
    if is_adverb(said):
        template = template.replace("on {value}", "{value}")
    return template.format(value=said)


def read_asked(parameter: OptionalParameter, instruction: str, today: date | None) -> set[Reading]:
    """Return the values of an optional parameter that an instruction asks for.

    Args:
        parameter: The parameter.
        instruction: The instruction.
        today: Day of the instruction; None if it is not known.
    """
    found = set[Reading]()
    for pattern in _patterns(parameter):
        for match in pattern.finditer(instruction):
            found |= _readings(parameter, match["value"], today)
    return found


def is_only_number(parameter: OptionalParameter, instruction: str) -> bool:
    """Return True unless an instruction that asks for a number of something has another number in words.

    "Say it in three sentences. Seven sentences are enough." would ask for two numbers, and so might "three terms each.
    Eight results."
    """
    is_number = parameter.kind == "option" and parameter.draws == "list"
    return not is_number or len(_NUMBER_WORDS.findall(instruction)) <= 1


def asks_for_usual(parameter: OptionalParameter, instruction: str) -> bool:
    """Return True if an instruction refers to what the person always asks for."""
    texts = (text for register in parameter.asked for text in usual_texts(register))
    return bool(parameter.usual) and any(
        text.format(value=parameter.usual).lower() in instruction.lower() for text in texts
    )


@cache
def _patterns(parameter: OptionalParameter) -> Sequence[re.Pattern[str]]:
    """Return a pattern for each text that asks for a parameter."""
    texts = {text for of_register in parameter.asked.values() for text in of_register}
    texts |= {asks(text, "tomorrow").replace("tomorrow", "{value}") for text in texts if "on {value}" in text}
    words = rf"(?P<value>{_words(parameter)})"
    return [
        re.compile(r"(?<!\w)" + re.escape(text).replace(re.escape("{value}"), words) + r"(?!\w)", re.IGNORECASE)
        for text in sorted(texts)
    ]


def _words(parameter: OptionalParameter) -> str:
    """Return a pattern of the words for the values of a parameter."""
    if parameter.draws in _DIRECTIONS:
        return DAY_WORDS
    if parameter.draws != "list":
        return "|".join(map(re.escape, _names(parameter.draws)))
    return "|".join(sorted(map(re.escape, _said(parameter)), key=len, reverse=True))


@cache
def _said(parameter: OptionalParameter) -> Mapping[str, Reading]:
    """Return the readings of the words of a list of values."""
    if parameter.kind == "unit":
        return {said.lower(): (amount, unit) for amount, unit, said in parameter.values}
    if parameter.kind == "enum":
        return {way.lower(): (meaning, "") for meaning, ways in parameter.values for way in ways}
    return {said.lower(): (value, "") for value, said in parameter.values}


def _readings(parameter: OptionalParameter, words: str, today: date | None) -> set[Reading]:
    """Return the values that some words mean. Quantities and days are read without the list of values."""
    if parameter.kind == "unit":
        return set(read_quantities(words))
    if parameter.draws in _DIRECTIONS:
        return {(day, "") for day in read_days(words, today or date.min, _DIRECTIONS[parameter.draws])}
    if parameter.draws == "list":
        return {_said(parameter)[words.lower()]}
    return {(_names(parameter.draws)[words.lower()], "")}


def _is_imperial(draw: ValueSource) -> bool:
    return draw.situation is not None and draw.situation.home.country_code in _IMPERIAL_HOMES


def _fitting(parameter: OptionalParameter, draw: ValueSource) -> Sequence[tuple[Any, ...]]:
    """Return the values that somebody asks for who measures and spells like the person."""
    american = draw.situation is not None and draw.situation.american
    return [value for value in parameter.values if _AMERICAN.get(str(value[0]), american) == american]


def _language(draw: ValueSource) -> SlotValue:
    """Draw the language of a reply, mostly that of the person's replies; never English, in which the person writes."""
    own = draw.situation.language if draw.situation else ""
    code = own if own and draw.rng.random() < _USUAL_LANGUAGE else draw.choice(tuple(codes.LANGUAGE_NAMES))
    return SlotValue(code, codes.LANGUAGE_NAMES[code], "code")


def _country(draw: ValueSource) -> SlotValue:
    names = places.home_countries()
    own = draw.situation.home.country_code if draw.situation else ""
    code = own if own in names and draw.rng.random() < _OF_HOME else draw.choice(tuple(names))
    return SlotValue(code, _with_article(names[code]), "code")


def _currency(draw: ValueSource) -> SlotValue:
    code = str(codes.currency(draw).value)
    code = code if code in codes.CURRENCY_NAMES else draw.choice(tuple(codes.CURRENCY_NAMES))
    return SlotValue(code, codes.CURRENCY_NAMES[code], "code")


def _past_day(draw: ValueSource) -> SlotValue:
    return _asked_day(draw, -draw.integer(1, _MOST_PAST), "past")


def _coming_day(draw: ValueSource) -> SlotValue:
    return _asked_day(draw, draw.integer(1, _MOST_AHEAD), "coming")


def _asked_day(draw: ValueSource, ahead: int, direction: Direction) -> SlotValue:
    """Return a day; its words fit after any preposition."""
    if draw.situation is None:
        raise ValueError("A day relative to a request needs the situation of the person who asks.")
    day = draw.situation.day + timedelta(days=ahead)
    said = said_day(draw, day, direction, after_preposition=True)
    return said if said.kind == "date" else SlotValue(said.value, said.said, "option")


def _with_article(country: str) -> str:
    return f"the {country}" if country in _WITH_ARTICLE else country


@cache
def _names(draws: str) -> Mapping[str, str]:
    """Return the codes by the names of languages, countries or currencies in lower case, the longest names first."""
    of_codes: Mapping[str, str] = {
        "language": codes.LANGUAGE_NAMES,
        "currency": codes.CURRENCY_NAMES,
        "country": {code: _with_article(name) for code, name in places.home_countries().items()},
    }[draws]
    order = sorted(of_codes, key=lambda code: -len(of_codes[code]))
    return {of_codes[code].lower(): code for code in order}


_GENERATORS: Final[Mapping[str, Callable[[ValueSource], SlotValue]]] = {
    "language": _language,
    "country": _country,
    "currency": _currency,
    "past day": _past_day,
    "coming day": _coming_day,
}
_DIRECTIONS: Final[Mapping[str, Direction]] = {"past day": "past", "coming day": "coming"}
