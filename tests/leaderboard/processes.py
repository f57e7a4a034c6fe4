"""Functions that tests run in separate processes. The module imports little, so that the processes start quickly."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from huggingface_hub import HfApi

from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Receipt, Store
from leaderboard.submissions.quota import Decision, decide
from tests.fakes.hub.clients import hub_clients

from .making import FREE, NOW, RESULTS, SUBMISSIONS, submission


def submit_file(store: Store, file: Path, **fields: object) -> Receipt | Decision:
    """Submit a file subject to the quota."""
    new = submission(file.read_bytes(), **fields)  # type: ignore[arg-type]
    return store.submit(new, file, lambda past: decide(NOW, past, new.split))


def submit_many(name: str, url: str, token: str, file: str, count: int) -> list[str]:
    """Submit a file a number of times and return the acknowledged ids.

    Args:
        name: Name of the local store; ignored with a URL.
        url: Address of the Hub, or empty for a local store.
        token: Token for the Hub.
        file: Path of the file.
        count: Number of submissions.
    """
    with hub_clients():
        store = HubStore(SUBMISSIONS, RESULTS, HfApi(endpoint=url, token=token)) if url else open_store(name)
        replies = [submit_file(store, Path(file)) for _ in range(count)]
    return [reply.submission.id for reply in replies if isinstance(reply, Receipt)]


def submit_endless(folder: str, fifo: str, content: bytes) -> None:
    """Submit a named pipe, which blocks while it is copied."""
    LocalStore(Path(folder)).submit(submission(content), Path(fifo), lambda _: FREE)


def submit_until_killed(folder: str, file: str, committed: bool) -> None:
    """Submit a file, and kill this process during the quota decision or after the record was stored.

    Args:
        folder: Folder of a local store.
        file: Path of the file.
        committed: True to kill it after the record was stored.
    """
    content = Path(file).read_bytes()
    calls = 0

    def decide_once(_: object) -> Decision:
        nonlocal calls
        calls += 1
        if calls == 2 and not committed:  # inside the transaction
            os.kill(os.getpid(), signal.SIGKILL)
        return FREE

    store = LocalStore(Path(folder))
    if committed:
        replace = Path.replace

        def replaced(path: Path, target: Path) -> Path:
            if path.name.endswith(".staged"):
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(path, target)

        setattr(Path, "replace", replaced)  # noqa: B010 (this process ends here)
    store.submit(submission(content), Path(file), decide_once)
