"""Runs through the Batch API and runs with several replies to each instance: kill, resume, and what they report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import petoolbench as pb
from builder.errors import ConfigError
from petoolbench.inference import run as execution
from petoolbench.inference.transformers_model import Reply
from petoolbench.run_files import write_run
from petoolbench.run_settings import RunResources, RunSettings
from petoolbench.runs import Line
from petoolbench.settings_checks import check_settings
from tests.commands import Done, run
from tests.conftest import Built
from tests.fakes.openai import predict_script
from tests.fakes.openai.errors import ApiError
from tests.fakes.openai.faults import Faults
from tests.fakes.openai.log import ANSWERED, CHAT, LINE
from tests.fakes.openai.server import LlmProcess, LlmServer
from tests.petoolbench.run_files import call, correct_call, header, rows_of

CONFIG = ("--config", "chronological", "--model", "test-model", "-o", "run.jsonl")
SCRIPT = "tests.fakes.openai.predict_script:reply"


def predict(built: Built, folder: Path, base_url: str, *options: str) -> Done:
    return run("predict", built.data, *CONFIG, "--base-url", base_url, "--batch-poll-s", "0.01", *options, cwd=folder)


def killed(built: Built, folder: Path, base_url: str, *options: str, lines: int = 0, text: str = "") -> None:
    """Start the command, and kill it once the run file has some lines or a notice contains a text."""
    command = [
        sys.executable,
        "-m",
        "petoolbench",
        "predict",
        str(built.data),
        *CONFIG,
        "--base-url",
        base_url,
        *options,
    ]
    out = folder / "run.jsonl"
    with (
        (folder / "stderr").open("w+") as notices,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=notices) as process,
    ):
        while process.poll() is None:
            written = out.read_bytes().count(b"\n") if out.exists() else 0
            if (lines and written > lines) or (text and text in (folder / "stderr").read_text()):
                break
            time.sleep(0.01)
        assert process.poll() is None, (folder / "stderr").read_text()
        process.send_signal(signal.SIGKILL)
    (folder / "stderr").unlink()


def test_a_run_in_batches_gives_the_replies_of_a_direct_run(built: Built, tmp_path: Path) -> None:
    for name in ("direct", "batch"):
        (tmp_path / name).mkdir()
    with LlmServer(predict_script.reply) as server:
        predict(built, tmp_path / "direct", server.base_url, "--mode", "tools")
        before = len(server.log.entries())
        done = predict(built, tmp_path / "batch", server.base_url, "--mode", "tools", "--batch")
        sent = Counter(entry.endpoint for entry in server.log.entries()[before:])
    assert done.returncode == 0, done.stderr
    assert (sent[CHAT], sent[LINE]) == (1, 35), "the first request is sent directly"
    assert "note: Waiting for the batch batch_" in done.stderr
    direct, batch = (pb.read_run(tmp_path / name / "run.jsonl") for name in ("direct", "batch"))
    assert batch.lines == direct.lines
    assert batch.header == direct.header
    assert [path.name for path in (tmp_path / "batch").iterdir()] == ["run.jsonl"]


def test_a_run_that_is_killed_while_it_waits_for_a_batch_waits_for_the_same_batch(built: Built, tmp_path: Path) -> None:
    with LlmProcess(SCRIPT, tmp_path / "log.jsonl", batch_polls=5) as server:
        killed(built, tmp_path, server.base_url, "--batch", "--repeat", "2", "--batch-poll-s", "60", text="Waiting for")
        assert (tmp_path / "run.jsonl.batches.sqlite").exists()
        done = predict(built, tmp_path, server.base_url, "--batch", "--repeat", "2")
        answered = Counter(entry.content for entry in server.log.completions() if entry.done == ANSWERED)
        created = [entry for entry in server.log.entries() if entry.endpoint == "POST /v1/batches"]
    assert done.returncode == 0, done.stderr
    assert len(created) == 1
    assert len(answered) == sum(answered.values()) == 72, "every request is answered once"
    result = pb.read_run(tmp_path / "run.jsonl")
    assert [len(lines) for lines in (result.lines, *result.repeats)] == [36, 36]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "run.jsonl"]


def test_a_run_of_several_replies_that_is_killed_has_each_reply_once(built: Built, tmp_path: Path) -> None:
    with LlmProcess(SCRIPT, tmp_path / "log.jsonl", latency=0.05) as server:
        killed(built, tmp_path, server.base_url, "--repeat", "3", "--connections", "2", lines=45)
        done = predict(built, tmp_path, server.base_url, "--repeat", "3")
        answered = Counter(entry.content for entry in server.log.completions() if entry.done == ANSWERED)
    assert done.returncode == 0, done.stderr
    result = pb.read_run(tmp_path / "run.jsonl")
    rows = rows_of(built)
    assert all(list(lines) == [row.instance_id for row in rows] for lines in (result.lines, *result.repeats))
    assert len(result.repeats) == 2
    assert len(answered) == 108, "each reply has a seed of its own"
    assert sum(answered.values()) <= 108 + 2, "only requests in flight at the kill are sent again"
    assert "replies" in done.stdout
    assert "108" in done.stdout


def test_batches_recover_from_failures(built: Built, tmp_path: Path) -> None:
    faults = Faults(seed=1, server_error=0.1, batch_failed=0.2, batch_expired=0.2, refusal=0.05, truncated=0.1)
    with LlmServer(predict_script.reply, faults=faults) as server:
        done = predict(built, tmp_path, server.base_url, "--batch", "--repeat", "2")
    assert done.returncode == 0, done.stderr
    result = pb.read_run(tmp_path / "run.jsonl")
    assert len(result.all_lines) == 72
    assert {line.error for line in result.all_lines} == {None, "refused"}
    assert any(line.is_cut for line in result.all_lines)


def test_a_refused_line_of_a_batch_becomes_an_error(built: Built, tmp_path: Path) -> None:
    refused = rows_of(built)[7].instruction

    def reply(body: dict[str, Any]) -> str:
        if json.loads(body["messages"][1]["content"])["instruction"] == refused:
            raise ApiError(400, "Stopped by the filter.", code="content_filter")
        return predict_script.reply(body)

    with LlmServer(reply) as server:
        done = predict(built, tmp_path, server.base_url, "--batch")
    assert done.returncode == 0, done.stderr
    lines = [line for line in pb.read_run(tmp_path / "run.jsonl").lines.values() if line.error]
    assert lines
    assert {(line.error, line.is_refused) for line in lines} == {("status_400: Stopped by the filter.", True)}


@pytest.mark.parametrize("case", ["X09", "X10"])
def test_what_a_batch_api_reports_reaches_the_user(built: Built, tmp_path: Path, case: str) -> None:
    """X09: github.com/ProjectTech4DevAI/kaapi-backend/issues/723. X10: github.com/openai/openai-python/issues/2084."""
    answered: list[int] = []

    def first_only(body: dict[str, Any]) -> str:
        if case == "X09" and answered:
            raise ApiError(400, "The model is not available in batches.")
        answered.append(1)
        return predict_script.reply(body)

    faults = Faults(batch_failed=float(case == "X10"), max_consecutive=None)
    with LlmServer(first_only, faults=faults) as server:
        done = predict(built, tmp_path, server.base_url, "--batch", "--retries", "1")
    assert done.returncode == 1
    message = {"X09": "The model is not available in batches.", "X10": "Enqueued token limit reached for this model."}
    assert message[case] in done.stderr
    assert len(pb.read_run(tmp_path / "run.jsonl").lines) == 1, "the first reply is kept"


def test_a_wrong_key_is_reported_before_a_batch_is_submitted(built: Built, tmp_path: Path) -> None:
    with LlmServer(predict_script.reply, api_key="right") as server:
        done = predict(built, tmp_path, server.base_url, "--batch")
        assert [entry.endpoint for entry in server.log.entries()] == [f"POST {CHAT.split()[1]}"]
    assert done.returncode == 1
    assert "Check the API key" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "resources", "message"),
    [
        (RunSettings(model="hf:x"), RunResources(batch=True), "--batch. sends requests to an endpoint"),
        (RunSettings(model="baseline:first", repeat=2), RunResources(), "--repeat. asks a model several times"),
    ],
)
def test_batches_and_repeats_are_refused_where_they_have_no_effect(
    settings: RunSettings, resources: RunResources, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_settings(settings, resources)


@pytest.fixture(scope="module")
def repeated(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run with three replies: 12 instances right in all, 12 in two of them, and 12 with three different tools."""
    lines = []
    for place, row in enumerate(rows_of(built)):
        assert row.answer is not None
        right = correct_call(row)
        wrong = [call(tool.name) for tool in row.candidates if tool.name != row.answer.name]
        replies = ([right] * 3, [right, wrong[0], right], wrong[:3])[place // 12]
        lines += [Line(row.instance_id, text, repeat=number) for number, text in enumerate(replies, start=1)]
    path = tmp_path_factory.mktemp("repeated") / "run.jsonl"
    write_run(path, header(built, repeat=3), lines)
    return path


def test_pass_k_and_agreement_are_in_the_scores(built: Built, repeated: Path) -> None:
    table = pb.score(repeated, built.data)
    assert table["chronological"]["tool_accuracy"] == pytest.approx(24 / 36), (
        "the main figures are of the first replies"
    )
    scores = table.to_dict()["configs"]["chronological"]["repeats"]
    assert scores["replies"] == 3
    assert scores["tool_pass"] == scores["call_pass"] == pytest.approx([60 / 108, (12 + 12 / 3) / 36, 12 / 36])
    low, high = scores["tool_pass_interval"]
    assert low <= 12 / 36 <= high
    assert scores["agreement"] == pytest.approx((12 + 12 / 3 + 0) / 36)
    (record,) = table.records()
    assert (record["replies"], record["tool_pass_3"]) == (3, pytest.approx(12 / 36))
    assert "tool, pass^3" in str(table)
    one = run("score", repeated, "--data", built.data, "--csv", cwd=repeated.parent)
    assert one.stdout.splitlines()[0].endswith(
        "replies,agreement,tool_pass_1,tool_pass_2,tool_pass_3,call_pass_1,call_pass_2,call_pass_3"
    )


def test_pass_k_cut_and_refused_replies_are_in_the_report(built: Built, repeated: Path, tmp_path: Path) -> None:
    rows = rows_of(built)
    kinds = [{"finish_reason": "length"}] * 9 + [{"refusal": "No."}] * 3 + [{}] * 24
    lines = [Line(row.instance_id, correct_call(row), **kind) for row, kind in zip(rows, kinds, strict=True)]  # type: ignore[arg-type]
    write_run(tmp_path / "cut.jsonl", header(built, model="other"), lines)
    report = pb.report([repeated, tmp_path / "cut.jsonl"], built.data, out=tmp_path / "report")
    text = (tmp_path / "report" / "report.md").read_text()
    assert "pass^1 | pass^2 | pass^3" in text
    assert "example/model on chronological: the tool is correct in 55.6 % of the replies" in text
    assert "25.0 % cut at the limit of output tokens, 8.3 % refused by the model or a content filter." in text
    assert "| failed | cut | refused |" in text
    assert "| 0 | 25.0 | 8.3 |" in text
    cut = next(part for part in report.facts.runs if part.file == "cut.jsonl")
    assert (cut.answered.cut, cut.answered.refused, cut.repeats) == (9, 3, None)
    csv = (tmp_path / "report" / "scores.csv").read_text().splitlines()
    assert csv[0].endswith("replies_per_instance,pass_1,pass_all,agreement")


class LocalModelOfTest:
    """Model on this machine that replies with its seed, and is cut at the second seed."""

    context = None

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def count_tokens(self, *_: Any) -> int:
        return 7

    def replies(self, chats: list[Any], tools: list[Any], seed: int) -> Iterator[Reply]:
        assert len(chats) == len(tools)
        yield from (Reply(f"seed {seed}", 7, 2, is_cut=seed == 5) for _ in chats)


def test_a_model_on_this_machine_has_a_seed_for_each_reply(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "LocalModel", LocalModelOfTest)
    command = ("predict", built.data, "--model", "hf:any", "--repeat", "2", "--seed", "4", "--limit", "3")
    done = run(*command, "-o", "run.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = pb.read_run(tmp_path / "run.jsonl").all_lines
    assert [(line.prediction, line.repeat, line.is_cut) for line in lines] == [
        *[("seed 4", 1, False)] * 3,
        *[("seed 5", 2, True)] * 3,
    ]
    assert "3 of 6 replies reached the limit" in done.stderr


def test_a_function_can_be_asked_several_times(built: Built) -> None:
    asked: list[int] = []

    def model(_: Any) -> str:
        asked.append(1)
        return "" if len(asked) % 2 else "no call"

    result = pb.predict(pb.load(built.data, "chronological"), model, repeat=2, limit=3)
    assert len(asked) == len(result.all_lines) == 6
    assert {line.repeat for line in result.all_lines} == {1, 2}
    assert {line.error for line in result.all_lines if not line.prediction} == {
        "empty_reply: no text, call or reasoning"
    }
