"""Requests to a leaderboard in a Space. The token is sent to the Hub and its Spaces only, over TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from builder.errors import HubError
from builder.extras import import_extra
from metrics.redaction import redacted, without_keys
from metrics.token_addresses import is_loopback, may_get_token

from .repository import open_hub

_PURPOSE: Final = "Submitting"
_LIBRARIES: Final = ("gradio_client", "httpx", "huggingface_hub")


def call_space(
    space: str,
    predictions: Path,
    endpoint: str,
    fields: Mapping[str, str],
    *,
    send_token: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Send a predictions file to a leaderboard and return its reply, without the token.

    Args:
        space: Name of a Space, `ORG/NAME`, or URL of a leaderboard.
        predictions: File to send.
        endpoint: Name of the API endpoint, `/check` or `/submit`.
        fields: Fields of the form.
        send_token: True to send `HF_TOKEN` to a URL that is not an https address of the Hub or of a Space.
        notify: Called with a notice if the token is not sent.

    Raises:
        HubError: If the leaderboard cannot be reached or refuses the request.
    """
    library, httpx, hub = (import_extra(name, "leaderboard", _PURPOSE) for name in _LIBRARIES)
    secret = hub.get_token()
    name = without_keys(space, secret)
    try:
        address = _address(space)
        token = _token(address, hub.constants.ENDPOINT, secret, send_token, notify)
        # False: not the stored token either. Files that a server names are not downloaded.
        client = library.Client(address, token=token or False, verbose=False, download_files=False)
        reply = client.predict(library.handle_file(str(predictions)), api_name=endpoint, **fields)
    except (library.utils.TooManyRequestsError, library.utils.QueueError):
        raise HubError(f"The leaderboard {name!r} is busy. Try again in a minute.") from None
    except library.exceptions.AppError as error:
        raise HubError(f"The leaderboard {name!r} refused the request: {without_keys(str(error), secret)}") from None
    except HubError:
        raise
    except (OSError, ValueError, RuntimeError, httpx.HTTPError) as error:
        # The cause is dropped, since its text and its request may contain the token.
        if reason := _reason(getattr(error, "response", None)):
            refusal = f"The leaderboard {name!r} refused the request: {without_keys(reason, secret)}"
            raise HubError(refusal) from None
        raise HubError(
            f"The leaderboard {name!r} cannot be reached ({type(error).__name__}). Check its name or address."
        ) from None
    if not isinstance(reply, dict):
        raise HubError(f"The reply of {name!r} is not that of a leaderboard. Check its name or address.")
    answer: dict[str, Any] = redacted(reply, secret)
    return answer


def _reason(response: Any) -> str:
    """Return the reason of a refusal, as a leaderboard states it in the answer to an upload; empty if it states none.

    Args:
        response: HTTP response, or None.
    """
    try:
        reply = {} if response is None else response.json()
    except ValueError:
        return ""
    return str(reply.get("error", ""))[:500] if isinstance(reply, dict) else ""


def _address(space: str) -> str:
    """Return the address of a leaderboard; that of a Space is asked from the Hub."""
    if "://" in space:
        return space
    host: str | None = open_hub().space_info(space).host
    if not host:
        raise HubError(f"The Space {space!r} has no address yet. Open its page and check that it is running.")
    return host


def _token(address: str, hub: str, secret: str | None, send_token: bool, notify: Callable[[str], None]) -> str | None:
    """Return the token to send to an address, or None."""
    if secret is None or send_token or may_get_token(address, hub):
        return secret
    if not is_loopback(address):  # a leaderboard on this machine needs no token
        notify(
            f"HF_TOKEN is not sent to {without_keys(address, secret)!r}, which is not an https address of the Hugging "
            "Face Hub or a Space. Add --send-token to send it."
        )
    return None
