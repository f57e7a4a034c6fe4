"""Columns, filters, sort order and page of the leaderboard, and their representation in the page address."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from leaderboard.stores.stored_records import OVERALL, SPLITS, Split
from metrics.petoolbench.records import RATES

from .ranking import BADGES, BOARDS, RANKED_BY, Row

NOT_STATED: Final = "not stated"
PAGE: Final = 25
"""Rows per page."""
Size = Literal["any", "to3", "to10", "to70", "over70", "unknown"]
SIZES: Final[dict[Size, tuple[str, float, float]]] = {
    "any": ("any size", 0.0, 0.0),
    "to3": ("up to 3 B", 0.0, 3.0),
    "to10": ("3 to 10 B", 3.0, 10.0),
    "to70": ("10 to 70 B", 10.0, 70.0),
    "over70": ("over 70 B", 70.0, float("inf")),
    "unknown": (NOT_STATED, 0.0, 0.0),
}
"""Size classes: label, exclusive lower bound and inclusive upper bound, in billions of parameters."""


class Column(NamedTuple):
    """A column of the leaderboard table that readers can show or hide."""

    key: str
    label: str
    note: str
    """One-sentence explanation, shown as a tooltip."""


FULL: Final = "full_tool_accuracy"
"""Key of the column with the tool accuracy on the full split, for boards whose main figure is on the core."""
COLUMNS: Final = (
    Column("tool_accuracy", "Tool", "Tool accuracy: the called tool is the one that this user prefers."),
    Column(
        "parameter_accuracy", "Parameters", "Parameter accuracy: the arguments match the answer; wrong tools count 0."
    ),
    Column("call_accuracy", "Call", "Call accuracy: tool and arguments are both correct."),
    Column(
        FULL,
        "Tool, full split",
        "Tool accuracy on the full test split; a dash if only the core was answered. It does not count for the rank.",
    ),
    Column("lift", "Lift", "Tool accuracy with the user's own history minus the accuracy with another user's history."),
    Column("format_rate", "Format", "Format rate: a tool call can be parsed from the reply."),
    Column("hallucination_rate", "Hallucination", "Hallucination rate: the called tool is not among the candidates."),
    Column("error_classes", "Error classes", "Share of replies in each error class, correct replies first."),
    Column(
        "cut",
        "Cut, refused",
        "Share of the replies that were cut at the limit of output tokens, and of those that the model refused or a "
        "content filter withheld, as the file states.",
    ),
    Column(
        "pass_all",
        "All replies",
        "pass^k: share of the instances to which all k replies call the correct tool, for files with several replies "
        "to each instance; below it k, and the share of the pairs of replies that call the same tool.",
    ),
    Column("parameters_b", "Size", "Number of parameters, as stated by the submitter."),
    Column("cost_usd", "Cost", "Cost of the whole run in US dollars, as stated by the submitter."),
    Column("licence", "Licence", "Licence, as stated by the submitter."),
    Column("date", "Date", "Day of the submission."),
    Column("attempts", "Attempt", "Position of this row among the account's submissions to this split."),
    Column("versions", "Versions", "Data revision and scorer version."),
    Column(
        "badge",
        "Badge",
        "Baseline: made by the maintainers. Reproduced: rerun by the maintainers. Self-reported: submitted by a user.",
    ),
)
COLUMN_KEYS: Final = tuple(column.key for column in COLUMNS)
DEFAULT_COLUMNS: Final = tuple(key for key in COLUMN_KEYS if key not in ("cost_usd", "versions"))
SORTS: Final = ("rank", "system", *(key for key in COLUMN_KEYS if key not in ("error_classes", "versions")))
_DESCENDING: Final = frozenset({*RATES, FULL, "lift", "pass_all", "date"}) - {"hallucination_rate"}
"""Sort keys whose first click sorts from high to low."""


@dataclass(frozen=True, slots=True)
class View:
    """State of the leaderboard page. The page address contains the fields that differ from these defaults."""

    tab: str = "board"
    split: Split = "validation"
    board: str = OVERALL
    search: str = ""
    badges: tuple[str, ...] = ()
    """Badges to show; empty for all."""
    licences: tuple[str, ...] = ()
    """Licences to show; empty for all."""
    size: Size = "any"
    since: str = ""
    """Earliest day of submission, ISO 8601; empty for no limit."""
    every: bool = False
    """True to show all rows instead of the best one of each system of an account."""
    sort: str = "rank"
    upwards: bool = True
    """True for ascending order; for `rank` that is the highest tool accuracy first."""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    page: int = 1


TABS: Final = ("board", "charts", "compare", "explore", "play", "submit", "about")


def licences(found: Iterable[Row]) -> list[str]:
    """Return the choices of the licence filter, in alphabetical order."""
    return sorted({row.licence or NOT_STATED for row in found if row.badge != "baseline"}, key=str.casefold)


def filtered(found: Iterable[Row], view: View) -> list[Row]:
    """Return the rows that pass the filters of a view.

    Baselines pass the filters of licence, date and size, since these do not apply to them.
    """
    words = view.search.casefold().split()
    return [row for row in found if _is_wanted(row, view) and _matches(row, words)]


def _is_wanted(row: Row, view: View) -> bool:
    if view.badges and row.badge not in view.badges:
        return False
    return row.badge == "baseline" or _has_properties(row, view)


def _matches(row: Row, words: Sequence[str]) -> bool:
    """Return True if each word is part of the row's text, or is its submission id."""
    text = " ".join((row.system, row.account, row.team, row.description, row.link)).casefold()
    return all(word in text or word == row.id.casefold() for word in words)


