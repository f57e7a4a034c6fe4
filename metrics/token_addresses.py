"""Addresses to which a token of the Hugging Face Hub may be sent: the Hub and its Spaces, over TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .redaction import without_keys

ALLOW_HTTP: Final = "PETOOLBENCH_ALLOW_HTTP"
"""Environment variable that allows a Hub without TLS if it is 1, such as a test server on this machine."""
_SPACES: Final = ".hf.space"
"""End of the host names of Spaces."""


def hub_problem(endpoint: str, environment: Mapping[str, str]) -> str | None:
    """Return the reason why no token may be sent to an endpoint of the Hub; None if it may.

    Args:
        endpoint: Address of the Hub, such as the value of `HF_ENDPOINT`.
        environment: Environment variables.
    """
    if _parts(endpoint).scheme == "https" or environment.get(ALLOW_HTTP) == "1":
        return None
    return (
        f"The address of the Hub, {without_keys(endpoint)!r}, has no TLS: the token would be sent unencrypted. Set "
        f"HF_ENDPOINT to an https address, or unset HF_TOKEN. {ALLOW_HTTP}=1 sends it anyway."
    )


def may_get_token(address: str, endpoint: str) -> bool:
    """Return True if an address is that of the Hub or of one of its Spaces, over TLS.

    Args:
        address: Address of a leaderboard.
        endpoint: Address of the Hub.
    """
    parts = _parts(address)
    host = (parts.hostname or "").lower()
    return parts.scheme == "https" and (host == (_parts(endpoint).hostname or "").lower() or host.endswith(_SPACES))


def is_loopback(address: str) -> bool:
    """Return True if an address is on this machine."""
    return _parts(address).hostname in {"127.0.0.1", "localhost", "::1"}


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # brackets that are no IPv6 address
        return urlsplit("")
