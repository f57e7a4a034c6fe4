"""Write single files atomically."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_atomically(path: Path, lines: Iterable[str]) -> int:
    """Write a text file to a temporary path next to the final one and rename it when complete.

    Args:
        path: Final path; missing parent folders are created.
        lines: Content, with line ends.

    Returns:
        Number of lines.

    Raises:
        OSError: If the file cannot be written; a file that existed before is unchanged.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.partial-{os.getpid()}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line)
                count += 1
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count
