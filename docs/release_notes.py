"""Changes of a version, from the changelog. `python -m docs.release_notes 0.2.0` prints them for a tag or a release."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

CHANGELOG: Final = Path(__file__).parents[1] / "CHANGELOG.md"
_HEADING: Final = re.compile(r"^## (\d+\.\d+\.\d+)(?: \(([^)]+)\))?$", re.MULTILINE)


class Section(NamedTuple):
    """Changes of a version."""

    version: str
    date: str
    """Date of the release, such as `2026-11-30`, `unreleased`, or empty."""
    text: str
    """Markdown below the heading."""


def sections(changelog: str) -> list[Section]:
    """Return the sections of a changelog, in its order.

    Args:
        changelog: Markdown with a heading of level 2 for each version.
    """
    _, *parts = _HEADING.split(changelog)
    return [Section(parts[at], parts[at + 1] or "", parts[at + 2].strip()) for at in range(0, len(parts), 3)]


def notes(changelog: str, version: str) -> str:
    """Return the title and the changes of a version.

    Args:
        changelog: Markdown with a heading of level 2 for each version.
        version: Version without `v`.

    Raises:
        ValueError: If the changelog has no section of this version, or more than one.
    """
    found = [section for section in sections(changelog) if section.version == version]
    if len(found) != 1:
        raise ValueError(f"{CHANGELOG.name} has {len(found)} sections of version {version!r}; expected 1")
    return f"PEToolBench {version}\n\n{found[0].text}\n"


if __name__ == "__main__":
    sys.stdout.write(notes(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
