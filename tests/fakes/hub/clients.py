"""huggingface_hub clients in the test process. Libraries that read their endpoint at import need a separate process."""

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
    """Configure huggingface_hub for a fake Hub: no proxies, no Xet protocol, and no delays between retries.

    Also silences a deprecation warning of httpx2 at each LFS upload.

    Yields:
        The delays in seconds that were skipped, appended as they occur.
    """
    waits: list[float] = []
    clock = SimpleNamespace(sleep=waits.append)
    close_session()  # it may be configured with a proxy
    with (
        mock.patch.dict(os.environ),
        mock.patch("huggingface_hub.constants.HF_HUB_DISABLE_XET", True),
        mock.patch("huggingface_hub.utils._http.time", clock),
        mock.patch("huggingface_hub.file_download.time", clock),
        mock.patch("httpx2._content.warnings", SimpleNamespace(warn=_ignore)),
    ):
        for name in PROXIES:
            os.environ.pop(name, None)
        try:
            yield waits
        finally:
            close_session()


def api(hub: HubServer, token: str | None) -> HfApi:
    """Return a client. Without a token it is anonymous, even if this machine has a stored token."""
    return HfApi(endpoint=hub.url, token=token or False)


def status(call: Callable[[], object]) -> int:
    """Return the HTTP status with which a client call fails."""
    with pytest.raises(HfHubHTTPError) as caught:
        call()
    return int(caught.value.response.status_code)


def _ignore(*_: object, **__: object) -> None:
    """Discard a warning."""
