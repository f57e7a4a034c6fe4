"""Source of the catalogue, as a build accepts it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from builder.grouping.grouped_catalogue import GroupedCatalogue

from .composition import DATA, attribute_groups


@dataclass(frozen=True, slots=True)
class AttributeCatalogue:
    """Tools whose documentation states labelled attributes in words, grouped and divided among the splits."""

    @property
    def identity(self) -> str:
        """Kind of the source and hash of its data."""
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(DATA.glob("*.toml"))))
        return f"attributes sha256:{digest.hexdigest()}"

    def grouped(self) -> GroupedCatalogue:
        """Return the catalogue."""
        groups = attribute_groups()
        return GroupedCatalogue([member.tool for group in groups for member in group.members], groups)
