"""Run files: written line by line, resumed after an interruption, and refused for other instances or settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import DataError, OutputError
from hf_dataset.manifest import FileRecord, Manifest
from metrics.petoolbench.errors import PredictionsError
from petoolbench.run_files import open_run, read_run, write_run
from petoolbench.run_settings import RunSettings
from petoolbench.runs import Header, Line, check_made_for

from .run_files import changed

HEADER = Header(
    settings=RunSettings(model="test-model", base_url="http://host/v1", config="chronological", split="validation"),
    version="0.1.0",
    build_id="b",
    data_revision="r" * 12,
    data_sha256="d" * 64,
)
MANIFEST = Manifest(
    build_id="b",
    builder="0.1.0",
    catalog="builtin",
    rows={},
    tokenizer="none",
    files={"chronological/validation.parquet": FileRecord(1, "d" * 64)},
)


def test_written_runs_are_read_unchanged(tmp_path: Path) -> None:
    lines = [Line("a", "x\u2028y\x85z\r"), Line("b", "", error="status_500"), Line("c", "日", None, 5, 7, 2)]
    assert write_run(tmp_path / "run.jsonl", HEADER, lines) == 3
    run = read_run(tmp_path / "run.jsonl")
    assert run.header == HEADER
    assert list(run.lines.values()) == lines
    assert run.predictions == {"a": "x\u2028y\x85z\r", "b": "", "c": "日"}
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]
    first = json.loads((tmp_path / "run.jsonl").read_text().partition("\n")[0])
    assert first["petoolbench"]["format"] == 2
    assert first["petoolbench"]["settings"]["model"] == "test-model"
    assert json.loads((tmp_path / "run.jsonl").read_text().splitlines()[-2]) == {
        "instance_id": "b", "prediction": "", "error": "status_500",
    }  # fmt: skip


def test_settings_of_every_type_are_read_unchanged(tmp_path: Path) -> None:
    header = changed(
        HEADER,
        body={"top_p": 0.9, "stop": ["a"], "max_tokens": None},
        ids=("x", "y"),
        limit=3,
        overlong="skip",
        context=9_000,
        shuffle_seed=4,
        prompt_version="p",
    )
    write_run(tmp_path / "run.jsonl", header, [])
    assert read_run(tmp_path / "run.jsonl").header == header


def test_a_predictions_file_of_another_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl").write_text('{"instance_id": "a", "prediction": "x", "comment": 1}\r\n')
    run = read_run(tmp_path / "plain.jsonl")
    assert (run.header, run.lines) == (None, {"a": Line("a", "x")})
    check_made_for(run, str(tmp_path), "chronological", "validation", MANIFEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("not json", "line 1: not JSON"),
        ('{"instance_id": "a", "prediction": "x"}\n[]', "line 2: a JSON list"),
        ('{"instance_id": "a"}', "line 1: 'prediction' is missing"),
        ('{"instance_id": "a", "prediction": null}', "line 1: 'prediction' is missing or not text"),
        ('{"instance_id": "a", "prediction": "", "input_tokens": "7"}', "line 1: 'input_tokens' has the wrong type"),
        ('{"petoolbench": {"format": 1}}', "line 1: the header has another format; this version reads format 2"),
        ('{"petoolbench": 3}', "line 1: the header has another format; this version reads format 2"),
        ('{"petoolbench": {"format": 2}}', "line 1: the header is not valid: Field required"),
        ('{"instance_id": "a", "prediction": "x"}\n\n{"instance_id": "b", "prediction": "x"}', "line 2: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ('{"custom_id": 3, "response": null}', "line 1: 'custom_id' is not text"),
    ],
)
def test_a_malformed_file_is_reported_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.jsonl").write_text(text)
    with pytest.raises(DataError, match=message):
        read_run(tmp_path / "run.jsonl")


def test_settings_of_a_header_are_validated(tmp_path: Path) -> None:
    record = json.loads(HEADER.to_json())
    record["petoolbench"]["settings"]["history"] = "his"
    (tmp_path / "run.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(DataError, match="line 1: the header is not valid"):
        read_run(tmp_path / "run.jsonl")


def test_an_id_must_not_occur_twice(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text('{"instance_id": "a", "prediction": "x"}\n' * 2)
    with pytest.raises(PredictionsError, match="a"):
        read_run(tmp_path / "run.jsonl")


def test_files_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_run(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read_run(tmp_path / "latin.jsonl")


def batch_line(name: str, message: Any, usage: Any = None) -> str:
    """Return a line of the output file of a batch."""
    body = {"choices": [{"message": message}], "usage": usage}
    return json.dumps({"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}) + "\n"


def test_the_output_of_a_batch_is_read(tmp_path: Path) -> None:
    calls = [{"function": {"name": "sky", "arguments": '{"city": "Oslo"}'}}]
    failed = {"custom_id": "d", "response": None, "error": {"code": "expired", "message": "The batch expired."}}
    refused = {"custom_id": "e", "response": {"status_code": 400, "body": {"error": {"message": "Too long."}}}}
    (tmp_path / "output.jsonl").write_text(
        batch_line("a", {"content": "text"}, {"prompt_tokens": 7, "completion_tokens": 2})
        + batch_line("b", {"content": None, "tool_calls": calls})
        + batch_line("c", {"content": None}, {"prompt_tokens": "many"})
        + json.dumps(failed) + "\n" + json.dumps(refused) + "\n"
    )  # fmt: skip
    run = read_run(tmp_path / "output.jsonl")
    assert list(run.lines.values()) == [
        Line("a", "text", None, 7, 2),
        Line("b", '{"name": "sky", "arguments": {"city": "Oslo"}}'),
        Line("c", "", error="empty_reply: no text, call or reasoning"),
        Line("d", "", error="batch: The batch expired."),
        Line("e", "", error="batch: Too long."),
    ]
    assert run.native_calls == {"b"}


@pytest.mark.parametrize(
    "record",
    [
        {"response": "text"},
        {"response": {"body": {"choices": []}}},
        {"response": {"body": {"choices": [{"message": None}]}}},
        {"response": {"body": {"choices": [{"message": {"tool_calls": [7]}}]}}},
        {"response": {"body": {"choices": [{"message": {"tool_calls": [{"function": "sky"}]}}]}}},
    ],
)
def test_malformed_replies_of_a_batch_become_errors(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "output.jsonl").write_text(json.dumps({"custom_id": "a", **record}) + "\n")
    assert read_run(tmp_path / "output.jsonl").lines == {"a": Line("a", "", error="batch: no reply")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": "preferred_only"}, "answers the config 'preferred_only'"),
        ({"split": "train"}, "split 'train'"),
        ({"data_sha256": "e" * 64, "build_id": "c"}, "made on another data set .build 'c'. .* predict again"),
    ],
)
def test_a_run_of_other_instances_is_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    write_run(tmp_path / "run.jsonl", changed(HEADER, **changes), [Line("a", "x")])
    with pytest.raises(DataError, match=message):
        check_made_for(read_run(tmp_path / "run.jsonl"), str(tmp_path), "chronological", "validation", MANIFEST)


@pytest.mark.parametrize(
    "broken", [b"", b'{"instance_id": "c", "pre', '{"instance_id": "c", "prediction": "日'.encode()[:-1]]
)
def test_an_interrupted_run_resumes(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "run.jsonl"
    with open_run(path, HEADER) as run:
        run.add(Line("b", "2"))
        run.add(Line("a", "", error="status_500"))
        assert len(path.read_bytes().splitlines()) == 3, "each line is written immediately"
    with path.open("ab") as file:
        file.write(broken)
    with open_run(path, changed(HEADER, limit=5)) as run:
        assert [name for name, _ in run.done] == ["b", "a"]
        run.add(Line("c", "3"))
        run.finish(["a", "b", "c"])
    resumed = read_run(path)
    assert list(resumed.lines) == ["a", "b", "c"]
    assert resumed.header == changed(HEADER, limit=5)
    with open_run(path, changed(HEADER, ids=("a", "b")), retry_failed=True) as run:
        assert [name for name, _ in run.done] == ["b", "c"], "failed requests are sent again"
    assert [item.name for item in tmp_path.iterdir()] == ["run.jsonl"]


def test_an_empty_file_is_a_new_run(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_bytes(b"")
    with open_run(tmp_path / "run.jsonl", HEADER) as run:
        assert run.done == {}
        assert read_run(tmp_path / "run.jsonl").header == HEADER
    assert not list(tmp_path.iterdir()), "a run without replies leaves no file"


def test_a_run_without_replies_is_replaced(tmp_path: Path) -> None:
    write_run(tmp_path / "run.jsonl", changed(HEADER, model="other"), [])
    with open_run(tmp_path / "run.jsonl", HEADER) as run:
        run.add(Line("a", "x"))
    assert read_run(tmp_path / "run.jsonl").header == HEADER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a poem", "is not a run file"),
        ('{"instance_id": "a", "prediction": "x"}\n', "has no header, so the run cannot resume"),
    ],
)
def test_other_files_are_not_overwritten(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=message), open_run(path, HEADER):
        pass
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0.5, "history": "none"}, r"made with history 'none', not 'own'; temperature 0.5, not 0.0"),
        ({"body": {"top_p": 0.9}}, r"made with body \{'top_p': 0.9\}, not \{\}"),
        ({"data_sha256": "e" * 64}, "made with data_sha256 'e+', not 'd+'"),
        ({"prompt_version": "2"}, "made with prompt_version '2', not None"),
    ],
)
def test_a_run_with_other_settings_does_not_resume(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "run.jsonl"
    write_run(path, changed(HEADER, **changes), [Line("a", "x")])
    before = path.read_bytes()
    with pytest.raises(DataError, match=message), open_run(path, HEADER):
        pass
    assert path.read_bytes() == before


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with (
        open_run(path, HEADER),
        pytest.raises(OutputError, match="is being written by another process"),
        open_run(path, HEADER),
    ):
        pass
    with open_run(path, HEADER):
        pass


def test_a_path_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), open_run(tmp_path / "file" / "run.jsonl", HEADER):
        pass
