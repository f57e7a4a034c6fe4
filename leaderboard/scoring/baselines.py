"""Permanent rows of the board: baselines without a model, and the oracle as the upper bound.

Random choices are not sampled: their rows show expected values, which need no file. Baseline files of the test split
are scored but not stored, because the public process reads the store and the oracle's file contains the answers.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from leaderboard.clock import Clock, stamp
from leaderboard.public_data import DataError
from leaderboard.stores.store import Receipt, Store
from leaderboard.stores.stored_records import HISTORY_TYPES, SPLITS, Outcome, Person, Split, Submission, System
from leaderboard.submissions.quota import Decision
from leaderboard.submissions.validation import check

from .expected_scores import DRAWS, expected_outcome
from .score_submission import Scorer
from .scorer_version import scorer_version

EMPTY: Final = "empty file"
PERSON: Final = Person("baseline", "PEToolBench")
DESCRIPTIONS: Final = {
    EMPTY: "Every prediction is an empty string.",
    "random": "Any candidate with the same probability, without arguments. The rates are expected values, which are "
    "exact and have no interval.",
    "chance": "Any candidate that can do the job with the same probability, with correct arguments: a system that does "
    "the job and ignores the user. The rates are expected values, which are exact and have no interval.",
    "first listed": "The candidate that is listed first, without arguments.",
    "most popular": "The candidate that most users call, by the histories of all instances, without arguments.",
    "most used": "The candidate whose provider the user called most often, without arguments.",
    "most liked": "The candidate whose provider has the most liked minus disliked calls, without arguments.",
    "last used": "The candidate whose provider the user called last, without arguments.",
    "no history": "The candidate whose documentation shares most words with the instruction, without arguments; "
    "the history is not read.",
    "similar documents": "The candidate whose documentation is most similar to the instruction and to the tools of the "
    "history, by sentence vectors, without arguments.",
    "regression": "A logit model that is fitted to the answers of the training split, without arguments. It knows the "
    "facts of tools and which candidates can do the job.",
    "program": "A program without a model: it knows the repository and reads the facts of tools from their listings.",
    "oracle": "Derives the answer from history and facts of tools with the builder's own rules: the upper bound.",
}
_ALLOWED: Final = Decision(True, 1, None, "Baselines have no quota.")


class Baseline(NamedTuple):
    """Predictions file of a baseline."""

    system: str
    split: Split
    content: bytes


def baseline_files(folder: Path | None, scorer: Scorer, splits: tuple[Split, ...]) -> Iterator[Baseline]:
    """Yield the file of empty predictions of each split, then the files of a folder.

    Args:
        folder: Folder of `<system>.<split>.jsonl`, or None.
        scorer: Scorer, which provides the instance ids.
        splits: Splits to include.

    Raises:
        DataError: If the folder cannot be read, or the name of a file does not name a split.
    """
    for split in splits:
        ids = sorted(instance_id for config_ids in scorer.data.ids(split).values() for instance_id in config_ids)
        lines = (json.dumps({"instance_id": instance_id, "prediction": ""}) + "\n" for instance_id in ids)
        yield Baseline(EMPTY, split, "".join(lines).encode())
    if folder is None:
        return
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is not a folder of baselines. Name a folder of SYSTEM.SPLIT.jsonl files.")
    for path in sorted(folder.glob("*.jsonl")):
        system, split = _system_and_split(path)
        if split in splits:
            yield Baseline(system, split, path.read_bytes())


def _system_and_split(path: Path) -> tuple[str, Split]:
    system, _, split_name = path.stem.rpartition(".")
    split = next((split for split in SPLITS if split == split_name), None)
    if split is None or not system:
        raise DataError(
            f"{path.name!r} does not name a split. Rename it to SYSTEM.SPLIT.jsonl, where SPLIT is one of "
            f"{', '.join(SPLITS)}."
        )
    return system.replace("_", " "), split


def add_baselines(store: Store, scorer: Scorer, folder: Path | None, clock: Clock) -> Iterator[Outcome]:
    """Add the baselines to the board, once per data revision and scorer, and yield the added outcomes.

    Args:
        store: Store for the board.
        scorer: Scorer. Without answers, only baselines of the validation split are added.
        folder: Folder of baselines, see `baseline_files`.
        clock: Return the current time.

    Raises:
        DataError: If a file is not valid for the data set, or the folder cannot be read.
        StoreError: If the store cannot be read or written.
    """
    splits = SPLITS if scorer.has_answers else ("validation",)
    existing = {outcome.key for outcome in store.outcomes()}
    for baseline in baseline_files(folder, scorer, splits):
        submission_id = _id(baseline, scorer.data.revision)
        if scorer.key(submission_id, baseline.split) not in existing:
            yield from _add_file(store, scorer, submission_id, baseline, clock)
    for split, (name, draw) in product(splits, DRAWS.items()):
        baseline = Baseline(name, split, b"")
        submission_id = _id(baseline, scorer.data.revision)
        if scorer.key(submission_id, split) in existing:
            continue
        now = stamp(clock())
        outcome = expected_outcome(scorer, submission_id, split, draw, now)
        if outcome is not None:
            _submit(store, _submission(submission_id, baseline, scorer, now), None)
            if store.record(outcome):
                yield outcome


def _add_file(store: Store, scorer: Scorer, submission_id: str, baseline: Baseline, clock: Clock) -> Iterator[Outcome]:
    """Score the file of a baseline, and yield its outcome if this call added it."""
    ids, core = scorer.data.ids(baseline.split), scorer.data.core_ids(baseline.split)
    checked = check(io.BytesIO(baseline.content), ids, core=core)
    if not checked.ok:
        raise DataError(
            f"The baseline {baseline.system!r} of {baseline.split} is not valid. {' '.join(checked.report()[:4])}"
        )
    now = stamp(clock())
    submission = replace(
        _submission(submission_id, baseline, scorer, now),
        configs=checked.configs,
        sha256=checked.sha256,
        size=checked.size,
        core_only=checked.core_only,
    )
    _submit(store, submission, baseline.content if baseline.split == "validation" else None)
    scored = scorer.score(submission_id, baseline.split, checked.configs, checked.predictions, now)
    if store.record(*scored):
        yield scored.outcome


def _submission(submission_id: str, baseline: Baseline, scorer: Scorer, created: str) -> Submission:
    """Return the submission of a baseline that answers all configs and has no file."""
    return Submission(
        id=submission_id,
        person=PERSON,
        system=System(baseline.system, team=PERSON.name, description=DESCRIPTIONS.get(baseline.system, "")),
        split=baseline.split,
        configs=HISTORY_TYPES,
        sha256="",
        size=0,
        data_revision=scorer.data.revision,
        scorer_version=scorer_version(),
        created=created,
        badge="baseline",
    )


def _submit(store: Store, submission: Submission, content: bytes | None) -> None:
    if content is None:
        receipt = store.submit(submission, None, lambda _: _ALLOWED)
    else:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "predictions.jsonl"
            file.write_bytes(content)
            receipt = store.submit(submission, file, lambda _: _ALLOWED)
    assert isinstance(receipt, Receipt)


def _id(baseline: Baseline, revision: str) -> str:
    """Return the id of a baseline, a hash of its file, so that concurrent processes add the same row."""
    name = f"{revision}\n{baseline.system}\n{baseline.split}\n"
    digest = hashlib.sha256(name.encode() + baseline.content).hexdigest()
    return f"00000000T000000Z-{digest[:16]}"
