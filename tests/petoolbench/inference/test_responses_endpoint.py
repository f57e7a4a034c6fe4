"""Runs at an endpoint that offers only the Responses API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hf_dataset.prompting import Mode
from petoolbench.data import load
from petoolbench.inference.run import RunSummary, execute
from petoolbench.run_files import read_run
from petoolbench.run_settings import RunResources, RunSettings
from tests.conftest import Built, silent
from tests.fakes.openai import predict_script
from tests.fakes.openai.log import CHAT, LINE, RESPONSES
from tests.fakes.openai.server import LlmServer

SETTINGS = RunSettings(model="test-model", config="chronological", split="validation", max_output_tokens=200, limit=9)
ONLY = ("responses",)


def predict(built: Built, out: Path, base_url: str, settings: RunSettings, *, batch: bool = False) -> RunSummary:
    settings = replace(settings, base_url=base_url)
    resources = RunResources(connections=4, timeout_s=2.0, batch=batch, batch_poll_s=0.01)
    return execute(load(built.data, settings.config, settings.split), out, settings, resources, silent)


@pytest.mark.parametrize("mode", ["prompt", "tools"])
def test_a_run_uses_the_interface_that_the_endpoint_names(built: Built, tmp_path: Path, mode: Mode) -> None:
    settings = replace(SETTINGS, mode=mode)
    with LlmServer(predict_script.reply) as server:
        predict(built, tmp_path / "chat.jsonl", server.base_url, settings)
    with LlmServer(predict_script.reply, apis=ONLY) as server:
        summary = predict(built, tmp_path / "run.jsonl", server.base_url, settings)
        assert len(server.log.entries([CHAT])) == 1, "only the first request"
        assert len(server.log.entries([RESPONSES])) == summary.instances
        again = predict(built, tmp_path / "run.jsonl", server.base_url, settings)
        assert again.resumed == again.instances
        assert len(server.log.completions()) == 1 + summary.instances
    assert not summary.errors
    chat, run = read_run(tmp_path / "chat.jsonl"), read_run(tmp_path / "run.jsonl")
    assert run.predictions == chat.predictions
    assert run.header is not None
    assert run.header.adapted == {"api": "responses", "seed": None}
    assert "seed" not in run.header.sampling


def test_a_run_in_batches_uses_it_too(built: Built, tmp_path: Path) -> None:
    with LlmServer(predict_script.reply, apis=ONLY) as server:
        online = predict(built, tmp_path / "online.jsonl", server.base_url, SETTINGS)
        predict(built, tmp_path / "run.jsonl", server.base_url, SETTINGS, batch=True)
        assert len(server.log.entries([LINE])) == online.instances - 1
    assert read_run(tmp_path / "run.jsonl").predictions == read_run(tmp_path / "online.jsonl").predictions
