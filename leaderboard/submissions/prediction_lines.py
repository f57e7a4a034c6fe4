"""Parse a single line of a predictions file: a prediction or a header.

A header is a JSON object whose only key is `petoolbench`. It describes the run that made the predictions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

EXPECTED: Final = 'one JSON object per line, {"instance_id": "...", "prediction": "..."}'
HEADER: Final = "petoolbench"
_FIELDS: Final = ("instance_id", "prediction")
_COUNTS: Final = ("input_tokens", "output_tokens", "dropped_steps", "repeat", "memory_tokens")
_TEXTS: Final = ("error", "finish_reason", "reasoning", "refusal", "content")
_OPTIONAL: Final = (*_TEXTS, *_COUNTS)
"""Keys that a run may add to a prediction. They are stored with the file and not scored."""
_DISAGREEMENTS: Final = {
    "data_revision": "the header's 'data_revision' is {}, but that of the leaderboard is {}. Predict on its data set.",
    "split": "the header's 'split' is {}, but the file is submitted for {}. Choose the other split, or another file.",
    "history": "the header's 'history' is {}, but the form says {}. State in the form which history was shown.",
}


MOST_REPEATS: Final = 100
"""Maximum number of replies to each instance."""
_CUT: Final = "length"
_FILTERED: Final = "content_filter"
"""Finish reasons in a run file for a reply that was cut at the limit of output tokens, or withheld by a filter."""


class LineError(ValueError):
    """Malformed line; the message describes the problem."""


class PredictionLine(NamedTuple):
    """Prediction of a line, and what the line states about the reply."""

    instance_id: str
    prediction: str
    repeat: int = 1
    """Number of the reply among those to the same instance, from 1."""
    states_end: bool = False
    """True if the line states how the reply ended."""
    is_cut: bool = False
    """True if the reply was cut at the limit of output tokens."""
    is_refused: bool = False
    """True if the model refused or a content filter withheld the reply."""


def record_of(line: bytes) -> dict[str, Any]:
    """Return the JSON object in a line.

    Raises:
        LineError: If the line does not hold exactly one JSON object.
    """
    if b"\0" in line:
        raise LineError("holds a NUL byte. The file is not text, or it is damaged.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise LineError(f"not UTF-8 from byte {error.start + 1} on") from None
    if not text.strip():
        raise LineError("empty")
    try:
        record = _decoder.decode(text)
    except RecursionError:
        raise LineError(f"nested too deeply. Expected {EXPECTED}.") from None
    except LineError:
        raise
    except ValueError:
        raise LineError(f"not valid JSON. Expected {EXPECTED}.") from None
    if not isinstance(record, dict):
        raise LineError(f"a JSON {_JSON_NAMES[type(record)]}. Expected {EXPECTED}.")
    return record


def line_of(record: Mapping[str, Any]) -> PredictionLine:
    """Return the prediction of a line.

    Raises:
        LineError: If a required key is missing, a key is unknown, or a value has the wrong type.
    """
    for name in _FIELDS:
        if name not in record:
            raise LineError(f"lacks {name!r}. Expected {EXPECTED}.")
        if not isinstance(record[name], str):
            advice = ' Use "" where the model gave no reply.' if name == "prediction" else ""
            raise LineError(f"{name!r} is a JSON {_JSON_NAMES[type(record[name])]}, not a string.{advice}")
    instance_id, prediction = _encodable(record["instance_id"]), _encodable(record["prediction"])
    if len(record) == len(_FIELDS):
        return PredictionLine(instance_id, prediction)
    _check_keys(record)
    _check_optional_values(record)
    reason, refusal, repeat = record.get("finish_reason"), record.get("refusal"), record.get("repeat")
    return PredictionLine(
        instance_id,
        prediction,
        1 if repeat is None else repeat,
        states_end=reason is not None or refusal is not None or record.get("error") is not None,
        is_cut=reason == _CUT,
        is_refused=refusal is not None or reason == _FILTERED,
    )


def disagreements(header: object, wanted: Mapping[str, object]) -> Iterator[str]:
    """Yield a message for each header field that contradicts the submission; absent fields are accepted.

    Args:
        header: Value of the key `HEADER`.
        wanted: Required values of `data_revision`, `split` and `history`; None accepts any value.

    Raises:
        LineError: If the header is not a JSON object.
    """
    if not isinstance(header, dict):
        raise LineError(f"{HEADER!r} is a JSON {_JSON_NAMES[type(header)]}, not an object.")
    settings = header.get("settings")
    fields = {**header, **settings} if isinstance(settings, dict) else header
    for name, value in wanted.items():
        # An empty value is that of a run on rows that were passed in, which names no data set.
        if value is not None and fields.get(name, "") != "" and fields[name] != value:
            yield _DISAGREEMENTS[name].format(_quoted_json(fields[name]), repr(value))


def quoted(text: str) -> str:
    """Return untrusted text quoted as ASCII and cut to 80 characters, so that it is safe to display."""
    return ascii(text if len(text) <= 80 else f"{text[:80]}...")


def _check_keys(record: Mapping[str, Any]) -> None:
    unknown = [name for name in record if name not in _FIELDS and name not in _OPTIONAL]
    if unknown:
        allowed = [repr(name) for name in (*_FIELDS, *_OPTIONAL)]
        raise LineError(
            f"has unknown keys: {', '.join(map(quoted, unknown[:5]))}. "
            f"Allowed keys: {', '.join(allowed[:-1])} and {allowed[-1]}."
        )


def _check_optional_values(record: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        text = record.get(name)
        if text is not None and not isinstance(text, str):
            raise LineError(f"{name!r} is a JSON {_JSON_NAMES[type(text)]}, not a string.")
    for name in _COUNTS:
        count = record.get(name)
        if count is not None and (type(count) is not int or count < 0):
            raise LineError(f"{name!r} is {_quoted_json(count)}, not a non-negative integer.")
    repeat = record.get("repeat")
    if repeat is not None and not 1 <= repeat <= MOST_REPEATS:
        raise LineError(f"'repeat' is {repeat}, not an integer from 1 to {MOST_REPEATS}.")


def _encodable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise LineError("holds an unpaired surrogate, which is not valid Unicode") from None
    return text


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        duplicate = next(name for name, count in counts.items() if count > 1)
        raise LineError(f"has the key {quoted(duplicate)} twice. Keep one of them.")
    return record


def _refuse_constant(text: str) -> None:
    raise LineError(f"holds {text}, which is not valid JSON")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
_JSON_NAMES: Final = {
    dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


def _quoted_json(value: object) -> str:
    """Return an untrusted JSON value in a form that is safe to display, see `quoted`."""
    if isinstance(value, (dict, list)):
        return f"a JSON {_JSON_NAMES[type(value)]}"
    return quoted(value) if isinstance(value, str) else json.dumps(value)[:80]
