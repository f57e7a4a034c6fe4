"""Entries of the price file of litellm, their providers, and the entries whose prices do not hold as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from builder.errors import CatalogueError
from builder.grouping.functionalities import data_table

from .model_names import model_of, size_of
from .package_files import LITELLM

PRICE_FILE: Final = "litellm/model_prices_and_context_window_backup.json"
HOSTS: Final = "services/data/hosts.toml"
_ESTIMATE: Final = re.compile(r"\b(estimat|approximat|assum)", re.IGNORECASE)
"""Words with which a note on an entry marks its prices as not exact."""
_TIERS: Final = re.compile(r"(input|output)_cost_per_\w+_above_\w+|tiered_pricing")
"""Keys of prices that hold from a number of tokens on."""
_PRICES: Final = ("input_cost_per_token", "output_cost_per_token")
_LEAST_MODELS: Final = 3
_LEAST_SHARE: Final = 1 / 10
_SIZES: Final = 8
"""Least number of models, share of the models of a provider, and factor between their sizes, from which prices that are
the same for all of them are a template."""


@cache
def price_entries() -> Mapping[str, Mapping[str, Any]]:
    """Return the entries of the price file by name.

    Raises:
        MissingExtraError: If litellm is not installed.
        CatalogueError: If the file is not the expected JSON.
    """
    path = LITELLM.path(PRICE_FILE)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatalogueError(path, f"it is not valid JSON ({error})", "the price file of litellm") from error
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise CatalogueError(path, "it is not an object of entries", "the price file of litellm")
    return {name: entry for name, entry in entries.items() if isinstance(entry.get("litellm_provider"), str)}


def host_of(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return identifier and name of the provider of an entry; None for one that is not a service of its own."""
    own = str(entry["litellm_provider"])
    table = data_table(HOSTS)
    identifier = next((family for family in table["families"] if own.startswith(family)), own)
    title = table["names"].get(identifier)
    return (identifier, str(title)) if title else None


@cache
def template_prices() -> Mapping[str, frozenset[tuple[float, float]]]:
    """Return the pairs of prices that a provider states for models of all sizes, by identifier of the provider.

    They fill the entries of models whose prices are not known.
    """
    models: dict[str, dict[str, tuple[float, float]]] = {}
    for name, entry in sorted(price_entries().items()):
        host, prices = host_of(entry), prices_of(entry)
        if host is not None and prices is not None and entry.get("mode") == "chat":
            models.setdefault(host[0], {})[model_of(name)] = prices
    return {host: frozenset(pair for pair in own.values() if _is_template(pair, own)) for host, own in models.items()}


def prices_of(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the prices of input and output of an entry in USD per token; None if one is missing or 0."""
    first, second = (entry.get(key) for key in _PRICES)
    if isinstance(first, int | float) and isinstance(second, int | float) and min(first, second) > 0:
        return float(first), float(second)
    return None


def _is_template(pair: tuple[float, float], own: Mapping[str, tuple[float, float]]) -> bool:
    alike = [model for model, prices in own.items() if prices == pair]
    sizes = [size for size in map(size_of, alike) if size]
    is_frequent = len(alike) >= max(_LEAST_MODELS, _LEAST_SHARE * len(own))
    return is_frequent and bool(sizes) and max(sizes) >= _SIZES * min(sizes)


def holds(entry: Mapping[str, Any], today: date) -> bool:
    """Return True if the prices of an entry hold on a day, are exact, and do not depend on the number of tokens.

    Args:
        entry: Entry of the price file.
        today: The day.
    """
    is_tiered = any(_TIERS.fullmatch(key) and value for key, value in entry.items())
    return not (is_tiered or _has_ended(entry, today) or _is_estimated(entry))


def _is_estimated(entry: Mapping[str, Any]) -> bool:
    """Return True if a note on an entry says that its prices are estimated."""
    notes = [str(entry.get("comment", ""))]
    metadata = entry.get("metadata")
    notes += [str(note) for note in metadata.values()] if isinstance(metadata, Mapping) else [str(metadata)]
    return any(_ESTIMATE.search(note) for note in notes)


def _has_ended(entry: Mapping[str, Any], today: date) -> bool:
    """Return True if a provider has withdrawn a model."""
    end = entry.get("deprecation_date")
    is_day = isinstance(end, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", end) is not None
    return is_day and date.fromisoformat(str(end)) <= today
