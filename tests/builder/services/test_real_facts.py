"""Facts of real services are read from the files of packages, without importing them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from builder.errors import CatalogueError, MissingExtraError
from builder.services.exchanges import exchange_tools
from builder.services.messengers import MessengerJob, messenger_tools
from builder.services.model_names import is_instruct, is_regional, model_of, size_of
from builder.services.package_files import CCXT, LITELLM, DataPackage
from builder.services.price_entries import PRICE_FILE, price_entries
from builder.services.price_file import chat_tools, mode_tools
from builder.services.real_facts import RealTool

TODAY = date(2026, 11, 29)
METHODS: dict[str, dict[str, Any]] = {
    "fetchOrderBook": {"job": "book"},
    "fetchOHLCV": {"job": "candles", "feature": "fetchOHLCV", "intervals": True},
    "fetchTrades": {"job": "trades"},
    "createOrder": {"job": "order", "fees": "spot", "private": True},
    "createReduceOnlyOrder": {"job": "reduce", "fees": "swap"},
    "fetchDepositWithdrawFee": {"job": "coin fee"},
}


def _values(tool: RealTool) -> dict[str, float | str]:
    return {
        axis: round(fact.value, 6) if isinstance(fact.value, float) else fact.value for axis, fact in tool.facts.items()
    }


@pytest.mark.usefixtures("packages")
def test_a_chat_model_has_prices_of_a_million_tokens_and_limits() -> None:
    tools = {tool.provider: tool for tool in chat_tools(TODAY) if tool.job == "gpt-oss-20b"}
    # The withdrawn, the free, the closed, the estimated, that of a region and the one at an unknown host are left out.
    assert sorted(tools) == ["deepinfra", "groq", "nebius"]
    tool = tools["groq"]
    assert (tool.job, tool.title, tool.operation) == ("gpt-oss-20b", "Groq", "gpt-oss-20b")
    assert _values(tool) == {
        "input_price": 0.2, "output_price": 0.6, "context": 131_072, "output_limit": 8_192, "capabilities": 3,
    }  # fmt: skip
    assert tool.facts["input_price"].key == "groq/openai/gpt-oss-20b input_cost_per_token"
    # Those of the model are left out, and two names of one ability count once.
    assert tool.facts["capabilities"].detail == "function calling, response schema, tool choice"
    # A host cannot offer the choice of a tool without function calling.
    assert "capabilities" not in tools["nebius"].facts


@pytest.mark.usefixtures("packages")
def test_a_host_offers_the_instruct_model_at_one_price_that_holds_for_all_lengths() -> None:
    tools = {(tool.provider, tool.job): tool for tool in chat_tools(TODAY) if tool.job != "gpt-oss-20b"}
    # Left out: a base model whose instruct model is withdrawn, two prices, prices in tiers, an output limit above the context,
    # and prices that a host has for models of all sizes.
    assert sorted(tools) == [
        ("hyperbolic", "gemma-8-27b"),
        ("hyperbolic", "gemma-8-8b"),
        ("hyperbolic", "gemma-8-9b"),
        ("kyma", "gemma-9-9b"),
        ("novita", "gemma-9-9b"),
        ("nscale", "gemma-9-9b"),
    ]
    assert tools["novita", "gemma-9-9b"].operation == "gemma-9-9b-it"
    assert tools["novita", "gemma-9-9b"].facts["input_price"].value == 0.3


@pytest.mark.usefixtures("packages")
def test_an_ability_is_stated_by_its_flag_or_its_price() -> None:
    tools = {tool.provider: tool for tool in chat_tools(TODAY) if tool.job == "gemma-9-9b"}
    assert tools["kyma"].facts["capabilities"].value == 3
    fact = tools["nscale"].facts["capabilities"]
    assert (fact.value, fact.detail) == (
        5,
        "function calling, prompt caching, response schema, tool choice, web search",
    )
    assert "cache_read_input_token_cost" in fact.key


@pytest.mark.usefixtures("packages")
def test_prices_by_use_are_in_the_unit_of_their_axis() -> None:
    jobs = {"search": "find", "audio_transcription": "write down", "embedding": "embed"}
    tools = list(mode_tools(jobs, TODAY))
    assert [(tool.job, tool.operation) for tool in tools if tool.job == "find"] == [
        ("find", "search"),
        ("find", "search-deep"),
    ]
    # Entries whose names say that they do another job are left out.
    assert "search-deep" not in [tool.operation for tool in mode_tools(jobs, TODAY, {"search": ["deep"]})]
    found = {tool.operation: _values(tool) for tool in tools}
    assert found["search"] == {"query_price": 8.0}
    assert found["one"] == {"audio_price": 6.0}
    assert found["two"] == {"input_price": 0.1, "context": 32_000}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct", "llama-3-3-70b"),
        ("together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", "llama-3-3-70b"),
        ("ovhcloud/Meta-Llama-3_3-70B-Instruct", "llama-3-3-70b"),
        ("bedrock_mantle/openai.gpt-oss-120b", "gpt-oss-120b"),
        ("vertex_ai/openai/gpt-oss-120b-maas", "gpt-oss-120b"),
        ("qwen.qwen3-32b-v1:0", "qwen-3-32b"),
        ("nebius/Qwen/Qwen3-32B", "qwen-3-32b"),
        ("novita/deepseek/deepseek-v3-turbo", "deepseek-v3-turbo"),
        ("gmi/Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen-3-235b-a22b-instruct-2507"),
    ],
)
def test_a_model_is_recognised_at_its_hosts(name: str, model: str) -> None:
    assert model_of(name) == model


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bedrock/ap-south-1/meta.llama3-70b-instruct-v1:0", True),
        ("bedrock_mantle/us-gov-west-1/openai.gpt-oss-120b", True),
        ("us.amazon.nova-canvas-v1:0", True),
        ("azure/eu/text-embedding-3-small", True),
        ("meta.llama3-70b-instruct-v1:0", False),
        ("novita/qwen/qwen3-32b", False),
        ("deepinfra/google/gemma-3-27b-it", False),
    ],
)
def test_an_entry_of_a_region_is_recognised(name: str, expected: bool) -> None:
    assert is_regional(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("replicate/meta/llama-3-70b-instruct", True),
        ("meta.llama3-70b-instruct-v1:0", True),
        ("google/gemma-3-27b-it", True),
        ("fireworks/llama-v2-70b-chat", True),
        ("replicate/meta/llama-3-70b", False),
        ("novita/kimi-k2-italic", False),
    ],
)
def test_an_instruct_model_is_recognised(name: str, expected: bool) -> None:
    assert is_instruct(name) is expected


@pytest.mark.parametrize(
    ("model", "size"), [("llama-3-70b", 70), ("mixtral-8x7b", 56), ("qwen-3-30b-a3b", 30), ("kimi-k3", None)]
)
def test_the_size_of_a_model_is_in_its_name(model: str, size: float | None) -> None:
    assert size_of(model) == size


@pytest.mark.usefixtures("packages")
def test_an_exchange_has_the_facts_of_its_description() -> None:
    tools = {tool.job: tool for tool in exchange_tools(METHODS)}
    assert sorted(tools) == ["book", "candles", "order", "reduce"]
    # A rate limit is that of the endpoint: the interval times its cost. `sandbox` is no method.
    common = {"breadth": 4, "streaming": "web socket"}
    assert _values(tools["book"]) == {**common, "rate_limit": 600}
    assert tools["book"].facts["rate_limit"].key == (
        "alphabit 60,000 / (rateLimit 50 * cost 2 in api of fetchOrderBook: publicGetBookSymbol)"
    )
    # `1h` is `60m`, and `1w` is `7d`.
    assert _values(tools["candles"]) == {**common, "rate_limit": 240, "records": 500, "intervals": 4}
    assert tools["candles"].facts["intervals"].detail == "1m, 60m, 1d, 7d"
    common["rate_limit"] = 2_400
    assert tools["book"].title == "Alpha Bit"
    assert _values(tools["order"]) == {**common, "taker_fee": 0.25, "maker_fee": 0.1, "setup": 2}
    assert tools["order"].facts["taker_fee"].key == "alphabit fees.trading.taker"
    # A secret is needed unless an exchange states that it is not.
    assert tools["order"].facts["setup"].detail == "secret, uid"
    assert _values(tools["reduce"]) == {**common, "taker_fee": 0.06, "maker_fee": 0.02}
    assert "ccxt" not in sys.modules or not hasattr(sys.modules["ccxt"], "alphabit")


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("pro", "streams", "expected"),
    [
        ("'pro': True,", "'ws': True", "web socket"),
        ("", "'ws': True", "web socket"),
        ("'pro': False,", "'watchTicker': True", "web socket"),
        ("'pro': False,", "'watchTicker': False", "requests only"),
        ("", "'watchTicker': False", None),
        ("'pro': True,", "'ws': False", None),
    ],
)
def test_streams_are_those_of_the_class_for_streams(
    packages: Path, pro: str, streams: str, expected: str | None
) -> None:
    for name, old, new in (("alphabit", "'pro': True,", pro), ("pro/alphabit", "'ws': True", streams)):
        path = packages / f"ccxt/{name}.py"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (tool,) = (tool for tool in exchange_tools(METHODS) if tool.job == "book")
    assert (tool.facts["streaming"].value if "streaming" in tool.facts else None) == expected


@pytest.mark.usefixtures("packages")
def test_fees_without_a_kind_of_market_are_those_of_the_usual_kind(packages: Path) -> None:
    path = packages / "ccxt/alphabit.py"
    text = path.read_text(encoding="utf-8").replace("'defaultType': 'spot'", "")
    path.write_text(text.replace("'0.0006'", "'0.06'"), encoding="utf-8")
    tools = {tool.job: tool for tool in exchange_tools(METHODS)}
    assert not {"taker_fee", "maker_fee"} & set(tools["order"].facts)
    # A fee of 6 % is not plausible.
    assert set(tools["reduce"].facts) & {"taker_fee", "maker_fee"} == {"maker_fee"}


@pytest.mark.usefixtures("packages")
def test_a_messenger_has_the_facts_that_its_own_class_sets() -> None:
    job = MessengerJob("page")
    tools = {
        tool.provider: tool
        for tool in messenger_tools(dict.fromkeys(("Pager", "Child", "Plain", "Topic"), job), {"Child": "Pager Pro"})
    }
    assert _values(tools["Pager"]) == {"rate_limit": 300, "body_length": 160, "batch": 50, "setup": 4, "options": 4}
    # The smallest template lacks a required setting that all others have, and `user` and `pin` are one setting.
    assert tools["Pager"].facts["setup"].detail == "secret, targets, token, user"
    # Two options of one name are two, and an alias is none.
    assert tools["Pager"].facts["options"].detail == "batch mode, mode, priority, sound"
    assert _values(tools["Child"]) == {**_values(tools["Pager"]), "body_length": 320}
    assert tools["Child"].title == "Pager Pro"
    # A topic stands for the required recipients.
    assert (_values(tools["Topic"]), tools["Topic"].facts["setup"].detail) == ({"setup": 1}, "topic")
    assert _values(tools["Plain"]) == {}


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(("word", "expected"), [("phone", ["Child", "Pager"]), ("email", [])])
def test_a_messenger_reaches_recipients_of_its_own_kinds(word: str, expected: list[str]) -> None:
    job = MessengerJob("text", (word,))
    tools = list(messenger_tools(dict.fromkeys(("Pager", "Child", "Plain"), job), {}))
    assert [tool.provider for tool in tools] == expected
    assert all(tool.facts["setup"].detail == "secret, token, user" for tool in tools)


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"needs no-such-package-at-all\..*petoolbench\[services\]"):
        DataPackage("no-such-package-at-all", "MIT", "nothing").path("file")


def test_another_layout_of_a_package_is_an_error(packages: Path) -> None:
    (packages / "litellm/model_prices_and_context_window_backup.json").unlink()
    with pytest.raises(CatalogueError, match=r"litellm 9\.9 has no such file"):
        LITELLM.path(PRICE_FILE)
    assert CCXT.version == "9.9"


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_a_price_file_that_cannot_be_read_is_an_error(packages: Path, text: str) -> None:
    (packages / PRICE_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match="price file of litellm"):
        price_entries()
