"""Reading studies: the draw of the rows, the forms, and the commands `reading deal` and `reading score`."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError, OutputError
from hf_dataset.errors import ReadError
from hf_dataset.layout import answers_file, split_file
from hf_dataset.manifest import read_manifest
from hf_dataset.prompting import config_of, messages_of
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES, AnswerKey, Instance, MetaRow, ToolRow, arrow_schema, to_dict
from petoolbench.reading_study.deal import axes_of
from petoolbench.reading_study.draw import draw
from petoolbench.reading_study.forms import ASPECTS, Form, empty_form, read_form
from tests.commands import run
from tests.conftest import Built
from tests.factories import listed_row

SAMPLE: Final = Path(__file__).parents[2] / "hf_dataset"
KINDS: Final = ("single", "joint", "limit", "trade")
GROUPS: Final = 12
AXES: Final = {"price": "lower price", "rate_limit": "higher rate limit"}


class Study(NamedTuple):
    """Folder of a data set whose test split has several query groups, and folder of its answers."""

    data: Path
    answers: Path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Copy of the sample whose test split is its validation split, repeated in 12 query groups."""
    folder = tmp_path_factory.mktemp("study") / "data"
    shutil.copytree(
        SAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "prompts", "dpo", "sft", "audit", "__pycache__")
    )
    private = folder.with_name("data-private")
    (private / "answers").mkdir(parents=True)
    for config in HISTORY_TYPES:
        rows = [
            replace(
                row,
                instance_id=f"{config}-68a9b8f9-test-u{group:03d}{place}",
                user_id=f"test-u{group:03d}{place}",
                query_group=f"test-q{group:03d}",
                meta=replace(row.meta or MetaRow(), kind=KINDS[group % 4], concerns=1 + group % 3),
            )
            for group in range(GROUPS)
            for place, row in enumerate(read_instances(SAMPLE, config, "validation"))
        ]
        write(folder / split_file(config, "test"), Instance, [public(row) for row in rows])
        write(private / answers_file(config), AnswerKey, [secret(row) for row in rows])
    tools = [to_dict(tool) for tool in read_tools(SAMPLE, "validation")]
    write(private / answers_file("tools"), ToolRow, tools)
    return Study(folder, private)


def write(path: Path, row: type, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=arrow_schema(row)), path)


def public(row: Instance) -> dict[str, Any]:
    return to_dict(replace(row, answer=None, evidence=[], meta=MetaRow()))


def secret(row: Instance) -> dict[str, Any]:
    return {name: to_dict(row)[name] for name in ("instance_id", "query_group", "answer", "evidence", "meta")}


def deal(study: Study, out: Path, *options: str | Path) -> str:
    done = run("reading", "deal", out, "--data", study.data, *options, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def key_of(out: Path) -> dict[str, Any]:
    key: dict[str, Any] = json.loads(out.with_name(f"{out.name}.key.json").read_text(encoding="utf-8"))
    return key


def dealt_rows(study: Study, out: Path) -> dict[str, Instance]:
    """Return the instances of a study by number, with their answers."""
    key = key_of(out)
    rows = pb.load(study.data, key["config"], key["split"], answers=study.answers)
    by_id = {row.instance_id: row for row in rows}
    return {number: by_id[row["instance_id"]] for number, row in key["rows"].items()}


def right_form(row: Instance, **changes: Any) -> dict[str, Any]:
    """Return the values of a form with the right answer."""
    assert row.answer is not None
    assert row.meta is not None
    axes = [part.axis for part in row.meta.wanted or ()]
    values = {"answer": row.answer.name, "arguments": row.answer.arguments, "confidence": 90, "goes_by": axes}
    return values | changes


def other_tool(row: Instance) -> str:
    assert row.answer is not None
    assert row.meta is not None
    return next(name for name in row.meta.same_function or () if name != row.answer.name)


def fill(path: Path, values: Mapping[str, Any]) -> None:
    """Write a form."""
    path.parent.mkdir(exist_ok=True)
    # JSON of texts, numbers and lists is TOML too.
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), encoding="utf-8")


def synthetic(groups: int, *configs: str) -> list[Instance]:
    """Return four instances of each query group and config: kinds and numbers of concerns by place."""
    generator = np.random.default_rng(3)
    rows = []
    for config in configs:
        for number in range(4 * groups):
            kind, concerns = str(generator.choice(KINDS, p=(0.55, 0.25, 0.15, 0.05))), int(generator.integers(1, 4))
            row = listed_row(config, number, query_group=f"group-{number // 4}")
            rows.append(replace(row, meta=replace(row.meta or MetaRow(), kind=kind, concerns=concerns)))
    return rows


