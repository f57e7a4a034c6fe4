"""Objects and helper functions shared by all pages."""

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
from leaderboard.submissions.submissions import SubmissionService
from leaderboard.views.charts import Entry
from leaderboard.views.ranking import Row

QUICK: Final[dict[str, Any]] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""Options of events that must respond fast: no queue, no progress display, not part of the public API."""


@dataclass(frozen=True, slots=True)
class Context:
    """Objects shared by all pages."""

    store: Store
    snapshot: Snapshot
    data: Data
    submissions_service: SubmissionService
    identity: Identity

    def person(self, profile: Mapping[str, Any] | None, request: gr.Request | None) -> Person:
        """Return the user who made a request.

        Args:
            profile: OAuth profile of the session.
            request: The request, whose headers may contain a token.

        Raises:
            gr.Error: If nobody is signed in.
        """
        person = self.known_person(profile, request)
        if person is None:
            raise gr.Error(REFUSED, print_exception=False)
        return person

    def known_person(self, profile: Mapping[str, Any] | None, request: gr.Request | None) -> Person | None:
        """Return the user who made a request, or None if no user is signed in."""
        headers = {} if request is None else {name.lower(): value for name, value in request.headers.items()}
        return self.identity.person(profile, headers)

    def entry(self, submission_id: object, split: Split) -> Entry | None:
        """Return a submission's row and outcome, or None if it is not scored on this split."""
        rows = {row.id: row for row in self.every_row(split)}
        outcome = self.snapshot.get().latest.get(str(submission_id))
        row = rows.get(str(submission_id))
        return Entry(row, outcome) if row and outcome else None

    def offer(self, split: Split, rows: list[Row], version: str, *first: tuple[str, str]) -> tuple[Any, str]:
        """Return the update of the options of a dropdown of systems, and the version that the page keeps.

        There may be many options, so they are sent after the content of a page, and only if they changed. The selected
        system is not sent, because the reader may select another one meanwhile.

        Args:
            split: Split of the rows.
            rows: Rows that can be selected.
            version: Version that the page offers already; empty for none.
            first: Labels and values before those of the rows.
        """
        current = f"{split} {self.snapshot.version} {len(rows)}"
        update = gr.skip() if version == current else gr.Dropdown([*first, *choices(rows)], allow_custom_value=True)
        return update, current

    def every_row(self, split: Split) -> list[Row]:
        """Return one row per scored submission; those that answered all configs are first."""
        by_id = {row.id: row for row in self.snapshot.rows(OVERALL, split, every=True)}
        for config in HISTORY_TYPES:
            for row in self.snapshot.rows(config, split, every=True):
                by_id.setdefault(row.id, row)
        return list(by_id.values())


def selection(rows: list[Row], value: Any, version: str, *, multiselect: bool = False) -> Any:
    """Return the update of the selected systems of a dropdown, with their labels if it has no options yet."""
    if version:
        return gr.Dropdown(value=value, multiselect=multiselect, allow_custom_value=True)
    selected = set(value if multiselect else [value])
    options = [choice for choice in choices(rows) if choice[1] in selected]
    return gr.Dropdown(options, value=value, multiselect=multiselect, allow_custom_value=True)


def choices(rows: list[Row]) -> list[tuple[str, str]]:
    """Return labels and submission ids for a dropdown. The day and the id are appended to equal labels."""
    labels = [row.system if row.badge == "baseline" else f"{row.system} · {row.account}" for row in rows]
    counts = Counter(labels)
    return [
        (label if counts[label] == 1 else f"{label} · {row.date} · {row.id[-4:]}", row.id)
        for label, row in zip(labels, rows, strict=True)
    ]


def save_as(name: str, kind: str) -> str:
    """Return a JavaScript function that saves a text as a file.

    Args:
        name: Name of the file.
        kind: MIME type.
    """
    return (
        "(text) => { const a = document.createElement('a'); "
        f"a.href = URL.createObjectURL(new Blob([text], {{type: {json.dumps(kind)}}})); "
        f"a.download = {json.dumps(name)}; a.click(); setTimeout(() => URL.revokeObjectURL(a.href), 10000); }}"
    )


def kept_version() -> Any:
    """Return a component that keeps the version of `Context.offer` in the browser.

    It is not a `gr.State`, which the server would keep for each session.
    """
    return gr.Textbox(visible="hidden", container=False)


class Page(NamedTuple):
    """Parts of a page that the app uses."""

    show: Callable[..., Any]
    """Handler that maps the inputs to the outputs when the tab is opened or the split changes. It keeps selections."""
    inputs: list[Any]
    outputs: list[Any]
    rest: tuple[Callable[..., Any], list[Any], list[Any]] | None = None
    """Handler, inputs and outputs of long lists of systems. The last input is the version of the list, empty before it
    was sent for the first time."""

    def show_on(self, trigger: Callable[..., Any]) -> None:
        """Show the page when an event is triggered, and then update its lists if the browser has them."""
        event = trigger(self.show, self.inputs, self.outputs, **QUICK)
        if self.rest is not None:
            handler, inputs, outputs = self.rest

            def update(*values: Any) -> Any:
                return handler(*values) if values[-1] else [gr.skip()] * len(outputs)

            event.then(update, inputs, outputs, **QUICK)

    def list_on(self, trigger: Callable[..., Any]) -> None:
        """Send the lists of the page when an event is triggered."""
        if self.rest is not None:
            trigger(*self.rest, **QUICK)


def split_of(text: object) -> Split:
    """Return the split of that name, or `validation` if there is none."""
    return next((split for split in SPLITS if split == text), "validation")
