"""Tests of the forms of a fact."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from builder.world.axes import AXES, Value
from builder.world.facts import draw_value, fit, tidy
from builder.world.forms import Stated
from builder.world.listings import Layout
from builder.world.number_words import spelled
from builder.world.pack_samples import axis_values
from builder.world.plans import PRICES
from builder.world.templates import FORMS, forms_of

TODAY = date(2026, 11, 29)


def stated(axis: str, value: Value) -> Stated:
    return Stated(axis, value, TODAY)


def number_of(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("axis", "value", "form", "text"),
    [
        ("price", 2.4, "usd_per_1000", "2.40"),
        ("price", 0.064, "usd_per_1000", "0.064"),
        ("price", 2.4, "usd_per_call", "0.0024"),
        ("price", 0.064, "usd_per_call", "0.000064"),
        ("price", 2.4, "cents_per_100", "24"),
        ("price", 2.4, "usd_per_million", "2,400"),
        ("price", 2.5, "calls_for_10_usd", "4,000"),
        ("price", 2.4, "usd_per_10000", "24"),
        ("price", 0.05, "usd_per_10000", "0.50"),
        ("price", 2.4, "cents_per_call", "0.24"),
        ("price", 0.0, "usd_per_call", "0"),
        ("rate_limit", 2.0, "per_minute", "2"),
        ("rate_limit", 2000.0, "per_hour", "120,000"),
        ("rate_limit", 2000.0, "per_five_minutes", "10,000"),
        ("rate_limit", 2.0, "per_fifteen_minutes", "30"),
        ("rate_limit", 2.0, "throttle", "1 request every 30 seconds"),
        ("rate_limit", 45.0, "throttle", "3 requests every 4 seconds"),
        ("rate_limit", 60.0, "throttle", "1 request per second"),
        ("rate_limit", 90.0, "throttle", "1.5 requests per second"),
        ("rate_limit", 6000.0, "throttle", "100 requests per second"),
        ("rate_limit", 6000.0, "usual_rate", "100 requests per second"),
        ("rate_limit", 60.0, "usual_rate", "1 request per second"),
        ("rate_limit", 20.0, "usual_rate", "20 requests per minute"),
        ("rate_limit", 2.0, "ms_between_calls", "30,000"),
        ("rate_limit", 7000.0, "ms_between_calls", "8.57"),
        ("latency", 12000.0, "ms", "12,000"),
        ("latency", 43.0, "seconds", "0.043"),
        ("latency", 100.0, "ms_95", "194"),
        ("uptime", 95.0, "percent", "95.00"),
        ("uptime", 99.995, "percent", "99.995"),
        ("uptime", 98.0, "percent_short", "98"),
        ("uptime", 99.5, "percent_short", "99.5"),
        ("uptime", 99.99, "percent_short", "99.99"),
        ("uptime", 100.0, "percent_short", "100"),
        ("uptime", 99.99, "downtime", "4m 19s"),
        ("uptime", 99.9, "downtime", "43m 12s"),
        ("uptime", 99.0, "downtime", "7h 12m"),
        ("uptime", 95.0, "downtime", "36h"),
        ("uptime", 99.99, "downtime_minutes", "4.32"),
        ("uptime", 95.0, "downtime_minutes", "2,160"),
        ("uptime", 99.9, "downtime_hours", "8.76"),
        ("uptime", 99.95, "downtime_percent", "0.05"),
        ("uptime", 99.97, "failed_checks", "3"),
        ("retention", 0.25, "duration_in_days", "6 hours"),
        ("retention", 1.0, "duration_in_days", "1 day"),
        ("retention", 90.0, "duration_in_days", "90 days"),
        ("retention", 90.0, "duration", "3 months"),
        ("retention", 14.0, "duration", "2 weeks"),
        ("retention", 90.0, "duration_short", "90d"),
        ("retention", 0.25, "duration_short", "6h"),
        ("retention", 90.0, "duration_iso", "P90D"),
        ("retention", 0.0, "duration_iso", "PT0S"),
        ("retention", 0.25, "days", "0.25"),
        ("retention", 180.0, "hours", "4,320"),
        ("freshness", 5.0, "interval", "every 5 seconds"),
        ("freshness", 60.0, "interval", "every minute"),
        ("freshness", 3600.0, "interval", "every hour"),
        ("freshness", 604800.0, "interval", "every week"),
        ("freshness", 900.0, "interval", "every 15 minutes"),
        ("freshness", 3600.0, "adverb", "hourly"),
        ("freshness", 2592000.0, "adverb", "monthly"),
        ("freshness", 900.0, "adverb", "every 15 minutes"),
        ("freshness", 900.0, "duration_short", "15m"),
        ("freshness", 1.0, "duration", "1 second"),
        ("freshness", 5.0, "frequency", "12 times a minute"),
        ("freshness", 900.0, "frequency", "4 times an hour"),
        ("freshness", 3600.0, "frequency", "once an hour"),
        ("freshness", 43200.0, "frequency", "twice a day"),
        ("freshness", 10800.0, "frequency", "8 times a day"),
        ("freshness", 2592000.0, "frequency", "once a month"),
        ("freshness", 900.0, "duration_iso", "PT15M"),
        ("freshness", 10800.0, "duration_iso", "PT3H"),
        ("freshness", 86400.0, "whole_seconds", "86,400"),
        ("archive", 1.0, "duration", "1 year"),
        ("archive", 12.0, "duration", "12 years"),
        ("archive", 12.0, "months", "144"),
        ("archive", 12.0, "since_year", 2014),
        ("archive", 12.0, "since_month", "November 2014"),
        ("archive", 12.0, "since_date", "2014-11-01"),
        ("coverage", 1200.0, "count", "1,200"),
        ("standing", 7.0, "rating", "7.0"),
        ("standing", 8.7, "stars", "4.35"),
        ("standing", 8.7, "points", "87"),
        ("lifecycle", "deprecated", "end_date", "2027-05-01"),
        ("price", 2.4, "cents_per_40", "9.6"),
        ("price", 0.064, "cents_per_40", "0.256"),
        ("rate_limit", 450.0, "per_day", "648,000"),
        ("rate_limit", 450.0, "minutes_for_1000", "2.22"),
        ("rate_limit", 2.0, "minutes_for_1000", "500"),
        ("latency", 640.0, "answers_per_minute", "93.8"),
        ("uptime", 99.5, "one_failure_in", "200"),
        ("uptime", 97.0, "one_failure_in", "33.3"),
        ("coverage", 62.0, "in_dozens", "five dozen and two"),
        ("coverage", 12.0, "in_dozens", "a dozen"),
        ("coverage", 13.0, "in_dozens", "a dozen and one"),
        ("coverage", 8.0, "in_dozens", "eight"),
        ("price", 2.4, "in_words", "two dollars and forty cents"),
        ("price", 2.0, "in_words", "two dollars"),
        ("price", 1.01, "in_words", "one dollar and one cent"),
        ("price", 0.064, "in_words", "six point four cents"),
        ("price", 16.7, "in_words", "sixteen dollars and seventy cents"),
        ("rate_limit", 45.0, "in_words", "three requests every four seconds"),
        ("rate_limit", 6000.0, "in_words", "one hundred requests per second"),
        ("latency", 1430.0, "in_words", "one thousand four hundred thirty"),
        ("uptime", 99.95, "in_words", "ninety-nine point nine five"),
        ("retention", 0.25, "in_words", "a quarter of a day"),
        ("retention", 14.0, "in_words", "a fortnight"),
        ("retention", 90.0, "in_words", "ninety days"),
        ("retention", 3.0, "in_words", "three days"),
        ("retention", 0.0, "in_words", "zero seconds"),
        ("freshness", 900.0, "in_words", "a quarter of an hour"),
        ("freshness", 300.0, "in_words", "five minutes"),
        ("archive", 12.0, "in_words", "a dozen years"),
        ("archive", 25.0, "in_words", "a quarter of a century"),
        ("archive", 13.0, "in_words", "thirteen years"),
        ("coverage", 120.0, "in_words", "one hundred twenty"),
        ("standing", 8.2, "in_words", "eight point two"),
    ],
)
def test_values_have_forms(axis: str, value: Value, form: str, text: str | int) -> None:
    assert getattr(stated(axis, value), form) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "zero"),
        ("21", "twenty-one"),
        ("300", "three hundred"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("2000000000", "two billion"),
        ("0.05", "zero point zero five"),
        ("4 times a day, from 2014", "four times a day, from two thousand fourteen"),
        ("none", "none"),
    ],
)
def test_numbers_are_spelled_out(text: str, words: str) -> None:
    assert spelled(text) == words


def test_templates_spell_out_and_shorten_numbers() -> None:
    layout = Layout("mine", "{{ (facts.latency.number / 7) | digits }} {{ (facts.latency.number / 7) | in_words }}")
    assert layout.render({"latency": 640.0}, TODAY) == "91.4 ninety-one point four"
    assert Layout("mine", "{{ facts.latency.ms | in_words }}").render({"latency": 640.0}, TODAY) == "six hundred forty"


def test_words_tell_all_values_apart() -> None:
    for name, axis in AXES.items():
        if axis.is_number:
            seen: dict[str, float] = {}
            for value in map(float, axis_values(name)):
                other = seen.setdefault(stated(name, value).in_words, value)
                assert abs(axis.position(other) - axis.position(value)) < 0.01, (name, other, value)


def test_each_form_belongs_to_an_axis_and_is_in_the_guide() -> None:
    properties = {name for name, item in vars(Stated).items() if isinstance(item, property) and name[0] != "_"}
    assert {name for axis in AXES for name in forms_of(axis)} - {"value", "noun"} == properties
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "listing-packs.md").read_text(encoding="utf-8")
    rows = {
        row[0]: set(re.findall(r"`(\w+)(?:\.\w+)?`", row[1])) for row in re.findall(r"^\| `(\w+)` \|(.*)", guide, re.M)
    }
    for axis, forms in FORMS.items():
        assert {*forms} <= rows[axis], (axis, {*forms} - rows[axis])


@pytest.mark.parametrize(
    ("month", "end"), [(1, "2026-07-01"), (6, "2026-12-01"), (7, "2027-01-01"), (12, "2027-06-01")]
)
def test_an_interface_ends_half_a_year_ahead(month: int, end: str) -> None:
    assert Stated("lifecycle", "deprecated", date(2026, month, 15)).end_date == end


def test_a_plan_costs_the_price_per_call() -> None:
    prices = sorted({tidy(AXES["price"], 10**exponent) for exponent in np.linspace(-1.3, 1.6, 2000)})
    per_1000 = [plan.usd / plan.calls * 1000 for plan in (stated("price", price).plan for price in prices)]
    assert per_1000 == pytest.approx(prices, rel=0.006)
    assert per_1000 == sorted(per_1000), "a dearer tool has a plan that is not cheaper"
    assert stated("price", 0.0).plan.usd == 0
    assert stated("price", 2.45).plan.fee == "49"
    assert stated("price", 2.45).plan.included == "20,000"
    assert stated("price", 1.25).plan == (25, 20_000)
    assert stated("price", 0.967).plan == (29, 30_000)


@pytest.mark.parametrize(
    ("price", "per_call", "cost", "pack"),
    [
        (0.04, 1, "5", "125,000"),
        (0.19, 1, "19", "100,000"),
        (1.2, 2, "12", "20,000"),
        (2.4, 5, "24", "50,000"),
        (15.0, 10, "150", "100,000"),
    ],
)
def test_prices_have_a_form_in_credits(price: float, per_call: int, cost: str, pack: str) -> None:
    credit_price = stated("price", price).credits
    assert (credit_price.per_call, credit_price.cost, credit_price.pack) == (per_call, cost, pack)


def test_each_form_of_a_price_gives_it_back_and_has_three_digits_at_most() -> None:
    for price in PRICES:
        assert tidy(AXES["price"], price) == price
        of = stated("price", price)
        plan = of.plan
        factors = {of.usd_per_1000: 1, of.usd_per_call: 1000, of.cents_per_100: 0.1, of.usd_per_million: 0.001}
        factors[of.cents_per_call] = 10
        read = {text: number_of(text) * factor for text, factor in factors.items()}
        read |= {of.calls_for_10_usd: 10_000 / number_of(of.calls_for_10_usd), plan.fee: plan.usd / plan.calls * 1000}
        read[of.credits.cost] = number_of(of.credits.cost) / of.credits.size * of.credits.per_call * 1000
        assert number_of(plan.fee) == plan.usd
        for text, per_1000 in read.items():
            assert per_1000 == pytest.approx(price, rel=0.006), (price, text)
            assert len(text.replace(",", "").replace(".", "").strip("0")) <= 3, (price, text)


def test_drawn_prices_are_published_ones() -> None:
    rng = np.random.default_rng(0)
    assert {float(draw_value(AXES["price"], rng)) for _ in range(500)} <= set(PRICES)


def test_drawn_counts_are_whole_and_standing_is_at_most_10() -> None:
    rng = np.random.default_rng(0)
    for axis in ("archive", "coverage"):
        assert all(
            value >= 2 and value == int(value) for value in (float(draw_value(AXES[axis], rng)) for _ in range(500))
        )
    assert all(0 < float(draw_value(AXES["standing"], rng)) <= 10 for _ in range(500))


def test_numbers_move_to_a_range_in_their_order() -> None:
    for name, low, high in (("freshness", 5.0, 900.0), ("freshness", 3600.0, 604800.0), ("coverage", 8.0, 195.0)):
        axis = AXES[name]
        values = np.geomspace(axis.quantiles[0] / 2, axis.quantiles[-1] * 2, 50).tolist()
        moved = [fit(axis, value, low, high) for value in values]
        assert moved == sorted(moved)
        assert (moved[0], moved[-1]) == (low, high)
        assert len(set(moved)) >= 5
