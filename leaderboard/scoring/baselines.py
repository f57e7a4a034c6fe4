"""The permanent rows: what needs no model scores so much, and what knows all scores no more.

The files of the test split are scored here and not kept in the store: those of the oracle are as good as the answers,
and the public process reads the store.
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
    EMPTY: "Every prediction is the empty text.",
    "random": "Any candidate, without arguments.",
    "most popular": "The candidate that most users call, by the histories of all rows, without arguments.",
    "last used": "The candidate whose provider the user called last, without arguments.",
    "no history": "The candidate whose documentation shares most words with the instruction, without arguments; "
    "the history is not read.",
    "oracle": "Reads history and attributes as the builder does: the ceiling.",
}
_ALLOWED: Final = Decision(True, 1, None, "Baselines have no quota.")


class Baseline(NamedTuple):
    """A file of predictions of one of our own."""

    system: str
    split: Split
    content: bytes


def baseline_files(folder: Path | None, scorer: Scorer, splits: tuple[Split, ...]) -> Iterator[Baseline]:
    """The empty file of each split, and the files of a folder.

    Args:
        folder: Of `<system>.<split>.jsonl`; None for none.
        scorer: Tells the instance ids.
        splits: Those that can be scored.

    Raises:
        DataError: If the folder cannot be read, or a name names no split.
    """
    for split in splits:
        ids = sorted(one for own in scorer.data.ids(split).values() for one in own)
        lines = (json.dumps({"instance_id": one, "prediction": ""}) + "\n" for one in ids)
        yield Baseline(EMPTY, split, "".join(lines).encode())
    if folder is None:
        return
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is no folder of baselines. Name one that holds SYSTEM.SPLIT.jsonl.")
    for path in sorted(folder.glob("*.jsonl")):
        system, _, split_name = path.stem.rpartition(".")
        found = next((one for one in SPLITS if one == split_name), None)
        if found is None or not system:
            raise DataError(
                f"{path.name!r} names no split. Name it SYSTEM.SPLIT.jsonl, a split of {', '.join(SPLITS)}."
            )
        if found in splits:
            yield Baseline(system.replace("_", " "), found, path.read_bytes())


def add_floor(store: Store, scorer: Scorer, folder: Path | None, clock: Callable[[], datetime]) -> Iterator[Outcome]:
    """Put the permanent rows on the board, each once for these data and this scorer; gives what was added.

    Args:
        store: Where the board lies.
        scorer: With answers, for both splits; without, for validation.
        folder: As in `baseline_files`.
        clock: Tells the time.

    Raises:
        DataError: If a file is not valid for these data, or the folder is none.
        StoreError: If the store cannot be read or written.
    """
    splits = SPLITS if scorer.has_answers else ("validation",)
    there = {one.key for one in store.outcomes()}
    for one in baseline_files(folder, scorer, splits):
        submission_id = _id(one, scorer.data.revision)
        if scorer.key(submission_id, one.split) in there:
            continue
        checked = check(io.BytesIO(one.content), scorer.data.ids(one.split))
        if not checked.ok:
            raise DataError(
                f"The baseline {one.system!r} of {one.split} is not valid. {' '.join(checked.report()[:4])}"
            )
        now = clock().isoformat(timespec="milliseconds")
        _submit(
            store,
            Submission(
                id=submission_id,
                person=PERSON,
                system=System(one.system, team=PERSON.name, description=DESCRIPTIONS.get(one.system, "")),
                split=one.split,
                configs=checked.configs,
                sha256=checked.sha256,
                size=checked.size,
                data_revision=scorer.data.revision,
                scorer_version=scorer_version(),
                created=now,
                badge="baseline",
            ),
            one.content if one.split == "validation" else None,
        )
        scored = scorer.score(submission_id, one.split, checked.configs, checked.predictions, now)
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


def _id(one: Baseline, revision: str) -> str:
    """The same for the same file, so that two processes that start at once add one row."""
    digest = hashlib.sha256(f"{revision}\n{one.system}\n{one.split}\n".encode() + one.content).hexdigest()
    return f"00000000T000000Z-{digest[:16]}"
