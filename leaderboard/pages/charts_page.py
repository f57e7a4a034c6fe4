"""The page of pictures: one at a time, of chosen systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from leaderboard.stores.stored_records import OVERALL, Split
from leaderboard.views import charts, ranking
from leaderboard.views.charts import MOST_SYSTEMS, Entry
from leaderboard.views.html_parts import ERROR_SHORT, empty

from .page_context import QUICK, Context, Page, choices, split_of

_FIGURES: Final = {
    "config": ("Accuracy by config", "Tool accuracy in each config, with its 95 % interval."),
    "slice": ("Accuracy along the history", "Tool accuracy over all configs, by a property of the rows."),
    "cost": (
        "Score against cost",
        "Overall tool accuracy against the dollars of the whole run, as submitters state them. The line joins what "
        "nothing beats at that price or less.",
    ),
    "size": (
        "Score against size",
        "Overall tool accuracy against the number of parameters, as submitters state them. The line joins what nothing "
        "beats at that size or less.",
    ),
    "errors": ("Where replies go wrong", "Share of replies in each class, in %; the mean over configs."),
}
_OF_ALL: Final[dict[str, charts.Against]] = {"cost": "cost_usd", "size": "parameters_b"}
"""Pictures of all systems, and what stands along them."""
_SLICINGS: Final = {
    "history_length": "length of the history",
    "drift_position": "position of the change",
    "noise": "noise of the ratings",
    "axis": "heaviest axis of the preference",
}
_FIRST: Final = 5
"""Systems that are shown before a reader chooses, and as many baselines."""


class Handlers:
    """What the page does.

    Args:
        context: What is behind it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._drawn = context.snapshot.remembered(self._picture)

    def show(
        self, split: str, kind: str, systems: list[str] | None, slicing: str | None, offered: Sequence[str]
    ) -> Any:
        """Offer the systems of a split, and draw the picture of those chosen before, or of the first ones.

        What was offered before and never changed is no choice: whoever is first now takes its place.
        """
        chosen_split = split_of(split)
        rows = self._context.every_row(chosen_split)
        best = [row.id for row in ranking.rows_of_accounts(rows)][:_FIRST]
        first = [*best, *[row.id for row in rows if row.badge == "baseline"][:_FIRST]]
        known = {row.id for row in rows}
        kept = [] if systems == list(offered) else [one for one in systems or [] if one in known]
        chosen = kept or first
        drawn = self.draw(split, kind, chosen, slicing)
        return gr.Dropdown(choices(rows), value=chosen), *drawn, offered if kept else first

    def draw(self, split: str, kind: str, systems: list[str] | None, slicing: str | None) -> Any:
        """The picture, or why there is none; and by what it can be told apart."""
        chosen_split = split_of(split)
        chosen = () if kind in _OF_ALL else tuple(map(str, systems or ()))[:MOST_SYSTEMS]
        known = charts.slicings(self._entries(chosen_split, chosen))
        slicing = slicing if slicing in known else (known[0] if known else None)
        offered = gr.Dropdown(
            [(_SLICINGS.get(name, name), name) for name in known],
            value=slicing,
            visible=kind == "slice" and bool(known),
        )
        note = f'<p class="pet count">{_FIGURES[kind][1]}</p>' if kind in _FIGURES else ""
        return self._drawn(chosen_split, kind, chosen, slicing), note, offered

    def _entries(self, split: Split, systems: Sequence[str]) -> list[Entry]:
        found = (self._context.entry(one, split) for one in systems)
        return [entry for entry in found if entry is not None]

    def _picture(self, split: Split, kind: str, systems: Sequence[str], slicing: str | None) -> str:
        """The picture, or why there is none."""
        entries = self._entries(split, systems)
        if kind in _OF_ALL:
            every = self._context.snapshot.rows(OVERALL, split, every=True)
            rows = [row for row in every if row.badge != "baseline" and row.history == "own"]
            found = charts.score_against(rows, _OF_ALL[kind])
            return found or empty("Nobody has stated a figure", "It can be given when a file is handed in.")
        if not entries:
            return empty("No system is chosen", "Choose some above.")
        if kind == "config":
            return charts.accuracy_by_config(entries)
        if kind == "errors":
            return charts.error_classes([entry.row for entry in entries], ERROR_SHORT)
        if slicing is None:
            return empty("Nothing to tell apart", "These outcomes hold no figures by a property of the rows.")
        return charts.accuracy_by_slice(entries, slicing)


def build(context: Context, split: Any) -> Page:
    """Lay out the page.

    Args:
        context: What is behind it.
        split: The switch of splits.
    """
    does = Handlers(context)
    kind = gr.Radio(
        [(label, name) for name, (label, _) in _FIGURES.items()],
        value="config",
        show_label=False,
        container=False,
        elem_id="figure",
        elem_classes="segmented",
    )
    slicing = gr.Dropdown([], label="By", visible=False, allow_custom_value=True, elem_id="slicing")
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
        control.input(does.draw, inputs, outputs, trigger_mode="always_last", **QUICK)

    offered = gr.State([])
    return Page(does.show, [*inputs, offered], [systems, *outputs, offered])
