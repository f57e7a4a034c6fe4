"""The price file of litellm: models at their hosts, and other services that are paid by use.

An entry is one model, or one kind of search, at one provider. Prices are in USD per token, character, second, image,
page or query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from builder.errors import CatalogueError
from builder.grouping.functionalities import data_table

from .package_files import LITELLM
from .real_facts import RealFact, RealTool

PRICE_FILE: Final = "litellm/model_prices_and_context_window_backup.json"
_HOSTS: Final = "services/data/hosts.toml"
_PER_MILLION: Final = 1_000_000
_CHAT_PRICES: Final = {
    "input_price": "input_cost_per_token",
    "output_price": "output_cost_per_token",
    "cached_price": "cache_read_input_token_cost",
}
_LIMITS: Final = {"context": "max_input_tokens", "output_limit": "max_output_tokens"}
_UNIT_PRICES: Final[Mapping[str, tuple[str, str, str, int]]] = {
    "search": ("query_price", "input_cost_per_query", "query", 1_000),
    "ocr": ("page_price", "ocr_cost_per_page", "page", 1_000),
    "audio_transcription": ("audio_price", "input_cost_per_second", "second", 60_000),
    "audio_speech": ("character_price", "input_cost_per_character", "character", 1_000),
    "image_generation": ("image_price", "output_cost_per_image", "image", 1_000),
    "video_generation": ("video_price", "output_cost_per_second", "second", 60),
}
"""Axis, key and unit of the price of each mode, and the number of these units in the unit of the axis."""
_HOST_FLAGS: Final[Mapping[str, str]] = {
    "supports_assistant_prefill": "assistant prefill",
    "supports_function_calling": "function calling",
    "supports_native_structured_output": "response schema",
    "supports_parallel_function_calling": "parallel function calling",
    "supports_prompt_caching": "prompt caching",
    "supports_response_schema": "response schema",
    "supports_tool_choice": "tool choice",
    "supports_web_search": "web search",
}
"""Abilities that depend on the host. Others, such as vision and reasoning, are those of the model: a host has
them even if its entry does not state them."""
_FUNCTION_CALLING: Final = "function calling"
_NEED_FUNCTIONS: Final = frozenset({"parallel function calling", "tool choice"})
"""Abilities that a host without function calling cannot have."""
_LEAST_FLAGS: Final = 2
"""Minimum number of abilities of the host that an entry states, as present or absent."""
_ESTIMATE: Final = re.compile(r"\b(estimat|approximat|assum)", re.IGNORECASE)
"""Words with which a note on an entry marks its prices as not exact."""
_TOKEN_PRICED: Final = frozenset({"embedding", "rerank"})
"""Modes that are paid by the token."""
_VARIANT: Final = re.compile(r"(-maas|-fp8|-instruct|-hf|-tee|-it|-chat|:free)+$")
_TURBO: Final = re.compile(r"^(meta-)?llama.*-turbo$|^gemma.*-turbo$")
_MAKER: Final = re.compile(
    r"^(?:ai21|amazon|deepseek|google|meta|minimax|mistral|mistralai|moonshot|moonshotai|nvidia|openai|qwen|zai|zai-org)\.",
    re.IGNORECASE,
)


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


def without_maker(operation: str) -> str:
    """Return the name of a model without the maker that precedes it, as in `openai.gpt-oss-20b`."""
    return _MAKER.sub("", operation)


def model_of(name: str) -> str:
    """Return the model that an entry names, without maker, host, quantisation and revision.

    Args:
        name: Name of an entry, such as `fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct`.

    Returns:
        The model in lower case, with hyphens for all separators: `llama-3-3-70b`.
    """
    model = name.rpartition("/")[2].lower().replace("_", "-")
    model = re.sub(r"(@.*|:\d+|-v\d+:\d+)$", "", _MAKER.sub("", model))
    model = re.sub(r"(\d)p(\d)", r"\1-\2", model).replace(".", "-")
    if _TURBO.match(model):
        model = model.removesuffix("-turbo")
    model = _VARIANT.sub("", model).removeprefix("meta-")
    return re.sub(r"^(llama|qwen|gemma)-?v?(\d)", r"\1-\2", model)


def host_of(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return identifier and name of the provider of an entry; None for one that is not a service of its own."""
    own = str(entry["litellm_provider"])
    table = data_table(_HOSTS)
    identifier = next((family for family in table["families"] if own.startswith(family)), own)
    title = table["names"].get(identifier)
    return (identifier, str(title)) if title else None


