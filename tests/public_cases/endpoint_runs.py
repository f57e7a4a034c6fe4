"""Runs of `petoolbench predict` against a fake endpoint, and the replies that several tests share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.commands import Done, run
from tests.conftest import Built
from tests.fakes.openai.raw import Raw

CALL = '{"name": "skyline__forecast", "arguments": {"q": "x"}}'


def stream(*chunks: Mapping[str, Any]) -> Raw:
    """Return an event stream of completion chunks."""
    events = [json.dumps({"object": "chat.completion.chunk", **chunk}) for chunk in chunks]
    return Raw("".join(f"data: {event}\n\n" for event in (*events, "[DONE]")), kind="text/event-stream")


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


def predicted(built: Built, folder: Path, base_url: str, *options: str, model: str = "m", **environment: str) -> Done:
    """Run `petoolbench predict` into `run.jsonl`."""
    where = ("--config", "chronological", "--base-url", base_url, "-o", "run.jsonl")
    return run("predict", built.data, "--model", model, *where, *options, cwd=folder, **environment)
