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
    ("content", "problem"),
    [
        pytest.param("not json\n", "not JSON", id="not JSON"),
        pytest.param(line()[:80], "cut off", id="half a line at the end"),
        pytest.param('{"a": 1}\n', "category, tool_name", id="wrong keys"),
        pytest.param("[[1]]\n", "a JSON int", id="not an object"),
        pytest.param(line(required_parameters=["city"]), "has no name", id="parameter is a string"),
        pytest.param(line(required_parameters=5), "required_parameters is a int", id="no list"),
        pytest.param(line(tool_name=None), "tool_name is a NoneType", id="no name"),
        pytest.param("[" * 100_000 + "\n", "nested too deep", id="deep"),
        pytest.param("1" * 5_000 + "\n", "not JSON", id="a number of 5,000 digits"),
        pytest.param(b"\xff\xfe\x00", "not UTF-8", id="binary"),
        pytest.param(b"\x00", "not JSON", id="NUL"),
    ],
)
def test_a_malformed_line_is_skipped_counted_and_named(tmp_path: Path, content: str | bytes, problem: str) -> None:
    bad = content.encode() if isinstance(content, str) else content
    source = ToolBenchSource(write(tmp_path / "tools.jsonl", GOOD.encode() + b"\r\n" + bad))
    assert [raw.operation for raw in source.read()] == ["Current weather"]
    assert sum(source.skipped.values()) == 1
    (notice,) = source.skipped.notices()
    assert "(1): tools.jsonl: line 3" in notice
    assert problem in notice


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("\n\n", "empty", id="only line breaks"),
        pytest.param(line()[:80], "not JSON", id="half a line"),
        pytest.param('{"a": 1}\n{"b": 2}', "none of its 2 entries is a tool; line 1: the keys category", id="others"),
        pytest.param(gzip.compress(GOOD.encode())[:-9], "cannot be read", id="cut gzip"),
    ],
)
def test_the_error_for_a_file_without_an_operation_names_the_first_problem(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    path = write(tmp_path / "tools.jsonl", content)
    with pytest.raises(CatalogueError) as caught:
        list(ToolBenchSource(path).read())
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert problem in message
    assert "Expected one JSON object per line" in message


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
    write(tmp_path / "Weather" / "bad.json", content)
    with pytest.raises(CatalogueError, match=f"Weather/bad.json: .*{problem}"):
        list(ToolBenchSource(tmp_path).read())
    operations = [
        {"name": "now", "required_parameters": [], "optional_parameters": []},
        {"name": "later", "required_parameters": 5},
    ]
    write(tmp_path / "Weather" / "good.json", json.dumps({"tool_name": "a", "api_list": operations}))
    source = ToolBenchSource(tmp_path)
    assert [raw.operation for raw in source.read()] == ["now"]
    assert sum(source.skipped.values()) == 2


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
