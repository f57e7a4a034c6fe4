"""Permanent rows of the board: baselines without a model, and the oracle as the upper bound.

Baseline files of the test split are scored but not stored, because the public process reads the store and the oracle's
file contains the answers.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from leaderboard.public_data import DataError
from leaderboard.stores.store import Receipt, Store
from leaderboard.stores.stored_records import SPLITS, Outcome, Person, Split, Submission, System
from leaderboard.submissions.quota import Decision
from leaderboard.submissions.validation import check

from .score_submission import Scorer
from .scorer_version import scorer_version

EMPTY: Final = "empty file"
PERSON: Final = Person("baseline", "PEToolBench")
DESCRIPTIONS: Final = {
    EMPTY: "Every prediction is an empty string.",
    "random": "A random candidate, without arguments.",
    "most popular": "The candidate that most users call, by the histories of all instances, without arguments.",
    "last used": "The candidate whose provider the user called last, without arguments.",
    "no history": "The candidate whose documentation shares most words with the instruction, without arguments; "
    "the history is not read.",
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


def add_baselines(
    store: Store, scorer: Scorer, folder: Path | None, clock: Callable[[], datetime]
) -> Iterator[Outcome]:
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
        if scorer.key(submission_id, baseline.split) in existing:
            continue
        ids, core = scorer.data.ids(baseline.split), scorer.data.core_ids(baseline.split)
        checked = check(io.BytesIO(baseline.content), ids, core=core)
        if not checked.ok:
            raise DataError(
                f"The baseline {baseline.system!r} of {baseline.split} is not valid. {' '.join(checked.report()[:4])}"
            )
        now = clock().isoformat(timespec="milliseconds")
        submission = Submission(
            id=submission_id,
            person=PERSON,
            system=System(baseline.system, team=PERSON.name, description=DESCRIPTIONS.get(baseline.system, "")),
            split=baseline.split,
            configs=checked.configs,
            sha256=checked.sha256,
            size=checked.size,
            data_revision=scorer.data.revision,
            scorer_version=scorer_version(),
            created=now,
            badge="baseline",
            core_only=checked.core_only,
        )
        _submit(store, submission, baseline.content if baseline.split == "validation" else None)
        scored = scorer.score(submission_id, baseline.split, checked.configs, checked.predictions, now)
        if store.record(*scored):
            yield scored.outcome


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
