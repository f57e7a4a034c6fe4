"""SQLite cache of paid answers, which concurrent builds can share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LlmError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, text TEXT NOT NULL, input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, keys TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """Text of a model's reply, and the tokens that it cost."""

    text: str
    input_tokens: int
    output_tokens: int


class AnswerCache:
    """Answers by request key, and the batches in progress.

    An answer is written to disk before it is used, so that a build that is killed pays for no answer twice.

    Args:
        path: The SQLite file. It is created if it does not exist.

    Raises:
        LlmError: If the file cannot be opened or is not an SQLite database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise LlmError(
                f"The cache {str(path)!r} cannot be used: {error}. Pass another file with --cache, or delete this one."
            ) from error

    def close(self) -> None:
        """Close the database connection."""
        self._db.close()

    @property
    def is_empty(self) -> bool:
        """True if the cache holds neither answers nor batches."""
        query = "SELECT EXISTS(SELECT 1 FROM answers) OR EXISTS(SELECT 1 FROM batches)"
        return not self._db.execute(query).fetchone()[0]

    def get(self, key: str) -> Answer | None:
        """Return the answer stored under a key, or None."""
        row = self._db.execute("SELECT text, input_tokens, output_tokens FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(*row) if row else None

    def put(self, key: str, task: str, answer: Answer) -> None:
        """Store an answer. An answer that is already stored under the key is kept."""
        self.put_all([(key, task, answer)])

    def put_all(self, answers: Iterable[tuple[str, str, Answer]]) -> None:
        """Store answers in one transaction.

        Args:
            answers: Key, task name and answer of each request.
        """
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                ((key, task, answer.text, answer.input_tokens, answer.output_tokens) for key, task, answer in answers),
            )

    def add_batch(self, batch_id: str, keys: Sequence[str]) -> None:
        """Record a submitted batch.

        Args:
            batch_id: Id that the endpoint assigned.
            keys: Keys of the requests in the batch.
        """
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO batches VALUES (?, ?)", (batch_id, json.dumps(list(keys))))

    def end_batch(self, batch_id: str) -> None:
        """Delete the record of a batch that has ended."""
        with self._transaction():
            self._db.execute("DELETE FROM batches WHERE id = ?", (batch_id,))

    def open_batches(self) -> dict[str, list[str]]:
        """Return the request keys of each batch in progress, by batch id."""
        rows = self._db.execute("SELECT id, keys FROM batches ORDER BY id").fetchall()
        return {batch_id: json.loads(keys) for batch_id, keys in rows}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise LlmError(f"Cannot write to the cache {str(self._path)!r}: {error}.") from error
