"""Asking an endpoint: each instance one line, whatever goes wrong, and a sentence where nothing helps."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import BudgetError, ConfigError, LlmError
from builder.llm.endpoint_url import endpoint_address
from hf_dataset.prompting import messages_of
from hf_dataset.reader import read_instances
from petoolbench.inference.history_views import apply_history_view
from petoolbench.inference.run import RunResources, RunSettings, RunSummary, check, predict, rows_of
from petoolbench.run_files import read_run
from petoolbench.scoring import score
from tests.conftest import Built, silent
from tests.fakes.openai import predict_script
from tests.fakes.openai.errors import ApiError
from tests.fakes.openai.faults import TRANSPORT, Faults
from tests.fakes.openai.log import ABANDONED, ANSWERED
from tests.fakes.openai.server import LlmProcess, LlmServer

ASKING = RunSettings("test-model", "chronological", "validation", max_output_tokens=200)
MEANS = RunResources(connections=16, timeout_s=1.0)


def ask(
    built: Built, out: Path, base_url: str, settings: RunSettings = ASKING, resources: RunResources = MEANS
) -> RunSummary:
    settings = replace(settings, base_url=base_url)
    check(settings, resources)
    return predict(built.data, out, settings, resources, silent)


@contextmanager
def answering(status: int, body: bytes, kind: str = "application/json") -> Iterator[str]:
    """An endpoint that says the same to every request."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 0.2  # of a connection that nothing comes through

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False  # so that each connection is closed before the server is
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def test_each_instance_has_one_line_in_the_order_of_the_data(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, jitter=1.0, latency=0.02) as server:
        report = ask(built, out, server.base_url)
        first = out.read_bytes()
        again = ask(built, out, server.base_url)
        assert len(server.log.completions()) == report.asked == again.before, "nothing is asked a second time"
        assert MEANS.connections / 2 < server.log.peak <= MEANS.connections
    rows = read_instances(built.data, "chronological", "validation")
    run = read_run(out)
    assert list(run.lines) == [row.instance_id for row in rows]
    assert out.read_bytes() == first
    assert not report.errors
    assert report.meter is not None
    assert report.meter.input_tokens == sum(line.input_tokens or 0 for line in run.lines.values()) > 0
    assert run.header is not None
    assert run.header.sampling == {"temperature": 0.0, "max_tokens": 200, "seed": 0}
    scores = score(run.predictions, rows)
    assert scores["hallucination_rate"] > 0
    assert 0 < scores["format_rate"] < 1


def test_native_calls_and_prompts_come_to_the_same_form(built: Built, tmp_path: Path) -> None:
    with LlmServer(predict_script.reply) as server:
        ask(built, tmp_path / "prompt.jsonl", server.base_url)
        ask(built, tmp_path / "tools.jsonl", server.base_url, replace(ASKING, mode="tools"))
    rows = read_instances(built.data, "chronological", "validation")
    prompt, tools = (score(read_run(tmp_path / f"{name}.jsonl").predictions, rows) for name in ("prompt", "tools"))
    assert prompt["tool_accuracy"] == tools["tool_accuracy"]
    assert prompt["error_classes"] == tools["error_classes"]


def test_what_is_asked_goes_by_the_options(built: Built, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> str:
        seen.append(body)
        return predict_script.reply(body)

    ids = tuple(row.instance_id for row in read_instances(built.data, "rating_integrated", "validation")[5:12])
    settings = replace(
        ASKING,
        config="rating_integrated",
        history="swapped",
        docs="names",
        shuffle_seed=3,
        ids=ids,
        limit=4,
        body={"max_tokens": None, "max_completion_tokens": 300, "top_p": 0.9},
    )
    with LlmServer(reply) as server:
        ask(built, tmp_path / "run.jsonl", server.base_url, settings)
    assert list(read_run(tmp_path / "run.jsonl").lines) == list(ids[:4])
    shown = {row.instruction: row for row in rows_of(built.data, settings)}
    for body in seen:
        assert body.keys() == {"model", "messages", "temperature", "seed", "max_completion_tokens", "top_p"}
        said = json.loads(body["messages"][1]["content"])
        assert "history_tools" not in said
    assert {json.loads(body["messages"][1]["content"])["instruction"] for body in seen} == set(shown)

    def prompts(history: Any, seed: int | None) -> set[str]:
        rows = {
            row.instance_id: row
            for row in apply_history_view(read_instances(built.data, settings.config, settings.split), history, seed)
        }
        return {json.dumps(messages_of(rows[one], docs="names")) for one in ids[:4]}

    assert {json.dumps(body["messages"]) for body in seen} == prompts("swapped", 3)
    assert not prompts("swapped", 3) & (prompts("own", 3) | prompts("swapped", None))


def test_all_faults_are_lived_through_and_nothing_is_sent_after_it_was_answered(built: Built, tmp_path: Path) -> None:
    faults = Faults(
        seed=3, rate_limited_with_retry_after=0.05, rate_limited=0.05, server_error=0.05, dropped=0.05, time_out=0.03,
        truncated=0.05, prose=0.05, nonsense=0.05, refusal=0.05, empty_choices=0.05, content_null=0.05,
    )  # fmt: skip
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, faults=faults) as server:
        report = ask(built, out, server.base_url, resources=replace(MEANS, timeout_s=0.5))
        told = server.log.completions()
    assert len(read_run(out).lines) == report.asked == 36
    assert not report.errors
    resent = {*(fault.value for fault in TRANSPORT), "empty_choices", ABANDONED}
    for content, ends in _by_content(told).items():
        assert all(end in resent for end in ends[:-1]), (content, ends)
        assert ends[-1] not in resent


