"""Files of the Spaces: the lists of what `push-space` and `push-metric` upload.

Everything that is not on a list stays on this machine, such as `.env`, notes, data, answers and caches. A test compares
the lists with the files that are tracked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from builder.errors import HubError

METRIC_FILES: Final = ("*.py", "README.md", "example.json", "requirements.txt")
"""Patterns of the files of the metric, relative to its folder."""
ROOT_FILES: Final = ("README.md", "app.py", "requirements.txt")
"""Files of the folder of the leaderboard that are copied to the root of its Space."""
BOARD_FILES: Final = (
    "leaderboard/*.py",
    "leaderboard/README.md",
    "leaderboard/requirements.txt",
    "leaderboard/maintenance/*.py",
    "leaderboard/pages/*.py",
    "leaderboard/pages/*.css",
    "leaderboard/pages/about.md",
    "leaderboard/scoring/*.py",
    "leaderboard/serving/*.py",
    "leaderboard/stores/*.py",
    "leaderboard/submissions/*.py",
    "leaderboard/views/*.py",
    "metrics/*.py",
    *(f"metrics/petoolbench/{pattern}" for pattern in METRIC_FILES),
)
"""Patterns of the files of the two packages of the leaderboard, relative to the folder that contains them."""


def listed_files(folder: Path, patterns: Sequence[str]) -> dict[str, Path | bytes]:
    """Return the files below a folder that match a list of patterns. Hidden files and links are left out.

    Args:
        folder: A local folder.
        patterns: Glob patterns relative to the folder. `*` matches no slash.

    Raises:
        HubError: If a pattern matches no file.
    """
    contents: dict[str, Path | bytes] = {}
    for pattern in patterns:
        found = [path for path in sorted(folder.glob(pattern)) if _is_plain(path, folder)]
        if not found:
            raise HubError(f"{str(folder)!r} holds no file {pattern!r}, which the Space needs. Check the path.")
        contents |= {path.relative_to(folder).as_posix(): path for path in found}
    return contents


def _is_plain(path: Path, folder: Path) -> bool:
    """Return True for a file that is neither hidden nor reached through a link below the folder."""
    inner = [path, *path.parents][: len(path.relative_to(folder).parts)]
    return path.is_file() and not any(part.is_symlink() or part.name.startswith(".") for part in inner)
