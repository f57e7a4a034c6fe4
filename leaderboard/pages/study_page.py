"""The page of a study: a reader answers the dealt rows in order, and learns nothing about right answers.

A reader comes with the link `?tab=play&study=ID&token=TOKEN`. The token is checked with every event.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import gradio as gr

from leaderboard.stores.study_answers import StudyAnswers, Turn
from leaderboard.views import play_view
from leaderboard.views.html_parts import empty, escaped
from metrics.study_files import MOST_CHARACTERS, STATED_AMBIGUITIES, StudyError, StudyReader

from .page_context import QUICK, Page
from .play_page import ANNOUNCED, CLICKS, TO_TOP

_CONFIDENCES: Final = (
    ("0: a pure guess", 0),
    ("25", 25),
    ("50", 50),
    ("75", 75),
    ("100: certain", 100),
)
_OUTPUTS: Final = 9
"""Number of outputs of `Handlers.show`."""
_INTRODUCTION: Final = (
    "Read the history, the request and the tools. Choose the tool that this user would want, as far as the history "
    "shows it. There is no way back to an earlier row. You can close the page at any time: the link continues where "
    "you stopped. The time that you take for a row is stored with your answer."
)
_LOG: Final = logging.getLogger(__name__)


class Handlers:
    """Event handlers of the page of a study.

    Args:
        answers: The study; None if the app was started without one.
    """

    def __init__(self, answers: StudyAnswers | None) -> None:
        self._answers = answers

    def show(self, study_id: str, token: str, current: str) -> Sequence[Any]:
        """Show the next row of the reader of a link. A row that is shown stays, and its link returns to the address."""
        if not study_id:
            return [gr.skip()] * _OUTPUTS
        if current:
            return gr.skip(), _address(study_id, token), *[gr.skip()] * (_OUTPUTS - 2)
        return self._next(study_id, token, "")

    def save(
        self,
        study_id: str,
        token: str,
        current: str,
        choice: str | None,
        confidence: int | None,
        ambiguous: str | None,
        remark: str | None,
    ) -> Sequence[Any]:
        """Store an answer and show the next row, or state what is missing.

        Args:
            study_id: Id of the study, from the link.
            token: Token of the reader, from the link.
            current: Instance id of the row that is shown.
            choice: Chosen tool.
            confidence: Confidence that it is right, 0 to 100.
            ambiguous: One of `STATED_AMBIGUITIES`.
            remark: Free text.
        """
        reader = self._reader(study_id, token)
        if self._answers is None or reader is None:
            return self._next(study_id, token, "")
        given = {"a tool": choice, "your confidence": confidence, "whether another tool could be right": ambiguous}
        if missing := [name for name, value in given.items() if value is None]:
            return self._refused(f"Please state {' and '.join(missing)}.")
        try:
            stored = self._answers.save(
                reader,
                current,
                choice=str(choice),
                confidence=float(confidence or 0),
                ambiguous=next((known for known in STATED_AMBIGUITIES if known == ambiguous), "no"),
                remark=(remark or "")[:MOST_CHARACTERS],
            )
        except (OSError, StudyError) as error:
            _LOG.error("An answer of reader %d was not stored: %s", reader.reader, error)
            return self._refused("Your answer could not be stored. Please try again, or report it to your contact.")
        note = (
            "" if stored else "Your last answer was not stored: the row was answered in another window, or the board "
        )
        return self._next(study_id, token, f"{note}was restarted." if note else "")

    def _next(self, study_id: str, token: str, note: str) -> Sequence[Any]:
        reader = self._reader(study_id, token)
        if self._answers is None or reader is None:
            words = "Check that you have copied the whole link, or ask the person from whom you have it."
            return self._message(study_id, token, empty("This link is not valid here", words))
        try:
            turn = self._answers.turn(reader)
        except StudyError as error:
            _LOG.error("The answers of reader %d cannot be read: %s", reader.reader, error)
            words = "Please report this to the person from whom you have the link."
            return self._message(study_id, token, empty("Your answers cannot be read", words))
        if turn is None:
            words = f"You have answered all {len(reader.rows)} rows. Nothing else is needed; you can close the page."
            return self._message(study_id, token, empty("Thank you", words))
        return self._drawn(study_id, token, turn, note)

    def _reader(self, study_id: str, token: str) -> StudyReader | None:
        return self._answers.reader(study_id, token) if self._answers else None

    def _drawn(self, study_id: str, token: str, turn: Turn, note: str) -> Sequence[Any]:
        names = [(f"{place}.\u00a0{tool.name}", tool.name) for place, tool in enumerate(turn.tools, 1)]
        head = f'<section class="pet"><h3>Row {turn.number} of {turn.of}</h3><p>{escaped(_INTRODUCTION)}</p></section>'
        return (
            turn.row.instance_id,
            _address(study_id, token),
            f"{head}{play_view.row_html(turn.row, turn.tools)}",
            gr.Radio(names, value=None, visible=True),
            gr.Radio(value=None, visible=True),
            gr.Radio(value=None, visible=True),
            gr.Textbox(value="", visible=True),
            gr.Button(visible=True),
            _note(note),
        )

    def _message(self, study_id: str, token: str, message: str) -> Sequence[Any]:
        hidden = (gr.Radio([], value=None, visible=False), gr.Radio(visible=False), gr.Radio(visible=False))
        box, button = gr.Textbox(visible=False), gr.Button(visible=False)
        return "", _address(study_id, token), message, *hidden, box, button, ""

    def _refused(self, message: str) -> Sequence[Any]:
        return *[gr.skip()] * (_OUTPUTS - 1), _note(message)


def _note(message: str) -> str:
    return f'<p class="pet problem">{escaped(message)}</p>' if message else ""


def _address(study_id: str, token: str) -> str:
    return urlencode({"tab": "play", "study": study_id, "token": token}, errors="replace")


def restored(query: Mapping[str, str]) -> list[str]:
    """Return the values of study and token that an address describes."""
    return [query.get("study", "")[:100], query.get("token", "")[:100]]


def build(answers: StudyAnswers | None, address: Any) -> tuple[Page, list[Any]]:
    """Lay out the page.

    Args:
        answers: The study; None if the app was started without one.
        address: Text box with the query string that the browser shows.

    Returns:
        The parts of the page that the app uses, and the components that `restored` sets.
    """
    handlers = Handlers(answers)
    study_id = gr.Textbox(visible="hidden", elem_id="study-id")
    token = gr.Textbox(visible="hidden", elem_id="study-token")
    current = gr.Textbox(visible="hidden", elem_id="study-current")
    shown = gr.HTML(js_on_load=CLICKS, elem_id="study-shown", padding=False, apply_default_css=False)
    choice = gr.Radio([], label="Which tool would this user want?", visible=False, elem_id="study-choice")
    confidence = gr.Radio(
        list(_CONFIDENCES),
        value=None,
        label="How confident are you that this tool is right, in percent?",
        visible=False,
        elem_id="study-confidence",
    )
    ambiguous = gr.Radio(
        list(STATED_AMBIGUITIES),
        value=None,
        label="Could another tool be right too?",
        visible=False,
        elem_id="study-ambiguous",
    )
    remark = gr.Textbox(
        label="Remark (optional)", lines=2, max_length=MOST_CHARACTERS, visible=False, elem_id="study-remark"
    )
    note = gr.HTML(js_on_load=ANNOUNCED, elem_id="study-note", padding=False, apply_default_css=False)
    with gr.Row(elem_classes="buttons"):
        save = gr.Button("Save and go on", variant="primary", visible=False, elem_id="study-save")
    outputs = [current, address, shown, choice, confidence, ambiguous, remark, save, note]
    link = [study_id, token]
    save.click(
        handlers.save, [*link, current, choice, confidence, ambiguous, remark], outputs, concurrency_limit=None, **QUICK
    ).then(None, current, None, js=_SCROLL, api_visibility="private")
    return Page(handlers.show, [*link, current], outputs), link


_SCROLL: Final = f"""
(current) => {{
  if (window.petStudyRow !== current) ({TO_TOP})();
  window.petStudyRow = current;
}}
"""
"""JavaScript that scrolls to the beginning of a new row, and not after a refused answer."""
