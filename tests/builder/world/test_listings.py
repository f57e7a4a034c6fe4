"""Tests of the layouts: what a careful reader can take from a listing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations, permutations
from typing import Final

import numpy as np
import pytest
import yaml

from builder.errors import ConfigError, MissingExtraError
from builder.world import templates
from builder.world.axes import AXES, Value
from builder.world.facts import Facts, draw_value
from builder.world.listings import Layout, layouts
from hf_dataset.layout import SPLITS

TODAY: Final = date(2026, 11, 29)
NOUN: Final = "countries"
LAYOUTS: Final = [(split, layout) for split in SPLITS for layout in layouts(split)]
_IDS: Final = [f"{split}-{layout.name}" for split, layout in LAYOUTS]
each_layout = pytest.mark.parametrize("layout", [layout for _, layout in LAYOUTS], ids=_IDS)
each_split_and_layout = pytest.mark.parametrize(("split", "layout"), LAYOUTS, ids=_IDS)
NUMBER: Final = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|\d+(?:\.\d+)?")

# Values in canonical units, small and large.
NUMBERS: Final[Mapping[str, tuple[float, ...]]] = {
    "price": (0.06, 0.35, 2.4, 6.0, 20.0, 29.0),
    "rate_limit": (5.0, 30.0, 240.0, 1800.0, 6000.0),
    "latency": (43.0, 650.0, 1400.0, 12000.0),
    "uptime": (95.0, 98.5, 99.5, 99.97, 99.99),
    "retention": (0.25, 1.0, 14.0, 60.0, 180.0),
    "freshness": (5.0, 60.0, 900.0, 3600.0, 86400.0, 604800.0, 2592000.0),
    "archive": (2.0, 24.0, 90.0),
    "coverage": (6.0, 120.0, 1200.0),
    "standing": (1.3, 7.5, 9.9),
}
# Pairs that differ by 10 %; for uptime, in the downtime.
PAIRS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "price": ((0.1, 0.11), (2.0, 2.2), (20.0, 22.0)),
    "rate_limit": ((20.0, 22.0), (100.0, 110.0), (2000.0, 2200.0)),
    "latency": ((60.0, 66.0), (600.0, 660.0), (5000.0, 5500.0)),
    "uptime": ((97.0, 97.3), (99.5, 99.55), (99.9, 99.91)),
    "retention": ((10.0, 11.0), (30.0, 33.0), (0.0, 0.25)),
    "freshness": ((60.0, 66.0), (3600.0, 3960.0), (86400.0, 95040.0)),
    "archive": ((10.0, 11.0), (20.0, 22.0)),
    "coverage": ((10.0, 11.0), (60.0, 66.0), (200.0, 220.0)),
    "standing": ((5.0, 5.5), (8.0, 8.8)),
}

HEADINGS: Final = {"HTTP/2 200"}
"""Lines with a number that state no fact."""
MOST_HEADINGS: Final = 4
"""Most lines of a layout that state no fact."""

Reader = Callable[[Sequence[float]], Iterator[float]]
"""Reads canonical values from the numbers of a text."""


def times(factor: float) -> Reader:
    return lambda numbers: (number * factor for number in numbers)


def over(dividend: float) -> Reader:
    return lambda numbers: (dividend / number for number in numbers if number)


def less_than(whole: float, factor: float) -> Reader:
    return lambda numbers: (whole - number * factor for number in numbers)


def ratio(factor: float) -> Reader:
    return lambda numbers: (first / second * factor for first, second in permutations(numbers, 2) if second)


UNITS: Final = (1, 60, 3_600, 86_400, 604_800, 2_592_000)
"""Seconds of the units of time."""
DURATION: Final = tuple(times(unit) for unit in UNITS)
DAYS: Final = tuple(times(unit / 86_400) for unit in UNITS)
# How the layouts of a split can be read: one of the conversions gives the value.
FORMS: Final[Mapping[str, Mapping[str, tuple[Reader, ...]]]] = {
    "train": {
        "price": (times(1), ratio(1_000)),  # USD per 1,000 calls; monthly fee and calls
        "rate_limit": (times(1),),  # a minute
        "latency": (times(1),),  # ms
        "uptime": (times(1),),  # percent
        "retention": DAYS,  # days, or hours if less
        "freshness": DURATION,  # interval
        "archive": (times(1),),  # years
        "coverage": (times(1),),
        "standing": (times(1),),  # of 10
    },
    "validation": {
        "price": (times(1_000), times(0.1)),  # USD per call, cents for 100 calls
        "rate_limit": (times(1 / 60),),  # an hour
        "latency": (times(1_000),),  # seconds
        "uptime": (times(1),),  # percent
        "retention": DAYS,  # hours to months, ISO 8601
        "freshness": DURATION,  # seconds of a cache; delay
        "archive": (less_than(TODAY.year, 1),),  # first month or day
        "coverage": (times(1),),
        "standing": (times(0.1),),  # of 100
    },
    "test": {
        "price": (times(0.1), times(0.001), ratio(1_000)),  # USD per 10,000 or per million calls; for a number of calls
        "rate_limit": (times(1), times(60)),  # a minute; a second
        "latency": (times(1),),  # ms, median
        "uptime": (times(1), less_than(100, 1)),  # percent; percent of failed requests
        "retention": DAYS,  # hours to months
        "freshness": (*DURATION, *(over(unit) for unit in UNITS)),  # interval; times a unit
        "archive": (less_than(TODAY.year, 1),),  # first year
        "coverage": (times(1),),
        "standing": (times(2),),  # stars of 5
    },
}


def render(layout: Layout, facts: Facts) -> str:
    return layout.render(facts, TODAY, NOUN)


def values_of(axis: str) -> Sequence[Value]:
    return AXES[axis].levels or NUMBERS[axis]


def random_facts(rng: np.random.Generator, number: int) -> Facts:
    chosen = sorted(int(index) for index in rng.choice(len(AXES), number, replace=False))
    names = [list(AXES)[index] for index in chosen]
    return {name: draw_value(AXES[name], rng) for name in names}


def examples() -> Iterator[Facts]:
    """Yield all axes with each of their values, each axis alone, and random facts."""
    for turn in range(max(len(values_of(axis)) for axis in AXES)):
        yield {axis: values_of(axis)[turn % len(values_of(axis))] for axis in AXES}
    yield from ({axis: value} for axis in AXES for value in values_of(axis))
    yield from ({"price": 0.0}, {"retention": 0.0}, {"price": 0.0, "rate_limit": 60.0, "retention": 0.0})
    rng = np.random.default_rng(0)
    yield from (random_facts(rng, number) for number in (2, 3, 3, 5, 8, 8, 11))


def numbers_in(text: str) -> list[float]:
    text = text.lower().replace("twice", "2")
    text = re.sub(r"\bonce\b|\bevery (?=[a-z])|\b(?:hourly|daily|weekly|monthly)\b", "1 ", text)
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def is_close(axis: str, read: float, value: float) -> bool:
    scale = 100 - value if axis == "uptime" else value
    return abs(read - value) <= 0.02 * scale


def test_each_split_has_its_layouts() -> None:
    assert {split: len(layouts(split)) for split in SPLITS} == {"train": 23, "validation": 14, "test": 29}


@each_layout
def test_any_facts_render_without_leftovers_and_empty_lines(layout: Layout) -> None:
    for facts in examples():
        text = render(layout, facts)
        assert text, facts
        assert all(line.strip() for line in text.splitlines()), text
        assert not re.search(r"\{%|%\}|\{\{|\{#|#\}|None|Undefined|Stated|\b1 (?:years|months|days|hours)\b", text), (
            text
        )


@each_layout
def test_no_facts_no_listing(layout: Layout) -> None:
    assert render(layout, {}) == ""


@pytest.mark.parametrize("facts", list(examples()))
def test_layouts_for_machines_are_well_formed(facts: Facts) -> None:
    by_name = {layout.name: render(layout, facts) for _, layout in LAYOUTS}
    for name in ("plan_json", "registry_record"):
        assert isinstance(json.loads(by_name[name]), dict)
    for name in ("data_policy", "openapi"):
        assert isinstance(yaml.safe_load(by_name[name]), dict)


@each_layout
def test_no_heading_stands_without_content(layout: Layout) -> None:
    for facts in examples():
        lines = render(layout, facts).splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if line.startswith(("##", "| Property", "Header |", "Service parameter |")) or line.rstrip().endswith(":"):
                assert following.strip(), "\n".join(lines)


@each_layout
def test_a_listing_states_facts_and_nothing_else(layout: Layout) -> None:
    """Apart from headings and brackets, no line stands in listings that have no fact in common."""
    lines = [set(render(layout, {axis: values_of(axis)[0]}).splitlines()) for axis in AXES]
    common = {line for first, second in combinations(lines, 2) for line in first & second}
    assert len(common) <= MOST_HEADINGS
    assert not any(re.search(r"\d", line) for line in common if line not in HEADINGS), common
    assert not re.search("HTTPS|TLS|CORS", render(layout, {axis: values_of(axis)[0] for axis in AXES}))


@each_layout
@pytest.mark.parametrize("axis", AXES)
def test_different_values_give_different_texts(layout: Layout, axis: str) -> None:
    pairs: Sequence[tuple[Value, Value]] = PAIRS.get(axis) or list(combinations(AXES[axis].levels, 2))
    others: dict[str, Value] = {name: values_of(name)[0] for name in AXES if name != axis}
    for first, second in pairs:
        assert render(layout, {axis: first}) != render(layout, {axis: second}), (first, second)
        assert render(layout, others | {axis: first}) != render(layout, others | {axis: second}), (first, second)


@each_split_and_layout
@pytest.mark.parametrize("axis", NUMBERS)
def test_a_reader_gets_the_canonical_value(split: str, layout: Layout, axis: str) -> None:
    found = {value: numbers_in(render(layout, {axis: value})) for value in NUMBERS[axis]}

    def reads(reader: Reader, value: float) -> bool:
        return any(is_close(axis, read, value) for read in reader(found[value]))

    readers = FORMS[split][axis]
    if axis in {"retention", "freshness"} or (split, axis) == ("test", "rate_limit"):  # the unit depends on the value
        assert all(any(reads(reader, value) for reader in readers) for value in found), found
    else:
        assert any(all(reads(reader, value) for value in found) for reader in readers), found


@each_layout
def test_nothing_to_pay_and_nothing_kept_are_said_so(layout: Layout) -> None:
    price, retention = (render(layout, {axis: 0.0}) for axis in ("price", "retention"))
    assert re.search(
        r"free|nothing|none|no (?:charge|fee|billing|money)|not (?:charge|billed)|[^\d.]0(?![\d.])",
        price,
        re.IGNORECASE,
    ), price
    assert re.search(
        r"\bno\b|\bnot\b|n't\b|none|nothing|never|off|zero|immediate|at once|PT0S|[^\d.]0(?![\d.])",
        retention,
        re.IGNORECASE,
    ), retention
    assert not re.search(r"\b0 (?:days|hours|seconds|months)\b|0\.00(?! \(free)", price + retention)


@each_layout
def test_listings_are_compact(layout: Layout) -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        text = render(layout, random_facts(rng, 8))
        assert len(text.splitlines()) <= 14, text
        assert len(text.split()) <= 95, text


def test_no_layout_is_in_two_splits() -> None:
    names = [layout.name for _, layout in LAYOUTS]
    assert len(set(names)) == len(names)


def test_layouts_of_different_splits_share_no_line() -> None:
    for facts in examples():
        lines = {
            split: {
                line.strip()
                for layout in layouts(split)
                for line in render(layout, facts).splitlines()
                if re.search(r"\w", line)
            }
            for split in SPLITS
        }
        for first, second in combinations(SPLITS, 2):
            assert not lines[first] & lines[second]


def test_each_layout_has_an_order_of_its_own() -> None:
    facts = {axis: values_of(axis)[1] for axis in AXES}

    def line_of(layout: Layout, axis: str) -> int:
        """Return the first place at which the listing says something else without this axis."""
        whole = render(layout, facts)
        rest = render(layout, {name: value for name, value in facts.items() if name != axis})
        differing = (index for index, (one, other) in enumerate(zip(whole, rest, strict=False)) if one != other)
        return next(differing, len(rest))

    orders = [tuple(sorted(AXES, key=lambda axis: line_of(layout, axis))) for _, layout in LAYOUTS]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize(
    ("source", "message"),
    [("{% if facts.price %}", "not a valid template"), ("{{ facts.prize }}", "prize"), ("{{ 1 / 0 }}", "division")],
)
def test_a_faulty_layout_is_named(source: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"'mine'.*{message}"):
        render(Layout("mine", source), {"price": 1.0})


def test_a_layout_cannot_leave_the_sandbox() -> None:
    with pytest.raises(ConfigError, match=r"price has no form \'__class__\'; its forms: value, number"):
        render(Layout("mine", "{{ facts.price.__class__.__mro__ }}"), {"price": 1.0})


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2.sandbox", None)
    with pytest.raises(MissingExtraError, match="jinja2"):
        templates.environment.__wrapped__(trusted=False)
