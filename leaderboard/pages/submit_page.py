"""The Submit page: the form, a check that does not use up the quota, the receipt, and the person's submissions.

Every handler first checks who is signed in, even if no button calls it, because clients can call any handler by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import gradio as gr

from leaderboard.stores.snapshot import StoreContents
from leaderboard.stores.store import Receipt, StoreError
from leaderboard.stores.stored_records import CORE, SPLITS, Person
from leaderboard.submissions import submissions
from leaderboard.submissions.quota import Decision
from leaderboard.views import html_parts
from leaderboard.views.html_parts import escaped, text

from .page_context import QUICK, Context, Page

FIELDS: Final = ("name", "team", "link", "licence", "parameters_b", "cost_usd", "description", "history")
"""Fields of `System`, in the order of the form."""
_HISTORIES: Final = (
    ("the user's own history", "own"),
    ("no history", "none"),
    ("another user's history", "swapped"),
)
_AGAIN: Final = "The store cannot be reached. Nothing was submitted, and nothing was counted. Try again in a moment."
_INTRO: Final = """\
Upload one file in JSON Lines format, with one line per instance:
`{{"instance_id": "...", "prediction": "<the reply as the model wrote it>"}}`. For each config that it contains, it must
answer every instance{core}. *Overall* ranks files that answer all three configs; `petoolbench predict --config all`
writes such a file. Files from `petoolbench predict` can be submitted unchanged. **Check** lists all problems of a file
and does not use up your quota. All information about the system is shown as your own statement. Everybody can read the
replies on the validation split under Explore. Replies on the test split are never shown."""
_CORE: Final = ", or, on the test split, those of the core alone and no others (`petoolbench predict --core` does that)"


class Handlers:
    """Event handlers of the Submit page.

    Args:
        context: Objects shared by all pages.
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
        """Return all problems of a file and its form. Nothing is stored, and the check does not count as a submission.

        Args:
            file: File of predictions in JSON Lines format.
            split: `validation` or `test`.
            name: Name of the system.
            team: Name of the team, or empty.
            link: Repository on the Hub, ORG/NAME, or empty.
            licence: SPDX name of the licence, or empty.
            parameters_b: Number of parameters, in billions.
            cost_usd: Cost of the whole run, in US dollars.
            description: Short description, or empty.
            history: History that the system was shown: `own`, `none` or `swapped`.
            profile: OAuth profile of the session, set by Gradio.
            request: The request, set by Gradio.

        Returns:
            `valid`, and either `problems` or a summary of the file.

        Raises:
            gr.Error: If nobody is signed in.
        """
        self._context.person(profile, request)
        fields = _fields(name, team, link, licence, parameters_b, cost_usd, description, history)
        checked, problems = self._context.submissions_service.check(_path(file), _allowed(split), fields)
        if checked is None or problems:
            return {"valid": False, "problems": problems}
        lines = len(checked.predictions)
        return {
            "valid": True,
            "configs": list(checked.configs),
            "core_only": list(checked.core_only),
            "lines": lines,
            "sha256": checked.sha256,
        }

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
        """Submit a file. The arguments are those of `check`.

        Returns:
            `receipt` if the file was accepted, `problems` if it is invalid, or `refused` if the quota is used up.

        Raises:
            gr.Error: If nobody is signed in, or the store cannot be reached.
        """
        person = self._context.person(profile, request)
        fields = _fields(name, team, link, licence, parameters_b, cost_usd, description, history)
        try:
            result = self._context.submissions_service.submit(person, _path(file), _allowed(split), fields)
        except StoreError as error:
            raise gr.Error(_AGAIN, print_exception=False) from error
        if isinstance(result, Receipt):
            return {"receipt": submissions.receipt_of(result)}
        return {"refused": result.text} if isinstance(result, Decision) else {"valid": False, "problems": result}

    def status(
        self, submission_id: str = "", profile: gr.OAuthProfile | None = None, request: gr.Request | None = None
    ) -> list[dict[str, Any]]:
        """Return the status of the person's submissions, latest first.

        Args:
            submission_id: Id of one submission; empty for all.
            profile: OAuth profile of the session, set by Gradio.
            request: The request, set by Gradio.

        Raises:
            gr.Error: If nobody is signed in, the store cannot be read, or the person has no such submission.
        """
        person = self._context.person(profile, request)
        try:
            known = self._context.snapshot.renew()
        except StoreError as error:
            raise gr.Error("The store cannot be read. Try again in a moment.", print_exception=False) from error
        statuses = _listed(known, person, submission_id)
        if submission_id and not statuses:
            message = f"You have no submission {submission_id[:80]!r}. Take the id from your receipt."
            raise gr.Error(message, print_exception=False)
        return statuses

    def own(self, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """Return the person's quota and submissions, and a timer that runs while a submission is pending."""
        person = self._context.person(profile, request)
        return self._section(person, self.status("", profile, request))

    def _section(self, person: Person, statuses: Sequence[Mapping[str, Any]]) -> Any:
        try:
            quotas = [self._context.submissions_service.quota(person, split) for split in SPLITS]
        except StoreError:
            return html_parts.empty("The store cannot be read", "Try again in a moment."), gr.Timer(active=False)
        is_pending = any(status["status"] == "pending" for status in statuses)
        return _own_html(person.name, [quota.text for quota in quotas], statuses), gr.Timer(active=is_pending)

    def show(self, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """Return the person's submissions, or a request to sign in, when the page is opened."""
        person = self._context.known_person(profile, request)
        if person is None:
            return html_parts.empty("Sign in to submit", "The button is at the top of the page."), gr.Timer(
                active=False
            )
        # The copy of the store may be from before a submission that is stored meanwhile, so the list is read once more.
        section, _ = self._section(person, _listed(self._context.snapshot.get(), person))
        return section, gr.Timer(active=True)


def _listed(known: StoreContents, person: Person, submission_id: str = "") -> list[dict[str, Any]]:
    """Return the status of a person's latest submissions, or of one submission, latest first."""
    matching = [
        submission
        for submission in known.submissions
        if submission.person.sub == person.sub
        and submission.badge != "baseline"
        and submission_id in {"", submission.id}
    ]
    latest = matching[::-1][: submissions.SHOWN]
    return [
        submissions.status_of(submission, known.latest.get(submission.id), known.standings.get(submission.id))
        for submission in latest
    ]


def _fields(*values: Any) -> dict[str, Any]:
    return {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None


def _allowed(split: str) -> Any:
    if split not in SPLITS:
        message = f"Unknown split {split[:40]!r}. Available splits: {', '.join(SPLITS)}."
        raise gr.Error(message, print_exception=False)
    return split


def answer_html(answer: Mapping[str, Any] | None) -> str:
    """Return the result of `Handlers.check` or `Handlers.submit` as HTML; an empty string if there is none."""
    if not answer:
        return ""
    if "receipt" in answer:
        return _receipt_html(answer["receipt"])
    if "refused" in answer:
        return _section_html("Quota used up", f"<p>{text(answer['refused'])}</p>")
    if answer.get("valid"):
        configs = _configs_answered(answer)
        return _section_html(
            "No problems found",
            f"<p>{escaped(answer['lines'])} lines answer {escaped(configs)}. You can submit the file.</p>",
        )
    problems = "".join(f"<li>{text(problem)}</li>" for problem in answer.get("problems", ()))
    return _section_html(
        "Problems to fix",
        f'<ul class="problems">{problems}</ul><p><small>Nothing was submitted. Nothing was counted.</small></p>',
    )


def _configs_answered(answer: Mapping[str, Any]) -> str:
    """Return the configs that a file answers, with those marked of which it answers the core alone."""
    core_only = answer.get("core_only", ())
    return ", ".join(f"{config} (the core)" if config in core_only else config for config in answer["configs"])


def _section_html(title: str, body: str) -> str:
    return f'<div class="pet answered" role="status"><h3>{title}</h3>{body}</div>'


def _receipt_html(receipt: Mapping[str, Any]) -> str:
    def code(name: str) -> str:
        return f"<code>{escaped(receipt[name])}</code>"

    pairs = [
        ("Submission", code("submission_id")),
        ("System", text(receipt["system"])),
        ("Account", text(receipt["account"])),
        ("Split", text(receipt["split"])),
        ("Configs", text(_configs_answered(receipt))),
        ("Submitted", text(receipt["created"])),
        ("SHA-256 of the file", code("sha256")),
        ("Data revision", code("data_revision")),
        ("Scorer version", code("scorer_version")),
        ("Quota left", text(receipt["quota_left"])),
        ("Figures", text(receipt["figures"]) if "figures" in receipt else ""),
    ]
    condition = " if it has a figure to show" if "figures" in receipt else ""
    return _section_html(
        "Submitted",
        f"{html_parts.facts(pairs)}<p><small>The status is shown below. Once the submission is scored, it appears on "
        f"the board{condition}. Keep the submission id and the SHA-256: they prove which file was scored.</small></p>",
    )


def _own_html(name: str, quotas: Sequence[str], statuses: Sequence[Mapping[str, Any]]) -> str:
    items = "".join(f"<li>{text(quota)}</li>" for quota in quotas)
    top = f'<div class="pet own"><h3>Submissions of {text(name)}</h3><ul class="problems">{items}</ul>'
    if not statuses:
        return f'{top}<p class="count">No submissions yet.</p></div>'
    lines = [_status_cells(status) for status in statuses]
    table = html_parts.table(("Submission", "System", "Split", "Status", "Tool accuracy"), lines)
    return f"{top}{table.replace('plain', 'plain words')}</div>"


def _status_cells(status: Mapping[str, Any]) -> tuple[str, ...]:
    rates = status.get("tool_accuracy", {})
    accuracy = ", ".join(f"{escaped(config)} {html_parts.points(rate)}" for config, rate in rates.items())
    if accuracy and status.get("scored_rows") == CORE:
        accuracy = f"{accuracy}, on the core"
    # Configs with the same reason are named together.
    by_reason: dict[str, list[str]] = {}
    for config, reason in status.get("figures", {}).items():
        by_reason.setdefault(reason, []).append(config)
    notes = [f"<small>{escaped(', '.join(configs))}: {text(reason)}</small>" for reason, configs in by_reason.items()]
    accuracy = "<br>".join([accuracy, *notes] if accuracy else notes)
    if "hidden" in status:
        accuracy = "; ".join(filter(None, [accuracy, text(status["hidden"])]))
    return (
        f"<code>{escaped(status['submission_id'])}</code>",
        text(status["system"]),
        escaped(status["split"]),
        f'<span class="status" data-status="{escaped(status["status"])}">{escaped(status["status"])}</span>',
        text(status["reason"]) if "reason" in status else accuracy,
    )


def build(context: Context) -> Page:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.

    Returns:
        The parts of the page that the app uses.
    """
    handlers = Handlers(context)
    gr.Markdown(_INTRO.format(core=_CORE if context.data.core else ""), elem_classes="words")
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
    check.click(handlers.check, form, answer, api_name="check", concurrency_limit=4).then(*shown, **QUICK)
    submitted = submit.click(handlers.submit, form, answer, api_name="submit", concurrency_limit=4)
    submitted.then(*shown, **QUICK).then(handlers.own, None, [own, timer], **QUICK)
    timer.tick(handlers.own, None, [own, timer], **QUICK)
    gr.api(handlers.status, api_name="status")  # type: ignore[attr-defined]
    return Page(handlers.show, [], [own, timer])
