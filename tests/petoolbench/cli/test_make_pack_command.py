"""`petoolbench make-pack`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import run
from tests.fakes.openai import pack_script
from tests.fakes.openai.server import LlmServer


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    done = run("make-pack", "pack", "--llm", "m", "--base-url", "http://127.0.0.1:9/v1", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Estimate; nothing was sent" in done.stdout
    assert re.search(r"read_listing +60 +360 ", done.stdout)
    assert not list(tmp_path.iterdir())


def test_a_pack_is_made_and_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack_script.leave_out_slow_checks(monkeypatch)
    with LlmServer(pack_script.faulty_reply) as server:
        command = ("make-pack", "pack", "--llm", "test-model", "--base-url", server.base_url, "--layouts", "5")
        done = run(*command, "--providers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"layout refused dropped: unit changed\W+1", done.stdout)
    assert re.search(r"lay_out +9 +0 +5 +4", done.stdout)
    assert "5 layouts, the repository's providers, the usual ranges; sha256 " in done.stdout
    assert 'with [listings] pack = "pack" in the file. Keep it private.' in done.stdout
    assert len(list((tmp_path / "pack" / "layouts").iterdir())) == 5
    again = run(*command, cwd=tmp_path)
    assert again.returncode == 1
    assert again.stderr == "error: 'pack' exists already. Name another folder, or remove it first.\n"


def test_a_number_of_providers_that_no_pack_can_have_is_refused(tmp_path: Path) -> None:
    done = run("make-pack", "pack", "--llm", "m", "--providers", "12", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: Invalid value 12 for --providers. Allowed values: 0, or 40 or more.\n"
