"""Sample predictions files, submissions and people for the leaderboard tests."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leaderboard.public_data import Data
from leaderboard.stores.store import new_id
from leaderboard.stores.stored_records import HISTORY_TYPES, Badge, Person, Split, Submission, System
from leaderboard.submissions.quota import Decision

SUBMISSIONS, RESULTS = "org/submissions", "org/results"
"""Names of the two repositories of a store on the Hub."""
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN, BOB = Person("0001", "ann"), Person("0002", "bob")
FREE = Decision(True, 1, None, "No limit.")
"""Quota decision that allows the submission."""


class Clock:
    """Clock that advances by one second per call."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def lines(predictions: Mapping[str, str]) -> bytes:
    """Return the content of a predictions file."""
    return "".join(
        json.dumps({"instance_id": instance_id, "prediction": text}) + "\n" for instance_id, text in predictions.items()
    ).encode()


def guesses(data: Data, split: Split, seed: int = 0, configs: tuple[str, ...] = HISTORY_TYPES) -> dict[str, str]:
    """Return a call of a random candidate per instance, or in half of the validation split the reference call."""
    rng = random.Random(seed)  # noqa: S311
    predictions = {}
    for config in configs:
        for row in data.table(config, split).to_pylist():
            call = {"name": rng.choice(row["candidates"])["name"], "arguments": {}}
            if row["answer"] and rng.random() < 0.5:
                call = {"name": row["answer"]["name"], "arguments": json.loads(row["answer"]["arguments"])}
            predictions[row["instance_id"]] = json.dumps(call)
    return predictions


def groups_of_test(data: Data) -> set[str]:
    """Return the query groups of the test split."""
    return {group for config in HISTORY_TYPES for group in data.column(config, "test", "query_group")}


def with_manifest(folder: Path, **changes: object) -> Path:
    """Change fields of the manifest of a data set, and return its folder."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    return folder


def of_core(data: Data, predictions: Mapping[str, str]) -> dict[str, str]:
    """Return the predictions on the core of the test split."""
    core = frozenset().union(*data.core_ids("test").values())
    return {instance_id: text for instance_id, text in predictions.items() if instance_id in core}


def submission(
    content: bytes,
    *,
    person: Person = ANN,
    split: Split = "validation",
    name: str = "a system",
    now: datetime = NOW,
    revision: str = "r",
    badge: Badge = "self-reported",
    configs: tuple[str, ...] = HISTORY_TYPES,
) -> Submission:
    """Return a submission of a file."""
    return Submission(
        id=new_id(now),
        person=person,
        system=System(name),
        split=split,
        configs=configs,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        data_revision=revision,
        scorer_version="s",
        created=now.isoformat(),
        badge=badge,
    )


def write(folder: Path, content: bytes, name: str = "predictions.jsonl") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path
