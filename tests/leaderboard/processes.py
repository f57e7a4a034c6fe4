"""What processes of their own do to a store; they start soon, as little is imported here."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi

from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Receipt, Store
from leaderboard.submissions.quota import Decision, decide
from tests.fakes.hub.clients import hub_clients

from .making import FREE, NOW, RESULTS, SUBMISSIONS, submission


def hand_in(store: Store, file: Path, **fields: object) -> Receipt | Decision:
    """Hand in a file within the quota."""
    given = submission(file.read_bytes(), **fields)  # type: ignore[arg-type]
    return store.submit(given, file, lambda past: decide(NOW, past, given.split))


def in_a_process(name: str, url: str, token: str, file: str, count: int) -> list[str]:
    """Hand in a number of files; the ids that were acknowledged."""
    with hub_clients():
        store = HubStore(SUBMISSIONS, RESULTS, HfApi(endpoint=url, token=token)) if url else open_store(name)
        found = [hand_in(store, Path(file)) for _ in range(count)]
    return [one.submission.id for one in found if isinstance(one, Receipt)]


def half_written(folder: str, fifo: str, content: bytes) -> None:
    """Hand in what never ends."""
    LocalStore(Path(folder)).submit(submission(content), Path(fifo), lambda _: FREE)
