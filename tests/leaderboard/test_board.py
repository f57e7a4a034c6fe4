"""The board as functions: rows, ranks, lift, filters, order, address, export; its HTML, its pictures, what Explore shows."""

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
    """A submission and its outcome; each of an account of its own, unless told."""
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
    own = {config: scores(tool, half) for config in configs}
    whole = len(own) == len(HISTORY_TYPES)
    one = scores(tool, half)
    outcome = Outcome(
        submission.id,
        "scored",
        "",
        "scorer-1",
        revision,
        day,
        own,
        {name: getattr(one, name) for name in RATES} if whole else {},
        one.intervals if whole else {},
        {"history_length": {"6 to 10": (tool, 60), "11 to 15": (tool, 40)}},
    )
    return submission, outcome


def rows_of(*entries: tuple[Submission, Outcome], which: str = OVERALL, every: bool = False) -> list[ranking.Row]:
    submissions, outcomes = [one for one, _ in entries], [one for _, one in entries]
    return ranking.rows(submissions, outcomes, which, "validation", REVISION, every=every)


def test_systems_that_cannot_be_told_apart_share_a_rank_and_the_interval_of_a_rank_covers_all_it_could_be() -> None:
    found = rows_of(entry(1, 0.90), entry(2, 0.70), entry(3, 0.69), entry(4, 0.66), entry(5, 0.10))
    assert [(row.system, row.rank, row.rank_to) for row in found] == [
        ("system 1", 1, 1),
        ("system 2", 2, 4),
        ("system 3", 2, 4),
        ("system 4", 2, 4),
        ("system 5", 5, 5),
    ]


def test_intervals_that_touch_do_not_part_two_systems() -> None:
    touching = rows_of(entry(1, 0.75, half=0.25), entry(2, 0.25, half=0.25))
    assert [(row.rank, row.rank_to) for row in touching] == [(1, 2), (1, 2)]


def test_baselines_and_other_histories_stand_on_the_board_without_a_rank() -> None:
    found = rows_of(
        entry(1, 0.99, badge="baseline", name="oracle"),
        entry(2, 0.5),
        entry(3, 0.4, account="account-2", name="system 2", history="swapped"),
        every=True,
    )
    assert [(row.system, row.rank, row.history) for row in found] == [
        ("oracle", None, "own"),
        ("system 2", 1, "own"),
        ("system 2", None, "swapped"),
    ]


def test_the_best_row_of_each_account_whatever_team_a_form_names() -> None:
    found = rows_of(
        entry(1, 0.5, account="otter", team="Otters"),
        entry(2, 0.6, account="otter", team="Otters"),
        entry(3, 0.9, account="thief", team="Otters"),
        entry(4, 0.2, badge="baseline", account="us"),
        entry(5, 0.1, badge="baseline", account="us"),
    )
    assert [row.id[-1] for row in found] == ["3", "2", "4", "5"]


def test_lift_is_the_difference_from_another_users_history_under_one_name_and_account() -> None:
    found = rows_of(
        entry(1, 0.8, account="otter", name="wren"),
        entry(2, 0.3, account="otter", name="wren", history="swapped"),
        entry(3, 0.7, account="heron", name="wren"),
        entry(4, 0.2, account="otter", name="finch", history="none"),
        every=True,
    )
    assert {row.id[-1]: row.lift for row in found} == {"1": pytest.approx(0.5), "2": None, "3": None, "4": None}


def test_attempts_count_every_submission_of_the_account_on_the_split_scored_or_not() -> None:
    pending, _ = entry(2, 0.0, account="otter")
    elsewhere = entry(4, 0.9, account="otter", split="test")
    first, last = entry(1, 0.5, account="otter"), entry(3, 0.6, account="otter")
    found = ranking.rows(
        [last[0], first[0], pending, elsewhere[0]],
        [first[1], last[1], elsewhere[1]],
        OVERALL,
        "validation",
        REVISION,
        every=True,
    )
    assert [(row.attempt, row.attempts) for row in found] == [(3, 3), (1, 3)]


def test_a_board_is_of_one_data_revision() -> None:
    old = "89abcdef"
    found = rows_of(
        entry(1, 0.8, account="otter", name="wren", revision=old),
        entry(2, 0.3, account="otter", name="wren", history="swapped", revision=old),
        entry(3, 0.6, account="otter", name="wren"),
        entry(4, 0.7, account="heron", name="finch"),
    )
    assert [(row.system, row.rates["tool_accuracy"], row.lift, row.attempts) for row in found] == [
        ("finch", 0.7, None, 1),
        ("wren", 0.6, None, 1),
    ]


def test_overall_takes_only_what_answers_every_config() -> None:
    whole, part = entry(1, 0.5), entry(2, 0.9, configs=("chronological",))
    assert [row.system for row in rows_of(whole, part)] == ["system 1"]
    assert [row.system for row in rows_of(whole, part, which="chronological")] == ["system 2", "system 1"]
    assert [row.system for row in rows_of(whole, part, which="preferred_only")] == ["system 1"]