def _has_properties(row: Row, view: View) -> bool:
    if view.licences and (row.licence or NOT_STATED) not in view.licences:
        return False
    if view.since and row.date < view.since:
        return False
    if view.size == "any":
        return True
    if row.parameters_b is None:
        return view.size == "unknown"
    _, above, up_to = SIZES[view.size]
    return above < row.parameters_b <= up_to


def ordered(found: Iterable[Row], sort: str, *, upwards: bool) -> list[Row]:
    """Return sorted rows. The sort is stable, and rows without a value are last in both directions.

    Args:
        found: Rows in the order of `ranking.rows`.
        sort: Sort key, one of `SORTS`. `rank` keeps the order of `found`: highest tool accuracy first.
        upwards: True for ascending order.
    """
    rows = list(found)
    if sort == "rank":
        return rows if upwards else rows[::-1]
    present = [row for row in rows if _value(row, sort) is not None]
    absent = [row for row in rows if _value(row, sort) is None]
    return sorted(present, key=lambda row: _value(row, sort), reverse=not upwards) + absent


def _value(row: Row, sort: str) -> Any:
    if sort in RATES:
        return row.rates.get(sort)
    if sort == FULL:
        return row.full_rates.get(RANKED_BY)
    value = getattr(row, sort)
    return (value.casefold() or None) if isinstance(value, str) else value


def turned(view: View, sort: str) -> View:
    """Return the view after a click on a column header: sorted by that column, or reversed if it already was.

    Args:
        view: Current view.
        sort: Key of the clicked column. Keys that are not in `SORTS` leave the view unchanged.
    """
    if sort not in SORTS:
        return view
    upwards = not view.upwards if sort == view.sort else sort not in _DESCENDING
    return dataclasses.replace(view, sort=sort, upwards=upwards, page=1)


def pages(count: int) -> int:
    """Return the number of pages for `count` rows, at least 1."""
    return max(1, -(-count // PAGE))


def on_page(found: Sequence[Row], page: int) -> Sequence[Row]:
    """Return the rows of a page, counted from 1. Numbers out of range select the first or last page."""
    number = min(max(page, 1), pages(len(found)))
    return found[(number - 1) * PAGE : number * PAGE]


def to_query(view: View) -> str:
    """Return the query string of the page address: all fields that differ from the defaults."""
    default = View()
    pairs: list[tuple[str, str]] = []
    for name in (field.name for field in dataclasses.fields(View)):
        value = getattr(view, name)
        if value != getattr(default, name):
            pairs.extend((name, text) for text in _as_texts(name, value))
    return urlencode(pairs)


def _as_texts(name: str, value: Any) -> list[str]:
    """Return the values of a field as they are written in the address."""
    if name == "columns" and not value:
        return ["-"]  # an empty list would read as the default columns
    values = value if isinstance(value, tuple) else (value,)
    return [str(int(item)) if isinstance(item, bool) else str(item) for item in values]


def from_query(pairs: Iterable[tuple[str, str]]) -> View:
    """Return the view that an address describes. Unknown names are ignored, and invalid values become the default.

    Args:
        pairs: Names and values of the query string. A name with several values occurs several times.
    """
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        given[name].append(value)
    last = {name: values[-1] for name, values in given.items()}
    columns = tuple(key for key in COLUMN_KEYS if key in given["columns"])
    return View(
        tab=_choice(last, "tab", TABS),
        split=_choice(last, "split", SPLITS),
        board=_choice(last, "board", BOARDS),
        search=last.get("search", "")[:100],
        badges=tuple(name for name in BADGES if name in given["badges"]),
        licences=tuple(sorted({text[:60] for text in given["licences"][:50]})),
        size=_choice(last, "size", SIZES),
        since=day(last.get("since", "")),
        every=last.get("every") == "1",
        sort=_choice(last, "sort", SORTS),
        upwards=last.get("upwards") != "0",
        columns=columns if given["columns"] else DEFAULT_COLUMNS,
        page=_page_number(last.get("page", "")),
    )


def _choice(last: Mapping[str, str], name: str, allowed: Iterable[str]) -> Any:
    """Return the given value of a field if it is allowed, else its default."""
    value = last.get(name, "")
    return value if value in allowed else getattr(View(), name)


def _page_number(text: str) -> int:
    """Return the page number in a text, or 1 if it is not a positive number of at most five digits."""
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return max(1, int(text)) if is_number else 1


def day(text: str) -> str:
    """Return a date in the form YYYY-MM-DD without surrounding spaces, or an empty string for any other text."""
    parts = text.strip().split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    return text.strip()
