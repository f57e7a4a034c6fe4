"""The Charts page: one chart at a time, of selected systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from leaderboard.stores.stored_records import CORE, OVERALL, Split
from leaderboard.views import charts, ranking, reference_chart
from leaderboard.views.charts import MOST_SYSTEMS, Entry
from leaderboard.views.html_parts import ERROR_LABELS, empty
from leaderboard.views.ranking import Row

from .page_context import QUICK, Context, Page, kept_version, selection, split_of

_FIGURES: Final = {
    "config": ("Accuracy by config", "Tool accuracy in each config, with 95 % intervals."),
    "slice": ("Accuracy by instance property", "Tool accuracy over all configs, by a property of the instances."),
    "cost": (
        "Score against cost",
        "Overall tool accuracy against the cost of the whole run in dollars, as stated by the submitters. The line "
        "joins the systems that no other system beats at the same or a lower cost.",
    ),
    "size": (
        "Score against size",
        "Overall tool accuracy against the number of parameters, as stated by the submitters. The line joins the "
        "systems that no other system beats at the same or a smaller size.",
    ),
    "readers": (
        "Careful readers",
        "Not of the systems on this board: tool accuracy of careful readers and baselines by the number of telling "
        "steps, measured on a data set of its own. Nobody can be right more often than the ceiling, except by luck.",
    ),
    "errors": ("Error classes", "Share of replies in each error class, in %, averaged over the configs."),
}
_NO_CURVE: Final = ("No careful readers", "Nobody has read rows of this catalogue with the given protocol.")
_OF_ALL: Final[dict[str, charts.Against]] = {"cost": "cost_usd", "size": "parameters_b"}
"""Charts of all systems, and the field on their horizontal axis."""
_SLICINGS: Final = {
    "history_length": "history length",
    "drift_position": "position of the preference change",
    "noise": "share of steps that do not follow the preference",
    "concerns": "number of concerns of the user",
    "evidence": "number of telling steps",
    "kind": "kind of the preference",
    "axis": "most important preference axis",
}
_FIRST: Final = 5
"""Number of systems, and of baselines, that are selected by default."""
_NOT_SHOWN: Final = empty(
    "No data for this chart",
    "Error classes and accuracy by instance property are shown on the validation split, and for baselines.",
)


class Handlers:
    """Event handlers of the Charts page.

    Args:
        context: Objects shared by all pages.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._drawn = context.snapshot.cached(self._picture)

    def show(
        self,
        split: str,
        kind: str,
        systems: list[str] | None,
        slicing: str | None,
        offered: Sequence[str],
        version: str,
    ) -> Any:
        """Update the choice of systems for a split, and draw the selected ones.

        A selection that equals the last default was not made by the reader, and is replaced by the current default.

        Args:
            split: Selected split.
            kind: Selected chart.
            systems: Submission ids of the selected systems.
            slicing: Property by which the accuracy is divided, such as the history length.
            offered: The last default selection.
            version: Version of the options that the page has; empty for none.
        """
        chosen_split = split_of(split)
        rows = self._context.every_row(chosen_split)
        default = _default_systems(rows)
        known = {row.id for row in rows}
        kept = [] if systems == list(offered) else [system for system in systems or () if system in known]
        chosen = kept or default
        drawn = self.draw(split, kind, chosen, slicing)
        return selection(rows, chosen, version, multiselect=True), *drawn, offered if kept else default

    def systems(self, split: str, version: str) -> Any:
        """Update the list of systems."""
        return self._context.offer(split_of(split), self._context.every_row(split_of(split)), version)

    def draw(self, split: str, kind: str, systems: list[str] | None, slicing: str | None) -> Any:
        """Return the chart, the note above it, and the selector of the property by which the accuracy is broken down.

        If there is no chart, a message with the reason is returned in its place.
        """
        chosen_split = split_of(split)
        chosen = () if kind in _OF_ALL else tuple(map(str, systems or ()))[:MOST_SYSTEMS]
        known = charts.slicings(self._entries(chosen_split, chosen))
        slicing = slicing if slicing in known else (known[0] if known else None)
        dropdown = gr.Dropdown(
            [(_SLICINGS.get(name, name), name) for name in known],
            value=slicing,
            visible=kind == "slice" and bool(known),
        )
        note = ""
        if kind in _FIGURES:
            note = f'<p class="pet count">{_FIGURES[kind][1]}{self._rows_note(chosen_split, kind)}</p>'
        return self._drawn(chosen_split, kind, chosen, slicing), note, dropdown

    def _rows_note(self, split: Split, kind: str) -> str:
        """Return a sentence on the rows that the figures are on, if these are not the full split."""
        if self._context.data.main_rows(split) != CORE:
            return ""
        cost = " A run of the core alone costs less than one of the full split." if kind == "cost" else ""
        return f" The figures are on the core of the test split.{cost}"

    def _entries(self, split: Split, systems: Sequence[str]) -> list[Entry]:
        entries = (self._context.entry(system, split) for system in systems)
        return [entry for entry in entries if entry is not None]

    def _picture(self, split: Split, kind: str, systems: Sequence[str], slicing: str | None) -> str:
        """Return the chart, or the reason why there is none."""
        if kind == "readers":
            curve = self._context.data.evidence_curve
            return reference_chart.accuracy_by_evidence(curve) if curve else empty(*_NO_CURVE)
        if kind in _OF_ALL:
            return self._of_all(split, _OF_ALL[kind])
        entries = self._entries(split, systems)
        if not entries:
            return empty("No system is selected", "Select systems above.")
        if kind == "config":
            return charts.accuracy_by_config(entries)
        if kind == "errors":
            rows = [entry.row for entry in entries if entry.row.error_classes]
            return charts.error_classes(rows, ERROR_LABELS) if rows else _NOT_SHOWN
        if slicing is None:
            return _NOT_SHOWN
        return charts.accuracy_by_slice([entry for entry in entries if slicing in entry.outcome.slices], slicing)

    def _of_all(self, split: Split, against: charts.Against) -> str:
        """Return the chart of all systems on the user's own history against cost or size."""
        rows = self._context.snapshot.rows(OVERALL, split, every=True)
        ranked = [row for row in rows if row.badge != "baseline" and row.history == "own"]
        chart = charts.score_against(ranked, against)
        return chart or empty("No submitter has stated a value", "State it in the form when you submit a file.")


