"""The Board page: filters, table, row details and downloads. The page address contains its state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import gradio as gr

from leaderboard.stores.stored_records import OVERALL, SPLITS, Split
from leaderboard.views import downloads, filters, table
from leaderboard.views.filters import COLUMNS, DEFAULT_COLUMNS, SIZES, SORTS, View
from leaderboard.views.html_parts import CONFIG_LABELS
from leaderboard.views.ranking import BADGES, BOARDS, Row

from .page_context import QUICK, Context, save_as

_CLICKS = """
element.addEventListener('click', (event) => {
  const on = event.target.closest('button[data-sort], button[data-page], button[data-row]');
  if (on && !on.disabled) trigger('click', {...on.dataset});
});
"""
_MOST = 5000
"""Maximum number of rows in an API response."""


class Shared(NamedTuple):
    """Parts of the Board page that the app uses."""

    controls: list[Any]
    """Gradio components in the order of the fields of `View`, without its tab."""
    table: Any


@dataclass(frozen=True, slots=True)
class _Controls:
    """Gradio components that determine the view, in the order of the fields of `View`."""

    split: Any
    board: Any
    search: Any
    badges: Any
    licences: Any
    size: Any
    since: Any
    every: Any
    sort: Any
    upwards: Any
    columns: Any
    page: Any

    def all(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]


def view_of(tab: str, values: Sequence[Any], *, has_core: bool) -> View:
    """Return the view that the controls describe. Invalid values become the default, as in an address.

    Args:
        tab: Name of the open tab.
        values: Values of the controls, in the order of `Shared.controls`.
        has_core: True if the data set has a core. Without one, the column of the full split cannot be chosen; it counts
            as chosen, so that the default columns are not part of the address.
    """
    names = _Controls.__slots__
    pairs: list[tuple[str, str]] = [("tab", str(tab))]
    for name, value in zip(names, values, strict=True):
        if name == "columns" and not value:
            pairs.append((name, "-"))
        elif name == "columns" and not has_core:
            pairs.append((name, filters.FULL))
        items = value if isinstance(value, list | tuple) else [value]
        pairs.extend((name, _as_text(item)) for item in items if item is not None)
    return filters.from_query(pairs)


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


class Handlers:
    """Event handlers of the Board page.

    Args:
        context: Objects shared by all pages.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def view_of(self, tab: str, values: Sequence[Any]) -> View:
        """Return the view that the controls describe, see the function `view_of`."""
        return view_of(tab, values, has_core=bool(self._context.data.core))

    def found(self, view: View) -> tuple[Sequence[Row], int]:
        """Return the sorted rows that pass the filters, and the number of rows without filters."""
        rows = self._context.snapshot.rows(view.board, view.split, every=view.every)
        return filters.ordered(filters.filtered(rows, view), view.sort, upwards=view.upwards), len(rows)

    def drawn(self, view: View) -> tuple[str, str]:
        """Return the table as HTML, and the query string of the page address."""
        rows, total = self.found(view)
        main = self._context.data.main_rows(view.split)
        return table.board_html(rows, view, of=total, main=main), filters.to_query(view)

    def apply(self, address: str, tab: str, *values: Any) -> Any:
        """Return the first page of the table for the values of the controls, if they differ from the address.

        A text box reports pasted text only through the event `change`, which also fires when a page is restored from
        its address.
        """
        view = self.view_of(tab, values)
        if not tab or view == filters.from_query(parse_qsl(address)):
            return gr.skip(), gr.skip(), gr.skip()
        return *self.drawn(replace(view, page=1)), 1

    def turn_page(self, tab: str, *values: Any) -> Any:
        """Return the table for another page number."""
        return self.drawn(self.view_of(tab, values))

    def clicked(self, event: gr.EventData, tab: str, *values: Any) -> Any:
        """Handle a click in the table: sort by a column, turn the page, or show the details of a row."""
        view = self.view_of(tab, values)
        data = event._data if isinstance(event._data, dict) else {}
        if "row" in data:
            row = next((row for row in self.found(view)[0] if row.id == data["row"]), None)
            return *[gr.skip()] * 5, table.details_html(row) if row else ""
        if "sort" in data:
            view = filters.turned(view, str(data["sort"]))
        if "page" in data:
            view = self.view_of(tab, [*values[:-1], data["page"]])
        return *self.drawn(view), view.page, view.sort, view.upwards, ""

    def as_csv(self, tab: str, *values: Any) -> str:
        """Return the rows of all pages as CSV."""
        return downloads.to_csv(self.found(self.view_of(tab, values))[0])

    def as_json(self, tab: str, *values: Any) -> str:
        """Return the rows of all pages as JSON."""
        return downloads.to_json_text(self.found(self.view_of(tab, values))[0])

    def rows(
        self,
        split: str = "validation",
        config: str = OVERALL,
        search: str = "",
        badges: list[str] = [],  # noqa: B006 (read only)
        licences: list[str] = [],  # noqa: B006 (read only)
        size: str = "any",
        since: str = "",
        every: bool = False,
    ) -> list[dict[str, Any]]:
        """Return the rows of the leaderboard, highest tool accuracy first. Rates are 0 to 1.

        `scored_rows` names the rows that the rates are on: `core`, or `full split`. Rates on the full split begin with
        `full_`, and are null if only the core was answered.

        Args:
            split: `validation` or `test`.
            config: A config, or `overall`.
            search: Words that the text of a row must contain.
            badges: Badges to return; empty for all.
            licences: Licences to return; empty for all.
            size: Size class, as in the page address.
            since: Earliest day of submission, YYYY-MM-DD; empty for no limit.
            every: True to return all rows instead of the best one of each system of an account.

        Raises:
            gr.Error: If the split, config or size class is unknown.
        """
        view = View(
            split=_known("split", split, SPLITS),
            board=_known("config", config, BOARDS),
            search=search[:100],
            badges=tuple(badge for badge in BADGES if badge in badges),
            licences=tuple(licences),
            size=_known("size", size, SIZES),
            since=filters.day(since),
            every=every,
        )
        return downloads.records(self.found(view)[0][:_MOST])


