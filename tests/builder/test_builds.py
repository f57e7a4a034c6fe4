"""Builds as such: reproducible, never written over another, and nothing under the final name until they are complete."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder import pipeline
from builder.build_manifest import build_id, file_hashes
from builder.catalogue.sources import open_source
from builder.config import BuildConfig, UserConfig
from builder.errors import BuildError, ConfigError, OutputError
from builder.predictors.open_predictor import open_predictor
from hf_dataset.manifest import AuditSummary, Manifest, read_manifest
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, to_dict
from petoolbench.scoring import score_replies
from tests.conftest import SMALL, Built, silent
from tests.factories import line
from tests.fakes.attribute_catalogue.source import AttributeCatalogue


def test_the_manifest_names_every_file_with_its_hash(built: Built) -> None:
    manifest = read_manifest(built.data)
    assert manifest.files == file_hashes(built.data)
    assert manifest.private_files == file_hashes(built.answers)
    assert manifest.rows["chronological"] == {"train": 48, "validation": 36, "test": 36}
    assert manifest.counts["tools_read"] >= manifest.counts["tools_kept"] > 0
    assert str(built.data) not in manifest.to_json()


def tables(folder: Path) -> dict[str, Any]:
    return {path: facts for path, facts in file_hashes(folder).items() if path.endswith(".parquet")}


def without_audit(folder: Path) -> Manifest:
    """Return the manifest of a data set without its audit, and without the files, among which are the audit's."""
    return replace(read_manifest(folder), audit=None, files={})


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(attribute_built: Built, tmp_path: Path) -> None:
    """All files of an audited build, in partitions, are compared in `execution/test_partitions.py`."""
    again, other = tmp_path / "again", tmp_path / "other"
    for out, config in ((again, SMALL), (other, SMALL.model_copy(update={"seed": 6}))):
        pipeline.build(AttributeCatalogue(), config, out, silent, audited=False)
    assert tables(again) == tables(attribute_built.data)
    assert without_audit(again) == without_audit(attribute_built.data)
    assert file_hashes(tmp_path / "again-private") == file_hashes(attribute_built.answers)
    for config_name in HISTORY_TYPES:
        assert tables(other)[f"{config_name}/train.parquet"] != tables(again)[f"{config_name}/train.parquet"]


def test_an_existing_folder_is_not_overwritten(attribute_built: Built) -> None:
    with pytest.raises(OutputError, match="exists already"):
        pipeline.build(AttributeCatalogue(), SMALL, attribute_built.data, silent)


def test_answers_without_their_data_set_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / "out-private").mkdir()
    with pytest.raises(OutputError, match="out-private"):
        pipeline.build(AttributeCatalogue(), SMALL, tmp_path / "out", silent)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tools.jsonl").write_text(line(tool_name="test") + "\n")
    with pytest.raises(BuildError, match="No tool of the catalogue"):
        pipeline.build(open_source(f"toolbench:{tmp_path / 'tools.jsonl'}"), SMALL, tmp_path / "out", silent)
    assert [path.name for path in tmp_path.iterdir()] == ["tools.jsonl"]