def test_rows_are_drawn_evenly_from_different_query_groups() -> None:
    rows = synthetic(40, *HISTORY_TYPES)
    drawn = draw(rows, 24, np.random.default_rng(1))
    assert len({row.query_group for row in drawn}) == 24
    assert Counter(config_of(row.instance_id) for row in drawn) == dict.fromkeys(HISTORY_TYPES, 8)
    metas = [row.meta for row in drawn if row.meta is not None]
    assert Counter(meta.kind for meta in metas) == dict.fromkeys(KINDS, 6)
    assert Counter(meta.concerns for meta in metas) == {1: 8, 2: 8, 3: 8}
    assert set(Counter((meta.kind, meta.concerns) for meta in metas).values()) <= {1, 2, 3}
    assert draw(rows, 24, np.random.default_rng(1)) == drawn
    assert draw(rows, 24, np.random.default_rng(2)) != drawn


def test_the_order_of_drawn_rows_does_not_show_their_kind() -> None:
    rows = synthetic(40, "chronological")
    orders = {
        tuple(row.meta.kind for row in draw(rows, 8, np.random.default_rng(seed)) if row.meta) for seed in range(5)
    }
    assert len(orders) > 1


def test_unknown_kinds_leave_a_random_draw_and_too_many_rows_are_refused() -> None:
    rows = [replace(row, meta=None) for row in synthetic(5, "chronological", "preferred_only")]
    drawn = draw(rows, 5, np.random.default_rng(1))
    assert sorted(Counter(config_of(row.instance_id) for row in drawn).values()) == [2, 3]
    with pytest.raises(
        ConfigError, match=r"Invalid number of rows 6\. Allowed: 1 to 5, because at most one row of each"
    ):
        draw(rows, 6, np.random.default_rng(1))
    with pytest.raises(DataError, match="There are no rows to deal"):
        draw([], 1, np.random.default_rng(1))


def test_an_empty_form_is_unread_and_names_the_axes(tmp_path: Path) -> None:
    path = tmp_path / "001.toml"
    path.write_text(empty_form("001", AXES), encoding="utf-8")
    assert read_form(path, ["a"], AXES) is None
    text = path.read_text(encoding="utf-8")
    assert "prompts/001.txt" in text
    assert "\n#   price       lower price\n#   rate_limit  higher rate limit\ngoes_by = []\n" in text
    path.write_text(empty_form("001", {}), encoding="utf-8")
    assert read_form(path, ["a"], {}) is None


def test_a_form_is_filled_in_in_place(tmp_path: Path) -> None:
    text = empty_form("001", AXES)
    for name, value in (("answer", '"a"'), ("confidence", "70"), ("ambiguous", '"yes"'), ("other_tool", '"b"')):
        text = text.replace(f'\n{name} = ""', f"\n{name} = {value}")
    text = text.replace("arguments = '''\n\n'''", "arguments = '''\n{\"place\": \"O'Hare\"}\n'''")
    text = text.replace("jarred = '''\n\n'''", "jarred = '''\nIt's 5\\m \"odd\".\n'''")
    text = text.replace("goes_by = []", 'goes_by = ["lower price", "Rate_Limit", "price"]')
    text = text.replace('realism.names = ""', "realism.names = 4").replace(
        'realism.history = ""', 'realism.history = "2"'
    )
    path = tmp_path / "001.toml"
    path.write_text(text, encoding="utf-8")
    expected = Form(
        "a", {"place": "O'Hare"}, 70.0, "", ("price", "rate_limit"), "yes", "b", {"names": 4, "history": 2},
        "It's 5\\m \"odd\".",
    )  # fmt: skip
    assert read_form(path, ["a", "b"], AXES) == expected


