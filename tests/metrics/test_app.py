"""Tests of the metric's page: its input, its output, and the page in a browser, served from flat files as on a Space."""

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

from metrics.petoolbench import page, page_input
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
"""Error class of each prediction of the example."""
LEGACY_TOOL = "8.3"
"""Tool accuracy of the example with the scorer `legacy`, which can read one of its predictions."""


@pytest.fixture(scope="module")
def metric() -> Any:
    return Petoolbench()


def row(**changes: Any) -> dict[str, Any]:
    """Return the first row of the example with changes; a value of `...` removes a column."""
    changed = json.loads(EXAMPLE.rows.split("\n")[0]) | changes
    return {key: value for key, value in changed.items() if value is not ...}


def lines(*values: Any) -> bytes:
    return "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values).encode()


def prediction(instance_id: str = "tides-1", text: Any = "?") -> dict[str, Any]:
    return {"instance_id": instance_id, "prediction": text}


def problems(rows: bytes, predictions: bytes) -> list[str]:
    result = page_input.read(rows, predictions)
    assert isinstance(result, list)
    return [str(problem) for problem in result]


def scored(metric: Any, rows: bytes, predictions: bytes, scorer: str = "default") -> page_input.Scored:
    inputs = page_input.read(rows, predictions)
    assert isinstance(inputs, page_input.Inputs)
    result = page_input.score(metric.compute, inputs, scorer)
    assert isinstance(result, page_input.Scored)
    return result


def scored_example(metric: Any, scorer: str = "default") -> page_input.Scored:
    return scored(metric, EXAMPLE.rows.encode(), EXAMPLE.predictions.encode(), scorer)


def test_the_example_has_a_prediction_of_every_error_class(metric: Any) -> None:
    result = scored_example(metric)
    assert [item.error_class for item in result.items] == CLASSES
    assert set(CLASSES) == set(ERROR_CLASSES)
    assert (result.missing, result.items[-1].reason) == (1, "missing")
    assert result.scores["call_accuracy"] == 5 / 12


def test_the_scorers_score_the_example_differently(metric: Any) -> None:
    scorers = ("default", "strict", "legacy")
    accuracy = {scorer: scored_example(metric, scorer).scores["call_accuracy"] for scorer in scorers}
    assert accuracy == {"default": 5 / 12, "strict": 2 / 12, "legacy": 1 / 12}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"query_group": ..., "answer": ...}, "lacks 'query_group', 'answer'"),
        ({"instance_id": 7}, "'instance_id' is a number instead of text"),
        ({"query_group": None}, "'query_group' is null instead of text"),
        ({"candidates": {"name": "x"}}, "'candidates' is not a list of tools with a name"),
        ({"candidates": [{"name": 3}]}, "'candidates' is not a list of tools with a name"),
        ({"answer": None}, "has no answer: the answers of the test split are private."),
        ({"answer": {"name": None, "arguments": None}}, "has no answer: the answers of the test split are private."),
        ({"answer": "harbourline__tides"}, "'answer' is not an object with a name"),
        (
            {"answer": {"name": "harbourline__tides", "arguments": {"port": "Nordhavn"}}},
            "the arguments of 'answer' are not a JSON object as text",
        ),
        ({"answer": {"name": "nobody", "arguments": "{}"}}, "the answer's tool 'nobody' is not one of the candidates"),
        (
            {"candidates": [{"name": "harbourline__tides", "parameters": "[]"}]},
            "the parameters of 'harbourline__tides' are not a JSON object as text",
        ),
        ({"meta": []}, "'meta' is a list instead of an object"),
        ({"meta": {"same_function": "all"}}, "'same_function' of 'meta' is not a list of names"),
    ],
)
def test_a_malformed_row_is_reported_with_its_line(changes: dict[str, Any], fault: str) -> None:
    reported = problems(lines(row(instance_id="first"), "", row(**changes)), lines(prediction("first")))
    assert len(reported) == 1
    assert reported[0].startswith(f"reference rows, line 3: {fault}")


