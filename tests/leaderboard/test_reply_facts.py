"""What the board shows of a run file besides its predictions: cut, refused and repeated replies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from leaderboard.public_data import Data
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.stored_records import HISTORY_TYPES, Outcome, Split, from_json, to_json
from leaderboard.submissions.validation import CheckResult, check
from leaderboard.views import downloads, filters, ranking, table
from leaderboard.views.filters import View
from petoolbench.runs import Line

from .making import guesses, submission


def content_of(lines: Iterable[Line]) -> bytes:
    return "".join(line.as_json() for line in lines).encode()


def run_file(data: Data, split: Split = "validation", repeat: int = 3) -> bytes:
    """Return a run file: the first three instances were cut, the fourth was refused, and others are complete."""
    first = [
        Line(name, text, finish_reason="length" if place < 3 else "stop", refusal="No." if place == 3 else None)
        for place, (name, text) in enumerate(guesses(data, split).items())
    ]
    others = [
        Line(name, text, reasoning="Well.", content="I call it.", repeat=number)
        for number in range(2, repeat + 1)
        for name, text in guesses(data, split, number).items()
    ]
    return content_of([*first, *others])


def scored(scorer: Scorer, checked: CheckResult, split: Split = "validation") -> Outcome:
    assert checked.ok, checked.report()
    facts = {"repeats": checked.repeats, "endings": checked.endings}
    return scorer.score("x", split, checked.configs, checked.predictions, "2026-11-22", **facts).outcome  # type: ignore[arg-type]


def test_cut_refused_and_repeated_replies_are_scored_and_stored(data: Data, scorer: Scorer) -> None:
    checked = check(io.BytesIO(run_file(data)), data.ids("validation"))
    outcome = scored(scorer, checked)
    assert from_json(Outcome, to_json(outcome)) == outcome
    first = outcome.scores[HISTORY_TYPES[0]]
    assert first.cut == pytest.approx(3 / 36)
    assert first.refused == pytest.approx(1 / 36)
    assert outcome.scores[HISTORY_TYPES[2]].cut == 0
    alone = scorer.score("x", "validation", checked.configs, checked.predictions, "2026-11-22").outcome
    assert first.tool_accuracy == alone.scores[HISTORY_TYPES[0]].tool_accuracy, "the main figures are of first replies"
    repeats = first.repeats
    assert repeats is not None
    assert repeats.replies == 3
    assert 0 < repeats.pass_all < repeats.pass_1 < 1
    assert repeats.pass_all_interval[0] <= repeats.pass_all <= repeats.pass_all_interval[1]
    assert 0 < repeats.agreement < 1


def test_rates_of_the_test_split_are_rounded(data: Data, scorer: Scorer) -> None:
    checked = check(io.BytesIO(run_file(data, "test")), data.ids("test"))
    scores = scored(scorer, checked, "test").scores[HISTORY_TYPES[0]]
    assert scores.cut is not None
    assert scores.repeats is not None
    for rate in (scores.cut, scores.repeats.pass_1, scores.repeats.agreement, *scores.repeats.pass_all_interval):
        assert rate == round(rate, 3)


def test_a_file_without_reply_facts_states_none(data: Data, scorer: Scorer) -> None:
    plain = content_of(Line(name, text) for name, text in guesses(data, "validation").items())
    scores = scored(scorer, check(io.BytesIO(plain), data.ids("validation"))).scores[HISTORY_TYPES[0]]
    assert (scores.cut, scores.refused, scores.repeats) == (None, None, None)
    earlier = json.loads(to_json(scores))
    for name in ("cut", "refused", "repeats"):
        del earlier[name]
    assert from_json(type(scores), json.dumps(earlier)) == scores, "outcomes of earlier versions can be read"


def test_the_board_shows_the_shares_and_pass_k(data: Data, scorer: Scorer) -> None:
    content = run_file(data)
    outcome = scored(scorer, check(io.BytesIO(content), data.ids("validation")))
    entry = submission(content, revision=data.revision)
    rows = {
        board: ranking.rows([entry], [replace(outcome, submission_id=entry.id)], board, "validation", data.revision)
        for board in ranking.BOARDS
    }  # fmt: skip
    (overall,), (first,) = rows["overall"], rows[HISTORY_TYPES[0]]
    assert overall.cut == pytest.approx(1 / 36)
    assert first.replies == overall.replies == 3
    assert overall.pass_all is not None
    html = table.board_html([overall], View(), of=1)
    assert "Cut<small>refused</small>" in html
    assert f"{100 * overall.pass_all:.1f}<small>k = 3, agree " in html
    assert "in all replies to" in table.details_html(overall)
    assert filters.ordered([overall], "pass_all", upwards=False) == [overall]
    (flat,) = csv.DictReader(io.StringIO(downloads.to_csv([overall])))
    assert float(flat["pass_all"]) == pytest.approx(overall.pass_all)
    assert flat["replies"] == "3"
    assert float(flat["cut"]) == pytest.approx(1 / 36)


def test_columns_without_a_value_are_left_out(data: Data, scorer: Scorer) -> None:
    content = content_of(Line(name, text) for name, text in guesses(data, "validation").items())
    outcome = scored(scorer, check(io.BytesIO(content), data.ids("validation")))
    entry = submission(content, revision=data.revision)
    stored = replace(outcome, submission_id=entry.id)
    (row,) = ranking.rows([entry], [stored], "overall", "validation", data.revision)
    html = table.board_html([row], View(), of=1)
    assert "Cut<small>" not in html
    assert "All replies" not in html
