"""The metric's Space: what it reads and shows, and its page in a browser, served from flat files as on a Space."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from metrics.petoolbench import page
from metrics.petoolbench.petoolbench import Petoolbench
from metrics.petoolbench.records import ERROR_CLASSES
from tests.browser import Look, serving

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "metrics" / "petoolbench"
EXAMPLE = page.example()
CLASSES = [
    "correct", "preference_mismatch", "parameter_name_mismatch", "correct", "correct", "parameter_value_mismatch",
    "tool_hallucination", "correct", "correct", "functionality_mismatch", "invalid_format", "invalid_format",
]  # fmt: skip
"""Error class of each reply of the example."""
LEGACY_TOOL = "8.3"
"""Its tool accuracy by the released rule, which reads one of its replies."""


@pytest.fixture(scope="module")
def metric() -> Any:
    return Petoolbench()


def row(**changes: Any) -> dict[str, Any]:
    """The first row of the example, with changes; a value of `...` takes a column away."""
    whole = json.loads(EXAMPLE.rows.split("\n")[0]) | changes
    return {key: value for key, value in whole.items() if value is not ...}


def lines(*values: Any) -> bytes:
    return "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values).encode()


def reply(name: str = "tides-1", prediction: Any = "?") -> dict[str, Any]:
    return {"instance_id": name, "prediction": prediction}


def told(rows: bytes, predictions: bytes) -> list[str]:
    found = page.read(rows, predictions)
    assert isinstance(found, list)
    return [str(one) for one in found]


def scored(metric: Any, rows: bytes, predictions: bytes, mode: str = "default") -> page.Scored:
    inputs = page.read(rows, predictions)
    assert isinstance(inputs, page.Inputs)
    found = page.score(metric.compute, inputs, mode)
    assert isinstance(found, page.Scored)
    return found


def of_example(metric: Any, mode: str = "default") -> page.Scored:
    return scored(metric, EXAMPLE.rows.encode(), EXAMPLE.predictions.encode(), mode)


def test_the_example_has_a_reply_of_every_error_class(metric: Any) -> None:
    found = of_example(metric)
    assert [one.error_class for one in found.items] == CLASSES
    assert set(CLASSES) == set(ERROR_CLASSES)
    assert (found.missing, found.items[-1].reason) == (1, "missing")
    assert found.scores["call_accuracy"] == 5 / 12


def test_the_modes_tell_the_example_apart(metric: Any) -> None:
    accuracy = {mode: of_example(metric, mode).scores["call_accuracy"] for mode in ("default", "strict", "legacy")}
    assert accuracy == {"default": 5 / 12, "strict": 2 / 12, "legacy": 1 / 12}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"query_group": ..., "answer": ...}, "lacks 'query_group', 'answer'"),
        ({"instance_id": 7}, "'instance_id' is a number where text is expected"),
        ({"query_group": None}, "'query_group' is null where text is expected"),
        ({"candidates": {"name": "x"}}, "'candidates' is no list of tools with a name"),
        ({"candidates": [{"name": 3}]}, "'candidates' is no list of tools with a name"),
        ({"answer": None}, "has no answer: the answers of the test split are private."),
        ({"answer": {"name": None, "arguments": None}}, "has no answer: the answers of the test split are private."),
        ({"answer": "harbourline__tides"}, "'answer' is no object with a name"),
        (
            {"answer": {"name": "harbourline__tides", "arguments": {"port": "Nordhavn"}}},
            "the arguments of 'answer' are no JSON object written as text",
        ),
        ({"answer": {"name": "nobody", "arguments": "{}"}}, "the answer's tool 'nobody' is none of the candidates"),
        (
            {"candidates": [{"name": "harbourline__tides", "parameters": "[]"}]},
            "the parameters of 'harbourline__tides' are no JSON object written as text",
        ),
        ({"meta": []}, "'meta' is a list where an object is expected"),
        ({"meta": {"same_function": "all"}}, "'same_function' of 'meta' is no list of names"),
    ],
)
def test_faults_of_a_row_are_named_with_its_line(changes: dict[str, Any], fault: str) -> None:
    found = told(lines(row(instance_id="first"), "", row(**changes)), lines(reply("first")))
    assert len(found) == 1
    assert found[0].startswith(f"reference rows, line 3: {fault}")


def test_every_problem_of_both_inputs_is_told_at_once() -> None:
    rows = lines("{", row(), row(query_group=1), "[]", row(instance_id="b"))
    predictions = lines(reply("b", None), reply("b", "x"), "?", {"prediction": "x"}) + b"\n\xff\n" + b"9" * 5000
    assert told(rows, predictions) == [
        "reference rows, line 1: not JSON (Expecting property name enclosed in double quotes at character 2).",
        "reference rows, line 3: 'query_group' is a number where text is expected.",
        "reference rows, line 3: the instance_id 'tides-1' occurs again; it is in line 2 already.",
        "reference rows, line 4: a list where an object is expected.",
        "predictions, line 1: 'prediction' is null where text is expected.",
        "predictions, line 2: the instance_id 'b' occurs again; it is in line 1 already.",
        "predictions, line 3: not JSON (Expecting value at character 1).",
        "predictions, line 4: lacks 'instance_id'.",
        "predictions, line 5: not text in UTF-8.",
        "predictions, line 6: not JSON that can be read: a number is too long, or it is nested too deep.",
    ]


def test_ids_that_no_row_has_are_told_only_where_all_rows_could_be_read() -> None:
    predictions = lines(reply(), reply("nobody"))
    unknown = "predictions, line 2: no reference row has the instance_id 'nobody'."
    assert told(lines(row()), predictions) == [unknown]
    assert told(lines(row(meta=3)), predictions) == [
        "reference rows, line 1: 'meta' is a number where an object is expected.", unknown,
    ]  # fmt: skip
    assert unknown not in told(lines(row(), "{"), predictions)


@pytest.mark.parametrize("nothing", [b"", b" \n\r\n", b"\xef\xbb\xbf"])
def test_nothing_at_all_is_a_problem_of_each_input(nothing: bytes) -> None:
    found = told(nothing, nothing)
    assert [one.partition(" is ")[0] for one in found] == ["reference rows: there", "predictions: there"]


def test_lines_end_at_line_breaks_only_and_may_be_written_by_windows(metric: Any) -> None:
    text = "\ufeff" + json.dumps(reply(prediction="a\u2028b"), ensure_ascii=False) + "\r\n\r\n"
    found = scored(metric, lines(row()) + b"\r\n", text.encode())
    assert [one.prediction for one in found.items] == ["a\u2028b"]


def test_files_of_runs_are_read_as_they_are(metric: Any) -> None:
    header = {"petoolbench": {"format": 1, "config": "chronological", "history": "swapped"}}
    counts = {"error": "timed out", "input_tokens": 9, "output_tokens": 0, "dropped_steps": 2}
    predictions = lines(header, reply() | counts, header, reply("b", "x"))
    found = scored(metric, lines(row(), row(instance_id="b")), predictions)
    assert [one.prediction for one in found.items] == ["?", "x"]
    assert told(lines(row()), lines(header))[0].startswith("predictions: there is nothing here. Give one reply a line")
    assert told(lines(row()), lines(header, "{")) == [
        "predictions, line 2: not JSON (Expecting property name enclosed in double quotes at character 2)."
    ]
    assert told(lines(header, row()), lines(reply()))[0].startswith("reference rows, line 1: lacks 'instance_id'")


def test_a_row_that_the_metric_refuses_is_named(metric: Any) -> None:
    deep = '{"port": ' + "[" * 100 + "]" * 100 + "}"
    bad = row(instance_id="bad", answer={"name": "harbourline__tides", "arguments": deep})
    inputs = page.read(lines(row(), bad), lines(reply("bad", '{"name": "harbourline__tides", "arguments": {}}')))
    assert isinstance(inputs, page.Inputs)
    found = page.score(metric.compute, inputs, "default")
    assert isinstance(found, list)
    assert [(one.source, one.line) for one in found] == [(page.ROWS, 2)]
    assert str(found[0]).startswith("reference rows, line 2: cannot be scored (")


def test_an_error_that_is_of_no_row_is_not_hidden() -> None:
    def compute(**options: Any) -> dict[str, Any]:
        if options.get("details"):
            raise OSError("no space left")
        return {}

    inputs = page.read(lines(row()), lines(reply()))
    assert isinstance(inputs, page.Inputs)
    with pytest.raises(OSError, match="no space left"):
        page.score(compute, inputs, "default")


def test_very_many_problems_are_counted() -> None:
    problems = [page.Problem(page.PREDICTIONS, number, "wrong") for number in range(1, 703)]
    text = page.problems_text(problems).split("\n")
    assert (len(text), text[-2:]) == (501, ["predictions, line 500: wrong.", "... and 202 more."])


def test_the_summary_says_what_is_missing_and_what_the_rows_can_show(metric: Any) -> None:
    found = page.summary(of_example(metric))
    assert found.startswith(
        "12 rows in 3 query groups, judged in the mode default. 1 row has no prediction and counts as wrong. "
    )
    assert re.search(r"Another system must differ by \d+\.\d points in tool accuracy", found)
    rows = [row(instance_id=str(number)) for number in range(3)]
    alone = page.summary(scored(metric, lines(*rows), lines(reply("0"))))
    assert alone == "3 rows in 1 query group, judged in the mode default. 2 rows have no prediction and count as wrong."


def test_figures_come_in_percent_with_their_intervals(metric: Any) -> None:
    found = of_example(metric)
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page.figures_html(found))
    assert cells[:6] == ["figure", "%", "95 % interval", "Tool accuracy", "58.3", cells[5]]
    low, high = (100 * end for end in found.scores["intervals"]["tool_accuracy"])
    assert cells[5] == f"{low:.1f} to {high:.1f}"
    none_right = page.figures_html(scored(metric, lines(row()), lines(reply())))
    assert '<th scope="row">Parameter accuracy given the tool</th><td>-</td><td>-</td>' in none_right


def test_error_classes_come_with_their_counts_and_filter_the_replies(metric: Any) -> None:
    found = of_example(metric)
    counts = re.findall(r"<code>(\w+)</code><small>[^<]+</small></th><td>(\d+)</td>", page.classes_html(found))
    assert dict(counts) == {name: str(CLASSES.count(name)) for name in ERROR_CLASSES}
    assert len(page.item_rows(found)) == 12
    for label, name in page.class_choices(found)[1:]:
        rows = page.item_rows(found, name)
        assert {one[1] for one in rows} == {name}
        assert label == f"{name} ({len(rows)})"
    assert page.item_rows(found, "invalid_format") == [
        ["recipes-3", "invalid_format", "no json object",
         "I would look for a soup of leek and potato that takes half an hour."],
        ["recipes-4", "invalid_format", "missing", ""],
    ]  # fmt: skip


def test_text_is_shortened_to_a_line_that_can_be_sent() -> None:
    assert page.shortened("a\n\t b  c") == "a b c"
    assert page.shortened("x" * 240) == "x" * 240
    assert page.shortened("x" * 241) == "x" * 240 + "…"
    assert page.shortened(" " * 5000 + "x") == "…"
    assert page.shortened("half \ud800 pair") == "half ? pair"


def test_the_document_holds_everything(metric: Any) -> None:
    found = of_example(metric)
    whole = json.loads(page.document(found))
    assert {key: whole[key] for key in ("mode", "missing")} == {"mode": "default", "missing": 1}
    assert whole["scores"]["tool_accuracy"] == 7 / 12
    assert [one["error_class"] for one in whole["items"]] == CLASSES
    assert [one["prediction"] for one in whole["items"]] == [one.prediction for one in found.items]
    half = scored(metric, lines(row()), rb'{"instance_id": "tides-1", "prediction": "\ud800"}')
    assert json.loads(page.document(half))["items"][0]["prediction"] == "\ud800"


def test_the_metric_itself_needs_no_gradio() -> None:
    code = "import sys, metrics.petoolbench.petoolbench, metrics.petoolbench.page; assert 'gradio' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_header_of_the_space_names_the_version_that_is_tested() -> None:
    header = yaml.safe_load((FOLDER / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert {"sdk": "gradio", "app_file": "app.py"}.items() <= header.items()
    assert isinstance(header["python_version"], str)
    pins = (ROOT / "requirements/constraints.txt").read_text().splitlines()
    assert f"gradio=={header['sdk_version']}" in pins


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, started as on a Space: a script in a folder of another name that holds flat files."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(FOLDER, folder / "space", ignore=shutil.ignore_patterns("__pycache__"))
    with serving([sys.executable, "app.py"], folder, cwd=folder / "space") as address:
        yield address


def press_score(shown: Page) -> None:
    shown.get_by_role("button", name="Score").click()


def figure(shown: Page, name: str) -> str:
    cells = shown.locator("#figures tr", has=shown.get_by_text(name, exact=True)).locator("td")
    expect(cells).to_have_count(2)
    return cells.first.inner_text()


def cells(shown: Page, column: str) -> list[str]:
    """What a column of the table of replies shows."""
    number = page.ITEM_HEADERS.index(column)
    grid = shown.locator("#items [role=gridcell]")
    return [text.strip() for text in grid.all_inner_texts()][number :: len(page.ITEM_HEADERS)]


def test_the_example_is_there_to_be_scored(look: Look, url: str, tmp_path: Path) -> None:
    shown = look(url)
    expect(shown.locator("#results")).to_be_hidden()
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("1 row has no prediction and counts as wrong")
    assert figure(shown, "Tool accuracy") == "58.3"
    assert figure(shown, "Call accuracy") == "41.7"
    with shown.expect_download() as download:
        shown.locator("#download").click()
    download.value.save_as(tmp_path / "got.json")
    assert download.value.suggested_filename == "petoolbench.json"
    assert [one["error_class"] for one in json.loads((tmp_path / "got.json").read_bytes())["items"]] == CLASSES


def test_replies_are_filtered_by_class(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("tides-1")
    shown.locator("#class input").click()
    shown.get_by_role("option", name="invalid_format (2)").click()
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("recipes-3")
    assert cells(shown, "class") == ["invalid_format"] * 2
    assert cells(shown, "reason") == ["no json object", "missing"]


def test_the_mode_is_heeded(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("mode default")
    shown.get_by_role("radio", name="legacy").check()
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("mode legacy")
    assert figure(shown, "Tool accuracy") == LEGACY_TOOL


def test_faults_are_listed_and_gone_once_they_are_mended(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#results")).to_be_visible()
    box = shown.locator("#predictions .cm-content")
    box.fill('{"instance_id": "nobody", "prediction": "x"}\n<b>no</b>')
    press_score(shown)
    expect(shown.locator("#problems textarea")).to_have_value(
        "predictions, line 1: no reference row has the instance_id 'nobody'.\n"
        "predictions, line 2: not JSON (Expecting value at character 1)."
    )
    expect(shown.locator("#results")).to_be_hidden()
    box.fill(json.dumps(reply(prediction="?")))
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("11 rows have no prediction")
    expect(shown.locator("#problems")).to_be_hidden()


def test_what_users_wrote_is_text_and_files_go_before_the_boxes(look: Look, url: str) -> None:
    shown = look(url)
    bad = "<img src=x onerror=\"document.title='broken'\">"
    files = {"rows": lines(row(instance_id=bad)), "predictions": lines(reply(bad, f"**{bad}**"))}
    for name, content in files.items():
        chooser = shown.locator(f"#{name}-file input[type=file]")
        chooser.set_input_files({"name": f"{name}.jsonl", "mimeType": "application/jsonl", "buffer": content})
        expect(shown.locator(f"#{name}-file")).to_contain_text(".jsonl")
    press_score(shown)
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("<img")
    assert cells(shown, "instance") == [bad]
    assert cells(shown, "reply") == [f"**{bad}**"]
    assert shown.title() == "PEToolBench metric"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_window_and_is_legible(look: Look, url: str, width: int, *, dark: bool) -> None:
    shown = look(url, dark=dark, width=width)
    press_score(shown)
    expect(shown.locator("#classes table")).to_be_visible()
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    for place in ("#figures", "#classes"):
        box = shown.locator(f"{place} table").bounding_box()
        assert box
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    colour = shown.locator("#figures tbody th").first.evaluate("element => getComputedStyle(element).color")
    light = sum(map(float, re.findall(r"[\d.]+", colour)[:3])) > 382
    assert light is dark
