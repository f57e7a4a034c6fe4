"""Documentation: current reference pages, links and commands that exist, and plain words."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs import generate_reference
from hf_dataset.reference_results import RESULTS_JSON, read_results
from performance import result_tables

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
BANNED = re.compile(r"\b(told|whoever|gone on with|(?<!there )is none|aught)\b", re.IGNORECASE)
OPTION = re.compile(r"(?<!\S)--?[a-z][a-z-]*")


def pages_of_the_repository() -> list[Path]:
    """Return the paths of Markdown files and notebooks."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md", "*.ipynb"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return the Markdown of a page; of a notebook, that of its cells without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


PAGES = pages_of_the_repository()
IDS = [str(path.relative_to(ROOT)) for path in PAGES]


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    seen, found = Counter[str](), set()
    for heading in re.findall(r"^#+ (.*)$", FENCED.sub("", text_of(path)), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_relative_links_resolve(path: Path) -> None:
    for link in LINK.findall(FENCED.sub("", text_of(path))):
        if link.startswith(("http://", "https://", "mailto:", "$")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_pages_use_plain_words(path: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", FENCED.sub("", text_of(path)))
    assert not BANNED.findall(text)


def test_reference_pages_are_current() -> None:
    for path, text in generate_reference.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date; run: make reference"


def documented_options() -> dict[str, set[str]]:
    """Return the options of each command, as the reference page lists them."""
    page = generate_reference.command_line()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return {section.split("\n", 1)[0]: set(re.findall(r"`(--?[a-z-]+)`", section)) for section in sections}


def commands(path: Path) -> Iterator[str]:
    """Yield the `petoolbench` commands in the code blocks of a page, with continued lines joined."""
    for block in FENCED.findall(text_of(path)):
        for line in block.replace("\\\n", " ").splitlines():
            if match := re.match(r"\s*(?:\$ )?(petoolbench \w.*)", line):
                yield match[1]


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_commands_and_their_options_exist(path: Path) -> None:
    options = documented_options()
    for command in commands(path):
        words = command.split()
        name = " ".join(words[1:3]) if " ".join(words[1:3]) in options else words[1]
        if name == "COMMAND":
            continue
        assert name in options, command
        assert set(OPTION.findall(command)) <= options[name] | {"--help"}, command


def test_the_check_reports_pages_that_are_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate_reference, "FOLDER", tmp_path / "docs" / "reference")
    assert generate_reference.main(["--check"]) == 1
    assert "docs/reference/command-line.md is out of date. Run: make reference" in capsys.readouterr().err
    assert generate_reference.main([]) == 0
    assert generate_reference.main(["--check"]) == 0


@pytest.mark.parametrize("name", result_tables.PAGES)
def test_tables_of_results_are_those_of_the_file(name: str) -> None:
    path = ROOT / name
    assert path.read_text(encoding="utf-8") == result_tables.with_tables(path, read_results())


def test_the_summary_in_the_file_is_that_of_its_figures() -> None:
    found = json.loads((ROOT / "hf_dataset" / RESULTS_JSON).read_text(encoding="utf-8"))["summary"]
    assert found == read_results().summary_text
