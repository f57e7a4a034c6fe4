"""Tests of the Play page without a browser: content of a row, choices, and the score of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leaderboard.pages.page_context import Context
from leaderboard.pages.play_page import Handlers, Session, restored
from leaderboard.pages.played_rows import KINDS, PlayedRows
from leaderboard.public_data import Data, Fact, Instance
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL
from leaderboard.submissions.submissions import SubmissionService
from leaderboard.submissions.validation import check
from leaderboard.views import play_score, play_view
from leaderboard.views.play_score import Best, People, Played
from leaderboard.views.play_view import Reply
from metrics.petoolbench.uncertainty import wilson

from .board_rows import HOSTILE, check_no_markup, entry
from .making import FREE, guesses, lines, write
from .test_core_pages import IDENTITY
from .test_instance_view import FACTS, listed

SECRETS = ("<dt>Wants", "Steps that show it", 'class="mark">wanted', "<dt>Kind of preference")
"""Parts that only a revealed answer has."""


def nobody() -> Mapping[tuple[str, str], People]:
    return {}


@pytest.fixture
def play(data: Data, tmp_path: Path) -> Handlers:
    """Handlers of a board with one system, which guesses, and no study."""
    return Handlers(context_of(data, tmp_path), nobody)


def context_of(data: Data, folder: Path) -> Context:
    store = LocalStore(folder / "store")
    content = lines(guesses(data, "validation"))
    submission, outcome = entry(1, 0.4, revision=data.revision, name="wren")
    submission = replace(submission, sha256=check(write(folder, content), data.ids("validation")).sha256)
    store.submit(submission, write(folder, content), lambda _: FREE)
    store.record(outcome)
    snapshot = Snapshot(store, data.revision)
    return Context(store, snapshot, data, SubmissionService(store, data, "s"), IDENTITY)


def request(session: str = "a session") -> Any:
    return SimpleNamespace(session_hash=session)


def secret(row: Instance) -> Instance:
    """Return a row with another answer, evidence, ids and metadata."""
    other = replace(row.answer, name=row.candidates[0].name) if row.answer else None
    return replace(
        row, answer=other, evidence=(0,), meta={}, category="x", functionality="x", user_id="x", query_group="x"
    )


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_a_row_that_is_not_answered_depends_only_on_what_a_model_sees(config: str, data: Data) -> None:
    for instance_id in data.instance_ids(config, "validation")[:5]:
        row = data.instance(config, "validation", instance_id)
        html = play_view.row_html(row, row.candidates)
        assert html == play_view.row_html(secret(row), row.candidates)
        for text in (row.user_id, row.query_group, instance_id, *SECRETS):
            assert text not in html


def test_the_steps_that_are_folded_keep_their_numbers(data: Data) -> None:
    ids = data.instance_ids("chronological", "validation")
    row = max((data.instance("chronological", "validation", name) for name in ids), key=lambda row: len(row.history))
    count = len(row.history)
    assert count > 8
    html = play_view.row_html(row, row.candidates)
    assert f"Show all {count} steps ({count - 6} more)" in html
    assert html.count('<li id="play-step-') == count
    folded, _, rest = html.partition("</ol></details>")
    assert f'<ol class="timeline" start="{count - 5}" style="counter-reset: step {count - 6}">' in rest
    assert f'id="play-step-{count - 6}"' in folded
    rated = data.instance("rating_integrated", "validation", data.instance_ids("rating_integrated", "validation")[0])
    first, _, folded = play_view.row_html(rated, rated.candidates).partition('<details class="more">')
    assert 'id="play-step-1"' in first
    assert f'id="play-step-{len(rated.history)}"' in folded


def test_a_row_shows_dates_ratings_what_was_offered_and_the_listings() -> None:
    html = play_view.row_html(listed(), listed().candidates)
    assert "Today is" in html
    assert html.count('<div class="date">') == 4
    assert html.count('<span class="mark">called</span>') == 4
    assert html.count('<span class="number">') == 4
    # Three offered tools in each of four steps, and four candidates.
    assert html.count('<pre class="listing">## Limits and pricing\n- **Hosting**: ') == 16
    rated = play_view.row_html(listed("rating_integrated"), listed().candidates)
    assert rated.count('class="rating disliked"') == 1
    assert "Each call was rated." in rated


def test_a_verdict_names_the_wish_and_the_steps_that_show_it() -> None:
    wrong = play_view.verdict_html(listed(), "delta__forecast", FACTS, [Reply("wren", True), Reply("finch", False)])
    assert "Not what this user wanted" in wrong
    assert "region: EU; lower price (1.00)" in wrong
    assert "limit: a requirement, and the best within it" in wrong
    assert wrong.count('data-step="') == 2
    assert '<b><bdi>foxtrot__forecast</bdi></b> <span class="mark">wanted</span> <span>region <bdi>EU</bdi>;' in wrong
    assert '<bdi>delta__forecast</bdi></b> <span class="mark yours">your choice</span>' in wrong
    assert "<bdi>wren</bdi> calls the right tool; <bdi>finch</bdi> does not" in wrong
    right = play_view.verdict_html(listed(), "foxtrot__forecast", FACTS, [])
    assert "<h3>Right</h3>" in right
    assert "your choice</span>" not in right


def test_the_table_of_facts_has_only_stated_facts_and_keys_to_sort_by() -> None:
    tools = listed().candidates
    html = play_view.facts_html(tools, FACTS)
    assert html.count("<tr>") == 1 + len(tools)
    assert html.index(">price<") < html.index(">region<")
    assert f'<td data-value="{FACTS[tools[0].name]["price"].value.split()[0]}">' in html
    hidden = {name: {"price": Fact("3.0 USD", "")} for name in FACTS}
    assert "no facts" in play_view.facts_html(tools, hidden)


@pytest.mark.parametrize("name", HOSTILE)
def test_rows_verdicts_and_facts_are_escaped(name: str) -> None:
    row = listed()
    tool = replace(row.candidates[0], listing=name, description=name, provider=name)
    step = replace(row.history[0], date=name, instruction=name, offered=(name, tool.name))
    changed = replace(
        row, candidates=(tool,), history_tools=(tool,), history=(step,), evidence=(0,), today=name, instruction=name
    )
    facts = {tool.name: {name: Fact(name, name), "price": Fact(name, name)}}
    check_no_markup(play_view.row_html(changed, (tool,)), name)
    check_no_markup(play_view.verdict_html(changed, name, facts, [Reply(name, True)]), name)
    check_no_markup(play_view.facts_html((tool,), facts), name)
    best = [Best("1", name, True, {})]
    check_no_markup(play_score.score_html([played()], 0, best, {}), name)


def played(config: str = "chronological", kind: str = "limit", **changes: Any) -> Played:
    return replace(Played(config, kind, True, False, 0.25, (True,)), **changes)


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 4) == pytest.approx((0.0, 3.8415 / 7.8415), abs=1e-4)
    low, high = wilson(0.7, 10)
    assert (low, high) == pytest.approx((0.3968, 0.8922), abs=1e-4)


def test_the_score_compares_with_chance_systems_and_people_by_config_and_kind() -> None:
    rows = [
        played(),
        played(is_right=False, systems=(False,), chance=0.2),
        played(kind="trade", with_facts=True),
        played("preferred_only", systems=(None,)),
    ]
    best = [Best("1", "wren", False, {"chronological": 0.5, OVERALL: 0.4})]
    html = play_score.score_html(rows, 2, best, {})
    assert "3 of 4 right: 75.0 %" in html
    assert "2 rows skipped" in html
    assert "With the table of facts, which a model does not get: 1 of 1 right. From the listings alone: 2 of 3" in html
    line = html.partition("<b>chronological</b>")[2].partition("</tr>")[0]
    for cell in ('"Right">2 of 3', '"You">66.7', '"Chance">23.3', '"People">–', '"wren">66.7 (50.0)'):  # noqa: RUF001
        assert f"data-label={cell}" in line
    limit = html.rpartition("· limit")[2].partition("</tr>")[0]
    assert 'data-label="wren">50.0<' in limit, "the whole split has no figure of a kind"
    overall = html.partition("<b>Overall</b>")[2].partition("</tr>")[0]
    assert f'data-label="People">{play_score.NOBODY}<' in overall
    people = {(OVERALL, ""): People(30, 0.61), ("chronological", "limit"): People(6, 0.5)}
    read = play_score.score_html(rows, 0, best, people)
    assert play_score.NOBODY not in read
    assert "61.0<small>30 readings</small>" in read
    assert "50.0<small>6 readings</small>" in read


def test_before_the_first_answer_there_is_no_figure() -> None:
    assert "%" not in play_score.score_html([], 1, [], {})


def test_rows_do_not_repeat_and_new_query_groups_come_first(data: Data, tmp_path: Path) -> None:
    rows, config = PlayedRows(context_of(data, tmp_path)), "preferred_only"
    ids, groups = data.instance_ids(config, "validation"), data.column(config, "validation", "query_group")
    group_of = dict(zip(ids, groups, strict=True))
    done: list[str] = []
    while (instance_id := rows.next_id(config, "any", done, "seed")) is not None:
        assert instance_id not in done
        done.append(instance_id)
    assert sorted(done) == sorted(ids)
    first = [group_of[instance_id] for instance_id in done[: len(set(groups))]]
    assert len(set(first)) == len(first)
    assert rows.next_id(config, "any", [], "seed") == done[0]
    assert len({rows.next_id(config, "any", [], str(seed)) for seed in range(20)}) > 1


def test_a_kind_selects_the_rows_of_that_kind(data: Data, tmp_path: Path) -> None:
    rows = PlayedRows(context_of(data, tmp_path))
    for kind in KINDS:
        instance_id = rows.next_id("chronological", kind, [], "seed")
        if instance_id is not None:
            assert data.instance("chronological", "validation", instance_id).meta["kind"] == kind


def choice_of(play: Handlers, data: Data, pick: Callable[[Instance], str], session: Session) -> tuple[Instance, Any]:
    """Show a row, choose a tool, and return the row and the outputs."""
    instance_id, *_ = play.next("chronological", "any", session, request())
    row = data.instance("chronological", "validation", instance_id)
    return row, play.choose("chronological", instance_id, pick(row), session)


def right(row: Instance) -> str:
    assert row.answer is not None
    return row.answer.name


def wrong(row: Instance) -> str:
    return next(tool.name for tool in row.candidates if tool.name != right(row))


def test_the_answer_is_revealed_by_the_choice_and_not_before(play: Handlers, data: Data) -> None:
    session = Session()
    outputs = play.show("chronological", "any", "", "", session, request())
    assert not [text for text in SECRETS if text in "".join(map(str, outputs))]
    assert outputs[5] == ""
    instance_id = outputs[0]
    verdict, score, *_ = play.choose("chronological", instance_id, "no such tool", session)
    assert "No tool is chosen" in verdict
    assert session.choices == {}
    row = data.instance("chronological", "validation", instance_id)
    verdict, score, *_ = play.choose("chronological", instance_id, wrong(row), session)
    assert "Not what this user wanted" in verdict
    assert "0 of 1 right" in score
    verdict, score, *_ = play.choose("chronological", instance_id, right(row), session)
    assert "Not what this user wanted" in verdict, "the first choice counts"
    assert session.choices == {instance_id: wrong(row)}


def test_the_score_of_a_session(play: Handlers, data: Data) -> None:
    session = Session()
    row, (_, score, *_) = choice_of(play, data, right, session)
    assert "1 of 1 right" in score
    assert "from the listings alone" in score
    next_row, *_ = play.skip("chronological", "any", "", session, request())
    play.skip("chronological", "any", next_row, session, request())
    assert session.choices[next_row] == ""
    shown, *_ = play.next("chronological", "any", session, request())
    html, _ = play.facts("chronological", shown, True, session)
    assert "sortable" in html
    html, _ = play.facts("chronological", shown, False, session)
    assert html == ""
    _, score, *_ = play.choose(
        "chronological", shown, wrong(data.instance("chronological", "validation", shown)), session
    )
    assert "1 of 2 right" in score
    assert "1 row skipped" in score
    assert "which a model does not get: 0 of 1 right. From the listings alone: 1 of 1 right." in score
    play.facts("chronological", row.instance_id, True, session)
    assert session.with_facts == {shown}, "a table that is opened after the choice does not count"
    capable = len(row.meta["same_function"])
    assert f'data-label="Chance">{100 / capable:.1f}' in play._score(Session({row.instance_id: right(row)}))


def test_the_score_compares_with_a_system_on_the_same_rows(play: Handlers, data: Data) -> None:
    replies = guesses(data, "validation")
    session = Session()
    for _ in range(6):
        choice_of(play, data, right, session)
    calls = 0
    for instance_id in session.choices:
        name = right(data.instance("chronological", "validation", instance_id))
        calls += f'"name": "{name}"' in replies[instance_id]
    line = play._score(session).partition("<b>chronological</b>")[2].partition("</tr>")[0]
    assert f'data-label="wren">{100 * calls / 6:.1f} (40.0)' in line


def test_a_link_shows_its_row_and_no_row_of_test(play: Handlers, data: Data) -> None:
    session, config = Session(), "rating_integrated"
    linked = data.instance_ids(config, "validation")[3]
    instance_id, address, *_ = play.show(config, "any", linked, "", session, request())
    assert instance_id == linked
    assert address == f"tab=play&config={config}&id={linked}"
    for unknown in (data.instance_ids(config, "test")[0], "nothing", "../x"):
        instance_id, address, html, *_ = play.show(config, "any", unknown, "", session, request())
        assert (instance_id, address) == ("", f"tab=play&config={config}")
        assert "Unknown row" in html
    play.choose(config, data.instance_ids(config, "test")[0], "x", session)
    assert session.choices == {}


def test_a_row_that_was_answered_is_shown_with_its_answer(play: Handlers, data: Data) -> None:
    session = Session()
    row, _ = choice_of(play, data, right, session)
    outputs = play.show("chronological", "any", row.instance_id, "", session, request())
    assert "<h3>Right</h3>" in outputs[5]


def test_when_all_rows_are_answered_the_page_says_so(play: Handlers, data: Data) -> None:
    session = Session(dict.fromkeys(data.instance_ids("chronological", "validation"), ""))
    instance_id, _, html, *_ = play.next("chronological", "any", session, request())
    assert instance_id == ""
    assert "No further row" in html


def test_values_of_an_address_are_checked() -> None:
    assert restored({"config": "chronological", "kind": "trade", "id": "a"}) == ["chronological", "trade", "a"]
    assert restored({"config": "sft", "kind": "x"}) == ["preferred_only", "any", ""]
