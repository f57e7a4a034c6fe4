"""Public process of the leaderboard, and the entry point of the Space.

It serves the pages and accepts submissions. It has no access to the private answers, which only the evaluator reads.
Imports are absolute, because a Space runs this file as a script.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gradio as gr
import httpx2
from starlette.middleware import Middleware

from leaderboard.hub_client import HubAddressError, hub_client
from leaderboard.pages import about_page, board_page, charts_page, compare_page, explore_page, play_tab, submit_page
from leaderboard.pages.page_context import QUICK, Context, Page, split_of
from leaderboard.pages.theme import CSS, theme
from leaderboard.public_data import EVIDENCE_CURVE, MANIFEST, Data, DataError
from leaderboard.scoring.scorer_version import scorer_version
from leaderboard.serving import upload_folder
from leaderboard.serving.gate import Gate
from leaderboard.serving.quiet_blocks import QuietBlocks
from leaderboard.serving.upload_folder import UploadFolder
from leaderboard.stores.open_store import open_store
from leaderboard.stores.people_figures import PeopleFigures
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Store, StoreError, in_words
from leaderboard.stores.stored_records import HISTORY_TYPES, SPLITS
from leaderboard.stores.study_answers import StudyAnswers
from leaderboard.submissions.identity import Identity
from leaderboard.submissions.submissions import SubmissionService
from leaderboard.submissions.validation import LIMITS
from leaderboard.views import filters, html_parts
from leaderboard.views.filters import TABS, View
from metrics.study_files import StudyError
from metrics.study_passage import PEOPLE

DATA: Final = "PETOOLBENCH_DATA"
"""Environment variable with the default of --data."""
STORE: Final = "PETOOLBENCH_STORE"
"""Environment variable with the default of --store."""
_LABELS: Final = dict(zip(TABS, ("Board", "Charts", "Compare", "Explore", "Play", "Submit", "About"), strict=True))
_INTRO: Final = "Does a model call the tool that *this* user would want? Data revision `{}`."
PROGRAM: Final = "program"
"""Name of the baseline that knows the repository and uses no model."""
_ADDRESS: Final = """
(query) => {
  const reserved = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('__'));
  const parameters = new URLSearchParams([...reserved, ...new URLSearchParams(query)]).toString();
  history.replaceState(null, '', parameters ? '?' + parameters : location.pathname);
}
"""
"""JavaScript that puts a query string into the address bar and keeps Gradio's own parameters."""
_VIEW_FIELDS: Final = tuple(field.name for field in dataclasses.fields(View) if field.name != "tab")
"""Fields of a view that the board has controls for, in the order of the controls."""
_FIRST_CONTENT_S: Final = 1.0
"""Delay before the tabs other than the board are filled."""
_LISTS_S: Final = 3.0
"""Delay before the lists of all systems are sent."""
_RECORDED_CALLS: Final = "GRADIO_ANALYTICS_MAX_EVENTS"
"""Environment variable with the number of calls of which Gradio keeps times; it summarizes them after each call."""
_SESSIONS: Final = 200
"""Number of sessions whose state Gradio keeps, about 0.2 MiB each: those that were used last."""
_WAITING: Final = 64
"""Number of calls that wait in the queue."""


class _Layout(NamedTuple):
    """Components of the app that events refer to."""

    title: Any
    """Heading, with the origin of the test listings."""

    split: Any
    """Selector for the split, shared by all pages."""
    active_tab: Any
    """Hidden text box with the name of the selected tab; empty until the view was restored from the address.

    Not a `gr.State`: the server would combine its new value with values of controls that the browser sent before.
    """
    address: Any
    """Hidden text box with the query string for the browser's address bar."""
    tabs: Any
    """Container of the tabs."""
    tab: dict[str, Any]
    """Tabs by name."""
    board: board_page.Shared
    pages: dict[str, Page]
    """Pages of the other tabs by name."""
    set_by_link: list[Any]
    """Components of the Play tab that the address sets."""

    @property
    def board_control(self) -> dict[str, Any]:
        """Controls of the board by the names of the fields of `View`."""
        return dict(zip(_VIEW_FIELDS, self.board.controls, strict=True))

    @property
    def table(self) -> Any:
        """HTML component that shows the board."""
        return self.board.table


