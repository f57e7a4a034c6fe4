"""Wording of requests: sentences that ask for optional parameters, and what they mean to a reader."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest

from builder.argument_config import ArgumentConfig, KindWeights
from builder.records import SlotValue
from builder.users.values.asked_values import asks_for_usual, draw_asked, read_asked, situation_at
from builder.users.values.context import ValueSource
from builder.users.values.places import draw_home
from builder.users.wording import (
    Habit,
    draw_options,
    fitted,
    habitual,
    implied,
    is_clear,
    polished,
    with_sentences,
)
from builder.world.concerns import CONCERN_REGISTERS
from builder.world.optional_parameters import OptionalParameter, asked_parameters, optional_parameters

TODAY = date(2026, 11, 29)
NAMED = {item.name: item for item in asked_parameters()}


def source(seed: int, dials: ArgumentConfig | None = None) -> ValueSource:
    rng = np.random.default_rng(seed)
    return ValueSource(rng, situation=situation_at(draw_home(rng), TODAY, dials or ArgumentConfig(), rng))


@pytest.mark.parametrize("item", asked_parameters(), ids=list(NAMED))
def test_what_a_sentence_asks_for_can_be_read_from_it(item: OptionalParameter) -> None:
    for register in CONCERN_REGISTERS:
        for seed in range(12):
            draw = source(seed, ArgumentConfig(optional=1, relative=0.7))
            (asked,) = draw_options([item], register, draw, ArgumentConfig(optional=1))
            text = with_sentences("Ask the mill, would you?", [asked], register)
            assert read_asked(item, text, TODAY) == {(asked.value.value, asked.value.unit)}, text
            assert is_clear(text, [asked], draw)
            assert asked.value.kind in (item.kind, "option")


def test_an_instruction_that_asks_twice_is_not_clear() -> None:
    draw = source(0)
    language = NAMED["language"]
    asked = habitual(Habit(language, SlotValue("de", "German", "code")), "formal", draw)
    assert is_clear(f"A word, please. {asked.text}", [asked], draw)
    assert not is_clear(f"The answer should be in Dutch. {asked.text}", [asked], draw)
    assert is_clear(f'She wrote "The answer should be in Dutch." {asked.text}', [asked], draw)


def test_an_instruction_with_another_number_is_not_clear() -> None:
    draw = source(0)
    asked = habitual(Habit(NAMED["sentences"], SlotValue(7, "seven", "option")), "formal", draw)
    assert is_clear(f'Kindly condense: "Two doors, three keys." {asked.text}', [asked], draw)
    assert not is_clear(f'I may read but three sentences of it. Kindly condense: "A door." {asked.text}', [asked], draw)
    assert not is_clear(f"{asked.text} A few are enough.", [asked], draw)


@pytest.mark.parametrize("register", CONCERN_REGISTERS)
def test_a_reference_to_earlier_requests_names_the_parameter_and_no_value(register: str) -> None:
    for item in (item for item in asked_parameters() if item.usual):
        draw = source(3)
        asked = implied(Habit(item, draw_asked(item, draw)), register, draw)
        text = polished(with_sentences("A word, please.", [asked], register), register)
        assert asks_for_usual(item, text)
        assert read_asked(item, text, TODAY) == set()
        assert asked.value.kind == "implicit"
        assert is_clear(text, [asked], draw)
        assert not is_clear("A word, please.", [asked], draw)


def test_the_shares_of_the_settings_are_met() -> None:
    draw = source(1)
    items = optional_parameters("search recipes")
    dials = ArgumentConfig(optional=0.5, second=0.5, kinds=KindWeights(option=1, enum=1, unit=8))
    asked = [draw_options(items, "terse", draw, dials) for _ in range(600)]
    sizes = Counter(map(len, asked))
    assert 0.43 < 1 - sizes[0] / 600 < 0.57
    assert 0.4 < sizes[2] / (sizes[1] + sizes[2]) < 0.6
    first = Counter(found[0].parameter.kind for found in asked if found)
    assert first["unit"] > 2 * (first["option"] + first["enum"])
    assert draw_options(items, "terse", draw, ArgumentConfig(optional=0)) == []


def test_people_measure_and_want_replies_as_their_country_does() -> None:
    languages: Counter[str] = Counter()
    for seed in range(40):
        draw = source(seed)
        situation = draw.situation
        assert situation is not None
        drawn = {draw_asked(NAMED["temperature scale"], draw).value for _ in range(5)}
        assert drawn == {"fahrenheit" if situation.american else "celsius"}
        assert situation.american or situation.home.country_code != "US"
        wanted = Counter(draw_asked(NAMED["language"], draw).value for _ in range(20))
        languages[str(wanted.most_common(1)[0][0])] += 1
        assert wanted[situation.language] > 12
    assert len(languages) > 5


def test_texts_fit_the_values_in_their_slots() -> None:
    long, short = SlotValue(1.5, "an hour and a half", "unit", "h"), SlotValue(30, "30")
    assert fitted("{minutes} minutes of it", {"minutes": long}) == "{minutes} of it"
    assert fitted("{minutes} minutes of it", {"minutes": short}) == "{minutes} minutes of it"
    assert fitted("for {minutes} of it", {"minutes": long}) is None
    tomorrow, friday = (SlotValue("2026-12-04", said, "date") for said in ("tomorrow", "Friday"))
    assert fitted("We come on {date}.", {"date": tomorrow}) == "We come {date}."
    assert fitted("What about {date}?", {"date": tomorrow}) is None
    assert fitted("What about {date}?", {"date": friday}) == "What about {date}?"
    assert fitted("Who won on {date}? It was light.", {"date": friday}) is None
    assert fitted("On Monday we ask for {date}.", {"date": friday}) is None
    assert fitted("a {thing}", {"thing": SlotValue("egg", "egg")}) == "an {thing}"
