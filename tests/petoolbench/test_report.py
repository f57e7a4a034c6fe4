"""The report on runs, and the comparison of two."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from builder.errors import DataError, OutputError
from builder.predictors.registry import open_predictor
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.inference.history_views import apply_history_view
from petoolbench.report.bias import position_bias
from petoolbench.report.breakdown import breakdowns, rate
from petoolbench.report.comparison import compare_runs
from petoolbench.report.facts import NO_REPLY, OUTCOMES, report_on
from petoolbench.report.gather import Judged, gather
from petoolbench.report.lift import lifts
from petoolbench.report.plot_style import drawable
from petoolbench.report.wording import findings
from petoolbench.report.write import write_report
from petoolbench.runs import Header, Line, write_run
from petoolbench.scoring import score
from tests.commands import run as cli
from tests.conftest import Built

CONFIG = "chronological"


def rows_of(built: Built, config: str = CONFIG) -> list[Instance]:
    return read_instances(built.data, config, "validation")


def call(name: str, arguments: str = "{}") -> str:
    return json.dumps({"name": name, "arguments": json.loads(arguments)})


def right(row: Instance) -> str:
    assert row.answer is not None
    return call(row.answer.name, row.answer.arguments)


def header(built: Built, config: str = CONFIG, **changes: Any) -> Header:
    manifest = read_manifest(built.data)
    made = Header(
        version="0.1.0",
        build_id=manifest.build_id,
        data_sha256=manifest.data_sha256(config, "validation"),
        config=config,
        split="validation",
        model="example/model",
    )
    return replace(made, **changes)


def written(path: Path, made_with: Header | None, lines: Sequence[Line] | Mapping[str, str]) -> Path:
    if isinstance(lines, Mapping):
        lines = [Line(name, reply) for name, reply in lines.items()]
    write_run(path, made_with, lines)
    return path


def baseline(built: Built, folder: Path, name: str, config: str = CONFIG, history: str = "own") -> Path:
    predictor = open_predictor(f"baseline:{name}", built.data, config, "validation", 0)
    shown = apply_history_view(rows_of(built, config), "swapped" if history == "swapped" else "own")
    made_with = header(built, config, model=f"baseline:{name}", mode="baseline", history=history)
    path = folder / f"{name}.{history}.{config}.jsonl"
    return written(path, made_with, {row.instance_id: predictor.predict(row) for row in shown})


def one(path: Path, built: Built) -> Judged:
    (judged,) = gather([path], built.data).runs
    return judged


def test_scores_are_those_of_the_metric(built: Built, tmp_path: Path) -> None:
    paths = [baseline(built, tmp_path, "random", config) for config in HISTORY_TYPES]
    report = report_on(gather(paths, built.data))
    assert [run.config for run in report.runs] == list(HISTORY_TYPES)
    for run, path in zip(report.runs, paths, strict=True):
        replies = {
            json.loads(text)["instance_id"]: json.loads(text)["prediction"]
            for text in path.read_text().splitlines()[1:]
        }
        assert run.scores == score(replies, rows_of(built, run.config)) == run.scores_of_asked
        assert sum(run.outcomes.values()) == pytest.approx(1)
        assert not run.limited
    mean = sum(run.scores["tool_accuracy"] for run in report.runs) / 3
    assert report.means["baseline:random"]["tool_accuracy"] == pytest.approx(mean)
    assert 0.15 < report.chance[CONFIG] < 0.34


def test_what_was_not_answered_is_wrong_and_told(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    lines = [Line(row.instance_id, right(row)) for row in rows[:20]]
    lines += [Line(row.instance_id, "", "timed out") for row in rows[20:24]]
    lines[0] = replace(lines[0], dropped_steps=2)
    report = report_on(gather([written(tmp_path / "run.jsonl", header(built), lines)], built.data))
    (run,) = report.runs
    assert (run.answered.replies, run.answered.failed, run.answered.missing) == (20, 4, len(rows) - 24)
    assert run.answered.reasons == {"timed out": 4}
    assert run.scores["tool_accuracy"] == pytest.approx(20 / len(rows))
    assert run.outcomes[NO_REPLY] == pytest.approx((len(rows) - 20) / len(rows))
    assert run.outcomes["invalid_format"] == 0
    said = {found.about: found.lines for found in findings(report)}
    assert said["Rows without a reply, which count as wrong"] == (
        "example/model: 16 of 36 rows asked of chronological: 12 of which the file says nothing, 4 failed (timed out: 4).",
    )
    assert said["Histories shown without their oldest steps"] == (
        "example/model: 1 of 36 rows asked of chronological.",
    )


def test_a_limited_run_is_counted_over_all_rows_and_over_those_asked(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    replies = {row.instance_id: right(row) for row in rows[:10]}
    limited = written(tmp_path / "limited.jsonl", header(built, limit=12), replies)
    picked = written(tmp_path / "picked.jsonl", header(built, ids="abc"), replies)
    (first, second) = report_on(gather([limited, picked], built.data)).runs
    assert {first.name, second.name} == {"example/model [limited]", "example/model [picked]"}
    run, other = (first, second) if "limited" in first.name else (second, first)
    assert (run.answered.asked, run.answered.missing, other.answered.asked, other.answered.missing) == (12, 2, 10, 0)
    assert run.scores["tool_accuracy"] == pytest.approx(10 / len(rows))
    assert run.scores_of_asked["tool_accuracy"] == pytest.approx(10 / 12)
    assert other.scores_of_asked["tool_accuracy"] == 1
    assert sum(part.rate.rows for part in run.breakdowns[0].parts) == 12


def test_what_was_answered_counts_though_the_run_was_given_fewer_rows_afterwards(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: right(row) for row in rows_of(built)}
    (run,) = report_on(gather([written(tmp_path / "run.jsonl", header(built, limit=3), replies)], built.data)).runs
    assert (run.answered.asked, run.answered.missing) == (len(replies), 0)


def test_lift_is_own_less_swapped_on_the_same_rows(built: Built, tmp_path: Path) -> None:
    paths = [baseline(built, tmp_path, "oracle", history=history) for history in ("own", "swapped")]
    gathered = gather(reversed(paths), built.data)
    (lift,) = lifts(gathered.runs).found
    rates = [sum(verdict.tool_correct for verdict in one(path, built).verdicts) / 36 for path in paths]
    assert [lift.own, lift.other] == pytest.approx(rates)
    assert lift.comparison.difference == pytest.approx(rates[0] - rates[1])
    assert 0 < lift.comparison.low <= lift.comparison.difference <= lift.comparison.high
    said = {found.about: found.lines for found in findings(report_on(gathered))}
    assert said["Use of the history, chronological"][0].startswith(
        f"baseline:oracle: own beats swapped by {100 * (rates[0] - rates[1]):.1f} points (95 % interval "
    )


def test_runs_that_differ_in_more_than_the_history_have_no_lift(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: right(row) for row in rows_of(built)}
    own = written(tmp_path / "own.jsonl", header(built, sampling={"temperature": 0}), replies)
    other = header(built, history="none", sampling={"temperature": 1}, version="0.0.1")
    none = written(tmp_path / "none.jsonl", other, replies)
    found = lifts(gather([own, none], built.data).runs)
    assert not found.found
    assert "sampling {'temperature': 0}, not {'temperature': 1}" in found.alone[0].why
    assert "version" not in found.alone[0].why
    alone = lifts(gather([none], built.data).runs).alone
    assert alone[0].why == "there is no run of this system on the users' own histories"


def test_runs_asked_other_rows_are_compared_on_what_both_were_asked(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    replies = {row.instance_id: right(row) for row in rows}
    own = written(tmp_path / "own.jsonl", header(built), replies)
    none = written(tmp_path / "none.jsonl", header(built, history="none", limit=8), {rows[0].instance_id: "?"})
    (lift,) = lifts(gather([own, none], built.data).runs).found
    assert (lift.comparison.rows, lift.own, lift.other) == (8, 1, 0)


def test_calls_that_go_by_places_are_found_in_the_order_shown(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    seen = apply_history_view(rows, shuffle_seed=3)
    firsts = {row.instance_id: call(row.candidates[0].name) for row in seen}
    shuffled = one(written(tmp_path / "a.jsonl", header(built, shuffle_seed=3), firsts), built)
    bias = position_bias(shuffled)
    assert bias is not None
    assert bias.shares == (1, *[0] * 9)
    assert bias.even == pytest.approx([0.1] * 10)
    assert (bias.calls, bias.most) == (36, 0)
    assert bias.p < 0.001
    in_order = position_bias(one(written(tmp_path / "b.jsonl", header(built), firsts), built))
    assert in_order is not None
    assert in_order.p > 0.001
    assert in_order.shares[0] < 0.5
    silent = one(written(tmp_path / "c.jsonl", header(built), {rows[0].instance_id: "no"}), built)
    assert position_bias(silent) is None


def test_calls_of_one_order_are_no_evidence_of_their_own(built: Built, tmp_path: Path) -> None:
    """All users of a query group call one tool: many calls, but as few places as there are query groups."""
    rows = rows_of(built)
    first = {row.query_group: row for row in reversed(rows)}
    replies = {row.instance_id: right(first[row.query_group]) for row in rows}
    bias = position_bias(one(written(tmp_path / "a.jsonl", header(built), replies), built))
    assert bias is not None
    assert bias.p > 0.01


def test_breakdowns_cover_the_rows(built: Built, tmp_path: Path) -> None:
    judged = one(baseline(built, tmp_path, "oracle"), built)
    found = {each.by: each for each in breakdowns(judged)}
    assert {"history_length", "axis", "drift_position", "prompt_tokens", "answer_position"} == set(found)
    for by in ("history_length", "drift_position", "prompt_tokens", "answer_position"):
        assert sum(part.rate.rows for part in found[by].parts) == len(judged.rows)
    assert len(found["history_length"].parts) <= 6
    axes = [axis for row in judged.rows if row.meta for axis in row.meta.axes or []]
    assert sum(part.rate.rows for part in found["axis"].parts) == len(axes)
    assert [part.label for part in found["answer_position"].parts] == sorted(
        (part.label for part in found["answer_position"].parts), key=int
    )


def test_noise_is_told_where_it_varies(built: Built, tmp_path: Path) -> None:
    judged = one(baseline(built, tmp_path, "oracle", "rating_integrated"), built)
    assert "noise" not in {each.by for each in breakdowns(judged)}
    rows = [
        replace(row, meta=replace(row.meta, noise=0.25 if place % 3 else 0.0)) if row.meta else row
        for place, row in enumerate(judged.rows)
    ]
    (noise,) = [each for each in breakdowns(replace(judged, rows=rows)) if each.by == "noise"]
    assert {part.label: part.rate.rows for part in noise.parts} == {"0 %": 12, "25 %": 24}


@pytest.mark.parametrize(
    ("right", "groups", "low", "high"),
    [([True] * 4, "aabb", 0.158, 1.0), ([False] * 3, "abc", 0.0, 0.708), ([True, False], "aa", 0.5, 0.5)],
)
def test_intervals_of_parts_in_which_all_fare_alike_have_a_width(
    right: list[bool], groups: str, low: float, high: float
) -> None:
    found = rate(right, list(groups))
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-3)


def test_a_file_without_header_tells_its_configs_by_its_ids(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: right(row) for config in HISTORY_TYPES for row in rows_of(built, config)}
    gathered = gather([written(tmp_path / "others.jsonl", None, replies)], built.data)
    assert [(run.name, run.config, run.split) for run in gathered.runs] == [
        ("others", config, "validation") for config in HISTORY_TYPES
    ]
    assert all(verdict.tool_correct for run in gathered.runs for verdict in run.verdicts)


def test_the_test_split_needs_its_answers(built: Built, tmp_path: Path) -> None:
    replies = {
        key.instance_id: call(key.answer.name, key.answer.arguments) for key in read_answers(built.answers, CONFIG)
    }
    path = written(tmp_path / "test.jsonl", None, replies)
    with pytest.raises(DataError, match=r"test\.jsonl' answers the test split, .* --answers"):
        gather([path], built.data)
    report = report_on(gather([path], built.data, built.answers))
    assert report.split == "test"
    assert report.runs[0].scores["call_accuracy"] == 1
    assert {each.by for each in report.runs[0].breakdowns} > {"axis", "drift_position"}


def test_runs_of_other_data_are_refused_by_name(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: right(row) for row in rows_of(built)}
    other = written(tmp_path / "other.jsonl", header(built, data_sha256="0", build_id="feedbeef"), replies)
    with pytest.raises(DataError, match=r"other\.jsonl' was made on another data set \(build 'feedbeef'\)"):
        gather([other], built.data)
    ids = {name.replace("-validation-", "-elsewhere-"): reply for name, reply in replies.items()}
    for made_with, name in ((None, "plain.jsonl"), (header(built), "headed.jsonl")):
        with pytest.raises(DataError, match=rf"{name}' answers instances that .* does not have .*'chronological-"):
            gather([written(tmp_path / name, made_with, ids)], built.data)
    with pytest.raises(DataError, match=r"unknown\.jsonl' has no header, and its instance_id 'x' does not begin"):
        gather([written(tmp_path / "unknown.jsonl", None, {"x": ""})], built.data)
    with pytest.raises(DataError, match=r"empty\.jsonl' holds no replies"):
        gather([written(tmp_path / "empty.jsonl", header(built), {})], built.data)
    mine = written(tmp_path / "mine.jsonl", header(built), replies)
    with pytest.raises(DataError, match=r"mine\.jsonl' is named twice"):
        gather([mine, mine], built.data)
    train = {row.instance_id: "" for row in read_instances(built.data, CONFIG, "train")}
    with pytest.raises(DataError, match=r"of several splits: train \('train\.jsonl'\), validation \('mine\.jsonl'\)"):
        gather([mine, written(tmp_path / "train.jsonl", None, train)], built.data)
    with pytest.raises(DataError, match="There are no runs"):
        gather([], built.data)


HOSTILE = "<img src=x>|$a_b$ `c` **d**"


@pytest.fixture(scope="module")
def reported(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on two baselines and a model with a hostile name, own and swapped."""
    folder = tmp_path_factory.mktemp("report")
    rows = rows_of(built)
    paths = [baseline(built, folder, name) for name in ("oracle", "first")]
    for history, count in (("own", 34), ("swapped", 6)):
        lines = [
            Line(row.instance_id, right(row) if place < count else call(row.candidates[0].name), None, 5000, 30)
            for place, row in enumerate(rows)
        ]
        prices: dict[str, Any] = {"usd_per_million_input": 0.5, "usd_per_million_output": 2.0}
        paths.append(
            written(folder / f"m.{history}.jsonl", header(built, model=HOSTILE, history=history, **prices), lines)
        )
    write_report(paths, folder / "one", built.data)
    write_report(reversed(paths), folder / "two", built.data)
    return folder / "one"


