"""The page of figures: one at a time, of chosen systems."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from leaderboard import board, pictures
from leaderboard.board import OVERALL
from leaderboard.pages.context import QUICK, Context, Page, choices, split_of
from leaderboard.pages.parts import ERROR_SHORT, empty
from leaderboard.pictures import MOST_SYSTEMS, Entry
from leaderboard.records import Split

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

    def show(self, split: str, kind: str, systems: list[str] | None, slicing: str | None) -> Any:
        """Offer the systems of a split, and draw the figure of those chosen before, or of the first ones."""
        chosen_split = split_of(split)
        rows = self._context.every_row(chosen_split)
        best = [row.id for row in board.rows_of_accounts(rows)][:_FIRST]
        floor = [row.id for row in rows if row.badge == "baseline"][:_FIRST]
        known = {row.id for row in rows}
        chosen = [one for one in systems or [] if one in known] or [*best, *floor]
        return gr.Dropdown(choices(rows), value=chosen), *self.draw(split, kind, chosen, slicing)

    def draw(self, split: str, kind: str, systems: list[str] | None, slicing: str | None) -> Any:
        """The figure, or why there is none; and by what it can be told apart."""
        chosen_split = split_of(split)
        entries = self._entries(chosen_split, systems)
        known = pictures.slicings(entries)
        slicing = slicing if slicing in known else (known[0] if known else None)
        offered = gr.Dropdown(
            [(_SLICINGS.get(name, name), name) for name in known],
            value=slicing,
            visible=kind == "slice" and bool(known),
        )
        figure, why = self._figure(chosen_split, kind, entries, slicing)
        note = f'<p class="pet count">{_FIGURES[kind][1]}</p>' if kind in _FIGURES and figure is not None else why
        return gr.Plot(figure, visible=figure is not None), note, offered

    def _entries(self, split: Split, systems: list[str] | None) -> list[Entry]:
        found = (self._context.entry(one, split) for one in (systems or [])[:MOST_SYSTEMS])
        return [entry for entry in found if entry is not None]

    def _figure(self, split: Split, kind: str, entries: list[Entry], slicing: str | None) -> tuple[Any, str]:
        if kind in {"cost", "size"}:
            every = self._context.snapshot.rows(OVERALL, split, every=True)
            rows = [row for row in every if row.badge != "baseline" and row.history == "own"]
            figure = pictures.score_against(rows, "cost_usd" if kind == "cost" else "parameters_b")
            return figure, empty("Nobody has stated a figure", "It can be given when a file is handed in.")
        if not entries:
            return None, empty("No system is chosen", "Choose some above.")
        if kind == "config":
            return pictures.accuracy_by_config(entries), ""
        if kind == "errors":
            return pictures.error_classes([entry.row for entry in entries], ERROR_SHORT), ""
        if slicing is None:
            return None, empty("Nothing to tell apart", "These outcomes hold no figures by a property of the rows.")
        return pictures.accuracy_by_slice(entries, slicing), ""


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
    plot = gr.Plot(show_label=False, container=False, visible=False, elem_id="plot", buttons=[])
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

    return Page(does.show, inputs, [systems, *outputs])
