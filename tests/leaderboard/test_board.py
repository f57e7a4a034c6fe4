"""Tests of the leaderboard table: ranking, filters, sort order, address, downloads and HTML."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from leaderboard.stores.stored_records import CORE, FULL_SPLIT, OVERALL, Outcome, from_json, to_json
from leaderboard.views import downloads, filters, ranking, table
from leaderboard.views.filters import COLUMN_KEYS, DEFAULT_COLUMNS, SORTS, View
from metrics.petoolbench.records import RATES

from .board_rows import HOSTILE, REVISION, check_no_markup, entry, expected, on_core, rows_of


def test_systems_with_overlapping_intervals_share_a_rank_and_show_the_range_of_possible_ranks() -> None:
    rows = rows_of(entry(1, 0.90), entry(2, 0.70), entry(3, 0.69), entry(4, 0.66), entry(5, 0.10))
    assert [(row.system, row.rank, row.rank_to) for row in rows] == [
        ("system 1", 1, 1),
        ("system 2", 2, 4),
        ("system 3", 2, 4),
        ("system 4", 2, 4),
        ("system 5", 5, 5),
    ]


def test_touching_intervals_do_not_separate_two_systems() -> None:
    touching = rows_of(entry(1, 0.75, half=0.25), entry(2, 0.25, half=0.25))
    assert [(row.rank, row.rank_to) for row in touching] == [(1, 2), (1, 2)]


def test_baselines_and_runs_on_other_histories_have_no_rank() -> None:
    rows = rows_of(
        entry(1, 0.99, badge="baseline", name="oracle"),
        entry(2, 0.5),
        entry(3, 0.4, account="account-2", name="system 2", history="swapped"),
        every=True,
    )
    assert [(row.system, row.rank, row.history) for row in rows] == [
        ("oracle", None, "own"),
        ("system 2", 1, "own"),
        ("system 2", None, "swapped"),
    ]


def test_a_corrected_baseline_replaces_its_earlier_row() -> None:
    rows = rows_of(
        entry(1, 0.9, badge="baseline", name="program"),
        entry(2, 0.8, badge="baseline", name="program"),
        entry(3, 0.1, badge="baseline", name="random"),
        every=True,
    )
    assert [(row.system, row.rates["tool_accuracy"]) for row in rows] == [("program", 0.8), ("random", 0.1)]


def test_expected_values_are_marked_and_have_no_interval() -> None:
    random = expected(entry(1, 0.1, badge="baseline", name="random"))
    rows = rows_of(random, entry(2, 0.5))
    assert [row.is_expected for row in rows] == [False, True]
    html = table.board_html(rows, View(), of=2)
    assert "<b>10.0</b><small>expected</small>" in html
    assert html.count("<small>expected</small>") == len(RATES)
    assert "SHA-256" not in table.details_html(rows[1])
    assert "SHA-256" in table.details_html(rows[0])
    (record,) = [record for record in downloads.records(rows) if record["system"] == "random"]
    assert (record["tool_accuracy"], record["tool_accuracy_low"], record["tool_accuracy_high"]) == (0.1, None, None)
    on_both = rows_of(on_core(random, full=0.11), split="test", main=CORE)
    assert "11.0<small>expected</small>" in table.board_html(on_both, View(split="test"), of=1, main=CORE)


def test_only_the_best_row_of_each_system_of_an_account_is_kept_regardless_of_the_team_name() -> None:
    rows = rows_of(
        entry(1, 0.5, account="otter", team="Otters", name="wren"),
        entry(2, 0.6, account="otter", team="Otters", name="Wren "),
        entry(6, 0.55, account="otter", team="Otters", name="finch"),
        entry(3, 0.9, account="thief", team="Otters", name="wren"),
        entry(4, 0.2, badge="baseline", account="us"),
        entry(5, 0.1, badge="baseline", account="us"),
    )
    assert [row.id[-1] for row in rows] == ["3", "2", "6", "4", "5"]


def test_lift_compares_runs_of_the_same_account_and_system_name_with_own_and_swapped_history() -> None:
    rows = rows_of(
        entry(1, 0.8, account="otter", name="wren"),
        entry(2, 0.3, account="otter", name="wren", history="swapped"),
        entry(3, 0.7, account="heron", name="wren"),
        entry(4, 0.2, account="otter", name="finch", history="none"),
        every=True,
    )
    assert {row.id[-1]: row.lift for row in rows} == {"1": pytest.approx(0.5), "2": None, "3": None, "4": None}


def test_attempts_count_all_submissions_of_the_account_to_the_split_even_unscored_ones() -> None:
    pending, _ = entry(2, 0.0, account="otter")
    elsewhere = entry(4, 0.9, account="otter", split="test")
    first, last = entry(1, 0.5, account="otter"), entry(3, 0.6, account="otter")
    rows = ranking.rows(
        [last[0], first[0], pending, elsewhere[0]],
        [first[1], last[1], elsewhere[1]],
        OVERALL,
        "validation",
        REVISION,
        every=True,
    )
    assert [(row.attempt, row.attempts) for row in rows] == [(3, 3), (1, 3)]


def test_a_board_shows_one_data_revision_only() -> None:
    old = "89abcdef"
    rows = rows_of(
        entry(1, 0.8, account="otter", name="wren", revision=old),
        entry(2, 0.3, account="otter", name="wren", history="swapped", revision=old),
        entry(3, 0.6, account="otter", name="wren"),
        entry(4, 0.7, account="heron", name="finch"),
    )
    assert [(row.system, row.rates["tool_accuracy"], row.lift, row.attempts) for row in rows] == [
        ("finch", 0.7, None, 1),
        ("wren", 0.6, None, 1),
    ]


def test_overall_lists_only_submissions_that_answer_every_config() -> None:
    whole, part = entry(1, 0.5), entry(2, 0.9, configs=("chronological",))
    assert [row.system for row in rows_of(whole, part)] == ["system 1"]
    assert [row.system for row in rows_of(whole, part, which="chronological")] == ["system 2", "system 1"]
    assert [row.system for row in rows_of(whole, part, which="preferred_only")] == ["system 1"]


def test_an_unknown_board_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown board 'sft'.*overall, preferred_only"):
        rows_of(which="sft")


def test_the_last_outcome_counts_and_the_previous_accuracy_is_shown() -> None:
    submission, old = entry(1, 0.5)
    new = dataclasses.replace(
        entry(1, 0.6)[1],
        scorer_version="scorer-2",
        created="2026-12-01T00:00:00.000+00:00",
        submission_id=submission.id,
    )
    other, stale = entry(2, 0.4)
    rows = ranking.rows([submission, other], [new, stale, old], OVERALL, "validation", REVISION)
    assert [(row.rates["tool_accuracy"], row.former, row.older_scorer) for row in rows] == [
        (0.6, 0.5, False),
        (0.4, None, True),
    ]


def test_a_failed_submission_has_no_row() -> None:
    submission, outcome = entry(1, 0.5)
    failed = dataclasses.replace(outcome, status="failed", reason="no", scores={}, overall={}, overall_intervals={})
    assert ranking.rows([submission], [failed], OVERALL, "validation", REVISION) == []


FILTERED = rows_of(
    entry(1, 0.9, licence="MIT", parameters_b=3.0, description="Greedy decoding"),
    entry(2, 0.8, licence="", parameters_b=70.0),
    entry(3, 0.7, licence="MIT", badge="reproduced"),
    entry(4, 0.1, badge="baseline", name="random"),
)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(), "1234"),
        (View(search="greedy"), "1"),
        (View(search="GREEDY system"), "1"),
        (View(search="account-2"), "2"),
        (View(search="nothing of it"), ""),
        (View(licences=("MIT",)), "134"),
        (View(licences=(filters.NOT_STATED,)), "24"),
        (View(size="to3"), "14"),
        (View(size="to70"), "24"),
        (View(size="over70"), "4"),
        (View(size="unknown"), "34"),
        (View(since="2026-11-03"), "234"),
        (View(badges=("baseline",)), "4"),
        (View(badges=("reproduced", "self-reported")), "123"),
    ],
)
def test_filters(view: View, expected: str) -> None:
    assert "".join(row.id[-1] for row in filters.filtered(FILTERED, view)) == expected


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("upwards", [True, False])
def test_every_order_keeps_all_rows(sort: str, upwards: bool) -> None:
    rows = filters.ordered(FILTERED, sort, upwards=upwards)
    assert sorted(row.id for row in rows) == sorted(row.id for row in FILTERED)


def test_rows_without_a_value_are_last_in_both_directions() -> None:
    assert [row.parameters_b for row in filters.ordered(FILTERED, "parameters_b", upwards=True)] == [3, 70, None, None]
    assert [row.parameters_b for row in filters.ordered(FILTERED, "parameters_b", upwards=False)] == [70, 3, None, None]


def test_a_second_click_reverses_the_order() -> None:
    once = filters.turned(View(page=3), "call_accuracy")
    assert (once.sort, once.upwards, once.page) == ("call_accuracy", False, 1)
    assert filters.turned(once, "call_accuracy").upwards
    assert filters.turned(View(), "error_classes") == View()


def test_a_view_survives_the_round_trip_through_the_address() -> None:
    view = View(
        tab="compare",
        split="test",
        board="chronological",
        search="a & b=c #ü",
        badges=("baseline", "reproduced"),
        licences=("Apache-2.0", "MIT"),
        size="to10",
        since="2026-11-03",
        every=True,
        sort="lift",
        upwards=False,
        columns=("lift", "badge"),
        page=4,
    )
    assert filters.from_query(parse_qsl(filters.to_query(view))) == view
    nothing = View(columns=())
    assert filters.from_query(parse_qsl(filters.to_query(nothing))) == nothing
    assert filters.to_query(View()) == ""


@pytest.mark.parametrize(
    "query",
    ["tab=admin", "split=train", "board=../..", "size=9", "sort=password", "since=yesterday", "page=-1", "page=²", "page=1e9",
     "page=123456", "badges=gold", "unknown=1", "since=2026-1-1"],
)  # fmt: skip
def test_invalid_values_in_an_address_become_the_default(query: str) -> None:
    assert filters.from_query(parse_qsl(query)) == View()


def test_pages() -> None:
    many: Any = [*range(filters.PAGE * 2 + 1)]
    assert [filters.pages(count) for count in (0, 1, filters.PAGE, filters.PAGE + 1)] == [1, 1, 1, 2]
    assert filters.on_page(many, 3) == [many[-1]]
    assert filters.on_page(many, 99) == [many[-1]]
    assert list(filters.on_page(many, 0)) == many[: filters.PAGE]


@pytest.mark.parametrize("name", [*HOSTILE, "+1", "-1", "@x", "\tx", "\rx"])
def test_csv_cells_are_never_formulas_and_json_keeps_the_name(name: str) -> None:
    rows = rows_of(entry(1, 0.5, name=name, description=name, team=name))
    (line,) = csv.DictReader(io.StringIO(downloads.to_csv(rows), newline=""))
    for column in ("system", "description", "team"):
        assert line[column][:1] not in ("=", "+", "-", "@", "\t", "\r")
        assert line[column].removeprefix("'") == name
    assert json.loads(downloads.to_json_text(rows))[0]["system"] == name


def test_the_csv_contains_all_rates_and_is_empty_without_rows() -> None:
    (line,) = csv.DictReader(io.StringIO(downloads.to_csv(rows_of(entry(1, 0.5)))))
    assert (line["tool_accuracy"], line["tool_accuracy_low"], line["share_correct"], line["rank"]) == (
        "0.5", "0.48", "0.5", "1",
    )  # fmt: skip
    assert line["lift"] == ""
    assert downloads.to_csv([]) == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_escaped_in_all_html(name: str) -> None:
    rows = rows_of(entry(1, 0.5, name=name, team=name, description=name, licence=name, link=name))
    check_no_markup(table.board_html(rows, View(columns=COLUMN_KEYS), of=1), name)
    check_no_markup(table.details_html(rows[0]), name)


def test_the_board_shows_its_sort_order_its_formulas_and_why_it_is_empty() -> None:
    html = table.board_html(FILTERED, View(), of=4)
    assert "by tool accuracy, highest first" in html
    assert "/ 3</code>" in html
    assert "/ 3</code>" not in table.board_html(FILTERED, View(board="chronological"), of=4)
    assert "None of the 4 rows passes" in table.board_html([], View(search="x"), of=4)
    assert "Nothing is scored on test yet" in table.board_html([], View(split="test"), of=0)
    assert set(DEFAULT_COLUMNS) < set(COLUMN_KEYS)


WITH_CORE = [
    on_core(entry(1, 0.6), full=0.9),
    on_core(entry(2, 0.7)),
    on_core(entry(3, 0.3, badge="baseline", name="random"), full=0.2),
]


def test_rows_are_ranked_by_the_core_and_show_the_full_split_where_it_was_answered() -> None:
    rows = rows_of(*WITH_CORE, split="test", main=CORE)
    assert [
        (row.system, row.rank, row.rates["tool_accuracy"], row.full_rates.get("tool_accuracy")) for row in rows
    ] == [
        ("system 2", 1, 0.7, None),
        ("system 1", 2, 0.6, 0.9),
        ("random", None, 0.3, 0.2),
    ]
    of_config = rows_of(*WITH_CORE, which="chronological", split="test", main=CORE)
    assert [row.full_rates.get("tool_accuracy") for row in of_config] == [None, 0.9, 0.2]
    by_full = filters.ordered(rows, filters.FULL, upwards=False)
    assert [row.system for row in by_full] == ["system 1", "random", "system 2"]
    assert {row.scored_rows for row in rows} == {CORE}
    (plain,) = rows_of(entry(1, 0.5))
    assert (plain.scored_rows, plain.full_rates) == (FULL_SPLIT, plain.rates)


def test_outcomes_of_before_the_core_was_scored_can_be_read_and_wait_for_their_rescoring() -> None:
    submission, outcome = entry(1, 0.9, split="test")
    stored = {key: value for key, value in json.loads(to_json(outcome)).items() if key not in ("rows", "full")}
    old = from_json(Outcome, json.dumps(stored))
    assert old == outcome
    assert rows_of((submission, old), split="test", main=CORE) == []
    new = dataclasses.replace(on_core((submission, outcome))[1], created="2026-12-01", scorer_version="scorer-2")
    (row,) = ranking.rows([submission], [old, new], OVERALL, "test", REVISION, main=CORE)
    assert row.former is None  # a rate on other rows is not the former value


def test_the_table_names_the_rows_of_its_figures() -> None:
    rows = rows_of(*WITH_CORE, split="test", main=CORE)
    html = table.board_html(rows, View(split="test"), of=3, main=CORE)
    for words in (
        "Tool<small>core</small>",
        "Lift<small>core</small>",
        "Tool<small>full split</small>",
        "Ranks are by the core of the test split",
        "a dash where",
    ):
        assert words in html
    assert html.count('data-label="Tool, full split"') == html.count('data-label="Tool, core"') == 3
    assert '<td class="n" data-label="Tool, full split"><span class="none">–</span></td>' in html  # noqa: RUF001
    assert '<td class="n" data-label="Tool, full split">90.0<small>' in html
    assert "full split" not in table.board_html(FILTERED, View(), of=4)
    assert "core</small>" not in table.board_html(FILTERED, View(), of=4)
    details = table.details_html(rows[1])
    for words in ("% of the core", "% of the full split", "90.0", "the full split"):
        assert words in details
    assert "the core of the test split" in table.details_html(rows[0])
    assert table.sort_label(filters.FULL) == "tool accuracy on the full split"


def test_downloads_name_the_rows_of_the_figures() -> None:
    first, second, _ = downloads.records(rows_of(*WITH_CORE, split="test", main=CORE))
    assert (first["scored_rows"], first["tool_accuracy"], first["full_tool_accuracy"], first["full_call_accuracy_low"]) == (
        "core", 0.7, None, None,
    )  # fmt: skip
    assert (second["full_tool_accuracy"], second["full_tool_accuracy_high"]) == (0.9, 0.92)
    (plain,) = downloads.records(rows_of(entry(1, 0.5)))
    assert (plain["scored_rows"], plain["full_tool_accuracy"]) == ("full split", 0.5)
