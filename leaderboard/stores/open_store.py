"""From the words of a command line to a store."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .hub_store import HubStore
from .local_store import LocalStore
from .store import Store, StoreError

_HUB: Final = "hub:"


def open_store(name: str) -> Store:
    """A store by its name.

    Args:
        name: A folder, or `hub:ORG/SUBMISSIONS,ORG/RESULTS`; address and token of the Hub are those of
            huggingface_hub's usual places.

    Raises:
        StoreError: If it cannot be opened.
    """
    if not name.startswith(_HUB):
        return LocalStore(Path(name))
    submissions, comma, results = name.removeprefix(_HUB).partition(",")
    if not comma:
        raise StoreError(f"{name!r} names no two repositories. Write hub:ORG/SUBMISSIONS,ORG/RESULTS.")
    return HubStore(submissions, results)