def chat_tools(today: date) -> Iterator[RealTool]:
    """Yield the open chat models at their hosts, each with prices and limits.

    Args:
        today: Day of the listings; a model that a host has withdrawn by then is left out.
    """
    known = data_table(_HOSTS)["open_models"]
    for name, entry in sorted(price_entries().items()):
        host, model = host_of(entry), model_of(name)
        if entry.get("mode") != "chat" or host is None or not model.startswith(tuple(known)):
            continue
        facts = _chat_facts(name, entry, today)
        if facts is not None:
            yield RealTool(*host, model, name.rpartition("/")[2], facts)


def mode_tools(modes: Mapping[str, str], today: date) -> Iterator[RealTool]:
    """Yield the other services that are paid by use, the cheapest of each provider first.

    Args:
        modes: Job of each mode of the price file.
        today: As in `chat_tools`.
    """
    found: list[tuple[float, str, RealTool]] = []
    for name, entry in price_entries().items():
        host, mode = host_of(entry), str(entry.get("mode"))
        if host is None or mode not in modes or _has_ended(entry, today) or _is_estimated(entry):
            continue
        facts = _token_facts(name, entry) if mode in _TOKEN_PRICED else _unit_facts(name, entry, mode)
        if facts:
            price = float(next(iter(facts.values())).value)
            found.append((price, name, RealTool(*host, modes[mode], name.rpartition("/")[2], facts)))
    yield from (tool for _, _, tool in sorted(found, key=lambda item: item[:2]))


def _chat_facts(name: str, entry: Mapping[str, Any], today: date) -> dict[str, RealFact] | None:
    """Return the facts of a model at a host; None if it is withdrawn, or if a price or limit is missing."""
    facts = {**_token_facts(name, entry), **_capabilities(name, entry)}
    is_complete = {"input_price", "output_price", "context", "output_limit"} <= set(facts)
    is_current = not _has_ended(entry, today) and not _is_estimated(entry)
    return facts if is_complete and is_current else None


def _capabilities(name: str, entry: Mapping[str, Any]) -> dict[str, RealFact]:
    """Return the fact on the abilities of a host; empty if the entry states too few of them or contradicts itself."""
    stated = {key: entry[key] for key in sorted(_HOST_FLAGS) if isinstance(entry.get(key), bool)}
    supported = sorted({_HOST_FLAGS[key] for key, value in stated.items() if value})
    is_sensible = _FUNCTION_CALLING in supported or not _NEED_FUNCTIONS & set(supported)
    if not supported or not is_sensible or len({_HOST_FLAGS[key] for key in stated}) < _LEAST_FLAGS:
        return {}
    keys = " ".join(key for key, value in stated.items() if value)
    fact = RealFact("capabilities", float(len(supported)), LITELLM.name, f"{name} {keys}", ", ".join(supported))
    return {"capabilities": fact}


def _token_facts(name: str, entry: Mapping[str, Any]) -> dict[str, RealFact]:
    """Return the prices of a million tokens and the limits of a model; what is missing or 0 is left out."""
    stated = [(axis, key, _PER_MILLION) for axis, key in _CHAT_PRICES.items()]
    stated += [(axis, key, 1) for axis, key in _LIMITS.items()]
    facts = {}
    for axis, key, factor in stated:
        value = entry.get(key)
        if isinstance(value, int | float) and value > 0:
            facts[axis] = RealFact(axis, float(value) * factor, LITELLM.name, f"{name} {key}")
    return facts


def _unit_facts(name: str, entry: Mapping[str, Any], mode: str) -> dict[str, RealFact]:
    """Return the price by use; empty if it is missing or 0."""
    axis, key, unit, units = _UNIT_PRICES[mode]
    value = entry.get(key)
    if not isinstance(value, int | float) or value <= 0:
        return {}
    return {axis: RealFact(axis, float(value) * units, LITELLM.name, f"{name} {key}", f"{unit} {units}")}


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