def test_there_is_no_other_board() -> None:
    with pytest.raises(ValueError, match=r"no board 'sft'.*overall, preferred_only"):
        rows_of(which="sft")


def test_the_last_outcome_holds_and_the_former_figure_is_told() -> None:
    submission, old = entry(1, 0.5)
    new = dataclasses.replace(
        entry(1, 0.6)[1],
        scorer_version="scorer-2",
        created="2026-12-01T00:00:00.000+00:00",
        submission_id=submission.id,
    )
    other, stale = entry(2, 0.4)
    found = ranking.rows([submission, other], [new, stale, old], OVERALL, "validation", REVISION)
    assert [(row.rates["tool_accuracy"], row.former, row.older_scorer) for row in found] == [
        (0.6, 0.5, False),
        (0.4, None, True),
    ]


def test_a_failed_submission_is_no_row() -> None:
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
    found = filters.ordered(FILTERED, sort, upwards=upwards)
    assert sorted(row.id for row in found) == sorted(row.id for row in FILTERED)


def test_what_lacks_a_value_comes_last_either_way() -> None:
    assert [row.parameters_b for row in filters.ordered(FILTERED, "parameters_b", upwards=True)] == [3, 70, None, None]
    assert [row.parameters_b for row in filters.ordered(FILTERED, "parameters_b", upwards=False)] == [70, 3, None, None]


def test_a_second_click_turns_the_order_round() -> None:
    once = filters.turned(View(page=3), "call_accuracy")
    assert (once.sort, once.upwards, once.page) == ("call_accuracy", False, 1)
    assert filters.turned(once, "call_accuracy").upwards
    assert filters.turned(View(), "error_classes") == View()


def test_the_address_gives_the_same_view_again() -> None:
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
def test_an_address_that_asks_for_what_is_not_there_gives_the_default(query: str) -> None:
    assert filters.from_query(parse_qsl(query)) == View()


def test_pages() -> None:
    many: Any = [*range(filters.PAGE * 2 + 1)]
    rows = many
    assert [filters.pages(count) for count in (0, 1, filters.PAGE, filters.PAGE + 1)] == [1, 1, 1, 2]
    assert filters.on_page(rows, 3) == [many[-1]]
    assert filters.on_page(rows, 99) == [many[-1]]
    assert list(filters.on_page(rows, 0)) == many[: filters.PAGE]


