"""Release: one version everywhere, a changelog cut by version, and files for contributors that name real targets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.release_notes import CHANGELOG, notes, sections
from hf_dataset.manifest import FORMAT
from leaderboard.pages.about_page import CITATION
from metrics.petoolbench import petoolbench as metric

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION: str = PROJECT["project"]["version"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_all_files_state_the_same_version() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == VERSION
    card = (ROOT / "hf_dataset" / "README.md").read_text(encoding="utf-8")
    for text in (metric._CITATION, CITATION, card):
        assert f"version = {{{VERSION}}}" in text


def test_the_procedure_states_the_data_format_of_the_version() -> None:
    text = (ROOT / "docs" / "developing" / "releasing.md").read_text(encoding="utf-8")
    assert f"| {VERSION.rpartition('.')[0]} | {FORMAT} |" in text
    revisions = (ROOT / "hf_dataset" / "REVISIONS.md").read_text(encoding="utf-8")
    assert f"- **{VERSION}**, data format {FORMAT}:" in revisions


def test_the_changelog_is_cut_by_version() -> None:
    found = sections(CHANGELOG.read_text(encoding="utf-8"))
    versions = [section.version for section in found]
    assert versions[0] == VERSION
    assert versions == sorted(set(versions), key=lambda text: [int(part) for part in text.split(".")], reverse=True)
    for section in found:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}|unreleased", section.date), section.version
        assert section.text


def test_notes_are_the_section_of_a_version() -> None:
    changelog = "# Changelog\n\n## 0.2.0 (2026-11-30)\n\n- b\n\n## 0.1.0 (2026-11-22)\n\n- a\n"
    assert notes(changelog, "0.2.0") == "PEToolBench 0.2.0\n\n- b\n"
    with pytest.raises(ValueError, match=r"0 sections of version .0\.3\.0."):
        notes(changelog, "0.3.0")


def test_the_documentation_names_what_the_wheel_installs() -> None:
    text = (ROOT / "docs" / "developing" / "releasing.md").read_text(encoding="utf-8")
    table = text.partition("## What the wheel installs")[2]
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(packages)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_are_complete(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_workflow_and_the_hooks_run_what_exists() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))
    targets = workflow["jobs"]["make"]["strategy"]["matrix"]["target"]
    assert {"check", "test"} <= set(targets) <= TARGETS
    checked = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    entries = {hook["id"]: hook["entry"] for hook in repository["hooks"]}
    for name, command in (
        ("ruff-check", "ruff check"),
        ("ruff-format", "ruff format"),
        ("lint-imports", "lint-imports"),
    ):
        assert command in checked
        assert command in entries[name]
