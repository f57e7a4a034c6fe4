"""What of a board is looked at: columns, filters, order and page, as they stand in the address; pure functions."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from leaderboard.stores.stored_records import OVERALL, SPLITS, Split
from metrics.petoolbench.records import RATES

from .ranking import BADGES, BOARDS, Row

NOT_STATED: Final = "not stated"
PAGE: Final = 50
"""Rows shown at once."""
Size = Literal["any", "to3", "to10", "to70", "over70", "unknown"]
SIZES: Final[dict[Size, tuple[str, float, float]]] = {
    "any": ("any size", 0.0, 0.0),
    "to3": ("up to 3 B", 0.0, 3.0),
    "to10": ("3 to 10 B", 3.0, 10.0),
    "to70": ("10 to 70 B", 10.0, 70.0),
    "over70": ("over 70 B", 70.0, float("inf")),
    "unknown": (NOT_STATED, 0.0, 0.0),
}
"""Label of each class of size, and the parameters it holds, in billions: more than the one, up to the other."""


class Column(NamedTuple):
    """A column that can be chosen."""

    key: str
    label: str
    note: str
    """What it says, in a sentence."""


COLUMNS: Final = (
    Column("tool_accuracy", "Tool", "The tool called is the one this user would want."),
    Column("parameter_accuracy", "Parameters", "Its arguments are the answer's; a wrong tool has no right ones."),
    Column("call_accuracy", "Call", "Tool and arguments are both right."),
    Column("lift", "Lift", "Tool accuracy with the user's own history less that with another user's."),
    Column("format_rate", "Format", "A tool call could be read from the reply."),
    Column("hallucination_rate", "Invented", "The tool called is none of the candidates."),
    Column("error_classes", "Replies", "Share of replies in each class, right ones first."),
    Column("parameters_b", "Size", "Parameters, as the submitter states them."),
    Column("cost_usd", "Cost", "Dollars for the whole run, as the submitter states them."),
    Column("licence", "Licence", "As the submitter states it."),
    Column("date", "Date", "Day of the submission."),
    Column("attempts", "Attempt", "Which of the account's submissions on this split the row is."),
    Column("versions", "Versions", "Revision of the data, and of the scorer."),
    Column("badge", "Badge", "Baseline: made by us. Reproduced: run again by us. Self-reported: handed in."),
)
COLUMN_KEYS: Final = tuple(column.key for column in COLUMNS)
DEFAULT_COLUMNS: Final = tuple(key for key in COLUMN_KEYS if key not in ("cost_usd", "versions"))
SORTS: Final = ("rank", "system", *(key for key in COLUMN_KEYS if key not in ("error_classes", "versions")))
_DESCENDING: Final = frozenset({*RATES, "lift", "date"}) - {"hallucination_rate"}
"""What is looked for is at the upper end."""


@dataclass(frozen=True, slots=True)
class View:
    """What a reader has chosen; the address holds what differs from this."""

    tab: str = "board"
    split: Split = "validation"
    board: str = OVERALL
    search: str = ""
    badges: tuple[str, ...] = ()
    """Empty for all; likewise below."""
    licences: tuple[str, ...] = ()
    size: Size = "any"
    since: str = ""
    """First day, ISO 8601."""
    every: bool = False
    """All rows instead of the best of each account."""
    sort: str = "rank"
    upwards: bool = True
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    page: int = 1


TABS: Final = ("board", "pictures", "compare", "explore", "submit", "about")


def licences(found: Iterable[Row]) -> list[str]:
    """What the filter of licences offers."""
    return sorted({row.licence or NOT_STATED for row in found if row.badge != "baseline"}, key=str.casefold)


def filtered(found: Iterable[Row], view: View) -> list[Row]:
    """Rows that a reader has not filtered away; what a baseline does not have cannot hide it."""
    wanted = view.search.casefold().split()
    kept = []
    for row in found:
        if view.badges and row.badge not in view.badges:
            continue
        text = " ".join((row.system, row.account, row.team, row.description, row.link)).casefold()
        if not all(word in text or word == row.id.casefold() for word in wanted):
            continue
        if row.badge == "baseline" or _has_properties(row, view):
            kept.append(row)
    return kept


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
    """Rows in another order; what lacks a value comes last either way, and equal rows stay as they were.

    Args:
        found: Rows as `rows` gave them.
        sort: One of `SORTS`; by `rank` is as they came, the highest tool accuracy first.
        upwards: Whether the least comes first.
    """
    listed = list(found)
    if sort == "rank":
        return listed if upwards else listed[::-1]
    present = [row for row in listed if _value(row, sort) is not None]
    absent = [row for row in listed if _value(row, sort) is None]
    return sorted(present, key=lambda row: _value(row, sort), reverse=not upwards) + absent


def _value(row: Row, sort: str) -> Any:
    if sort in RATES:
        return row.rates[sort]
    value = getattr(row, sort)
    return (value.casefold() or None) if isinstance(value, str) else value


def turned(view: View, sort: str) -> View:
    """The view after a click on the head of a column: another order, or the same one turned round."""
    if sort not in SORTS:
        return view
    upwards = not view.upwards if sort == view.sort else sort not in _DESCENDING
    return dataclasses.replace(view, sort=sort, upwards=upwards, page=1)


def pages(count: int) -> int:
    """How many pages so many rows take, at least one."""
    return max(1, -(-count // PAGE))


def on_page(found: Sequence[Row], page: int) -> Sequence[Row]:
    """The rows of a page; of the last one where there is none of that number."""
    last = min(max(page, 1), pages(len(found)))
    return found[(last - 1) * PAGE : last * PAGE]


def to_query(view: View) -> str:
    """What follows the question mark of the address: whatever differs from the default."""
    default = View()
    parts: list[tuple[str, str]] = []
    for name in (field.name for field in dataclasses.fields(View)):
        value = getattr(view, name)
        if value == getattr(default, name):
            continue
        if name == "columns":
            value = value or ("-",)
        several = value if isinstance(value, tuple) else (value,)
        parts.extend((name, str(int(one)) if isinstance(one, bool) else str(one)) for one in several)
    return urlencode(parts)


def from_query(pairs: Iterable[tuple[str, str]]) -> View:
    """The view that an address asks for; what it does not allow is left as it is by default.

    Args:
        pairs: Names and values, a name once for each value.
    """
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        given[name].append(value)
    default = View()

    def one(name: str, allowed: Iterable[str]) -> Any:
        value = given.get(name, [""])[-1]
        return value if value in allowed else getattr(default, name)

    page = given.get("page", ["1"])[-1]
    columns = tuple(key for key in COLUMN_KEYS if key in given["columns"])
    return View(
        tab=one("tab", TABS),
        split=one("split", SPLITS),
        board=one("board", BOARDS),
        search=given.get("search", [""])[-1][:100],
        badges=tuple(name for name in BADGES if name in given["badges"]),
        licences=tuple(sorted({text[:60] for text in given["licences"][:50]})),
        size=one("size", SIZES),
        since=day(given.get("since", [""])[-1]),
        every=given.get("every", [""])[-1] == "1",
        sort=one("sort", SORTS),
        upwards=given.get("upwards", ["1"])[-1] != "0",
        columns=columns if given["columns"] else DEFAULT_COLUMNS,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 and int(page) else 1,
    )


def day(text: str) -> str:
    """A day as ISO 8601 writes it; empty where it is none."""
    parts = text.strip().split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    return text.strip()
