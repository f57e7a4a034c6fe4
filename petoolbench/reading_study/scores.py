"""Scores of a reading study, as tables, dict and DataFrame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from petoolbench.tables import text_table

from .figures import NAMED_AXES, NOT_STATED, Accuracy, Agreement, Calibration, Figures, Rate, figures_of, named_axes
from .gather import Gathered, Reading, gather
from .key import FORMS

if TYPE_CHECKING:
    import pandas as pd

SCORES_FORMAT: Final = 1
"""Version of the dict and the JSON file."""


@dataclass(frozen=True, slots=True)
class ReadingScores:
    """Scores of the forms of one or several readers. Prints as tables, followed by the rows to look at."""

    gathered: Gathered
    """Key of the study, readings and unread rows."""
    figures: Figures
    """All figures."""

    def to_dict(self) -> dict[str, Any]:
        """Return all figures and readings as a dict, with rates from 0 to 1.

        Keys: `format`; `data`, the data set and the split; `readers`; `unread`, {reader: numbers of rows}; `accuracy`,
        `axes`, `calibration`, `ambiguous`, `realism` and `agreement`, as in the tables; `readings`, the lines of
        `to_pandas`.
        """
        key, figures = self.gathered.key, self.figures
        names = ("build_id", "data_revision", "config", "split", "seed", "prompt_version")
        return {
            "format": SCORES_FORMAT,
            "data": {name: getattr(key, name) for name in names},
            "readers": list(self.gathered.readers),
            "unread": {reader: list(numbers) for reader, numbers in self.gathered.unread.items()},
            "accuracy": [_rates_dict(part) for part in figures.accuracy],
            "axes": [part._asdict() for part in figures.axes],
            "calibration": {
                "bins": [part._asdict() for part in figures.calibration.bins],
                "brier": figures.calibration.brier,
                "brier_of_the_mean": figures.calibration.brier_of_the_mean,
            },
            "ambiguous": [part._asdict() for part in figures.ambiguous],
            "realism": [part._asdict() for part in figures.realism],
            "agreement": [_rates_dict(part) for part in figures.agreement],
            "readings": list(self.records()),
        }

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per filled-in form.

        Columns: `reader`, `number`, `instance_id`, `config`, `query_group`, `kind`, `concerns`; `tool_correct`,
        `call_correct`, `error_class`; `tool` and `tool_arguments`, the right call; `wanted`, the axes of the
        user's preference; `axes`, whether the reader named all, some or none of them; and the fields of the form.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(list(self.records()))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of `to_pandas` as dicts."""
        for reading in self.gathered.readings:
            form, verdict, answer = reading.form, reading.verdict, reading.reference.answer
            yield {
                "reader": reading.reader,
                "number": reading.number,
                "instance_id": reading.instance.instance_id,
                "config": reading.config,
                "query_group": reading.instance.query_group,
                "kind": reading.meta.kind,
                "concerns": reading.meta.concerns,
                "tool_correct": verdict.tool_correct,
                "call_correct": verdict.parameters_correct,
                "error_class": verdict.error_class,
                "tool": answer.name,
                "tool_arguments": answer.arguments,
                "wanted": reading.wanted,
                "axes": named_axes(reading),
                "answer": form.answer,
                "arguments": dict(form.arguments),
                "confidence": form.confidence,
                "reason": form.reason,
                "goes_by": list(form.goes_by),
                "ambiguous": form.ambiguous,
                "other_tool": form.other_tool,
                "realism": dict(form.realism),
                "jarred": form.jarred,
            }

    def __str__(self) -> str:
        parts = [self._unread(), *_tables(self.figures), "\n".join(self._rows_to_look_at())]
        return "\n\n".join(part for part in parts if part)

    def _unread(self) -> str:
        """Return a sentence on the unread rows of each reader; nothing if all are read."""
        rows = len(self.gathered.key.rows)
        return "\n".join(
            f"{reader}: {len(numbers)} of {rows} rows are unread and left out: {', '.join(numbers)}."
            for reader, numbers in self.gathered.unread.items()
            if numbers
        )

    def _rows_to_look_at(self) -> Iterator[str]:
        is_several = len(self.gathered.readers) > 1
        found = [(reading, flags) for reading in self.gathered.readings if (flags := list(_flags(reading)))]
        yield "Missed and flagged rows" if found else "No row was missed or flagged."
        for reading, flags in sorted(found, key=lambda item: item[0].number):
            reader = f"   (reader {reading.reader})" if is_several else ""
            yield f"\n{reading.number}  {reading.instance.instance_id}{reader}"
            for name, text in (*flags, *_facts(reading)):
                yield f"     {name:<10} {' '.join(text.split())}".rstrip()


