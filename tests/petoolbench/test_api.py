"""Tests of the package as a whole: its names, its import, the examples of its docstrings, and the quickstart."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import petoolbench as pb
from metrics.study_files import StudyAnswer, append_answer
from petoolbench.building import BuiltDataSet
from tests.conftest import Built
from tests.fakes.openai import predict_script
from tests.fakes.openai.server import LlmServer

from .models import first_candidate, last_candidate

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "docs" / "quickstart.md"
FUNCTIONS = (
    *(
        "audit",
        "build",
        "compare",
        "deal_reading",
        "export",
        "load",
        "new_study",
        "parse",
        "predict",
        "prompt",
        "read_run",
        "report",
    ),
    *("score", "score_reading", "sessions", "study_report", "verify"),
)
CLASSES = (
    *("AuditResult", "BuiltDataSet", "Catalogue", "ExportOptions", "InstanceSet", "MemoryAnswer", "MemorySystem"),
    *("NewStudy", "ParseFailure", "Prompt", "Question", "ReadingDeal", "Session"),
    *("ReadingScores", "Run", "RunComparison", "RunResources", "RunSettings", "ScoreTable", "StudyReport", "ToolCall"),
    *("Verification", "WrittenReport"),
)
ERRORS = (
    *("AuditError", "BudgetError", "BuildError", "CatalogueError", "ConfigError", "DataError", "HubError", "LlmError"),
    *("MetricError", "MissingExtraError", "OutputError", "PEToolBenchError", "PredictionsError", "ReadError"),
    *("ReferencesError", "StudyError"),
)
HEAVY = ("builder", "datasets", "evaluate", "numpy", "pandas", "pyarrow", "pydantic")


def in_new_process(code: str, *arguments: str) -> str:
    """Return the output of Python code."""
    command = [sys.executable, *arguments, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_package_exports_the_documented_names() -> None:
    assert sorted(pb.__all__) == dir(pb) == sorted((*FUNCTIONS, *CLASSES, *ERRORS, "__version__"))
    for name in FUNCTIONS:
        assert inspect.isfunction(getattr(pb, name))
    for name in CLASSES:
        assert inspect.isclass(getattr(pb, name))
    assert re.match(r"\d+\.\d+", pb.__version__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'petoolbench' has no attribute 'scores'"):
        pb.scores  # noqa: B018  (the access is the test)


def test_import_loads_no_other_library() -> None:
    assert (
        in_new_process(f"import sys, petoolbench; print([name for name in {HEAVY} if name in sys.modules])") == "[]\n"
    )


def test_star_import_gives_every_name() -> None:
    assert in_new_process("from petoolbench import *; print(callable(score), callable(report))") == "True True\n"


@pytest.mark.parametrize("first", ["pb.compare", "pb.score", "import petoolbench.run_report"])
def test_report_is_the_function_whatever_was_imported_before(first: str) -> None:
    code = f"import petoolbench as pb\n{first}\nfrom petoolbench import report\nprint(pb.report is report, callable(report))"
    assert in_new_process(code) == "True True\n"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_error_in_a_docstring_is_public(name: str) -> None:
    raised = re.findall(r"^    (\w+Error): ", inspect.getdoc(getattr(pb, name)) or "", re.MULTILINE)
    assert all(issubclass(getattr(pb, error), pb.PEToolBenchError) for error in raised)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_docstring_in_google_style(name: str) -> None:
    text = inspect.getdoc(getattr(pb, name)) or ""
    first = text.splitlines()[0]
    assert first.endswith(".")
    sections = re.findall(r"^(Args|Returns|Raises|Example):$", text, re.MULTILINE)
    assert sections[0] == "Args"
    assert sections[-1] == "Example"
    documented = text.partition("Args:")[2]
    for parameter in inspect.signature(getattr(pb, name)).parameters:
        assert re.search(rf"^    {parameter}: ", documented, re.MULTILINE), f"{parameter} is not documented"


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_has_a_docstring(name: str) -> None:
    assert (inspect.getdoc(getattr(pb, name)) or "").partition("\n")[0].endswith(".")


@pytest.fixture
def demo(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working directory with the small build as `out/demo`."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "demo").symlink_to(built.data)
    (tmp_path / "out" / "demo-private").symlink_to(built.answers)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    """Endpoint that the client library uses by default."""
    with LlmServer(predict_script.reply, models=("gpt-4o-mini",)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        yield server


def namespace(built: Built, data: pb.InstanceSet) -> dict[str, Any]:
    """Return the names that the examples use."""

    def build(*arguments: Any, **options: Any) -> BuiltDataSet:
        """Check the arguments of a build, and return the one that exists: a build takes too long for an example."""
        bound = inspect.signature(pb.build).bind(*arguments, **options)
        return BuiltDataSet(Path(bound.arguments["out"]), built.answers, built.report.manifest)

    return {
        **{name: getattr(pb, name) for name in pb.__all__},
        "build": build,
        "data": data,
        "my_model": first_candidate,
        "my_function": first_candidate,
        "run_a": pb.predict(data, first_candidate, out="run.jsonl"),
        "run_b": pb.predict(data, last_candidate),
    }


def fill_in_a_form() -> None:
    """Deal a row of the build and fill in its form with the first candidate."""
    pb.deal_reading("out/study", "out/demo", config="chronological", rows=1)
    (row,) = json.loads(Path("out/study.key.json").read_text(encoding="utf-8"))["rows"].values()
    (instance,) = pb.load("out/demo", "chronological", "test").select([row["instance_id"]])
    values = {"answer": instance.candidates[0].name, "arguments": "{}", "confidence": 10}
    form = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    Path("out/study/forms/001.toml").write_text(form, encoding="utf-8")


def answer_a_study() -> None:
    """Deal rows of the build to people, and answer one of them with its first candidate."""
    reader = pb.new_study("out/people", "out/demo", rows=2, readers=3).study.readers[0]
    row = reader.rows[0]
    append_answer(Path("out/people"), reader, StudyAnswer(row.instance_id, row.config, row.tools[0], 10, "no", "", 9.0))


@pytest.mark.usefixtures("demo", "endpoint")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_each_docstring_runs(name: str, built: Built, chronological: pb.InstanceSet) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(pb, name)) or "")
    assert examples
    names = namespace(built, chronological)
    if name == "score_reading":
        fill_in_a_form()
    if name == "study_report":
        answer_a_study()
    for example in examples:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(example.source, name, "single"), names)  # noqa: S102  (our own docstrings)
        if example.want:
            assert output.getvalue() == example.want


def quickstart_script() -> str:
    """Return the Python code of the quickstart."""
    (script,) = re.findall(r"^```python\n(.*?)^```$", QUICKSTART.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert isinstance(script, str)
    return script


def test_the_quickstart_is_short_and_its_links_work() -> None:
    text = QUICKSTART.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert len(quickstart_script().splitlines()) <= 15
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (QUICKSTART.parent / target).exists(), target


def test_the_quickstart_script_prints_its_scores(demo: Path) -> None:
    (demo / "quickstart.py").write_text(quickstart_script(), encoding="utf-8")
    environment = {**os.environ, "HF_HOME": str(demo / "hf"), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "quickstart.py"], cwd=demo, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "function:my_model, % of the given rows"
    headings = [part for part in re.split(r"\s{2,}", lines[2].strip()) if part]
    assert headings[:2] == ["config", "tool"]
    assert "tool, 95 % interval" in headings
    row = dict(zip(headings, re.split(r"\s{2,}", lines[4].strip()), strict=True))
    assert row["config"] == "chronological"
    assert (row["rows"], row["missing"], row["format"]) == ("36", "0", "100.0")
    low, high = map(float, row["tool, 95 % interval"].split(" to "))
    assert low <= float(row["tool"]) <= high
    frame = done.stdout.partition("tool_accuracy_low")[2].split()
    assert 100 * float(frame[-3]) == pytest.approx(float(row["tool"]), abs=0.05)


def test_the_quickstart_names_the_build_that_its_script_reads() -> None:
    text = QUICKSTART.read_text(encoding="utf-8")
    (command,) = re.findall(r"^petoolbench build .*$", text, re.MULTILINE)
    folder = command.split("-o ")[1]
    assert f'load_dataset("{folder}"' in quickstart_script()
