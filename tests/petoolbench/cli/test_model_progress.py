"""The display of commands with a model: a live table on a terminal, log lines elsewhere."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from builder.llm.answer_cache import Answer
from builder.llm.engine import STAGE
from builder.llm.meter import Meter
from builder.llm_config import LlmConfig
from petoolbench.cli.model_progress import LOG_SECONDS, ModelProgress, model_progress, stage_lines
from tests.commands import run
from tests.fakes.openai import builder_script, pack_script
from tests.fakes.openai.catalogue import write_catalogue
from tests.fakes.openai.server import LlmServer

CONFIG = LlmConfig(usd_per_million_input=1.0, usd_per_million_output=10.0)
ANSWER = Answer("text", 1_000, 100)
"""Costs 0.002 USD."""


class Clock:
    """Clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def meter() -> Meter:
    """A meter of two tasks, of which the first has sent 4 of its 10 requests."""
    meter = Meter(CONFIG, 2.5)
    meter.expect("read", 12, 12_000, 1_200)
    meter.expect("write", 5, 10_000, 0)
    meter.asked["read"] = 10
    for _ in range(4):
        meter.pay("read", ANSWER)
        meter.finished["read"] += 1
    for _ in range(3):
        meter.accept("read", ANSWER)
    meter.reject("read", "no_json_object")
    meter.reject("read", "no_json_object")
    meter.reject("read", "number_without_unit")
    return meter


def view_of(meter: Meter, *, is_live: bool, clock: Clock) -> tuple[ModelProgress, io.StringIO, Console]:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=is_live, color_system=None)
    view = ModelProgress(console, is_live, clock)
    view.watch(meter)
    return view, text, console


def test_the_cost_to_come_follows_from_what_requests_cost_so_far(meter: Meter) -> None:
    assert meter.to_come_usd("read") == pytest.approx(8 * 0.002), "twelve are expected, four are finished"
    assert meter.to_come_usd("write") == pytest.approx(0.01), "as expected"
    meter.asked["write"] = 5
    assert meter.to_come_usd("read") == pytest.approx(6 * 0.002), "no further ones than the ten that were asked for"
    meter.finished["read"] = 10
    assert meter.to_come_usd("read") == 0
    meter.finished["write"] = 5
    assert sum(line.to_come_usd for line in stage_lines(meter)) == 0


def test_log_lines_are_at_least_ten_seconds_apart_and_end_each_stage(meter: Meter) -> None:
    clock = Clock()
    view, text, _ = view_of(meter, is_live=False, clock=clock)
    view.report("reading the catalogue", 1, 1)
    for _ in range(20):
        clock.now += LOG_SECONDS / 20.5
        view.report(f"{STAGE}read", 4, 10)
    assert text.getvalue() == ""
    clock.now += LOG_SECONDS / 20
    view.report(f"{STAGE}read", 4, 10)
    line = (
        "read: 4 of 10 finished, 3 accepted, 3 refused (no json object 2, number without unit 1); "
        "0.0080 USD so far, about 0.0260 USD to come, budget 2.50 USD\n"
    )
    assert text.getvalue() == line
    view.report(f"{STAGE}read", 4, 10)
    clock.now += LOG_SECONDS
    view.report(f"{STAGE}read", 4, 10)
    assert text.getvalue() == line, "no line is repeated"
    meter.finished["read"] = 10
    meter.asked["write"] = 5
    view.report(f"{STAGE}write", 0, 5)
    view.close()
    assert [line.partition(" finished")[0] for line in text.getvalue().splitlines()[1:]] == [
        "read: 10 of 10",
        "write: 0 of 5",
    ]


def test_the_table_shows_each_stage_with_its_reasons(meter: Meter) -> None:
    view, text, console = view_of(meter, is_live=True, clock=Clock())
    view.report("reading the catalogue", 3, 7)
    console.print(view.renderable())
    assert "reading the catalogue" in text.getvalue()
    assert "Requests to the model" not in text.getvalue()
    view.report(f"{STAGE}read", 4, 10)
    console.print(view.renderable())
    shown = text.getvalue()
    assert re.search(r"read +10 +4 +3 +3 +0\.0080 +0\.0160", shown)
    assert re.search(r"no json object +2 +\n.*number without unit +1 ", shown)
    assert re.search(r"write +0 +0 +0 +0 +0\.0000 +0\.0100", shown)
    assert "0.0080 USD so far, about 0.0260 USD to come, budget 2.50 USD" in shown
    assert "3/7" in shown


def test_a_terminal_gets_a_table_unless_batches_are_awaited(meter: Meter) -> None:
    for is_batch in (False, True):
        text = io.StringIO()
        console = Console(file=text, width=100, force_terminal=True, color_system=None)
        with model_progress(is_batch=is_batch, console=console) as view:
            view.watch(meter)
            view.report(f"{STAGE}read", 10, 10)
        assert ("Requests to the model" in text.getvalue()) != is_batch
        assert ("read: 4 of 10 finished" in text.getvalue()) == is_batch


def test_a_pack_logs_its_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack_script.leave_out_slow_checks(monkeypatch)
    with LlmServer(pack_script.reply) as server:
        options = ("--llm", "test-model", "--base-url", server.base_url, "--layouts", "4", "--providers", "0")
        done = run("make-pack", "pack", *options, "--max-cost-usd", "0.02", cwd=tmp_path)
    assert done.returncode == 1
    assert "error: Stopped before the budget of 0.02 USD is exceeded" in done.stderr
    lines = [line for line in done.stderr.splitlines() if " finished, " in line]
    assert lines[0].startswith("plan_layouts: 1 of 1 finished, 1 accepted, 0 refused; 0.0")
    assert lines[1].startswith("lay_out: 4 of 4 finished, 4 accepted, 0 refused; ")
    assert all(line.endswith("USD to come, budget 0.02 USD") for line in lines)


def test_a_build_logs_its_stages_and_what_is_to_come(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "tools.jsonl")
    with LlmServer(builder_script.reply) as server:
        options = ("--llm", "test-model", "--base-url", server.base_url, "--max-cost-usd", "0.03", "-o", "out")
        done = run("build", "--catalog", f"toolbench:{catalogue}", *options, cwd=tmp_path)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if " finished, " in line]
    assert lines[0].startswith("understand: ")
    to_come = [float(re.findall(r"about (\S+) USD to come", line)[0]) for line in lines]
    assert min(to_come) > 0, "verification is still to come"
