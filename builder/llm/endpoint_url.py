"""Validation of the base URL of an endpoint."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from builder.errors import ConfigError
from metrics.redaction import without_keys

_ADDED: Final = ("/chat/completions", "/completions", "/responses")
"""Paths of single interfaces, which are not part of a base URL; longer ones first."""


def endpoint_address(base_url: str | None) -> str | None:
    """Validate a base URL and remove its trailing slashes.

    Args:
        base_url: The base URL that the user passed; None for the client library's default.

    Returns:
        The normalised base URL, or None.

    Raises:
        ConfigError: If it is not an HTTP URL, contains credentials, a query or a fragment, or is that of one interface.
    """
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # the port is not a number
        whole = False
    if not whole:
        raise ConfigError(
            f"--base-url {without_keys(base_url)!r} is not a valid URL. Pass the URL of an OpenAI-compatible endpoint, "
            "which usually ends in /v1: http://127.0.0.1:8000/v1."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "--base-url must not contain a user name, a key, a query or a fragment, because it is written into the run "
            "file. Set the API key with OPENAI_API_KEY."
        )
    address = base_url.rstrip("/")
    for path in _ADDED:
        if address.endswith(path):
            raise ConfigError(
                f"--base-url {without_keys(base_url)!r} ends in {path}, which is added to it for each request. Pass "
                f"{without_keys(address.removesuffix(path))}."
            )
    return address