def test_all_problems_of_both_inputs_are_reported() -> None:
    rows = lines("{", row(), row(query_group=1), "[]", row(instance_id="b"))
    predictions = lines(prediction("b", None), prediction("b", "x"), "?", {"prediction": "x"})
    assert problems(rows, predictions + b"\n\xff\n" + b"9" * 5000) == [
        "reference rows, line 1: not valid JSON (Expecting property name enclosed in double quotes at character 2).",
        "reference rows, line 3: 'query_group' is a number instead of text.",
        "reference rows, line 3: the instance_id 'tides-1' is a duplicate of line 2.",
        "reference rows, line 4: a list instead of an object.",
        "predictions, line 1: 'prediction' is null instead of text.",
        "predictions, line 2: the instance_id 'b' is a duplicate of line 1.",
        "predictions, line 3: not valid JSON (Expecting value at character 1).",
        "predictions, line 4: lacks 'instance_id'.",
        "predictions, line 5: not valid UTF-8.",
        "predictions, line 6: not readable as JSON: a number is too long, or the nesting is too deep.",
    ]


def test_unknown_ids_are_reported_only_if_all_rows_have_an_id() -> None:
    predictions = lines(prediction(), prediction("nobody"))
    unknown = "predictions, line 2: no reference row has the instance_id 'nobody'."
    assert problems(lines(row()), predictions) == [unknown]
    assert problems(lines(row(meta=3)), predictions) == [
        "reference rows, line 1: 'meta' is a number instead of an object.", unknown,
    ]  # fmt: skip
    assert unknown not in problems(lines(row(), "{"), predictions)


@pytest.mark.parametrize("empty", [b"", b" \n\r\n", b"\xef\xbb\xbf"])
def test_empty_inputs_are_reported(empty: bytes) -> None:
    reported = problems(empty, empty)
    assert [text.partition(". ")[0] for text in reported] == [
        "reference rows: the input is empty", "predictions: the input is empty",
    ]  # fmt: skip


def test_only_line_breaks_separate_lines_and_windows_files_are_accepted(metric: Any) -> None:
    text = "\ufeff" + json.dumps(prediction(text="a\u2028b"), ensure_ascii=False) + "\r\n\r\n"
    result = scored(metric, lines(row()) + b"\r\n", text.encode())
    assert [item.prediction for item in result.items] == ["a\u2028b"]


def test_prediction_files_of_runs_are_accepted(metric: Any) -> None:
    header = {"petoolbench": {"format": 1, "config": "chronological", "history": "swapped"}}
    counts = {"error": "timed out", "input_tokens": 9, "output_tokens": 0, "dropped_steps": 2}
    predictions = lines(header, prediction() | counts, header, prediction("b", "x"))
    result = scored(metric, lines(row(), row(instance_id="b")), predictions)
    assert [item.prediction for item in result.items] == ["?", "x"]
    (empty,) = problems(lines(row()), lines(header))
    assert empty.startswith("predictions: the input is empty. Enter one prediction per line")
    assert problems(lines(row()), lines(header, "{")) == [
        "predictions, line 2: not valid JSON (Expecting property name enclosed in double quotes at character 2)."
    ]
    assert problems(lines(header, row()), lines(prediction()))[0].startswith(
        "reference rows, line 1: lacks 'instance_id'"
    )


def test_a_row_that_the_metric_refuses_is_reported(metric: Any) -> None:
    deep = '{"port": ' + "[" * 100 + "]" * 100 + "}"
    bad = row(instance_id="bad", answer={"name": "harbourline__tides", "arguments": deep})
    call = '{"name": "harbourline__tides", "arguments": {}}'
    inputs = page_input.read(lines(row(), bad), lines(prediction("bad", call)))
    assert isinstance(inputs, page_input.Inputs)
    reported = page_input.score(metric.compute, inputs, "default")
    assert isinstance(reported, list)
    assert [(problem.source, problem.line) for problem in reported] == [(page_input.ROWS, 2)]
    assert str(reported[0]).startswith("reference rows, line 2: cannot be scored (")


def test_an_error_that_no_row_causes_is_raised() -> None:
    def compute(**options: Any) -> dict[str, Any]:
        if options.get("details"):
            raise OSError("no space left")
        return {}

    inputs = page_input.read(lines(row()), lines(prediction()))
    assert isinstance(inputs, page_input.Inputs)
    with pytest.raises(OSError, match="no space left"):
        page_input.score(compute, inputs, "default")


def test_a_long_list_of_problems_is_shortened() -> None:
    many = [page_input.Problem(page_input.PREDICTIONS, number, "wrong") for number in range(1, 703)]
    text = page.problems_text(many).split("\n")
    assert (len(text), text[-2:]) == (501, ["predictions, line 500: wrong.", "... and 202 more."])


