"""Tests of `score` and `parse`: predictions of every accepted form, and the results as table, dict and frame."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import datasets
import evaluate
import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.errors import PredictionsError, ReferencesError
from metrics.petoolbench.records import ERROR_CLASSES, RATES
from tests.conftest import Built

from .models import call, first_candidate

METRIC = Path(__file__).parents[2] / "metrics" / "petoolbench"


def mixed_replies(data: pb.InstanceSet) -> list[str]:
    """Return replies of all kinds: correct, with wrong arguments, to another tool, invented, and unreadable."""
    replies = []
    for place, row in enumerate(data):
        assert row.answer is not None
        correct = json.dumps({"name": row.answer.name, "arguments": json.loads(row.answer.arguments)})
        kinds = (correct, call(row.answer.name), call(row.candidates[place % 10].name), call("no_such_tool"), "Sorry.")
        replies.append(f"I choose:\n{kinds[place % 5]}" if place % 2 else kinds[place % 5])
    return replies


@pytest.fixture(scope="module")
def everything(built: Built) -> pb.InstanceSet:
    return pb.load(built.data, "all")


@pytest.fixture(scope="module")
def run(chronological: pb.InstanceSet) -> pb.Run:
    replies = iter(mixed_replies(chronological))
    return pb.predict(chronological, lambda _: next(replies))


def test_every_form_of_predictions_and_data_gives_the_same_scores(
    built: Built, chronological: pb.InstanceSet, chronological_rows: Any, run: pb.Run, tmp_path: Path
) -> None:
    expected = pb.score(run, chronological).parts
    texts = list(run.predictions.values())
    path = tmp_path / "replies.jsonl"
    lines = [{"instance_id": name, "prediction": text} for name, text in run.predictions.items()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    every_form: dict[str, Any] = {
        "run": run,
        "dict": run.predictions,
        "dict in another order": dict(reversed(run.predictions.items())),
        "list": texts,
        "tuple": tuple(texts),
        "generator": (text for text in texts),
        "series": run.to_pandas()["prediction"],
        "column": datasets.Dataset.from_list(lines)["prediction"],
        "path": path,
        "text": str(path),
    }
    for name, predictions in every_form.items():
        assert pb.score(predictions, chronological).parts == expected, name
    every_data: dict[str, Any] = {
        "Dataset": chronological_rows,
        "list of dicts": list(chronological_rows),
        "instances": list(chronological),
        "folder": built.data,
        "text": str(built.data),
    }
    for name, data in every_data.items():
        assert pb.score(run, data).parts == expected, name
    # The ids name the config of predictions that have no header.
    assert pb.score(run.predictions, built.data).parts == expected
    assert pb.score(path, built.data, config="chronological", split="validation").parts == expected


@pytest.mark.parametrize("scorer", ["default", "strict", "legacy"])
def test_scores_equal_those_of_the_evaluate_module(
    everything: pb.InstanceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scorer: str
) -> None:
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)
    metric = evaluate.load(str(METRIC), cache_dir=str(tmp_path))
    table = pb.score(mixed_replies(everything), everything, scorer=scorer)
    for part in table.parts:
        data = everything.by_config()[part.config]
        replies = [text for row, text in zip(everything, mixed_replies(everything), strict=True) if row in data.rows]
        computed = metric.compute(predictions=replies, references=data.to_dict(), scorer=scorer)
        assert dict(part.scores) == computed == dict(table[part.config])
        assert table.to_dict()["configs"][part.config] == {**computed, "missing": 0}
    configs = [config for config, data in everything.by_config().items() for _ in data]
    computed = metric.compute(
        predictions=mixed_replies(everything), references=everything.to_dict(), scorer=scorer, configs=configs
    )
    assert table.mean == computed["macro"]


def test_the_three_forms_of_the_result_agree(everything: pb.InstanceSet) -> None:
    table = pb.score(mixed_replies(everything), everything)
    content = json.loads(json.dumps(table.to_dict()))
    frame = table.to_pandas()
    assert list(frame["config"]) == list(content["configs"]) == list(HISTORY_TYPES)
    assert frame.shape == (3, 3 + 3 * len(RATES) + len(ERROR_CLASSES) + 3)
    for record in frame.to_dict("records"):
        scores = content["configs"][record["config"]]
        for rate in RATES:
            assert [record[rate], record[f"{rate}_low"], record[f"{rate}_high"]] == [
                scores[rate],
                *scores["intervals"][rate],
            ]
        assert {name: record[name] for name in ERROR_CLASSES} == scores["error_classes"]
        for count in ("count", "query_groups", "missing"):
            assert record[count] == scores[count]
        assert math.isclose(sum(scores["error_classes"].values()), 1)
    for rate in RATES:
        assert content["mean"][rate] == pytest.approx(frame[rate].mean())


def test_the_result_prints_as_a_table_with_its_figures(everything: pb.InstanceSet) -> None:
    table = pb.score(mixed_replies(everything), everything)
    lines = str(table).splitlines()
    assert lines[0] == "predictions, % of the full split"
    assert lines[2].split()[:6] == ["config", "tool", "parameters", "call", "format", "hallucination"]
    for line, part in zip(lines[4:7], table.parts, strict=True):
        low, high = part.scores["intervals"]["tool_accuracy"]
        rates = [f"{100 * part.scores[rate]:.1f}" for rate in RATES]
        assert line.split() == [part.config, *rates, f"{100 * low:.1f}", "to", f"{100 * high:.1f}", "36", "0"]
    assert table.mean is not None
    assert lines[7].split() == ["mean", *(f"{100 * table.mean[rate]:.1f}" for rate in RATES)]
    assert "<table" in table._repr_html_()


def test_only_all_three_history_types_have_a_mean(chronological: pb.InstanceSet, everything: pb.InstanceSet) -> None:
    assert pb.score({}, everything).mean == dict.fromkeys(RATES, 0.0)
    table = pb.score({}, chronological)
    assert table.mean is None
    assert table.to_dict()["mean"] is None
    assert "mean" not in str(table)
    with pytest.raises(KeyError, match="'all' was not scored"):
        table["all"]


def test_a_run_of_all_is_scored_on_one_config(
    built: Built, everything: pb.InstanceSet, chronological: pb.InstanceSet, chronological_rows: Any
) -> None:
    run = pb.predict(everything, "baseline:first")
    expected = pb.score(run, everything)
    assert [part.config for part in expected.parts] == list(HISTORY_TYPES)
    assert pb.score(run, built.data).parts == pb.score(run.predictions, built.data).parts == expected.parts
    for data in (chronological, chronological_rows):
        assert pb.score(run, data).parts == expected.parts[-1:]
    assert pb.score(run, built.data, config="chronological").parts == expected.parts[-1:]


def test_missing_replies_count_as_wrong_and_are_stated(chronological: pb.InstanceSet, run: pb.Run) -> None:
    some = dict(list(run.predictions.items())[:10])
    table = pb.score(some, chronological)
    assert table.parts[0].missing == 26
    assert table.to_pandas()["missing"].tolist() == [26]
    assert str(table).splitlines()[4].split()[-2:] == ["36", "26"]
    assert table["chronological"]["error_classes"]["invalid_format"] >= 26 / 36
    listed = [*some.values(), *[None] * 26]
    assert pb.score(listed, chronological).parts == table.parts
    by_id: dict[str, str | None] = {name: some.get(name) for name in run.predictions}
    assert pb.score(by_id, chronological).parts == table.parts


WRONG_PREDICTIONS: list[tuple[Any, type[Exception], str]] = [
    (["x"], DataError, "There are 1 predictions for 3 instances"),
    ([], DataError, "There are 0 predictions for 3 instances"),
    ([{"name": "a"}] * 3, DataError, "is of type dict. Pass the reply as text"),
    ({"chronological-1": 3}, DataError, "The prediction of 'chronological-1' is of type int"),
    ({3: "x"}, DataError, "The instance id 3 is of type int"),
    (None, DataError, "The predictions are of type NoneType"),
    ("missing.jsonl", DataError, "'missing.jsonl' cannot be read"),
    ({"chronological-1": "x", "nobody": "x"}, PredictionsError, "2 predictions have an instance_id that is not in"),
    ({"preferred_only-1": "x"}, DataError, "None of the 1 predictions belongs to chronological"),
]


@pytest.mark.parametrize(("predictions", "error", "message"), WRONG_PREDICTIONS, ids=lambda value: str(value)[:30])
def test_wrong_predictions_are_refused(
    chronological: pb.InstanceSet, predictions: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pb.score(predictions, chronological[:3])


def test_a_run_on_other_instances_is_refused(built: Built, chronological: pb.InstanceSet, run: pb.Run) -> None:
    with pytest.raises(PredictionsError, match="33 predictions have an instance_id that is not in this split"):
        pb.score(run, chronological[:3])
    with pytest.raises(DataError, match="answers the config 'chronological', split 'validation', not 'preferred_only'"):
        pb.score(run, pb.load(built.data, "preferred_only"))
    with pytest.raises(DataError, match="answers the config 'chronological', split 'validation', not"):
        pb.score(run, built.data, split="train")


def test_the_test_split_is_scored_with_its_private_answers_only(built: Built) -> None:
    public = pb.load(built.data, "chronological", "test")
    private = pb.load(built.data, "chronological", "test", answers=built.answers)
    run = pb.predict(public, first_candidate)
    with pytest.raises(ReferencesError, match="has no answer: the answers of the test split are private"):
        pb.score(run, public)
    expected = pb.score(run, private).parts
    assert pb.score(run, built.data, answers=built.answers).parts == expected
    assert pb.score(run, public.to_dict(), answers=str(built.answers)).parts == expected
    assert pb.score(run.predictions, built.data, split="test", answers=built.answers).parts == expected


@pytest.fixture(scope="module")
def with_core(core_folder: Path, built: Built) -> pb.InstanceSet:
    return pb.load(core_folder, "all", "test", answers=built.answers)


def test_the_rows_of_figures_have_names(with_core: pb.InstanceSet, chronological: pb.InstanceSet, built: Built) -> None:
    assert with_core.scored_rows == chronological.scored_rows == "full split"
    assert with_core.core.scored_rows == with_core.by_config()["chronological"].core.scored_rows == "core"
    for part in (with_core[:-1], with_core.core[:-1], chronological[:3]):
        assert part.scored_rows == "given rows"
    assert pb.load(built.data, "all", "test").core.scored_rows == "full split"
    assert pb.load(with_core.to_dict()).scored_rows == "given rows"


def test_the_main_figures_of_the_test_split_are_on_the_core(with_core: pb.InstanceSet, built: Built) -> None:
    replies = dict(zip((row.instance_id for row in with_core), mixed_replies(with_core), strict=True))
    of_core = {row.instance_id: replies[row.instance_id] for row in with_core.core}
    table, plain = pb.score(replies, with_core), pb.score(replies, built.data, split="test", answers=built.answers)
    assert (plain.scored_rows, plain.full, plain.to_dict()["full_split"]) == ("full split", (), None)
    assert (table.scored_rows, table.full) == ("core", plain.parts)
    only = pb.score(of_core, with_core)
    assert only.parts == table.parts == pb.score(of_core, with_core.core).parts
    assert (only.full, only.to_dict()["full_split"]) == ((), None)
    assert 0 < table["chronological"]["count"] < plain["chronological"]["count"]
    assert [part.missing for part in only.parts] == [0, 0, 0]
    content = table.to_dict()
    assert (content["scored_rows"], content["mean"]) == ("core", only.mean)
    assert content["full_split"] == {"configs": plain.to_dict()["configs"], "mean": plain.mean}
    assert table.to_pandas()["scored_rows"].tolist() == ["core"] * 3 + ["full split"] * 3
    lines = str(table).splitlines()
    assert [line for line in lines if "% of the" in line] == [
        "predictions, % of the core",
        "predictions, % of the full split",
    ]


def test_a_config_of_which_only_the_core_was_answered_has_no_figure_on_the_full_split(
    with_core: pb.InstanceSet,
) -> None:
    replies: dict[str, str | None] = {row.instance_id: "x" for row in with_core.core}
    beyond = next(
        row.instance_id for row in with_core if row.instance_id not in replies and row.instance_id[:3] == "chr"
    )
    more: dict[str, str | None] = {**replies, beyond: "x"}
    unknown: dict[str, str | None] = {**replies, "chronological-test-unknown": "x"}
    table = pb.score(more, with_core)
    assert [(part.config, part.missing > 0) for part in table.full] == [("chronological", True)]
    assert pb.score(more, with_core.by_config()["preferred_only"]).full == ()
    with pytest.raises(PredictionsError, match="not in this split"):
        pb.score(unknown, with_core)


def test_wrong_options_are_refused(built: Built, chronological: pb.InstanceSet, run: pb.Run) -> None:
    with pytest.raises(ConfigError, match=r"Invalid value 'fair' for scorer\. Allowed values: default, strict, legacy"):
        pb.score(run, chronological, scorer="fair")
    options: list[dict[str, Any]] = [{"config": "chronological"}, {"split": "validation"}, {"answers": built.answers}]
    for option in options:
        with pytest.raises(ConfigError, match=f"loaded already, so {next(iter(option))} has no effect"):
            pb.score(run, chronological, **option)


def test_no_instances_are_refused(chronological: pb.InstanceSet, run: pb.Run) -> None:
    with pytest.raises(DataError, match="There are no instances to score"):
        pb.score(run, chronological[:0])
    with pytest.raises(DataError, match="There are no rows"):
        pb.score(run, [])


def test_parse_reads_a_call_as_scoring_does(chronological: pb.InstanceSet, chronological_rows: Any) -> None:
    text = 'Sure.\n```json\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n```'
    assert pb.parse(text) == pb.ToolCall("get_weather", {"city": "Oslo"})
    assert pb.parse("No.") == pb.ParseFailure("no_json_object")
    name = chronological[0].candidates[0].name
    forms: list[Any] = [
        chronological[0].candidates,
        chronological_rows[0]["candidates"],
        [tool.name for tool in chronological[0].candidates],
        (tool for tool in chronological[0].candidates),
    ]
    for candidates in forms:
        assert pb.parse(call(f" {name}\n"), candidates) == pb.ToolCall(name, {})
    assert pb.parse(call(" other "), [name]) == pb.ToolCall(" other ", {})
    assert pb.parse(call(name), [f" {name}"]) == pb.ToolCall(f" {name}", {})


@pytest.mark.parametrize(
    ("text", "candidates", "message"),
    [
        (None, None, "The reply is of type NoneType"),
        ({"name": "a"}, None, "The reply is of type dict"),
        (call("a"), "abc", "Pass a list of tools or names"),
        (call("a"), [{"title": "a"}], "A candidate of type dict has no name"),
        (call("a"), [3], "A candidate of type int has no name"),
    ],
)
def test_parse_refuses_what_is_not_text_or_a_tool(text: Any, candidates: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pb.parse(text, candidates)
