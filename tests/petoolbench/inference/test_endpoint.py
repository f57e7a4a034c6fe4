"""Runs at an endpoint: one line per instance under faults, and a one-line error if the endpoint cannot be used."""

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
from petoolbench.data import load
from petoolbench.inference.model_requests import Window, build_requests
from petoolbench.inference.run import RunSummary, execute
from petoolbench.prompts import select_rows
from petoolbench.run_files import read_run
from petoolbench.run_settings import RunResources, RunSettings
from petoolbench.runs import Run
from petoolbench.scoring import score_replies
from petoolbench.settings_checks import check_settings
from tests.conftest import Built, silent
from tests.fakes.openai import predict_script
from tests.fakes.openai.errors import ApiError
from tests.fakes.openai.faults import TRANSPORT, Faults
from tests.fakes.openai.log import ABANDONED, ANSWERED
from tests.fakes.openai.server import LlmProcess, LlmServer

SETTINGS = RunSettings(model="test-model", config="chronological", split="validation", max_output_tokens=200)
RESOURCES = RunResources(connections=16, timeout_s=1.0)


def predict(
    built: Built, out: Path, base_url: str, settings: RunSettings = SETTINGS, resources: RunResources = RESOURCES
) -> RunSummary:
    """Execute a run at an endpoint."""
    settings = replace(settings, base_url=base_url)
    return execute(load(built.data, settings.config, settings.split), out, settings, resources, silent)


@contextmanager
def constant_endpoint(status: int, body: bytes, kind: str = "application/json") -> Iterator[str]:
    """Serve an endpoint that gives the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0  # a busy machine takes long from a connection to its request

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # with 5, a connection of several at once can be refused
        daemon_threads = False  # closes each connection before the server

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between retries."""
    monkeypatch.setattr("builder.llm.sender._LONGEST_WAIT_S", 0.02)


def test_each_instance_has_one_line_in_the_order_of_the_data(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, jitter=1.0, latency=0.02) as server:
        summary = predict(built, out, server.base_url)
        first = out.read_bytes()
        second = predict(built, out, server.base_url)
        assert len(server.log.completions()) == summary.instances == second.resumed, "no request is sent twice"
        assert RESOURCES.connections / 2 < server.log.peak <= RESOURCES.connections
    rows = read_instances(built.data, "chronological", "validation")
    run = read_run(out)
    assert list(run.lines) == [row.instance_id for row in rows]
    assert out.read_bytes() == first
    assert not summary.errors
    assert summary.meter is not None
    assert summary.meter.input_tokens == sum(line.input_tokens or 0 for line in run.lines.values()) > 0
    assert run.header is not None
    assert run.header.settings == replace(SETTINGS, base_url=server.base_url)
    assert run.header.settings.sampling == {"temperature": 0.0, "max_tokens": 200, "seed": 0}
    scores = score_replies(run.predictions, rows)
    replies = list(run.predictions.values())
    assert scores["hallucination_rate"] == pytest.approx(np.mean(["no_such_tool" in reply for reply in replies]))
    assert scores["format_rate"] == pytest.approx(np.mean(["rather not say" not in reply for reply in replies]))


def test_native_calls_and_calls_in_text_get_the_same_scores(built: Built, tmp_path: Path) -> None:
    with LlmServer(predict_script.reply) as server:
        predict(built, tmp_path / "prompt.jsonl", server.base_url)
        predict(built, tmp_path / "tools.jsonl", server.base_url, replace(SETTINGS, mode="tools"))
    rows = read_instances(built.data, "chronological", "validation")
    prompt, tools = (
        score_replies(read_run(tmp_path / f"{name}.jsonl").predictions, rows) for name in ("prompt", "tools")
    )
    assert prompt["tool_accuracy"] == tools["tool_accuracy"]
    assert prompt["error_classes"] == tools["error_classes"]