def test_the_form_of_the_guide_is_valid(tmp_path: Path) -> None:
    guide = (SAMPLE.parent / "docs" / "guides" / "careful-readers.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    path = tmp_path / "001.toml"
    path.write_text(text, encoding="utf-8")
    form = read_form(path, re.findall(r'"(\w+__\w+)"', text), AXES)
    assert isinstance(form, Form)
    assert (form.goes_by, form.ambiguous, set(form.realism)) == (("price",), "slightly", set(ASPECTS))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answer": "c"}, "answer: 'c' is not one of them. Allowed: a, b."),
        ({"answer": ""}, "answer: it is empty, but other fields are filled in. Allowed: a, b."),
        ({"arguments": ""}, "arguments: it is empty, but other fields are filled in. Allowed: a JSON object as text"),
        (
            {"confidence": ""},
            "confidence: it is empty, but other fields are filled in. Allowed: a number from 0 to 100.",
        ),
        ({"arguments": "{"}, "arguments: '{' is not JSON"),
        ({"arguments": "[]"}, "arguments: '[]' is not a JSON object. Allowed: a JSON object as text, such as"),
        ({"arguments": 3}, "arguments: 3 is not text"),
        ({"confidence": 101}, "confidence: 101 is not such a number. Allowed: a number from 0 to 100."),
        ({"confidence": "high"}, "confidence: 'high' is not such a number"),
        ({"confidence": "nan"}, "confidence: 'nan' is not such a number"),
        ({"confidence": True}, "confidence: True is not such a number"),
        ({"reason": ["x"]}, "reason: ['x'] is not text. Allowed: text in quotation marks."),
        ({"goes_by": ["speed"]}, "goes_by: 'speed' is not one of them. Allowed: a list of price, rate_limit."),
        ({"goes_by": "price"}, "goes_by: 'price' is not a list"),
        ({"ambiguous": "maybe"}, "ambiguous: 'maybe' is not one of them. Allowed: no, slightly, yes."),
        ({"ambiguous": "yes", "other_tool": "c"}, "other_tool: 'c' is not one of them. Allowed: a, b."),
        ({"ambiguous": "yes", "other_tool": "a"}, "other_tool: 'a' is the answer itself."),
        ({"realism.names": 6}, "realism: 6 is not such a number. Allowed: a number from 1 to 5."),
        ({"realism.names": 1.5}, "realism: 1.5 for names is not a whole number. Allowed: 1, 2, 3, 4 or 5."),
        ({"realism.style": 1}, "realism: 'style' is not rated. Allowed: realism.documentation, realism.history"),
        ({"realism": 3}, "realism: 3 is not a table. Allowed: realism.documentation"),
        ({"tool": "a"}, "tool: it is not a field. Allowed: answer, arguments, confidence"),
    ],
)
def test_malformed_fields_are_named_with_what_is_allowed(
    changes: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "001.toml"
    fill(path, {"answer": "a", "arguments": "{}", "confidence": 50} | changes)
    found = read_form(path, ["b", "a"], AXES)
    assert isinstance(found, list)
    (problem,) = found
    assert str(problem).startswith(f"{path}: {expected}")


def test_the_sample_is_dealt_and_scored(tmp_path: Path) -> None:
    options = ("--data", SAMPLE, "--config", "chronological", "--split", "validation", "--rows", "1")
    done = run("reading", "deal", "s", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "config: chronological" in done.stdout
    assert "Give the readers 's'." in done.stdout
    out = tmp_path / "s"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        *("forms/001.toml", "instructions.md", "prompts/001.txt"),
    ]
    manifest, key = read_manifest(SAMPLE), key_of(out)
    assert (key["build_id"], key["data_revision"], key["split"]) == (
        *(manifest.build_id, manifest.data_revision, "validation"),
    )
    (row,) = pb.load(SAMPLE, "chronological").select([key["rows"]["001"]["instance_id"]])
    system, user = (message["content"] for message in messages_of(row))
    assert (out / "prompts" / "001.txt").read_text(encoding="utf-8") == f"# System\n\n{system}\n\n# User\n\n{user}\n"
    fill(out / "forms" / "001.toml", right_form(row))
    done = run("reading", "score", "s", "--data", SAMPLE, "--json", "scores.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  all +100\.0 +100\.0 to 100\.0 +100\.0 +100\.0 to 100\.0 +1 +1$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith("No row was missed or flagged.\n")
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert scores == pb.score_reading(out, SAMPLE).to_dict()
    assert scores["data"]["data_revision"] == manifest.data_revision


def test_nothing_for_the_readers_gives_an_answer_away(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "s"
    deal(study, out, "--config", "all", "--rows", "12", "--answers", study.answers)
    texts = {path.relative_to(out): path.read_text(encoding="utf-8") for path in out.rglob("*.*")}
    assert len(texts) == 25
    for row in dealt_rows(study, out).values():
        for hidden in (row.instance_id, row.query_group, row.user_id):
            assert not [path for path, text in texts.items() if hidden in text]
    forms = [re.sub(r"\d{3}", "", text) for path, text in texts.items() if path.parent.name == "forms"]
    assert len(set(forms)) == 1
    assert "test-" not in "".join(texts.values())


def test_the_test_split_is_dealt_evenly_with_its_answers(study: Study, tmp_path: Path) -> None:
    printed = deal(study, tmp_path / "even", "--config", "all", "--rows", "12", "--answers", study.answers)
    assert re.findall(r"(\w+: \w+) +(\d+)$", printed, re.MULTILINE) == [
        *((f"config: {config}", "4") for config in HISTORY_TYPES),
        *((f"kind: {kind}", "3") for kind in sorted(KINDS)),
        *((f"concerns: {number}", "4") for number in (1, 2, 3)),
    ]
    assert "were not dealt evenly" not in printed
    printed = deal(study, tmp_path / "blind", "--config", "all", "--rows", "6", "--seed", "4")
    assert "kind: " not in printed
    assert "not known without --answers, so they were not dealt evenly" in printed
    again = pb.deal_reading(tmp_path / "again", study.data, config="all", rows=6, seed=4)
    assert key_of(tmp_path / "again") == key_of(tmp_path / "blind")
    assert again.counts == {"config": dict.fromkeys(HISTORY_TYPES, 2)}


def test_existing_folders_and_keys_are_not_overwritten(study: Study, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        pb.deal_reading(tmp_path / "s", study.data, config="all", rows=2)
    assert not (tmp_path / "s.key.json").exists()
    (tmp_path / "t.key.json").write_text("{}")
    with pytest.raises(OutputError, match=r"t\.key\.json' exists already\. Name another folder, or remove the key"):
        pb.deal_reading(tmp_path / "t", study.data, config="all", rows=2)
    assert (tmp_path / "t.key.json").read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "t.key.json"]


def test_wrong_options_of_a_deal_are_refused(study: Study, tmp_path: Path) -> None:
    for options, message in (
        ({"config": "none"}, "Invalid value 'none' for config"),
        ({"config": "all", "split": "dev"}, "Invalid value 'dev' for split"),
        ({"config": "all", "rows": 13}, "Invalid number of rows 13. Allowed: 1 to 12"),
        ({"config": "all", "rows": 0}, "Invalid number of rows 0"),
        ({"config": "all", "seed": -1}, "Invalid seed -1"),
    ):
        wrong: Any = options
        with pytest.raises(ConfigError, match=message):
            pb.deal_reading(tmp_path / "s", study.data, **wrong)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def dealt(study: Study, tmp_path: Path) -> Path:
    """Folder of a study with 12 rows."""
    pb.deal_reading(tmp_path / "s", study.data, config="all", rows=12, answers=study.answers)
    return tmp_path / "s"


def test_forms_are_scored(study: Study, dealt: Path) -> None:
    rows = dealt_rows(study, dealt)
    for number, row in rows.items():
        fill(dealt / "forms" / f"{number}.toml", right_form(row))
    tool, arguments, ambiguous = (rows[number] for number in ("002", "003", "004"))
    (dealt / "forms" / "001.toml").write_text(empty_form("001", {}), encoding="utf-8")
    assert tool.answer is not None
    values = {"answer": other_tool(tool), "confidence": 30, "reason": "Fast\nand cheap", "ambiguous": "yes"}
    fill(dealt / "forms" / "002.toml", right_form(tool, **values, other_tool=tool.answer.name))
    fill(dealt / "forms" / "003.toml", right_form(arguments, arguments="{}", goes_by=[]))
    ratings = {f"realism.{aspect}": 2 for aspect in ASPECTS[1:]}
    fill(dealt / "forms" / "004.toml", right_form(ambiguous, ambiguous="no", jarred="Odd name", **ratings))
    done = run("reading", "score", dealt, "--data", study.data, "--answers", study.answers, cwd=dealt.parent)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert text.startswith("forms: 1 of 12 rows are unread and left out: 001.\n")
    assert re.search(r"^  all +90\.9 +\d+\.\d to 100\.0 +81\.8 +\d+\.\d to 100\.0 +11 +11$", text, re.MULTILINE)
    assert "Agreement" not in text
    listed = text.partition("Missed and flagged rows\n")[2]
    assert re.findall(r"^(\d{3})  (\S+)$", listed, re.MULTILINE) == [
        (number, rows[number].instance_id) for number in ("002", "003", "004")
    ]
    for line in (
        "missed     tool (preference mismatch)",
        f"ambiguous  yes, {tool.answer.name}",
        f"right      {tool.answer.name} {tool.answer.arguments}",
        "reason     Fast and cheap",
        "missed     arguments (parameter name mismatch)",
        "jarred     Odd name",
    ):
        assert f"\n     {line}\n" in listed
    assert listed.count("\n     wanted     ") == 3

    scores = pb.score_reading(dealt, study.data, answers=study.answers)
    assert str(scores) == text.removesuffix("\n")
    result = json.loads(json.dumps(scores.to_dict()))
    assert result["unread"] == {"forms": ["001"]}
    everything = result["accuracy"][0]
    assert everything["tool"]["rate"] == 10 / 11
    assert everything["call"]["rate"] == 9 / 11
    for part, parts in (("config", 3), ("kind", 4), ("concerns", 3)):
        of_part = [line for line in result["accuracy"] if line["part"] == part]
        assert (len(of_part), sum(line["readings"] for line in of_part)) == (parts, 11)
    assert result["axes"][0]["counts"] == {"in full": 9, "in part": 0, "none": 0, "not stated": 1}
    low, high, whole = result["calibration"]["bins"]
    assert (low["low"], low["high"], low["readings"], low["confidence"], low["accuracy"]) == (0, 49, 1, 0.3, 0.0)
    assert (high["readings"], high["confidence"], high["accuracy"]) == (10, pytest.approx(0.9), 1.0)
    assert whole["accuracy"] == 10 / 11
    assert result["calibration"]["brier"] == pytest.approx((0.3**2 + 10 * 0.1**2) / 11)
    stated = {line["stated"]: line for line in result["ambiguous"]}
    assert {name: line["readings"] for name, line in stated.items()} == {
        "no": 1,
        "slightly": 0,
        "yes": 1,
        "not stated": 9,
    }
    assert (stated["yes"]["right"], stated["yes"]["other_right"]) == (0, 1)
    assert [line["aspect"] for line in result["realism"]] == list(ASPECTS[1:])
    assert {line["median"] for line in result["realism"]} == {2.0}
    frame = scores.to_pandas()
    assert frame["number"].tolist() == list(rows)[1:]
    assert frame["tool_correct"].sum() == 10


def test_named_axes_are_compared_with_the_wanted_ones(study: Study, dealt: Path) -> None:
    rows = dealt_rows(study, dealt)
    expected = Counter[str]()
    for number, row in rows.items():
        assert row.meta is not None
        wanted = [part.axis for part in row.meta.wanted or ()]
        others = [name for name in axes_of(study.data, read_manifest(study.data)) if name not in wanted]
        named, name = (([*wanted, others[0]], "in part"), (others[:2], "none"), (wanted[::-1], "in full"))[
            int(number) % 3
        ]
        fill(dealt / "forms" / f"{number}.toml", right_form(row, goes_by=named))
        expected[name] += 1
    (everything, *_) = pb.score_reading(dealt, study.data, answers=study.answers).figures.axes
    assert everything.counts == {**expected, "not stated": 0}


def test_tables_without_readings_are_left_out(study: Study, dealt: Path) -> None:
    number, row = next(iter(dealt_rows(study, dealt).items()))
    fill(dealt / "forms" / f"{number}.toml", right_form(row, answer=other_tool(row), arguments="{}"))
    scores = pb.score_reading(dealt, study.data, answers=study.answers)
    figures = scores.figures
    assert (figures.axes, figures.realism, figures.agreement) == ((), (), ())
    assert [line.split("  ")[0] for line in str(scores).splitlines() if re.match(r"[A-Z].*[^.]$", line)] == [
        "Accuracy, %",
        "Confidence and tool accuracy, %; Brier score 0.810, of a constant confidence 0.000",
        "Ambiguous, as readers state it",
        "Missed and flagged rows",
    ]


def test_readers_are_compared(study: Study, dealt: Path, tmp_path: Path) -> None:
    rows = dealt_rows(study, dealt)
    for number, row in list(rows.items())[:10]:
        wrong = {"answer": other_tool(row), "arguments": "{}"}
        fill(tmp_path / "ana" / f"{number}.toml", right_form(row, **(wrong if number in ("001", "002") else {})))
        fill(tmp_path / "bert" / f"{number}.toml", right_form(row, **(wrong if number in ("002", "003") else {})))
    options = [option for name in ("ana", "bert") for option in ("--forms", tmp_path / name)]
    done = run("reading", "score", dealt, "--data", study.data, "--answers", study.answers, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ana: 2 of 12 rows are unread and left out: 011, 012.\nbert: 2 of 12" in done.stdout
    assert re.search(r"^  ana, bert +80\.0 +.* 80\.0 .* 100\.0 +70\.0 +20\.0 +10\.0 +10$", done.stdout, re.MULTILINE)
    assert re.search(r"^  reader: bert +80\.0 .* 10 +10$", done.stdout, re.MULTILINE)
    assert re.search(r"^  all +80\.0 .* 20 +10$", done.stdout, re.MULTILINE)
    assert re.search(r"^001  \S+   \(reader ana\)$", done.stdout, re.MULTILINE)
    with pytest.raises(ConfigError, match="A folder of forms is named twice"):
        pb.score_reading(dealt, study.data, answers=study.answers, forms=[tmp_path / "ana", tmp_path / "ana"])


def test_malformed_forms_are_one_error_that_names_all_of_them(study: Study, dealt: Path) -> None:
    forms = dealt / "forms"
    for number, row in dealt_rows(study, dealt).items():
        fill(forms / f"{number}.toml", right_form(row, confidence=120 if number == "003" else 20))
    (forms / "005.toml").write_text("answer = \n")
    done = run("reading", "score", "s", "--data", study.data, "--answers", study.answers, cwd=dealt.parent)
    assert done.returncode == 1
    assert not done.stdout
    first, *others = done.stderr.splitlines()
    assert first == "error: 2 fields of the forms are malformed. Correct the forms and score them again."
    assert others[0] == "s/forms/003.toml: confidence: 120 is not such a number. Allowed: a number from 0 to 100."
    assert others[1].startswith("s/forms/005.toml: the file: it cannot be read: ")


def test_wrong_options_of_scoring_are_refused(study: Study, dealt: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"All forms in .* are empty"):
        pb.score_reading(dealt, study.data, answers=study.answers)
    with pytest.raises(ConfigError, match=r"answers are private\. Pass the folder of the answers with --answers"):
        pb.score_reading(dealt, study.data)
    with pytest.raises(ReadError, match="not a folder of answers"):
        pb.score_reading(dealt, study.data, answers=tmp_path)
    with pytest.raises(DataError, match=r"There are no forms in .*none"):
        pb.score_reading(dealt, study.data, answers=study.answers, forms=tmp_path / "none")
    (dealt / "forms" / "13.toml").write_text("")
    with pytest.raises(DataError, match=r"13\.toml' is not the form of a row\. Allowed: 001\.toml to 012\.toml"):
        pb.score_reading(dealt, study.data, answers=study.answers)


def test_another_data_set_or_a_missing_or_damaged_key_is_refused(study: Study, dealt: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(study.data, other)
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    (other / "manifest.json").write_text(json.dumps({**manifest, "build_id": "00000000"}))
    with pytest.raises(DataError, match=r"The rows are from build [0-9a-f]{8}, .* is build 00000000, .* with --data"):
        pb.score_reading(dealt, other, answers=study.answers)
    key = tmp_path / "s.key.json"
    content = key_of(dealt)
    for text, message in (
        ("{", "is malformed: file: "),
        (
            json.dumps({**content, "rows": {"001": {"instance_id": "a"}}}),
            "is malformed: rows.001.config: Field required",
        ),
        (json.dumps({**content, "format": 9}), "has format 9 and 12 rows; allowed: format 1"),
    ):
        key.write_text(text)
        with pytest.raises(DataError, match=message):
            pb.score_reading(dealt, study.data, answers=study.answers)
    key.unlink()
    with pytest.raises(DataError, match=r"The key .*s\.key\.json' cannot be read: .* petoolbench reading deal"):
        pb.score_reading(dealt, study.data, answers=study.answers)


def test_tools_with_attributes_are_dealt_and_scored(attribute_built: Built, tmp_path: Path) -> None:
    out = tmp_path / "s"
    pb.deal_reading(out, attribute_built.data, config="chronological", rows=3, answers=attribute_built.answers)
    axes = axes_of(attribute_built.data, read_manifest(attribute_built.data))
    assert axes
    study = Study(attribute_built.data, attribute_built.answers)
    for number, row in dealt_rows(study, out).items():
        assert row.meta is not None
        assert set(row.meta.axes or ()) <= axes.keys()
        fill(out / "forms" / f"{number}.toml", right_form(row, goes_by=row.meta.axes))
    scores = pb.score_reading(out, study.data, answers=study.answers)
    assert [part.part for part in scores.figures.accuracy if part.part == "kind"] == []
    assert scores.figures.axes[0].counts["in full"] == 3
    assert all(reading.wanted for reading in scores.gathered.readings)