@pytest.mark.parametrize("name", [*HOSTILE, "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_of_the_csv_is_a_formula_and_json_keeps_the_name(name: str) -> None:
    found = rows_of(entry(1, 0.5, name=name, description=name, team=name))
    (line,) = csv.DictReader(io.StringIO(downloads.to_csv(found), newline=""))
    for column in ("system", "description", "team"):
        assert line[column][:1] not in ("=", "+", "-", "@", "\t", "\r")
        assert line[column].removeprefix("'") == name
    assert json.loads(downloads.to_json_text(found))[0]["system"] == name


def test_the_export_holds_every_figure_and_an_empty_one_none() -> None:
    (line,) = csv.DictReader(io.StringIO(downloads.to_csv(rows_of(entry(1, 0.5)))))
    assert (line["tool_accuracy"], line["tool_accuracy_low"], line["share_correct"], line["rank"]) == (
        "0.5", "0.48", "0.5", "1",
    )  # fmt: skip
    assert line["lift"] == ""
    assert downloads.to_csv([]) == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_in_all_html(name: str) -> None:
    found = rows_of(entry(1, 0.5, name=name, team=name, description=name, licence=name, link=name))
    for html in (
        table.board_html(found, View(columns=COLUMN_KEYS), of=1),
        table.details_html(found[0]),
        instance_view.reply_html(INSTANCE, name, name),
    ):
        for mark in ("<img", 'onmouseover="', "${", "{{", "`"):
            assert mark not in html
        assert html_parts.escaped(name) in html


def test_the_board_tells_what_it_is_ordered_by_its_formula_and_why_it_is_empty() -> None:
    html = table.board_html(FILTERED, View(), of=4)
    assert "by tool accuracy, highest first" in html
    assert "/ 3</code>" in html
    assert "/ 3</code>" not in table.board_html(FILTERED, View(board="chronological"), of=4)
    assert "None of the 4 rows passes" in table.board_html([], View(search="x"), of=4)
    assert "Nothing is scored on test yet" in table.board_html([], View(split="test"), of=0)
    assert set(DEFAULT_COLUMNS) < set(COLUMN_KEYS)


def test_the_line_of_what_is_not_beaten() -> None:
    found = rows_of(
        entry(1, 0.5, cost_usd=1.0),
        entry(2, 0.4, cost_usd=2.0),
        entry(3, 0.8, cost_usd=3.0),
        entry(4, 0.6, cost_usd=1.0),
    )
    assert [row.system for row in charts.pareto(found, "cost_usd")] == ["system 4", "system 3"]
    assert charts.score_against(found, "parameters_b") is None
    free = rows_of(entry(1, 0.5, cost_usd=0.0))
    assert charts.score_against(free, "cost_usd") is None


def every_picture(made: Sequence[tuple[Submission, Outcome]]) -> dict[str, str]:
    rows = {row.id: row for row in rows_of(*made)}
    entries = [charts.Entry(rows[one.id], outcome) for one, outcome in made]
    assert charts.slicings(entries) == ["axis", "history_length"][-len(entries[0].outcome.slices) :]
    found = {
        "config": charts.accuracy_by_config(entries),
        "slice": charts.accuracy_by_slice(entries, "history_length"),
        "cost": charts.score_against(list(rows.values()), "cost_usd"),
        "errors": charts.error_classes(list(rows.values()), html_parts.ERROR_SHORT),
        "two": charts.side_by_side(*entries[:2]),
    }
    return {name: picture or "" for name, picture in found.items()}


def svgs(picture: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", picture, re.DOTALL)


def test_pictures_hold_names_as_text_and_all_systems() -> None:
    names = (*HOSTILE, "@0@ told:0 #010203", "x" * 70)
    made = [entry(index, 0.5, name=name, cost_usd=1.0) for index, name in enumerate(names)]
    for kind, picture in every_picture(made).items():
        assert "<img" not in picture
        assert "&lt;img" in picture
        assert not {"{", "}", "$", "`"} & set(picture)  # which a template would read
        if kind in {"config", "slice", "errors"}:
            assert all(f"<bdi>{html_parts.escaped(name)}" in picture for name in names[:-1])
        for svg in svgs(picture):  # all that is marked up is ours
            ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))  # noqa: S314
    config = every_picture(made)["config"]
    assert config.count(">@0@ told:0 #010203<") == 3  # beside its row, above it, and in the table
    assert f"{'x' * 33}…" in config


def test_pictures_are_drawn_for_wide_and_for_narrow_pages_and_always_the_same() -> None:
    made = [entry(index, 0.5 + index / 20, cost_usd=1.0 + index) for index in range(5)]
    found = every_picture(made)
    assert found == every_picture(made)
    ids = []
    for kind, picture in found.items():
        drawings = svgs(picture)
        assert len(drawings) == (0 if kind == "errors" else 2)
        assert [svg.count('class="for-narrow"') for svg in drawings] == [0, 1][: len(drawings)]
        assert all('role="img" aria-label="Tool accuracy' in svg for svg in drawings)
        assert [svg.count("<title>") > 0 for svg in drawings] == [kind != "two", False][: len(drawings)]
        assert "<table" in picture
        assert "#0102" not in picture
        ids += [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in drawings]
    assert sum(map(len, ids)) == len(set().union(*ids)) > 0


def test_values_without_an_order_are_joined_by_no_line() -> None:
    sliced = {
        "axis": {"price": (0.5, 10), "latency": (0.75, 20)},
        "history_length": {"6 to 10": (0.5, 3), "11 to 15": (0.5, 3)},
    }
    made = [(one, dataclasses.replace(outcome, slices=sliced)) for one, outcome in (entry(1, 0.5), entry(2, 0.6))]
    rows = {row.id: row for row in rows_of(*made)}
    entries = [charts.Entry(rows[one.id], outcome) for one, outcome in made]
    assert charts.slicings(entries) == ["history_length", "axis"]
    axis, length = (charts.accuracy_by_slice(entries, name) for name in ("axis", "history_length"))
    assert axis.count("system 1, latency: 75.0, 20 rows") == 1
    joined = re.compile(r'<path d="M [^"]*L [^"]*"[^>]*stroke: #2f7ed8')
    assert joined.search(length)
    assert not joined.search(axis)


def test_systems_of_one_name_have_labels_of_their_own() -> None:
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


def test_an_instance_keeps_its_answer_until_it_is_asked_for() -> None:
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
def test_a_reply_is_shown_with_its_verdict(reply: str, error_class: str) -> None:
    assert f'data-class="{error_class}"' in instance_view.reply_html(INSTANCE, reply, "wren")


def test_a_reply_that_is_not_there_is_said_to_be_missing() -> None:
    assert "does not answer this config" in instance_view.reply_html(INSTANCE, None, "wren")


def nobody(_token: str) -> dict[str, Any]:
    raise OSError("401")


def test_nobody_is_known_in_a_space_who_is_not_signed_in_and_only_outside_one_there_is_the_local_person() -> None:
    inside, outside = Identity(in_space=True, whoami=nobody), Identity(in_space=False, whoami=nobody)
    assert outside.person(None, {}) == LOCAL
    assert inside.person(None, {}) is None
    assert inside.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
    assert inside.person({"sub": "1", "preferred_username": "otter"}, {}) == Person("1", "otter")
    assert inside.person({"preferred_username": "otter"}, {}) is None
    assert inside.person({"sub": "", "preferred_username": "otter"}, {}) is None


def test_a_token_is_its_accounts_and_an_organisations_is_nobodys() -> None:
    told: dict[str, Any] = {"type": "user", "id": "7", "name": "heron"}
    identity = Identity(in_space=True, whoami=lambda token: told if token == "hf_x" else nobody(token))
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) == Person("7", "heron")
    assert identity.person(None, {"x-hf-authorization": "hf_x"}) is None
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_y"}) is None
    told["type"] = "org"
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
