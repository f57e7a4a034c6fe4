"""The multiple-choice form: inspect_ai reads it from the Hub by its `eval.yaml` and gives our tool accuracy."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builder.choice_export import export_choice
from builder.choice_rows import LETTERS, choice_row, with_shuffled_candidates
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.scoring import score_replies
from tests.conftest import Built
from tests.fakes.hub.server import HubServer
from tests.fakes.openai.server import LlmServer

from .frameworks import MINUTES, python_with

pytestmark = pytest.mark.integrations
REPO = "org/petoolbench-choice"


def test_inspect_runs_the_benchmark_of_the_hub(built: Built, tmp_path: Path) -> None:
    export_choice(built.data, tmp_path / "exported", 0)
    files = {path.relative_to(tmp_path / "exported").as_posix(): path for path in (tmp_path / "exported").rglob("*.*")}
    rows = {
        config: list(with_shuffled_candidates(read_instances(built.data, config, "validation"), 0))
        for config in HISTORY_TYPES
    }
    asked: dict[str, str] = {}
    calls: dict[str, str] = {}
    for row in (row for part in rows.values() for row in part):
        question = choice_row(row)
        digest = hashlib.sha256(row.instance_id.encode()).digest()
        letter = question.answer if digest[0] % 2 else LETTERS[digest[1] % len(LETTERS)]
        asked[question.prompt + question.options[0]] = letter
        calls[row.instance_id] = json.dumps({"name": row.candidates[LETTERS.index(letter)].name, "arguments": {}})

    def reply(body: dict[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        (letter,) = {letter for key, letter in asked.items() if key[:-1] and all(part in text for part in _parts(key))}
        return f"ANSWER: {letter}"

    with HubServer() as hub, LlmServer(reply) as server:
        hub.create("datasets", REPO)
        hub.commit("datasets", REPO, {name: path.read_bytes() for name, path in files.items()})
        environment = {
            **hub.environment(tmp_path),
            **{f"XDG_{name}_HOME": str(tmp_path / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")},
            "TESTS_API_KEY": "any",
            "TESTS_BASE_URL": server.base_url,
        }
        command = [str(python_with("inspect").with_name("inspect")), "eval", f"hf/{REPO}"]
        command += ["--model", "openai-api/tests/test-model", "--log-dir", "logs", "--log-format", "json"]
        command += ["--display", "none", "--max-retries", "0"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60 * MINUTES, check=False
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    logs = [json.loads(path.read_text()) for path in (tmp_path / "logs").glob("*.json")]
    accuracies = {
        log["eval"]["task"].rpartition("/")[2]: log["results"]["scores"][0]["metrics"]["accuracy"]["value"]
        for log in logs
    }
    assert accuracies == {
        config: score_replies({row.instance_id: calls[row.instance_id] for row in part}, part)["tool_accuracy"]
        for config, part in rows.items()
    }
    assert all(0.3 < accuracy < 0.8 for accuracy in accuracies.values())


def _parts(key: str) -> tuple[str, ...]:
    """Return the prompt and the first option of a question."""
    prompt, _, option = key.rpartition('}{"name"')
    return (prompt + "}", 'A) {"name"' + option)