def test_the_summary_states_missing_predictions_and_the_detectable_difference(metric: Any) -> None:
    summary = page.summary(scored_example(metric))
    assert summary.startswith(
        "12 rows in 3 query groups, scored with the default scorer. 1 row has no prediction and counts as wrong. "
    )
    assert re.search(r"The smallest detectable difference in tool accuracy .* is \d+\.\d points\.", summary)
    rows = [row(instance_id=str(number)) for number in range(3)]
    one_group = page.summary(scored(metric, lines(*rows), lines(prediction("0"))))
    assert one_group == (
        "3 rows in 1 query group, scored with the default scorer. 2 rows have no prediction and count as wrong."
    )


def test_rates_are_shown_in_percent_with_their_intervals(metric: Any) -> None:
    result = scored_example(metric)
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page.figures_html(result))
    assert cells[:6] == ["rate", "%", "95 % interval", "tool accuracy", "58.3", cells[5]]
    low, high = (100 * end for end in result.scores["intervals"]["tool_accuracy"])
    assert cells[5] == f"{low:.1f} to {high:.1f}"
    none_right = page.figures_html(scored(metric, lines(row()), lines(prediction())))
    assert '<th scope="row">parameter accuracy given the tool</th><td>-</td><td>-</td>' in none_right


def test_error_classes_are_shown_with_their_counts_and_filter_the_predictions(metric: Any) -> None:
    result = scored_example(metric)
    counts = re.findall(r'<th scope="row">([a-z ]+)<small>[^<]+</small></th><td>(\d+)</td>', page.classes_html(result))
    assert dict(counts) == {name.replace("_", " "): str(CLASSES.count(name)) for name in ERROR_CLASSES}
    assert len(page.item_rows(result)) == 12
    for label, name in page.class_choices(result)[1:]:
        rows = page.item_rows(result, name)
        assert {cells[1] for cells in rows} == {name.replace("_", " ")}
        assert label == f"{name.replace('_', ' ')} ({len(rows)})"
    assert page.item_rows(result, "invalid_format") == [
        ["recipes-3", "invalid format", "no json object",
         "I would look for a soup of leek and potato that takes half an hour."],
        ["recipes-4", "invalid format", "missing", ""],
    ]  # fmt: skip


def test_text_is_shortened_to_one_valid_line() -> None:
    assert page_input.shortened("a\n\t b  c") == "a b c"
    assert page_input.shortened("x" * 240) == "x" * 240
    assert page_input.shortened("x" * 241) == "x" * 240 + "…"
    assert page_input.shortened(" " * 5000 + "x") == "…"
    assert page_input.shortened("half \ud800 pair") == "half ? pair"


def test_the_json_file_contains_everything(metric: Any) -> None:
    result = scored_example(metric)
    content = json.loads(page.document(result))
    assert {key: content[key] for key in ("scorer", "missing")} == {"scorer": "default", "missing": 1}
    assert content["scores"]["tool_accuracy"] == 7 / 12
    assert [item["error_class"] for item in content["items"]] == CLASSES
    assert [item["prediction"] for item in content["items"]] == [item.prediction for item in result.items]
    surrogate = scored(metric, lines(row()), rb'{"instance_id": "tides-1", "prediction": "\ud800"}')
    assert json.loads(page.document(surrogate))["items"][0]["prediction"] == "\ud800"


