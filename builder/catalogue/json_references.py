"""Resolution of `$ref` references within one JSON document. Nothing outside the document is opened.

A reference that is dangling, cyclic or external resolves to an empty object, and is counted and named.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from .raw_tools import Skipped

MAX_CHAIN: Final = 32
"""Length limit of a chain of references to references."""


class References:
    """Resolver of the local references of one document."""

    def __init__(self, document: object, skipped: Skipped) -> None:
        """Create a resolver.

        Args:
            document: Root that `#` refers to.
            skipped: Record of the references that cannot be resolved. It is updated in place.
        """
        self.unresolved: list[str] = []
        """References that could not be resolved so far."""
        self._document = document
        self._skipped = skipped

    def follow(self, value: object) -> dict[str, Any]:
        """Resolve a value that may be a reference or a chain of references.

        Keys next to a `$ref` take precedence over the keys of its target.

        Returns:
            The resolved object; an empty one if the value is not an object.
        """
        siblings: dict[str, Any] = {}
        chain: set[str] = set()
        while (pointer := reference(value)) is not None and isinstance(value, dict):
            if pointer in chain or len(chain) >= MAX_CHAIN:
                self.fail("reference_cyclic" if pointer in chain else "reference_too_long", pointer)
                return siblings
            chain.add(pointer)
            siblings = {key: item for key, item in value.items() if key != "$ref"} | siblings
            value = self._target(pointer)
        return (value | siblings if siblings else value) if isinstance(value, dict) else siblings

    def skip(self, reason: str, pointer: str) -> None:
        """Record a reference that is not followed."""
        self._skipped.skip(reason, f"$ref {pointer}")

    def fail(self, reason: str, pointer: str) -> None:
        """Record a reference that cannot be resolved, so that what it refers to is lost."""
        self.unresolved.append(pointer)
        self.skip(reason, pointer)

    def _target(self, pointer: str) -> object:
        """Return the value at a JSON pointer (RFC 6901); None if there is none in this document."""
        if not pointer.startswith("#"):
            self.fail("reference_foreign", pointer)
            return None
        target = self._document
        for part in unquote(pointer[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and key in target:
                target = target[key]
            elif isinstance(target, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(target):
                target = target[int(key[:9])]
            else:
                self.fail("reference_dangling", pointer)
                return None
        return target


def reference(value: object) -> str | None:
    """Return the `$ref` string of a value; None if it has none."""
    pointer = value.get("$ref") if isinstance(value, dict) else None
    return pointer if isinstance(pointer, str) else None
