"""Tests of scoring: agreement with the metric, privacy of the test split, comparisons, rescoring and speed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leaderboard.public_data import Data, DataError
from leaderboard.scoring import score_submission, scorer_version
from leaderboard.scoring.baselines import DESCRIPTIONS, EMPTY, add_baselines
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.expected_scores import DRAWS, expected_outcome
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.rescore import rescore
from leaderboard.scoring.score_submission import Scored, Scorer
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Receipt
from leaderboard.stores.stored_records import (
    CORE,
    FULL_SPLIT,
    HISTORY_TYPES,
    OVERALL,
    Outcome,
    Split,
    SplitScores,
    latest,
)
from leaderboard.submissions.shown_names import RESERVED
from leaderboard.submissions.validation import check
from leaderboard.views.paired_difference import CompareError, ScopedComparison, compare_submissions, compare_tallies
from metrics.petoolbench.aggregation import aggregate, judge, judge_all, macro
from metrics.petoolbench.records import RATES, reference_from_row
from metrics.petoolbench.uncertainty import compare
from petoolbench.baseline_runs import PERMANENT
from tests.conftest import Built

from .making import BOB, FREE, Clock, guesses, lines, of_core, submission, write

ID = "20261122T120000Z-0123456789abcdef"


def scored(
    scorer: Scorer, split: Split, predictions: dict[str, str], configs: tuple[str, ...] = HISTORY_TYPES
) -> Scored:
    return scorer.score(ID, split, configs, predictions, "2026-11-22T12:00:00+00:00")


def compared_in(store: LocalStore, first: str, second: str) -> list[ScopedComparison]:
    return compare_submissions(store, {item.id: item for item in store.submissions()}, first, second)


def submit(
    store: LocalStore, folder: Path, data: Data, seed: int, *, split: Split = "validation", **fields: object
) -> str:
    """Submit a file and return the id of the submission."""
    content = lines(guesses(data, split, seed))
    new = submission(content, split=split, revision=data.revision, name=f"system {seed}", **fields)  # type: ignore[arg-type]
    assert isinstance(store.submit(new, write(folder, content), lambda _: FREE), Receipt)
    return new.id


def test_scores_equal_those_of_the_metric(scorer: Scorer, data: Data) -> None:
    predictions = guesses(data, "validation")
    outcome = scored(scorer, "validation", predictions).outcome
    expected = {}
    for config in HISTORY_TYPES:
        references = [reference_from_row(row) for row in data.table(config, "validation").to_pylist()]
        replies = {reference.instance_id: predictions[reference.instance_id] for reference in references}
        groups = [reference.query_group for reference in references]
        expected[config] = aggregate(judge_all(replies, references), groups)
        for name in RATES:
            assert getattr(outcome.scores[config], name) == expected[config][name]
            assert outcome.scores[config].intervals[name] == tuple(expected[config]["intervals"][name])
        assert outcome.scores[config].error_classes == expected[config]["error_classes"]
    assert outcome.overall == macro(expected)
    assert 0.3 < outcome.overall["tool_accuracy"] < 0.8
    for name, (low, high) in outcome.overall_intervals.items():
        assert 0 <= low <= outcome.overall[name] <= high <= 1
    assert scored(scorer, "validation", predictions).outcome == outcome


def test_slices_contain_the_number_of_their_instances(scorer: Scorer, data: Data) -> None:
    outcome = scored(scorer, "validation", guesses(data, "validation")).outcome
    total = sum(scores.count for scores in outcome.scores.values())
    assert set(outcome.slices) == {
        "history_length", "drift_position", "noise", "axis", "kind", "concerns", "evidence",
    }  # fmt: skip
    for name in ("history_length", "axis", "kind", "concerns", "evidence"):
        assert sum(count for _, count in outcome.slices[name].values()) == total
    assert sum(count for _, count in outcome.slices["drift_position"].values()) == outcome.scores["chronological"].count
    rates = [rate * count for rate, count in outcome.slices["axis"].values()]
    assert sum(rates) / total == pytest.approx(outcome.overall["tool_accuracy"])


def test_slices_of_an_instance_depend_on_the_metadata_that_it_has() -> None:
    assert score_submission._slices_of({}, 12) == [("history_length", "11 to 15")]
    labelled = {"drift_step": 6, "noise": 0.1, "axes": ["pricing"], "kind": None, "concerns": None, "evidence": None}
    assert score_submission._slices_of(labelled, 12) == [
        ("history_length", "11 to 15"), ("drift_position", "second third"), ("noise", "10 %"), ("axis", "pricing"),
    ]  # fmt: skip
    by_facts = {"axes": ["price"], "kind": "trade", "concerns": 2, "evidence": 8}
    assert score_submission._slices_of(by_facts, 220) == [
        ("history_length", "101 and more"), ("axis", "price"), ("kind", "trade"), ("concerns", "2"),
        ("evidence", "5 to 8"),
    ]  # fmt: skip
    for number, label in ((0, "0"), (1, "1"), (4, "3 to 4"), (16, "9 to 16"), (40, "17 and more")):
        assert ("evidence", label) in score_submission._slices_of({"evidence": number}, 12)


def test_a_file_for_one_config_has_no_overall_scores(scorer: Scorer, data: Data) -> None:
    configs = ("chronological",)
    outcome, tallies = scored(scorer, "validation", guesses(data, "validation", configs=configs), configs)
    assert (list(outcome.scores), outcome.overall, outcome.overall_intervals) == (list(configs), {}, {})
    assert list(tallies.groups) == list(configs)


def test_outcomes_of_the_test_split_contain_only_rounded_rates(scorer: Scorer, data: Data) -> None:
    outcome = scored(scorer, "test", guesses(data, "test")).outcome
    assert outcome.overall["tool_accuracy"] > 0
    rates = [
        *outcome.overall.values(),
        *(bound for bounds in outcome.overall_intervals.values() for bound in bounds),
        *(rate for values in outcome.slices.values() for rate, _ in values.values()),
        *(getattr(scores, name) for scores in outcome.scores.values() for name in RATES),
        *(bound for scores in outcome.scores.values() for bounds in scores.intervals.values() for bound in bounds),
        *(rate for scores in outcome.scores.values() for rate in scores.error_classes.values()),
    ]
    assert len(rates) > 60
    assert all(rate == round(rate, 3) for rate in rates)
    counts = [count for values in outcome.slices.values() for _, count in values.values()]
    assert counts
    assert min(counts) >= score_submission.MIN_SLICE_SIZE


def test_the_main_figure_is_on_the_core_for_every_submission(
    core_scorer: Scorer, core_data: Data, scorer: Scorer
) -> None:
    predictions = guesses(core_data, "test")
    answers = Answers(core_scorer._private().folder)
    whole, part = (scored(core_scorer, "test", replies) for replies in (predictions, of_core(core_data, predictions)))
    expected = {}
    for config in HISTORY_TYPES:
        rows = [row for row in core_data.table(config, "test").to_pylist() if row["query_group"] in core_data.core]
        references = [
            reference_from_row({**row, "answer": answers.of(config, row["instance_id"])["answer"]}) for row in rows
        ]
        replies = {reference.instance_id: predictions[reference.instance_id] for reference in references}
        groups = [reference.query_group for reference in references]
        expected[config] = aggregate(judge_all(replies, references), groups)
        scores = whole.outcome.scores[config]
        assert (scores.count, scores.query_groups) == (len(rows), len(core_data.core))
        for name in RATES:
            assert getattr(scores, name) == round(expected[config][name], 3)
            assert scores.intervals[name] == tuple(round(bound, 3) for bound in expected[config]["intervals"][name])
    assert whole.outcome.overall == {name: round(rate, 3) for name, rate in macro(expected).items()}
    assert replace(whole.outcome, full=SplitScores()) == part.outcome
    assert part.outcome.rows == whole.tallies.rows == CORE
    assert whole.tallies == part.tallies  # so that any two submissions can be compared
    assert {len(counts) for counts in whole.tallies.groups.values()} == {len(core_data.core)}
    plain = scored(scorer, "test", predictions).outcome
    assert (plain.rows, plain.full) == (FULL_SPLIT, SplitScores())
    full = whole.outcome.full
    assert (full.scores, full.overall, full.overall_intervals) == (
        plain.scores, plain.overall, plain.overall_intervals,
    )  # fmt: skip
    assert whole.outcome.answers != plain.answers


def test_only_the_configs_answered_in_full_have_scores_on_the_full_split(core_scorer: Scorer, core_data: Data) -> None:
    predictions = guesses(core_data, "test")
    mixed = of_core(core_data, predictions) | {
        name: predictions[name] for name in core_data.ids("test")["chronological"]
    }
    outcome = scored(core_scorer, "test", mixed).outcome
    assert list(outcome.scores) == list(HISTORY_TYPES)
    assert (list(outcome.full.scores), outcome.full.overall) == (["chronological"], {})
    assert outcome.overall


def test_the_validation_split_has_no_core(core_scorer: Scorer, core_data: Data, scorer: Scorer) -> None:
    predictions = guesses(core_data, "validation")
    assert scored(core_scorer, "validation", predictions) == scored(scorer, "validation", predictions)
    assert core_data.core_ids("validation") == {}


def test_submissions_and_baselines_of_the_core_and_of_the_full_split(
    core_scorer: Scorer, core_data: Data, scorer: Scorer, tmp_path: Path
) -> None:
    store, clock = LocalStore(tmp_path / "store"), Clock()
    whole = submit(store, tmp_path, core_data, 1, split="test")
    assert [outcome.rows for outcome in evaluate_pending(store, scorer, clock)] == [FULL_SPLIT]  # before it had a core
    content = lines(of_core(core_data, guesses(core_data, "test", 2)))
    part = submission(content, split="test", revision=core_data.revision, person=BOB)
    store.submit(part, write(tmp_path, content, "part.jsonl"), lambda _: FREE)
    assert [outcome.status for outcome in evaluate_pending(store, core_scorer, clock)] == ["scored"]
    (rescored,) = rescore(store, core_scorer, clock)
    assert rescored.in_words().endswith("tool accuracy on the core: no figure is shown")
    with pytest.raises(CompareError, match="reveal answers"):
        compared_in(store, whole, part.id)
    (tmp_path / "baselines").mkdir()
    write(tmp_path / "baselines", content, "program.test.jsonl")
    assert list(add_baselines(store, core_scorer, tmp_path / "baselines", clock))
    systems = {item.system.name: item.id for item in store.submissions() if item.split == "test"}
    first, second = systems["program"], systems[EMPTY]
    compared = compared_in(store, first, second)
    assert [(scope.rows, scope.comparison.rows) for scope in compared] == [
        (CORE, sum(map(len, core_data.core_ids("test").values()))),
        *((CORE, len(ids)) for ids in core_data.core_ids("test").values()),
    ]


def test_tallies_suffice_for_the_comparison_of_the_metric(scorer: Scorer, data: Data) -> None:
    predictions = [guesses(data, "validation", seed) for seed in (1, 2)]
    first, second = (scored(scorer, "validation", replies) for replies in predictions)
    compared = compare_tallies(first.tallies, second.tallies, ["A", "B"])
    assert [difference.config for difference in compared] == [OVERALL, *HISTORY_TYPES]
    correct, groups = ([], []), []  # type: tuple[tuple[list[bool], list[bool]], list[str]]
    for config in HISTORY_TYPES:
        for row in data.table(config, "validation").to_pylist():
            reference = reference_from_row(row)
            groups.append(reference.query_group)
            for index in (0, 1):
                correct[index].append(judge(predictions[index][reference.instance_id], reference).tool_correct)
    expected = compare(*correct, groups)
    overall = compared[0].comparison
    assert overall.difference == round(expected.difference, 3)
    assert overall.low == pytest.approx(
        expected.low, abs=0.03
    )  # other resamples, since the groups are in another order
    assert overall.p == pytest.approx(expected.p, abs=0.05)
    assert (overall.rows, overall.query_groups) == (expected.rows, expected.query_groups)
    assert "A" in compared[0].words
    for config in HISTORY_TYPES:
        sums = np.array(first.tallies.groups[config]).sum(axis=0)
        scores = first.outcome.scores[config]
        assert (sums[0] / sums[1], sums[1]) == (scores.tool_accuracy, scores.count)


def test_the_order_of_tallies_is_not_that_of_the_group_names(scorer: Scorer, data: Data) -> None:
    groups = data.column("chronological", "test", "query_group")
    sizes = [groups.count(group) for group in sorted(set(groups))]
    counts = [count for _, count in scored(scorer, "test", guesses(data, "test")).tallies.groups["chronological"]]
    assert sorted(counts) == sorted(sizes)
    order = list(scorer._order["test"])
    assert order != sorted(order)


def test_submissions_that_cannot_be_compared(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    first, second = (submit(store, tmp_path, data, seed) for seed in (1, 2))
    test = submit(store, tmp_path, data, 3, split="test")
    with pytest.raises(CompareError, match="not scored yet"):
        compared_in(store, first, second)
    assert len(list(evaluate_pending(store, scorer, Clock()))) == 3
    same = compared_in(store, first, first)[0]
    assert (same.comparison.difference, same.comparison.p) == (0, 1)
    assert first in same.words
    assert compared_in(store, first, second)[0].comparison.rows == 108
    for other, message in ((test, "of the same split"), ("x" * 100, "Unknown submission 'xxx")):
        with pytest.raises(CompareError, match=message):
            compared_in(store, first, other)
    tallies = store.tallies(first)
    assert tallies
    with pytest.raises(CompareError, match="no history type"):
        compare_tallies(
            replace(tallies, groups={"chronological": ()}), replace(tallies, groups={"preferred_only": ()}), "ab"
        )


def test_rescoring_adds_and_changes_nothing(
    scorer: Scorer, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = LocalStore(tmp_path / "store"), Clock()
    ids = [submit(store, tmp_path, data, 1), submit(store, tmp_path, data, 2, split="test", person=BOB)]
    list(add_baselines(store, scorer, None, clock))
    list(evaluate_pending(store, scorer, clock))
    before = store.outcomes()
    assert list(rescore(store, scorer, clock)) == []
    monkeypatch.setattr(score_submission, "scorer_version", lambda: "corrected")
    monkeypatch.setattr(score_submission, "judge", lambda *_: judge(None, _[1]))
    results = list(rescore(store, scorer, clock))
    assert sorted(result.submission.id for result in results) == sorted(ids)
    assert all(result.old in before and result.new.scorer_version == "corrected" for result in results)
    words = {result.submission.id: result.in_words() for result in results}
    assert words[ids[0]].count("-> 0.0 %") == 3
    assert words[ids[1]].endswith("no figure is shown")
    after = store.outcomes()
    assert after[: len(before)] == before
    assert {latest(after)[submission_id].scorer_version for submission_id in ids} == {"corrected"}
    assert list(rescore(store, scorer, clock)) == []
    # A submission that a later scorer cannot score keeps its scores.
    (tmp_path / "store" / "predictions" / f"{ids[0]}.jsonl").write_bytes(b"damaged")
    monkeypatch.setattr(score_submission, "scorer_version", lambda: "later")
    assert {result.submission.id: result.new.status for result in rescore(store, scorer, clock)} == {
        ids[0]: "failed",
        ids[1]: "scored",
    }
    current = latest(store.outcomes())
    assert [current[submission_id].scorer_version for submission_id in ids] == ["corrected", "later"]


def test_baselines_are_added_once_and_their_test_files_are_not_stored(
    scorer: Scorer, data: Data, built: Built, tmp_path: Path
) -> None:
    store, folder = LocalStore(tmp_path / "store"), tmp_path / "baselines"
    folder.mkdir()
    answers = {
        row["instance_id"]: json.dumps(
            {"name": row["answer"]["name"], "arguments": json.loads(row["answer"]["arguments"])}
        )
        for config in HISTORY_TYPES
        for row in Answers(built.answers)._rows[config].values()
    }
    write(folder, lines(answers), "oracle.test.jsonl")
    write(folder, lines(guesses(data, "validation")), "most_popular.validation.jsonl")
    for round_ in range(2):
        added = list(add_baselines(LocalStore(tmp_path / "store"), scorer, folder, Clock()))
        assert len(added) == (0 if round_ else 8)
    rates = {
        (baseline.system.name, baseline.split): latest(store.outcomes())[baseline.id].overall["tool_accuracy"]
        for baseline in store.submissions()
    }
    assert rates["empty file", "test"] == rates["empty file", "validation"] == 0
    assert rates["oracle", "test"] == 1
    assert 0 < rates["most popular", "validation"] < 1
    assert {baseline.badge for baseline in store.submissions()} == {"baseline"}
    assert len(list((tmp_path / "store" / "predictions").iterdir())) == 2
    write(folder, lines(answers)[:-10], "oracle.test.jsonl")
    with pytest.raises(DataError, match="'oracle' of test is not valid"):
        list(add_baselines(store, scorer, folder, Clock()))
    (folder / "oracle.test.jsonl").rename(folder / "oracle.jsonl")
    with pytest.raises(DataError, match="does not name a split"):
        list(add_baselines(store, scorer, folder, Clock()))


def test_every_baseline_has_a_description() -> None:
    assert DESCRIPTIONS.keys() == {EMPTY, *DRAWS, *(name.replace("_", " ") for name in PERMANENT)}
    assert DESCRIPTIONS.keys() < set(RESERVED)


def expected(scorer: Scorer, split: Split, name: str) -> Outcome:
    outcome = expected_outcome(scorer, ID, split, DRAWS[name], "2026-11-22T12:00:00+00:00")
    assert outcome is not None
    return outcome


def test_random_choices_have_their_expected_values_without_intervals(scorer: Scorer, data: Data) -> None:
    random, chance = (expected(scorer, "validation", name) for name in ("random", "chance"))
    for config, scores in random.scores.items():
        rows = data.table(config, "validation").select(["candidates", "meta"]).to_pylist()
        assert scores.tool_accuracy == pytest.approx(np.mean([1 / len(row["candidates"]) for row in rows]))
        assert (scores.format_rate, scores.hallucination_rate, scores.intervals) == (1, 0, {})
        assert scores.count == len(rows)
        assert sum(scores.error_classes.values()) == pytest.approx(1)
        suitable = [len(row["meta"]["same_function"]) for row in rows]
        of_chance = chance.scores[config]
        assert of_chance.tool_accuracy == of_chance.call_accuracy == pytest.approx(np.mean([1 / n for n in suitable]))
        assert of_chance.error_classes["functionality_mismatch"] == 0
        assert of_chance.error_classes["preference_mismatch"] == pytest.approx(1 - of_chance.tool_accuracy)
        shares = [n / len(row["candidates"]) for n, row in zip(suitable, rows, strict=True)]
        assert scores.error_classes["functionality_mismatch"] == pytest.approx(1 - np.mean(shares))
    assert random.overall["tool_accuracy"] == pytest.approx(
        np.mean([scores.tool_accuracy for scores in random.scores.values()])
    )
    assert random.overall_intervals == {}


def test_a_sampled_random_system_approaches_the_expected_values(scorer: Scorer, data: Data) -> None:
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(60):
        replies = {
            row["instance_id"]: json.dumps({"name": rng.choice(row["candidates"])["name"], "arguments": {}})
            for row in data.table("chronological", "validation").to_pylist()
        }
        references = scorer.references("chronological", "validation")
        samples.append([verdict.outcome for verdict in judge_all(replies, references)])
    scores = expected(scorer, "validation", "random").scores["chronological"]
    means = np.mean(samples, axis=(0, 1))
    assert means == pytest.approx([getattr(scores, name) for name in RATES], abs=0.03)


def test_expected_values_of_the_test_split_are_rounded_and_on_the_core(core_scorer: Scorer, core_data: Data) -> None:
    outcome = expected(core_scorer, "test", "random")
    assert outcome.rows == CORE
    for config in HISTORY_TYPES:
        assert outcome.scores[config].count == len(core_data.core_ids("test")[config])
        assert outcome.full.scores[config].count == core_data.counts[config, "test"]
    rates = [*outcome.overall.values(), *outcome.scores["chronological"].error_classes.values()]
    assert all(rate == round(rate, 3) for rate in rates)


def test_no_expected_values_are_given_where_the_suitable_candidates_are_unknown(scorer: Scorer) -> None:
    assert expected_outcome(scorer, ID, "validation", lambda _: [], "2026-11-22T12:00:00+00:00") is None


def test_the_scorer_version_covers_every_module_of_the_metric() -> None:
    code = "import sys, leaderboard.scoring.score_submission; print(*sorted(n for n in sys.modules if n.startswith('metrics.petoolbench.')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(module.__name__ for module in scorer_version.SCORERS) == loaded


def test_nine_thousand_predictions_are_checked_and_scored_in_three_seconds(scorer: Scorer, data: Data) -> None:
    times = -(-3000 // 36)
    predictions = guesses(data, "validation")
    ids: dict[str, frozenset[str]] = {}
    big = Scorer(data, None)
    for config in HISTORY_TYPES:
        rows = scorer._references(config, "validation") * times
        renamed = [
            replace(
                row,
                reference=row.reference._replace(
                    instance_id=f"{index}-{row.reference.instance_id}", query_group=f"{index // 5}"
                ),
            )
            for index, row in enumerate(rows)
        ][:3000]
        big._rows[config, "validation"] = renamed
        ids[config] = frozenset(row.reference.instance_id for row in renamed)
    all_ids = frozenset().union(*ids.values())
    content = lines({instance_id: predictions[instance_id.partition("-")[2]] for instance_id in all_ids})
    start = time.process_time()
    checked = check(io.BytesIO(content), ids)
    outcome = scored(big, "validation", dict(checked.predictions)).outcome
    seconds = time.process_time() - start
    assert checked.ok
    assert sum(scores.count for scores in outcome.scores.values()) == 9000
    assert seconds < 3, seconds
