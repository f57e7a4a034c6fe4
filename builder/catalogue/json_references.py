"""What a `$ref` stands for: another place of the same document. Nothing outside the document is ever opened.

A reference that leads nowhere, out of the document or back to itself stands for an empty object, and is counted.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from urllib.parse import unquote

MAX_CHAIN: Final = 32
"""Longest chain of references to references."""


class References:
    """Follows the local references of one document."""

    def __init__(self, document: object, skipped: Counter[str]) -> None:
        """Follow references in a document.

        Args:
            document: What `#` stands for.
            skipped: Counts the references that were not followed, by reason.
        """
        self._document = document
        self._skipped = skipped

    def follow(self, value: object) -> dict[str, Any]:
        """The object that a value stands for: itself, or what its chain of references ends in.

        What stands beside a `$ref` goes before what is said at its target. A value that is no object is an empty one.
        """
        beside: dict[str, Any] = {}
        chain: set[str] = set()
        while (pointer := reference(value)) is not None and isinstance(value, dict):
            if pointer in chain or len(chain) >= MAX_CHAIN:
                self.skip("reference_cyclic" if pointer in chain else "reference_too_long")
                return beside
            chain.add(pointer)
            beside = {key: item for key, item in value.items() if key != "$ref"} | beside
            value = self._target(pointer)
        return (value | beside if beside else value) if isinstance(value, dict) else beside

    def skip(self, reason: str) -> None:
        """Count a reference that is not followed."""
        self._skipped[reason] += 1

    def _target(self, pointer: str) -> object:
        if not pointer.startswith("#"):
            self.skip("reference_foreign")
            return None
        place = self._document
        for part in unquote(pointer[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict) and key in place:
                place = place[key]
            elif isinstance(place, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(place):
                place = place[int(key[:9])]
            else:
                self.skip("reference_dangling")
                return None
        return place


def reference(value: object) -> str | None:
    """The text of a value's `$ref`; None where it has none."""
    pointer = value.get("$ref") if isinstance(value, dict) else None
    return pointer if isinstance(pointer, str) else None
