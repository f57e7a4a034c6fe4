"""Fixtures: an empty fake Hub and a client of one user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from huggingface_hub import HfApi

from .clients import api, hub_clients
from .server import HubServer


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """Skipped delays between retries, in seconds."""
    with hub_clients() as delays:
        yield delays


@pytest.fixture
def hub(waits: list[float]) -> Iterator[HubServer]:
    """Empty fake Hub."""
    assert waits == []
    with HubServer() as server:
        yield server


@pytest.fixture
def ann(hub: HubServer) -> HfApi:
    """Client of the user ann, a member of the organisation org."""
    return api(hub, hub.add_user("ann", orgs=["org"]))
