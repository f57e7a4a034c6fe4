"""Who is asking: what the Hub says of a session or a token, and nothing that a form or an argument says.

Without a Space there is no sign-in, and one fixed local person; in a Space that person does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from leaderboard.stores.stored_records import Person

LOCAL: Final = Person("local", "local")
REFUSED: Final = (
    "Sign in with Hugging Face first; petoolbench submit takes the token from HF_TOKEN, a program passes it: "
    "gradio_client.Client(SPACE, token=TOKEN). "
    "Nothing was done."
)
TOKEN_HEADER: Final = "x-hf-authorization"  # noqa: S105 (the name of a header)
"""Where gradio_client puts the token that it was given."""
_BEARER: Final = "Bearer "


class Identity:
    """Tells who is asking.

    Args:
        in_space: Whether this runs in a Space, where nobody is known who is not signed in.
        whoami: Asks the Hub whose a token is; raises OSError or ValueError where it is nobody's.
    """

    def __init__(self, *, in_space: bool, whoami: Callable[[str], Mapping[str, Any]]) -> None:
        self.in_space = in_space
        self._whoami = whoami

    def person(self, profile: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Person | None:
        """The person; None, who is to be refused, where there is none.

        Args:
            profile: The session's, as the Hub's sign-in gave it.
            headers: Of the request.
        """
        if not self.in_space:
            return LOCAL
        if profile is not None:
            return _person(profile.get("sub"), profile.get("preferred_username"))
        given = headers.get(TOKEN_HEADER, "")
        if not given.startswith(_BEARER):
            return None
        try:
            told = self._whoami(given.removeprefix(_BEARER))
        except (OSError, ValueError):  # a token that is nobody's, or no Hub to ask: either way nobody is known
            return None
        return _person(told.get("id"), told.get("name")) if told.get("type") == "user" else None


def _person(sub: object, name: object) -> Person | None:
    return Person(sub, name) if isinstance(sub, str) and isinstance(name, str) and sub and name else None
