"""Tests of `build`, `audit` and `verify`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest

import petoolbench as pb
from builder.build_manifest import file_hashes
from builder.config import BuildConfig
from builder.errors import ConfigError, OutputError
from hf_dataset.errors import ReadError
from hf_dataset.manifest import FileRecord
from hf_dataset.schema import HISTORY_TYPES
from tests.conftest import SMALL, Built

TOML = """
[users]
train = 0.4
validation = 0.3
test = 0.3
"""


def tables(folder: Path) -> dict[str, FileRecord]:
    """Return the hashes of all tables in a folder."""
    return {path: record for path, record in file_hashes(folder).items() if path.endswith(".parquet")}


def test_a_build_for_evaluation_has_one_split(tmp_path: Path) -> None:
    result = pb.build(tmp_path / "out", preset="evaluation", users=30, seed=5)
    assert result.to_pandas().loc["chronological"].to_dict() == {"train": 0, "validation": 30, "test": 0}
    assert pb.verify(result.folder)
    assert pb.audit(result.folder, answers=result.answers)
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(result.folder), "chronological", cache_dir=cache)
    assert {split: len(rows) for split, rows in loaded.items()} == {"validation": 30}
    assert sorted(datasets.get_dataset_config_names(str(result.folder))) == sorted([*HISTORY_TYPES, "tools"])
    rows = pb.load(result.folder, "chronological")
    assert pb.score(pb.predict(rows, "baseline:oracle"), rows)["chronological"]["tool_accuracy"] == 1.0


@pytest.mark.slow
def test_a_build_in_two_workers_can_be_loaded_and_has_the_rows_of_a_build_in_one_process(
    built: Built, tmp_path: Path
) -> None:
    (tmp_path / "build.toml").write_text(TOML, encoding="utf-8")
    steps: list[str] = []
    result = pb.build(
        tmp_path / "out",
        users=120,
        seed=5,
        config=tmp_path / "build.toml",
        audited=False,
        workers=2,
        progress=lambda stage, *_: steps.append(stage),
    )
    assert (result.folder, result.answers) == (tmp_path / "out", tmp_path / "out-private")
    assert result.notices == ()
    assert steps
    assert tables(result.folder) == tables(built.data)
    assert file_hashes(result.answers) == file_hashes(built.answers)
    data = pb.load(result.folder, "all", "test", answers=result.answers)
    frame = result.to_pandas()
    assert frame.loc["chronological"].to_dict() == {"train": 48, "validation": 36, "test": 36}
    assert {str(kind) for kind in frame.dtypes} == {"Int64"}
    assert len(data) == 108
    assert "chronological" in str(result)
    assert str(result).splitlines()[0] == f"Data set {tmp_path / 'out'}, rows"
    content = json.loads(json.dumps(result.to_dict()))
    assert content["build_id"] == result.manifest.build_id
    assert content["config"]["users"]["count"] == 120
    assert pb.verify(result.folder).passed
    with pytest.raises(OutputError, match="exists already"):
        pb.build(result.folder, users=36)


WRONG_BUILDS: list[tuple[dict[str, Any], str]] = [
    ({"users": 3}, r"users.count: Input should be greater than or equal to 9"),
    ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
    ({"preset": "huge"}, "Unknown preset 'huge'. Available presets: sample, demo"),
    ({"catalog": "rapid"}, "'rapid' is unknown. Allowed values: builtin, services, toolbench:PATH"),
    ({"config": "missing.toml"}, r"'missing.toml' cannot be read"),
    ({"config": {"seed": 1}}, "The config is of type dict"),
    ({"config": SMALL, "seed": 1}, "A BuildConfig holds preset, users and seed already"),
    ({"workers": 0}, "Invalid value 0 for workers"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_BUILDS, ids=lambda value: str(value)[:30])
def test_wrong_builds_are_refused_and_leave_nothing(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pb.build(tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())


def test_a_build_config_is_a_config(built: Built) -> None:
    assert isinstance(SMALL, BuildConfig)
    result = pb.BuiltDataSet(built.data, built.answers, built.report.manifest)
    assert result.to_dict()["config"]["users"]["count"] == SMALL.users.count


@pytest.fixture(scope="module")
def audit(attribute_built: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[pb.AuditResult, Path]:
    """Audit of a small build, and the folder of its report."""
    out = tmp_path_factory.mktemp("audit")
    return pb.audit(attribute_built.data, attribute_built.answers, out=out), out


def test_an_audit_shows_its_gates(audit: tuple[pb.AuditResult, Path]) -> None:
    result, out = audit
    assert result.passed
    assert result.failed == []
    content = json.loads(json.dumps(result.to_dict()))
    assert (content["passed"], content["failed"]) == (True, [])
    frame = result.to_pandas()
    assert frame.to_dict("records") == content["gates"]
    assert frame["passed"].all()
    oracle = frame[frame["gate"] == "oracle"]
    assert (oracle["accuracy"] >= oracle["bound"]).all()
    text = str(result)
    assert text.splitlines()[0] == "Audit, %"
    assert text.splitlines()[-1] == "All gates and checks hold."
    assert (text.count(" yes\n"), text.count(" cannot tell\n")) == (frame["decides"].sum(), (~frame["decides"]).sum())
    assert {"audit.json", "AUDIT.md"} <= {path.name for path in out.iterdir()}


def test_a_failed_audit_lists_what_does_not_hold(audit: tuple[pb.AuditResult, Path]) -> None:
    details = audit[0].details
    part = details.configs[0]
    gates = (replace(part.gates[0], accuracy=0.5, passed=False), *part.gates[1:])
    result = pb.AuditResult(replace(details, configs=(replace(part, gates=gates), *details.configs[1:])))
    assert not result.passed
    assert len(result.failed) == 1
    assert str(result).endswith(f"Failed:\n- {result.failed[0]}")
    assert str(result).count(" NO\n") == 1
    assert result.to_dict()["gates"][0]["passed"] is False
    assert result.to_pandas()["passed"].tolist().count(False) == 1


def test_wrong_audits_are_refused(built: Built, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a data set; its own report is listed in its manifest"):
        pb.audit(built.data, out=built.data)
    with pytest.raises(ReadError, match=r"holds no manifest\.json"):
        pb.audit(tmp_path)
    with pytest.raises(ReadError, match="is not a folder of answers"):
        pb.audit(built.data, built.data)
    rows: Any = pb.load(built.data)
    for function in (pb.audit, pb.verify):
        with pytest.raises(ConfigError, match="The data set is of type InstanceSet"):
            function(rows)


def test_verify_reports_an_intact_folder(built: Built) -> None:
    for folder in (built.data, str(built.data)):
        result = pb.verify(folder)
        assert result.passed
        assert result.to_dict() == {"source": str(built.data), "passed": True, "problems": []}
        assert result.to_pandas().empty
        assert str(result).startswith(f"{built.data} is intact")


@pytest.mark.parametrize("kind", ["changed", "missing", "added"])
def test_verify_names_the_file_that_differs(built: Built, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(built.data, folder)
    name = "chronological/validation.parquet"
    if kind == "changed":
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
    elif kind == "missing":
        (folder / name).unlink()
    else:
        name = "chronological/answers.parquet"
        (folder / name).write_bytes(b"")
    result = pb.verify(folder)
    assert not result.passed
    assert any(name in problem for problem in result.problems)
    assert result.to_pandas()["problem"].tolist() == list(result.problems) == result.to_dict()["problems"]
    assert str(result).splitlines() == [
        f"{folder} differs from its manifest:",
        *(f"- {problem}" for problem in result.problems),
    ]


def test_wrong_verifications_are_refused(built: Built, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder, which has no revisions"):
        pb.verify(built.data, revision="v1")
    with pytest.raises(ReadError, match=r"holds no manifest\.json"):
        pb.verify(tmp_path / "missing")
