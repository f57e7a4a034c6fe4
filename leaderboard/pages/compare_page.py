"""The Compare page: the paired difference between two systems, as a sentence, a table and a chart."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import gradio as gr

from leaderboard.stores.store import StoreError
from leaderboard.stores.stored_records import CORE
from leaderboard.views import charts, ranking
from leaderboard.views.html_parts import empty, escaped, table
from leaderboard.views.paired_difference import CompareError, ScopedComparison, compare_submissions
from leaderboard.views.ranking import Row

from .page_context import QUICK, Context, Page, kept_version, selection, split_of


class Handlers:
    """Event handlers of the Compare page.

    Args:
        context: Objects shared by all pages.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def show(self, split: str, first: str | None, second: str | None, version: str) -> Any:
        """Compare the selected two systems of a split, by default the two best ones."""
        rows = self._rows(split)
        pair = [str(first), str(second)] if {first, second} <= {row.id for row in rows} else _default_pair(rows)
        chosen = [*pair, None, None][:2]
        return *(selection(rows, system, version) for system in chosen), *self.draw(split, *chosen)

    def systems(self, split: str, version: str) -> Any:
        """Update both lists of systems."""
        update, current = self._context.offer(split_of(split), self._rows(split), version)
        return update, update, current

    def _rows(self, split: str) -> list[Row]:
        return [row for row in self._context.every_row(split_of(split)) if not row.is_expected]

    def draw(self, split: str, first: str | None, second: str | None) -> Any:
        """Return the comparison and its chart, or the reason why there is none."""
        left, right = (self._context.entry(system, split_of(split)) for system in (first, second))
        if left is None or right is None:
            return empty("Two systems are needed", "Select two systems that are scored on this split."), ""
        if left.row.id == right.row.id:
            return empty("These are the same run", "Select another one to compare it with."), ""
        try:
            compared = self._compared(left.row.id, right.row.id)
        except CompareError as error:
            has_figures = split_of(split) == "test" and not (left.row.is_expected or right.row.is_expected)
            plot = charts.side_by_side(left, right) if has_figures else ""
            return empty("These two systems cannot be compared", escaped(error)), plot
        except StoreError:
            return empty("The store cannot be read", "Try again in a moment."), ""
        return _html(compared), charts.side_by_side(left, right)

    def _compared(self, first: str, second: str) -> list[ScopedComparison]:
        """Compare two submissions; the store is read again only if its recent copy lacks one of them."""
        snapshot = self._context.snapshot
        known = snapshot.get().by_id
        if not known.keys() >= {first, second}:
            known = snapshot.renew().by_id
        return compare_submissions(self._context.store, known, first, second)

    def compare(self, first: str, second: str) -> list[dict[str, Any]]:
        """Return the paired difference in tool accuracy between two submissions, overall and by config.

        Args:
            first: Id of the first submission.
            second: Id of the second submission.

        Raises:
            gr.Error: If the two cannot be compared, or the store cannot be read.
        """
        try:
            compared = self._compared(first, second)
        except (CompareError, StoreError) as error:
            raise gr.Error(str(error), print_exception=False) from error
        return [
            {
                "config": scope.config,
                "scored_rows": scope.rows,
                **dataclasses.asdict(scope.comparison),
                "in_words": scope.words,
            }
            for scope in compared
        ]


def _default_pair(rows: Sequence[Row]) -> list[str]:
    """Return the submission ids of the two best systems, or of baselines if there are fewer than two systems."""
    systems = [row.id for row in [*ranking.rows_of_systems(rows), *rows] if row.badge != "baseline"][:2]
    return [*dict.fromkeys([*systems, *(row.id for row in rows)])][:2]


def _html(compared: Sequence[ScopedComparison]) -> str:
    lines = []
    for scope in compared:
        difference = scope.comparison
        lines.append(
            (
                scope.config,
                f"{100 * difference.difference:+.1f}",
                f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}",
                "&lt; 0.001" if difference.p < 0.001 else f"{difference.p:.3f}",
                f"{100 * difference.detectable:.1f}",
                str(difference.rows),
            )
        )
    head = ("Config", "Difference", "95 % interval", "p", "Detectable", "Instances")
    where = "instances of the core of the test split" if compared[0].rows == CORE else "instances"
    return (
        f'<div class="pet"><p class="words-large">{escaped(compared[0].words)}</p>{table(head, lines)}'
        '<p class="count">Difference: tool accuracy of the first system minus that of the second on the same '
        f"{where}, in percentage points. Interval and p value: paired bootstrap and permutation test over query "
        "groups. Detectable: smallest difference that this number of instances shows with a probability of 80 %."
        "</p></div>"
    )


def build(context: Context, split: Any) -> Page:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.
        split: Radio button of the split, shared by all pages.

    Returns:
        The parts of the page that the app uses.
    """
    handlers = Handlers(context)
    with gr.Row():
        first = gr.Dropdown([], label="First system", allow_custom_value=True, min_width=260, elem_id="first")
        second = gr.Dropdown([], label="Second system", allow_custom_value=True, min_width=260, elem_id="second")
    words = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="compared")
    plot = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="compared-plot")
    for control in (first, second):
        control.input(handlers.draw, [split, first, second], [words, plot], trigger_mode="always_last", **QUICK)
    gr.api(handlers.compare, api_name="compare")  # type: ignore[attr-defined]

    version = kept_version()
    rest = (handlers.systems, [split, version], [first, second, version])
    return Page(handlers.show, [split, first, second, version], [first, second, words, plot], rest)