@pytest.mark.parametrize(
    ("by_facts", "changes", "message"),
    [
        (
            False,
            {"choices": {"offered": 2}},
            r"\[choices\] offered has no effect on a catalogue of tools with attributes",
        ),
        (True, {"histories": {"max_length": 10}}, r"\[histories\] max_length has no effect on a catalogue of services"),
        (
            True,
            {"preferences": {"max_axes": 2, "margin": 0.2}},
            r"\[preferences\] margin, max_axes has no effect",
        ),
    ],
)
def test_settings_of_the_other_kind_of_catalogue_are_refused(
    by_facts: bool, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        pipeline._check_dials(BuildConfig.model_validate(changes), by_facts=by_facts)
    pipeline._check_dials(BuildConfig(), by_facts=by_facts)


def test_a_listing_pack_is_for_the_built_in_catalogue_only(tmp_path: Path) -> None:
    config = BuildConfig.model_validate({"listings": {"pack": str(tmp_path)}})
    with pytest.raises(ConfigError, match=r"pack is used only with the built-in catalogue.*--catalog builtin"):
        pipeline.build(AttributeCatalogue(), config, tmp_path / "out", silent)


FEW = BuildConfig(users=UserConfig(count=30))
BUILD = """
import sys
from pathlib import Path
from builder import pipeline
from builder.config import BuildConfig
from tests.fakes.attribute_catalogue.source import AttributeCatalogue
config = BuildConfig.model_validate_json(sys.argv[2])
print("ready", flush=True)
pipeline.build(AttributeCatalogue(), config, Path(sys.argv[1]), lambda *_: None)
"""


def begun(out: Path) -> subprocess.Popen[bytes]:
    """Start a process that is about to build."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(out), FEW.model_dump_json()],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=os.environ.copy(),
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"ready\n"
    return process


def test_a_build_killed_at_any_moment_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    out, answers = tmp_path / "out", tmp_path / "out-private"
    landed = 0
    for moment in np.random.default_rng(0).uniform(0, 4, size=5):
        process = begun(out)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=float(moment))
        landed += process.poll() is None
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if out.exists():
            assert read_manifest(out).files == file_hashes(out)
            shutil.rmtree(out)
        shutil.rmtree(answers, ignore_errors=True)  # which are moved first
    assert landed
    # The same build succeeds afterwards and removes what was left.
    pipeline.build(AttributeCatalogue(), FEW, out, silent)
    assert read_manifest(out).files == file_hashes(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-private"]


@pytest.mark.slow
@pytest.mark.realdata
def test_the_real_catalogue_supports_a_build(real_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "rapid"
    config = BuildConfig(seed=7, users=UserConfig(count=300))
    report = pipeline.build(open_source(f"toolbench:{real_data / 'rapidapi_tools.jsonl.gz'}"), config, out, silent)
    assert report.manifest.counts["groups_kept"] >= 40
    assert report.manifest.counts["categories_kept"] >= 20
    assert all(len({member.tool.provider for member in group.members}) >= 3 for group in report.groups)
    for history_type in HISTORY_TYPES:
        part = read_instances(out, history_type, "train")
        predictor = open_predictor("baseline:oracle", out, history_type, "train", seed=0)
        scores = score_replies({row.instance_id: predictor.predict(row) for row in part}, part)
        assert scores["tool_accuracy"] >= 0.99
    for row in read_instances(out, "preferred_only", "train"):
        assert row.answer is not None
        schema = json.loads(next(tool.parameters for tool in row.candidates if tool.name == row.answer.name))
        for name, value in json.loads(row.answer.arguments).items():
            described = schema["properties"][name]
            assert value not in [*described.get("examples", []), described.get("default")], (row.instance_id, name)
        assert not re.search(r"your_\w+|<\w+>|\bstring\b|\{\w+\}", row.instruction)


def rows_without_ids(folder: Path, config: str, split: str) -> list[dict[str, Any]]:
    rows = [to_dict(row) for row in read_instances(folder, config, split)]
    return [{name: value for name, value in row.items() if name != "instance_id"} for row in rows]


def test_a_secret_changes_the_ids_and_the_rows_of_test_only_and_is_not_written(
    attribute_built: Built, tmp_path: Path
) -> None:
    secret = SMALL.model_copy(update={"secret": "not to be published"})
    out = tmp_path / "out"
    report = pipeline.build(AttributeCatalogue(), secret, out, silent, audited=False)
    assert report.manifest.build_id != attribute_built.report.manifest.build_id
    for config in HISTORY_TYPES:
        for split in ("train", "validation"):
            assert rows_without_ids(attribute_built.data, config, split) == rows_without_ids(out, config, split)
        assert rows_without_ids(attribute_built.data, config, "test") != rows_without_ids(out, config, "test")
    assert report.manifest.test_split_needs_a_secret
    assert report.manifest.data_revision != attribute_built.report.manifest.data_revision
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"not to be published" not in path.read_bytes()


def test_the_build_id_changes_with_whatever_determines_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SMALL.model_copy(update={"secret": "sixteen characters"})
    ids = [build_id("builtin", SMALL), build_id("other", SMALL), build_id("builtin", secret)]
    ids.append(build_id("builtin", SMALL.model_copy(update={"seed": 6})))
    hurried = SMALL.model_copy(update={"llm": SMALL.llm.model_copy(update={"connections": 1, "retries": 0})})
    assert build_id("builtin", hurried) == ids[0]
    monkeypatch.setattr("builder.build_manifest.FORMAT", 99)
    ids.append(build_id("builtin", SMALL))
    monkeypatch.setattr("builder.build_manifest.version", lambda _: "99")
    ids.append(build_id("builtin", SMALL))
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("fixture", ["built", "attribute_built"])
def test_the_audit_is_part_of_the_data_set(fixture: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(fixture)
    found = json.loads((built.data / "audit.json").read_text())
    assert [item["failed"] for item in found["configs"]] == [[], [], []]
    assert built.report.manifest.audit == AuditSummary(
        gates=sum(len(item["gates"]) for item in (*found["configs"], found["training"])),
        gates_that_cannot_tell=0,
        checks=sum(check["required"] for item in (*found["configs"], found["training"]) for check in item["checks"]),
    )
    page = (built.data / "AUDIT.md").read_text()
    plots = re.findall(r"!\[[^]]+\]\((.+)\)", page)
    assert len(plots) == 4
    assert all((built.data / plot).read_bytes().startswith(b"\x89PNG") for plot in plots)
    summary = built.report.manifest.audit
    assert f"all {summary.gates} gates and {summary.checks} checks hold" in (built.data / "README.md").read_text()