def score_reading(
    out: str | Path,
    data: str | Path,
    *,
    answers: str | Path | None = None,
    forms: str | Path | Sequence[str | Path] | None = None,
) -> ReadingScores:
    """Score the forms of rows that were dealt with `deal_reading`.

    Empty and missing forms count as unread, and are left out of all figures.

    Args:
        out: Folder that was dealt; its key is next to it.
        data: Folder of the data set, or its repository on the Hub.
        answers: Folder of the private answers, for the test split.
        forms: Folder of the filled-in forms, or one for each reader; by default `OUT/forms`.

    Returns:
        Accuracy with 95 % intervals from a bootstrap over query groups, named axes, calibration, ambiguity, realism,
        agreement between readers, and all readings.

    Raises:
        ConfigError: If the answers are needed and not given, or a folder of forms is named twice.
        DataError: If the key is missing, the data set is another one, or forms are malformed or all of them empty.
        ReadError: If the folder is not a data set, or the answers belong to another one.

    Example:
        >>> scores = score_reading("out/study", "out/demo", answers="out/demo-private")
        >>> print(scores)
        >>> scores.to_pandas()
    """
    given = [forms] if isinstance(forms, str | Path) else list(forms or ())
    folders = list(map(Path, given)) or [Path(out) / FORMS]
    gathered = gather(Path(out), data, None if answers is None else Path(answers), folders)
    return ReadingScores(gathered, figures_of(gathered.readings))


def _rates_dict(part: Accuracy | Agreement) -> dict[str, Any]:
    return {**part._asdict(), "tool": part.tool._asdict(), "call": part.call._asdict()}


def _tables(figures: Figures) -> Iterator[str]:
    yield text_table(
        "Accuracy, %",
        ["rows", "tool", "95 % interval", "call", "95 % interval", "readings", "query groups"],
        [
            [
                _label(part.part, part.value),
                *rate_cells(part.tool),
                *rate_cells(part.call),
                str(part.readings),
                str(part.query_groups),
            ]
            for part in figures.accuracy
        ],
    )
    if figures.axes:
        yield text_table(
            "Axes that the user goes by, as readers with the right tool name them",
            ["rows", *NAMED_AXES],
            [
                [_label(part.part, part.value), *(str(part.counts[name]) for name in NAMED_AXES)]
                for part in figures.axes
            ],
        )
    yield calibration_table(figures.calibration)
    yield text_table(
        "Ambiguous, as readers state it",
        ["ambiguous", "readings", "right tool", "other tool is right"],
        [[part.stated, *map(str, part[1:])] for part in figures.ambiguous],
    )
    if figures.realism:
        yield text_table(
            "Realism, 1 (artificial) to 5 (as in reality)",
            ["part", "median", "lowest", "readings"],
            [[part.aspect, f"{part.median:g}", str(part.lowest), str(part.readings)] for part in figures.realism],
        )
    if figures.agreement:
        yield _agreement_table(figures.agreement)


def calibration_table(calibration: Calibration) -> str:
    """Return a table of confidence and tool accuracy."""
    *bins, everything = calibration.bins
    return text_table(
        f"Confidence and tool accuracy, %; Brier score {calibration.brier:.3f}, of a constant confidence "
        f"{calibration.brier_of_the_mean:.3f}",
        ["confidence", "mean confidence", "tool", "readings"],
        [
            [label, percent(part.confidence), percent(part.accuracy), str(part.readings)]
            for label, part in (*((f"{part.low} to {part.high}", part) for part in bins), ("all", everything))
        ],
    )


def _agreement_table(pairs: Sequence[Agreement]) -> str:
    return text_table(
        "Agreement between readers, % of the rows that both have read",
        [
            *("readers", "same tool", "95 % interval", "same call", "95 % interval", "same axes"),
            *("both right", "one right", "neither", "rows"),
        ],
        [
            [
                f"{pair.first}, {pair.second}",
                *rate_cells(pair.tool),
                *rate_cells(pair.call),
                "" if pair.axes is None else percent(pair.axes),
                *(percent(number / pair.rows) for number in (pair.both_right, pair.one_right, pair.neither_right)),
                str(pair.rows),
            ]
            for pair in pairs
        ],
    )


def _label(part: str, value: str) -> str:
    return f"{part}: {value}" if value else part


def rate_cells(rate: Rate) -> tuple[str, str]:
    """Return the cells of a rate and of its interval, in %."""
    return percent(rate.rate), f"{percent(rate.low)} to {percent(rate.high)}"


def percent(rate: float) -> str:
    """Return a rate in %, with one decimal place."""
    return f"{100 * rate:.1f}"


def _flags(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the reasons why a reading is listed: another tool, other arguments, ambiguity, or something that jarred."""
    form, verdict = reading.form, reading.verdict
    if not verdict.tool_correct:
        yield "missed", f"tool ({verdict.error_class.replace('_', ' ')})"
    elif not verdict.parameters_correct:
        yield "missed", f"arguments ({verdict.error_class.replace('_', ' ')})"
    if form.ambiguous not in (None, "no"):
        yield "ambiguous", f"{form.ambiguous}{f', {form.other_tool}' if form.other_tool else ''}"
    if form.jarred:
        yield "jarred", form.jarred


def _facts(reading: Reading) -> Iterator[tuple[str, str]]:
    form, answer = reading.form, reading.reference.answer
    yield "answer", f"{form.answer} {_json(form.arguments)} ({form.confidence:g} %)"
    if not (reading.verdict.tool_correct and reading.verdict.parameters_correct):
        yield "right", f"{answer.name} {_json(answer.arguments)}"
    yield "wanted", reading.wanted or "not known"
    yield "goes by", ", ".join(form.goes_by) or NOT_STATED
    if form.reason:
        yield "reason", form.reason


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
