"""Names, places, values, subjects and patterns in texts, compared with what a reader finds in them."""

from __future__ import annotations

import pytest

from builder.audit.proper_names import Found, NameFinder, Request, singular, tool_words


def request(text: str, *values: str, tool: str = "") -> Request:
    return Request(text, values, tool_words(tool, ""))


def found(text: str, *values: str, tool: str = "", others: tuple[str, ...] = ()) -> Found:
    """Return what a text contains, with other texts in the data set."""
    asked = request(text, *values, tool=tool)
    return NameFinder([asked, *map(request, others)]).find(asked)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ask Zorka and Mrs Lindahl-Okoro", {"Zorka", "Mrs Lindahl-Okoro"}),
        ("the key is in Zorka's shed, Old Mill", {"Zorka", "Old Mill"}),
        ("Zorka, Amadou and Dr. Brisk will come", {"Amadou", "Dr. Brisk"}),
        ("my API key for UUIDs and I'm late, I've to go", set()),
        ("on Monday in May, in Portuguese", set()),
        ("code AktTeYY2w and X9", set()),
        ('she said: "Nobody comes." Kindly ask', set()),
    ],
)
def test_names_are_words_with_a_capital_letter_within_a_sentence(text: str, names: set[str]) -> None:
    assert found(text).names == {name.replace(".", "") for name in names}


def test_a_name_that_begins_a_sentence_is_known_from_other_texts() -> None:
    text = "Zorka has a key. Kindly copy it."
    assert found(text).names == frozenset()
    assert found(text, others=("give it to Zorka", "and kindly wait")).names == {"Zorka"}


def test_a_word_that_is_mostly_in_small_letters_is_no_name() -> None:
    others = ("the mill is old", "an old mill", "by the mill")
    assert found("we meet at the Mill", others=others).names == frozenset()


@pytest.mark.parametrize(
    ("text", "values", "places", "names"),
    [
        ("films about Lisbon or Mar del Plata", (), {"Lisbon"}, {"Mar", "Plata"}),
        ("from Lagos Nigeria to Zorka", (), {"Lagos", "Nigeria"}, {"Zorka"}),
        ("meet me on London Bridge", (), set(), {"London Bridge"}),
        ("who sells boats in Hong Kong?", ("Hong Kong",), {"Hong Kong"}, set()),
        ("at 81 Market Street, Oslo, Norway", ("81 Market Street, Oslo, Norway",), {"Oslo", "Norway"}, set()),
    ],
)
def test_places_are_countries_and_cities(text: str, values: tuple[str, ...], places: set[str], names: set[str]) -> None:
    result = found(text, *values)
    assert result.places == places
    assert result.names == names


def test_a_value_is_found_where_it_is_not_a_part_of_a_word() -> None:
    result = found("is cat in the category Cat Food of 123 or 23?", "cat", "Cat Food", "23", "lost", "in")
    assert result.values == {"cat", "Cat Food"}
    assert result.names == frozenset()
    assert result.pattern == "is \u2026 in the category \u2026 of \u2026 or \u2026"


def test_the_pattern_is_the_same_for_other_names_values_and_days() -> None:
    patterns = {
        found(text, value).pattern
        for text, value in (
            ("Zorka asks: does Zorka's boat reach Oslo on 3 May?", "Oslo"),
            ("Zorka asks: does Amadou's boat reach Vilnius on Friday?", "Vilnius"),
        )
    }
    assert len(patterns) == 2, "at the beginning of a sentence, a name is known only from other texts"
    others = ("ask Zorka",)
    patterns = {
        found(text, value, others=others).pattern
        for text, value in (
            ("Zorka asks: does Zorka's boat reach Oslo on 3 May?", "Oslo"),
            ("Zorka asks: does Amadou's boat reach Vilnius on Friday?", "Vilnius"),
        )
    }
    assert patterns == {"\u2026 asks does \u2026 boat reach \u2026 on \u2026"}


def test_subjects_are_words_beyond_the_job() -> None:
    result = found(
        "Please find me the weather for the berries of Zorka's goats, we can't wait", tool="daily_weather_forecasts"
    )
    assert result.subjects == {"berry", "goat"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("goats", "goat"), ("berries", "berry"), ("glass", "glass"), ("bus", "bus"), ("gas", "gas"), ("fir", "fir")],
)
def test_a_plural_loses_its_s(word: str, expected: str) -> None:
    assert singular(word) == expected


def test_words_of_a_tool_are_those_of_name_and_description() -> None:
    assert tool_words("getWeather_v2", "Daily forecasts.") == {"get", "weather", "v2", "daily", "forecast"}
