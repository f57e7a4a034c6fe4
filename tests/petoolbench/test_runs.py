"""Run files: written line by line, gone on with after any end, and refused where they are of something else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import DataError, OutputError
from hf_dataset.manifest import FileRecord, Manifest
from metrics.petoolbench.errors import PredictionsError
from petoolbench.run_files import open_run, read_run, write_run
from petoolbench.runs import Header, Line, check_made_for

HEADER = Header(
    version="0.1.0", build_id="b", data_sha256="d" * 64, config="chronological", split="validation", model="test-model"
)
MANIFEST = Manifest(
    build_id="b",
    builder="0.1.0",
    catalog="builtin",
    rows={},
    tokenizer="none",
    files={"chronological/validation.parquet": FileRecord(1, "d" * 64)},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    lines = [Line("a", "x\u2028y\x85z\r"), Line("b", "", error="status_500"), Line("c", "日", None, 5, 7, 2)]
    assert write_run(tmp_path / "run.jsonl", HEADER, lines) == 3
    run = read_run(tmp_path / "run.jsonl")
    assert run.header == HEADER
    assert list(run.lines.values()) == lines
    assert run.predictions == {"a": "x\u2028y\x85z\r", "b": "", "c": "日"}
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]
    first = json.loads((tmp_path / "run.jsonl").read_text().partition("\n")[0])
    assert first["petoolbench"]["model"] == "test-model"
    assert json.loads((tmp_path / "run.jsonl").read_text().splitlines()[-2]) == {
        "instance_id": "b", "prediction": "", "error": "status_500",
    }  # fmt: skip


def test_a_plain_file_of_others_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl").write_text('{"instance_id": "a", "prediction": "x", "comment": 1}\r\n')
    run = read_run(tmp_path / "plain.jsonl")
    assert (run.header, run.lines) == (None, {"a": Line("a", "x")})
    check_made_for(run, tmp_path, "chronological", "validation", MANIFEST)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("not json", "line 1: not JSON"),
        ('{"instance_id": "a", "prediction": "x"}\n[]', "line 2: a JSON list"),
        ('{"instance_id": "a"}', "line 1: 'prediction' is missing"),
        ('{"instance_id": "a", "prediction": null}', "line 1: 'prediction' is missing or no text"),
        ('{"instance_id": "a", "prediction": "", "input_tokens": "7"}', "line 1: 'input_tokens' is of the wrong type"),
        ('{"petoolbench": {"format": 99}}', "line 1: a header of another version"),
        ('{"petoolbench": 3}', "line 1: a header of another version"),
        ('{"instance_id": "a", "prediction": "x"}\n\n{"instance_id": "b", "prediction": "x"}', "line 2: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.jsonl").write_text(text)
    with pytest.raises(DataError, match=said):
        read_run(tmp_path / "run.jsonl")


def test_an_id_stands_once(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text('{"instance_id": "a", "prediction": "x"}\n' * 2)
    with pytest.raises(PredictionsError, match="a"):
        read_run(tmp_path / "run.jsonl")


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_run(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    with pytest.raises(DataError, match="no UTF-8 text"):
        read_run(tmp_path / "latin.jsonl")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (replace(HEADER, config="preferred_only"), "answers the config 'preferred_only'"),
        (replace(HEADER, split="train"), "split 'train'"),
        (replace(HEADER, data_sha256="e" * 64, build_id="c"), "made on another data set .build 'c'. .* predict again"),
    ],
)
def test_a_run_of_other_instances_is_refused(tmp_path: Path, header: Header, said: str) -> None:
    write_run(tmp_path / "run.jsonl", header, [Line("a", "x")])
    with pytest.raises(DataError, match=said):
        check_made_for(read_run(tmp_path / "run.jsonl"), tmp_path, "chronological", "validation", MANIFEST)


@pytest.mark.parametrize(
    "broken", [b"", b'{"instance_id": "c", "pre', '{"instance_id": "c", "prediction": "日'.encode()[:-1]]
)
def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "run.jsonl"
    with open_run(path, HEADER) as run:
        run.add(Line("b", "2"))
        run.add(Line("a", "", error="status_500"))
        assert len(path.read_bytes().splitlines()) == 3, "a line is in the file at once"
    with path.open("ab") as file:
        file.write(broken)
    with open_run(path, replace(HEADER, limit=5)) as run:
        assert list(run.done) == ["b", "a"]
        run.add(Line("c", "3"))
        run.finish(["a", "b", "c"])
    found = read_run(path)
    assert list(found.lines) == ["a", "b", "c"]
    assert found.header == replace(HEADER, limit=5)
    with open_run(path, HEADER, again=True) as run:
        assert list(run.done) == ["b", "c"], "what had no reply is asked once more"
    assert [one.name for one in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_header_cut_off_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_bytes(b"")
    with open_run(tmp_path / "run.jsonl", HEADER) as run:
        assert run.done == {}
        assert read_run(tmp_path / "run.jsonl").header == HEADER
    assert not list(tmp_path.iterdir()), "a run of which nothing came leaves nothing"


def test_a_header_without_lines_stands_in_nobodys_way(tmp_path: Path) -> None:
    write_run(tmp_path / "run.jsonl", replace(HEADER, model="other"), [])
    with open_run(tmp_path / "run.jsonl", HEADER) as run:
        run.add(Line("a", "x"))
    assert read_run(tmp_path / "run.jsonl").header == HEADER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a poem", "is no run that could go on"),
        ('{"instance_id": "a", "prediction": "x"}\n', "does not tell what it was made with"),
    ],
)
def test_other_files_are_not_written_over(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=said), open_run(path, HEADER):
        pass
    assert path.read_text() == text


def test_a_run_made_with_something_else_does_not_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write_run(path, replace(HEADER, sampling={"temperature": 0.5}, history="none"), [Line("a", "x")])
    before = path.read_bytes()
    with (
        pytest.raises(DataError, match=r"made with history 'none', not 'own'; sampling \{'temperature': 0.5\}, not"),
        open_run(path, HEADER),
    ):
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


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), open_run(tmp_path / "file" / "run.jsonl", HEADER):
        pass
