"""Tests of ordinary phrases of documentation: the facts that each states, and near misses that state none."""

from __future__ import annotations

from typing import Final

import pytest

from builder.catalogue.documented_facts import documented_facts

Facts = dict[str, float | str]

UNLIMITED: Final = 1e9
PHRASES: Final[list[tuple[str, Facts]]] = [
    # Prices: any word for one use of the tool.
    ("$0.004 per check", {"price": 4.0, "pricing": "paid"}),
    ("Costs $0.01 per message.", {"price": 10.0, "pricing": "paid"}),
    ("$0.0015/page", {"price": 1.5, "pricing": "paid"}),
    ("USD 0.02 per image", {"price": 20.0, "pricing": "paid"}),
    ("0.003 USD per validation", {"price": 3.0, "pricing": "paid"}),
    ("Billed at US$0.05 per transaction.", {"price": 50.0, "pricing": "paid"}),
    ("$7 per 1,000 addresses", {"price": 7.0, "pricing": "paid"}),
    ("$1.20 per thousand emails", {"price": 1.2, "pricing": "paid"}),
    ("$0.10 per document, billed monthly", {"price": 100.0, "pricing": "paid"}),
    ("$0.002 a scan", {"price": 2.0, "pricing": "paid"}),
    ("$0.008 per successful lookup", {"price": 8.0, "pricing": "paid"}),
    ("$0.005 per phone number", {"price": 5.0, "pricing": "paid"}),
    ("0.4¢ per call", {"price": 4.0, "pricing": "paid"}),
    ("Half the usual price: 0.2 cents per query.", {"price": 2.0, "pricing": "paid"}),
    ("Cost per call: $0.001", {"price": 1.0, "pricing": "paid"}),
    ("$2 per 1k requests", {"price": 2.0, "pricing": "paid"}),
    ("$15 per million calls", {"price": 0.015, "pricing": "paid"}),
    ("1,000 lookups for $3", {"price": 3.0, "pricing": "paid"}),
    ("$1.50 per 1,000.", {"price": 1.5, "pricing": "paid"}),
    ("$29/month for 10,000 checks", {"price": 2.9, "pricing": "paid"}),
    ("$49 per month, includes 50k requests", {"price": 0.98, "pricing": "paid"}),
    ("500 free checks per month, then $0.002 each", {"price": 2.0, "pricing": "freemium", "rate_limit": 500 / 43200}),
    ("Pay as you go.", {"pricing": "paid"}),
    # Prices of other things than calls say that the tool is paid.
    ("$10 per user and month", {"pricing": "paid"}),
    ("$0.02 per 1,000 tokens", {"pricing": "paid"}),
    # A price in another currency or with a decimal comma is no number, but says that the tool is paid.
    ("€0.01 per call", {"pricing": "paid"}),
    ("0.01 EUR per lookup", {"pricing": "paid"}),
    ("A$0.02 per call", {"pricing": "paid"}),
    ("0,004 USD per call", {"pricing": "paid"}),
    ("£5 per 1,000 requests", {"pricing": "paid"}),
    # Free, wholly or in part.
    ("Free, no limits, no sign-up", {"pricing": "free", "rate_limit": UNLIMITED, "access": "none"}),
    ("Free and unlimited.", {"pricing": "free", "rate_limit": UNLIMITED}),
    ("A free, fast and reliable API", {"pricing": "free"}),
    ("Completely free", {"pricing": "free"}),
    ("It's free!", {"pricing": "free"}),
    ("This endpoint is free.", {"pricing": "free"}),
    ("The service is free.", {"pricing": "free"}),
    ("100% free", {"pricing": "free"}),
    ("Free without registration", {"pricing": "free", "access": "none"}),
    ("1,000 calls a day free", {"pricing": "freemium", "rate_limit": 1000 / 1440}),
    ("First 100 requests free", {"pricing": "freemium"}),
    ("Free up to 1,000 requests per month.", {"pricing": "freemium", "rate_limit": 1000 / 43200}),
    ("Free tier: 500/day", {"pricing": "freemium", "rate_limit": 500 / 1440}),
    ("Free for the first 50 images", {"pricing": "freemium"}),
    # Rate limits.
    ("One request per second", {"rate_limit": 60.0}),
    ("Rate limit: 60/min", {"rate_limit": 60.0}),
    ("5 req/s", {"rate_limit": 300.0}),
    ("10 rps", {"rate_limit": 600.0}),
    ("Max 100 requests every 15 minutes.", {"rate_limit": 100 / 15}),
    ("Limited to 30 per minute", {"rate_limit": 30.0}),
    ("Quota: 5,000 per day", {"rate_limit": 5000 / 1440}),
    ("Up to 200 emails per hour", {"rate_limit": 200 / 60}),
    ("120 requests/minute.", {"rate_limit": 120.0}),
    ("10k requests per month", {"rate_limit": 10_000 / 43200}),
    ("Quota of 10 500 requests a month", {"rate_limit": 10_500 / 43200}),
    ("p50 200 ms", {"latency": 200.0}),
    ("2,000 daily requests", {"rate_limit": 2000 / 1440}),
    ("No rate limit.", {"rate_limit": UNLIMITED}),
    ("Unlimited requests", {"rate_limit": UNLIMITED}),
    # Speed.
    ("P95 of 300 ms", {"latency": 300.0}),
    ("p99 < 500 ms", {"latency": 500.0}),
    ("Response time: 120ms", {"latency": 120.0}),
    ("Median latency 80 ms", {"latency": 80.0}),
    ("Replies in around 1.5 seconds", {"latency": 1500.0}),
    ("Typically under 200 ms.", {"latency": 200.0}),
    ("50 ms", {"latency": 50.0}),
    ("~90 ms", {"latency": 90.0}),
    ("250 ms average response time", {"latency": 250.0}),
    # Availability.
    ("99.9 % SLA", {"uptime": 99.9}),
    ("SLA: 99.95%", {"uptime": 99.95}),
    ("Uptime of at least 99.9%", {"uptime": 99.9}),
    ("99.99% monthly uptime", {"uptime": 99.99}),
    ("Guaranteed availability of 99.5 %", {"uptime": 99.5}),
    # Storage of what is sent.
    ("not stored", {"retention": 0.0}),
    ("Nothing stored.", {"retention": 0.0}),
    ("data not retained", {"retention": 0.0}),
    ("Your input is never logged.", {"retention": 0.0}),
    ("We don't store your data.", {"retention": 0.0}),
    ("We do not store any of your data", {"retention": 0.0}),
    ("Zero data retention", {"retention": 0.0}),
    ("Texts are not kept after the response.", {"retention": 0.0}),
    ("We keep nothing.", {"retention": 0.0}),
    ("Inputs are deleted right after the response", {"retention": 0.0}),
    ("deleted after 24 hours", {"retention": 1.0}),
    ("Uploads are removed within an hour.", {"retention": 1 / 24}),
    ("30-day retention", {"retention": 30.0}),
    ("Requests are logged for 7 days", {"retention": 7.0}),
    # Age of the data.
    ("delayed by 15 minutes", {"delay": 900.0}),
    ("15 min delay", {"delay": 900.0}),
    ("data is 15 minutes old", {"delay": 900.0}),
    ("Latest stock quote, delayed by 15 minutes", {"delay": 900.0}),
    ("20 minutes behind real time", {"delay": 1200.0}),
    ("Prices refreshed every 10 min", {"interval": 600.0}),
    ("Updated twice a day", {"interval": 43200.0}),
    ("Daily updates.", {"interval": 86400.0}),
    ("Live prices", {"freshness": "live"}),
    ("Data since 1995", {"archive": 31.0}),
    ("20+ years of history", {"archive": 20.0, "history": "past"}),
    ("Archive of 30 years", {"archive": 30.0, "history": "past"}),
    # Regions.
    ("Within the EU only.", {"region": "EU"}),
    ("data stays in the EU", {"region": "EU"}),
    ("Data never leaves the EU.", {"region": "EU"}),
    ("No data leaves the EU", {"region": "EU"}),
    ("Runs on AWS us-west-2", {"region": "US"}),
    ("EU servers", {"region": "EU"}),
    ("Hosted on us-east-1", {"region": "US"}),
    ("Runs in Frankfurt.", {"region": "EU"}),
    ("Data residency: Singapore", {"region": "APAC"}),
    ("Stored only in the US", {"region": "US"}),
    # Sign-up.
    ("requires an API key", {"access": "key"}),
    ("Needs an API key (free).", {"access": "key"}),
    ("API key.", {"access": "key"}),
    ("You need a free API key", {"access": "key"}),
    ("no key", {"access": "none"}),
    ("No API key needed.", {"access": "none"}),
    ("API key not required", {"access": "none"}),
    ("Does not require an account", {"access": "none"}),
    ("No account needed, but an API key is required.", {"access": "key"}),
    ("No credit card required; sign-up needed", {"access": "account"}),
    ("Requires registration", {"access": "account"}),
    ("Auth: none", {"access": "none"}),
    ("API key in the header", {"access": "key"}),
    ("Needs a bearer token", {"access": "key"}),
    ("Needs sign-up and a credit card.", {"access": "card"}),
    ("OAuth required", {"access": "account"}),
    ("Access after review.", {"access": "review"}),
]
NEAR_MISSES: Final = [
    "free-form text",
    "under 100 results",
    "Finds a free port.",
    "Finds a free port using an API.",
    "The image ids expire after 30 minutes",
    "A chain with 10k TPS",
    "Sign up for a free API key",
    "Checks if a username is free.",
    "Find recipes that are gluten free.",
    "Lists free and open-source licences.",
    "Per-call timeout of 30 s",
    "Times out after 500 ms",
    "Adds a pause, 100 ms",
    "Retries every 5 seconds, in steps of 100 ms",
    "Returns the last 30 seconds of a recording",
    "Detects silences of under 300 ms",
    "Finds flights under $100 per trip",
    "Hotels from $80 per night",
    "$0.006 per minute of audio",
    "Salaries of $10 per hour",
    "$5 per GB",
    "not stored in the EU",
    "Checks that a password is not stored in plain text",
    "not stored as a file name",
    "No data found",
    "Flights delayed by 15 minutes",
    "Send a message with a 10-minute delay",
    "Covers addresses within the EU",
    "Check a VAT number of a company based outside the EU",
    "Processed in the EU or the US",
    "Encrypts a text with a key",
    "Returns null if no key is given",
    "Find users with an account",
    "Validates a credit card number",
    "Trusted since 1999",
    "Movies from 1990 to 1995",
    "Find where people live",
    "Generate a preview of a link",
    "Validates a JSON document",
    "Looks up an International Bank Account Number",
    "Heart rate of 60/min",
    "The speed limit is 60 km/h",
    "Handles 500 emails per second",
    "99.9 % accuracy",
    "limit of 100 results per page",
    "Lists posts deleted within 24 hours",
    "No limits on the length of a text",
    "Music royalties of $4 per 1,000 streams",
]


@pytest.mark.parametrize(("text", "facts"), PHRASES, ids=[text for text, _ in PHRASES])
@pytest.mark.parametrize(
    "around", ["{}", "Check an item by its code. {}", "({})", "Look up a thing: {}; see the docs."]
)
def test_an_ordinary_phrase_states_its_facts_and_no_others(text: str, facts: Facts, around: str) -> None:
    whole = around.format(text)
    found = documented_facts(whole)
    assert {axis: fact.value for axis, fact in found.items()} == pytest.approx(facts)
    assert all(fact.quote and fact.quote in whole for fact in found.values())


@pytest.mark.parametrize("text", NEAR_MISSES)
@pytest.mark.parametrize("around", ["{}", "{}. The result is a list.", "Check an item by its code. {}"])
def test_a_near_miss_states_no_fact(text: str, around: str) -> None:
    assert not documented_facts(around.format(text))


def test_of_several_statements_the_first_in_the_text_counts() -> None:
    assert documented_facts("Limited to 60 per minute, with a key 5 requests/s.")["rate_limit"].value == 60.0
    assert documented_facts("p95 of 300 ms; answers within 50 ms on average")["latency"].value == 300.0
