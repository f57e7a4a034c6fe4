"""Open a store by its name on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .hub_store import HubStore
from .local_store import LocalStore
from .store import Store, StoreError

HUB: Final = "hub:"
"""Beginning of the name of a store on the Hub."""


def open_store(name: str) -> Store:
    """Open a store.

    Args:
        name: A folder, or `hub:ORG/SUBMISSIONS,ORG/RESULTS`. The Hub's address and token come from the usual settings
            of huggingface_hub.

    Raises:
        StoreError: If the store cannot be opened.
    """
    if not name.startswith(HUB):
        return LocalStore(Path(name))
    submissions, comma, results = name.removeprefix(HUB).partition(",")
    if not comma:
        raise StoreError(f"{name!r} does not name two repositories. Write hub:ORG/SUBMISSIONS,ORG/RESULTS.")
    return HubStore(submissions, results)
