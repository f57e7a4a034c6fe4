"""The price file of litellm: models at their hosts, and other services that are paid by use.

An entry is one model, or one kind of search, at one provider. Prices are in USD per token, character, second, image,
page or query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from builder.grouping.functionalities import data_table

from .model_names import is_instruct, is_regional, model_of
from .package_files import LITELLM
from .price_entries import HOSTS, holds, host_of, price_entries, prices_of, template_prices
from .real_facts import RealFact, RealTool, rounded

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
_PRICED_ABILITIES: Final[Mapping[str, str]] = {
    "cache_read_input_token_cost": "prompt caching",
    "input_cost_per_token_cache_hit": "prompt caching",
    "search_context_cost_per_query": "web search",
}
"""Prices of abilities of the host: a host that has a price for one has it."""
_FUNCTION_CALLING: Final = "function calling"
_NEED_FUNCTIONS: Final = frozenset({"parallel function calling", "tool choice"})
"""Abilities that a host without function calling cannot have."""
_LEAST_FLAGS: Final = 2
"""Minimum number of abilities of the host that an entry states, as present or absent."""
_TOKEN_PRICED: Final = frozenset({"embedding", "rerank"})
"""Modes that are paid by the token."""


def chat_tools(today: date) -> Iterator[RealTool]:
    """Yield the open chat models at their hosts, each with prices and limits.

    Entries of single regions are left out, and so are base models beside an instruct model of the same name and host. A
    host whose entries of a model state different prices is left out for that model.

    Args:
        today: Day of the listings; a model that a host has withdrawn by then is left out.
    """
    known = tuple(data_table(HOSTS)["open_models"])
    names: dict[tuple[str, str], list[str]] = {}
    for name, entry in sorted(price_entries().items()):
        host, model = host_of(entry), model_of(name)
        if entry.get("mode") == "chat" and host is not None and model.startswith(known) and not is_regional(name):
            names.setdefault((host[0], model), []).append(name)
    for (_, model), of_host in sorted(names.items(), key=lambda item: item[1][0]):
        instruct = [name for name in of_host if is_instruct(name)]
        tools = [tool for name in instruct or of_host if (tool := _chat_tool(name, model, today)) is not None]
        if len({(tool.facts["input_price"].value, tool.facts["output_price"].value) for tool in tools}) == 1:
            yield from tools


def mode_tools(
    modes: Mapping[str, str], today: date, without: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Iterator[RealTool]:
    """Yield the other services that are paid by use, the cheapest of each provider first.

    Args:
        modes: Job of each mode of the price file.
        today: As in `chat_tools`.
        without: Parts of the names of entries that do another job than the others of their mode, by mode.
    """
    found: list[tuple[float, str, RealTool]] = []
    for name, entry in price_entries().items():
        host, mode = host_of(entry), str(entry.get("mode"))
        if host is None or mode not in modes or is_regional(name) or not holds(entry, today):
            continue
        if any(part in name for part in without.get(mode, ())):
            continue
        facts = _token_facts(name, entry) if mode in _TOKEN_PRICED else _unit_facts(name, entry, mode)
        if facts:
            price = float(next(iter(facts.values())).value)
            found.append((price, name, RealTool(*host, modes[mode], name.rpartition("/")[2], facts)))
    yield from (tool for _, _, tool in sorted(found, key=lambda item: item[:2]))


def _chat_tool(name: str, model: str, today: date) -> RealTool | None:
    """Return a model at a host; None if it is withdrawn, or if a price or limit is missing or does not hold."""
    entry = price_entries()[name]
    host = host_of(entry)
    if host is None or not holds(entry, today) or prices_of(entry) in template_prices()[host[0]]:
        return None
    facts = {**_token_facts(name, entry), **_capabilities(name, entry)}
    is_complete = {"input_price", "output_price", "context", "output_limit"} <= set(facts)
    return RealTool(*host, model, name.rpartition("/")[2], facts) if is_complete else None


def _capabilities(name: str, entry: Mapping[str, Any]) -> dict[str, RealFact]:
    """Return the fact on the abilities of a host; empty if the entry states too few of them or contradicts itself.

    An ability is stated by its flag or by its price. One that an entry does not state may be there all the same.
    """
    flags = {key: entry[key] for key in sorted(_HOST_FLAGS) if isinstance(entry.get(key), bool)}
    priced = {key: ability for key, ability in _PRICED_ABILITIES.items() if entry.get(key)}
    present = {**{key: _HOST_FLAGS[key] for key, value in flags.items() if value}, **priced}
    supported = sorted(set(present.values()))
    is_sensible = _FUNCTION_CALLING in supported or not _NEED_FUNCTIONS & set(supported)
    number = len({_HOST_FLAGS[key] for key in flags} | set(priced.values()))
    if not supported or not is_sensible or number < _LEAST_FLAGS:
        return {}
    keys = f"{name} abilities by a flag that is true or a price: {' '.join(sorted(present))}"
    return {"capabilities": RealFact("capabilities", float(len(supported)), LITELLM.name, keys, ", ".join(supported))}


def _token_facts(name: str, entry: Mapping[str, Any]) -> dict[str, RealFact]:
    """Return the prices of a million tokens and the limits of a model.

    A price or limit that is missing or 0 is left out, and both limits are if that of the output is above the context.
    """
    facts = {}
    for axis, key in _CHAT_PRICES.items():
        price = entry.get(key)
        if isinstance(price, int | float) and price > 0:
            facts[axis] = RealFact(axis, rounded(price * _PER_MILLION), LITELLM.name, f"{name} {key}")
    limits = {axis: entry.get(key) for axis, key in _LIMITS.items()}
    known = {axis: float(limit) for axis, limit in limits.items() if isinstance(limit, int | float) and limit > 0}
    if len(known) == 2 and known["output_limit"] > known["context"]:
        return facts
    for axis, limit in known.items():
        facts[axis] = RealFact(axis, limit, LITELLM.name, f"{name} {_LIMITS[axis]}")
    return facts


def _unit_facts(name: str, entry: Mapping[str, Any], mode: str) -> dict[str, RealFact]:
    """Return the price by use; empty if it is missing or 0."""
    axis, key, unit, units = _UNIT_PRICES[mode]
    value = entry.get(key)
    if not isinstance(value, int | float) or value <= 0:
        return {}
    return {axis: RealFact(axis, rounded(value * units), LITELLM.name, f"{name} {key}", f"{unit} {units}")}
