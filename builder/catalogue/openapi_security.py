"""Authentication that an OpenAPI operation requires: none, a key, or OAuth.

If an operation accepts several alternatives, the easiest one counts. If a document states no security requirement, the
result is None. By the specification such an operation needs no authentication, but half of the published operations
state nothing, and most of those reject anonymous requests.

The module also recognises parameters that are credentials. They are not part of a tool's parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from builder.words import squash

from .documents import as_object, as_text
from .json_references import References

_VALUES: Final = ("none", "key", "oauth")
"""Values of `ServiceFacts.authentication`, from the easiest to the hardest."""
_SCHEME_RANKS: Final = {"apikey": 1, "http": 1, "basic": 1, "oauth2": 2, "openidconnect": 2}
"""Index in `_VALUES` by squashed type of a security scheme."""
_CREDENTIAL_QUERY: Final = re.compile(
    r"(?:api|app|access|auth|subscription|license|security|session|csrf|xsrf)(?:key|token|secret)$|^token$|signature$"
)
"""Squashed names of query parameters that are credentials."""
_CREDENTIAL_HEADER: Final = re.compile(
    r"(?<!next)(?<!page)(?<!continuation)(?<!idempotency)(?:token|key|secret|password|signature)$"
    r"|^authorization$|^cookie$|^xamz(?:contentsha256|date|algorithm|credential|signedheaders)$"
)
"""Squashed names of headers that are credentials."""


class Security:
    """Security requirements of one document."""

    def __init__(self, document: Mapping[str, Any], references: References) -> None:
        self._default = document.get("security")
        components = as_object(document.get("components")).get("securitySchemes")
        definitions = as_object(document.get("securityDefinitions")) | as_object(components)
        self._schemes = {name: references.follow(scheme) for name, scheme in definitions.items()}
        self._keys = {
            (as_text(scheme.get("in")), as_text(scheme.get("name")).lower()) for scheme in self._schemes.values()
        }

    def is_credential(self, parameter: Mapping[str, Any]) -> bool:
        """Return True if a parameter is a header or query parameter that identifies the caller, such as an API key."""
        location, name = as_text(parameter.get("in")), as_text(parameter.get("name"))
        if location not in ("header", "query"):
            return False
        pattern = _CREDENTIAL_HEADER if location == "header" else _CREDENTIAL_QUERY
        return (location, name.lower()) in self._keys or pattern.search(squash(name)) is not None

    def authentication(self, operation: Mapping[str, Any], *, has_credential_parameter: bool) -> str | None:
        """Return the authentication that an operation requires.

        Args:
            operation: Operation object of the document.
            has_credential_parameter: True if one of its parameters is a credential.

        Returns:
            `none`, `key` or `oauth`; None if the document does not state it.
        """
        requirements = operation.get("security", self._default)
        if not isinstance(requirements, list):
            return "key" if has_credential_parameter else None
        ranks = [self._rank(as_object(requirement)) for requirement in requirements] or [0]
        known = [rank for rank in ranks if rank is not None]
        return _VALUES[max(min(known), int(has_credential_parameter))] if known else None

    def _rank(self, requirement: Mapping[str, Any]) -> int | None:
        """Return the highest rank of the schemes that a requirement combines; None if one of them is unknown."""
        types = [squash(as_text(self._schemes.get(name, {}).get("type"))) for name in requirement]
        if not all(scheme_type in _SCHEME_RANKS for scheme_type in types):
            return None
        return max((_SCHEME_RANKS[scheme_type] for scheme_type in types), default=0)
