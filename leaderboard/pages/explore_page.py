"""The Explore page: validation instances, their answers, and the replies of systems."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from leaderboard.public_data import DataError, Instance
from leaderboard.stores.store import StoreError
from leaderboard.stores.stored_records import HISTORY_TYPES
from leaderboard.views import instance_view
from leaderboard.views.html_parts import empty

from .page_context import QUICK, Context, Page, kept_version
from .stored_replies import StoredReplies

_NO_SYSTEM: Final = ""


class Handlers:
    """Event handlers of the Explore page.

    Args:
        context: Objects shared by all pages.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        # These replies are public, like the answers of their split.
        self._replies = StoredReplies(context.store, context.data, "validation")

    def show(self, config: str, instance_id: str | None) -> Any:
        """Show the first instance of a config, unless one is selected."""
        return [gr.skip()] * 2 if instance_id else self.of_config(config)

    def systems(self, version: str) -> Any:
        """Update the list of systems."""
        rows = [row for row in self._context.every_row("validation") if not row.is_expected]
        return self._context.offer("validation", rows, version, ("no system", _NO_SYSTEM))

    def of_config(self, config: str) -> Any:
        """Update the choice of instances for a config, and show the first one."""
        offered = self._offered(config if config in HISTORY_TYPES else HISTORY_TYPES[0])
        first = offered[0][1] if offered else None
        return gr.Dropdown(offered, value=first), self.instance(config, first, False)

    def instance(self, config: str, instance_id: str | None, revealed: bool) -> str:
        """Return an instance as HTML, with its answer if `revealed` is True."""
        row = self._row(config, instance_id)
        if row is None:
            return empty("Unknown instance", "Select one from the list above.")
        return instance_view.instance_html(row, self._context.data.facts, revealed=bool(revealed))

    def reply(self, config: str, instance_id: str | None, system: str | None) -> str:
        """Return the reply of a system as HTML, with its error class."""
        row, entry = self._row(config, instance_id), self._context.entry(system, "validation")
        if row is None or entry is None:
            return ""
        try:
            reply = self._replies.get(entry.row.id, row.instance_id)
        except StoreError:
            return empty("The replies cannot be read", "Try again in a moment.")
        return instance_view.reply_html(row, reply, entry.row.system)

    def step(self, config: str, instance_id: str | None, by: int) -> Any:
        """Return the id of the instance that is `by` places after the current one, wrapping around at the ends."""
        ids = self._context.data.instance_ids(config, "validation") if config in HISTORY_TYPES else []
        if instance_id not in ids:
            return gr.skip()
        return ids[(ids.index(instance_id) + by) % len(ids)]

    def _row(self, config: str, instance_id: str | None) -> Instance | None:
        try:
            return self._context.data.instance(config, "validation", str(instance_id))
        except DataError:
            return None

    def _offered(self, config: str) -> list[tuple[str, str]]:
        data = self._context.data
        columns = [data.column(config, "validation", name) for name in ("instruction", "functionality", "instance_id")]
        return [(instance_view.title(*values), values[2]) for values in zip(*columns, strict=True)]


def build(context: Context) -> Page:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.

    Returns:
        The parts of the page that the app uses.
    """
    handlers = Handlers(context)
    config = gr.Radio(
        list(HISTORY_TYPES),
        value=HISTORY_TYPES[0],
        show_label=False,
        container=False,
        elem_id="config",
        elem_classes="segmented",
    )
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown(
            [], label="Validation instance", allow_custom_value=True, scale=5, min_width=300, elem_id="instance"
        )
        system = gr.Dropdown(
            [("no system", _NO_SYSTEM)],
            value=_NO_SYSTEM,
            label="Reply of",
            allow_custom_value=True,
            scale=3,
            min_width=220,
            elem_id="replier",
        )
    with gr.Row(elem_id="steps"):
        before = gr.Button("Previous", size="sm", elem_id="before", min_width=80)
        after = gr.Button("Next", size="sm", elem_id="after", min_width=80)
        revealed = gr.Checkbox(
            label="Show answer and evidence", container=False, elem_id="reveal", min_width=220, scale=0
        )
    reply = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="reply")
    shown = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="shown")
    config.input(handlers.of_config, config, [chosen, shown], **QUICK).then(
        lambda: (False, ""), None, [revealed, reply], **QUICK
    )
    show = (handlers.instance, [config, chosen, revealed], shown)
    show_reply = (handlers.reply, [config, chosen, system], reply)
    chosen.input(*show, **QUICK).then(*show_reply, **QUICK)
    revealed.input(*show, **QUICK)
    system.input(*show_reply, **QUICK)
    before.click(
        lambda config, instance_id: handlers.step(config, instance_id, -1), [config, chosen], chosen, **QUICK
    ).then(*show, **QUICK).then(*show_reply, **QUICK)
    after.click(
        lambda config, instance_id: handlers.step(config, instance_id, 1), [config, chosen], chosen, **QUICK
    ).then(*show, **QUICK).then(*show_reply, **QUICK)
    version = kept_version()
    rest = (handlers.systems, [version], [system, version])
    return Page(handlers.show, [config, chosen], [chosen, shown], rest)
