"""Facts of real services are read from the files of packages, without importing them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from builder.errors import CatalogueError, MissingExtraError
from builder.services.exchanges import exchange_tools, exchanges
from builder.services.messengers import MessengerJob, messenger_tools, messengers
from builder.services.package_files import CCXT, LITELLM, DataPackage
from builder.services.price_file import PRICE_FILE, chat_tools, mode_tools, model_of, price_entries
from builder.services.real_facts import RealTool

from .made_packages import make_packages

TODAY = date(2026, 11, 29)
METHODS: dict[str, dict[str, Any]] = {
    "fetchOrderBook": {"job": "book"},
    "fetchOHLCV": {"job": "candles", "feature": "fetchOHLCV", "intervals": True},
    "fetchTrades": {"job": "trades"},
    "createOrder": {"job": "order", "fees": "spot", "private": True},
    "createReduceOnlyOrder": {"job": "reduce", "fees": "swap"},
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder with made packages, which stand before installed ones."""
    make_packages(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    readers = (price_entries, exchanges, messengers)
    for reader in readers:
        reader.cache_clear()
    yield tmp_path
    for reader in readers:
        reader.cache_clear()


def _values(tool: RealTool) -> dict[str, float | str]:
    return {
        axis: round(fact.value, 6) if isinstance(fact.value, float) else fact.value for axis, fact in tool.facts.items()
    }


@pytest.mark.usefixtures("packages")
def test_a_chat_model_has_prices_of_a_million_tokens_and_limits() -> None:
    tools = {tool.provider: tool for tool in chat_tools(TODAY)}
    # The withdrawn, the free, the closed, the estimated and the one at an unknown host are left out.
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
def test_prices_by_use_are_in_the_unit_of_their_axis() -> None:
    jobs = {"search": "find", "audio_transcription": "write down", "embedding": "embed"}
    tools = list(mode_tools(jobs, TODAY))
    assert [(tool.job, tool.operation) for tool in tools if tool.job == "find"] == [
        ("find", "search"),
        ("find", "search-deep"),
    ]
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


@pytest.mark.usefixtures("packages")
def test_an_exchange_has_the_facts_of_its_description() -> None:
    tools = {tool.job: tool for tool in exchange_tools(METHODS)}
    assert sorted(tools) == ["book", "candles", "order", "reduce"]
    common = {"rate_limit": 1_200, "breadth": 4, "streaming": "web socket"}
    assert _values(tools["book"]) == common
    assert _values(tools["candles"]) == {**common, "records": 500, "intervals": 3}
    assert tools["book"].title == "Alpha Bit"
    assert _values(tools["order"]) == {**common, "taker_fee": 0.25, "maker_fee": 0.1, "setup": 2}
    assert tools["order"].facts["taker_fee"].key == "alphabit fees.trading.taker"
    assert tools["order"].facts["setup"].detail == "api key, secret"
    assert _values(tools["reduce"]) == {**common, "taker_fee": 0.06, "maker_fee": 0.02}
    assert "ccxt" not in sys.modules or not hasattr(sys.modules["ccxt"], "alphabit")


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
        for tool in messenger_tools({"Pager": job, "Child": job, "Plain": job}, {"Child": "Pager Pro"})
    }
    assert _values(tools["Pager"]) == {"rate_limit": 300, "body_length": 160, "batch": 50, "setup": 3, "options": 1}
    assert tools["Pager"].facts["setup"].detail == "targets, token, user"
    assert tools["Pager"].facts["options"].detail == "sound"
    assert _values(tools["Child"]) == {**_values(tools["Pager"]), "body_length": 320}
    assert tools["Child"].title == "Pager Pro"
    assert _values(tools["Plain"]) == {}


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(("word", "expected"), [("phone", ["Child", "Pager"]), ("email", [])])
def test_a_messenger_reaches_recipients_of_its_own_kinds(word: str, expected: list[str]) -> None:
    job = MessengerJob("text", (word,))
    tools = list(messenger_tools(dict.fromkeys(("Pager", "Child", "Plain"), job), {}))
    assert [tool.provider for tool in tools] == expected
    assert all(tool.facts["setup"].detail == "token, user" for tool in tools)


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
