"""Store on the local machine: a folder with an SQLite database and the predictions files.

A submission is acknowledged once its database row is committed, in one transaction with the quota decision. Its file is
staged under a hidden name before the commit and gets its own name after it. So a staged file without a row is left by a
writer that was killed, and a named file without a row shows that the database has lost the row. The database rejects
updates and deletions of rows. Writers of files hold a shared lock on the folder. Opening the store deletes the files of
killed writers if it gets the lock exclusively.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from leaderboard.submissions.quota import Decision, PastSubmission

from .acts import Act
from .store import Decide, Receipt, StoreError, UnknownSubmissionError, Unreadable, check_id, past_of
from .stored_records import Outcome, Submission, Tallies, from_json, to_json

DATABASE: Final = "leaderboard.sqlite"
"""Name of the database in the folder of a store."""
_PATIENCE_S: Final = 60.0
"""Seconds for which a transaction waits for others."""
_Record = TypeVar("_Record", Submission, Outcome, Tallies, Act)
_ACTS: Final = "SELECT record FROM acts ORDER BY number"
_RETRY_S: Final = 0.05
"""Seconds between attempts to turn on the write-ahead log."""
_PARTIAL: Final = ".partial"
_STAGED: Final = ".staged"
_ENDING: Final = ".jsonl"
_TABLES: Final = ("submissions", "outcomes", "acts")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS submissions (
    id TEXT PRIMARY KEY,
    sub TEXT NOT NULL,
    kept INTEGER NOT NULL, -- 1 if the store holds its predictions
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
CREATE TABLE IF NOT EXISTS acts (
    number INTEGER PRIMARY KEY,
    submission_id TEXT NOT NULL REFERENCES submissions (id),
    record TEXT NOT NULL
) STRICT;
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS no_{verb.lower()}_of_{table} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'rows are only ever added'); END;\n"
    for table in _TABLES
    for verb in ("UPDATE", "DELETE")
)


class LocalStore:
    """`Store` in a local folder, which is created if it does not exist.

    Args:
        folder: Folder for this store only.

    Raises:
        StoreError: If the store cannot be created or opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = folder / DATABASE
        self._files = folder / "predictions"
        with _store_errors():
            self._files.mkdir(parents=True, exist_ok=True)
            with self._connection() as connection:
                _enable_wal(connection)
                connection.executescript(f"BEGIN IMMEDIATE;\n{_SCHEMA}COMMIT;")
            self._delete_files_of_killed_writers()

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """Implement `Store.submit`."""
        path = self._path(submission.id)
        first = decide(self.past(submission.person.sub))
        if not first.allowed and not self._has(submission.id):
            return first  # avoids copying the file of a refused submission
        with _store_errors(), self._open_folder() as folder:
            fcntl.flock(folder, fcntl.LOCK_SH)
            if file is not None:
                self._stage(file, path, folder)
            with self._transaction() as connection:
                row = connection.execute("SELECT record FROM submissions WHERE id = ?", (submission.id,)).fetchone()
                past = self._past(connection, submission.person.sub)
                if row:
                    self._publish(path, folder)
                    return Receipt(from_json(Submission, row[0]), decide(past))
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
                _staged(path).unlink(missing_ok=True)
                return decision
            if file is not None:
                self._publish(path, folder)
        return Receipt(submission, decision)

    def past(self, sub: str) -> list[PastSubmission]:
        """Implement `Store.past`."""
        with _store_errors(), self._connection() as connection:
            return self._past(connection, sub)

    def submissions(self) -> list[Submission]:
        """Implement `Store.submissions`."""
        return self._readable(Submission, "SELECT record FROM submissions ORDER BY id")

    def outcomes(self) -> list[Outcome]:
        """Implement `Store.outcomes`."""
        return self._readable(Outcome, "SELECT record FROM outcomes ORDER BY number")

    def unreadable(self) -> list[Unreadable]:
        """Implement `Store.unreadable`."""
        with _store_errors():
            named = {path.name.removesuffix(_ENDING) for path in self._files.glob(f"[0-9]*{_ENDING}")}
        # The files were listed before the rows, so a submission that is added meanwhile is not reported.
        known = {row[0] for row in self._rows("SELECT id FROM submissions")}
        lost = sorted(named - known)
        return [
            *self._malformed(Submission, "SELECT record, 'submissions/' || id FROM submissions ORDER BY id"),
            *self._malformed(Outcome, "SELECT record, 'outcomes/' || key FROM outcomes ORDER BY number"),
            *(Unreadable(f"predictions/{name}{_ENDING}", "its submission is missing") for name in lost),
        ]

    def _malformed(self, kind: type[_Record], query: str) -> list[Unreadable]:
        """Return the malformed records in the first column of a query, whose second one is their place."""
        rows = ((record, place) for record, place, *_ in self._rows(query))
        return [
            Unreadable(place, f"not a valid {kind.__name__}") for record, place in rows if _parsed(kind, record) is None
        ]

    def pending(self) -> list[Submission]:
        """Implement `Store.pending`."""
        return self._readable(
            Submission,
            "SELECT record FROM submissions WHERE NOT baseline AND id NOT IN (SELECT submission_id FROM outcomes) "
            "ORDER BY id",
        )

    def predictions(self, submission_id: str) -> bytes:
        """Implement `Store.predictions`."""
        with _store_errors():
            return self.predictions_file(submission_id).read_bytes()

    def predictions_file(self, submission_id: str) -> Path:
        """Implement `Store.predictions_file`."""
        path = self._path(submission_id)
        if not self._rows("SELECT 1 FROM submissions WHERE id = ? AND kept", (submission_id,)):
            raise UnknownSubmissionError(f"The store holds no predictions of submission {submission_id!r}.")
        return path if path.exists() or not _staged(path).exists() else _staged(path)

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """Implement `Store.record`."""
        with _store_errors(), self._transaction() as connection:
            added = connection.execute(
                "INSERT INTO outcomes (key, submission_id, record, tallies) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (key) DO NOTHING",
                (outcome.key, outcome.submission_id, to_json(outcome), tallies and to_json(tallies)),
            )
            return added.rowcount == 1

    def tallies(self, submission_id: str) -> Tallies | None:
        """Implement `Store.tallies`."""
        records = self._records(
            Tallies,
            "SELECT tallies FROM outcomes WHERE submission_id = ? AND tallies IS NOT NULL ORDER BY number DESC LIMIT 1",
            (submission_id,),
        )
        return records[0] if records else None

    def acts(self) -> list[Act]:
        """Implement `Store.acts`."""
        return self._records(Act, _ACTS)

    def act(self, act: Act, check: Callable[[Sequence[Act]], None]) -> None:
        """Implement `Store.act`."""
        with _store_errors(), self._transaction() as connection:
            earlier = [from_json(Act, row[0]) for row in connection.execute(_ACTS).fetchall()]
            check(earlier)
            connection.execute(
                "INSERT INTO acts (submission_id, record) VALUES (?, ?)", (act.submission_id, to_json(act))
            )

    def _path(self, submission_id: str) -> Path:
        return self._files / f"{check_id(submission_id)}.jsonl"

    def _has(self, submission_id: str) -> bool:
        return bool(self._rows("SELECT 1 FROM submissions WHERE id = ?", (submission_id,)))

    def _stage(self, file: Path, path: Path, folder: int) -> None:
        """Copy a file durably under its staged name: write a partial file, sync it, and rename it."""
        if path.exists():  # a file of an earlier attempt is never overwritten
            return
        partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{_PARTIAL}")
        try:
            with file.open("rb") as source, partial.open("wb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            partial.replace(_staged(path))
        finally:
            partial.unlink(missing_ok=True)
        os.fsync(folder)

    def _publish(self, path: Path, folder: int) -> None:
        """Give a staged file its name, after its row was committed."""
        with suppress(FileNotFoundError):  # published before, by an earlier attempt
            _staged(path).replace(path)
            os.fsync(folder)

    def _delete_files_of_killed_writers(self) -> None:
        """Delete files of killed writers, unless a writer is active: one of the files may be its own.

        A staged file whose row was committed is complete, and gets its name.
        """
        with self._open_folder() as folder:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for path in self._files.glob(f".*{_PARTIAL}"):
                path.unlink()
            for staged in self._files.glob(f".*{_STAGED}"):
                name = staged.name.removeprefix(".").removesuffix(_STAGED)
                if self._has(name.removesuffix(_ENDING)):
                    self._publish(self._files / name, folder)
                else:
                    staged.unlink()

    @contextmanager
    def _open_folder(self) -> Iterator[int]:
        """Open the folder of predictions as a file descriptor; closing it releases its locks."""
        descriptor = os.open(self._files, os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _past(self, connection: sqlite3.Connection, sub: str) -> list[PastSubmission]:
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
        """Parse the first column of the rows of a query; raise StoreError if a record is malformed."""
        with _store_errors():
            return [from_json(kind, row[0]) for row in self._rows(query, values)]

    def _readable(self, kind: type[_Record], query: str) -> list[_Record]:
        """Parse the first column of the rows of a query; leave out malformed records, which `unreadable` names."""
        parsed = (_parsed(kind, row[0]) for row in self._rows(query))
        return [record for record in parsed if record is not None]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[str, ...]]:
        with _store_errors(), self._connection() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one use in one thread."""
        connection = sqlite3.connect(self._database, timeout=_PATIENCE_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that excludes other writers; roll back on errors."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _staged(path: Path) -> Path:
    """Return the name of a predictions file until its row is committed."""
    return path.with_name(f".{path.name}{_STAGED}")


def _parsed(kind: type[_Record], text: str) -> _Record | None:
    """Return a record, or None if it is malformed."""
    try:
        return from_json(kind, text)
    except ValueError:
        return None


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, with retries: this statement ignores the connection's timeout."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


@contextmanager
def _store_errors() -> Iterator[None]:
    """Convert errors of the disk and the database, and malformed records, to `StoreError`."""
    try:
        yield
    except (OSError, sqlite3.Error, ValueError) as error:
        if isinstance(error, PermissionError) or "readonly" in str(error):
            raise StoreError(
                f"The store cannot be written: {error}. Nothing was changed. Check that this user may write its folder."
            ) from error
        raise StoreError(f"The store cannot be read or written: {error}. Nothing was changed. Try again.") from error
