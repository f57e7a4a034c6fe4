"""Prices of a model's tokens: those of the config, or of the price file of litellm, which is read as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from builder.errors import CatalogueError, MissingExtraError
from builder.llm_config import LlmConfig
from builder.services.package_files import LITELLM
from builder.services.price_entries import price_entries

_INPUT, _OUTPUT = "usd_per_million_input", "usd_per_million_output"
_KEYS: Final[Mapping[str, str]] = {_INPUT: "input_cost_per_token", _OUTPUT: "output_cost_per_token"}
"""Key of each price in an entry of the price file."""
_MODES: Final = frozenset({"chat", "completion", "responses"})
_PER_MILLION: Final = 1_000_000
_IS_ADDRESS: Final = re.compile(r"[\d.]+|.*:.*|localhost")
"""Hosts that are no domain."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of tokens, and where they are from."""

    config: LlmConfig
    """The config with these prices."""
    source: str
    """Origin of the prices, as it follows `prices:`."""


def prices_for(config: LlmConfig, base_url: str | None) -> Prices:
    """Return the prices of a model.

    Prices that the config states take precedence. Otherwise those of the price file of litellm are used, if litellm is
    installed and knows the model, and else the defaults of the config.

    Args:
        config: Name of the model, and prices.
        base_url: Base URL of the endpoint, whose host can tell entries apart; None for OpenAI.
    """
    if {_INPUT, _OUTPUT} & config.model_fields_set:
        return Prices(config, "[llm] of the config")
    default = (
        f"the defaults of [llm], {config.usd_per_million_input:g} and {config.usd_per_million_output:g} USD a million"
    )
    try:
        entries, version = price_entries(), LITELLM.version
    except MissingExtraError:
        return Prices(config, f"{default}; litellm is not installed")
    except CatalogueError:
        return Prices(config, f"{default}; the price file of litellm cannot be read")
    for name in _names(config.model, base_url):
        found = _stated(entries.get(name, {}))
        if found is not None:
            return Prices(config.model_copy(update=found), f"litellm {version}, entry {name!r}")
    return Prices(config, f"{default}; litellm {version} does not list {config.model!r}")


def _names(model: str, base_url: str | None) -> Iterator[str]:
    """Yield the names that an entry for a model can have, the most specific first."""
    host = urlsplit(base_url).hostname if base_url else None
    if host and not _IS_ADDRESS.fullmatch(host):
        label = host.split(".")[-2] if "." in host else host
        yield from (f"{label}/{model}", f"{label}_ai/{model}")
    yield model


def _stated(entry: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the prices of an entry in USD per million tokens; None if it does not state both."""
    values = {name: entry.get(key) for name, key in _KEYS.items()}
    if entry.get("mode") not in _MODES:
        return None
    numbers = {
        name: round(float(value) * _PER_MILLION, 9)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    }
    return numbers if len(numbers) == len(_KEYS) else None
