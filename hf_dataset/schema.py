"""Schema of the rows: the single source of truth.

The dataclasses below are the rows. The Arrow schema, and the `dataset_info` of the card from which `datasets` reads the
features, are derived from them. `arguments` and `parameters` are JSON text: every version of `datasets` reads text, and
the structure of the JSON can differ between rows.
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
"""The configs of instances; the first one is the default config."""

Int32 = Annotated[int, "int32"]
Float32 = Annotated[float, "float32"]


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """A past instruction of the user, with the tool call that served it."""

    instruction: str
    name: str
    """Name of the called tool; its documentation is in `history_tools` of the row."""
    arguments: str
    """JSON object, as text."""
    rating: Int32 | None
    """1 for liked, 0 for disliked; None in the configs without ratings."""
    offered: list[str] = dataclasses.field(default_factory=list)
    """Names of the tools that were offered for the instruction, the called one included; empty if none are recorded."""
    date: str | None = None
    """Day of the call, such as `2026-03-01`; None where the order of the history means nothing."""


@dataclass(frozen=True, slots=True)
class ToolDoc:
    """Documentation of a tool, as shown to the model."""

    name: str
    provider: str
    description: str
    """Prose about what the tool does."""
    listing: str
    """Facts about the tool, such as its price and limits, in the provider's own layout; empty if they are in the
    description."""
    parameters: str
    """JSON Schema object, as text."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The tool call that this user would want."""

    name: str
    arguments: str
    """JSON object, as text."""
    alternatives: list[str] = dataclasses.field(default_factory=list)
    """Other arguments that are right too, such as a converted quantity that is rounded in another way; JSON objects."""


@dataclass(frozen=True, slots=True)
class WantedRow:
    """One part of what a user wants: a requirement, or an axis on which more or less is better."""

    axis: str
    bound: str | None
    """Requirement, such as `EU` or `at most 310 ms`; None for a part that is maximised."""
    direction: str | None
    """What is maximised, in words, such as `lower price` or `EU processing region`; None for a requirement."""
    weight: Float32 | None
    """Weight among the parts that are maximised; None for a requirement."""


@dataclass(frozen=True, slots=True)
class MetaRow:
    """Facts about how the instance was generated. In the public test split all are None, except `n_tokens`."""

    axes: list[str] | None = None
    """Axes of the user's preference, the most important first."""
    drift_step: Int32 | None = None
    """Index of the first history step under the current preference; None if it never changes."""
    noise: Float32 | None = None
    """Share of the ratings that were flipped, 0 to 1."""
    distractor_level: str | None = None
    """Source of the candidates that do another job."""
    n_tokens: Int32 | None = None
    """Number of tokens of the row's text, by the tokenizer that the manifest names."""
    same_function: list[str] | None = None
    """Names of the candidates that do the job, sorted."""
    kind: str | None = None
    """Kind of the preference: `single`, `joint`, `limit` or `trade`; None for a preference over attributes."""
    wanted: list[WantedRow] | None = None
    """What the user wants."""
    concerns: Int32 | None = None
    """Number of concerns of the user, each with a preference of its own."""
    step_concerns: list[Int32] | None = None
    """Concern of each history step; 0 is the concern of the instruction."""
    evidence: Int32 | None = None
    """Number of telling steps: each contradicts a rival preference that fits all other steps and picks another tool."""
    change: str | None = None
    """How it changes: `sudden`, `gradual`, `there and back`, `one priority` or `several`; None without a change."""
    arguments: list[str] | None = None
    """Kinds of arguments that do not stand in the instruction as they are, sorted: `code`, `date`, `enum`, `implicit`,
    `option`, `unit`."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A row of `preferred_only`, `rating_integrated` or `chronological`."""

    instance_id: str
    user_id: str
    query_group: str
    category: str
    functionality: str
    instruction: str
    today: str | None
    """Day of the instruction, such as `2026-11-29`; None if it has none."""
    history: list[InteractionRow]
    history_tools: list[ToolDoc]
    """Documentation of the tools that the history names, called or offered, sorted by name. A prompt leaves out those
    that are candidates."""
    candidates: list[ToolDoc]
    answer: AnswerRow | None
    evidence: list[Int32]
    """Indexes of the history steps that support the answer; empty in the public test split."""
    meta: MetaRow | None


