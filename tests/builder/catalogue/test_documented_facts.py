"""Tests of facts that documentation states in prose."""

from __future__ import annotations

import pytest

from builder.catalogue.documented_facts import documented_facts


@pytest.mark.parametrize(
    ("text", "axis", "value"),
    [
        ("Free, no sign-up.", "pricing", "free"),
        ("Current rates. Free of charge.", "pricing", "free"),
        ("Free plan with 100 calls a month.", "pricing", "freemium"),
        ("$4 per 1,000 calls.", "price", 4.0),
        ("Costs 0.5 cents per lookup.", "price", 5.0),
        ("$29 a month for 10,000 requests.", "price", 2.9),
        ("$0.002 per request", "price", 2.0),
        ("Free, no sign-up.", "access", "none"),
        ("Needs an API key.", "access", "key"),
        ("A credit card is required: credit card required.", "access", "card"),
        ("10 requests per day", "rate_limit", 10 / 1440),
        ("600 calls/minute", "rate_limit", 600.0),
        ("5 requests a second", "rate_limit", 300.0),
        ("Answers within 50 ms.", "latency", 50.0),
        ("Responds in about 2 seconds.", "latency", 2000.0),
        ("99.95 % uptime", "uptime", 99.95),
        ("Requests are processed in the EU.", "region", "EU"),
        ("Hosted in Singapore", "region", "APAC"),
        ("Inputs are deleted after 30 days.", "retention", 30.0),
        ("Nothing is stored.", "retention", 0.0),
        ("Updated every 5 minutes.", "interval", 300.0),
        ("Rates are updated daily.", "interval", 86400.0),
        ("15-minute delayed quotes", "delay", 900.0),
        ("Records since 1979", "archive", 47.0),
        ("Data from official records", "source", "official"),
        ("Commercial use allowed", "reuse", "commercial"),
    ],
)
def test_a_statement_is_read_with_its_quote(text: str, axis: str, value: float | str) -> None:
    fact = documented_facts(text)[axis]
    assert fact.value == pytest.approx(value) if isinstance(value, float) else fact.value == value
    assert fact.quote in text


@pytest.mark.parametrize(
    "text",
    [
        "Free-text search for toll-free numbers.",
        "Detects royalty-free images and sugar-free food.",
        "Returns up to 50 results of at most 10 pages.",
        "Lists products below $5 of the last 30 days.",
        "Converts 20 units; the account number is a text.",
        "Lists the keys of a piano piece and its tempo in seconds.",
        "Finds hotels in the US and Europe.",
    ],
)
def test_other_statements_are_no_facts(text: str) -> None:
    assert not documented_facts(text)


def test_the_first_of_several_statements_counts() -> None:
    assert documented_facts("100 calls per day, 5000 calls per month").get("rate_limit")
    assert documented_facts("100 calls per day, 5000 calls per month")["rate_limit"].quote == "100 calls per day"
