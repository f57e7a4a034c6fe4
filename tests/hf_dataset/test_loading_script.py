"""Tests that the loading script, as a class and on its branch, returns the rows and features of `load_dataset`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hf_dataset.errors import ReadError
from hf_dataset.layout import split_file
from hf_dataset.loading_script import PEToolBench
from hf_dataset.schema import HISTORY_TYPES, ROWS
from hf_dataset.script_branch import SCRIPT, rendered, script_branch_files
from tests.conftest import Built
from tests.environments import NEWEST, VERSIONS, WITH_SCRIPTS, load, offline, rows_of, rows_of_files
from tests.fakes.hub.server import HubServer

from .plain import to_features

REPO = "org/petoolbench"
BRANCH: dict[str, Any] = {"path": REPO, "revision": "script", "trust_remote_code": True}


def contents(data: Path, repo: str = REPO) -> dict[str, bytes]:
    """Return the content of each file of the branch `script`."""
    files = script_branch_files(data, repo)
    return {path: file if isinstance(file, bytes) else file.read_bytes() for path, file in files.items()}


def changed(data: Path, folder: Path) -> Path:
    """Copy the data set to a folder, with the rows of one file reversed and another manifest."""
    shutil.copytree(data, folder)
    path = folder / split_file(HISTORY_TYPES[0], "train")
    rows = pq.read_table(path)
    pq.write_table(rows.take(list(range(len(rows)))[::-1]), path)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "build_id": "another"}), encoding="utf-8")
    return folder


@pytest.fixture
def hub(built: Built) -> Iterator[HubServer]:
    """Start a Hub with the data set on main, and with the script added on the branch `script`."""
    with HubServer() as server:
        server.create("datasets", REPO)
        on_branch = contents(built.data)
        server.commit("datasets", REPO, {path: data for path, data in on_branch.items() if path != "petoolbench.py"})
        server.repo("datasets", REPO).create_branch("script")
        server.commit("datasets", REPO, {"petoolbench.py": on_branch["petoolbench.py"]}, revision="script")
        yield server


def test_the_script_contains_the_current_schema() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    assert script == rendered(script), "the schema has changed: run python -m hf_dataset.script_branch"
    assert list(PEToolBench.builder_configs) == list(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_the_features_are_those_of_the_schema(name: str, built: Built, tmp_path: Path) -> None:
    builder = PEToolBench(config_name=name, data_dir=built.data, cache_dir=str(tmp_path))
    assert builder.info.features == to_features(ROWS[name])


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no manifest.json.*petoolbench build"):
        PEToolBench(data_dir=tmp_path, cache_dir=str(tmp_path))
    with pytest.raises(ReadError, match=r"holds no manifest.json"):
        script_branch_files(tmp_path, REPO)


def test_the_branch_adds_only_the_script_to_main(built: Built) -> None:
    files = contents(built.data, "org/other.name")
    script = files.pop("other.name.py").decode()
    main = {path.relative_to(built.data).as_posix(): path for path in built.data.rglob("*") if path.is_file()}
    assert files == {name: path.read_bytes() for name, path in main.items()}
    assert 'BUILD = ""' not in script
    assert "hf_dataset import" not in script
    compile(script, "other.name.py", "exec")


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_the_class_loads_every_config(version: str, built: Built, tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = []
    for name in ROWS:
        script = {"path": str(SCRIPT), "config_name": name}
        calls.append({"path": str(built.data), "name": name})
        calls.append({**script, "output": "files", "data_dir": str(built.data)})
        calls.append({**script, "output": "streaming", "base_path": str(built.data)})
    loaded = load(version, calls, offline(tmp_path), tmp_path)
    assert loaded[::3] == loaded[1::3] == loaded[2::3]
    assert list(map(rows_of, loaded[::3])) == [rows_of_files(built.data, name) for name in ROWS]


def test_the_class_loads_the_folder_of_the_script_by_default(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(built.data, folder)
    shutil.copy(SCRIPT, folder / "petoolbench.py")
    calls = [{"path": str(folder / "petoolbench.py"), "output": "files"}]
    (loaded,) = load(NEWEST, calls, offline(tmp_path), tmp_path)
    assert rows_of(loaded) == rows_of_files(folder, HISTORY_TYPES[0])


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_the_class_notices_new_data_in_the_same_folder(version: str, built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    script = {"path": str(SCRIPT), "output": "files", "base_path": str(folder)}
    shutil.copytree(built.data, folder)
    (before,) = load(version, [script], offline(tmp_path), tmp_path)
    shutil.rmtree(folder)
    changed(built.data, folder)
    (after,) = load(version, [script], offline(tmp_path), tmp_path)
    assert rows_of(before) == rows_of_files(built.data, HISTORY_TYPES[0])
    assert rows_of(after) == rows_of_files(folder, HISTORY_TYPES[0]) != rows_of(before)


@pytest.mark.matrix
@pytest.mark.parametrize("version", WITH_SCRIPTS)
def test_the_branch_loads_every_config(version: str, hub: HubServer, built: Built, tmp_path: Path) -> None:
    main, files, streams = [], [], []
    for name in (*ROWS, None):
        main.append({"path": REPO, "name": name})
        files.append({**BRANCH, "name": name})
        streams.append({**BRANCH, "name": name, "streaming": True})
    split = {**BRANCH, "name": HISTORY_TYPES[1], "split": "validation"}
    *loaded, validation = load(version, [*main, *files, *streams, split], hub.environment(tmp_path), tmp_path)
    count = len(main)
    assert loaded[:count] == loaded[count : 2 * count] == loaded[2 * count :]
    assert validation == {"validation": loaded[1]["validation"]}
    assert list(map(rows_of, loaded[: count - 1])) == [rows_of_files(built.data, name) for name in ROWS]
    assert None not in hub.log.kinds()


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("version", "options"),
    [("2.21", {"download_mode": "force_redownload"}), ("3.6", {})],  # 2.21 never checks for new commits
)
def test_new_data_on_the_branch_is_noticed(
    version: str, options: dict[str, str], hub: HubServer, built: Built, tmp_path: Path
) -> None:
    environment = hub.environment(tmp_path / "home")
    (before,) = load(version, [BRANCH], environment, tmp_path)
    folder = changed(built.data, tmp_path / "data")
    hub.commit("datasets", REPO, contents(folder), revision="script")
    (after,) = load(version, [{**BRANCH, **options}], environment, tmp_path)
    assert rows_of(before) == rows_of_files(built.data, HISTORY_TYPES[0])
    assert rows_of(after) == rows_of_files(folder, HISTORY_TYPES[0]) != rows_of(before)


@pytest.mark.matrix
@pytest.mark.parametrize("version", [version for version in VERSIONS if version not in WITH_SCRIPTS])
def test_versions_without_scripts_refuse_the_branch(version: str, hub: HubServer, tmp_path: Path) -> None:
    (result,) = load(version, [BRANCH], hub.environment(tmp_path), tmp_path)
    name, text = result["error"]
    assert (name, "scripts are no longer supported, but found petoolbench.py" in text) == ("RuntimeError", True)