def build(store: Store, data: Data, identity: Identity, study: StudyAnswers | None = None) -> gr.Blocks:
    """Build the app.

    Args:
        store: Store for submissions and outcomes.
        data: Public data set.
        identity: Identifies the user who made a request.
        study: People's study whose readers answer on the Play page.

    Raises:
        StoreError: If the store cannot be read.
        StudyError: If the report of the study, or the people's results of the data set, is malformed.
    """
    version = scorer_version()
    people = PeopleFigures(study.report if study else data.folder / PEOPLE, data.revision)
    service = SubmissionService(store, data, version)
    context = Context(store, Snapshot(store, data.revision, has_core=bool(data.core)), data, service, identity)
    kept_s = int(upload_folder.KEPT_S)
    blocks = QuietBlocks(title="PEToolBench leaderboard", delete_cache=(kept_s, kept_s))
    with blocks:
        layout = _lay_out(context, version, study, people)
        handlers = board_page.Handlers(context)
        _show_first_content(layout)
        _restore_view(blocks, context, handlers, layout)
        _update_licences(context, layout)
        _follow_tabs(handlers, layout)
        for name in ("charts", "compare"):
            page = layout.pages[name]
            page.show_on(layout.split.input)
        layout.address.change(None, layout.address, None, js=_ADDRESS, api_visibility="private")
    return blocks


def _lay_out(context: Context, version: str, study: StudyAnswers | None, people: PeopleFigures) -> _Layout:
    """Create the header and the tabs."""
    with gr.Row(elem_id="top"):
        title = gr.Markdown(title_text(context), elem_id="title")
        split = gr.Radio(
            list(SPLITS),
            value="validation",
            show_label=False,
            container=False,
            elem_id="split",
            elem_classes="segmented",
            min_width=180,
            scale=0,
        )
        if context.identity.in_space:
            gr.LoginButton(size="sm", min_width=180, scale=0, elem_id="sign-in")
    active_tab = gr.Textbox(visible="hidden", elem_id="active-tab")
    address = gr.Textbox(visible="hidden", elem_id="address")
    tab: dict[str, Any] = {}
    pages: dict[str, Page] = {}
    with gr.Tabs(elem_id="tabs") as tabs:
        with gr.Tab(_LABELS["board"], id="board") as tab["board"]:
            board = board_page.build(context, split, active_tab, address)
        with gr.Tab(_LABELS["charts"], id="charts", render_children=True) as tab["charts"]:
            pages["charts"] = charts_page.build(context, split)
        with gr.Tab(_LABELS["compare"], id="compare", render_children=True) as tab["compare"]:
            pages["compare"] = compare_page.build(context, split)
        with gr.Tab(_LABELS["explore"], id="explore", render_children=True) as tab["explore"]:
            pages["explore"] = explore_page.build(context)
        with gr.Tab(_LABELS["play"], id="play", render_children=True) as tab["play"]:
            pages["play"], set_by_link = play_tab.build(context, address, study, people)
        with gr.Tab(_LABELS["submit"], id="submit", render_children=True) as tab["submit"]:
            pages["submit"] = submit_page.build(context)
        with gr.Tab(_LABELS["about"], id="about", render_children=True) as tab["about"]:
            pages["about"] = about_page.build(context, version)
    return _Layout(title, split, active_tab, address, tabs, tab, board, pages, set_by_link)


