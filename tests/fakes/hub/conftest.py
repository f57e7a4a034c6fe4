"""A Hub with one user, and huggingface_hub set to ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from huggingface_hub import HfApi

from .clients import api, hub_clients
from .server import HubServer


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """The seconds that the clients would have waited before they tried again."""
    with hub_clients() as waited:
        yield waited


@pytest.fixture
def hub(waits: list[float]) -> Iterator[HubServer]:
    """An empty Hub."""
    assert waits == []
    with HubServer() as server:
        yield server


@pytest.fixture
def ann(hub: HubServer) -> HfApi:
    """A client of ann, who is in the organisation org."""
    return api(hub, hub.add_user("ann", orgs=["org"]))
