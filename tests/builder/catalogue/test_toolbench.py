"""Tests of reading ToolBench catalogues, and of the errors for malformed files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from builder.catalogue.toolbench import ToolBenchSource
from builder.errors import CatalogueError
from tests.factories import line


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_line_form_yields_each_operation(tmp_path: Path) -> None:
    path = write(tmp_path / "tools.jsonl", line() + "\n" + line(api_name="Forecast", score=None) + "\n")
    first, second = ToolBenchSource(path).read()
    assert (first.category, first.provider, first.operation) == ("Weather", "Cloudly", "Current weather")
    assert first.parameters[0].name == "city"
    assert first.parameters[0].required
    assert first.facts.latency_ms == 590
    assert second.operation == "Forecast"
    assert second.facts.latency_ms is None


def test_gzip_and_a_last_line_without_newline_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "tools.jsonl.gz", gzip.compress((line() + "\n" + line()).encode()))
    assert len(list(ToolBenchSource(path).read())) == 2


def test_a_description_cut_within_an_emoji_can_be_encoded(tmp_path: Path) -> None:
    whole, cut = json.dumps("wind \N{WIND BLOWING FACE}"), '"wind \\ud83c"'
    path = write(tmp_path / "tools.jsonl", line(api_description="HERE").replace('"HERE"', whole) + "\n"
                 + line(api_description="HERE").replace('"HERE"', cut))  # fmt: skip
    first, second = ToolBenchSource(path).read()
    assert first.operation_description == "wind \N{WIND BLOWING FACE}"
    assert second.operation_description == "wind ?"


def test_null_parameter_lists_are_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "tools.jsonl", line(required_parameters=None, optional_parameters=None))
    assert next(iter(ToolBenchSource(path).read())).parameters == ()


def test_folder_form_yields_each_operation(tmp_path: Path) -> None:
    record = {
        "tool_name": "cloudly",
        "title": "Cloudly",
        "tool_description": "Weather",
        "pricing": "FREEMIUM",
        "score": {"avgLatency": 120},
        "api_list": [
            {"name": name, "description": "about", "required_parameters": [], "optional_parameters": []}
            for name in ("now", "later")
        ],
    }
    write(tmp_path / "Weather" / "cloudly.json", json.dumps(record))
    now, later = ToolBenchSource(tmp_path).read()
    assert (now.category, now.provider, now.operation) == ("Weather", "Cloudly", "now")
    assert later.operation == "later"
    assert now.facts.pricing == "freemium"
    assert now.facts.latency_ms == 120


GOOD = line() + "\n"


@pytest.mark.parametrize(
    ("content", "location", "problem"),
    [
        pytest.param(GOOD + "not json\n", ", line 2:", "not JSON", id="not JSON"),
        pytest.param(GOOD + line()[:80], ", line 2:", "the last line is cut off", id="half a line at the end"),
        pytest.param(GOOD + '{"a": 1}\n', ", line 2:", "category, tool_name", id="wrong keys"),
        pytest.param(GOOD + "[1, 2]\n", ", line 2:", "a JSON list", id="not an object"),
        pytest.param(GOOD + line(required_parameters=["city"]), ", line 2:", "has no name", id="parameter is a string"),
        pytest.param(GOOD + line(required_parameters=5), ", line 2:", "required_parameters is a int", id="no list"),
        pytest.param(GOOD + line(tool_name=None), ", line 2:", "tool_name is a NoneType", id="no name"),
        pytest.param(GOOD + "[" * 100_000 + "\n", ", line 2:", "nested too deep", id="deep"),
        pytest.param(GOOD + "1" * 5_000 + "\n", ", line 2:", "not JSON", id="a number of 5,000 digits"),
        pytest.param("", ":", "empty", id="empty"),
        pytest.param("\n\n", ":", "empty", id="only line breaks"),
        pytest.param(GOOD.encode() + b"\xff\xfe\x00", ", line 2:", "binary", id="binary"),
        pytest.param(GOOD.encode() + b"\x00", ", line 2:", "binary", id="NUL"),
        pytest.param(gzip.compress(GOOD.encode())[:-9], ":", "cannot be read", id="cut gzip"),
    ],
)
def test_the_error_for_a_malformed_file_names_file_and_line(
    tmp_path: Path, content: str | bytes, location: str, problem: str
) -> None:
    path = write(tmp_path / "tools.jsonl", content)
    with pytest.raises(CatalogueError) as caught:
        list(ToolBenchSource(path).read())
    message = str(caught.value)
    assert message.startswith(f"{path}{location}")
    assert problem in message
    assert "Expected " in message


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON list"),
        ("{}", "missing"),
        ('{"tool_name": "a", "api_list": {}}', "api_list is a dict"),
    ],
)
def test_the_error_for_a_malformed_tool_file_names_the_file(tmp_path: Path, content: str, problem: str) -> None:
    path = write(tmp_path / "Weather" / "bad.json", content)
    with pytest.raises(CatalogueError, match=problem) as caught:
        list(ToolBenchSource(tmp_path).read())
    assert str(path) in str(caught.value)


def test_an_empty_folder_and_a_missing_path_raise_errors(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="contains no tool"):
        list(ToolBenchSource(tmp_path).read())
    with pytest.raises(CatalogueError, match="no such file"):
        ToolBenchSource(tmp_path / "nowhere")


def test_the_identity_depends_on_the_content_but_not_on_the_path(tmp_path: Path) -> None:
    first, copy = write(tmp_path / "a.jsonl", GOOD), write(tmp_path / "b" / "c.jsonl", GOOD)
    assert ToolBenchSource(first).identity == ToolBenchSource(copy).identity
    assert ToolBenchSource(write(tmp_path / "d.jsonl", GOOD + GOOD)).identity != ToolBenchSource(first).identity


def test_a_service_with_zero_latency_was_never_measured(tmp_path: Path) -> None:
    zeros = {"avgServiceLevel": 0, "avgLatency": 0, "avgSuccessRate": 0, "popularityScore": 4.1}
    facts = next(iter(ToolBenchSource(write(tmp_path / "tools.jsonl", line(score=zeros))).read())).facts
    assert (facts.latency_ms, facts.success_rate, facts.service_level) == (None, None, None)
    assert facts.popularity == 4.1


def test_the_identity_of_a_folder_depends_on_its_categories(tmp_path: Path) -> None:
    record = json.dumps({"tool_name": "a", "api_list": []})
    for root, category in (("one", "Weather"), ("other", "Finance")):
        write(tmp_path / root / category / "a.json", record)
    assert ToolBenchSource(tmp_path / "one").identity != ToolBenchSource(tmp_path / "other").identity
