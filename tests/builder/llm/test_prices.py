"""Prices of tokens: stated ones first, then those of litellm, then the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BudgetError, CatalogueError, MissingExtraError
from builder.llm import prices
from builder.llm.meter import Meter
from builder.llm.prices import prices_for
from builder.llm_config import LlmConfig
from builder.services.package_files import LITELLM, DataPackage
from builder.services.price_entries import price_entries

ENTRIES: Mapping[str, Mapping[str, Any]] = {
    "some-model": {"mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06},
    "openhub/some-model": {"mode": "responses", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06},
    "cloud_ai/some-model": {"mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 0.0},
    "a-voice": {"mode": "audio_speech", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
    "half-stated": {"mode": "chat", "input_cost_per_token": 1e-06},
}


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a price file."""
    monkeypatch.setattr(prices, "price_entries", lambda: ENTRIES)
    monkeypatch.setattr(DataPackage, "version", property(lambda _: "9.9"))


@pytest.mark.usefixtures("litellm")
@pytest.mark.parametrize(
    ("base_url", "entry", "expected"),
    [
        (None, "some-model", (2.0, 8.0)),
        ("https://openhub.example.test/v1", "some-model", (2.0, 8.0)),
        ("https://openhub.test/api/v1", "openhub/some-model", (1.0, 4.0)),
        ("https://api.cloud.test/v1", "cloud_ai/some-model", (3.0, 0.0)),
        ("http://127.0.0.1:8000/v1", "some-model", (2.0, 8.0)),
    ],
)
def test_the_price_file_is_used_and_named(base_url: str | None, entry: str, expected: tuple[float, float]) -> None:
    found = prices_for(LlmConfig(model="some-model", retries=3), base_url)
    assert (found.config.usd_per_million_input, found.config.usd_per_million_output) == expected
    assert found.config.retries == 3
    assert found.source == f"litellm 9.9, entry {entry!r}"


@pytest.mark.usefixtures("litellm")
def test_stated_prices_take_precedence() -> None:
    found = prices_for(LlmConfig(model="some-model", usd_per_million_output=5), None)
    assert (found.config.usd_per_million_output, found.source) == (5, "[llm] of the config")


@pytest.mark.usefixtures("litellm")
@pytest.mark.parametrize("model", ["unknown", "a-voice", "half-stated"])
def test_a_model_without_prices_has_the_defaults(model: str) -> None:
    found = prices_for(LlmConfig(model=model), None)
    assert found.config == LlmConfig(model=model)
    assert found.source == f"the defaults of [llm], 0.15 and 0.6 USD a million; litellm 9.9 does not list {model!r}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MissingExtraError("litellm", "services", "The catalogue"), "litellm is not installed"),
        (CatalogueError(Path("prices.json"), "is gone", "a file"), "the price file of litellm cannot be read"),
    ],
)
def test_without_a_price_file_the_defaults_are_used(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail() -> Mapping[str, Any]:
        raise error

    monkeypatch.setattr(prices, "price_entries", fail)
    assert prices_for(LlmConfig(), None).source == f"the defaults of [llm], 0.15 and 0.6 USD a million; {words}"


def test_a_budget_names_the_prices() -> None:
    with pytest.raises(BudgetError, match=r"could cost 0\.0024 USD \(prices: litellm 9\.9\)\. All answers are kept"):
        Meter(LlmConfig(), 0.001, prices="litellm 9.9").reserve(10)


@pytest.mark.services
@pytest.mark.skipif(find_spec("litellm") is None, reason="litellm is not installed")
def test_the_installed_price_file_knows_a_model_of_openai() -> None:
    found = prices_for(LlmConfig(model="gpt-4o-mini"), None)
    stated = price_entries()["gpt-4o-mini"]["input_cost_per_token"]
    assert found.config.usd_per_million_input == pytest.approx(stated * 1e6)
    assert found.source == f"litellm {LITELLM.version}, entry 'gpt-4o-mini'"
