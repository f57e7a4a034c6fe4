"""Files of a report: page, Markdown, JSON, CSV and plots."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builder.errors import DataError, OutputError
from petoolbench.run_report.plot_style import drawable
from petoolbench.run_report.run_facts import OUTCOMES
from petoolbench.run_report.write import write_report
from petoolbench.runs import Line
from tests.commands import run as cli
from tests.conftest import Built

from .run_files import CONFIG, baseline, call, correct_call, header, rows_of, write_file

HOSTILE = "<img src=x>|$a_b$ `c` **d**"


@pytest.fixture(scope="module")
def reported(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report on two baselines, and on a model with a hostile name with own and swapped histories."""
    folder = tmp_path_factory.mktemp("report")
    rows = rows_of(built)
    paths = [baseline(built, folder, name) for name in ("oracle", "first")]
    for history, count in (("own", 34), ("swapped", 6)):
        lines = [
            Line(row.instance_id, correct_call(row) if index < count else call(row.candidates[0].name), None, 5000, 30)
            for index, row in enumerate(rows)
        ]
        prices: dict[str, Any] = {"usd_per_million_input": 0.5, "usd_per_million_output": 2.0}
        paths.append(
            write_file(folder / f"m.{history}.jsonl", header(built, model=HOSTILE, history=history, **prices), lines)
        )
    write_report(paths, folder / "one", built.data)
    write_report(reversed(paths), folder / "two", built.data)
    return folder / "one"


def test_the_same_runs_give_the_same_bytes(reported: Path) -> None:
    other = reported.with_name("two")
    names = sorted(path.relative_to(reported).as_posix() for path in reported.rglob("*") if path.is_file())
    assert {
        "report.html",
        "report.md",
        "report.json",
        "scores.csv",
        f"plots/accuracy-{CONFIG}.png",
        f"plots/lift-{CONFIG}.svg",
        "plots/reference-curve.png",
    } <= set(names)
    assert names == sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    for name in names:
        assert (reported / name).read_bytes() == (other / name).read_bytes(), name
        assert str(reported.parent).encode() not in (reported / name).read_bytes(), name


def test_the_page_is_self_contained(reported: Path) -> None:
    page = (reported / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", page.replace("xlink:href", "href"))
    assert "url(http" not in page
    assert "@import" not in page
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
    ids = re.findall(r" id=\"([^\"]+)\"", page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r"(?:href=\"#|url\(#)([^\")]+)", page):
        assert target in ids


def test_markdown_contains_the_same_tables_and_plots(reported: Path) -> None:
    text = (reported / "report.md").read_text()
    assert "\\|$a\\_b$ \\`c\\` \\*\\*d\\*\\*" in text
    assert "<img" not in text
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    for name in re.findall(r"\]\((plots/[^)]+)\)", text):
        assert (reported / name).is_file()


def csv_lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "scores.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_json_contains_the_figures(reported: Path) -> None:
    content = json.loads((reported / "report.json").read_text())
    assert [run["name"] for run in content["runs"]] == [line["run"] for line in csv_lines(reported)]
    (lift,) = content["lifts"]
    assert lift["against"] == "swapped"
    assert lift["comparison"]["difference"] > 0.2


def test_csv_contains_the_figures(reported: Path) -> None:
    lines = csv_lines(reported)
    own = next(line for line in lines if line["file"] == "m.own.jsonl")
    assert own["run"] == HOSTILE
    assert float(own["tool_accuracy_low"]) < float(own["tool_accuracy"]) < float(own["tool_accuracy_high"])
    assert sum(float(own[name]) for name in OUTCOMES) == pytest.approx(1)
    assert (own["input_tokens"], own["output_tokens"]) == (str(36 * 5000), str(36 * 30))
    assert float(own["usd"]) == pytest.approx(36 * (5000 * 0.5 + 30 * 2.0) / 1e6)
    assert next(line for line in lines if line["run"] == "baseline:oracle")["usd"] == ""


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 390)])
def test_the_page_is_readable_on_screens_of_any_width(reported: Path, browser: Browser, dark: bool, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.goto((reported / "report.html").as_uri())
    assert requests == [(reported / "report.html").as_uri()]
    assert not errors
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#findings").inner_text().count("points better with the user's own history") == 1
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
    text_colour = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
    assert text_colour == ("rgb(160, 169, 180)" if dark else "rgb(92, 102, 114)")
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('figure svg text')].map(e => e.getBoundingClientRect().height))"
    )
    assert smallest >= 10
    context.close()


def test_existing_folders_are_not_overwritten_and_failed_reports_leave_no_files(built: Built, tmp_path: Path) -> None:
    path = baseline(built, tmp_path, "first")
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_report([path], tmp_path / "there", built.data)
    with pytest.raises(DataError):
        write_report([tmp_path / "missing.jsonl"], tmp_path / "new", built.data)
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name, "there"]


def test_names_are_cut_in_the_middle() -> None:
    assert drawable("a-long-name, no history", 16) == "a-long-… history"
    assert drawable("name\u4e2d", 16) == "name?"


def test_the_command_prints_the_findings(built: Built, tmp_path: Path) -> None:
    path = baseline(built, tmp_path, "oracle")
    done = cli("report", path, "-o", "out", "--data", built.data, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Accuracy, chronological (chance within the functionality " in done.stdout
    assert "baseline:oracle: tool accuracy 100.0 % on 36 instances" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    refused = cli("report", path, "-o", "out", "--data", built.data, cwd=tmp_path)
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
