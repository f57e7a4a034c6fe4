"""Tests of the files that are pushed to Spaces: only those of a list, and requirements that are pinned exactly."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builder.errors import HubError
from petoolbench.cli.hub import METRIC, ROOT
from petoolbench.hub.push import plan_metric, plan_space

SPACES = (ROOT / "leaderboard", METRIC)
STRAY = (
    ".env", "notes.md", "notes.txt", "data.parquet", "run.jsonl", "answers/test.parquet", "pages/.env", "pages/.hidden.py",
    "pages/__pycache__/theme.cpython-311.pyc", "stores/leaderboard.sqlite", "out/store/predictions/a.jsonl", "secrets/x.py",
    "token", "pages/about.md~", "pages/about.md.orig", "scoring/key.pem", "views/.ipynb_checkpoints/a.py",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy of the two packages, with files that must not be pushed."""
    shutil.copytree(ROOT / "leaderboard", tmp_path / "leaderboard")
    shutil.copytree(ROOT / "metrics", tmp_path / "metrics")
    for package in ("leaderboard", "metrics/petoolbench"):
        for name in STRAY:
            path = tmp_path / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("secret")
    return tmp_path


def test_stray_files_are_not_pushed(root: Path) -> None:
    for mine, original in (
        (plan_space(root, "org/board"), plan_space(ROOT, "org/board")),
        (plan_metric(root / "metrics" / "petoolbench", "org/metric"), plan_metric(METRIC, "org/metric")),
    ):
        assert mine[0].entries() == original[0].entries()


def test_links_are_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "answers.py").write_text("secret")
    (root / "leaderboard" / "answers.py").symlink_to(outside / "answers.py")
    views = root / "leaderboard" / "views"
    shutil.move(views, outside / "views")
    views.symlink_to(outside / "views")
    with pytest.raises(HubError, match=r"holds no file 'leaderboard/views/\*\.py'"):
        plan_space(root, "org/board")
    views.unlink()
    shutil.move(outside / "views", views)
    (push,) = plan_space(root, "org/board")
    assert "leaderboard/answers.py" not in push.contents
    assert b"secret" not in {path.read_bytes() for path in push.contents.values() if isinstance(path, Path)}


def test_a_missing_file_is_named(root: Path) -> None:
    (root / "leaderboard" / "pages" / "about.md").unlink()
    with pytest.raises(HubError, match=r"holds no file 'leaderboard/pages/about\.md', which the Space needs"):
        plan_space(root, "org/board")
    (root / "metrics" / "petoolbench" / "example.json").unlink()
    with pytest.raises(HubError, match=r"example\.json"):
        plan_metric(root / "metrics" / "petoolbench", "org/metric")


def test_all_tracked_files_of_the_packages_are_pushed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "leaderboard", "metrics"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    (push,) = plan_space(ROOT, "org/board")
    assert {name for name in listed if (ROOT / name).is_file()} <= set(push.contents)
    (metric,) = plan_metric(METRIC, "org/metric")
    start = "metrics/petoolbench/"
    assert {name.removeprefix(start) for name in listed if name.startswith(start)} <= set(metric.contents)


def requirements(folder: Path) -> list[Requirement]:
    return [Requirement(line) for line in (folder / "requirements.txt").read_text().splitlines()]


@pytest.mark.parametrize("folder", SPACES, ids=lambda folder: folder.name)
def test_requirements_are_pinned_as_in_the_tested_environment(folder: Path) -> None:
    tested = (ROOT / "requirements" / "constraints.txt").read_text().splitlines()
    versions = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in tested)}
    for requirement in requirements(folder):
        assert str(requirement.specifier) == f"=={versions[canonicalize_name(requirement.name)]}", requirement
    sdk = re.search(r"^sdk_version: (\S+)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert sdk
    assert sdk[1] == versions[canonicalize_name("gradio")]


@pytest.mark.parametrize("folder", SPACES, ids=lambda folder: folder.name)
def test_the_requirements_of_the_requirements_are_pinned_too(folder: Path) -> None:
    pinned = {canonicalize_name(requirement.name): requirement for requirement in requirements(folder)}
    for requirement in pinned.values():
        for text in metadata.requires(requirement.name) or ():
            needed = Requirement(text)
            extras = ("", *requirement.extras)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                assert canonicalize_name(needed.name) in pinned, f"{needed.name} of {requirement.name}"
                assert needed.specifier.contains(
                    str(pinned[canonicalize_name(needed.name)].specifier)[2:], prereleases=True
                )


def test_the_libraries_that_the_leaderboard_imports_are_pinned() -> None:
    (push,) = plan_space(ROOT, "org/board")
    pinned = {canonicalize_name(requirement.name) for requirement in requirements(ROOT / "leaderboard")}
    for name, path in push.contents.items():
        if not name.endswith(".py") or not isinstance(path, Path) or not name.startswith("leaderboard/"):
            continue
        for library in ("gradio", "httpx2", "huggingface_hub", "matplotlib", "numpy", "pyarrow", "pydantic", "pandas"):
            if re.search(rf"^\s*(?:import|from) {library}\b", path.read_text(), re.MULTILINE):
                assert canonicalize_name(library) in pinned, f"{library} of {name}"
