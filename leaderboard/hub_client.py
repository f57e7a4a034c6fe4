"""Client of the Hub for all processes of the leaderboard. It sends a token over TLS only."""

from __future__ import annotations

import os

from huggingface_hub import HfApi, get_token

from metrics.token_addresses import hub_problem


class HubAddressError(ValueError):
    """Address of the Hub to which no token may be sent."""


def hub_client(token: str | None = None) -> HfApi:
    """Return a client with the address of huggingface_hub's usual settings.

    Args:
        token: Token of the client; None for that of the usual settings.

    Raises:
        HubAddressError: If there is a token, and the address has no TLS.
    """
    api = HfApi(token=token, library_name="petoolbench")
    problem = hub_problem(api.endpoint, os.environ)
    if problem and (token or get_token()):
        raise HubAddressError(problem)
    return api
