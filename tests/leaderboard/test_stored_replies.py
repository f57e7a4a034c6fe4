"""Tests that single replies are read at their places in a file, without keeping the file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from leaderboard.pages.stored_replies import StoredReplies
from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import StoreError, UnknownSubmissionError

from .making import FREE, lines, submission, write

HEADER = b'{"petoolbench": {"format": 2}}\n'


def test_replies_are_read_one_by_one(data: Data, tmp_path: Path) -> None:
    ids = sorted(instance_id for of_config in data.ids("validation").values() for instance_id in of_config)
    texts = {instance_id: f"reply to {instance_id} \u00e9\n" + "x" * 50_000 for instance_id in ids[:-1]}
    repeated = b'{"instance_id": "%s", "prediction": "again", "repeat": 2}\n' % ids[0].encode()
    content = HEADER + repeated + lines(texts)
    store, made = LocalStore(tmp_path / "store"), submission(content)
    store.submit(made, write(tmp_path, content), lambda _: FREE)
    replies = StoredReplies(store, data, "validation")
    tracemalloc.start()
    assert [replies.get(made.id, instance_id) for instance_id in ids] == [*texts.values(), None]
    del texts
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < len(content) / 4
    assert replies.get(made.id, "unknown") is None


def test_missing_and_changed_files_are_errors(data: Data, tmp_path: Path) -> None:
    instance_id = data.instance_ids("chronological", "validation")[0]
    content = lines({instance_id: "a"})
    store, made = LocalStore(tmp_path / "store"), submission(content)
    store.submit(made, write(tmp_path, content), lambda _: FREE)
    replies = StoredReplies(store, data, "validation")
    assert replies.get(made.id, instance_id) == "a"
    path = store.predictions_file(made.id)
    path.write_bytes(b"damaged")
    with pytest.raises(StoreError, match="cannot be read"):
        replies.get(made.id, instance_id)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        replies.get(made.id, instance_id)
    with pytest.raises(UnknownSubmissionError):
        replies.get("20260101T000000Z-0123456789abcdef", instance_id)
