"""One line of a file of predictions: an answer or a header, or what is wrong with it.

A header is an object whose only key is `petoolbench`; it says how the predictions were made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

EXPECTED: Final = 'one JSON object a line, {"instance_id": "...", "prediction": "..."}'
HEADER: Final = "petoolbench"
_FIELDS: Final = ("instance_id", "prediction")
_FURTHER: Final = ("error", "input_tokens", "output_tokens", "dropped_steps")
"""What a run tells of a reply beside it; kept with the file, and not scored."""
_DISAGREEMENTS: Final = {
    "build_id": "the header's 'build_id' is {}, and the data set of this leaderboard is {}. Predict on that.",
    "split": "the header's 'split' is {}, and the file is handed in for {}. Choose the other split, or another file.",
    "history": "the header's 'history' is {}, and the form says {}. Say in the form what the system was shown.",
}


class LineError(ValueError):
    """What is wrong with a line."""


def record_of(line: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        LineError: If it holds none.
    """
    if b"\0" in line:
        raise LineError("holds a NUL byte. The file is no text, or damaged.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise LineError(f"not UTF-8, from its byte {error.start + 1} on") from None
    if not text.strip():
        raise LineError("empty")
    try:
        record = _decoder.decode(text)
    except RecursionError:
        raise LineError(f"nested too deep. Expected is {EXPECTED}.") from None
    except LineError:
        raise
    except ValueError:
        raise LineError(f"no JSON. Expected is {EXPECTED}.") from None
    if not isinstance(record, dict):
        raise LineError(f"a JSON {_JSON_NAMES[type(record)]}. Expected is {EXPECTED}.")
    return record


def pair_of(record: Mapping[str, Any]) -> tuple[str, str]:
    """Instance id and prediction of a line's object.

    Raises:
        LineError: If it has other keys than it may have, or another kind of value.
    """
    for name in _FIELDS:
        if name not in record:
            raise LineError(f"lacks {name!r}. Expected is {EXPECTED}.")
        if not isinstance(record[name], str):
            advice = ' Use "" where a model gave none.' if name == "prediction" else ""
            raise LineError(f"{name!r} is a JSON {_JSON_NAMES[type(record[name])]}, not a string.{advice}")
    if len(record) > len(_FIELDS):
        _check_further(record)
    return _encodable(record["instance_id"]), _encodable(record["prediction"])


def disagreements(header: object, wanted: Mapping[str, object]) -> Iterator[str]:
    """Where a header says something else; what it leaves out it agrees with.

    Args:
        header: The value of the key `HEADER`.
        wanted: By `build_id`, `split` and `history`; None where anything will do.

    Raises:
        LineError: If the header is no object.
    """
    if not isinstance(header, dict):
        raise LineError(f"{HEADER!r} is a JSON {_JSON_NAMES[type(header)]}, not an object.")
    for name, value in wanted.items():
        if value is not None and name in header and header[name] != value:
            yield _DISAGREEMENTS[name].format(_quoted_json(header[name]), repr(value))


def quoted(text: str) -> str:
    """Text of a stranger's as ASCII, shortened, so that it can do nothing where it is shown."""
    return ascii(text if len(text) <= 80 else f"{text[:80]}...")


def _check_further(record: Mapping[str, Any]) -> None:
    unknown = [name for name in record if name not in _FIELDS and name not in _FURTHER]
    if unknown:
        allowed = [repr(name) for name in (*_FIELDS, *_FURTHER)]
        raise LineError(
            f"has further keys: {', '.join(map(quoted, unknown[:5]))}. "
            f"Allowed are {', '.join(allowed[:-1])} and {allowed[-1]}."
        )
    for name in _FURTHER:
        value = record.get(name)
        if value is None:  # nothing is said
            continue
        if name == "error":
            if not isinstance(value, str):
                raise LineError(f"{name!r} is a JSON {_JSON_NAMES[type(value)]}, not a string.")
        elif type(value) is not int or value < 0:
            raise LineError(f"{name!r} is {_quoted_json(value)}, not a whole number from 0 on.")


def _encodable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise LineError("holds half of a surrogate pair, which no text has") from None
    return text


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise LineError(f"has the key {quoted(twice)} twice. Keep one of them.")
    return found


def _no_constant(text: str) -> None:
    raise LineError(f"holds {text}, which is no JSON")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
_JSON_NAMES: Final = {
    dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


def _quoted_json(value: object) -> str:
    """A value of a stranger's, as `quoted` shows its text."""
    if isinstance(value, (dict, list)):
        return f"a JSON {_JSON_NAMES[type(value)]}"
    return quoted(value) if isinstance(value, str) else json.dumps(value)[:80]
