"""Acts of the maintainers: records that are only added, and the standing of each submission that results from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

ActKind = Literal["added", "hidden", "unhidden", "reproduced", "withdrawn"]
WORDS: Final[Mapping[ActKind, str]] = {
    "added": "row added by the maintainers",
    "hidden": "row hidden",
    "unhidden": "row shown again",
    "reproduced": "row reproduced",
    "withdrawn": "badge withdrawn",
}
"""Each kind of act in words."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Run of the maintainers: the row that was added, or the rerun of a submission."""

    sha256: str
    """SHA-256 of the run file."""
    scorer_version: str
    tool_accuracy: Mapping[str, float] = field(default_factory=dict)
    """Tool accuracy by config, from 0 to 1; that of the test split is rounded to 0.001."""


@dataclass(frozen=True, slots=True)
class Act:
    """Act of a maintainer on one submission; never changes."""

    id: str
    """Id assigned when the act is made, see `store.new_id`."""
    submission_id: str
    kind: ActKind
    by: str
    """Account on the Hub, or name of the user of the machine."""
    created: str
    """Time of the act: UTC, ISO 8601."""
    reason: str = ""
    run: RunFacts | None = None
    """Run that was added, or that reproduces the submission."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Standing of a submission after all acts on it."""

    hidden: Act | None = None
    """Act that hides the row; None if it is shown."""
    reproduced: Act | None = None
    """Act that gives the badge `reproduced`; None without it."""
    added: Act | None = None
    """Act that added the row, if a maintainer did."""


_NONE: Final = Standing()


def standings(acts: Iterable[Act]) -> dict[str, Standing]:
    """Return the standing of each submission with acts, by its id.

    Args:
        acts: Acts in the order in which they were recorded.
    """
    found: dict[str, Standing] = {}
    for act in acts:
        former = found.get(act.submission_id, _NONE)
        match act.kind:
            case "hidden" | "unhidden":
                standing = replace(former, hidden=act if act.kind == "hidden" else None)
            case "reproduced" | "withdrawn":
                standing = replace(former, reproduced=act if act.kind == "reproduced" else None)
            case "added":
                standing = replace(former, added=act)
        found[act.submission_id] = standing
    return found


def standing_of(acts: Iterable[Act], submission_id: str) -> Standing:
    """Return the standing of one submission."""
    return standings(act for act in acts if act.submission_id == submission_id).get(submission_id, _NONE)
