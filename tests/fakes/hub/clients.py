"""The clients in the test's own process; those that read their endpoint at import need a process of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import pytest
from huggingface_hub import HfApi, close_session
from huggingface_hub.errors import HfHubHTTPError

from .server import HubServer

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@contextmanager
def hub_clients() -> Iterator[list[float]]:
    """Keep huggingface_hub from proxies, from the protocol xet, and from waiting before it tries again.

    Also from a warning at each LFS upload, of a form of argument that httpx2 is about to drop.

    Yields:
        The seconds that it would have waited, as it goes on.
    """
    waits: list[float] = []
    clock = SimpleNamespace(sleep=waits.append)
    close_session()  # it may know of a proxy
    with (
        mock.patch.dict(os.environ),
        mock.patch("huggingface_hub.constants.HF_HUB_DISABLE_XET", True),
        mock.patch("huggingface_hub.utils._http.time", clock),
        mock.patch("huggingface_hub.file_download.time", clock),
        mock.patch("httpx2._content.warnings", SimpleNamespace(warn=_pass_over)),
    ):
        for name in PROXIES:
            os.environ.pop(name, None)
        try:
            yield waits
        finally:
            close_session()


def api(hub: HubServer, token: str | None) -> HfApi:
    """A client; without a token it shows none, whatever this machine has stored."""
    return HfApi(endpoint=hub.url, token=token or False)


def status(call: Callable[[], object]) -> int:
    """The status of the reply that makes a client's call fail."""
    with pytest.raises(HfHubHTTPError) as caught:
        call()
    return int(caught.value.response.status_code)


def _pass_over(*_: object, **__: object) -> None:
    """Warn of nothing."""