def _by_content(entries: list[Any]) -> dict[str, list[str]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for entry in entries:
        found.setdefault(entry.content, []).append((entry.attempt, entry.done))
    return {content: [done for _, done in sorted(ends)] for content, ends in found.items()}


def test_a_run_killed_again_and_again_has_each_instance_once(built: Built, tmp_path: Path) -> None:
    out, log = tmp_path / "run.jsonl", tmp_path / "log.jsonl"
    rng = np.random.default_rng(0)
    with LlmProcess("tests.fakes.openai.predict_script:reply", log, latency=0.1) as server:
        command = [sys.executable, "-m", "petoolbench", "predict", str(built.data), "--config", "chronological"]
        command += ["--split", "train", "--model", "test-model", "--base-url", server.base_url, "-o", str(out)]
        command += ["--connections", "2"]
        kills = 0
        while kills < 4:
            had = _lines(out)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                while process.poll() is None and _lines(out) <= had + 1:
                    time.sleep(0.01)
                time.sleep(rng.random() * 0.3)
                process.send_signal(signal.SIGKILL)
            kills += 1
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        answered = Counter(entry.content for entry in server.log.completions() if entry.done == ANSWERED)
    assert finished.returncode == 0, finished.stderr
    assert "in the file before" in finished.stdout
    rows = read_instances(built.data, "chronological", "train")
    assert list(read_run(out).lines) == [row.instance_id for row in rows]
    assert sum(answered.values()) - len(answered) <= 2 * kills, "only what was under way at a kill is asked again"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "run.jsonl"]


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_the_budget_stops_a_run_and_a_larger_one_goes_on(built: Built, tmp_path: Path) -> None:
    priced = replace(ASKING, usd_per_million_input=10.0, usd_per_million_output=30.0)
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply) as server:
        with pytest.raises(BudgetError, match=r"Stopped before the budget of 0.50 USD is exceeded"):
            ask(built, out, server.base_url, priced, replace(MEANS, max_cost_usd=0.5))
        half = read_run(out)
        assert 0 < len(half.lines) < 36
        spent = (
            sum((line.input_tokens or 0) * 10 + (line.output_tokens or 0) * 30 for line in half.lines.values()) / 1e6
        )
        assert spent <= 0.5
        with pytest.raises(BudgetError, match=r"0.50 USD"):
            ask(built, out, server.base_url, priced, replace(MEANS, max_cost_usd=0.5))
        assert len(read_run(out).lines) - len(half.lines) <= 1, "what was spent before counts"
        report = ask(built, out, server.base_url, priced, replace(MEANS, max_cost_usd=50.0))
    assert len(read_run(out).lines) == 36
    assert report.meter is not None
    assert report.meter.cost_usd > spent


def test_a_request_that_is_refused_by_itself_stays_a_line_and_counts_as_wrong(built: Built, tmp_path: Path) -> None:
    refused = read_instances(built.data, "chronological", "validation")[7].instruction

    def reply(body: dict[str, Any]) -> str:
        if json.loads(body["messages"][1]["content"])["instruction"] == refused:
            raise ApiError(400, "Stopped by the content filter.")
        return predict_script.reply(body)

    with LlmServer(reply) as server:
        report = ask(built, tmp_path / "run.jsonl", server.base_url)
        run = read_run(tmp_path / "run.jsonl")
        failed = [line for line in run.lines.values() if line.error is not None]
        assert report.errors == {"status_400": len(failed)}
        assert failed
        assert all("content filter" in (line.error or "") and not line.prediction for line in failed)
        asked_before = len(server.log.completions())
        ask(built, tmp_path / "run.jsonl", server.base_url)
        assert len(server.log.completions()) == asked_before, "failures are not asked again"
        ask(built, tmp_path / "run.jsonl", server.base_url, resources=replace(MEANS, again=True))
        assert len(server.log.completions()) == asked_before + len(failed), "but where that is wanted"
    rows = read_instances(built.data, "chronological", "validation")
    assert score(run.predictions, rows)["count"] == len(rows)


