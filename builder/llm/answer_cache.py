"""Every answer that was paid for, kept in one SQLite file that several builds may share at once."""

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
    """What a model wrote, and what it took."""

    text: str
    input_tokens: int
    output_tokens: int


class AnswerCache:
    """Answers by the key of their request, and the batches that are under way.

    An answer is on disk before anybody acts on it, so that a build killed at any moment pays for nothing twice.

    Args:
        path: The SQLite file; made where it is missing.

    Raises:
        LlmError: If the file cannot be opened, or is something else.
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
                f"The cache {str(path)!r} cannot be used: {error}. Name another file with --cache, or remove it."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def get(self, key: str) -> Answer | None:
        """The answer under a key."""
        row = self._db.execute("SELECT text, input_tokens, output_tokens FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(*row) if row else None

    def put(self, key: str, task: str, answer: Answer) -> None:
        """Keep an answer; the first one under a key stays."""
        self.put_all([(key, task, answer)])

    def put_all(self, answers: Iterable[tuple[str, str, Answer]]) -> None:
        """Keep several answers, all or none."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                ((key, task, one.text, one.input_tokens, one.output_tokens) for key, task, one in answers),
            )

    def add_batch(self, batch_id: str, keys: Sequence[str]) -> None:
        """Note a batch that was submitted."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO batches VALUES (?, ?)", (batch_id, json.dumps(list(keys))))

    def end_batch(self, batch_id: str) -> None:
        """Forget a batch whose answers are kept, or will never come."""
        with self._transaction():
            self._db.execute("DELETE FROM batches WHERE id = ?", (batch_id,))

    def open_batches(self) -> dict[str, list[str]]:
        """Keys of the requests of each batch under way, by batch id."""
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
            raise LlmError(f"The cache {str(self._path)!r} cannot be written: {error}.") from error
