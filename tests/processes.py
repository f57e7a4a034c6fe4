"""Process trees."""

from __future__ import annotations

from pathlib import Path


def tree(root: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:  # the process has just ended
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    pids = [root]
    for pid in pids:
        pids += children.get(pid, [])
    return pids