def test_requests_follow_the_settings(built: Built, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> str:
        seen.append(body)
        return predict_script.reply(body)

    chosen = read_instances(built.data, "rating_integrated", "validation")[5:12]
    settings = replace(
        SETTINGS,
        config="rating_integrated",
        history="swapped",
        docs="names",
        shuffle_seed=3,
        ids=tuple(row.instance_id for row in chosen),
        limit=4,
        body={"max_tokens": None, "max_completion_tokens": 300, "top_p": 0.9},
    )
    with LlmServer(reply) as server:
        predict(built, tmp_path / "run.jsonl", server.base_url, settings)
    data = load(built.data, settings.config, settings.split)
    selected = select_rows(data, settings)
    ids = [row.instance_id for row in selected]
    assert list(read_run(tmp_path / "run.jsonl").lines) == ids
    assert len(ids) == 4
    assert set(ids) <= set(settings.ids)
    groups = {row.query_group for row in chosen}
    assert len({row.query_group for row in selected}) == min(4, len(groups)) > 1
    for body in seen:
        assert body.keys() == {"model", "messages", "temperature", "seed", "max_completion_tokens", "top_p"}
        assert "history_tools" not in json.loads(body["messages"][1]["content"])
    instructions = {json.loads(body["messages"][1]["content"])["instruction"] for body in seen}
    assert instructions == {row.instruction for row in selected}

    def prompts(history: Any, seed: int | None) -> set[str]:
        rows = {row.instance_id: row for row in data.with_history(history, seed)}
        return {json.dumps(messages_of(rows[instance_id], docs="names")) for instance_id in ids}

    assert {json.dumps(body["messages"]) for body in seen} == prompts("swapped", 3)
    assert not prompts("swapped", 3) & (prompts("own", 3) | prompts("swapped", None))


@pytest.mark.usefixtures("short_waits")
def test_a_run_survives_all_faults_and_sends_no_request_again_after_its_reply(built: Built, tmp_path: Path) -> None:
    faults = Faults(
        seed=3, rate_limited_with_retry_after=0.05, rate_limited=0.05, server_error=0.05, dropped=0.05, time_out=0.03,
        truncated=0.05, prose=0.05, nonsense=0.05, refusal=0.1, empty_choices=0.05, content_null=0.15,
    )  # fmt: skip
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, faults=faults) as server:
        summary = predict(built, out, server.base_url, resources=replace(RESOURCES, timeout_s=0.5))
        entries = server.log.completions()
    run = read_run(out)
    assert len(run.lines) == summary.instances == 36
    silent_replies = [line for line in run.lines.values() if not line.prediction]
    assert summary.errors == Counter((line.error or "").partition(":")[0] for line in silent_replies)
    assert set(summary.errors) == {"refused", "empty_reply"}
    assert all(line.output_tokens for line in silent_replies), "the model replied, so it is not asked again"
    assert summary.refused == summary.errors["refused"]
    retried = {*(fault.value for fault in TRANSPORT), "empty_choices", ABANDONED}
    for content, ends in _ends_by_content(entries).items():
        assert all(end in retried for end in ends[:-1]), (content, ends)
        assert ends[-1] not in retried


def _ends_by_content(entries: list[Any]) -> dict[str, list[str]]:
    """Return the results of the attempts of each request, in order."""
    attempts: dict[str, list[tuple[int, str]]] = {}
    for entry in entries:
        attempts.setdefault(entry.content, []).append((entry.attempt, entry.done))
    return {content: [done for _, done in sorted(ends)] for content, ends in attempts.items()}


def test_a_run_that_is_killed_several_times_has_each_instance_once(built: Built, tmp_path: Path) -> None:
    out, log = tmp_path / "run.jsonl", tmp_path / "log.jsonl"
    rng = np.random.default_rng(0)
    with LlmProcess("tests.fakes.openai.predict_script:reply", log, latency=0.1) as server:
        command = [sys.executable, "-m", "petoolbench", "predict", str(built.data), "--config", "chronological"]
        command += ["--split", "train", "--model", "test-model", "--base-url", server.base_url, "-o", str(out)]
        command += ["--connections", "2"]
        kills = 0
        while kills < 3:
            lines_before = _count_lines(out)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                while process.poll() is None and _count_lines(out) <= lines_before + 1:
                    time.sleep(0.01)
                time.sleep(rng.random() * 0.3)
                process.send_signal(signal.SIGKILL)
            kills += 1
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        answered = Counter(entry.content for entry in server.log.completions() if entry.done == ANSWERED)
    assert finished.returncode == 0, finished.stderr
    assert "already in the file" in finished.stdout
    rows = read_instances(built.data, "chronological", "train")
    assert list(read_run(out).lines) == [row.instance_id for row in rows]
    assert sum(answered.values()) - len(answered) <= 2 * kills, "only requests in flight at a kill are sent again"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "run.jsonl"]


