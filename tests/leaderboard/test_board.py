"""Tests of the views of the leaderboard: ranking, filters, address, downloads, HTML, charts and instances; and of sign-in."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest

from leaderboard.public_data import Call, Instance, Interaction, ToolDoc
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, ConfigScores, Outcome, Person, Submission, System
from leaderboard.submissions.identity import LOCAL, Identity
from leaderboard.views import charts, downloads, filters, html_parts, instance_view, ranking, table
from leaderboard.views.filters import COLUMN_KEYS, DEFAULT_COLUMNS, SORTS, View
from metrics.petoolbench.records import ERROR_CLASSES, RATES

REVISION = "0123abcd"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "**bold** [x](javascript:alert(1))",
    "${alert(1)} {{constructor}} `x`",
    '=HYPERLINK("http://x")',
    "مرحبا",
    '" onmouseover="alert(1)',
)


def scores(tool: float, half: float = 0.02) -> ConfigScores:
    """Return scores with a given tool accuracy, and intervals of half width `half`."""
    rates = dict(zip(RATES, (tool, tool, tool, 1.0, 0.0), strict=True))
    classes: dict[str, float] = {**dict.fromkeys(ERROR_CLASSES, 0.0), "correct": tool, "preference_mismatch": 1 - tool}
    ends = {name: (max(0.0, rate - half), min(1.0, rate + half)) for name, rate in rates.items()}
    return ConfigScores(**rates, intervals=ends, error_classes=classes, count=100, query_groups=50)


def entry(
    number: int,
    tool: float,
    *,
    account: str = "",
    half: float = 0.02,
    configs: Sequence[str] = HISTORY_TYPES,
    created: str = "",
    badge: Any = "self-reported",
    split: Any = "validation",
    revision: str = REVISION,
    **system: Any,
) -> tuple[Submission, Outcome]:
    """Return a submission and its outcome; by default each number has its own account."""
    name = account or f"account-{number}"
    day = created or f"2026-11-{number + 1:02d}T09:00:00.000+00:00"
    submission = Submission(
        id=f"20261101T090000Z-{number:016x}",
        person=Person(f"id-{name}", name),
        system=System(**{"name": f"system {number}", **system}),
        split=split,
        configs=tuple(configs),
        sha256="ab" * 32,
        size=10,
        data_revision=revision,
        scorer_version="scorer-1",
        created=day,
        badge=badge,
    )
    by_config = {config: scores(tool, half) for config in configs}
    is_complete = len(by_config) == len(HISTORY_TYPES)
    overall = scores(tool, half)
    outcome = Outcome(
        submission.id,
        "scored",
        "",
        "scorer-1",
        revision,
        day,
        by_config,
        {name: getattr(overall, name) for name in RATES} if is_complete else {},
        overall.intervals if is_complete else {},
        {"history_length": {"6 to 10": (tool, 60), "11 to 15": (tool, 40)}},
    )
    return submission, outcome


def rows_of(*entries: tuple[Submission, Outcome], which: str = OVERALL, every: bool = False) -> list[ranking.Row]:
    submissions, outcomes = [submission for submission, _ in entries], [outcome for _, outcome in entries]
    return ranking.rows(submissions, outcomes, which, "validation", REVISION, every=every)


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


def test_only_the_best_row_of_each_account_is_kept_regardless_of_the_team_name() -> None:
    rows = rows_of(
        entry(1, 0.5, account="otter", team="Otters"),
        entry(2, 0.6, account="otter", team="Otters"),
        entry(3, 0.9, account="thief", team="Otters"),
        entry(4, 0.2, badge="baseline", account="us"),
        entry(5, 0.1, badge="baseline", account="us"),
    )
    assert [row.id[-1] for row in rows] == ["3", "2", "4", "5"]


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
    for html in (
        table.board_html(rows, View(columns=COLUMN_KEYS), of=1),
        table.details_html(rows[0]),
        instance_view.reply_html(INSTANCE, name, name),
    ):
        for mark in ("<img", 'onmouseover="', "${", "{{", "`"):
            assert mark not in html
        assert html_parts.escaped(name) in html


def test_the_board_shows_its_sort_order_its_formulas_and_why_it_is_empty() -> None:
    html = table.board_html(FILTERED, View(), of=4)
    assert "by tool accuracy, highest first" in html
    assert "/ 3</code>" in html
    assert "/ 3</code>" not in table.board_html(FILTERED, View(board="chronological"), of=4)
    assert "None of the 4 rows passes" in table.board_html([], View(search="x"), of=4)
    assert "Nothing is scored on test yet" in table.board_html([], View(split="test"), of=0)
    assert set(DEFAULT_COLUMNS) < set(COLUMN_KEYS)


def test_the_pareto_front_contains_the_systems_that_are_not_beaten() -> None:
    rows = rows_of(
        entry(1, 0.5, cost_usd=1.0),
        entry(2, 0.4, cost_usd=2.0),
        entry(3, 0.8, cost_usd=3.0),
        entry(4, 0.6, cost_usd=1.0),
    )
    assert [row.system for row in charts.pareto(rows, "cost_usd")] == ["system 4", "system 3"]
    assert charts.score_against(rows, "parameters_b") is None
    free = rows_of(entry(1, 0.5, cost_usd=0.0))
    assert charts.score_against(free, "cost_usd") is None


def entries_of(results: Sequence[tuple[Submission, Outcome]]) -> list[charts.Entry]:
    rows = {row.id: row for row in rows_of(*results)}
    return [charts.Entry(rows[submission.id], outcome) for submission, outcome in results]


def all_charts(results: Sequence[tuple[Submission, Outcome]]) -> dict[str, str]:
    """Return every chart of some systems, by a name for the kind of chart."""
    rows, entries = rows_of(*results), entries_of(results)
    assert charts.slicings(entries) == ["axis", "history_length"][-len(entries[0].outcome.slices) :]
    by_kind = {
        "config": charts.accuracy_by_config(entries),
        "slice": charts.accuracy_by_slice(entries, "history_length"),
        "cost": charts.score_against(rows, "cost_usd"),
        "errors": charts.error_classes(rows, html_parts.ERROR_LABELS),
        "two": charts.side_by_side(*entries[:2]),
    }
    return {kind: chart or "" for kind, chart in by_kind.items()}


def svgs(chart: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", chart, re.DOTALL)


def check_escaped(chart: str) -> None:
    """Check that a chart with hostile names contains no markup from them, and nothing that a template would read."""
    assert "<img" not in chart
    assert "&lt;img" in chart
    assert not {"{", "}", "$", "`"} & set(chart)
    for svg in svgs(chart):
        ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))  # noqa: S314


def test_charts_show_all_systems_with_escaped_names() -> None:
    names = (*HOSTILE, "@0@ title:0 #010203", "x" * 70)
    results = [entry(index, 0.5, name=name, cost_usd=1.0) for index, name in enumerate(names)]
    by_kind = all_charts(results)
    for chart in by_kind.values():
        check_escaped(chart)
    for kind in ("config", "slice", "errors"):
        assert all(f"<bdi>{html_parts.escaped(name)}" in by_kind[kind] for name in names[:-1])
    config = by_kind["config"]
    # In the wide drawing, in the narrow drawing, and in the table.
    assert config.count(">@0@ title:0 #010203<") == 3
    assert f"{'x' * 33}…" in config


def check_drawings(kind: str, chart: str) -> list[set[str]]:
    """Check the wide and the narrow drawing of a chart, and return the ids within each of them."""
    drawings = svgs(chart)
    assert len(drawings) == (0 if kind == "errors" else 2)
    assert [svg.count('class="for-narrow"') for svg in drawings] == [0, 1][: len(drawings)]
    assert all('role="img" aria-label="Tool accuracy' in svg for svg in drawings)
    assert [svg.count("<title>") > 0 for svg in drawings] == [kind != "two", False][: len(drawings)]
    return [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in drawings]


def test_charts_are_drawn_for_wide_and_narrow_pages_and_are_reproducible() -> None:
    results = [entry(index, 0.5 + index / 20, cost_usd=1.0 + index) for index in range(5)]
    by_kind = all_charts(results)
    assert by_kind == all_charts(results)
    ids = []
    for kind, chart in by_kind.items():
        ids += check_drawings(kind, chart)
        assert "<table" in chart
        assert "#0102" not in chart
    assert sum(map(len, ids)) == len(set().union(*ids)) > 0


def test_values_without_an_order_are_not_joined_by_a_line() -> None:
    sliced = {
        "axis": {"price": (0.5, 10), "latency": (0.75, 20)},
        "history_length": {"6 to 10": (0.5, 3), "11 to 15": (0.5, 3)},
    }
    systems = (entry(1, 0.5), entry(2, 0.6))
    entries = entries_of([(submission, dataclasses.replace(outcome, slices=sliced)) for submission, outcome in systems])
    assert charts.slicings(entries) == ["history_length", "axis"]
    axis, length = (charts.accuracy_by_slice(entries, name) for name in ("axis", "history_length"))
    assert axis.count("system 1, latency: 75.0, 20 instances") == 1
    joined = re.compile(r'<path d="M [^"]*L [^"]*"[^>]*stroke: #2f7ed8')
    assert joined.search(length)
    assert not joined.search(axis)


def test_systems_of_the_same_name_have_different_labels() -> None:
    rows = rows_of(entry(1, 0.5, name="wren"), entry(2, 0.4, name="wren"), entry(3, 0.3, name="finch"))
    assert charts.labels(rows) == ["wren, account-1", "wren, account-2", "finch"]


TOOL = ToolDoc(
    "tides__oslo", "tides", "High water <b>today</b>.", '{"properties": {"day": {"type": "string", "enum": ["a"]}}}'
)
INSTANCE = Instance(
    "chronological-0-validation-u1", "u1", "q1", "Sea", "tides", "When is high water in Oslo?",
    (Interaction("Tides <i>please</i>", TOOL.name, '{"day": "a"}', 1), Interaction("Again", "gone", "{}", 0)),
    (TOOL,), (TOOL,), Call(TOOL.name, '{"day": "a"}'), (1,),
    {"axes": ["sign_up"], "drift_step": 1, "noise": 0.0, "same_function": [TOOL.name]},
)  # fmt: skip


def test_an_instance_hides_its_answer_unless_revealed() -> None:
    hidden, revealed = instance_view.instance_html(INSTANCE), instance_view.instance_html(INSTANCE, revealed=True)
    for mark in ("Answer", "the answer", "evidence", "preference changes here", "sign up"):
        assert mark not in hidden
        assert mark in revealed
    assert "liked" in hidden
    assert "disliked" in hidden
    assert "<i>please" not in revealed
    assert "<b>today" not in revealed


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        ('{"name": "tides__oslo", "arguments": {"day": "a"}}', "correct"),
        ('{"name": "tides__oslo", "arguments": {"day": "b"}}', "parameter_value_mismatch"),
        ('{"name": "nobody", "arguments": {}}', "tool_hallucination"),
        ("", "invalid_format"),
    ],
)
def test_a_reply_is_shown_with_its_error_class(reply: str, error_class: str) -> None:
    assert f'data-class="{error_class}"' in instance_view.reply_html(INSTANCE, reply, "wren")


def test_a_missing_reply_is_reported() -> None:
    assert "does not answer this config" in instance_view.reply_html(INSTANCE, None, "wren")


def reject_token(_token: str) -> dict[str, Any]:
    raise OSError("401")


def test_a_space_requires_sign_in_and_only_outside_a_space_there_is_a_local_person() -> None:
    inside, outside = Identity(in_space=True, whoami=reject_token), Identity(in_space=False, whoami=reject_token)
    assert outside.person(None, {}) == LOCAL
    assert inside.person(None, {}) is None
    assert inside.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
    assert inside.person({"sub": "1", "preferred_username": "otter"}, {}) == Person("1", "otter")
    assert inside.person({"preferred_username": "otter"}, {}) is None
    assert inside.person({"sub": "", "preferred_username": "otter"}, {}) is None


def test_a_user_token_identifies_its_account_and_an_organisation_token_nobody() -> None:
    account: dict[str, Any] = {"type": "user", "id": "7", "name": "heron"}
    identity = Identity(in_space=True, whoami=lambda token: account if token == "hf_x" else reject_token(token))
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) == Person("7", "heron")
    assert identity.person(None, {"x-hf-authorization": "hf_x"}) is None
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_y"}) is None
    account["type"] = "org"
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
