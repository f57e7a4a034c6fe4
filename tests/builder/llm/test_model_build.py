"""Builds with a model: failures do not change the data set, and no answer is paid for twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from builder import pipeline
from builder.build_manifest import file_hashes
from builder.catalogue.sources import open_source
from builder.config import BuildConfig
from builder.llm.meter import Meter
from builder.llm.session import Endpoint, open_model
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances, read_tools
from tests.conftest import silent
from tests.fakes.openai import builder_script
from tests.fakes.openai.catalogue import write_catalogue
from tests.fakes.openai.faults import Faults
from tests.fakes.openai.server import LlmProcess, LlmServer

CONFIG = BuildConfig.model_validate(
    {
        "seed": 7,
        "users": {"count": 30, "train": 0.4, "validation": 0.3, "test": 0.3},
        "candidates": {"count": 6, "distractors": "random", "same_function_share": 0.85},
        "histories": {"max_length": 10, "evidence_per_axis": 1},
        "llm": {"model": "test-model", "scenarios_per_register": 4, "timeout_s": 1.0, "batch_poll_s": 0.01},
    }
)
PATIENT = CONFIG.model_copy(update={"llm": CONFIG.llm.model_copy(update={"timeout_s": 60.0})})
"""Settings of requests that do not time out on a busy machine, and so are not sent again."""


KILLS = 2
NOWHERE = "http://127.0.0.1:9/v1"
"""Base URL of an endpoint that does not exist."""


class ModelBuild(NamedTuple):
    """A finished build with a model."""

    out: Path
    catalogue: Path
    meter: Meter

    @property
    def answers(self) -> int:
        """Number of answered requests. Under load some are sent twice."""
        return sum(self.meter.paid.values())


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("catalogue") / "tools.jsonl")


def build(
    catalogue: Path,
    out: Path,
    base_url: str,
    cache: Path,
    *,
    config: BuildConfig = CONFIG,
    requests: BuildConfig | None = None,
    mode: str = "online",
    max_cost_usd: float | None = None,
    audited: bool = True,
) -> Meter:
    endpoint = Endpoint(base_url, None, mode, cache, max_cost_usd)
    with open_model(endpoint, requests or config, silent) as model:
        pipeline.build(open_source(f"toolbench:{catalogue}"), config, out, silent, model=model, audited=audited)
    return model.meter


@pytest.fixture(scope="module")
def clean(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelBuild]:
    """A build without failures."""
    folder = tmp_path_factory.mktemp("clean")
    with LlmServer(builder_script.reply) as server:
        meter = build(catalogue, folder / "out", server.base_url, folder / "cache.sqlite")
        yield ModelBuild(folder / "out", catalogue, meter)


def same(first: Path, second: Path) -> bool:
    """Return True if two data sets have the same bytes."""
    return (
        file_hashes(first) == file_hashes(second)
        and (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()
    )


def test_a_model_builds_a_data_set_that_passes_the_audit(clean: ModelBuild) -> None:
    manifest = read_manifest(clean.out)
    assert manifest.audit is not None
    assert manifest.llm is not None
    assert manifest.audit.gates > 40
    assert manifest.llm["model"] == "test-model"
    assert set(manifest.llm["prompts"]) == {"understand", "judge", "align", "write", "verify"}
    assert manifest.llm["accepted"]["understand"] == manifest.counts["tools_kept"]
    assert manifest.counts["groups_kept"] >= 30
    read = {item.axis for tool in read_tools(clean.out, "train") for item in tool.facts}
    assert {"latency", "pricing", "freshness"} <= read, "measured and read attributes"
    rows = read_instances(clean.out, "preferred_only", "train")
    assert rows
    assert {row.functionality for row in rows} <= {tool.functionality for tool in read_tools(clean.out, "train")}


def test_every_attribute_quotes_the_documentation(clean: ModelBuild) -> None:
    for tool in read_tools(clean.out, "train"):
        for attribute in tool.facts:
            assert attribute.stated in f"{tool.description}\n{tool.listing}", (tool.name, attribute)


@pytest.mark.slow
def test_failures_do_not_change_the_data_set(
    clean: ModelBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.llm.sender._LONGEST_WAIT_S", 0.05)
    with LlmServer(builder_script.reply, faults=Faults.standard(seed=3)) as server:
        meter = build(clean.catalogue, tmp_path / "out", server.base_url, tmp_path / "cache.sqlite")
        done = server.log.done()
    assert {"rate_limited", "server_error", "dropped", "time_out", "truncated", "prose", "nonsense"} <= set(done)
    assert sum(meter.faults.values()) > 0
    assert sum(sum(reasons.values()) for reasons in meter.rejected.values()) > 0
    assert meter.accepted == clean.meter.accepted
    assert same(clean.out, tmp_path / "out")


@pytest.fixture
def cache(clean: ModelBuild, tmp_path: Path) -> Path:
    """A copy of the cache of the build without failures."""
    return Path(shutil.copy(clean.out.with_name("cache.sqlite"), tmp_path / "cache.sqlite"))


def test_a_second_build_uses_only_the_cache(clean: ModelBuild, cache: Path, tmp_path: Path) -> None:
    meter = build(clean.catalogue, tmp_path / "out", NOWHERE, cache)
    assert not meter.paid
    assert meter.cost_usd == 0
    assert sum(meter.cached.values()) == clean.answers
    assert same(clean.out, tmp_path / "out")


@pytest.mark.slow
def test_the_number_of_requests_does_not_grow_with_users(clean: ModelBuild, cache: Path, tmp_path: Path) -> None:
    """A build of 150 users needs exactly the answers of a build of 30 users."""
    users = CONFIG.users.model_copy(update={"count": 150})
    config = CONFIG.model_copy(update={"users": users})
    meter = build(clean.catalogue, tmp_path / "out", NOWHERE, cache, config=config, audited=False)
    assert not meter.paid
    assert sum(meter.cached.values()) == clean.answers


RUN = """
import sys
from pathlib import Path
from tests.builder.llm.test_model_build import PATIENT, build
build(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), requests=PATIENT)
"""


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_build_that_is_killed_repeatedly_pays_for_no_answer_twice(clean: ModelBuild, tmp_path: Path) -> None:
    """The build is killed after random numbers of requests and restarted until it finishes."""
    rng = np.random.default_rng(0)
    out, cache, log = tmp_path / "out", tmp_path / "cache.sqlite", tmp_path / "log.jsonl"
    with LlmProcess("tests.fakes.openai.builder_script:reply", log, latency=0.06) as server:
        command = [sys.executable, "-c", RUN, str(clean.catalogue), str(out), server.base_url, str(cache)]
        for share in rng.uniform(0.05, 0.3, size=KILLS):
            end = count_lines(log) + int(share * clean.answers)
            process = subprocess.Popen(command, start_new_session=True, env=os.environ.copy())
            while count_lines(log) < end:
                assert process.poll() is None
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert not out.exists()
        assert subprocess.run(command, check=False).returncode == 0
        twice = server.log.answered_twice()
    # Answers to the requests in flight at a kill may be lost.
    assert len(twice) <= KILLS * CONFIG.llm.connections
    paid = len(server.log.completions())
    assert paid <= clean.answers + KILLS * CONFIG.llm.connections
    assert same(clean.out, out)
