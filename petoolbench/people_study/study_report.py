"""Report of a people's study: tables, dict, DataFrame, `report.json`, and the results on the card of the data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError
from metrics.study_files import REPORT
from metrics.study_passage import REPORT_FORMAT
from petoolbench.files import write_atomically

from .study_card import show_on_card
from .study_figures import READER, StudyAccuracy, StudyFigures, study_figures
from .study_readings import StudyReading, StudyReadings, read_readings
from .study_tables import study_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class StudyReport:
    """Report of the answers of a people's study so far. Prints as tables, followed by the rows called ambiguous."""

    gathered: StudyReadings
    """The study and its readings."""
    figures: StudyFigures
    """All figures."""

    def published(self) -> dict[str, Any]:
        """Return the figures as a dict, without those of single readers, remarks and readings; rates are from 0 to 1.

        Keys: `format`; `study`; `answers`, the numbers of answers dealt and given; `accuracy`, `time`, `calibration`,
        `agreement`, `ambiguous` and `ambiguous_rows`, as in the tables.
        """
        study, figures = self.gathered.study, self.figures
        given = self.gathered.given
        return {
            "format": REPORT_FORMAT,
            "study": {name: getattr(study, name) for name in ("id", "data_revision", "split", "seed", "reads")},
            "answers": {
                "readers": sum(number > 0 for number in given.values()),
                "dealt": sum(self.gathered.dealt.values()),
                "given": sum(given.values()),
            },
            "accuracy": [_accuracy_dict(part) for part in figures.accuracy if part.part != READER],
            "time": [part._asdict() for part in figures.time if part.part != READER],
            "calibration": {
                "bins": [part._asdict() for part in figures.calibration.bins],
                "brier": figures.calibration.brier,
                "brier_of_the_mean": figures.calibration.brier_of_the_mean,
            },
            "agreement": [{**part._asdict(), "kappa": part.kappa._asdict()} for part in figures.agreement],
            "ambiguous": [part._asdict() for part in figures.ambiguous],
            "ambiguous_rows": [
                {name: value for name, value in row._asdict().items() if name != "remarks"}
                for row in figures.ambiguous_rows
            ],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as a dict, the content of `report.json`: all figures, the remarks and all readings.

        Keys: those of `published`, with the figures of single readers in `answers`, `accuracy` and `time`; `remarks` in
        each of `ambiguous_rows`; `readings`, the lines of `to_pandas`.
        """
        content, figures, given = self.published(), self.figures, self.gathered.given
        content["answers"]["by_reader"] = [
            {"reader": reader, "dealt": dealt, "given": given[reader]} for reader, dealt in self.gathered.dealt.items()
        ]
        content["accuracy"] = [_accuracy_dict(part) for part in figures.accuracy]
        content["time"] = [part._asdict() for part in figures.time]
        content["ambiguous_rows"] = [{**row._asdict(), "remarks": list(row.remarks)} for row in figures.ambiguous_rows]
        return {**content, "readings": list(self.records())}

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per reading.

        Columns: `reader`, `section`, `position` of the chosen tool as shown, `instance_id`, `config`, `query_group`,
        `kind`, `choice`, `right`, `is_right`, `role`, `confidence`, `ambiguous`, `seconds`, `remark`.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(list(self.records()))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of `to_pandas` as dicts."""
        yield from map(_record, self.gathered.readings)

    def __str__(self) -> str:
        return study_text(self.gathered, self.figures)


def study_report(study: str | Path, data: str | Path, *, card: bool = False) -> StudyReport:
    """Report the answers of a people's study, and write `report.json` into its folder.

    A study that has not ended is reported too: all figures are of the answers so far.

    Args:
        study: Folder that was made by `new_study`, with the answers of the readers.
        data: Folder of the data set, or its repository on the Hub.
        card: Also write the figures into the data set, as `people.json`, and show them on its card. `data` must be a
            local folder.

    Returns:
        Tool accuracy with 95 % intervals, times, calibration, agreement between readers, and the rows that readers call
        ambiguous.

    Raises:
        ConfigError: If `card` is set and `data` is not a local folder.
        DataError: If the data set is another one, or there are no answers yet.
        OutputError: If a file cannot be written.
        ReadError: If `data` is not a data set.
        StudyError: If a file of the study is missing or malformed, or a row was answered that was not dealt.

    Example:
        >>> report = study_report("out/people", "out/demo")
        >>> print(report)
        >>> report.to_pandas()
    """
    folder = Path(study)
    gathered = read_readings(folder, data)
    report = StudyReport(gathered, study_figures(gathered))
    path = folder / REPORT
    try:
        write_atomically(path, [json.dumps(report.to_dict(), indent=2) + "\n"])
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror}. Free some space.") from error
    if card:
        show_on_card(Path(data), report.published())
    return report


def _accuracy_dict(part: StudyAccuracy) -> dict[str, Any]:
    return {**part._asdict(), "accuracy": part.accuracy._asdict()}


def _record(reading: StudyReading) -> dict[str, Any]:
    answer = reading.answer
    return {
        "reader": reading.reader,
        "section": reading.section,
        "position": reading.position,
        "instance_id": answer.instance_id,
        "config": answer.config,
        "query_group": reading.instance.query_group,
        "kind": reading.kind,
        "choice": answer.choice,
        "right": reading.right_tool,
        "is_right": reading.is_right,
        "role": reading.role,
        "confidence": answer.confidence,
        "ambiguous": answer.ambiguous,
        "seconds": answer.seconds,
        "remark": answer.remark,
    }
