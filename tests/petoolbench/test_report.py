"""Figures and findings of a report on runs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

import petoolbench as pb
from builder.errors import DataError
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES, MetaRow
from petoolbench.data import load, spread_over_groups
from petoolbench.inference.history_views import apply_history_view
from petoolbench.run_files import read_run
from petoolbench.run_report import report_tables
from petoolbench.run_report.bias import position_bias
from petoolbench.run_report.breakdown import breakdowns, rate
from petoolbench.run_report.gather import gather
from petoolbench.run_report.lift import lifts
from petoolbench.run_report.run_facts import NO_REPLY, compute_report
from petoolbench.run_report.sections import title
from petoolbench.run_report.wording import findings
from petoolbench.run_report.write import to_csv
from petoolbench.runs import Line
from petoolbench.scoring import score_replies
from tests.conftest import Built

from .run_files import CONFIG, baseline, call, changed, correct_call, header, judged_run, rows_of, write_file


def test_scores_equal_those_of_the_metric(built: Built, tmp_path: Path) -> None:
    paths = [baseline(built, tmp_path, "random", config) for config in HISTORY_TYPES]
    report = compute_report(gather(paths, built.data))
    assert [run.config for run in report.runs] == list(HISTORY_TYPES)
    for run, path in zip(report.runs, paths, strict=True):
        assert (
            run.scores == score_replies(read_run(path).predictions, rows_of(built, run.config)) == run.scores_of_asked
        )
        assert sum(run.outcomes.values()) == pytest.approx(1)
        assert not run.limited
    mean = sum(run.scores["tool_accuracy"] for run in report.runs) / 3
    assert report.means["baseline:random"]["tool_accuracy"] == pytest.approx(mean)
    assert 0.15 < report.chance[CONFIG] < 0.34


def test_missing_and_failed_replies_count_as_wrong_and_are_reported(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    lines = [Line(row.instance_id, correct_call(row)) for row in rows[:20]]
    lines += [Line(row.instance_id, "", "timed out") for row in rows[20:24]]
    lines[0] = replace(lines[0], dropped_steps=2)
    report = compute_report(gather([write_file(tmp_path / "run.jsonl", header(built), lines)], built.data))
    (run,) = report.runs
    assert (run.answered.replies, run.answered.failed, run.answered.missing) == (20, 4, len(rows) - 24)
    assert run.answered.reasons == {"timed out": 4}
    rates = (run.scores["tool_accuracy"], run.outcomes[NO_REPLY], run.outcomes["invalid_format"])
    assert rates == pytest.approx((20 / len(rows), (len(rows) - 20) / len(rows), 0))
    lines_by_subject = {finding.about: finding.lines for finding in findings(report)}
    assert lines_by_subject["Instances without a reply, which count as wrong"] == (
        "example/model: 16 of 36 instances asked of chronological: 12 missing from the run file, "
        "4 failed (timed out: 4).",
    )
    assert lines_by_subject["Histories shown without their oldest steps"] == (
        "example/model: 1 of 36 instances asked of chronological.",
    )


def test_a_limited_run_is_scored_over_all_instances_and_over_those_asked(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    replies = {row.instance_id: correct_call(row) for row in spread_over_groups(rows, 12)[:10]}
    limited = write_file(tmp_path / "limited.jsonl", header(built, limit=12), replies)
    picked = write_file(tmp_path / "picked.jsonl", header(built, ids=tuple(replies)), replies)
    (first, second) = compute_report(gather([limited, picked], built.data)).runs
    assert {first.name, second.name} == {"example/model [limited]", "example/model [picked]"}
    run, other = (first, second) if "limited" in first.name else (second, first)
    assert (run.answered.asked, run.answered.missing, other.answered.asked, other.answered.missing) == (12, 2, 10, 0)
    assert run.scores["tool_accuracy"] == pytest.approx(10 / len(rows))
    assert run.scores_of_asked["tool_accuracy"] == pytest.approx(10 / 12)
    assert other.scores_of_asked["tool_accuracy"] == 1
    assert sum(part.rate.rows for part in run.breakdowns[0].parts) == 12


def test_replies_beyond_a_later_limit_still_count(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: correct_call(row) for row in rows_of(built)}
    (run,) = compute_report(
        gather([write_file(tmp_path / "run.jsonl", header(built, limit=3), replies)], built.data)
    ).runs
    assert (run.answered.asked, run.answered.missing) == (len(replies), 0)


def test_lift_is_the_difference_between_own_and_swapped_on_the_same_instances(built: Built, tmp_path: Path) -> None:
    paths = [baseline(built, tmp_path, "oracle", history=history) for history in ("own", "swapped")]
    gathered = gather(reversed(paths), built.data)
    (lift,) = lifts(gathered.runs).found
    rates = [sum(verdict.tool_correct for verdict in judged_run(path, built).verdicts) / 36 for path in paths]
    assert [lift.own, lift.other] == pytest.approx(rates)
    assert lift.comparison.difference == pytest.approx(rates[0] - rates[1])
    assert 0 < lift.comparison.low <= lift.comparison.difference <= lift.comparison.high
    lines_by_subject = {finding.about: finding.lines for finding in findings(compute_report(gathered))}
    assert lines_by_subject["Use of the history, chronological"][0].startswith(
        f"baseline:oracle: {100 * (rates[0] - rates[1]):.1f} points better with the user's own history than with "
        "another user's history (95 % interval "
    )


def test_runs_of_several_configs_are_paired_within_each_config(built: Built, tmp_path: Path) -> None:
    data = pb.load(built.data, "all")
    paths = [tmp_path / f"{history}.jsonl" for history in ("own", "swapped")]
    for path in paths:
        pb.predict(data, "baseline:oracle", history=path.stem, out=path)
    report = compute_report(gather(paths, built.data))
    assert [lift.config for lift in report.lifts] == list(report.rows)
    for lift in report.lifts:
        rates = {run.history: run.scores["tool_accuracy"] for run in report.of(lift.config)}
        assert (lift.own, lift.other) == pytest.approx((rates["own"], rates["swapped"]))
    assert title(report).startswith("PEToolBench: 2 runs")


def test_runs_with_other_settings_have_no_lift(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: correct_call(row) for row in rows_of(built)}
    own = write_file(tmp_path / "own.jsonl", header(built), replies)
    other = header(built, history="none", temperature=1.0, version="0.0.1")
    none = write_file(tmp_path / "none.jsonl", other, replies)
    unpaired = lifts(gather([own, none], built.data).runs)
    assert not unpaired.found
    assert "temperature 0.0, not 1.0" in unpaired.alone[0].why
    assert "version" not in unpaired.alone[0].why
    alone = lifts(gather([none], built.data).runs).alone
    assert alone[0].why == "there is no run of this system on the users' own histories"


def test_a_lift_uses_the_instances_that_both_runs_were_asked(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    replies = {row.instance_id: correct_call(row) for row in rows}
    own = write_file(tmp_path / "own.jsonl", header(built), replies)
    asked = spread_over_groups(rows, 8)
    none = write_file(tmp_path / "none.jsonl", header(built, history="none", limit=8), {asked[0].instance_id: "?"})
    (lift,) = lifts(gather([own, none], built.data).runs).found
    assert (lift.comparison.rows, lift.own, lift.other) == (8, 1, 0)


def test_position_bias_follows_the_order_shown(built: Built, tmp_path: Path) -> None:
    rows = rows_of(built)
    seen = apply_history_view(rows, shuffle_seed=3)
    firsts = {row.instance_id: call(row.candidates[0].name) for row in seen}
    shuffled = judged_run(write_file(tmp_path / "a.jsonl", header(built, shuffle_seed=3), firsts), built)
    bias = position_bias(shuffled)
    assert bias is not None
    assert (bias.calls, bias.most, bias.shares) == (36, 0, (1, *[0] * 9))
    assert bias.even == pytest.approx([0.1] * 10)
    assert bias.p < 0.001
    in_order = position_bias(judged_run(write_file(tmp_path / "b.jsonl", header(built), firsts), built))
    assert in_order is not None
    assert in_order.p > 0.001
    assert in_order.shares[0] < 0.5


def test_a_run_without_calls_has_no_position_bias(built: Built, tmp_path: Path) -> None:
    replies = {rows_of(built)[0].instance_id: "no"}
    assert position_bias(judged_run(write_file(tmp_path / "a.jsonl", header(built), replies), built)) is None


def test_calls_in_one_query_group_are_not_independent_evidence(built: Built, tmp_path: Path) -> None:
    """If all users of a query group call the same tool, their calls share one position."""
    rows = rows_of(built)
    first = {row.query_group: row for row in reversed(rows)}
    replies = {row.instance_id: correct_call(first[row.query_group]) for row in rows}
    bias = position_bias(judged_run(write_file(tmp_path / "a.jsonl", header(built), replies), built))
    assert bias is not None
    assert bias.p > 0.01


def test_breakdowns_cover_all_instances(built: Built, tmp_path: Path) -> None:
    judged = judged_run(baseline(built, tmp_path, "oracle"), built)
    by_property = {item.by: item for item in breakdowns(judged)}
    assert {"history_length", "axis", "drift_position", "prompt_tokens", "answer_position"} <= set(by_property)
    counts = {by: sum(part.rate.rows for part in item.parts) for by, item in by_property.items()}
    axes = sum(len(row.meta.axes or []) for row in judged.rows if row.meta)
    assert counts.pop("axis") == axes
    assert set(counts.values()) == {len(judged.rows)}


def test_breakdowns_by_kind_concerns_and_evidence_exist_only_where_rows_have_them(built: Built, tmp_path: Path) -> None:
    judged = judged_run(baseline(built, tmp_path, "random"), built)
    by = ("kind", "concerns", "evidence")

    def with_meta(kind: str | None, concerns: int | None, evidence: int | None) -> dict[str, dict[str, int]]:
        rows = [
            replace(
                row,
                meta=MetaRow(
                    kind=kind if index % 3 else kind and "joint",
                    concerns=concerns and concerns + index % 2,
                    evidence=evidence and evidence + index % 9,
                ),
            )
            for index, row in enumerate(judged.rows)
        ]
        found = breakdowns(replace(judged, rows=rows))
        return {item.by: {part.label: part.rate.rows for part in item.parts} for item in found if item.by in by}

    assert with_meta(None, None, None) == {}
    assert with_meta("trade", 1, 8) == {
        "kind": {"joint": 12, "trade": 24},
        "concerns": {"1": 18, "2": 18},
        "evidence": {"8": 4, "9-10": 8, "11": 4, "12-13": 8, "14": 4, "15-16": 8},
    }
    assert with_meta("joint", 2, None) == {"concerns": {"2": 18, "3": 18}}


def test_breakdowns_by_arguments_are_of_calls_and_of_tools(built: Built, tmp_path: Path) -> None:
    judged = judged_run(baseline(built, tmp_path, "oracle"), built)
    kinds = [[], ["code"], ["code", "unit"]]
    rows = [
        replace(row, meta=replace(row.meta, kind="joint", arguments=kinds[index % 3])) if row.meta else row
        for index, row in enumerate(judged.rows)
    ]
    verdicts = [
        replace(verdict, tool_correct=True, parameters_correct=index % 3 < 2)
        for index, verdict in enumerate(judged.verdicts)
    ]
    found = {item.by: item for item in breakdowns(replace(judged, rows=rows, verdicts=verdicts))}
    of_call = {part.label: (part.rate.value, part.rate.rows) for part in found["arguments"].parts}
    assert of_call == {"stated": (1, 12), "code": (0.5, 24), "unit": (0, 12)}
    assert {part.label: part.rate.value for part in found["arguments_tool"].parts} == dict.fromkeys(of_call, 1)


def test_labels_of_a_breakdown_are_few_and_in_order(built: Built, tmp_path: Path) -> None:
    judged = judged_run(baseline(built, tmp_path, "oracle"), built)
    labels = {item.by: [part.label for part in item.parts] for item in breakdowns(judged)}
    assert len(labels["history_length"]) <= 6
    assert labels["answer_position"] == sorted(labels["answer_position"], key=int)


def test_noise_is_reported_only_if_it_varies(built: Built, tmp_path: Path) -> None:
    judged = judged_run(baseline(built, tmp_path, "oracle", "rating_integrated"), built)
    same = [replace(row, meta=replace(row.meta, noise=0.25)) if row.meta else row for row in judged.rows]
    assert "noise" not in {item.by for item in breakdowns(replace(judged, rows=same))}
    rows = [
        replace(row, meta=replace(row.meta, noise=0.25 if index % 3 else 0.0)) if row.meta else row
        for index, row in enumerate(judged.rows)
    ]
    (noise,) = [item for item in breakdowns(replace(judged, rows=rows)) if item.by == "noise"]
    assert {part.label: part.rate.rows for part in noise.parts} == {"0 %": 12, "25 %": 24}


@pytest.mark.parametrize(
    ("outcomes", "groups", "low", "high"),
    [([True] * 4, "aabb", 0.158, 1.0), ([False] * 3, "abc", 0.0, 0.708), ([True, False], "aa", 0.5, 0.5)],
)
def test_intervals_of_equal_outcomes_have_a_width(outcomes: list[bool], groups: str, low: float, high: float) -> None:
    result = rate(outcomes, list(groups))
    assert [result.low, result.high] == pytest.approx([low, high], abs=1e-3)


def test_configs_of_a_file_without_header_are_read_from_its_ids(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: correct_call(row) for config in HISTORY_TYPES for row in rows_of(built, config)}
    gathered = gather([write_file(tmp_path / "others.jsonl", None, replies)], built.data)
    assert [(run.name, run.config, run.split) for run in gathered.runs] == [
        ("others", config, "validation") for config in HISTORY_TYPES
    ]
    assert all(verdict.tool_correct for run in gathered.runs for verdict in run.verdicts)


def test_runs_of_the_test_split_need_the_answers(built: Built, tmp_path: Path) -> None:
    replies = {
        key.instance_id: call(key.answer.name, key.answer.arguments) for key in read_answers(built.answers, CONFIG)
    }
    path = write_file(tmp_path / "test.jsonl", None, replies)
    with pytest.raises(DataError, match=r"test\.jsonl' answers the test split, .* --answers"):
        gather([path], built.data)
    report = compute_report(gather([path], built.data, built.answers))
    assert report.split == "test"
    assert report.runs[0].scores["call_accuracy"] == 1
    assert {item.by for item in report.runs[0].breakdowns} > {"axis", "drift_position"}


def test_runs_of_other_data_are_refused(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: correct_call(row) for row in rows_of(built)}
    other = write_file(tmp_path / "other.jsonl", header(built, data_sha256="0", build_id="feedbeef"), replies)
    with pytest.raises(DataError, match=r"other\.jsonl' was made on another data set \(build 'feedbeef'\)"):
        gather([other], built.data)
    ids = {name.replace("-validation-", "-elsewhere-"): reply for name, reply in replies.items()}
    for made_with, name in ((None, "plain.jsonl"), (header(built), "headed.jsonl")):
        with pytest.raises(DataError, match=rf"{name}' answers instances that .* does not have .*'chronological-"):
            gather([write_file(tmp_path / name, made_with, ids)], built.data)
    with pytest.raises(DataError, match=r"unknown\.jsonl' has no header, and its instance_id 'x' does not begin"):
        gather([write_file(tmp_path / "unknown.jsonl", None, {"x": ""})], built.data)
    with pytest.raises(DataError, match=r"empty\.jsonl' holds no replies"):
        gather([write_file(tmp_path / "empty.jsonl", header(built), {})], built.data)
    mine = write_file(tmp_path / "mine.jsonl", header(built), replies)
    with pytest.raises(DataError, match=r"mine\.jsonl' is named twice"):
        gather([mine, mine], built.data)
    train = {row.instance_id: "" for row in read_instances(built.data, CONFIG, "train")}
    with pytest.raises(DataError, match=r"of several splits: train \('train\.jsonl'\), validation \('mine\.jsonl'\)"):
        gather([mine, write_file(tmp_path / "train.jsonl", None, train)], built.data)
    with pytest.raises(DataError, match="There are no runs"):
        gather([], built.data)


def test_the_main_figures_of_the_test_split_are_on_the_core(built: Built, core_folder: Path, tmp_path: Path) -> None:
    data = load(core_folder, "all", "test", answers=built.answers)
    correct = {row.instance_id: correct_call(row) for row in data}
    of_core = {row.instance_id: correct[row.instance_id] for row in data.core}
    half = {name: reply if name in of_core else "?" for name, reply in correct.items()}
    default = header(built, "all", split="test", data_sha256=read_manifest(core_folder).data_sha256("all", "test"))
    limit = 3
    few = {row.instance_id: correct[row.instance_id] for row in data.spread(limit)}
    paths = [
        write_file(tmp_path / "full.jsonl", changed(default, model="full"), half),
        write_file(tmp_path / "core.jsonl", changed(default, model="core", core=True), of_core),
        write_file(tmp_path / "plain.jsonl", None, of_core),
        write_file(tmp_path / "few.jsonl", changed(default, model="few", limit=limit), few),
    ]
    report = compute_report(gather(paths, core_folder, built.answers))
    assert report.scored_rows == "core"
    runs = {run.name: run for run in report.of(CONFIG)}
    size = len(data.by_config()[CONFIG].core)
    assert {run.scores["count"] for run in runs.values()} == {size}
    assert [name for name, run in runs.items() if run.full] == ["full"]
    full, part, few_run = runs["full"], runs["core"], runs["few"]
    assert full.full is not None
    assert (full.scores["tool_accuracy"], full.full["count"]) == (1, len(data) // 3)
    assert full.full["tool_accuracy"] == pytest.approx(size / (len(data) // 3))
    for run in (part, runs["plain"]):
        assert (run.limited, run.answered.asked, run.answered.missing) == (False, size, 0)
        assert run.scores["tool_accuracy"] == run.scores_of_asked["tool_accuracy"] == 1
    assert few_run.limited
    assert few_run.scores_of_asked["count"] == limit
    assert set(report.means) == {"full", "core", "plain", "few"}
    assert set(report.full_means) == {"full"}
    table = report_tables.accuracy(report, CONFIG)
    assert table.title.startswith(f"{CONFIG}: {size} instances of the core, ")
    names = [row[0] for row in table.rows]
    assert names[names.index("full") + 1] == f"… on the {len(data) // 3} instances of the full split"
    means = report_tables.means(report)
    assert means is not None
    assert "… on the full split" in [row[0] for row in means.rows]
    lines = [line for finding in findings(report) for line in finding.lines]
    assert any(line.startswith(f"core: tool accuracy 100.0 % on {size} instances of the core (") for line in lines)
    rows = list(csv.DictReader(to_csv(report).splitlines()))
    assert [(row["scored_rows"], row["run"]) for row in rows if row["config"] == CONFIG and row["run"] == "full"] == [
        ("core", "full"), ("full split", "full"),
    ]  # fmt: skip
    loaded = compute_report(gather(paths[1:3], data.core))
    assert (loaded.scored_rows, {run.full for run in loaded.runs}) == ("core", {None})
    assert loaded.of(CONFIG)[0].scores == part.scores
    given = compute_report(gather([write_file(tmp_path / "given.jsonl", None, few)], data.spread(limit)))
    assert given.scored_rows == "given rows"


def test_a_lift_pairs_a_run_on_the_core_with_one_on_the_full_split(
    built: Built, core_folder: Path, tmp_path: Path
) -> None:
    data = load(core_folder, CONFIG, "test", answers=built.answers)
    correct = {row.instance_id: correct_call(row) for row in data}
    of_core = {row.instance_id: "?" for row in data.core}
    default = header(built, split="test", data_sha256=read_manifest(core_folder).data_sha256(CONFIG, "test"))
    own = write_file(tmp_path / "own.jsonl", default, correct)
    other = write_file(tmp_path / "other.jsonl", changed(default, core=True, history="swapped"), of_core)
    (lift,) = lifts(gather([own, other], core_folder, built.answers).runs).found
    assert (lift.comparison.rows, lift.own, lift.other) == (len(of_core), 1, 0)
