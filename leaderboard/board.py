"""What the board shows, as pure functions of submissions and outcomes: rows, ranks, filters, order, address, export.

A rank counts the systems that are surely better: those whose interval of tool accuracy lies wholly above one's own. So
systems that cannot be told apart share a rank. Baselines and runs on another's history or none are shown unranked.
An account, as the Hub signs it in, is what "one row each" goes by: a team's name is a label that anybody could type.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from leaderboard.records import (
    HISTORY_TYPES,
    RATES,
    SPLITS,
    Badge,
    ConfigScores,
    HistoryShown,
    Outcome,
    Split,
    Submission,
)
from metrics.petoolbench.records import ERROR_CLASSES

OVERALL: Final = "overall"
BOARDS: Final = (OVERALL, *HISTORY_TYPES)
RANKED_BY: Final = "tool_accuracy"
BADGES: Final[tuple[Badge, ...]] = ("baseline", "self-reported", "reproduced")
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


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the board. Rates are 0 to 1."""

    id: str
    """Of the submission."""
    rank: int | None
    """Best rank that the intervals allow; None where the row is not ranked."""
    rank_to: int | None
    """Worst one."""
    system: str
    account: str
    team: str
    badge: Badge
    history: HistoryShown
    rates: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    lift: float | None
    """Tool accuracy with the user's own history less that with another user's; None where not both were handed in."""
    error_classes: Mapping[str, float]
    parameters_b: float | None
    cost_usd: float | None
    licence: str
    link: str
    description: str
    date: str
    """Day on which it was handed in, ISO 8601."""
    attempt: int
    """Which of the account's submissions on this split it is, from 1."""
    attempts: int
    data_revision: str
    scorer_version: str
    older_scorer: bool
    """Other rows of the split were scored by a newer one."""
    former: float | None
    """Tool accuracy by the scorer before this one; None where it was scored once."""
    sha256: str
    account_key: str
    """The account's id, which rows of one account share."""


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