def title_text(context: Context) -> str:
    """Return the heading: name, data revision, main figure, and origin of the test listings, as Markdown.

    Records of the store that cannot be read are named below it.

    The score of the program without a model is not stated here; the heading names its row if the board has that row.
    """
    data = context.data
    parts = [_INTRO.format(data.revision)]
    if data.core:
        parts.append("The main figure of the test split is on its core.")
    if data.listings:
        rows = context.every_row("test")
        known = any(row.badge == "baseline" and row.system == PROGRAM for row in rows)
        row = f" See the row *{PROGRAM}* of the test split for such a program." if known else ""
        parts.append(f"Test listings {data.listings}.{row}")
    notice = in_words(context.snapshot.get().unreadable)
    shown = f"\n\n> {html_parts.text(notice)}" if notice else ""
    return f"# PEToolBench leaderboard\n{' '.join(parts)}{shown}"


def _show_first_content(layout: _Layout) -> None:
    """Fill the other tabs once, shortly after the board is shown."""
    timer = gr.Timer(_FIRST_CONTENT_S)
    timer.tick(lambda: gr.Timer(active=False), None, timer, **QUICK)
    for name in ("charts", "explore", "submit"):
        page = layout.pages[name]
        page.show_on(timer.tick)
    # The browser is busy for a while with long lists, so they come when the reader has settled.
    later = gr.Timer(_LISTS_S)
    later.tick(lambda: gr.Timer(active=False), None, later, **QUICK)
    for page in layout.pages.values():
        page.list_on(later.tick)


def _restore_view(blocks: gr.Blocks, context: Context, handlers: board_page.Handlers, layout: _Layout) -> None:
    """Restore the view from the address when the app is loaded."""

    def restored(request: gr.Request) -> Any:
        view = filters.from_query(request.query_params.multi_items())
        play = play_tab.restored(request.query_params)
        # The first tab is not selected explicitly, since the reader may already have selected another one.
        selected = gr.skip() if view.tab == TABS[0] else gr.Tabs(selected=view.tab)
        values = _control_values(context, view)
        return [view.tab, selected, *values, *handlers.drawn(view), title_text(context), *play]

    outputs = [layout.active_tab, layout.tabs, *layout.board.controls, layout.table, layout.address, layout.title]
    outputs += layout.set_by_link
    blocks.load(restored, None, outputs, **QUICK)


def _control_values(context: Context, view: View) -> list[Any]:
    """Return the values of the board's controls for a view, in the order of the controls."""
    values = {name: getattr(view, name) for name in _VIEW_FIELDS}
    licences = board_page.licences_of(context, view.split)
    values |= {
        "badges": list(view.badges),
        "licences": gr.Dropdown(licences, value=list(view.licences)),
        "columns": [key for key in view.columns if context.data.core or key != filters.FULL],
    }
    return list(values.values())


def _update_licences(context: Context, layout: _Layout) -> None:
    """Offer the licences of the new split when the split changes."""
    layout.split.input(
        lambda split: gr.Dropdown(board_page.licences_of(context, split_of(split)), value=[]),
        layout.split,
        layout.board_control["licences"],
        **QUICK,
    )


def _follow_tabs(handlers: board_page.Handlers, layout: _Layout) -> None:
    """Update the content of the tab, and the address, when a tab is selected.

    The browser sends the events one after the other, so the one that the reader waits for is first.
    """
    for name, tab in layout.tab.items():
        if name in layout.pages:
            page = layout.pages[name]
            page.show_on(tab.select)
        tab.select(
            lambda active_tab, *values, name=name: _tab_selected(handlers, name, active_tab, values),
            [layout.active_tab, *layout.board.controls],
            [layout.active_tab, layout.address, *([layout.table] if name == "board" else [])],
            **QUICK,
        )


