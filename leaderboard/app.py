"""The leaderboard's public process, and the file that a Space starts.

It shows and takes in; it never has the private answers, which `evaluator.py` alone reads.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import gradio as gr
import httpx2
from huggingface_hub import HfApi, snapshot_download

from metrics.petoolbench.uploads import Blocks

from .pages import about_page, board_page, charts_page, compare_page, explore_page, submit_page
from .pages.page_context import QUICK, Context, split_of
from .pages.theme import CSS, theme
from .public_data import Data, DataError
from .scoring.scorer_version import scorer_version
from .stores.open_store import open_store
from .stores.snapshot import Snapshot
from .stores.store import Store, StoreError
from .stores.stored_records import HISTORY_TYPES, SPLITS
from .submissions.identity import Identity
from .submissions.submissions import Desk
from .submissions.validation import LIMITS
from .views import filters
from .views.filters import TABS

DATA: Final = "PETOOLBENCH_DATA"
STORE: Final = "PETOOLBENCH_STORE"
_LABELS: Final = dict(zip(TABS, ("Board", "Pictures", "Compare", "Explore", "Submit", "About"), strict=True))
_INTRO: Final = "Does a model call the tool that *this* user would want? Data revision `{}`."
_ADDRESS: Final = """
(query) => {
  const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('__'));
  const all = new URLSearchParams([...kept, ...new URLSearchParams(query)]).toString();
  history.replaceState(null, '', all ? '?' + all : location.pathname);
}
"""
_SOON_S: Final = 1.0
_KEPT_S: Final = 3600
"""Seconds for which an uploaded file stays beside the store."""


def build(store: Store, data: Data, identity: Identity) -> gr.Blocks:
    """The app.

    Args:
        store: Where submissions and outcomes lie.
        data: The public data set.
        identity: Tells who is asking.

    Raises:
        StoreError: If the store cannot be read.
    """
    version = scorer_version()
    context = Context(store, Snapshot(store, data.revision), data, Desk(store, data, version), identity)
    blocks = Blocks(title="PEToolBench leaderboard", delete_cache=(_KEPT_S, _KEPT_S))
    with blocks:
        with gr.Row(elem_id="top"):
            gr.Markdown(f"# PEToolBench leaderboard\n{_INTRO.format(data.revision)}", elem_id="title")
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
            if identity.in_space:
                gr.LoginButton(size="sm", min_width=180, scale=0, elem_id="sign-in")
        active = gr.State("")
        address = gr.Textbox(visible="hidden", elem_id="address")
        tabs: dict[str, Any] = {}
        with gr.Tabs(elem_id="tabs") as whole:
            with gr.Tab(_LABELS["board"], id="board") as tabs["board"]:
                shared = board_page.build(context, split, active, address)
            with gr.Tab(_LABELS["pictures"], id="pictures", render_children=True) as tabs["pictures"]:
                charts_tab = charts_page.build(context, split)
            with gr.Tab(_LABELS["compare"], id="compare", render_children=True) as tabs["compare"]:
                compare_tab = compare_page.build(context, split)
            with gr.Tab(_LABELS["explore"], id="explore", render_children=True) as tabs["explore"]:
                explore_tab = explore_page.build(context)
            with gr.Tab(_LABELS["submit"], id="submit", render_children=True) as tabs["submit"]:
                submit_tab = submit_page.build(context)
            with gr.Tab(_LABELS["about"], id="about", render_children=True) as tabs["about"]:
                gr.Markdown(about_page.markdown(data, version), elem_classes="words")
        # What a tab shows first is fetched once the board stands.
        soon = gr.Timer(_SOON_S)
        soon.tick(lambda: gr.Timer(active=False), None, soon, **QUICK)
        for page in (charts_tab, explore_tab, submit_tab):
            soon.tick(page.show, page.inputs, page.outputs, **QUICK)
        pages = {"pictures": charts_tab, "compare": compare_tab, "explore": explore_tab, "submit": submit_tab}

        def restored(request: gr.Request) -> Any:
            """The view that the address asks for."""
            view = filters.from_query(request.query_params.multi_items())
            licences = board_page.licences_of(context, view.split)
            values = [
                view.split, view.board, view.search, list(view.badges),
                gr.Dropdown(licences, value=list(view.licences)),
                view.size, view.since, view.every, view.sort, view.upwards, list(view.columns), view.page,
            ]  # fmt: skip
            selected = (
                gr.skip() if view.tab == TABS[0] else gr.Tabs(selected=view.tab)
            )  # a reader may be quicker than this
            return [view.tab, selected, *values, *does.drawn(view)]

        does = board_page.Handlers(context)
        blocks.load(restored, None, [active, whole, *shared.controls, *shared.outputs[:2]], **QUICK)
        split.input(shared.apply, [active, *shared.controls], shared.outputs, **QUICK).then(
            lambda split: gr.Dropdown(board_page.licences_of(context, split_of(split)), value=[]),
            split,
            shared.controls[4],
            **QUICK,
        )
        for name, tab in tabs.items():
            tab.select(
                lambda active, *values, name=name: _turned(does, name, active, values),
                [active, *shared.controls],
                [active, address, *([shared.outputs[0]] if name == "board" else [])],
                **QUICK,
            )
            if name in pages:
                page = pages[name]
                tab.select(page.show, page.inputs, page.outputs, **QUICK)
        for name in ("pictures", "compare"):
            page = pages[name]
            split.input(page.show, page.inputs, page.outputs, **QUICK)
        address.change(None, address, None, js=_ADDRESS, api_visibility="private")
    return blocks


def _turned(does: board_page.Handlers, name: str, active: str, values: Sequence[Any]) -> Any:
    """What follows when a tab is opened: it is the active one, and stands in the address; the board is drawn anew.

    A page opens its first tab by itself before it knows what the address asks for, and then nothing follows.
    """
    if not active:
        return [gr.skip()] * (3 if name == "board" else 2)
    view = board_page.view_of(name, values)
    return (name, filters.to_query(view), does.drawn(view)[0]) if name == "board" else (name, filters.to_query(view))


def serve(blocks: gr.Blocks, *, port: int | None = None) -> None:
    """Serve the app until it is told to stop.

    Args:
        blocks: The app.
        port: Of this machine; Gradio's choice if None.
    """
    blocks.queue(default_concurrency_limit=8).launch(
        server_port=port,
        theme=theme(),
        css_paths=CSS,
        max_file_size=LIMITS.file_bytes,
        footer_links=["api"],
        ssr_mode=False,
    )


def open_data(name: str) -> Data:
    """The data set in a folder, or in a repository of the Hub, of which the public splits are fetched.

    Args:
        name: A folder, or `hub:ORG/NAME`.

    Raises:
        DataError: If there is none.
    """
    if not name.startswith("hub:"):
        return Data(Path(name))
    repository = name.removeprefix("hub:")
    wanted = ["manifest.json", *(f"{config}/{split}*.parquet" for config in HISTORY_TYPES for split in SPLITS)]
    try:
        return Data(Path(snapshot_download(repository, repo_type="dataset", allow_patterns=wanted)))
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise DataError(
            f"The data set {repository!r} cannot be fetched ({type(error).__name__}). Check {DATA} and the token."
        ) from error


def _whoami(token: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = HfApi(token=token).whoami()
    except httpx2.HTTPError as error:
        raise OSError("the Hub cannot be asked whose a token is") from error
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; 1 if data or store cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard.app", description="Serve the leaderboard's pages.")
    parser.add_argument("--data", default=os.environ.get(DATA), help=f"a folder, or hub:ORG/NAME; else {DATA}")
    parser.add_argument(
        "--store", default=os.environ.get(STORE), help=f"a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS; else {STORE}"
    )
    parser.add_argument("--port", type=int)
    given = parser.parse_args(arguments)
    if not given.data or not given.store:
        parser.error(f"Name data and store: --data and --store, or {DATA} and {STORE} in the environment.")
    identity = Identity(in_space="SPACE_ID" in os.environ, whoami=_whoami)
    try:
        blocks = build(open_store(given.store), open_data(given.data), identity)
    except (DataError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    serve(blocks, port=given.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