def current(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of each submission, the oldest first; the last one holds."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.submission_id].append(outcome)
    for several in found.values():
        several.sort(key=lambda one: (one.created, one.scorer_version))
    return dict(found)


def rows(
    submissions: Iterable[Submission], outcomes: Iterable[Outcome], board: str, split: Split, *, every: bool = False
) -> list[Row]:
    """All rows of a board, the highest tool accuracy first.

    Args:
        submissions: All there are.
        outcomes: Likewise; of several of one submission the latest holds.
        board: `overall`, which takes submissions that answer every config, or a config.
        split: Which split.
        every: Whether to keep all rows, instead of the baselines and the best one of each account.

    Raises:
        ValueError: If there is no such board.
    """
    if board not in BOARDS:
        raise ValueError(f"There is no board {board!r}. Allowed are {', '.join(BOARDS)}.")
    handed_in = sorted((one for one in submissions if one.split == split), key=lambda one: (one.created, one.id))
    known = current(outcomes)
    newest = max((known[one.id][-1] for one in handed_in if one.id in known), key=lambda one: one.created, default=None)
    attempts: dict[str, int] = defaultdict(int)
    found: list[Row] = []
    for one in handed_in:
        attempts[one.person.sub] += 1
        made = _row(one, known.get(one.id, ()), board, attempts[one.person.sub], newest)
        if made is not None:
            found.append(made)
    lifted = _with_lift(found)
    finished = [dataclasses.replace(row, attempts=attempts[row.account_key]) for row in lifted]
    finished.sort(key=lambda row: -row.rates[RANKED_BY])
    return _ranked(finished if every else _best_of_each(finished))


def _row(
    submission: Submission, outcomes: Sequence[Outcome], board: str, attempt: int, newest: Outcome | None
) -> Row | None:
    """A row without rank, lift and number of attempts; None where there is nothing to show."""
    scored = [one for one in outcomes if one.status == "scored" and _figures(one, board)]
    if not scored or newest is None:
        return None
    last = scored[-1]
    figures = _figures(last, board)
    assert figures is not None
    rates, intervals, classes = figures
    former = _figures(scored[-2], board) if len(scored) > 1 else None
    system = submission.system
    return Row(
        id=submission.id,
        rank=None,
        rank_to=None,
        system=system.name,
        account=submission.person.name,
        team=system.team,
        badge=submission.badge,
        history=system.history,
        rates=rates,
        intervals=intervals,
        lift=None,
        error_classes=classes,
        parameters_b=system.parameters_b,
        cost_usd=system.cost_usd,
        licence=system.licence,
        link=system.link,
        description=system.description,
        date=submission.created[:10],
        attempt=attempt,
        attempts=attempt,
        data_revision=last.data_revision,
        scorer_version=last.scorer_version,
        older_scorer=last.scorer_version != newest.scorer_version,
        former=former[0][RANKED_BY] if former else None,
        sha256=submission.sha256,
        account_key=submission.person.sub,
    )


class _Figures(NamedTuple):
    rates: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    error_classes: Mapping[str, float]


def _figures(outcome: Outcome, board: str) -> _Figures | None:
    if board != OVERALL:
        scores = outcome.scores.get(board)
        return None if scores is None else _Figures(_rates(scores), scores.intervals, scores.error_classes)
    if not outcome.overall:
        return None
    several = [scores.error_classes for scores in outcome.scores.values()]
    classes: dict[str, float] = {
        name: sum(one.get(name, 0.0) for one in several) / len(several) for name in ERROR_CLASSES
    }
    return _Figures(outcome.overall, outcome.overall_intervals, classes)


def _rates(scores: ConfigScores) -> dict[str, float]:
    return {name: getattr(scores, name) for name in RATES}


def _with_lift(found: Sequence[Row]) -> list[Row]:
    """Rows with the lift over the latest run of the same account's system of that name on other users' histories."""
    swapped = {(row.account_key, row.system): row.rates[RANKED_BY] for row in found if row.history == "swapped"}
    lifted = []
    for row in found:
        other = swapped.get((row.account_key, row.system)) if row.history == "own" else None
        lifted.append(row if other is None else dataclasses.replace(row, lift=row.rates[RANKED_BY] - other))
    return lifted


def _best_of_each(found: Sequence[Row]) -> list[Row]:
    """Baselines, and of each account the first ranked row."""
    seen: set[str] = set()
    kept = []
    for row in found:
        if row.badge != "baseline":
            if row.history != "own" or row.account_key in seen:
                continue
            seen.add(row.account_key)
        kept.append(row)
    return kept


def rows_of_accounts(found: Iterable[Row]) -> list[Row]:
    """The best row of each account, without baselines and runs on other histories."""
    return [row for row in _best_of_each(list(found)) if row.badge != "baseline"]


def _is_ranked(row: Row) -> bool:
    return row.badge != "baseline" and row.history == "own"


def _ranked(found: Sequence[Row]) -> list[Row]:
    ends = [row.intervals[RANKED_BY] for row in found if _is_ranked(row)]
    lows, highs = sorted(low for low, _ in ends), sorted(high for _, high in ends)
    ranked = []
    for row in found:
        if _is_ranked(row):
            low, high = row.intervals[RANKED_BY]
            surely_better = len(lows) - bisect_right(lows, high)
            surely_worse = bisect_left(highs, low)
            ranked.append(dataclasses.replace(row, rank=1 + surely_better, rank_to=len(ends) - surely_worse))
        else:
            ranked.append(row)
    return ranked


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


def records(found: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as flat objects, for JSON, CSV and the API; nothing is rounded."""
    listed = []
    for row in found:
        flat: dict[str, Any] = {
            "rank": row.rank,
            "rank_to": row.rank_to,
            "system": row.system,
            "account": row.account,
            "team": row.team,
            "badge": row.badge,
            "history": row.history,
        }
        for name in RATES:
            low, high = row.intervals.get(name, (None, None))
            flat |= {name: row.rates[name], f"{name}_low": low, f"{name}_high": high}
        flat["lift"] = row.lift
        flat |= {f"share_{name}": row.error_classes.get(name, 0.0) for name in ERROR_CLASSES}
        for name in (
            "parameters_b", "cost_usd", "licence", "link", "description", "date", "attempt", "attempts",
            "data_revision", "scorer_version", "sha256",
        ):  # fmt: skip
            flat[name] = getattr(row, name)
        listed.append({**flat, "submission_id": row.id})
    return listed


def to_json_text(found: Iterable[Row]) -> str:
    """Rows as a JSON document."""
    return json.dumps(records(found), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def to_csv(found: Iterable[Row]) -> str:
    """Rows as CSV with a head; text that a spreadsheet would take for a formula begins with an apostrophe."""
    listed = records(found)
    if not listed:
        return ""
    file = io.StringIO()
    writer = csv.DictWriter(file, listed[0])
    writer.writeheader()
    writer.writerows({name: _guarded(value) for name, value in one.items()} for one in listed)
    return file.getvalue()


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
