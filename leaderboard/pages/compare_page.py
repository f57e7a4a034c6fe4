"""The page that sets two systems side by side: the paired difference in words, and the figure."""

from __future__ import annotations

import dataclasses
from typing import Any

import gradio as gr

from leaderboard.stores.store import StoreError
from leaderboard.views import charts, ranking
from leaderboard.views.html_parts import empty, escaped, table
from leaderboard.views.paired_difference import Compared, CompareError, compare_submissions

from .page_context import QUICK, Context, Page, choices, split_of


class Handlers:
    """What the page does.

    Args:
        context: What is behind it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def show(self, split: str, first: str | None, second: str | None) -> Any:
        """Offer the systems of a split, and compare those chosen before, or the two best ones."""
        rows = self._context.every_row(split_of(split))
        two = [row.id for row in [*ranking.rows_of_accounts(rows), *rows] if row.badge != "baseline"][:2]
        two = [*dict.fromkeys([*two, *(row.id for row in rows)])][:2]
        if {first, second} <= {row.id for row in rows}:
            two = [str(first), str(second)]
        chosen = [*two, None, None][:2]
        offered = choices(rows)
        return *(gr.Dropdown(offered, value=one) for one in chosen), *self.draw(split, *chosen)

    def draw(self, split: str, first: str | None, second: str | None) -> Any:
        """The comparison, or why there is none."""
        one, other = (self._context.entry(name, split_of(split)) for name in (first, second))
        if one is None or other is None:
            return empty("Two systems are needed", "Choose two that are scored on this split."), ""
        if one.row.id == other.row.id:
            return empty("These are the same run", "Choose another one beside it."), ""
        try:
            found = compare_submissions(self._context.store, one.row.id, other.row.id)
        except CompareError as error:
            return empty("These two cannot be compared", escaped(error)), ""
        except StoreError:
            return empty("The store cannot be read", "Try again in a moment."), ""
        return _html(found), charts.side_by_side(one, other)

    def compare(self, first: str, second: str) -> list[dict[str, Any]]:
        """Two submissions by their ids: the paired difference in tool accuracy, overall and by config."""
        try:
            found = compare_submissions(self._context.store, first, second)
        except (CompareError, StoreError) as error:
            raise gr.Error(str(error), print_exception=False) from error
        return [{"config": one.config, **dataclasses.asdict(one.comparison), "in_words": one.words} for one in found]


def _html(found: list[Compared]) -> str:
    lines = []
    for one in found:
        difference = one.comparison
        lines.append(
            (
                one.config,
                f"{100 * difference.difference:+.1f}",
                f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}",
                "&lt; 0.001" if difference.p < 0.001 else f"{difference.p:.3f}",
                f"{100 * difference.detectable:.1f}",
                str(difference.rows),
            )
        )
    head = ("Config", "Difference", "95 % interval", "p", "Detectable", "Rows")
    return (
        f'<div class="pet"><p class="words-large">{escaped(found[0].words)}</p>{table(head, lines)}'
        '<p class="count">Tool accuracy of the first less that of the second, on the same rows: paired bootstrap and '
        "permutation test over query groups. Detectable is the least difference that these rows would show with 80 % "
        "probability.</p></div>"
    )


def build(context: Context, split: Any) -> Page:
    """Lay out the page.

    Args:
        context: What is behind it.
        split: The switch of splits.
    """
    does = Handlers(context)
    with gr.Row():
        first = gr.Dropdown([], label="First system", allow_custom_value=True, min_width=260, elem_id="first")
        second = gr.Dropdown([], label="Second system", allow_custom_value=True, min_width=260, elem_id="second")
    words = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="compared")
    plot = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="compared-plot")
    for control in (first, second):
        control.input(does.draw, [split, first, second], [words, plot], trigger_mode="always_last", **QUICK)
    gr.api(does.compare, api_name="compare")  # type: ignore[attr-defined]

    return Page(does.show, [split, first, second], [first, second, words, plot])