def test_the_same_runs_give_the_same_bytes(reported: Path) -> None:
    other = reported.with_name("two")
    names = sorted(path.relative_to(reported).as_posix() for path in reported.rglob("*") if path.is_file())
    assert {
        "report.html",
        "report.md",
        "report.json",
        "scores.csv",
        f"plots/accuracy-{CONFIG}.png",
        f"plots/lift-{CONFIG}.svg",
    } <= set(names)
    assert names == sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    for name in names:
        assert (reported / name).read_bytes() == (other / name).read_bytes(), name
        assert str(reported.parent).encode() not in (reported / name).read_bytes(), name


def test_the_page_needs_nothing_beside_itself(reported: Path) -> None:
    page = (reported / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", page.replace("xlink:href", "href"))
    assert "url(http" not in page
    assert "@import" not in page
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
    ids = re.findall(r" id=\"([^\"]+)\"", page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r"(?:href=\"#|url\(#)([^\")]+)", page):
        assert target in ids


def test_markdown_says_the_same(reported: Path) -> None:
    text = (reported / "report.md").read_text()
    assert "\\|$a\\_b$ \\`c\\` \\*\\*d\\*\\*" in text
    assert "<img" not in text
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    for name in re.findall(r"\]\((plots/[^)]+)\)", text):
        assert (reported / name).is_file()


def test_json_and_csv_hold_the_figures(reported: Path) -> None:
    found = json.loads((reported / "report.json").read_text())
    with (reported / "scores.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["run"] for line in lines] == [run["name"] for run in found["runs"]]
    own = next(line for line in lines if line["file"] == "m.own.jsonl")
    assert own["run"] == HOSTILE
    assert float(own["tool_accuracy_low"]) < float(own["tool_accuracy"]) < float(own["tool_accuracy_high"])
    assert sum(float(own[name]) for name in OUTCOMES) == pytest.approx(1)
    assert (own["input_tokens"], own["output_tokens"]) == (str(36 * 5000), str(36 * 30))
    assert float(own["usd"]) == pytest.approx(36 * (5000 * 0.5 + 30 * 2.0) / 1e6)
    assert next(line for line in lines if line["run"] == "baseline:oracle")["usd"] == ""
    (lift,) = found["lifts"]
    assert lift["against"] == "swapped"
    assert lift["comparison"]["difference"] > 0.2


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 390)])
def test_the_page_reads_well(reported: Path, browser: Browser, dark: bool, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    asked_for: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.on("console", lambda message: faults.append(message.text))
    page.goto((reported / "report.html").as_uri())
    assert asked_for == [(reported / "report.html").as_uri()]
    assert not faults
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#findings").inner_text().count("own beats swapped by") == 1
    shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
    inks = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
    assert inks == ("rgb(160, 169, 180)" if dark else "rgb(92, 102, 114)")
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('figure svg text')].map(e => e.getBoundingClientRect().height))"
    )
    assert smallest >= 10
    context.close()


