"""A person's score in a session, beside chance and the best systems; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL
from metrics.petoolbench.uncertainty import wilson

from .html_parts import CONFIG_LABELS, between, escaped, points

NOBODY: Final = "No people have read yet"
"""Text in place of the people's figure before a study was reported."""
_NONE: Final = "–"  # noqa: RUF001 (a dash)


@dataclass(frozen=True, slots=True)
class Played:
    """A row that a person answered, with what is known about it afterwards."""

    config: str
    kind: str
    """Kind of the preference; empty if the row does not state it."""
    is_right: bool
    with_facts: bool
    """True if the person opened the table of facts before choosing."""
    chance: float
    """Accuracy of a random choice among the candidates that do the job, 0 to 1."""
    systems: tuple[bool | None, ...]
    """Whether each system calls the right tool; None if it does not answer the config."""


class Best(NamedTuple):
    """A system beside which the score is shown."""

    submission_id: str
    name: str
    is_baseline: bool
    accuracy: Mapping[str, float]
    """Its tool accuracy on the whole validation split, 0 to 1, by config and overall; without those not answered."""


class People(NamedTuple):
    """Tool accuracy of the readers of a study on some rows."""

    readings: int
    accuracy: float
    """0 to 1."""


def score_html(
    played: Sequence[Played], skipped: int, best: Sequence[Best], people: Mapping[tuple[str, str], People]
) -> str:
    """Return the score of a session: a sentence, and a table by config and kind.

    Args:
        played: Answered rows.
        skipped: Number of rows that were skipped.
        best: Systems, in the order of `Played.systems`.
        people: Figures of a study by config and kind, either of them empty for all; empty if no study was reported.
    """
    if not played:
        words = f"No row answered yet; {_rows(skipped)} skipped." if skipped else "No row answered yet."
        return f'<section class="pet score"><h3>Your score in this session</h3><p>{words}</p></section>'
    right = sum(row.is_right for row in played)
    head = ("Rows", "Right", "You", "95 %", "Chance", "People", *(_label(system) for system in best))
    lines = [_line(label, key, rows, best, people) for label, key, rows in _parts(played)]
    return (
        '<section class="pet score"><h3>Your score in this session</h3>'
        f'<p class="words-large">{right} of {len(played)} right: {points(right / len(played))} %, 95 % interval '
        f"{between(wilson(right / len(played), len(played)))}; {_rows(skipped)} skipped.</p>"
        f"{_of_facts(played)}{_table(head, lines)}"
        f'<p class="count">{_NOTE}</p></section>'
    )


_NOTE: Final = (
    "All figures are tool accuracies in percent; intervals are Wilson's. Chance: a random choice among the candidates "
    "that do the job, expected on your rows. Systems: on your rows, and in brackets on the whole validation split. "
    "People: readers of a study, on their own rows. A model does not know the kind of preference beforehand; if you "
    "select one, you do. The score ends with the session."
)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table that becomes a list of cards on a narrow page."""
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in zip(head[1:], rest, strict=True))
        + "</tr>"
        for first, *rest in lines
    )
    return f'<table class="heat"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _label(system: Best) -> str:
    return f"{escaped(system.name)}{' (baseline)' if system.is_baseline else ''}"


def _parts(played: Sequence[Played]) -> Iterable[tuple[str, tuple[str, str], Sequence[Played]]]:
    """Yield label, config and kind, and the rows of each line of the table; the line of all rows is last."""
    for config in HISTORY_TYPES:
        of_config = [row for row in played if row.config == config]
        if of_config:
            yield f"<b>{escaped(config)}</b>", (config, ""), of_config
        for kind in sorted({row.kind for row in of_config if row.kind}):
            yield f"· {escaped(kind)}", (config, kind), [row for row in of_config if row.kind == kind]
    yield f"<b>{CONFIG_LABELS[OVERALL]}</b>", (OVERALL, ""), played


def _line(
    label: str,
    key: tuple[str, str],
    rows: Sequence[Played],
    best: Sequence[Best],
    people: Mapping[tuple[str, str], People],
) -> tuple[str, ...]:
    config, kind = key
    right, count = sum(row.is_right for row in rows), len(rows)
    return (
        label,
        f"{right} of {count}",
        points(right / count),
        between(wilson(right / count, count)),
        points(sum(row.chance for row in rows) / count),
        _of_people(people, key),
        *(_of_system(place, system, config, kind, rows) for place, system in enumerate(best)),
    )


def _of_people(people: Mapping[tuple[str, str], People], key: tuple[str, str]) -> str:
    if not people:
        return NOBODY if key == (OVERALL, "") else _NONE
    figure = people.get(key)
    return f"{points(figure.accuracy)}<small>{figure.readings} readings</small>" if figure else _NONE


def _of_system(place: int, system: Best, config: str, kind: str, rows: Sequence[Played]) -> str:
    """Return the accuracy of a system on the rows, and for a whole config that on the whole split in brackets."""
    known = [row.systems[place] for row in rows]
    answered = [is_right for is_right in known if is_right is not None]
    own = points(sum(answered) / len(answered)) if answered else _NONE
    whole = f" ({points(system.accuracy[config])})" if not kind and config in system.accuracy else ""
    return f"{own}{whole}"


def _of_facts(played: Sequence[Played]) -> str:
    """Return a sentence on the rows that were answered with the table of facts, if there are any."""
    aided = [row for row in played if row.with_facts]
    if not aided:
        return "<p>All rows were answered from the listings alone, as a model answers them.</p>"
    others = [row for row in played if not row.with_facts]
    words = f"With the table of facts, which a model does not get: {_right_of(aided)}."
    rest = f" From the listings alone: {_right_of(others)}." if others else ""
    return f"<p>{words}{rest}</p>"


def _right_of(rows: Sequence[Played]) -> str:
    return f"{sum(row.is_right for row in rows)} of {len(rows)} right"
