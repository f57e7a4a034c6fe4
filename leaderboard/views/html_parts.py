"""HTML fragments shared by several pages. `text` and `escaped` make sure that no input from users becomes markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from leaderboard.stores.stored_records import OVERALL

ERROR_LABELS: Final[Mapping[str, str]] = {
    "correct": "correct",
    "parameter_value_mismatch": "parameter value mismatch",
    "parameter_name_mismatch": "parameter name mismatch",
    "preference_mismatch": "preference mismatch",
    "functionality_mismatch": "functionality mismatch",
    "tool_hallucination": "tool hallucination",
    "invalid_format": "invalid format",
}
"""Labels of the error classes, from best to worst."""
RATE_LABELS: Final[Mapping[str, str]] = {
    "tool_accuracy": "tool accuracy",
    "parameter_accuracy": "parameter accuracy",
    "call_accuracy": "call accuracy",
    "format_rate": "format rate",
    "hallucination_rate": "hallucination rate",
}
"""Labels of the rates."""
CONFIG_LABELS: Final[Mapping[str, str]] = {
    OVERALL: "Overall",
    "preferred_only": "preferred_only",
    "rating_integrated": "rating_integrated",
    "chronological": "chronological",
}
_HUB: Final = "https://huggingface.co/"


def text(value: object) -> str:
    """Return a value as escaped HTML in a `<bdi>` element, which keeps its writing direction to itself."""
    return f"<bdi>{escaped(value)}</bdi>"


def escaped(value: object) -> str:
    """Escape a value for HTML text and attributes, and for Gradio, which reads the page as a template."""
    line = str(value).encode("utf-8", "replace").decode()
    return escape(line).replace("{", "&#123;").replace("}", "&#125;").replace("$", "&#36;").replace("`", "&#96;")


def hub_link(repository: str) -> str:
    """Return a link to a repository on the Hub, or an empty string if `repository` is empty."""
    if not repository:
        return ""
    name = escaped(repository)
    return f'<a href="{_HUB}{name}" target="_blank" rel="noopener nofollow ugc"><bdi>{name}</bdi></a>'


def points(rate: float) -> str:
    """Format a rate between 0 and 1 in percentage points, with one decimal."""
    return f"{100 * rate:.1f}"


def between(ends: tuple[float, float] | None) -> str:
    """Format an interval in percentage points; return an empty string for None."""
    return f"{points(ends[0])}–{points(ends[1])}" if ends else ""  # noqa: RUF001 (a range)


def size_of(parameters_b: float | None) -> str:
    """Format a number of parameters, given in billions, as `7 B` or `350 M`; return an empty string for None."""
    if parameters_b is None:
        return ""
    return f"{parameters_b:.3g} B" if parameters_b >= 1 else f"{1000 * parameters_b:.3g} M"


def dollars(cost_usd: float | None) -> str:
    """Format a cost in US dollars as HTML; return an empty string for None."""
    return "" if cost_usd is None else f"&#36;{cost_usd:,.2f}"


def ordinal(number: int) -> str:
    """Format a number as 1st, 2nd, 3rd, 4th and so on."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def error_bar(shares: Mapping[str, float]) -> str:
    """Return a stacked bar of the error classes, with the values in its tooltip.

    Args:
        shares: Share of each error class, 0 to 1. A missing class counts as 0.
    """
    values = ", ".join(f"{label} {points(shares.get(name, 0.0))}" for name, label in ERROR_LABELS.items())
    parts = "".join(
        f'<i class="c-{name}" style="width:{100 * shares[name]:.2f}%"></i>'
        for name in ERROR_LABELS
        if shares.get(name, 0.0) > 0
    )
    return f'<span class="bar" role="img" title="{values}" aria-label="{values}">{parts}</span>'


def error_legend() -> str:
    """Return the legend of the error bars."""
    parts = "".join(f'<span><i class="c-{name}"></i>{label}</span>' for name, label in ERROR_LABELS.items())
    return f'<p class="legend">{parts}</p>'


def empty(title: str, what_next: str) -> str:
    """Return a placeholder for a section without content.

    Args:
        title: Reason why the section is empty, as HTML.
        what_next: Next step for the reader, as HTML.
    """
    return f'<div class="pet empty"><b>{title}</b><p>{what_next}</p></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a description list.

    Args:
        pairs: Names and values, both as HTML. Pairs with an empty value are left out.
    """
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs if value)
    return f'<dl class="facts">{items}</dl>'


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return a plain table.

    Args:
        head: Column headers, as HTML.
        body: Rows of cells, as HTML. The first cell of each row is its header.
    """
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in body
    )
    inner = f"<thead><tr>{top}</tr></thead><tbody>{lines}</tbody>"
    return f'<div class="wide"><table class="plain">{inner}</table></div>'
