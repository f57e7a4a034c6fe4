"""Packs that a model writes: what is refused, what passes, and what a second run costs."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from builder.config import BuildConfig
from builder.errors import BudgetError, BuildError
from builder.funnel import Funnel
from builder.llm.meter import Meter
from builder.llm.session import Endpoint, open_model
from builder.pack_writing.pack_estimate import estimate_pack
from builder.pack_writing.pack_folder import MadePack, make_pack, variation_of
from builder.world.pack_checks import check_pack
from builder.world.packs import read_pack
from builder.world.providers import service_providers
from tests.conftest import silent
from tests.fakes.openai import pack_script
from tests.fakes.openai.server import LlmServer

CONFIG = BuildConfig.model_validate({"seed": 3, "llm": {"model": "test-model", "retries": 0}})
NOWHERE = "http://127.0.0.1:9/v1"
"""Base URL of an endpoint that does not exist."""
LAYOUTS = len(pack_script.MANNERS)
PROVIDERS = 48


class Written(NamedTuple):
    """A pack that the scripted model has written, some of whose first layouts are faulty."""

    out: Path
    cache: Path
    made: MadePack
    meter: Meter


def write(
    out: Path,
    base_url: str,
    cache: Path,
    *,
    config: BuildConfig = CONFIG,
    mode: str = "online",
    max_cost_usd: float | None = None,
    funnel: Funnel | None = None,
    providers: int = PROVIDERS,
) -> Written:
    with open_model(Endpoint(base_url, None, mode, cache, max_cost_usd), config, silent) as session:
        made = make_pack(out, session, config, LAYOUTS, providers, funnel or Funnel())
    return Written(out, cache, made, session.meter)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp("packs")
    with LlmServer(pack_script.faulty_reply) as server:
        yield write(folder / "pack", server.base_url, folder / "cache.sqlite")


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    pack_script.leave_out_slow_checks(monkeypatch)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_faulty_layouts_are_refused_with_the_reason_and_written_again(written: Written) -> None:
    funnel = written.made.funnel
    assert dict(funnel.drops["layout_refused"]) == {
        "unit_changed": 1,
        "parts_are_wrong": 1,
        "fact_added": 1,
        "fact_changed": 1,
    }
    named = {kind: names for (of, kind), names in funnel.named.items() if of == "layout_refused"}
    assert named["unit_changed"] == ["ledger: the text of latency has the form 'seconds', but does not state seconds"]
    assert named["parts_are_wrong"] == ["shelf_card: region is stated 0 times; state each axis once"]
    assert named["fact_added"][0].startswith("night_log: region")
    assert named["fact_changed"][0].startswith("guild_letter: uptime")
    assert funnel.counts["layouts_accepted"] == LAYOUTS
    assert "layout_given_up" not in funnel.drops
    assert written.meter.accepted["lay_out"] == LAYOUTS
    assert written.meter.rejected["lay_out"] == funnel.drops["layout_refused"]


def test_the_pack_passes_its_check(written: Written) -> None:
    assert check_pack(written.out) == []
    pack = read_pack(written.out)
    assert [layout.name for layout in pack.layouts] == sorted(pack_script.MANNERS)
    assert f"{LAYOUTS} layouts, {PROVIDERS} providers, the usual ranges" in written.made.summary
    text = (written.out / "README.md").read_text(encoding="utf-8")
    assert "`test-model`" in text
    assert re.search(rf"\| lay_out \| [0-9a-f]{{12}} \| {LAYOUTS} \|", text)
    listings = {provider.layout: provider.name for provider in service_providers("test", pack)}
    assert set(listings) == set(pack_script.MANNERS)


def test_names_that_exist_or_tell_of_facts_are_left_out(written: Written) -> None:
    tables = tomllib.loads((written.out / "pack.toml").read_text(encoding="utf-8"))["provider"]
    names = [table["name"] for table in tables]
    assert len(set(names)) == PROVIDERS
    assert not {*pack_script.NAMES[:2], "Fast Freight"} & set(names)
    refused = written.made.funnel.drops["provider_name"]
    assert refused["exists"] == refused["tells_of_the_service"] == 1
    assert refused["tells_of_a_fact"] >= 1
    assert refused["not_of_the_form"] >= 1
    for key, values in (("naming", 5), ("parameters", 3)):
        counts = Counter(table[key] for table in tables)
        assert len(counts) == values
        assert max(counts.values()) - min(counts.values()) <= 3


@pytest.mark.usefixtures("unchecked")
def test_a_second_run_pays_nothing_and_gives_the_same_pack(written: Written, tmp_path: Path) -> None:
    again = write(tmp_path / "again", NOWHERE, written.cache)
    assert not again.meter.paid
    assert again.meter.cost_usd == 0
    assert contents(again.out) == contents(written.out)
    assert again.made.funnel.as_dict() == written.made.funnel.as_dict()


def test_another_seed_or_secret_asks_for_another_pack() -> None:
    configs = (CONFIG, CONFIG.model_copy(update={"seed": 4}), CONFIG.model_copy(update={"secret": "s" * 16}))
    assert len({variation_of(config) for config in configs}) == 3


@pytest.mark.usefixtures("unchecked")
def test_a_budget_stops_it_and_nothing_is_lost(written: Written, tmp_path: Path) -> None:
    stops: list[str] = []
    cache, out = tmp_path / "cache.sqlite", tmp_path / "pack"
    config = CONFIG.model_copy(update={"llm": CONFIG.llm.model_copy(update={"connections": 4})})
    with LlmServer(pack_script.faulty_reply) as server:
        while not out.exists() and len(stops) < 20:
            with suppress(BudgetError):
                write(out, server.base_url, cache, config=config, max_cost_usd=0.02)
            stops += [] if out.exists() else sorted(path.name for path in tmp_path.glob("*pack*")) or ["nothing"]
        paid = len(server.log.completions())
        assert server.log.answered_twice() == []
    assert set(stops) == {"nothing"}, "no part of a pack is left"
    assert paid == sum(written.meter.paid.values())
    assert contents(out) == contents(written.out)


@pytest.mark.usefixtures("unchecked")
def test_a_batch_gives_the_same_pack(written: Written, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"llm": CONFIG.llm.model_copy(update={"batch_poll_s": 0.01})})
    with LlmServer(pack_script.faulty_reply) as server:
        done = write(tmp_path / "pack", server.base_url, tmp_path / "cache.sqlite", config=config, mode="batch")
    assert contents(done.out) == contents(written.out)


def stubborn(name: str, layout: dict[str, Any]) -> None:
    """Write the same fault in each of two manners, whatever the reasons."""
    if name in pack_script.MANNERS[:2]:
        pack_script.statement_of(layout, "latency")["text"] = "wait: {seconds} ms"


def never_learns(body: dict[str, Any]) -> str:
    request = json.loads(body["messages"][-1]["content"])
    if request["task"] == "lay_out":
        request["payload"]["refused"] = None
        body = {**body, "messages": [{"role": "user", "content": json.dumps(request)}]}
    return pack_script.reply(body, stubborn)


@pytest.mark.usefixtures("unchecked")
def test_a_model_that_repeats_its_faults_is_given_up_after_the_attempts(tmp_path: Path) -> None:
    funnel = Funnel()
    with LlmServer(never_learns) as server, pytest.raises(BuildError) as caught:
        write(tmp_path / "pack", server.base_url, tmp_path / "cache.sqlite", funnel=funnel)
    assert str(caught.value).startswith(
        "3 layouts were accepted, but a pack needs at least 4. Refused: unit changed (2): ledger: the text of latency "
        "has the form 'seconds', but does not state seconds; shelf_card: "
    )
    assert "Use another model with --llm" in str(caught.value)
    assert funnel.drops["layout_refused"]["unit_changed"] == 2 * CONFIG.llm.attempts
    assert not (tmp_path / "pack").exists()


def nameless(body: dict[str, Any]) -> str:
    task = json.loads(body["messages"][-1]["content"])["task"]
    return '{"names": ["Acme 1"]}' if task == "name_providers" else pack_script.reply(body)


@pytest.mark.usefixtures("unchecked")
def test_too_few_names_end_with_a_way_on(tmp_path: Path) -> None:
    with LlmServer(nameless) as server:
        with pytest.raises(BuildError, match=r"0 providers were accepted.*not of the form .*Pass --providers 0"):
            write(tmp_path / "pack", server.base_url, tmp_path / "cache.sqlite")
        done = write(tmp_path / "pack", server.base_url, tmp_path / "cache.sqlite", providers=0)
    assert not (done.out / "pack.toml").exists()


def test_the_estimate_bounds_the_requests(written: Written) -> None:
    for line in estimate_pack(LAYOUTS, PROVIDERS, CONFIG.llm):
        sent = written.meter.paid[line.task]
        assert line.requests <= sent <= line.most or sent == line.requests, line
        assert line.input_tokens > 0