def _count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _spent(run: Run) -> float:
    """Return what a run cost in USD, at 10 and 30 USD per million tokens of prompts and replies."""
    lines = run.lines.values()
    return sum((line.input_tokens or 0) * 10 + (line.output_tokens or 0) * 30 for line in lines) / 1e6


def test_the_budget_stops_a_run_and_a_larger_budget_resumes_it(built: Built, tmp_path: Path) -> None:
    priced = replace(SETTINGS, usd_per_million_input=10.0, usd_per_million_output=30.0)
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply) as server:
        with pytest.raises(BudgetError, match=r"Stopped before the budget of 0.50 USD is exceeded"):
            predict(built, out, server.base_url, priced, replace(RESOURCES, max_cost_usd=0.5))
        half = read_run(out)
        assert 0 < len(half.lines) < 36
        assert _spent(half) <= 0.5
        with pytest.raises(BudgetError, match=r"0.50 USD"):
            predict(built, out, server.base_url, priced, replace(RESOURCES, max_cost_usd=0.5))
        assert _spent(read_run(out)) <= 0.5, "the budget includes earlier attempts"
        summary = predict(built, out, server.base_url, priced, replace(RESOURCES, max_cost_usd=50.0))
    assert len(read_run(out).lines) == 36
    assert summary.meter is not None
    assert summary.meter.cost_usd > _spent(half)


def test_a_single_refused_request_becomes_a_line_and_counts_as_wrong(built: Built, tmp_path: Path) -> None:
    refused = read_instances(built.data, "chronological", "validation")[7].instruction

    def reply(body: dict[str, Any]) -> str:
        if json.loads(body["messages"][1]["content"])["instruction"] == refused:
            raise ApiError(400, "Stopped by the content filter.")
        return predict_script.reply(body)

    with LlmServer(reply) as server:
        summary = predict(built, tmp_path / "run.jsonl", server.base_url)
        run = read_run(tmp_path / "run.jsonl")
        failed = [line for line in run.lines.values() if line.error is not None]
        assert summary.errors == {"status_400": len(failed)}
        assert failed
        assert all("content filter" in (line.error or "") and not line.prediction for line in failed)
        requests_before = len(server.log.completions())
        predict(built, tmp_path / "run.jsonl", server.base_url)
        assert len(server.log.completions()) == requests_before, "by default, failed requests are not sent again"
        predict(built, tmp_path / "run.jsonl", server.base_url, resources=replace(RESOURCES, retry_failed=True))
        assert len(server.log.completions()) == requests_before + len(failed)
    rows = read_instances(built.data, "chronological", "validation")
    assert score_replies(run.predictions, rows)["count"] == len(rows)


