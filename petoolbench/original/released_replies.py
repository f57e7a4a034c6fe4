"""Read reply files in the format of the earlier benchmark.

The harness of that benchmark writes a JSON list of objects with `response`, `query` and `entry_id`. A file may contain
a JSON list, or one JSON value per line, of strings or of objects with a reply under one of `TEXT_KEYS`. If all objects
have an `entry_id`, it assigns replies to rows, and replies may be missing. Otherwise replies are assigned by order, and
there must be one reply for each row of the released files. Files with an `instance_id`, and all files for data sets
that are not imports, are read as run files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.errors import DataError
from hf_dataset.manifest import Manifest
from hf_dataset.schema import Instance
from metrics.petoolbench.aggregation import by_instance_id
from petoolbench.run_files import read_run
from petoolbench.runs import HEADER, Line, Run

from .released_rows import ENTRY, number_of

TEXT_KEYS: Final = ("response", "predict", "prediction")
"""Keys of the reply in an object; the released harness writes the first."""
_ID: Final = "entry_id"
_RUN_FILE_KEYS: Final = (HEADER, "instance_id")
_EXPECTED: Final = f"strings, or objects with one of {', '.join(TEXT_KEYS)}"


def read_replies(path: Path, instances: Sequence[Instance], manifest: Manifest) -> Run:
    """Read a file of replies to the instances of one config.

    Args:
        path: The file.
        instances: Instances of the config.
        manifest: Manifest of their data set.

    Raises:
        DataError: If the file cannot be read, or its replies do not belong to these instances.
        PredictionsError: If an instance id occurs twice.
    """
    values = _values(path) if manifest.is_original else None
    if values is None:
        return read_run(path)
    texts = [_reply(value, number) for number, value in enumerate(values, start=1)]
    if values and all(map(_has_instance_id, values)):
        replies = by_instance_id(zip((value["instance_id"] for value in values), texts, strict=True))
    else:
        rows = _rows(values, instances, manifest)
        _check_queries(path, values, rows)
        replies = {row.instance_id: text for row, text in zip(rows, texts, strict=True) if row is not None}
    return Run(path, None, {instance_id: Line(instance_id, text) for instance_id, text in replies.items()})


def _has_instance_id(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("instance_id"), str)


def _rows(values: Sequence[Any], instances: Sequence[Instance], manifest: Manifest) -> Sequence[Instance | None]:
    """Return the instance of each reply; None for a released row that could not be imported."""
    if values and all(isinstance(value, dict) and value.get(_ID) is not None for value in values):
        return _by_entry_id(values, instances)
    return _by_order(values, instances, manifest)


def _check_queries(path: Path, values: Sequence[object], rows: Sequence[Instance | None]) -> None:
    """Raise an error if the query in a reply differs from that of its instance."""
    for number, (value, row) in enumerate(zip(values, rows, strict=True), start=1):
        if row is None or not isinstance(value, dict):
            continue
        if value.get("query", row.instruction) != row.instruction:
            raise DataError(
                f"Reply {number} of {str(path)!r} is to the query {value['query']!r}, but that of {row.instance_id!r} "
                f"is {row.instruction!r}. Import the files that were used for the replies, in the same order."
            )


def _values(path: Path) -> list[Any] | None:
    """Return the JSON values of a file, or None if it cannot be read or does not hold replies in this format.

    The caller then reads it as a run file, which reports the errors.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    is_list = text.lstrip().startswith("[")
    if not is_list and not (lines and _is_reply(lines[0])):
        return None
    try:
        values: list[Any] = json.loads(text) if is_list else [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise DataError(f"The replies {str(path)!r} are not valid JSON: {error}. Expected {_EXPECTED}.") from error
    return values


def _is_reply(line: str) -> bool:
    """Return True if a line is a reply in the format of the earlier benchmark."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if isinstance(value, dict):
        return not any(key in value for key in _RUN_FILE_KEYS) and any(key in value for key in TEXT_KEYS)
    return isinstance(value, str)


def _reply(value: object, number: int) -> str:
    if isinstance(value, dict):
        key = next((key for key in TEXT_KEYS if key in value), None)
        # The released harness writes null for a missing reply, and its scorer counts it as wrong.
        value = (value[key] or "") if key else None
    if not isinstance(value, str):
        raise DataError(f"Reply {number} has no text. Expected {_EXPECTED}.")
    return value


def _by_entry_id(values: Sequence[Mapping[str, Any]], instances: Sequence[Instance]) -> list[Instance]:
    known = {row.user_id.removeprefix(ENTRY): row for row in instances if row.user_id.startswith(ENTRY)}
    ids = [str(value[_ID]) for value in values]
    unknown = [entry_id for entry_id in ids if entry_id not in known]
    if unknown:
        raise DataError(
            f"{len(unknown)} replies have an {_ID} that no row has; the first is {unknown[0]!r}. "
            "Name the import of the files that were used for the replies."
        )
    _check_unique(ids)
    return [known[entry_id] for entry_id in ids]


def _check_unique(ids: Sequence[str]) -> None:
    duplicates = sorted(entry_id for entry_id, count in Counter(ids).items() if count > 1)
    if duplicates:
        raise DataError(f"The {_ID} {duplicates[0]!r} occurs twice. Keep one reply for each.")


def _by_order(values: Sequence[object], instances: Sequence[Instance], manifest: Manifest) -> list[Instance | None]:
    """Return the instance of each reply; None for a released row that could not be imported."""
    by_number = {number_of(row): row for row in instances}
    count = int(manifest.counts["rows_read"])
    if len(values) != count:
        raise DataError(
            f"There are {len(values)} replies without {_ID} for {count} released rows. Give one reply for each row, in "
            f"the order of the rows, or state the {_ID} of each reply."
        )
    return [by_number.get(number) for number in range(1, count + 1)]