def test_nothing_is_written_over_and_nothing_left_behind(built: Built, tmp_path: Path) -> None:
    path = baseline(built, tmp_path, "first")
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_report([path], tmp_path / "there", built.data)
    with pytest.raises(DataError):
        write_report([tmp_path / "missing.jsonl"], tmp_path / "new", built.data)
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, "there"]


def test_names_are_cut_in_the_middle() -> None:
    assert drawable("a-long-name, no history", 16) == "a-long-… history"
    assert drawable("name\u4e2d", 16) == "name?"


def test_two_runs_are_compared_in_words(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    names = {row.instance_id: right(row) for row in rows}
    worse = {
        row.instance_id: right(row) if place % 3 else call(row.candidates[0].name) for place, row in enumerate(rows)
    }
    first = written(tmp_path / "a.jsonl", header(built), names)
    second = written(tmp_path / "b.jsonl", header(built, model="other"), worse)
    (found,) = compare_runs(first, second, built.data)
    assert found.names == ("example/model", "other")
    assert found.both + len(found.only_first) + len(found.only_second) + found.neither == 36
    assert not found.only_second
    assert found.comparison.difference == pytest.approx(len(found.only_first) / 36)
    assert sum(found.changes.values()) >= len(found.only_first)
    assert all(one != other for one, other in found.changes)
    shown = cli("compare", first, second, "--data", built.data, "-n", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"chronological: example/model is ahead by {100 * found.comparison.difference:.1f} points" in shown.stdout
    assert f"Right with example/model alone: {found.only_first[0]} ..." in shown.stdout
    assert "points would show (80 % power, level 5 %)" in shown.stdout
    assert "right job, not this user's tool" in shown.stdout


def test_several_configs_are_compared_overall_too(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: right(row) for config in HISTORY_TYPES for row in rows_of(built, config)}
    first = written(tmp_path / "a.jsonl", None, replies)
    second = written(tmp_path / "b.jsonl", None, {**replies, next(iter(replies)): "?"})
    found = compare_runs(first, second, built.data)
    assert [one.config for one in found] == ["overall", *HISTORY_TYPES]
    assert [len(one.only_first) for one in found] == [1, 1, 0, 0]
    assert found[0].comparison.query_groups == found[1].comparison.query_groups
    assert found[2].in_words == "a and b are right on the same rows: there is no difference to tell."
    one = written(tmp_path / "c.jsonl", header(built), {row.instance_id: right(row) for row in rows_of(built)})
    with pytest.raises(DataError, match=r"a\.jsonl' answers preferred_only/validation, .* Name two runs of one config"):
        compare_runs(first, one, built.data)


def test_the_command_prints_what_was_found(built: Built, tmp_path: Path) -> None:
    path = baseline(built, tmp_path, "oracle")
    done = cli("report", path, "-o", "out", "--data", built.data, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Accuracy, chronological (chance among the tools for the job " in done.stdout
    assert "baseline:oracle calls this user's tool in 100.0 % of 36 rows" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    refused = cli("report", path, "-o", "out", "--data", built.data, cwd=tmp_path)
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
