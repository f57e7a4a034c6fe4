"""Identity of the user who made a request, as confirmed by the Hub.

Form fields and call arguments never identify a user. Outside a Space there is no sign-in, and every request comes from
one fixed local user, who does not exist inside a Space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from leaderboard.stores.stored_records import Person

LOCAL: Final = Person("local", "local")
REFUSED: Final = (
    "Sign in with Hugging Face first. petoolbench submit reads the token from HF_TOKEN; a program passes it: "
    "gradio_client.Client(SPACE, token=TOKEN). "
    "Nothing was done."
)
TOKEN_HEADER: Final = "x-hf-authorization"  # noqa: S105 (the name of a header)
"""Request header in which gradio_client sends its token."""
_BEARER: Final = "Bearer "


class Identity:
    """Identification of the user who made a request.

    Args:
        in_space: True if this process runs in a Space, where only signed-in users can make requests.
        whoami: Ask the Hub for the account of a token. Raises OSError or ValueError if the token is invalid.
    """

    def __init__(self, *, in_space: bool, whoami: Callable[[str], Mapping[str, Any]]) -> None:
        self.in_space = in_space
        self._whoami = whoami

    def person(self, profile: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Person | None:
        """Return the user who made a request, or None if the request is not allowed.

        Args:
            profile: OAuth profile of the session, from the Hub's sign-in.
            headers: Request headers, with lower-case names.
        """
        if not self.in_space:
            return LOCAL
        if profile is not None:
            return _person(profile.get("sub"), profile.get("preferred_username"))
        authorization = headers.get(TOKEN_HEADER, "")
        if not authorization.startswith(_BEARER):
            return None
        try:
            account = self._whoami(authorization.removeprefix(_BEARER))
        except (OSError, ValueError):  # an invalid token or an unreachable Hub: in both cases nobody is identified
            return None
        return _person(account.get("id"), account.get("name")) if account.get("type") == "user" else None


def _person(sub: object, name: object) -> Person | None:
    return Person(sub, name) if isinstance(sub, str) and isinstance(name, str) and sub and name else None
