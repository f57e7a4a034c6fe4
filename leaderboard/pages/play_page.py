"""The Play page: a person answers rows of the validation split, and learns at once whether the choice was right.

The answers of a person are kept in the state of the session, on the server, and are lost with it. The right answer of a
row leaves the server only after a choice. A link to a row is `?tab=play&config=CONFIG&id=INSTANCE`. With the link of a
reader of a study, the page of the study takes the place of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import gradio as gr

from leaderboard.public_data import Instance
from leaderboard.stores.stored_records import HISTORY_TYPES
from leaderboard.views import play_view
from leaderboard.views.html_parts import empty
from leaderboard.views.play_score import People, score_html

from .page_context import QUICK, Context, Page
from .played_rows import KINDS, PlayedRows

_ANY: Final = "any"
_OUTPUTS: Final = 12
"""Number of outputs of `Handlers.show`."""
_INTRODUCTION: Final = (
    '<p class="pet count">A row of the validation split, as a model sees it. Read what this user chose before, and '
    "choose the tool that this user would want now.</p>"
)
CLICKS: Final = """
element.addEventListener('click', (event) => {
  const all = event.target.closest('button[data-open]');
  if (all) {
    const open = all.getAttribute('aria-pressed') !== 'true';
    element.querySelectorAll('details.offers, details.more').forEach((part) => { part.open = open; });
    all.setAttribute('aria-pressed', open);
    all.textContent = open ? 'Close all steps and listings' : 'Open all steps and listings';
  }
  const sorter = event.target.closest('button[data-column]');
  if (sorter) {
    const head = sorter.closest('th'), table = sorter.closest('table'), place = Number(sorter.dataset.column);
    const upwards = head.getAttribute('aria-sort') !== 'ascending';
    const key = (row) => row.children[place].dataset.value;
    const order = (a, b) => {
      if (!key(a) || !key(b)) return key(a) ? -1 : key(b) ? 1 : 0;
      const difference = Number(key(a)) - Number(key(b));
      const order = Number.isNaN(difference) ? key(a).localeCompare(key(b)) : difference;
      return upwards ? order : -order;
    };
    table.querySelectorAll('th[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', upwards ? 'ascending' : 'descending');
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
  }
});
"""
"""JavaScript of a row: opening all parts, and sorting the table of facts. Cells without a value are last."""
ANNOUNCED: Final = "element.setAttribute('aria-live', 'polite');"
"""JavaScript that makes screen readers read new content of an element."""
_TO_STEP: Final = """
element.addEventListener('click', (event) => {
  const step = document.getElementById(`play-step-${event.target.closest('button[data-step]')?.dataset.step}`);
  if (!step) return;
  document.querySelectorAll('.timeline > li.found').forEach((other) => other.classList.remove('found'));
  for (let part = step.closest('details'); part; part = part.parentElement.closest('details')) part.open = true;
  step.classList.add('found');
  step.querySelector('details.offers').open = true;
  step.scrollIntoView({block: 'center'});
  step.querySelector('summary').focus({preventScroll: true});
});
"""
"""JavaScript that goes to a step of the history. A link to it would leave the page, whose base is another address."""
TO_TOP: Final = "() => document.querySelector('#tabs').scrollIntoView({block: 'start'})"
"""JavaScript that scrolls to the beginning of a row."""
_TO_VERDICT: Final = """
() => setTimeout(() => {
  document.querySelector('#play-next')?.focus({preventScroll: true});
  document.querySelector('#play-verdict')?.scrollIntoView({block: 'nearest'});
}, 100)
"""


@dataclass(slots=True)
class Session:
    """Answers of a person in one session."""

    choices: dict[str, str] = field(default_factory=dict)
    """Chosen tool by instance id; empty for a skipped row."""
    with_facts: set[str] = field(default_factory=set)
    """Ids of the rows whose table of facts was opened before the choice."""


class Handlers:
    """Event handlers of the Play page.

    Args:
        context: Objects shared by all pages.
        people: Return the figures of a study by config and kind; empty if no study was reported.
    """

    def __init__(self, context: Context, people: Callable[[], Mapping[tuple[str, str], People]]) -> None:
        self._context = context
        self._people = people
        self._rows = PlayedRows(context)

    def show(
        self, config: str, kind: str, linked: str, current: str, session: Session, request: gr.Request
    ) -> Sequence[Any]:
        """Show the row of a link, or the next one, when the page is opened. A row that is shown already stays.

        Args:
            config: Selected config.
            kind: Selected kind of preference.
            linked: Instance id of the link; empty without one.
            current: Instance id of the row that is shown; empty if there is none.
            session: Answers of the session.
            request: The request, which identifies the session.
        """
        if current:
            return gr.skip(), _address(config, kind, current), *[gr.skip()] * (_OUTPUTS - 2)
        return self._drawn(config, kind, linked, session) if linked else self.next(config, kind, session, request)

    def next(self, config: str, kind: str, session: Session, request: gr.Request) -> Sequence[Any]:
        """Show a row of a config and kind that was neither answered nor skipped in this session."""
        config = config if config in HISTORY_TYPES else HISTORY_TYPES[0]
        instance_id = self._rows.next_id(config, kind, session.choices, str(request.session_hash))
        if instance_id is None:
            words = "You have answered or skipped all rows of this selection. Select others above."
            return self._without_row(config, kind, empty("No further row", words), session)
        return self._drawn(config, kind, instance_id, session)

    def skip(self, config: str, kind: str, current: str, session: Session, request: gr.Request) -> Sequence[Any]:
        """Mark the current row as skipped, and show the next one."""
        if self._rows.row(config, current):
            session.choices.setdefault(current, "")
        return self.next(config, kind, session, request)

    def choose(self, config: str, current: str, choice: str | None, session: Session) -> Sequence[Any]:
        """Record a choice and reveal the answer. The first choice for a row counts.

        Returns:
            Updates of the verdict, the score, the choice, the three buttons and the session.
        """
        row = self._rows.row(config, current)
        if row is None or choice not in {tool.name for tool in row.candidates}:
            return empty("No tool is chosen", "Choose a tool, or skip the row."), *[gr.skip()] * 6
        session.choices[current] = session.choices.get(current) or str(choice)
        return self._revealed(config, row, session)

    def facts(self, config: str, current: str, is_shown: bool, session: Session) -> tuple[str, Session]:
        """Return the table of facts if it is to be shown, and note its use unless the row is answered."""
        row = self._rows.row(config, current) if is_shown else None
        if row is None:
            return "", session
        if not session.choices.get(current):
            session.with_facts.add(current)
        return play_view.facts_html(row.candidates, self._context.data.facts), session

    def _drawn(self, config: str, kind: str, instance_id: str, session: Session) -> Sequence[Any]:
        """Return all outputs of the page for a row. A row that was answered before is shown with its answer."""
        row = self._rows.row(config, instance_id)
        if row is None:
            words = "The link names no row of the validation split of this config. Press the button for another row."
            return self._without_row(config, kind, empty("Unknown row", words), session)
        rest = self._revealed(config, row, session) if session.choices.get(instance_id) else (
            "", self._score(session), _choice(row, None), *_buttons(is_open=True), session
        )  # fmt: skip
        address = _address(config, kind, instance_id)
        table = gr.Checkbox(value=False, visible=True)
        return instance_id, address, f"{_INTRODUCTION}{play_view.row_html(row, row.candidates)}", table, "", *rest

    def _without_row(self, config: str, kind: str, message: str, session: Session) -> Sequence[Any]:
        choice, table = gr.Radio([], value=None, visible=False), gr.Checkbox(value=False, visible=False)
        buttons = (gr.Button(visible=False), gr.Button(visible=False), gr.Button(visible=True))
        address = _address(config, kind, "")
        return "", address, message, table, "", "", self._score(session), choice, *buttons, session

    def _revealed(self, config: str, row: Instance, session: Session) -> Sequence[Any]:
        """Return the updates that reveal the answer of a row."""
        choice, replies = session.choices[row.instance_id], self._rows.replies(config, row.instance_id)
        verdict = play_view.verdict_html(row, choice, self._context.data.facts, replies)
        return verdict, self._score(session), _choice(row, choice), *_buttons(is_open=False), session

    def _score(self, session: Session) -> str:
        played = self._rows.played(session.choices, session.with_facts)
        skipped = sum(not choice for choice in session.choices.values())
        return score_html(played, skipped, self._rows.best(), self._people())


def _address(config: str, kind: str, instance_id: str) -> str:
    """Return the query string of the page address for a row."""
    given = {"tab": "play", "config": config, "kind": kind if kind in KINDS else "", "id": instance_id}
    return urlencode({name: value for name, value in given.items() if value}, errors="replace")


def _choice(row: Instance, choice: str | None) -> Any:
    """Return the update of the choice for a row; it cannot be changed once it was made."""
    names = [(f"{place}.\u00a0{tool.name}", tool.name) for place, tool in enumerate(row.candidates, 1)]
    return gr.Radio(names, value=choice, interactive=choice is None, visible=True)


def _buttons(*, is_open: bool) -> tuple[Any, Any, Any]:
    """Return the updates of the buttons to choose, to skip, and to go on."""
    return gr.Button(visible=is_open), gr.Button(visible=is_open), gr.Button(visible=not is_open)


@dataclass(frozen=True, slots=True)
class _Controls:
    """Components of the page."""

    config: Any
    kind: Any
    linked: Any
    current: Any
    shown: Any
    with_table: Any
    table: Any
    choice: Any
    choose: Any
    skip: Any
    next: Any
    verdict: Any
    score: Any
    session: Any

    def outputs(self, address: Any) -> list[Any]:
        """Return the outputs of `Handlers.show`."""
        first = [self.current, address, self.shown, self.with_table, self.table]
        return [*first, *self.revealed()]

    def revealed(self) -> list[Any]:
        """Return the outputs of `Handlers.choose`."""
        return [self.verdict, self.score, self.choice, self.choose, self.skip, self.next, self.session]


def restored(query: Mapping[str, str]) -> list[Any]:
    """Return the values of config, kind and linked row that an address describes."""
    config = query.get("config", "")
    config = config if config in HISTORY_TYPES else HISTORY_TYPES[0]
    kind = query.get("kind", "")
    return [config, kind if kind in KINDS else _ANY, query.get("id", "")[:100]]


def build(
    context: Context, address: Any, people: Callable[[], Mapping[tuple[str, str], People]]
) -> tuple[Page, list[Any]]:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.
        address: Text box with the query string that the browser shows.
        people: Return the figures of a study by config and kind.

    Returns:
        The parts of the page that the app uses, and the components that `restored` sets.
    """
    handlers = Handlers(context, people)
    controls = _lay_out()
    selected = [controls.config, controls.kind]
    outputs = controls.outputs(address)
    for control in selected:
        control.input(handlers.next, [*selected, controls.session], outputs, **QUICK)
    controls.next.click(handlers.next, [*selected, controls.session], outputs, **QUICK).then(
        None, None, None, js=TO_TOP, api_visibility="private"
    )
    controls.skip.click(handlers.skip, [*selected, controls.current, controls.session], outputs, **QUICK).then(
        None, None, None, js=TO_TOP, api_visibility="private"
    )
    controls.choose.click(
        handlers.choose,
        [controls.config, controls.current, controls.choice, controls.session],
        controls.revealed(),
        **QUICK,
    ).then(None, None, None, js=_TO_VERDICT, api_visibility="private")
    controls.with_table.input(
        handlers.facts,
        [controls.config, controls.current, controls.with_table, controls.session],
        [controls.table, controls.session],
        **QUICK,
    )
    inputs = [*selected, controls.linked, controls.current, controls.session]
    return Page(handlers.show, inputs, outputs), [*selected, controls.linked]