def test_the_metric_does_not_import_gradio() -> None:
    code = "import sys, metrics.petoolbench.petoolbench, metrics.petoolbench.page; assert 'gradio' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_header_of_the_space_names_the_tested_gradio_version() -> None:
    header = yaml.safe_load((FOLDER / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert {"sdk": "gradio", "app_file": "app.py"}.items() <= header.items()
    assert isinstance(header["python_version"], str)
    pins = (ROOT / "requirements/constraints.txt").read_text().splitlines()
    assert f"gradio=={header['sdk_version']}" in pins


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app as on a Space: as a script among flat files, in a folder of another name."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(FOLDER, folder / "space", ignore=shutil.ignore_patterns("__pycache__"))
    with serving([sys.executable, "app.py"], folder, cwd=folder / "space") as address:
        yield address


def press_score(shown: Page) -> None:
    shown.get_by_role("button", name="Score").click()


def rate(shown: Page, name: str) -> str:
    cells = shown.locator("#figures tr", has=shown.get_by_text(name, exact=True)).locator("td")
    expect(cells).to_have_count(2)
    return cells.first.inner_text()


def cells(shown: Page, column: str) -> list[str]:
    """Return the cells of a column of the table of predictions."""
    number = page.ITEM_HEADERS.index(column)
    grid = shown.locator("#items [role=gridcell]")
    return [text.strip() for text in grid.all_inner_texts()][number :: len(page.ITEM_HEADERS)]


def test_the_example_can_be_scored(look: Look, url: str, tmp_path: Path) -> None:
    shown = look(url)
    expect(shown.locator("#results")).to_be_hidden()
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("1 row has no prediction and counts as wrong")
    assert rate(shown, "tool accuracy") == "58.3"
    assert rate(shown, "call accuracy") == "41.7"
    with shown.expect_download() as download:
        shown.locator("#download").click()
    download.value.save_as(tmp_path / "downloaded.json")
    assert download.value.suggested_filename == "petoolbench.json"
    content = json.loads((tmp_path / "downloaded.json").read_bytes())
    assert [item["error_class"] for item in content["items"]] == CLASSES


def test_predictions_are_filtered_by_error_class(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("tides-1")
    shown.locator("#class input").click()
    shown.get_by_role("option", name="invalid format (2)").click()
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("recipes-3")
    assert cells(shown, "error class") == ["invalid format"] * 2
    assert cells(shown, "reason") == ["no json object", "missing"]


def test_the_selected_scorer_is_used(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("default scorer")
    shown.get_by_role("radio", name="legacy").check()
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("legacy scorer")
    assert rate(shown, "tool accuracy") == LEGACY_TOOL


def test_problems_are_listed_until_they_are_fixed(look: Look, url: str) -> None:
    shown = look(url)
    press_score(shown)
    expect(shown.locator("#results")).to_be_visible()
    box = shown.locator("#predictions .cm-content")
    box.fill('{"instance_id": "nobody", "prediction": "x"}\n<b>no</b>')
    press_score(shown)
    expect(shown.locator("#problems textarea")).to_have_value(
        "predictions, line 1: no reference row has the instance_id 'nobody'.\n"
        "predictions, line 2: not valid JSON (Expecting value at character 1)."
    )
    expect(shown.locator("#results")).to_be_hidden()
    box.fill(json.dumps(prediction(text="?")))
    press_score(shown)
    expect(shown.locator("#summary")).to_contain_text("11 rows have no prediction")
    expect(shown.locator("#problems")).to_be_hidden()


def test_user_text_is_escaped_and_files_replace_the_text_boxes(look: Look, url: str) -> None:
    shown = look(url)
    bad = "<img src=x onerror=\"document.title='broken'\">"
    files = {"rows": lines(row(instance_id=bad)), "predictions": lines(prediction(bad, f"**{bad}**"))}
    for name, content in files.items():
        chooser = shown.locator(f"#{name}-file input[type=file]")
        chooser.set_input_files({"name": f"{name}.jsonl", "mimeType": "application/jsonl", "buffer": content})
        expect(shown.locator(f"#{name}-file")).to_contain_text(".jsonl")
    press_score(shown)
    expect(shown.locator("#items [role=gridcell]").first).to_contain_text("<img")
    assert cells(shown, "instance") == [bad]
    assert cells(shown, "prediction") == [f"**{bad}**"]
    assert shown.title() == "PEToolBench metric"


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_the_window_and_is_legible(look: Look, url: str, *, dark: bool) -> None:
    shown = look(url, dark=dark, width=390)
    press_score(shown)
    expect(shown.locator("#classes table")).to_be_visible()
    for width in (390, 1280):
        shown.set_viewport_size({"width": width, "height": 900})
        assert shown.evaluate("document.documentElement.scrollWidth") == width
        for selector in ("#figures", "#classes"):
            box = shown.locator(f"{selector} table").bounding_box()
            assert box
            assert 0 <= box["x"] < box["x"] + box["width"] <= width
    colour = shown.locator("#figures tbody th").first.evaluate("element => getComputedStyle(element).color")
    light = sum(map(float, re.findall(r"[\d.]+", colour)[:3])) > 382
    assert light is dark
