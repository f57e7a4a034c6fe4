"""Tables of a people's study as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from petoolbench.reading_study.scores import calibration_table, percent, rate_cells
from petoolbench.tables import text_table

from .study_figures import AmbiguousRow, StudyAccuracy, StudyAgreement, StudyFigures, StudyTime
from .study_readings import StudyReadings


def study_text(gathered: StudyReadings, figures: StudyFigures) -> str:
    """Return the tables of a study, followed by the rows that readers call ambiguous."""
    parts = [
        _answers(gathered),
        _accuracy(figures.accuracy),
        _time(figures.time),
        calibration_table(figures.calibration),
        _agreement(figures.agreement),
        text_table(
            "Ambiguous, as readers state it",
            ["ambiguous", "readings", "right tool"],
            [[part.stated, str(part.readings), str(part.right)] for part in figures.ambiguous],
        ),
        "\n".join(_rows(figures.ambiguous_rows)),
    ]
    return "\n\n".join(parts)


def _answers(gathered: StudyReadings) -> str:
    dealt, given = gathered.dealt, gathered.given
    total = f"{sum(given.values())} of {sum(dealt.values())} dealt answers are there"
    missing = [f"reader {number} has answered {given[number]} of {dealt[number]}" for number in dealt]
    if given == dealt:
        return f"Study {gathered.study.id}: all {sum(dealt.values())} dealt answers are there."
    return f"Study {gathered.study.id}: {total}; {', '.join(missing)}. All figures are of these answers."


def _accuracy(parts: Sequence[StudyAccuracy]) -> str:
    return text_table(
        "Tool accuracy, %; intervals over rows (bootstrap), readers (bootstrap), or by Wilson's method",
        ["rows", "tool", "95 % interval", "over", "does the job", "majority", "readings", "different rows"],
        [
            [
                _label(part.part, part.value),
                *rate_cells(part.accuracy),
                part.interval_over,
                "" if part.same_job is None else percent(part.same_job),
                percent(part.majority),
                str(part.readings),
                str(part.rows),
            ]
            for part in parts
        ],
    )


def _time(parts: Sequence[StudyTime]) -> str:
    return text_table(
        "Seconds for a row",
        ["rows", "first quartile", "median", "third quartile", "readings"],
        [
            [
                _label(part.part, part.value),
                *(f"{seconds:.0f}" for seconds in (part.low, part.median, part.high)),
                str(part.readings),
            ]
            for part in parts
        ],
    )


def _agreement(parts: Sequence[StudyAgreement]) -> str:
    if not parts:
        return "No row has two readings yet, so that the agreement of readers is not known."
    return text_table(
        "Agreement of the readers of a row; intervals over rows (bootstrap)",
        ["category", "agree, %", "by chance, %", "kappa", "95 % interval", "rows", "readings"],
        [
            [
                part.name,
                percent(part.kappa.observed),
                percent(part.kappa.chance),
                "not defined" if part.kappa.kappa is None else f"{part.kappa.kappa:.2f}",
                "" if part.kappa.low is None else f"{part.kappa.low:.2f} to {part.kappa.high:.2f}",
                str(part.rows),
                str(part.readings),
            ]
            for part in parts
        ],
    )


def _rows(rows: Sequence[AmbiguousRow]) -> Iterator[str]:
    yield "Rows that readers call ambiguous" if rows else "No row was called ambiguous."
    for row in rows:
        stated = ", ".join(f"{number} {name}" for name, number in row.stated.items() if number)
        yield f"\n{row.instance_id}   ({row.kind or 'kind not known'}; {stated})"
        yield f"     {'right':<10} {row.right}"
        for tool, number in row.choices.items():
            yield f"     {'chosen':<10} {tool} ({number})"
        for remark in row.remarks:
            yield f"     {'remark':<10} {' '.join(remark.split())}"


def _label(part: str, value: str) -> str:
    return f"{part}: {value}" if value else part