def test_a_skipped_prompt_becomes_a_line_with_the_reason(built: Built, tmp_path: Path) -> None:
    rows = read_instances(built.data, SETTINGS.config, SETTINGS.split)
    lengths = sorted(request.tokens for request in build_requests(rows, "full", "prompt", Window(None, 0)))
    context = lengths[len(lengths) // 2] + SETTINGS.max_output_tokens
    with LlmServer(predict_script.reply) as server:
        skip = replace(SETTINGS, context=context, overlong="skip")
        summary = predict(built, tmp_path / "run.jsonl", server.base_url, skip)
        assert 0 < summary.errors["overlong"] < 36
        assert len(server.log.completions()) == 36 - summary.errors["overlong"]
        dropped = replace(SETTINGS, context=context, overlong="drop-oldest")
        assert not predict(built, tmp_path / "dropped.jsonl", server.base_url, dropped).errors
    assert len(read_run(tmp_path / "run.jsonl").lines) == 36
    steps = Counter(line.dropped_steps > 0 for line in read_run(tmp_path / "dropped.jsonl").lines.values())
    assert steps[True] == summary.errors["overlong"]


def test_a_wrong_key_an_unknown_model_and_a_wrong_address_are_reported_soon(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with LlmServer(predict_script.reply, api_key="right") as server:
        with pytest.raises(LlmError, match=r"status 401.*Check the API key"):
            predict(built, out, server.base_url, resources=replace(RESOURCES, api_key="wrong"))
        with pytest.raises(LlmError, match=r"status 404.*'no-model' does not exist"):
            predict(
                built, out, server.base_url, replace(SETTINGS, model="no-model"), replace(RESOURCES, api_key="right")
            )
    began = time.monotonic()
    with pytest.raises(
        LlmError, match=r"The last 8 requests failed and are not stored.*gave no answer in 4 attempts.*not_reached"
    ):
        predict(built, out, "http://127.0.0.1:9/v1")
    assert time.monotonic() - began < 20
    assert not list(tmp_path.iterdir()), "a run without replies leaves no file"


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (200, b"data: {\x00garbage\n\n" * 50, "text/event-stream", "no_chat_completion"),
        (200, b"<html>It works!</html>", "text/html", "no_chat_completion"),
        (200, b'{"choices": "none"}', "application/json", "no_chat_completion"),
        (502, b"bad gateway", "text/plain", "status_502"),
        (400, b'{"error": {"message": "model not loaded"}}', "application/json", "model not loaded"),
    ],
)
def test_an_endpoint_that_cannot_be_used_ends_the_run_with_a_one_line_error_and_no_file(
    built: Built, tmp_path: Path, status: int, body: bytes, kind: str, message: str
) -> None:
    with constant_endpoint(status, body, kind) as base_url, pytest.raises(LlmError, match=message) as raised:
        predict(built, tmp_path / "run.jsonl", base_url, resources=replace(RESOURCES, retries=1))
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["", "/v1"])
def test_the_path_of_an_address_is_kept(built: Built, tmp_path: Path, path: str) -> None:
    with constant_endpoint(404, b'{"error": {"message": "nothing here"}}') as base_url:
        address = base_url.removesuffix("/v1") + path
        with pytest.raises(LlmError, match=f"'{re.escape(address)}/?' refuses.*status 404: nothing here"):
            predict(built, tmp_path / "run.jsonl", address)


@pytest.mark.parametrize(
    ("given", "expected"), [(None, None), ("http://a/v1/", "http://a/v1"), ("https://a:8", "https://a:8")]
)
def test_addresses_are_normalised(given: str | None, expected: str | None) -> None:
    assert endpoint_address(given) == expected


@pytest.mark.parametrize("given", ["http://me:secret@a/v1", "http://a/v1?key=secret", "http://a/v1#secret"])
def test_an_address_with_a_secret_is_refused_without_printing_it(given: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as raised:
        endpoint_address(given)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("given", ["URL", "", "a/v1", "ftp://a/v1", "http:///v1", "http://a:b/v1", "localhost:8000/v1"])
def test_invalid_addresses_are_refused(given: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a valid URL.*http://127\.0\.0\.1:8000/v1"):
        endpoint_address(given)


@pytest.mark.parametrize(
    ("settings", "resources", "message"),
    [
        (SETTINGS, RunResources(), "No API key: set OPENAI_API_KEY"),
        (replace(SETTINGS, model=" "), RunResources(api_key="k"), "The model is empty"),
        (replace(SETTINGS, model="hf:"), RunResources(), "The model is empty"),
        (replace(SETTINGS, model="baseline:best"), RunResources(), "'baseline:best' for model. .*: baseline:oracle,"),
        (replace(SETTINGS, model="hf:x", base_url="http://x/v1"), RunResources(), "--base-url. names an endpoint"),
        (replace(SETTINGS, model="hf:x", body={"top_p": 1}), RunResources(), "--body. is part of a request"),
        (replace(SETTINGS, overlong="skip"), RunResources(api_key="k"), "--overlong. requires the context window"),
        (SETTINGS, RunResources(api_key="k", max_cost_usd=1.0), "--max-cost-usd. requires prices"),
    ],
)
def test_inconsistent_options_are_refused(settings: RunSettings, resources: RunResources, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_settings(settings, resources)


def test_an_unknown_id_is_named(built: Built) -> None:
    with pytest.raises(
        ConfigError, match=r"1 of the ids are not in 'chronological', split 'validation', for example 'x-1'"
    ):
        select_rows(load(built.data, "chronological"), replace(SETTINGS, ids=("x-1",)))
