"""A file of replies in the earlier benchmark's form, or in ours.

Its harness writes a JSON list of objects with `response`, `query` and `entry_id`. Read are: a JSON list, or one JSON
value a line, of texts or of objects whose reply stands under one of `TEXT_KEYS`. Where every object has an `entry_id`,
replies belong to rows by it, and rows may be missing; otherwise by order, and there must be one reply for every row of
the released files. A file whose lines have an `instance_id` is one of ours, and so is every file for other data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.errors import DataError
from hf_dataset.schema import Instance
from metrics.petoolbench.aggregation import by_instance_id
from petoolbench.runs import HEADER, Line, Run, read_run

from .importer import is_original
from .released_rows import ENTRY, number_of

TEXT_KEYS: Final = ("response", "predict", "prediction")
"""Where a reply may stand in an object; the first is what the released harness writes."""
_ID: Final = "entry_id"
_OURS: Final = (HEADER, "instance_id")
_EXPECTED: Final = f"texts, or objects with one of {', '.join(TEXT_KEYS)}"


def read_replies(path: Path, instances: Sequence[Instance], manifest: Mapping[str, Any]) -> Run:
    """Read a file of replies to the rows of one config.

    Args:
        path: The file.
        instances: The rows.
        manifest: Of their data set.

    Raises:
        DataError: If the file cannot be read, or its replies are not to these rows.
        PredictionsError: If an instance id occurs twice.
    """
    values = _values(path) if is_original(manifest) else None
    if values is None:
        return read_run(path)
    texts = [_reply(value, number) for number, value in enumerate(values, start=1)]
    if values and all(isinstance(value, dict) and isinstance(value.get("instance_id"), str) for value in values):
        pairs = zip((value["instance_id"] for value in values), texts, strict=True)
        return Run(path, None, {name: Line(name, text) for name, text in by_instance_id(pairs).items()})
    with_id = [isinstance(value, dict) and value.get(_ID) is not None for value in values]
    rows = _by_entry_id(values, instances) if values and all(with_id) else _by_order(values, instances, manifest)
    lines = {}
    for number, (text, value, row) in enumerate(zip(texts, values, rows, strict=True), start=1):
        if row is None:
            continue
        if isinstance(value, dict) and value.get("query", row.instruction) != row.instruction:
            raise DataError(
                f"Reply {number} of {str(path)!r} is to the query {value['query']!r}, where {row.instance_id!r} asks "
                f"{row.instruction!r}. Import the files that were asked, in the same order."
            )
        lines[row.instance_id] = Line(row.instance_id, text)
    return Run(path, None, lines)


def _values(path: Path) -> list[Any] | None:
    """The values of a file in the earlier form; None where it is none, which the reader of our form will explain."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    listed = text.lstrip().startswith("[")
    if not listed and not (lines and _in_earlier_form(lines[0])):
        return None
    try:
        values: list[Any] = json.loads(text) if listed else [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise DataError(f"The replies {str(path)!r} are no JSON: {error}. Expected {_EXPECTED}.") from error
    return values


def _in_earlier_form(line: str) -> bool:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if isinstance(value, dict):
        return not any(key in value for key in _OURS) and any(key in value for key in TEXT_KEYS)
    return isinstance(value, str)


def _reply(value: object, number: int) -> str:
    if isinstance(value, dict):
        key = next((key for key in TEXT_KEYS if key in value), None)
        # No reply is null there, which its scorer counts as wrong.
        value = (value[key] or "") if key else None
    if not isinstance(value, str):
        raise DataError(f"Reply {number} has no text. Expected {_EXPECTED}.")
    return value


def _by_entry_id(values: Sequence[Mapping[str, Any]], instances: Sequence[Instance]) -> list[Instance]:
    known = {row.user_id.removeprefix(ENTRY): row for row in instances if row.user_id.startswith(ENTRY)}
    ids = [str(value[_ID]) for value in values]
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise DataError(
            f"{len(unknown)} replies have an {_ID} that no row has, the first {unknown[0]!r}. "
            "Name the import of the files that were asked."
        )
    twice = next((one for one, before in zip(sorted(ids)[1:], sorted(ids), strict=False) if one == before), None)
    if twice is not None:
        raise DataError(f"The {_ID} {twice!r} occurs twice. Keep one of each.")
    return [known[one] for one in ids]


def _by_order(
    values: Sequence[object], instances: Sequence[Instance], manifest: Mapping[str, Any]
) -> list[Instance | None]:
    """The row of each reply; None for a released row that could not be imported."""
    by_number = {number_of(row): row for row in instances}
    count = int(manifest["counts"]["rows_read"])
    if len(values) != count:
        raise DataError(
            f"There are {len(values)} replies without {_ID}, and {count} rows were released. Replies belong to rows by "
            f"their order: give one for each row, or their {_ID}."
        )
    return [by_number.get(number) for number in range(1, count + 1)]
