"""Small pieces of HTML that several pages share. All text passes through `text`: nothing a user wrote is markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from leaderboard.stores.stored_records import OVERALL

ERROR_LABELS: Final[Mapping[str, str]] = {
    "correct": "right",
    "parameter_value_mismatch": "right tool, other values",
    "parameter_name_mismatch": "right tool, other arguments",
    "preference_mismatch": "another user's tool",
    "functionality_mismatch": "tool for another job",
    "tool_hallucination": "no candidate",
    "invalid_format": "no call to read",
}
"""Error classes as a reader is told of them, from the best to the worst."""
ERROR_SHORT: Final[Mapping[str, str]] = {
    "correct": "right",
    "parameter_value_mismatch": "other values",
    "parameter_name_mismatch": "other arguments",
    "preference_mismatch": "another user's",
    "functionality_mismatch": "another job",
    "tool_hallucination": "no candidate",
    "invalid_format": "unreadable",
}
"""The same where there is little room."""
CONFIG_LABELS: Final[Mapping[str, str]] = {
    OVERALL: "Overall",
    "preferred_only": "preferred_only",
    "rating_integrated": "rating_integrated",
    "chronological": "chronological",
}
_HUB: Final = "https://huggingface.co/"


def text(value: object) -> str:
    """A value as text of HTML, in its own direction of writing, with no mark that a template would read."""
    return f"<bdi>{escaped(value)}</bdi>"


def escaped(value: object) -> str:
    """A value as text of HTML or of an attribute; also where the page takes the whole for a template."""
    line = str(value).encode("utf-8", "replace").decode()
    return escape(line).replace("{", "&#123;").replace("}", "&#125;").replace("$", "&#36;").replace("`", "&#96;")


def hub_link(repository: str) -> str:
    """A link to a repository on the Hub; nothing where none is named."""
    if not repository:
        return ""
    name = escaped(repository)
    return f'<a href="{_HUB}{name}" target="_blank" rel="noopener nofollow ugc"><bdi>{name}</bdi></a>'


def points(rate: float) -> str:
    """A rate in points, with one decimal."""
    return f"{100 * rate:.1f}"


def between(ends: tuple[float, float] | None) -> str:
    """The ends of an interval, in points."""
    return f"{points(ends[0])}–{points(ends[1])}" if ends else ""  # noqa: RUF001 (a range)


def size_of(parameters_b: float | None) -> str:
    """Parameters, as they are commonly written."""
    if parameters_b is None:
        return ""
    return f"{parameters_b:.3g} B" if parameters_b >= 1 else f"{1000 * parameters_b:.3g} M"


def dollars(cost_usd: float | None) -> str:
    """A cost."""
    return "" if cost_usd is None else f"&#36;{cost_usd:,.2f}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th ..."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def error_bar(shares: Mapping[str, float]) -> str:
    """Share of each error class as one bar, with its figures as its title."""
    told = ", ".join(f"{label} {points(shares.get(name, 0.0))}" for name, label in ERROR_LABELS.items())
    parts = "".join(
        f'<i class="c-{name}" style="width:{100 * shares[name]:.2f}%"></i>'
        for name in ERROR_LABELS
        if shares.get(name, 0.0) > 0
    )
    return f'<span class="bar" role="img" title="{told}" aria-label="{told}">{parts}</span>'


def error_legend() -> str:
    """What the colours of the bars mean."""
    parts = "".join(f'<span><i class="c-{name}"></i>{label}</span>' for name, label in ERROR_LABELS.items())
    return f'<p class="legend">{parts}</p>'


def empty(title: str, what_next: str) -> str:
    """Said where there is nothing to show; both are our own words."""
    return f'<div class="pet empty"><b>{title}</b><p>{what_next}</p></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as a list; values are HTML, and what is empty is left out."""
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs if value)
    return f'<dl class="facts">{listed}</dl>'


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A plain table; cells are HTML, the first one of each row names it."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in body
    )
    inner = f"<thead><tr>{top}</tr></thead><tbody>{lines}</tbody>"
    return f'<div class="wide"><table class="plain">{inner}</table></div>'