def _known(kind: str, value: str, allowed: Collection[str]) -> Any:
    """Return the value if it is allowed; raise `gr.Error` otherwise."""
    if value not in allowed:
        message = f"Unknown {kind} {str(value)[:40]!r}. Available {kind}s: {', '.join(allowed)}."
        raise gr.Error(message, print_exception=False)
    return value


def build(context: Context, split: Any, tab: Any, address: Any) -> Shared:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.
        split: Radio button of the split, shared by all pages.
        tab: Text box with the name of the open tab; empty until the view was restored from the address.
        address: Text box with the query string that the browser shows.

    Returns:
        The parts of the page that the app uses.
    """
    handlers = Handlers(context)
    controls = _controls(split, has_core=bool(context.data.core))
    shown = gr.HTML(js_on_load=_CLICKS, elem_id="board", padding=False, apply_default_css=False)
    details = gr.HTML(elem_id="details", padding=False, apply_default_css=False, js_on_load=None)
    with gr.Row(elem_id="downloads"):
        as_csv = gr.Button("Download these rows as CSV", size="sm", elem_id="csv")
        as_json = gr.Button("Download as JSON", size="sm", elem_id="json")
    file = gr.Textbox(visible="hidden", elem_id="file")
    inputs = [tab, *controls.all()]
    # The date is applied when its text box loses focus or on Enter, so that half a date does not filter. All controls
    # share an event: the browser waits for its answer before it sends the next, so a late one cannot replace a newer.
    others = [control for control in controls.all()[:-1] if control not in (controls.search, controls.since)]
    gr.on(
        [controls.search.change, controls.since.blur, controls.since.submit, *(control.input for control in others)],
        handlers.apply,
        [address, *inputs],
        [shown, address, controls.page],
        trigger_mode="always_last",
        **QUICK,
    )
    controls.page.input(handlers.turn_page, inputs, [shown, address], trigger_mode="always_last", **QUICK)
    shown.click(
        handlers.clicked, inputs, [shown, address, controls.page, controls.sort, controls.upwards, details], **QUICK
    )
    for button, write, name, kind in (
        (as_csv, handlers.as_csv, "petoolbench.csv", "text/csv"),
        (as_json, handlers.as_json, "petoolbench.json", "application/json"),
    ):
        button.click(write, inputs, file, **QUICK).then(
            None, file, None, js=save_as(name, kind), api_visibility="private"
        )
    gr.api(handlers.rows, api_name="rows")  # type: ignore[attr-defined]
    return Shared(controls.all(), shown)


def _controls(split: Any, *, has_core: bool) -> _Controls:
    shown = [column for column in COLUMNS if has_core or column.key != filters.FULL]
    which = gr.Radio(
        [(CONFIG_LABELS[name], name) for name in BOARDS],
        value=OVERALL,
        show_label=False,
        container=False,
        elem_id="which",
        elem_classes="segmented",
    )
    with gr.Row(elem_id="find"):
        search = gr.Textbox(
            placeholder="Search systems, accounts, descriptions",
            show_label=False,
            container=False,
            scale=4,
            min_width=200,
            max_length=100,
            elem_id="search",
        )
        every = gr.Checkbox(label="All runs of each system", elem_id="every", scale=0, min_width=220, container=False)
    with gr.Accordion("Filters, order and columns", open=False, elem_id="filters"):
        with gr.Row():
            badges = gr.CheckboxGroup(list(BADGES), label="Badge (none selected: all)", elem_id="badges")
            size = gr.Dropdown([(SIZES[name][0], name) for name in SIZES], value="any", label="Size", elem_id="size")
            licences = gr.Dropdown(
                [],
                multiselect=True,
                value=[],
                label="Licence (none selected: all)",
                elem_id="licences",
                allow_custom_value=True,
            )
            since = gr.Textbox(label="Submitted since", placeholder="YYYY-MM-DD", elem_id="since", max_length=10)
        with gr.Row():
            sort = gr.Dropdown(
                [(table.sort_label(name), name) for name in SORTS if has_core or name != filters.FULL],
                value="rank",
                label="Order by",
                elem_id="sort",
            )
            upwards = gr.Checkbox(value=True, label="Ascending", elem_id="upwards")
            page = gr.Number(value=1, precision=0, label="Page", minimum=1, elem_id="page")
        columns = gr.CheckboxGroup(
            [(column.label, column.key) for column in shown],
            value=[column.key for column in shown if column.key in DEFAULT_COLUMNS],
            label="Columns",
            elem_id="columns",
        )
    return _Controls(split, which, search, badges, licences, size, since, every, sort, upwards, columns, page)


def licences_of(context: Context, split: Split) -> list[str]:
    """Return the choices of the licence filter for a split."""
    return filters.licences(context.every_row(split))
