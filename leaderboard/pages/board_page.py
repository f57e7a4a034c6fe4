"""The board's page: filters, the table, details of a row, downloads; its state is the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
"""Rows that one call of the API gives."""


class Shared(NamedTuple):
    """What other pages and the app know of the board's page."""

    controls: list[Any]
    """In the order of `View`, without its tab."""
    outputs: list[Any]
    apply: Callable[..., Any]
    """From the tab and the values of the controls to the outputs."""


@dataclass(frozen=True, slots=True)
class _Controls:
    """Everything that a view is made of, in the order of `View`."""

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


def view_of(tab: str, values: Sequence[Any]) -> View:
    """The view that the controls show; what a client made up is taken as the address would take it."""
    names = _Controls.__slots__
    given = dict(zip(names, values, strict=True))
    pairs: list[tuple[str, str]] = [("tab", str(tab))]
    for name, value in given.items():
        if name == "columns" and not value:
            pairs.append((name, "-"))
        several = value if isinstance(value, list | tuple) else [value]
        pairs.extend((name, str(int(one)) if isinstance(one, bool) else str(one)) for one in several if one is not None)
    return filters.from_query(pairs)


class Handlers:
    """What the page does.

    Args:
        context: What is behind it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def found(self, view: View) -> tuple[Sequence[Row], int]:
        """Rows of a view in order, and how many there are without filters."""
        rows = self._context.snapshot.rows(view.board, view.split, every=view.every)
        return filters.ordered(filters.filtered(rows, view), view.sort, upwards=view.upwards), len(rows)

    def drawn(self, view: View) -> tuple[str, str]:
        """The table, and the address."""
        rows, of = self.found(view)
        return table.board_html(rows, view, of=of), filters.to_query(view)

    def apply(self, tab: str, *values: Any) -> Any:
        """Draw what the controls show, from the first page on."""
        return *self.drawn(replace(view_of(tab, values), page=1)), 1

    def search(self, address: str, tab: str, *values: Any) -> Any:
        """Draw what a search leaves, if it is another one than the address has.

        A text box tells of pasted text by this event alone, which comes after a page was restored from its address too.
        """
        view = view_of(tab, values)
        if not tab or view.search == filters.from_query(parse_qsl(address)).search:
            return gr.skip(), gr.skip(), gr.skip()
        return self.apply(tab, *values)

    def turn_page(self, tab: str, *values: Any) -> Any:
        """Draw another page."""
        return self.drawn(view_of(tab, values))

    def clicked(self, event: gr.EventData, tab: str, *values: Any) -> Any:
        """Another order, another page, or the details of a row."""
        view = view_of(tab, values)
        data = event._data if isinstance(event._data, dict) else {}
        if "row" in data:
            row = next((one for one in self.found(view)[0] if one.id == data["row"]), None)
            return *[gr.skip()] * 5, table.details_html(row) if row else ""
        if "sort" in data:
            view = filters.turned(view, str(data["sort"]))
        if "page" in data:
            view = view_of(tab, [*values[:-1], data["page"]])
        return *self.drawn(view), view.page, view.sort, view.upwards, ""

    def as_csv(self, tab: str, *values: Any) -> str:
        """All pages of the view as CSV."""
        return downloads.to_csv(self.found(view_of(tab, values))[0])

    def as_json(self, tab: str, *values: Any) -> str:
        """All pages of the view as JSON."""
        return downloads.to_json_text(self.found(view_of(tab, values))[0])

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
        """Rows of the board, the highest tool accuracy first; rates are 0 to 1."""
        if split not in SPLITS or config not in BOARDS or size not in SIZES:
            raise gr.Error(
                f"Splits are {', '.join(SPLITS)}; configs are {', '.join(BOARDS)}; sizes are {', '.join(SIZES)}.",
                print_exception=False,
            )
        view = View(
            split=split,
            board=config,
            search=search[:100],
            badges=tuple(one for one in BADGES if one in badges),
            licences=tuple(licences),
            size=size,
            since=filters.day(since),
            every=every,
        )
        return downloads.records(self.found(view)[0][:_MOST])


def build(context: Context, split: Any, tab: Any, address: Any) -> Shared:
    """Lay out the page.

    Args:
        context: What is behind it.
        split: The switch of splits, which all pages share.
        tab: State that holds the name of the tab that is shown.
        address: Where the address is put for the browser to show.
    """
    does = Handlers(context)
    controls = _controls(split)
    shown = gr.HTML(js_on_load=_CLICKS, elem_id="board", padding=False, apply_default_css=False)
    details = gr.HTML(elem_id="details", padding=False, apply_default_css=False, js_on_load=None)
    with gr.Row(elem_id="downloads"):
        as_csv = gr.Button("Download these rows as CSV", size="sm", elem_id="csv")
        as_json = gr.Button("Download as JSON", size="sm", elem_id="json")
    file = gr.Textbox(visible="hidden", elem_id="file")
    inputs = [tab, *controls.all()]
    # Of the text boxes, the one of days is applied when it is left, or by Enter.
    controls.search.change(
        does.search, [address, *inputs], [shown, address, controls.page], trigger_mode="always_last", **QUICK
    )
    for control in controls.all()[1:-1]:
        if control in (controls.search, controls.since):
            continue
        control.input(does.apply, inputs, [shown, address, controls.page], trigger_mode="always_last", **QUICK)
    gr.on(
        [controls.since.blur, controls.since.submit],
        does.apply,
        inputs,
        [shown, address, controls.page],
        **QUICK,
    )
    controls.page.input(does.turn_page, inputs, [shown, address], trigger_mode="always_last", **QUICK)
    shown.click(
        does.clicked, inputs, [shown, address, controls.page, controls.sort, controls.upwards, details], **QUICK
    )
    for button, write, name, kind in (
        (as_csv, does.as_csv, "petoolbench.csv", "text/csv"),
        (as_json, does.as_json, "petoolbench.json", "application/json"),
    ):
        button.click(write, inputs, file, **QUICK).then(
            None, file, None, js=save_as(name, kind), api_visibility="private"
        )
    gr.api(does.rows, api_name="rows")  # type: ignore[attr-defined]
    return Shared(controls.all(), [shown, address, controls.page], does.apply)


def _controls(split: Any) -> _Controls:
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
        every = gr.Checkbox(label="Every run of an account", elem_id="every", scale=0, min_width=220, container=False)
    with gr.Accordion("Filters, order and columns", open=False, elem_id="filters"):
        with gr.Row():
            badges = gr.CheckboxGroup(list(BADGES), label="Badge (none ticked: all)", elem_id="badges")
            size = gr.Dropdown([(SIZES[name][0], name) for name in SIZES], value="any", label="Size", elem_id="size")
            licences = gr.Dropdown(
                [], multiselect=True, value=[], label="Licence (none: all)", elem_id="licences", allow_custom_value=True
            )
            since = gr.Textbox(label="Handed in since", placeholder="YYYY-MM-DD", elem_id="since", max_length=10)
        with gr.Row():
            sort = gr.Dropdown(
                [(_sort_label(name), name) for name in SORTS], value="rank", label="Order by", elem_id="sort"
            )
            upwards = gr.Checkbox(value=True, label="From the best or least", elem_id="upwards")
            page = gr.Number(value=1, precision=0, label="Page", minimum=1, elem_id="page")
        columns = gr.CheckboxGroup(
            [(column.label, column.key) for column in COLUMNS],
            value=list(DEFAULT_COLUMNS),
            label="Columns",
            elem_id="columns",
        )
    return _Controls(split, which, search, badges, licences, size, since, every, sort, upwards, columns, page)


def licences_of(context: Context, split: Split) -> list[str]:
    """What the filter of licences offers on a split."""
    return filters.licences(context.every_row(split))


def _sort_label(name: str) -> str:
    return {"rank": "rank", "system": "system"}.get(name) or table.label_of(name).lower()