def _default_systems(rows: Sequence[Row]) -> list[str]:
    """Return the submission ids of the best systems, and of as many baselines."""
    best = [row.id for row in ranking.rows_of_systems(rows)][:_FIRST]
    return [*best, *[row.id for row in rows if row.badge == "baseline"][:_FIRST]]


def build(context: Context, split: Any) -> Page:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.
        split: Radio button of the split, shared by all pages.

    Returns:
        The parts of the page that the app uses.
    """
    handlers = Handlers(context)
    kind = gr.Radio(
        [(label, name) for name, (label, _) in _FIGURES.items()],
        value="config",
        show_label=False,
        container=False,
        elem_id="figure",
        elem_classes="segmented",
    )
    slicing = gr.Dropdown([], label="Property", visible=False, allow_custom_value=True, elem_id="slicing")
    note = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="figure-note")
    plot = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="plot")
    systems = gr.Dropdown(
        [],
        multiselect=True,
        max_choices=MOST_SYSTEMS,
        label=f"Systems, at most {MOST_SYSTEMS}",
        allow_custom_value=True,
        elem_id="systems",
    )
    inputs, outputs = [split, kind, systems, slicing], [plot, note, slicing]
    for control in (kind, systems, slicing):
        control.input(handlers.draw, inputs, outputs, trigger_mode="always_last", **QUICK)

    # Not a `gr.State`, which the server would keep for each session.
    offered = gr.JSON([], visible=False)
    version = kept_version()
    rest = (handlers.systems, [split, version], [systems, version])
    return Page(handlers.show, [*inputs, offered, version], [systems, *outputs, offered], rest)
