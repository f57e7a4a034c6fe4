"""The address of an endpoint, in one spelling."""

from __future__ import annotations

from urllib.parse import urlsplit

from builder.errors import ConfigError


def endpoint_address(base_url: str | None) -> str | None:
    """An endpoint's address without a slash at its end, so that it is the same however it was given.

    Args:
        base_url: As it was given; None for the client library's own.

    Raises:
        ConfigError: If it is no address, or holds what others should not read.
    """
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        whole = False
    if not whole:
        raise ConfigError(
            f"--base-url {base_url!r} is no address. Give that of an OpenAI-compatible endpoint, which mostly ends in "
            "/v1: http://127.0.0.1:8000/v1."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "--base-url is to be an address alone, without a name, a key or a query: it is written into the run file. "
            "Set the key by OPENAI_API_KEY."
        )
    return base_url.rstrip("/")
