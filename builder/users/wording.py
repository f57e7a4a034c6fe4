"""Wording of requests: values in the place of slots, and sentences that ask for optional parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from builder.argument_config import ArgumentConfig
from builder.records import SlotValue
from builder.words import without_quotes
from builder.world.optional_parameters import OptionalParameter, usual_texts

from .values.asked_values import asks, asks_for_usual, draw_asked, is_only_number, read_asked, words_for
from .values.context import ValueSource
from .values.days import is_adverb, names_day

_WITHOUT_CAPITALS: Final = frozenset({"terse", "voice-typed"})
"""Registers whose sentences need not begin with a capital letter."""
_LOWER_START: Final = re.compile(r"(^|[.!?] )t(?=he )")
"""Beginning of a sentence with a name such as `the lower field`."""
_DOUBLE_END: Final = re.compile(r"(?<![.?!])([.?!])\.(?=\s|$)")
"""Full stop after a value that ends with one."""
_ARTICLE: Final = re.compile(r"\b([aA]) \{(\w+)\}")
"""Article before a slot."""
_VOWEL: Final = re.compile(r"(?!eu|uni|us[ei]|one\b)[aeiou]", re.IGNORECASE)
"""Beginning of a word whose article is `an`."""
_UNIT_WORDS: Final = r"[ -](?:kilograms|kilos|kg|centimetres|cm|minutes|min|years)(?![\w'])"
"""Unit after a slot."""
_PREPOSITIONS: Final = frozenset({"for", "from", "of", "till", "to", "until"})
"""Words that can precede `tomorrow` and `yesterday`; `on` is left out before them."""
_PAST: Final = re.compile(r"\b(?:was|were|did|had|been|went|came)\b", re.IGNORECASE)
"""Words of a text about the past, in which a weekday could be a past one."""
MIN_SHOWN: Final = 2
"""Minimum number of earlier requests that show what a person always asks for."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a person always asks for in connection with a concern."""

    parameter: OptionalParameter
    value: SlotValue


@dataclass(frozen=True, slots=True)
class AskedOption:
    """An optional parameter that a request asks for."""

    parameter: OptionalParameter
    value: SlotValue
    text: str
    """Sentence that asks for it."""


def draw_options(
    parameters: Sequence[OptionalParameter], register: str, draw: ValueSource, dials: ArgumentConfig
) -> list[AskedOption]:
    """Draw optional parameters that a request asks for; mostly none.

    Args:
        parameters: Those that it can ask for.
        register: Register of the person.
        draw: Random state of the request.
        dials: How often a request asks for one.
    """
    left, asked = list(parameters), list[AskedOption]()
    for share in (dials.optional, dials.second):
        if not left or draw.rng.random() >= share:
            break
        weights = [float(getattr(dials.kinds, item.kind)) for item in left]
        place = int(draw.rng.choice(len(left), p=[weight / sum(weights) for weight in weights]))
        item = left.pop(place)
        value = draw_asked(item, draw)
        asked.append(AskedOption(item, value, asks(draw.choice(item.asked[register]), value.said)))
    return asked


def habitual(habit: Habit, register: str, draw: ValueSource) -> AskedOption:
    """Return the habit of a person as an earlier request states it."""
    item, value = habit.parameter, habit.value
    if item.kind == "enum":
        value = replace(value, said=words_for(item, str(value.value), draw))
    return AskedOption(item, value, asks(draw.choice(item.asked[register]), value.said))


def implied(habit: Habit, register: str, draw: ValueSource) -> AskedOption:
    """Return the habit of a person as a request refers to it."""
    text = draw.choice(usual_texts(register)).format(value=habit.parameter.usual)
    return AskedOption(habit.parameter, replace(habit.value, said=habit.parameter.usual, kind="implicit"), text)


def is_clear(instruction: str, asked: Collection[AskedOption], draw: ValueSource) -> bool:
    """Return True if what an instruction asks for each optional parameter can be understood in only one way."""
    day = draw.situation.day if draw.situation else None
    plain = without_quotes(instruction)
    return all(
        (not read_asked(item.parameter, plain, day) and asks_for_usual(item.parameter, plain))
        if item.value.kind == "implicit"
        else len(read_asked(item.parameter, plain, day)) == 1 and is_only_number(item.parameter, plain)
        for item in asked
    )


def fitted(text: str, values: Mapping[str, SlotValue]) -> str | None:
    """Return a text with the articles, units and prepositions around its slots as the values need them.

    Returns:
        The text; None if a value cannot stand in it.
    """
    for name, value in values.items():
        slot = f"{{{name}}}"
        if value.kind == "unit":
            text, number = re.subn(re.escape(slot) + _UNIT_WORDS, slot, text)
            if not number:
                return None
        if value.kind == "date":
            plain = without_quotes(text)
            if names_day(plain) or (_PAST.search(plain) and not is_adverb(value.said)):
                return None
            fitting = _with_day(text, slot, value.said)
            if fitting is None:
                return None
            text = fitting
    return _with_article(text, values)


def with_sentences(text: str, asked: Sequence[AskedOption], register: str) -> str:
    """Return a text followed by the sentences that ask for optional parameters."""
    if not asked:
        return text
    closed = text if register == "voice-typed" or text[-1] in '.?!"' else f"{text}."
    return " ".join([closed, *_capitalised([item.text for item in asked], register)])


def polished(instruction: str, register: str) -> str:
    """Return an instruction whose sentences end once, and begin with a capital letter where the register has them."""
    instruction = _DOUBLE_END.sub(r"\1", instruction)
    if register in _WITHOUT_CAPITALS:
        return instruction
    return _LOWER_START.sub(lambda found: f"{found[1]}T", instruction)


def _capitalised(texts: Sequence[str], register: str) -> Iterator[str]:
    for text in texts:
        yield text if register in _WITHOUT_CAPITALS else text[0].upper() + text[1:]


def _with_day(text: str, slot: str, said: str) -> str | None:
    """Return a text in which a day fits the word before its slot; None if it does not."""
    if not is_adverb(said):
        return text
    before = text[: text.index(slot)].split()
    word = before[-1].strip('",').lower() if before else ""
    if word == "on":
        return re.sub(rf"\b([oO])n {re.escape(slot)}", slot, text)
    return text if word in _PREPOSITIONS and " " not in said else None


def _with_article(text: str, values: Mapping[str, SlotValue]) -> str:
    """Return a text with `an` instead of `a` before the slots whose values need it."""

    def article(found: re.Match[str]) -> str:
        value = values.get(found[2])
        return f"{found[1]}n {{{found[2]}}}" if value and _VOWEL.match(value.said) else found[0]

    return _ARTICLE.sub(article, text)
