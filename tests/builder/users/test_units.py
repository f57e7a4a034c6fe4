"""Quantities in words, and the numbers that they are in other units."""

from __future__ import annotations

import pytest

from builder.users.values.units import in_unit, read_quantities


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("an hour and a half", [(1.5, "h")]),
        ("two and a half hours", [(2.5, "h")]),
        ("three quarters of an hour", [(0.75, "h")]),
        ("half a kilometre", [(0.5, "km")]),
        ("a quarter of a kilo", [(0.25, "kg")]),
        ("5 foot 11 and 165 pounds", [(71, "in"), (165, "lb")]),
        ("1.81 m tall, 75 kg", [(1.81, "m"), (75, "kg")]),
        ("90 per cent sure", [(90, "percent")]),
        ("thirty-six hours", [(36, "h")]),
        ("twenty-four months", [(24, "month")]),
        ("half past ten, room 12 of the mill", []),
    ],
)
def test_quantities_are_read_from_words(text: str, quantities: list[tuple[float, str]]) -> None:
    assert read_quantities(text) == quantities


@pytest.mark.parametrize(
    ("amount", "unit", "target", "whole", "number"),
    [
        (1.5, "km", "m", True, 1500),
        (800, "m", "km", False, 0.8),
        (1.81, "m", "cm", True, 181),
        (90, "percent", "fraction", False, 0.9),
        (1.5, "min", "ms", True, 90_000),
        (2.5, "day", "h", True, 60),
        (45, "min", "h", False, 0.75),
        (24, "month", "year", True, 2),
    ],
)
def test_a_conversion_that_comes_out_even_has_one_number(
    amount: float, unit: str, target: str, whole: bool, number: float
) -> None:
    assert in_unit(amount, unit, target, whole=whole) == [number]


def test_a_conversion_with_rounding_has_the_numbers_that_careful_readers_write() -> None:
    usual, *others = in_unit(5, "mi", "km")
    assert usual == 8
    assert {8.05, 8.047, 8.0467} <= set(others)  # 8.046720 km, rounded in different ways
    assert not {5, 8.2, 7.5} & set(others)
    assert in_unit(71, "in", "cm", whole=True) == [180]
    assert {8000, 8047, 8050} <= set(in_unit(5, "mi", "m", whole=True))
    assert all(isinstance(number, int) for number in in_unit(5, "mi", "m", whole=True))


def test_units_of_different_kinds_cannot_be_converted() -> None:
    with pytest.raises(KeyError):
        in_unit(5, "mi", "kg")
