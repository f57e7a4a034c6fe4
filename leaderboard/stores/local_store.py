"""The home of a machine of one's own: a folder with an SQLite database, and each file of predictions beside it.

What was acknowledged is in the database, in one transaction with the decision on the quota; a file without a row there
was never acknowledged. The database refuses to change or delete a row. Whoever writes a file holds a shared lock on
the folder; who opens the store and gets it alone sweeps away what a crash left half written.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from leaderboard.submissions.quota import Decision, Past

from .store import Decide, Receipt, StoreError, UnknownSubmissionError, check_id, past_of
from .stored_records import Outcome, Submission, Tallies, from_json, to_json

_PATIENCE_S: Final = 60.0
"""So long a transaction waits for others."""
_Record = TypeVar("_Record", Submission, Outcome, Tallies)
_AGAIN_S: Final = 0.05
_PARTIAL: Final = ".partial"
_TABLES: Final = ("submissions", "outcomes")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS submissions (
    id TEXT PRIMARY KEY,
    sub TEXT NOT NULL,
    kept INTEGER NOT NULL, -- whether its predictions lie here
    baseline INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS submissions_of ON submissions (sub);
CREATE TABLE IF NOT EXISTS outcomes (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    submission_id TEXT NOT NULL REFERENCES submissions (id),
    record TEXT NOT NULL,
    tallies TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS outcomes_of ON outcomes (submission_id);
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS no_{verb.lower()}_of_{table} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'rows are only ever added'); END;\n"
    for table in _TABLES
    for verb in ("UPDATE", "DELETE")
)


class LocalStore:
    """A `Store` in a folder, which is made where there is none.

    Args:
        folder: Of this store and nothing else.

    Raises:
        StoreError: If it cannot be made or opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = folder / "leaderboard.sqlite"
        self._files = folder / "predictions"
        with _told():
            self._files.mkdir(parents=True, exist_ok=True)
            with self._connection() as connection:
                _keep_a_log(connection)
                connection.executescript(f"BEGIN IMMEDIATE;\n{_SCHEMA}COMMIT;")
            self._sweep()

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """As in `Store`."""
        path = self._path(submission.id)
        first = decide(self.past(submission.person.sub))
        if not first.allowed and not self._has(submission.id):
            return first  # before the file is copied, which is the greater work
        with _told():
            if file is not None:
                self._keep(file, path)
            with self._transaction() as connection:
                found = connection.execute("SELECT record FROM submissions WHERE id = ?", (submission.id,)).fetchone()
                past = self._past(connection, submission.person.sub)
                if found:
                    return Receipt(from_json(Submission, found[0]), decide(past))
                decision = decide(past)
                if decision.allowed:
                    connection.execute(
                        "INSERT INTO submissions VALUES (?, ?, ?, ?, ?)",
                        (
                            submission.id,
                            submission.person.sub,
                            file is not None,
                            submission.badge == "baseline",
                            to_json(submission),
                        ),
                    )
            if not decision.allowed:
                path.unlink(missing_ok=True)
                return decision
        return Receipt(submission, decision)

    def past(self, sub: str) -> list[Past]:
        """As in `Store`."""
        with _told(), self._connection() as connection:
            return self._past(connection, sub)

    def submissions(self) -> list[Submission]:
        """As in `Store`."""
        return self._records(Submission, "SELECT record FROM submissions ORDER BY id")

    def outcomes(self) -> list[Outcome]:
        """As in `Store`."""
        return self._records(Outcome, "SELECT record FROM outcomes ORDER BY number")

    def pending(self) -> list[Submission]:
        """As in `Store`."""
        return self._records(
            Submission,
            "SELECT record FROM submissions WHERE NOT baseline AND id NOT IN (SELECT submission_id FROM outcomes) "
            "ORDER BY id",
        )

    def predictions(self, submission_id: str) -> bytes:
        """As in `Store`."""
        path = self._path(submission_id)
        if not self._rows("SELECT 1 FROM submissions WHERE id = ? AND kept", (submission_id,)):
            raise UnknownSubmissionError(f"There are no predictions of {submission_id!r} here.")
        with _told():
            return path.read_bytes()

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """As in `Store`."""
        with _told(), self._transaction() as connection:
            added = connection.execute(
                "INSERT INTO outcomes (key, submission_id, record, tallies) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (key) DO NOTHING",
                (outcome.key, outcome.submission_id, to_json(outcome), tallies and to_json(tallies)),
            )
            return added.rowcount == 1

    def tallies(self, submission_id: str) -> Tallies | None:
        """As in `Store`."""
        found = self._records(
            Tallies,
            "SELECT tallies FROM outcomes WHERE submission_id = ? AND tallies IS NOT NULL ORDER BY number DESC LIMIT 1",
            (submission_id,),
        )
        return found[0] if found else None

    def _path(self, submission_id: str) -> Path:
        return self._files / f"{check_id(submission_id)}.jsonl"

    def _has(self, submission_id: str) -> bool:
        return bool(self._rows("SELECT 1 FROM submissions WHERE id = ?", (submission_id,)))

    def _keep(self, file: Path, path: Path) -> None:
        """Copy a file to its place, for good."""
        aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{_PARTIAL}")
        with self._folder_of_files() as folder:
            fcntl.flock(folder, fcntl.LOCK_SH)
            try:
                with file.open("rb") as source, aside.open("wb") as target:
                    shutil.copyfileobj(source, target)
                    target.flush()
                    os.fsync(target.fileno())
                if not path.exists():  # what is there, of an earlier try, is never written over
                    aside.replace(path)
            finally:
                aside.unlink(missing_ok=True)
            os.fsync(folder)

    def _sweep(self) -> None:
        """Delete half a file that a crash left; not while anybody writes, since one of them is being written then."""
        with self._folder_of_files() as folder:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for path in self._files.glob(f".*{_PARTIAL}"):
                path.unlink()

    @contextmanager
    def _folder_of_files(self) -> Iterator[int]:
        """The folder as a descriptor; a lock on it ends with it."""
        descriptor = os.open(self._files, os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _past(self, connection: sqlite3.Connection, sub: str) -> list[Past]:
        rows = connection.execute("SELECT id, record FROM submissions WHERE sub = ?", (sub,)).fetchall()
        outcomes = connection.execute(
            "SELECT outcomes.record FROM outcomes JOIN submissions ON submission_id = submissions.id WHERE sub = ? "
            "ORDER BY number",
            (sub,),
        ).fetchall()
        return past_of(
            [from_json(Submission, record) for _, record in rows], [from_json(Outcome, row[0]) for row in outcomes]
        )

    def _records(self, kind: type[_Record], query: str, values: Sequence[object] = ()) -> list[_Record]:
        """What stands in the first column of rows; a `StoreError` where it is none of its kind."""
        with _told():
            return [from_json(kind, row[0]) for row in self._rows(query, values)]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[str]]:
        with _told(), self._connection() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for one thread and one use."""
        connection = sqlite3.connect(self._database, timeout=_PATIENCE_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writes during; undone where it fails."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on. Alone of all statements this one does not wait for others, so it is tried again."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


@contextmanager
def _told() -> Iterator[None]:
    """Failures of the disk and the database, and records that are none, as a `StoreError`."""
    try:
        yield
    except (OSError, sqlite3.Error, ValueError) as error:
        raise StoreError(f"The store cannot be read or written: {error}. Nothing was changed; try again.") from error
