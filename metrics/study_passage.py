"""Results of a people's study in words, for the card of the data set and for the leaderboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .study_files import StudyError

PEOPLE: Final = "people.json"
"""File of a data set with the published results of a study; missing until people have read rows."""
NO_PEOPLE: Final = "No people have read these rows yet."
REPORT_FORMAT: Final = 1
"""Version of `people.json` and of `report.json`."""
_SHOWN: Final = ("all", "config", "kind")
"""Parts of the rows that the table shows."""
_HEAD: Final = """\
| rows | tool accuracy, % (95 % interval) | readings | different rows |
| --- | ---: | ---: | ---: |"""


def people_passage(folder: Path, revision: str) -> str:
    """Return the results of the people's study of a data set as Markdown, or that there are none.

    Args:
        folder: Folder of the data set.
        revision: Revision of the data set.

    Raises:
        StudyError: If `people.json` cannot be read, is malformed, or is of another revision.
    """
    path = folder / PEOPLE
    try:
        results = json.loads(path.read_bytes())
    except FileNotFoundError:
        return NO_PEOPLE
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"{str(path)!r} cannot be read as JSON: {error}. {_NEXT}") from error
    try:
        if results["format"] != REPORT_FORMAT:
            raise StudyError(f"{str(path)!r} has format {results['format']!r}; allowed: {REPORT_FORMAT}. {_NEXT}")
        if results["study"]["data_revision"] != revision:
            raise StudyError(
                f"{str(path)!r} is of data revision {results['study']['data_revision']!r}, but the data set has "
                f"revision {revision!r}. {_NEXT}"
            )
        return people_in_words(results)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{str(path)!r} is malformed: {error!r}. {_NEXT}") from error


_NEXT: Final = "Write it again with `petoolbench study report … --card`, or remove it."


def people_in_words(results: Mapping[str, Any]) -> str:
    """Return the results of a people's study as Markdown.

    Args:
        results: Content of `people.json`.
    """
    study, answers = results["study"], results["answers"]
    everything, time = results["accuracy"][0], results["time"][0]
    sentences = [
        f"Readers: {answers['readers']}. Rows of the {study['split']} split: {everything['rows']}, each dealt to "
        f"{study['reads']} readers. Answers: {answers['given']} of {answers['dealt']}.",
        f"The readers chose the right tool in {_rate(everything['accuracy'])} % of the readings; for "
        f"{_percent(everything['majority'])} % of the rows, most readers did.",
        f"The median time for a row is {time['median']:.0f} s (quartiles {time['low']:.0f} and {time['high']:.0f} s).",
        *(
            f"Agreement of the readers of a row ({part['name']}): kappa {_kappa(part['kappa'])}."
            for part in results["agreement"]
        ),
        f"Rows that at least one reader called slightly or clearly ambiguous: {len(results['ambiguous_rows'])}.",
    ]
    lines = [
        f"| {_label(part)} | {_rate(part['accuracy'])} | {part['readings']} | {part['rows']} |"
        for part in results["accuracy"]
        if part["part"] in _SHOWN and part["interval_over"] == "rows"
    ]
    return "\n".join([*sentences, "", _HEAD, *lines, "", "95 % intervals are from a bootstrap over rows."])


def _label(part: Mapping[str, Any]) -> str:
    return f"{part['part']}: {part['value']}" if part["value"] else str(part["part"])


def _kappa(kappa: Mapping[str, Any]) -> str:
    if kappa["kappa"] is None:
        return "not defined, because all readings are alike"
    ends = "" if kappa["low"] is None else f" ({kappa['low']:.2f} to {kappa['high']:.2f})"
    return f"{kappa['kappa']:.2f}{ends}"


def _rate(rate: Mapping[str, float]) -> str:
    return f"{_percent(rate['rate'])} ({_percent(rate['low'])} to {_percent(rate['high'])})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