def _tab_selected(handlers: board_page.Handlers, name: str, active_tab: str, values: Sequence[Any]) -> Any:
    """Return the active tab and the address after a tab was selected, and for the board its table too.

    Nothing changes before the view was restored from the address: when the app is loaded, Gradio selects the first tab.
    The Play tab sets the address itself, to that of its row.
    """
    if not active_tab:
        return [gr.skip()] * (3 if name == "board" else 2)
    view = handlers.view_of(name, values)
    address = gr.skip() if name == "play" else filters.to_query(view)
    return (name, address, handlers.drawn(view)[0]) if name == "board" else (name, address)


def serve(blocks: gr.Blocks, identity: Identity, folder: Path, *, port: int | None = None) -> None:
    """Serve the app until it is stopped.

    Args:
        blocks: App from `build`.
        identity: Identifies the user who made a request.
        folder: Folder of uploaded files, from `upload_folder.use_own_folder`.
        port: Port to listen on; chosen by Gradio if None.
    """
    uploads = UploadFolder(folder)
    uploads.sweep_regularly()
    gate = Middleware(
        Gate, identity=identity, uploads=uploads, file_bytes=LIMITS.file_bytes, queue=lambda: blocks._queue
    )
    blocks.queue(default_concurrency_limit=8, max_size=_WAITING).launch(
        server_port=port,
        theme=theme(),
        css_paths=[*CSS],
        max_file_size=LIMITS.file_bytes,
        footer_links=["api"],
        ssr_mode=False,
        app_kwargs={"middleware": [gate]},
        state_session_capacity=_SESSIONS,
        enable_monitoring=False,
        run_history=False,
    )


def open_data(name: str) -> Data:
    """Open a data set in a folder, or download its public splits from the Hub.

    Args:
        name: A folder, or `hub:ORG/NAME`.

    Raises:
        DataError: If the data set cannot be read or downloaded.
    """
    if not name.startswith("hub:"):
        return Data(Path(name))
    repository = name.removeprefix("hub:")
    patterns = [
        MANIFEST,
        EVIDENCE_CURVE,
        PEOPLE,
        *(f"{config}/{split}*.parquet" for config in HISTORY_TYPES for split in SPLITS),
    ]
    try:
        return Data(Path(hub_client().snapshot_download(repository, repo_type="dataset", allow_patterns=patterns)))
    except HubAddressError as error:
        raise DataError(str(error)) from error
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise DataError(
            f"The data set {repository!r} cannot be downloaded ({type(error).__name__}). Check {DATA} and the token."
        ) from None  # the cause may contain the token


def _whoami(token: str) -> Mapping[str, Any]:
    try:
        account: Mapping[str, Any] = hub_client(token).whoami()
    except httpx2.HTTPError:
        raise OSError("The Hub cannot be reached to identify a token.") from None
    return account


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the leaderboard.

    Returns:
        Exit status: 0 after serving, 1 if the data set, the store or the study cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.app", description="Serve the pages of the leaderboard."
    )
    parser.add_argument(
        "--data", default=os.environ.get(DATA), help=f"folder of the data set, or hub:ORG/NAME; default: ${DATA}"
    )
    parser.add_argument(
        "--store",
        default=os.environ.get(STORE),
        help=f"folder of the store, or hub:ORG/SUBMISSIONS,ORG/RESULTS; default: ${STORE}",
    )
    parser.add_argument("--study", type=Path, help="folder of a people's study, whose readers answer on the Play page")
    parser.add_argument("--port", type=int, help="port to listen on")
    options = parser.parse_args(arguments)
    if not options.data or not options.store:
        parser.error(f"Name the data set and the store: pass --data and --store, or set {DATA} and {STORE}.")
    folder = upload_folder.use_own_folder()
    os.environ.setdefault(_RECORDED_CALLS, "1")
    identity = Identity(in_space="SPACE_ID" in os.environ, whoami=_whoami)
    try:
        data = open_data(options.data)
        study = StudyAnswers(options.study, data, time.monotonic) if options.study else None
        blocks = build(open_store(options.store), data, identity, study)
    except (DataError, StoreError, StudyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    serve(blocks, identity, folder, port=options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
