"""Single source of truth for what a row is.

The dataclasses below are the rows. Their Arrow schema and the `dataset_info` of the card, which `datasets` reads its
features from, are derived from them, so that they cannot drift apart. `arguments` and `parameters` are JSON text:
the one form of free-shaped values that every version of `datasets` reads.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

import pyarrow as pa

HISTORY_TYPES: Final = ("preferred_only", "rating_integrated", "chronological")
"""The three configs of instances, the first being the default one."""

Int32 = Annotated[int, "int32"]
Float32 = Annotated[float, "float32"]


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """One past instruction with the tool call that served it."""

    instruction: str
    name: str
    """Name of the tool that was called; documented in the row's `history_tools`."""
    arguments: str
    """JSON object."""
    rating: Int32 | None
    """1 liked, 0 disliked, None in the configs without ratings."""


@dataclass(frozen=True, slots=True)
class ToolDoc:
    """A tool as a model is shown it."""

    name: str
    provider: str
    description: str
    parameters: str
    """JSON Schema object, as JSON."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The tool call that this user would want."""

    name: str
    arguments: str
    """JSON object."""


@dataclass(frozen=True, slots=True)
class MetaRow:
    """How the instance was made; None in the public test split, but for `n_tokens`."""

    axes: list[str] | None
    """Axes that the user's preference weighs, the heaviest first."""
    drift_step: Int32 | None
    """Index of the first history step under the current preference; None where nothing changes."""
    noise: Float32 | None
    """Share of ratings that were flipped, 0 to 1."""
    distractor_level: str | None
    n_tokens: Int32 | None
    """Tokens of the row's text, by the tokenizer that the manifest names."""
    same_function: list[str] | None
    """Names of the candidates that do the job, sorted."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One row of `preferred_only`, `rating_integrated` or `chronological`."""

    instance_id: str
    user_id: str
    query_group: str
    category: str
    functionality: str
    instruction: str
    history: list[InteractionRow]
    history_tools: list[ToolDoc]
    candidates: list[ToolDoc]
    answer: AnswerRow | None
    evidence: list[Int32]
    """Indexes of the history steps that support the answer; empty in the public test split."""
    meta: MetaRow | None


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """One non-functional property of a tool."""

    axis: str
    value: str
    evidence: str
    """The words of the tool's documentation that it was read from."""


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One row of `tools`, the catalogue itself."""

    name: str
    provider: str
    category: str
    functionality: str | None
    """None for a tool that stands in no functionality group: it serves as a distractor."""
    description: str
    parameters: str
    """JSON Schema object, as JSON."""
    attributes: list[AttributeRow]


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """One row of the private answers of the test split; everything that the public row leaves out."""

    instance_id: str
    query_group: str
    answer: AnswerRow
    evidence: list[Int32]
    meta: MetaRow


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of a chat."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


@dataclass(frozen=True, slots=True)
class SftRow:
    """One row of `sft`: a train instance as the chat that ends in the answer's call."""

    instance_id: str
    config: str
    """History type of the instance."""
    query_group: str
    messages: list[MessageRow]


@dataclass(frozen=True, slots=True)
class DpoRow:
    """One row of `dpo`: a train instance with the answer's call and one that is wrong."""

    instance_id: str
    config: str
    """History type of the instance."""
    query_group: str
    kind: str
    """What is wrong with the rejected call; one of `DPO_KINDS`."""
    prompt: list[MessageRow]
    chosen: list[MessageRow]
    rejected: list[MessageRow]


DPO_KINDS: Final = (
    "same_function",
    "disliked",
    "stale",
    "wrong_argument",
    "wrong_functionality",
    "wrong_format",
)
"""What can be wrong with a rejected reply: a tool for the job that is not the preferred one; the one of them that the
disliked calls are for; the one that was wanted before the preference changed; the value of an argument; a tool for
another job; the right call in a form that cannot be read."""

ROWS: Final[dict[str, type]] = {
    **dict.fromkeys(HISTORY_TYPES, Instance),
    "tools": ToolRow,
    "sft": SftRow,
    "dpo": DpoRow,
}
"""Row class of each public config."""

_SCALARS: Final = {str: "string", "int32": "int32", "float32": "float32"}


def _resolve(hint: Any) -> Any:
    """Take `None` out of an optional hint; everything may be null in Arrow."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(arm for arm in typing.get_args(hint) if arm is not types.NoneType)
    return hint


@cache
def fields_of(row: type) -> dict[str, Any]:
    """Type of each column of a row class, by name; everything may be null."""
    hints = typing.get_type_hints(row, include_extras=True)
    return {field.name: _resolve(hints[field.name]) for field in dataclasses.fields(row)}


def _scalar(hint: Any) -> str:
    return _SCALARS[hint.__metadata__[0] if typing.get_origin(hint) is Annotated else hint]


def _arrow_type(hint: Any) -> pa.DataType:
    if typing.get_origin(hint) is list:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if dataclasses.is_dataclass(hint):
        return pa.struct([(name, _arrow_type(inner)) for name, inner in fields_of(typing.cast("type", hint)).items()])
    return pa.type_for_alias(_scalar(hint))


def arrow_schema(row: type) -> pa.Schema:
    """Arrow schema of a row class, without metadata.

    Parquet that carries the feature types of `datasets` 4 cannot be read by 2.x and 3.x, so there is none: the
    features stand in the card.
    """
    return pa.schema([(name, _arrow_type(hint)) for name, hint in fields_of(row).items()])


def _feature_spec(hint: Any) -> dict[str, Any]:
    if typing.get_origin(hint) is list:
        inner = _feature_spec(typing.get_args(hint)[0])
        # `sequence` of a scalar and `list` of a struct are the two spellings that every version of datasets reads.
        return {"sequence": inner["dtype"]} if "dtype" in inner else {"list": inner["struct"]}
    if dataclasses.is_dataclass(hint):
        return {"struct": feature_specs(typing.cast("type", hint))}
    return {"dtype": _scalar(hint)}


def feature_specs(row: type) -> list[dict[str, Any]]:
    """Features of a row class in the form of a card's `dataset_info.features`."""
    return [{"name": name, **_feature_spec(hint)} for name, hint in fields_of(row).items()]


def to_dict(row: Any) -> dict[str, Any]:
    """Plain dict of a row, nested as the row is."""
    return {name: _plain(getattr(row, name)) for name in row.__slots__}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return [_plain(item) for item in value] if isinstance(value, list) else to_dict(value)
