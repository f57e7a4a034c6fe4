"""Tool accuracy of people, from the report of a study."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from leaderboard.views.play_score import People
from metrics.study_files import StudyError
from metrics.study_passage import REPORT_FORMAT

from .stored_records import OVERALL

_LOG: Final = logging.getLogger(__name__)
_NEXT: Final = "Write it again with `petoolbench study report`, or remove it."
Figures = Mapping[tuple[str, str], People]


class PeopleFigures:
    """Figures of people by config and kind, read again when their file changes; thread-safe.

    Args:
        path: `report.json` of a study, or `people.json` of a data set; it may be missing.
        revision: Data revision that the figures must be of.

    Raises:
        StudyError: If the file is malformed or of another data revision.
    """

    def __init__(self, path: Path, revision: str) -> None:
        self._path = path
        self._revision = revision
        self._lock = threading.Lock()
        self._version = self._current_version()
        self._figures = read_people(path, revision)

    def get(self) -> Figures:
        """Return the figures. If the file was replaced by one that cannot be read, the former figures stay in use."""
        with self._lock:
            version = self._current_version()
            if version != self._version:
                self._version = version
                try:
                    self._figures = read_people(self._path, self._revision)
                except StudyError as error:
                    _LOG.error("The people's figures stay as they were: %s", error)
            return self._figures

    def _current_version(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size


def read_people(path: Path, revision: str) -> Figures:
    """Return the tool accuracy of people by config and kind of preference.

    Args:
        path: `report.json` of a study, or `people.json` of a data set.
        revision: Data revision that the figures must be of.

    Returns:
        Figures by (`overall`, ``), (config, ``) and (config, kind); empty if the file is missing.

    Raises:
        StudyError: If the file cannot be read, is malformed, or is of another data revision.
    """
    try:
        report = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"{str(path)!r} cannot be read as JSON: {error}. {_NEXT}") from error
    try:
        given = report["format"], report["study"]["data_revision"]
        if given != (REPORT_FORMAT, revision):
            raise StudyError(
                f"{str(path)!r} has format {given[0]!r} and is of data revision {given[1]!r}; this board needs format "
                f"{REPORT_FORMAT} and {revision!r}. {_NEXT}"
            )
        parts = [(_key(part), part) for part in report["accuracy"]]
        return {
            key: People(int(part["readings"]), float(part["accuracy"]["rate"]))
            for key, part in parts
            if key is not None
        }
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise StudyError(f"{str(path)!r} is malformed: {error!r}. {_NEXT}") from error


def _key(part: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return config and kind of a part of the readings; None for other parts, such as those of a reader."""
    match part["part"]:
        case "all":
            return OVERALL, ""
        case "config":
            return part["value"], ""
        case "config and kind":
            config, _, kind = part["value"].partition(", ")
            return config, kind
        case _:
            return None
