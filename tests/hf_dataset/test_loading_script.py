"""The loading script gives the rows and features of plain `load_dataset`, as a class and on its branch."""

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
    files = script_branch_files(data, repo)
    return {path: file if isinstance(file, bytes) else file.read_bytes() for path, file in files.items()}


def changed(data: Path, folder: Path) -> Path:
    """The data set with the rows of one file in the opposite order, under another manifest."""
    shutil.copytree(data, folder)
    path = folder / split_file(HISTORY_TYPES[0], "train")
    rows = pq.read_table(path)
    pq.write_table(rows.take(list(range(len(rows)))[::-1]), path)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "build_id": "another"}), encoding="utf-8")
    return folder


@pytest.fixture
def hub(built: Built) -> Iterator[HubServer]:
    """A Hub with the data set on main, and the script beside it on its branch."""
    with HubServer() as server:
        server.create("datasets", REPO)
        on_branch = contents(built.data)
        server.commit("datasets", REPO, {path: data for path, data in on_branch.items() if path != "petoolbench.py"})
        server.repo("datasets", REPO).create_branch("script")
        server.commit("datasets", REPO, {"petoolbench.py": on_branch["petoolbench.py"]}, revision="script")
        yield server


def test_what_it_knows_of_rows_is_what_the_schema_says() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    assert script == rendered(script), "the schema has changed: run python -m hf_dataset.script_branch"
    assert list(PEToolBench.builder_configs) == list(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_its_features_are_those_of_the_schema(name: str, built: Built, tmp_path: Path) -> None:
    builder = PEToolBench(config_name=name, data_dir=built.data, cache_dir=str(tmp_path))
    assert builder.info.features == to_features(ROWS[name])


def test_a_folder_that_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no manifest.json.*petoolbench build"):
        PEToolBench(data_dir=tmp_path, cache_dir=str(tmp_path))
    with pytest.raises(ReadError, match=r"holds no manifest.json"):
        script_branch_files(tmp_path, REPO)


def test_the_branch_is_main_with_the_script_beside_it(built: Built) -> None:
    files = contents(built.data, "org/other.name")
    script = files.pop("other.name.py").decode()
    main = {path.relative_to(built.data).as_posix(): path for path in built.data.rglob("*") if path.is_file()}
    assert files == {name: path.read_bytes() for name, path in main.items()}
    assert 'BUILD = ""' not in script
    assert "hf_dataset import" not in script
    compile(script, "other.name.py", "exec")


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_as_a_class(version: str, built: Built, tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    for name in ROWS:
        asked += [{"path": str(built.data), "name": name}]
        script = {"path": str(SCRIPT), "config_name": name}
        asked += [{**script, "output": "files", "data_dir": str(built.data)}]
        asked += [{**script, "output": "streaming", "base_path": str(built.data)}]
    told = load(version, asked, offline(tmp_path), tmp_path)
    assert told[::3] == told[1::3] == told[2::3]
    assert list(map(rows_of, told[::3])) == [rows_of_files(built.data, name) for name in ROWS]


def test_as_a_class_it_takes_the_data_that_it_stands_beside(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(built.data, folder)
    shutil.copy(SCRIPT, folder / "petoolbench.py")
    asked = [{"path": str(folder / "petoolbench.py"), "output": "files"}]
    (told,) = load(NEWEST, asked, offline(tmp_path), tmp_path)
    assert rows_of(told) == rows_of_files(folder, HISTORY_TYPES[0])


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_as_a_class_it_sees_new_data_under_an_old_name(version: str, built: Built, tmp_path: Path) -> None:
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
def test_from_its_branch(version: str, hub: HubServer, built: Built, tmp_path: Path) -> None:
    main, files, streams = [], [], []
    for name in (*ROWS, None):
        main.append({"path": REPO, "name": name})
        files.append({**BRANCH, "name": name})
        streams.append({**BRANCH, "name": name, "streaming": True})
    split = {**BRANCH, "name": HISTORY_TYPES[1], "split": "validation"}
    *told, one_split = load(version, [*main, *files, *streams, split], hub.environment(tmp_path), tmp_path)
    count = len(main)
    assert told[:count] == told[count : 2 * count] == told[2 * count :]
    assert one_split == {"validation": told[1]["validation"]}
    assert list(map(rows_of, told[: count - 1])) == [rows_of_files(built.data, name) for name in ROWS]
    assert None not in hub.log.kinds()


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("version", "options"),
    [("2.21", {"download_mode": "force_redownload"}), ("3.6", {})],  # 2.21 never asks whether a branch has moved
)
def test_from_its_branch_new_data_is_seen(
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
def test_its_branch_is_refused_where_scripts_are_gone(version: str, hub: HubServer, tmp_path: Path) -> None:
    (told,) = load(version, [BRANCH], hub.environment(tmp_path), tmp_path)
    name, text = told["error"]
    assert (name, "scripts are no longer supported, but found petoolbench.py" in text) == ("RuntimeError", True)
