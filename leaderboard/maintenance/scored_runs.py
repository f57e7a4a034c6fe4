"""Acts that score a run with the private answers: add a row of the maintainers, and reproduce a submission."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from leaderboard.clock import Clock, stamp, utc_now
from leaderboard.ladder import rounded_down
from leaderboard.public_data import DataError
from leaderboard.scoring.baselines import PERSON
from leaderboard.scoring.score_submission import Scored, Scorer
from leaderboard.scoring.scorer_version import scorer_version
from leaderboard.stores.acts import Act, RunFacts, standing_of
from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import (
    HISTORIES_SHOWN,
    SPLITS,
    ConfigScores,
    HistoryShown,
    Outcome,
    Split,
    Submission,
    System,
    latest,
)
from leaderboard.submissions.prediction_lines import HEADER
from leaderboard.submissions.quota import Decision
from leaderboard.submissions.system_form import read_system
from leaderboard.submissions.validation import LIMITS, CheckResult, SubmissionTerms, check

from .maintainer_acts import ActError, find_submission, record_act

_RATE: Final = "tool_accuracy"
_ALLOWED: Final = Decision(True, 1, None, "Rows of the maintainers have no quota.")


@dataclass(frozen=True, slots=True)
class AddedRun:
    """Row of the maintainers on the board."""

    submission: Submission
    outcome: Outcome
    is_new: bool
    """False if the store already had the row with this outcome."""


@dataclass(frozen=True, slots=True)
class RowText:
    """Description of a row; empty values are taken from the header of the run file."""

    name: str = ""
    split: str = ""
    history: str = ""
    description: str = ""
    link: str = ""


def add_run(
    store: Store, scorer: Scorer, run: Path, row: RowText, *, by: str, reason: str = "", clock: Clock = utc_now
) -> AddedRun:
    """Add a run of the maintainers to the board, as a row with the badge `baseline`, which has no rank.

    The same run under the same name is the same row: adding it again after a change of the scorer or the answers adds
    an outcome. The file of a run on the test split is scored and not stored.

    Args:
        store: Store of the board.
        scorer: Scorer with the answers.
        run: Run file or predictions file.
        row: Name and description of the row.
        by: Maintainer who acts; shown on the board.
        reason: Reason, which is shown on the board.
        clock: Return the current time.

    Raises:
        ActError: If the name or the split is missing or invalid.
        DataError: If the file is not valid for the data set, or the answers are missing.
        StoreError: If the store cannot be read or written.
    """
    content = _content(run)
    row = _with_header(row, content, run)
    split, history = _split_of(row, run), _history_of(row)
    checked = _checked(scorer, content, split, history, run)
    now = clock()
    submission = Submission(
        id=_id(scorer.data.revision, row, content),
        person=PERSON,
        system=_system(row, history),
        split=split,
        configs=checked.configs,
        sha256=checked.sha256,
        size=checked.size,
        data_revision=scorer.data.revision,
        scorer_version=scorer_version(),
        created=stamp(now),
        badge="baseline",
        core_only=checked.core_only,
    )
    scored = _scored(scorer, submission.id, split, checked, submission.created)
    store.submit(submission, run if split == "validation" else None, lambda _: _ALLOWED)
    is_new = store.record(*scored)
    if standing_of(store.acts(), submission.id).added is None:
        record_act(store, submission.id, "added", by=by, reason=reason, run=_facts(checked, scored), clock=clock)
    return AddedRun(submission, scored.outcome, is_new)


def reproduce(store: Store, scorer: Scorer, submission_id: str, run: Path, *, by: str, clock: Clock = utc_now) -> Act:
    """Give a submission the badge `reproduced`, with a run of the maintainers of the same system.

    The run must answer the same split, configs and history. On each config of which the submission shows a figure, its
    tool accuracy must be within the 95 % interval of the submission's. On the test split, the act states the tool
    accuracy of the run in the steps of the submission.

    Args:
        store: Store of the board.
        scorer: Scorer with the answers.
        submission_id: Id of the submission.
        run: Run file or predictions file of the maintainers. It is scored and not stored.
        by: Maintainer who acts; shown on the board.
        clock: Return the current time.

    Raises:
        UnknownSubmissionError: If there is no such submission.
        ActError: If the submission is not scored by the current scorer, the run is the submitted file, its figures
            differ, or the submission has the badge already.
        DataError: If the file is not valid for the data set, or the answers are missing.
        StoreError: If the store cannot be read or written.
    """
    submission = find_submission(store, submission_id)
    if submission.badge == "baseline":
        raise ActError(f"{submission_id} is a row of the maintainers. The badge is for submissions of others.")
    outcome = latest(store.outcomes()).get(submission_id)
    if outcome is None or outcome.status != "scored" or outcome.key != scorer.key(submission_id, submission.split):
        state = "is not scored" if outcome is None else f"is {outcome.status}, but not by the current scorer"
        raise ActError(f"{submission_id} {state}. Run `petoolbench rescore` with the answers first.")
    if not outcome.scores:
        raise ActError(f"{submission_id} shows no figure of a config that a rerun could be compared with.")
    content = _content(run)
    checked = _checked(scorer, content, submission.split, submission.system.history, run)
    if checked.sha256 == submission.sha256:
        raise ActError(f"{str(run)!r} is the submitted file itself. Run the system again and name that run.")
    if missing := [config for config in submission.configs if config not in checked.configs]:
        raise ActError(
            f"{str(run)!r} does not answer {', '.join(missing)}, as the submission does. Run it on them too."
        )
    scored = _scored(scorer, submission_id, submission.split, checked, outcome.created)
    if differences := _differences(outcome.scores, scored.outcome.scores):
        raise ActError(
            f"{str(run)!r} does not reproduce {submission_id}: {'; '.join(differences)}. Nothing was changed."
        )
    facts = _facts(checked, scored)
    if outcome.rungs:  # the exact figures of a rerun would reveal those of the submission
        figures = {
            config: rounded_down(facts.tool_accuracy[config], outcome.rungs[config]) for config in outcome.scores
        }
        facts = replace(facts, tool_accuracy=figures)
    return record_act(store, submission_id, "reproduced", by=by, run=facts, clock=clock)


def _differences(submitted: Mapping[str, ConfigScores], rerun: Mapping[str, ConfigScores]) -> list[str]:
    """Return the configs on which a rerun is outside the interval of the submission, in words."""
    found = []
    for config, scores in submitted.items():
        low, high = scores.intervals[_RATE]
        rate = rerun[config].tool_accuracy
        if not low <= rate <= high:
            found.append(f"{config} {100 * rate:.1f} %, outside the interval {100 * low:.1f} to {100 * high:.1f} %")
    return found


def _content(run: Path) -> bytes:
    try:
        if run.stat().st_size > LIMITS.file_bytes:
            raise DataError(f"{str(run)!r} has more than {LIMITS.file_bytes} bytes. Name a run file.")
        return run.read_bytes()
    except OSError as error:
        raise DataError(f"{str(run)!r} cannot be read: {error.strerror}. Name a run file.") from error


def _with_header(row: RowText, content: bytes, run: Path) -> RowText:
    """Fill empty values from the header of a run file."""
    settings = _settings(content)
    name = row.name or str(settings.get("model", "")).removeprefix("baseline:").removeprefix("hf:").replace("_", " ")
    if not name:
        raise ActError(f"{str(run)!r} has no header that names its model. Give the name of the row with --name.")
    if len(name) > 80 or not name.isprintable():
        raise ActError(f"{name[:80]!r} is not a name of a row. Give at most 80 printable characters with --name.")
    return replace(
        row,
        name=name,
        split=row.split or str(settings.get("split", "")),
        history=row.history or str(settings.get("history", "own")),
    )


def _settings(content: bytes) -> Mapping[str, Any]:
    """Return the settings in the header of a run file; empty without one."""
    try:
        first = json.loads(content.partition(b"\n")[0])
        settings = first[HEADER]["settings"]
    except (ValueError, KeyError, TypeError, RecursionError):  # a predictions file, which `check` reads
        return {}
    return settings if isinstance(settings, dict) else {}


def _split_of(row: RowText, run: Path) -> Split:
    split = next((split for split in SPLITS if split == row.split), None)
    if split is None:
        stated = f"names the split {row.split!r}" if row.split else "names no split"
        raise ActError(f"{str(run)!r} {stated}. Give one with --split: {' or '.join(SPLITS)}.")
    return split


def _history_of(row: RowText) -> HistoryShown:
    history = next((history for history in HISTORIES_SHOWN if history == row.history), None)
    if history is None:
        raise ActError(f"Unknown history {row.history!r}. Available values of --history: {', '.join(HISTORIES_SHOWN)}.")
    return history


def _system(row: RowText, history: HistoryShown) -> System:
    # The form refuses the names of baselines, which a row of the maintainers may have.
    fields = {"name": "a row", "description": row.description, "link": row.link, "history": history}
    system = read_system(fields)
    if isinstance(system, list):
        raise ActError(f"The row cannot be described so: {' '.join(system)}")
    return replace(system, name=row.name, team=PERSON.name)


def _checked(scorer: Scorer, content: bytes, split: Split, history: HistoryShown, run: Path) -> CheckResult:
    if split == "test" and not scorer.has_answers:
        raise DataError(
            "A run on the test split cannot be scored without the answers. Name their folder with --answers."
        )
    terms = SubmissionTerms(scorer.data.revision, split, history)
    ids, core = scorer.data.ids(split), scorer.data.core_ids(split)
    checked = check(io.BytesIO(content), ids, LIMITS, terms, core)
    if not checked.ok:
        raise DataError(f"{str(run)!r} is not valid on {split}. {' '.join(checked.report()[:4])}")
    return checked


def _scored(scorer: Scorer, submission_id: str, split: Split, checked: CheckResult, created: str) -> Scored:
    return scorer.score(
        submission_id,
        split,
        checked.configs,
        checked.predictions,
        created,
        repeats=checked.repeats,
        endings=checked.endings,
    )


def _facts(checked: CheckResult, scored: Scored) -> RunFacts:
    rates = {config: scores.tool_accuracy for config, scores in scored.outcome.scores.items()}
    return RunFacts(checked.sha256, scored.outcome.scorer_version, rates)


def _id(revision: str, row: RowText, content: bytes) -> str:
    """Return the id of a row, a hash of its run and name, so that adding it again adds no second row."""
    name = f"{revision}\n{row.name}\n{row.split}\n{row.history}\n"
    digest = hashlib.sha256(b"row of the maintainers\n" + name.encode() + content).hexdigest()
    return f"00000000T000000Z-{digest[:16]}"