def test_a_skipped_prompt_is_a_line_with_its_reason(built: Built, tmp_path: Path) -> None:
    with LlmServer(predict_script.reply) as server:
        report = ask(built, tmp_path / "run.jsonl", server.base_url, replace(ASKING, context=5_000, overlong="skip"))
        assert 0 < report.errors["overlong"] < 36
        assert len(server.log.completions()) == 36 - report.errors["overlong"]
        dropped = replace(ASKING, context=5_000, overlong="drop-oldest")
        assert not ask(built, tmp_path / "dropped.jsonl", server.base_url, dropped).errors
    assert len(read_run(tmp_path / "run.jsonl").lines) == 36
    steps = Counter(line.dropped_steps > 0 for line in read_run(tmp_path / "dropped.jsonl").lines.values())
    assert steps[True] == report.errors["overlong"]


def test_a_wrong_key_an_unknown_model_and_a_wrong_address_are_told_soon(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, api_key="right") as server:
        with pytest.raises(LlmError, match=r"status 401.*Check the API key"):
            ask(built, out, server.base_url, resources=replace(MEANS, api_key="wrong"))
        with pytest.raises(LlmError, match=r"status 404.*'no-model' does not exist"):
            ask(built, out, server.base_url, replace(ASKING, model="no-model"), replace(MEANS, api_key="right"))
    began = time.monotonic()
    with pytest.raises(
        LlmError, match=r"The last 8 requests failed and are not kept.*gave no answer in 4 tries.*not_reached"
    ):
        ask(built, out, "http://127.0.0.1:9/v1")
    assert time.monotonic() - began < 20
    assert not list(tmp_path.iterdir()), "nothing came of it, and nothing is left"


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (200, b"data: {\x00garbage\n\n" * 50, "text/event-stream", "no_chat_completion"),
        (200, b"<html>It works!</html>", "text/html", "no_chat_completion"),
        (200, b'{"choices": "none"}', "application/json", "no_chat_completion"),
        (502, b"bad gateway", "text/plain", "status_502"),
        (400, b'{"error": {"message": "model not loaded"}}', "application/json", "model not loaded"),
    ],
)
def test_an_endpoint_of_no_use_ends_the_run_with_a_sentence_and_no_line(
    built: Built, tmp_path: Path, status: int, body: bytes, kind: str, said: str
) -> None:
    with answering(status, body, kind) as base_url, pytest.raises(LlmError, match=said) as raised:
        ask(built, tmp_path / "run.jsonl", base_url)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["", "/v1"])
def test_the_path_of_an_address_is_kept(built: Built, tmp_path: Path, path: str) -> None:
    with answering(404, b'{"error": {"message": "nothing here"}}') as base_url:
        address = base_url.removesuffix("/v1") + path
        with pytest.raises(LlmError, match=f"'{re.escape(address)}/?' refuses.*404 - nothing here"):
            ask(built, tmp_path / "run.jsonl", address)


@pytest.mark.parametrize(
    ("given", "meant"), [(None, None), ("http://a/v1/", "http://a/v1"), ("https://a:8", "https://a:8")]
)
def test_an_address_has_one_spelling(given: str | None, meant: str | None) -> None:
    assert endpoint_address(given) == meant


@pytest.mark.parametrize("given", ["http://me:secret@a/v1", "http://a/v1?key=secret", "http://a/v1#secret"])
def test_an_address_that_holds_a_secret_is_refused_and_not_told(given: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as told:
        endpoint_address(given)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("given", ["URL", "", "a/v1", "ftp://a/v1", "http:///v1", "http://a:b/v1", "localhost:8000/v1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a valid URL.*http://127\.0\.0\.1:8000/v1"):
        endpoint_address(given)


@pytest.mark.parametrize(
    ("asking", "means", "said"),
    [
        (ASKING, RunResources(), "No API key: set OPENAI_API_KEY"),
        (replace(ASKING, model="baseline:best"), RunResources(), "There is no baseline 'baseline:best'"),
        (replace(ASKING, model="hf:x", base_url="http://x/v1"), RunResources(), "--base-url is of an endpoint"),
        (replace(ASKING, model="hf:x", body={"top_p": 1}), RunResources(), "--body goes into a request"),
        (replace(ASKING, overlong="skip"), RunResources(api_key="k"), "--overlong needs to know"),
        (ASKING, RunResources(api_key="k", max_cost_usd=1.0), "--max-cost-usd needs prices"),
    ],
)
def test_options_that_do_not_go_together_are_refused(settings: RunSettings, resources: RunResources, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(settings, resources)


def test_an_unknown_id_is_named(built: Built) -> None:
    with pytest.raises(
        ConfigError, match=r"1 of the ids are not in 'chronological', split 'validation', such as 'x-1'"
    ):
        rows_of(built.data, replace(ASKING, ids=("x-1",)))
