"""What every page needs, and the parts of a Gradio page that they share."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import gradio as gr

from leaderboard.public_data import Data
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, SPLITS, Person, Split
from leaderboard.submissions.identity import REFUSED, Identity
from leaderboard.submissions.submissions import Desk
from leaderboard.views.charts import Entry
from leaderboard.views.ranking import Row

QUICK: Final[dict[str, Any]] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For events that a reader waits for."""


@dataclass(frozen=True, slots=True)
class Context:
    """Behind all pages."""

    store: Store
    snapshot: Snapshot
    data: Data
    desk: Desk
    identity: Identity

    def person(self, profile: Mapping[str, Any] | None, request: gr.Request | None) -> Person:
        """Who is signed in.

        Raises:
            gr.Error: If nobody is.
        """
        found = self.known_person(profile, request)
        if found is None:
            raise gr.Error(REFUSED, print_exception=False)
        return found

    def known_person(self, profile: Mapping[str, Any] | None, request: gr.Request | None) -> Person | None:
        """Who is signed in; None if nobody is."""
        headers = {} if request is None else {name.lower(): value for name, value in request.headers.items()}
        return self.identity.person(profile, headers)

    def entry(self, submission_id: object, split: Split) -> Entry | None:
        """A system for the figures, by its submission; None where it is not scored on this split."""
        rows = {row.id: row for row in self.every_row(split)}
        outcome = self.snapshot.get().latest.get(str(submission_id))
        row = rows.get(str(submission_id))
        return Entry(row, outcome) if row and outcome else None

    def every_row(self, split: Split) -> list[Row]:
        """Every scored system once, those that answered all configs first."""
        found = {row.id: row for row in self.snapshot.rows(OVERALL, split, every=True)}
        for config in HISTORY_TYPES:
            for row in self.snapshot.rows(config, split, every=True):
                found.setdefault(row.id, row)
        return list(found.values())


def choices(rows: list[Row]) -> list[tuple[str, str]]:
    """Systems to choose from, each as its label and its submission; equal labels differ by day and id."""
    labels = [row.system if row.badge == "baseline" else f"{row.system} · {row.account}" for row in rows]
    often = Counter(labels)
    return [
        (label if often[label] == 1 else f"{label} · {row.date} · {row.id[-4:]}", row.id)
        for label, row in zip(labels, rows, strict=True)
    ]


def save_as(name: str, kind: str) -> str:
    """JavaScript that saves a text as a file."""
    return (
        "(text) => { const a = document.createElement('a'); "
        f"a.href = URL.createObjectURL(new Blob([text], {{type: {json.dumps(kind)}}})); "
        f"a.download = {json.dumps(name)}; a.click(); setTimeout(() => URL.revokeObjectURL(a.href), 10000); }}"
    )


class Page(NamedTuple):
    """What the app needs to know of a page."""

    show: Callable[..., Any]
    """From the inputs to the outputs, when its tab is opened or the split is switched; keeps what was chosen."""
    inputs: list[Any]
    outputs: list[Any]


def split_of(text: object) -> Split:
    """A split; that of validation where it is none."""
    return next((one for one in SPLITS if one == text), "validation")