@dataclass(frozen=True, slots=True)
class FactRow:
    """A non-functional property of a tool."""

    axis: str
    value: str
    """Level, category, or number in the unit."""
    unit: str
    """Unit of a number; empty for levels and categories."""
    stated: str
    """Words of the tool's documentation or listing that state the value."""


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A row of `tools`, the catalogue."""

    name: str
    provider: str
    category: str
    functionality: str | None
    """None for a tool without a functionality group, which is only used as a distractor."""
    description: str
    listing: str
    """Facts about the tool in the provider's own layout; empty if they are in the description."""
    parameters: str
    """JSON Schema object, as text."""
    facts: list[FactRow]


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """A row of the private answers of the test split: everything that the public row leaves out."""

    instance_id: str
    query_group: str
    answer: AnswerRow
    evidence: list[Int32]
    meta: MetaRow


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message of a chat."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


@dataclass(frozen=True, slots=True)
class SftRow:
    """A row of `sft`: a train instance as a chat that ends with the correct call."""

    instance_id: str
    config: str
    """History type of the instance."""
    query_group: str
    messages: list[MessageRow]


@dataclass(frozen=True, slots=True)
class DpoRow:
    """A row of `dpo`: a train instance with a reply with the correct call, and a wrong reply."""

    instance_id: str
    config: str
    """History type of the instance."""
    query_group: str
    kind: str
    """Error of the rejected reply; one of `DPO_KINDS`."""
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
"""Errors of rejected replies. A reply calls

* `same_function`: a tool for the job that is not the preferred one;
* `disliked`: the tool for the job that fits the disliked calls;
* `stale`: the tool for the job that was preferred before the preference changed;
* `wrong_argument`: the preferred tool with a wrong value of an argument;
* `wrong_functionality`: a tool for another job;
* `wrong_format`: the correct call in an unreadable format.
"""

ROWS: Final[dict[str, type]] = {
    **dict.fromkeys(HISTORY_TYPES, Instance),
    "tools": ToolRow,
    "sft": SftRow,
    "dpo": DpoRow,
}
"""Row class of each public config."""

_SCALARS: Final = {str: "string", "int32": "int32", "float32": "float32"}


def _resolve(hint: Any) -> Any:
    """Remove `None` from an optional type hint; every column is nullable in Arrow."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(arm for arm in typing.get_args(hint) if arm is not types.NoneType)
    return hint


@cache
def fields_of(row: type) -> dict[str, Any]:
    """Return the type hint of each column of a row class, by name, without `None`."""
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
    """Return the Arrow schema of a row class, without metadata.

    Versions 2 and 3 of `datasets` cannot read Parquet files with the feature types of version 4. So the features are
    stored in the card instead.
    """
    return pa.schema([(name, _arrow_type(hint)) for name, hint in fields_of(row).items()])


def _feature_spec(hint: Any) -> dict[str, Any]:
    if typing.get_origin(hint) is list:
        inner = _feature_spec(typing.get_args(hint)[0])
        # Every version of `datasets` reads `sequence` of a scalar and `list` of a struct.
        return {"sequence": inner["dtype"]} if "dtype" in inner else {"list": inner["struct"]}
    if dataclasses.is_dataclass(hint):
        return {"struct": feature_specs(typing.cast("type", hint))}
    return {"dtype": _scalar(hint)}


def feature_specs(row: type) -> list[dict[str, Any]]:
    """Return the features of a row class, in the format of `dataset_info.features` of a card."""
    return [{"name": name, **_feature_spec(hint)} for name, hint in fields_of(row).items()]


def to_dict(row: Any) -> dict[str, Any]:
    """Return a row as nested dicts and lists."""
    return {name: _plain(getattr(row, name)) for name in row.__slots__}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return [_plain(item) for item in value] if isinstance(value, list) else to_dict(value)
