"""What a user must have before an API answers: nothing, a key, or an account to sign in with.

Of several ways in, the easiest counts. A document that does not speak of security says nothing: by the letter of the
specification it needs none, but half of the published operations are silent so, most of which answer nobody unknown.
Also which parameters are credentials, which whoever runs the tool fills in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from builder.words import squash

from .documents import as_object, as_text
from .json_references import References

_VALUES: Final = ("none", "key", "oauth")
"""From the easiest to the hardest."""
_SCHEMES: Final = {"apikey": 1, "http": 1, "basic": 1, "oauth2": 2, "openidconnect": 2}
_CREDENTIAL: Final = re.compile(
    r"(?:api|app|access|auth|subscription|license|security|session|csrf|xsrf)(?:key|token|secret)$|^token$|signature$"
)
"""Squashed names of query parameters that prove who calls."""
_CREDENTIAL_HEADER: Final = re.compile(
    r"(?<!next)(?<!page)(?<!continuation)(?<!idempotency)(?:token|key|secret|password|signature)$"
    r"|^authorization$|^cookie$|^xamz(?:contentsha256|date|algorithm|credential|signedheaders)$"
)
"""Squashed names of headers that do."""


class Security:
    """The security requirements of one document."""

    def __init__(self, document: Mapping[str, Any], references: References) -> None:
        self._default = document.get("security")
        components = as_object(document.get("components")).get("securitySchemes")
        defined = as_object(document.get("securityDefinitions")) | as_object(components)
        self._schemes = {name: references.follow(scheme) for name, scheme in defined.items()}
        self._keys = {
            (as_text(scheme.get("in")), as_text(scheme.get("name")).lower()) for scheme in self._schemes.values()
        }

    def is_credential(self, parameter: Mapping[str, Any]) -> bool:
        """Whether a parameter is a key or token of the caller."""
        place, name = as_text(parameter.get("in")), as_text(parameter.get("name"))
        if place not in ("header", "query"):
            return False
        proof = _CREDENTIAL_HEADER if place == "header" else _CREDENTIAL
        return (place, name.lower()) in self._keys or proof.search(squash(name)) is not None

    def authentication(self, operation: Mapping[str, Any], *, asks_for_key: bool) -> str | None:
        """What an operation needs; None where the document does not say.

        Args:
            operation: The operation.
            asks_for_key: Whether one of its parameters is a credential.
        """
        wanted = operation.get("security", self._default)
        if not isinstance(wanted, list):
            return "key" if asks_for_key else None
        ranks = [self._rank(as_object(way)) for way in wanted] or [0]
        known = [rank for rank in ranks if rank is not None]
        return _VALUES[max(min(known), int(asks_for_key))] if known else None

    def _rank(self, way: Mapping[str, Any]) -> int | None:
        """How hard one way in is; it may need several schemes at once. None where one of them is unknown."""
        kinds = [squash(as_text(self._schemes.get(name, {}).get("type"))) for name in way]
        if not all(kind in _SCHEMES for kind in kinds):
            return None
        return max((_SCHEMES[kind] for kind in kinds), default=0)
