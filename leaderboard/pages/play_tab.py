"""The Play tab: the Play page, or with the link of a reader of a study, the page of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import gradio as gr

from leaderboard.stores.people_figures import PeopleFigures
from leaderboard.stores.study_answers import StudyAnswers

from . import play_page, study_page
from .page_context import Context, Page


class PlayTab(NamedTuple):
    """Parts of the tab that the app uses."""

    page: Page
    restored: list[Any]
    """Components whose values `restored` returns."""


def restored(query: Mapping[str, str]) -> list[Any]:
    """Return the values of the components that an address sets, in the order of `PlayTab.restored`."""
    link = study_page.restored(query)
    is_study = bool(link[0])
    return [gr.Column(visible=not is_study), gr.Column(visible=is_study), *play_page.restored(query), *link]


def build(context: Context, address: Any, answers: StudyAnswers | None, people: PeopleFigures) -> PlayTab:
    """Lay out the tab.

    Args:
        context: Objects shared by all pages.
        address: Text box with the query string that the browser shows.
        answers: The study; None if the app was started without one.
        people: Figures of people.
    """
    with gr.Column(elem_id="play") as play:
        played, set_by_play = play_page.build(context, address, people.get)
    with gr.Column(elem_id="study", visible=False) as study:
        read, set_by_study = study_page.build(answers, address)
    # The address is an output of both pages, and an event may set each component once.
    split, place = len(played.inputs), played.outputs.index(address)
    outputs = [*played.outputs, *(component for component in read.outputs if component is not address)]

    def shown(request: gr.Request, *values: Any) -> Sequence[Any]:
        if not values[split]:
            return *played.show(*values[:split], request), *[gr.skip()] * (len(read.outputs) - 1)
        updates = list(read.show(*values[split:]))
        of_play: list[Any] = [gr.skip()] * len(played.outputs)
        of_play[place] = updates.pop(read.outputs.index(address))
        return *of_play, *updates

    page = Page(shown, [*played.inputs, *read.inputs], outputs)
    return PlayTab(page, [play, study, *set_by_play, *set_by_study])
