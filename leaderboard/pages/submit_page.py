"""The page where files are handed in: the form, a check that costs nothing, the receipt, and one's earlier files.

Every handler asks first who is there, also those that no button calls: whoever knows their names can call them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import gradio as gr

from leaderboard.stores.snapshot import Known
from leaderboard.stores.store import Receipt, StoreError
from leaderboard.stores.stored_records import SPLITS, Person
from leaderboard.submissions import submissions
from leaderboard.submissions.quota import Decision
from leaderboard.views import html_parts
from leaderboard.views.html_parts import escaped, text

from .page_context import QUICK, Context, Page

FIELDS: Final = ("name", "team", "link", "licence", "parameters_b", "cost_usd", "description", "history")
"""Of `System`, in the order of the form."""
_HISTORIES: Final = (("the user's own", "own"), ("none", "none"), ("another user's", "swapped"))
_AGAIN: Final = "The store cannot be reached; nothing was handed in, and nothing was counted. Try again in a moment."
_INTRO: Final = """\
One file of JSON lines, `{"instance_id": "...", "prediction": "<the reply as the model wrote it>"}`, that answers every
instance of one config or of all three; what `petoolbench predict` writes can be handed in as it is. **Check** tells all
that is wrong with a file and costs nothing. What is said of a system is shown as its submitter's words. Replies on
validation can be read under Explore; those on test by nobody."""


class Handlers:
    """What the page does.

    Args:
        context: What is behind it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def check(  # noqa: PLR0913, PLR0917 (the fields of the form)
        self,
        file: str | None,
        split: str,
        name: str,
        team: str,
        link: str,
        licence: str,
        parameters_b: str | float | None,
        cost_usd: str | float | None,
        description: str,
        history: str,
        profile: gr.OAuthProfile | None,
        request: gr.Request,
    ) -> dict[str, Any]:
        """Tell all that is wrong with a file and its form; nothing is kept or counted."""
        self._context.person(profile, request)
        fields = _fields(name, team, link, licence, parameters_b, cost_usd, description, history)
        checked, problems = self._context.desk.check(_path(file), _allowed(split), fields)
        if checked is None or problems:
            return {"valid": False, "problems": problems}
        lines = len(checked.predictions)
        return {"valid": True, "configs": list(checked.configs), "lines": lines, "sha256": checked.sha256}

    def submit(  # noqa: PLR0913, PLR0917 (the fields of the form)
        self,
        file: str | None,
        split: str,
        name: str,
        team: str,
        link: str,
        licence: str,
        parameters_b: str | float | None,
        cost_usd: str | float | None,
        description: str,
        history: str,
        profile: gr.OAuthProfile | None,
        request: gr.Request,
    ) -> dict[str, Any]:
        """Hand in a file; gives a receipt, or all problems, or why the quota does not allow it."""
        person = self._context.person(profile, request)
        fields = _fields(name, team, link, licence, parameters_b, cost_usd, description, history)
        try:
            found = self._context.desk.hand_in(person, _path(file), _allowed(split), fields)
        except StoreError as error:
            raise gr.Error(_AGAIN, print_exception=False) from error
        if isinstance(found, Receipt):
            return {"receipt": submissions.receipt_of(found)}
        return {"refused": found.text} if isinstance(found, Decision) else {"valid": False, "problems": found}

    def status(
        self, submission_id: str = "", profile: gr.OAuthProfile | None = None, request: gr.Request | None = None
    ) -> list[dict[str, Any]]:
        """How far one's own submissions are, the latest first; all of them, or one."""
        person = self._context.person(profile, request)
        try:
            known = self._context.snapshot.renew()
        except StoreError as error:
            raise gr.Error("The store cannot be read. Try again in a moment.", print_exception=False) from error
        found = _listed(known, person, submission_id)
        if submission_id and not found:
            raise gr.Error(f"{submission_id[:80]!r} is no submission of yours.", print_exception=False)
        return found

    def own(self, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """One's quota and submissions, and whether to ask again soon."""
        person = self._context.person(profile, request)
        return self._told(person, self.status("", profile, request))

    def _told(self, person: Person, found: Sequence[Mapping[str, Any]]) -> Any:
        try:
            left = [self._context.desk.quota(person, split) for split in SPLITS]
        except StoreError:
            return html_parts.empty("The store cannot be read", "Try again in a moment."), gr.Timer(active=False)
        waiting = any(one["status"] == "pending" for one in found)
        return _own_html(person.name, [one.text for one in left], found), gr.Timer(active=waiting)

    def show(self, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """What a reader sees who opens the page: their own submissions, or that they are to sign in."""
        person = self._context.known_person(profile, request)
        if person is None:
            told = html_parts.empty("Sign in to hand something in", "The button stands at the top of the page.")
            return told, gr.Timer(active=False)
        return self._told(person, _listed(self._context.snapshot.get(), person))


def _listed(known: Known, person: Person, submission_id: str = "") -> list[dict[str, Any]]:
    own = [one for one in known.submissions if one.person.sub == person.sub and one.badge != "baseline"]
    own = [one for one in own if submission_id in {"", one.id}]
    return [submissions.status_of(one, known.latest.get(one.id)) for one in own[::-1][: submissions.SHOWN]]


def _fields(*values: Any) -> dict[str, Any]:
    return {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None


def _allowed(split: str) -> Any:
    if split not in SPLITS:
        raise gr.Error(f"There is no split {split[:40]!r}. Splits are {', '.join(SPLITS)}.", print_exception=False)
    return split


def answer_html(answer: Mapping[str, Any] | None) -> str:
    """What a check or a submission came to, from what the API gives."""
    if not answer:
        return ""
    if "receipt" in answer:
        return _receipt_html(answer["receipt"])
    if "refused" in answer:
        return f'<div class="pet answered" role="status"><h3>Not now</h3><p>{text(answer["refused"])}</p></div>'
    if answer.get("valid"):
        configs = ", ".join(map(escaped, answer["configs"]))
        return (
            '<div class="pet answered" role="status"><h3>Nothing is wrong</h3>'
            f"<p>{escaped(answer['lines'])} lines answer {configs}. It can be handed in.</p></div>"
        )
    listed = "".join(f"<li>{text(one)}</li>" for one in answer.get("problems", ()))
    return (
        '<div class="pet answered" role="status"><h3>To be mended first</h3>'
        f'<ul class="problems">{listed}</ul><p><small>Nothing was counted.</small></p></div>'
    )


def _receipt_html(receipt: Mapping[str, Any]) -> str:
    def code(name: str) -> str:
        return f"<code>{escaped(receipt[name])}</code>"

    pairs = [
        ("Submission", code("submission_id")),
        ("System", text(receipt["system"])),
        ("Account", text(receipt["account"])),
        ("Split", text(receipt["split"])),
        ("Configs", text(", ".join(receipt["configs"]))),
        ("Handed in", text(receipt["created"])),
        ("SHA-256 of the file", code("sha256")),
        ("Data revision", code("data_revision")),
        ("Scorer version", code("scorer_version")),
        ("Quota left", text(receipt["quota_left"])),
    ]
    return (
        '<div class="pet answered" role="status"><h3>Handed in</h3>'
        f"{html_parts.facts(pairs)}<p><small>Its status shows below, and then it stands on the board. Keep the "
        "submission's id and the SHA-256: they tell that this file, and no other, was scored.</small></p></div>"
    )


def _own_html(name: str, quotas: Sequence[str], found: Sequence[Mapping[str, Any]]) -> str:
    left = "".join(f"<li>{text(one)}</li>" for one in quotas)
    top = f'<div class="pet own"><h3>Submissions of {text(name)}</h3><ul class="problems">{left}</ul>'
    if not found:
        return f'{top}<p class="count">Nothing was handed in yet.</p></div>'
    lines = []
    for one in found:
        rate = one.get("tool_accuracy", {})
        rates = ", ".join(f"{escaped(config)} {html_parts.points(value)}" for config, value in rate.items())
        told = text(one["reason"]) if "reason" in one else rates
        lines.append(
            (
                f"<code>{escaped(one['submission_id'])}</code>",
                text(one["system"]),
                escaped(one["split"]),
                f'<span class="status" data-status="{escaped(one["status"])}">{escaped(one["status"])}</span>',
                told,
            )
        )
    listed = html_parts.table(("Submission", "System", "Split", "Status", "Tool accuracy"), lines)
    return f"{top}{listed.replace('plain', 'plain words')}</div>"


def build(context: Context) -> Page:
    """Lay out the page.

    Args:
        context: What is behind it.
    """
    does = Handlers(context)
    gr.Markdown(_INTRO, elem_classes="words")
    with gr.Row():
        with gr.Column(min_width=280):
            file = gr.File(label="Predictions", file_types=[".jsonl"], height=140, elem_id="predictions")
            split = gr.Radio(list(SPLITS), value="validation", label="Split", elem_id="of-split")
            history = gr.Radio(list(_HISTORIES), value="own", label="History the system was shown", elem_id="history")
            description = gr.Textbox(label="Description", lines=3, max_length=500, elem_id="description")
        with gr.Column(min_width=280):
            name = gr.Textbox(label="Name of the system", max_length=80, elem_id="name")
            team = gr.Textbox(label="Team", max_length=80, elem_id="team")
            link = gr.Textbox(label="Repository on the Hub", placeholder="ORG/NAME", max_length=193, elem_id="link")
            licence = gr.Textbox(label="Licence", placeholder="Apache-2.0", max_length=64, elem_id="licence")
            with gr.Row():
                parameters = gr.Textbox(label="Parameters, billions", max_length=20, elem_id="parameters")
                cost = gr.Textbox(label="Cost of the run, dollars", max_length=20, elem_id="cost")
    with gr.Row():
        check = gr.Button("Check", elem_id="check")
        submit = gr.Button("Submit", variant="primary", elem_id="submit")
    answer = gr.JSON(visible=False)
    answered = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="answered")
    own = gr.HTML(padding=False, apply_default_css=False, js_on_load=None, elem_id="own")
    timer = gr.Timer(2.0, active=False)
    form = [file, split, name, team, link, licence, parameters, cost, description, history]
    shown = (answer_html, answer, answered)
    check.click(does.check, form, answer, api_name="check", concurrency_limit=4).then(*shown, **QUICK)
    submitted = submit.click(does.submit, form, answer, api_name="submit", concurrency_limit=4)
    submitted.then(*shown, **QUICK).then(does.own, None, [own, timer], **QUICK)
    timer.tick(does.own, None, [own, timer], **QUICK)
    gr.api(does.status, api_name="status")  # type: ignore[attr-defined]
    return Page(does.show, [], [own, timer])