def _lay_out() -> _Controls:
    """Create the components of the page, without a row."""
    with gr.Row(elem_id="play-select"):
        config = gr.Radio(
            list(HISTORY_TYPES),
            value=HISTORY_TYPES[0],
            label="History",
            container=False,
            elem_id="play-config",
            elem_classes="segmented",
        )
        kind = gr.Radio(
            [("any kind of preference", _ANY), *((name, name) for name in KINDS)],
            value=_ANY,
            label="Kind of preference",
            container=False,
            elem_id="play-kind",
            elem_classes="segmented",
        )
    linked = gr.Textbox(visible="hidden", elem_id="play-linked")
    current = gr.Textbox(visible="hidden", elem_id="play-current")
    shown = gr.HTML(js_on_load=CLICKS, elem_id="play-shown", padding=False, apply_default_css=False)
    with_table = gr.Checkbox(
        label="Show the facts as a table that can be sorted (a model gets the listings only; rows with it are counted "
        "apart)",
        container=False,
        visible=False,
        elem_id="play-with-table",
    )
    table = gr.HTML(js_on_load=CLICKS, elem_id="play-table", padding=False, apply_default_css=False)
    choice = gr.Radio([], label="Which tool would this user want?", visible=False, elem_id="play-choice")
    with gr.Row(elem_id="play-buttons", elem_classes="buttons"):
        choose = gr.Button("Choose", variant="primary", size="md", visible=False, elem_id="play-choose")
        skip = gr.Button("Skip this row", size="md", visible=False, elem_id="play-skip")
        next_row = gr.Button("Next row", variant="primary", size="md", visible=False, elem_id="play-next")
    verdict = gr.HTML(
        js_on_load=f"{ANNOUNCED}{_TO_STEP}", elem_id="play-verdict", padding=False, apply_default_css=False
    )
    score = gr.HTML(elem_id="play-score", padding=False, apply_default_css=False, js_on_load=None)
    return _Controls(
        config, kind, linked, current, shown, with_table, table, choice, choose, skip, next_row, verdict, score,
        gr.State(Session()),
    )  # fmt: skip
