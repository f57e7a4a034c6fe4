"""Conversion of a released row to an instance of each config, and back.

The three prompts of a released row share query, candidates and answer. Fields of an instance that a released row does
not specify are null or empty.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc, ToolRow
from metrics.petoolbench.errors import MetricError

from .released_parameters import LISTS, lists_of, schema_of
from .released_prompts import Prompt, UnparsedError, read_prompt

PROMPT_KEYS: Final[Mapping[str, str]] = dict(
    zip(HISTORY_TYPES, ("instruction_preferred", "instruction_ratings", "instruction_chronological"), strict=True)
)
"""Key of the released prompt for each config."""
ENTRY: Final = "entry-"
"""Prefix of the `user_id` of a row with an `entry_id`; the id follows."""
CHARACTERS_A_TOKEN: Final = 4
"""Assumed number of characters per token."""
_TOOL_NAME: Final = re.compile(r"<(?P<category>.*?)>\.<(?P<provider>.*?)>\.<(?P<operation>.*)>", re.DOTALL)
_NO_PARAMETERS: Final = json.dumps({"type": "object", "properties": {}, "required": []})


class ToolName(NamedTuple):
    """Parts of a released tool's name."""

    category: str
    provider: str
    operation: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Parsed released row."""

    number: int
    """Number of the row over all files, from 1; rows that cannot be parsed are counted."""
    entry_id: str | None
    """None in the later form of the files."""
    query: str
    prompts: Mapping[str, Prompt]
    """Parsed prompts by config."""
    texts: Mapping[str, str]
    """Texts of the released prompts, by config."""
    answer: AnswerRow
    functionality: str
    """Empty in the later form, which does not specify it."""
    same_function: list[str] | None
    """Sorted names of the candidates with the requested functionality; None in the later form."""


def name_parts(name: str) -> ToolName:
    """Split a tool's name into its parts.

    Raises:
        UnparsedError: If the name does not have the form of a released tool's name.
    """
    match = _TOOL_NAME.fullmatch(name)
    if match is None:
        raise UnparsedError(f"the tool's name {name!r} does not have the form <category>.<provider>.<operation>")
    return ToolName(**match.groupdict())


def read_entry(record: object, number: int) -> Entry:
    """Parse a released row, in the early or the later form.

    Args:
        record: JSON value of the row.
        number: Number of the row over all files, from 1.

    Raises:
        UnparsedError: If the row is malformed.
    """
    if not isinstance(record, dict):
        raise UnparsedError(f"it is a JSON {type(record).__name__}, not an object")
    texts = _prompt_texts(record)
    prompts = {config: _read_prompt(config, text) for config, text in texts.items()}
    candidates = _shared_candidates(record, prompts)
    answer = _read_answer(record["api_call_ground_truth"])
    functionality, same = _same_function(record, [tool["tool_name"] for tool in candidates])
    if same is not None and answer.name not in same:
        raise UnparsedError(f"apis_same_func lacks the answer {answer.name!r}")
    entry_id = record.get("entry_id")
    return Entry(
        number,
        None if entry_id is None else str(entry_id),
        record["query"],
        prompts,
        texts,
        answer,
        functionality,
        same,
    )


def _prompt_texts(record: Mapping[str, Any]) -> dict[str, str]:
    """Check the keys and texts of a row, and return the texts of its prompts by config."""
    missing = [key for key in ("query", *PROMPT_KEYS.values(), "api_call_ground_truth") if key not in record]
    if missing:
        raise UnparsedError(f"it lacks {', '.join(map(repr, missing))}")
    texts = {config: record[key] for config, key in PROMPT_KEYS.items()}
    for key, value in {"query": record["query"], **texts}.items():
        _check_text(value, PROMPT_KEYS.get(key, key))
    return texts


def _read_prompt(config: str, text: str) -> Prompt:
    try:
        return read_prompt(text)
    except UnparsedError as error:
        raise UnparsedError(f"{PROMPT_KEYS[config]}: {error}") from error


def to_instances(entry: Entry, build_id: str) -> dict[str, Instance]:
    """Convert a released row to instances, by config.

    Args:
        entry: A released row.
        build_id: Part of each instance id.

    Raises:
        UnparsedError: If a tool or an interaction is malformed, or the answer is not a candidate.
    """
    candidates = [_tool_doc(tool) for tool in entry.prompts[HISTORY_TYPES[0]].candidates]
    rows = {}
    for config, prompt in entry.prompts.items():
        history = [_interaction(step, rated=config == "rating_integrated") for step in prompt.history]
        if not history:
            raise UnparsedError(f"{PROMPT_KEYS[config]}: the history is empty")
        rows[config] = Instance(
            instance_id=f"{config}-{build_id}-{entry.number:06d}",
            user_id=f"{ENTRY}{entry.entry_id}" if entry.entry_id is not None else f"row-{entry.number:06d}",
            query_group=f"query-{sha256(entry.query.encode()).hexdigest()[:12]}",
            category=name_parts(entry.answer.name).category,
            functionality=entry.functionality,
            instruction=entry.query,
            today=None,
            history=history,
            history_tools=_history_tools(history, candidates),
            candidates=candidates,
            answer=entry.answer,
            evidence=[],
            meta=MetaRow(n_tokens=tokens(entry.texts[config]), same_function=entry.same_function),
        )
    try:
        references(rows.values())
    except MetricError as error:
        raise UnparsedError(f"it cannot be scored: {error}") from error
    return rows


def tokens(prompt: str) -> int:
    """Return the length of a prompt in tokens, at four characters per token, rounded up."""
    return -(-len(prompt) // CHARACTERS_A_TOKEN)


def number_of(instance: Instance) -> int:
    """Return the number of the released row over all files, from 1."""
    return int(instance.instance_id.rpartition("-")[2])


def released_history(instance: Instance) -> list[dict[str, Any]]:
    """Return the history exactly as the JSON list in the published prompt contains it."""
    steps = []
    for step in instance.history:
        call = {"tool_name": step.name, "parameters": json.loads(step.arguments)}
        shown: dict[str, Any] = {"instruction": step.instruction, "tool_call": call}
        steps.append(shown if step.rating is None else {**shown, "rating": step.rating})
    return steps


def released_candidates(instance: Instance) -> list[dict[str, Any]]:
    """Return the candidates as they are in the JSON list of the released prompt."""
    return [
        {"tool_name": tool.name, "tool_description": tool.description, **lists_of(json.loads(tool.parameters))}
        for tool in instance.candidates
    ]


def catalogue(rows: Iterable[Instance]) -> list[ToolRow]:
    """Return all tools in the rows, sorted by name; tools that are never a candidate have no documentation."""
    documented: dict[str, ToolDoc] = {}
    functionality: dict[str, str] = {}
    for row in rows:
        for tool in (*row.candidates, *row.history_tools):
            known = documented.get(tool.name)
            if known is None or (not known.description and known.parameters == _NO_PARAMETERS):
                documented[tool.name] = tool
        for name in (row.meta.same_function if row.meta else None) or []:
            functionality.setdefault(name, row.functionality)
    return [
        ToolRow(
            name=name,
            provider=tool.provider,
            category=name_parts(name).category,
            functionality=functionality.get(name),
            description=tool.description,
            listing=tool.listing,
            parameters=tool.parameters,
            facts=[],
        )
        for name, tool in sorted(documented.items())
    ]


def _check_text(value: object, key: str) -> None:
    if not isinstance(value, str):
        raise UnparsedError(f"{key!r} is a JSON {type(value).__name__}, not a string")
    _check_utf8(value, key)


def _check_utf8(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnparsedError(f"{what!r} contains an unpaired surrogate") from error


def _shared_candidates(record: Mapping[str, Any], prompts: Mapping[str, Prompt]) -> list[dict[str, Any]]:
    """Return the candidates, after a check that all keys of the row agree on them."""
    first = prompts[HISTORY_TYPES[0]].candidates
    for config, prompt in prompts.items():
        if prompt.candidates != first:
            raise UnparsedError(
                f"the candidates of {PROMPT_KEYS[config]} differ from those of {PROMPT_KEYS[HISTORY_TYPES[0]]}"
            )
    if "apis_candidate" in record and _loaded(record["apis_candidate"], "apis_candidate") != first:
        raise UnparsedError("apis_candidate differs from the candidates of the prompts")
    for tool in first:
        if not isinstance(tool, dict) or not isinstance(tool.get("tool_name"), str):
            raise UnparsedError("a candidate has no tool_name")
    return first


def _loaded(value: object, key: str) -> Any:
    """Parse a value that may be given as JSON or Python source; return other values unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise UnparsedError(f"{key!r} is neither valid JSON nor a Python literal") from error


def _read_answer(value: object) -> AnswerRow:
    call = _loaded(value, "api_call_ground_truth")
    if not isinstance(call, dict):
        raise UnparsedError(f"'api_call_ground_truth' is a {type(call).__name__}, not an object")
    return AnswerRow(*_call(call, "api_call_ground_truth"))


def _call(call: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Return the name and the arguments, as JSON, of a released tool call."""
    name, parameters = call.get("tool_name"), call.get("parameters")
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise UnparsedError(f"{where} is not a tool call with 'tool_name' and 'parameters'")
    name_parts(name)
    return name, _json(parameters)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    _check_utf8(text, "a tool call or schema")
    return text


def _same_function(record: Mapping[str, Any], candidates: Sequence[str]) -> tuple[str, list[str] | None]:
    """Return the functionality and the candidates with it; an empty text and None if the row does not specify them."""
    if "apis_same_func" not in record:
        return "", None
    tools = _loaded(record["apis_same_func"], "apis_same_func")
    try:
        same = {f"<{tool['category_name']}>.<{tool['tool_name']}>.<{tool['api_name']}>" for tool in tools}
    except (TypeError, KeyError) as error:
        raise UnparsedError("apis_same_func is not a list of tools") from error
    return f"func-{record.get('func', '')}", sorted(same.intersection(candidates))


def _interaction(step: object, *, rated: bool) -> InteractionRow:
    call = step.get("tool_call") if isinstance(step, dict) else None
    if not isinstance(step, dict) or not isinstance(step.get("instruction"), str) or not isinstance(call, dict):
        raise UnparsedError("an interaction of the history has no 'instruction' and 'tool_call'")
    rating = step.get("rating")
    if rated != (rating is not None) or (rated and (type(rating) is not int or rating not in (0, 1))):
        raise UnparsedError(f"an interaction has the rating {rating!r}; ratings are 0 and 1, in instruction_ratings")
    _check_utf8(step["instruction"], "an instruction of the history")
    return InteractionRow(step["instruction"], *_call(call, "an interaction's call"), rating)


def _history_tools(history: Sequence[InteractionRow], candidates: Sequence[ToolDoc]) -> list[ToolDoc]:
    """Return the tools of a history; only those that are also candidates have documentation."""
    documented = {tool.name: tool for tool in candidates}
    names = sorted({step.name for step in history})
    return [documented.get(name) or ToolDoc(name, name_parts(name).provider, "", "", _NO_PARAMETERS) for name in names]


def _is_named(parameter: object) -> bool:
    return isinstance(parameter, dict) and isinstance(parameter.get("name"), str)


def _tool_doc(tool: Mapping[str, Any]) -> ToolDoc:
    name, description = tool["tool_name"], tool.get("tool_description")
    lists = {key: tool.get(key) for key in LISTS}
    if not isinstance(description, str) or not all(isinstance(value, list) for value in lists.values()):
        raise UnparsedError(f"the candidate {name!r} lacks a description or a list of parameters")
    if not all(_is_named(parameter) for value in lists.values() for parameter in value or []):
        raise UnparsedError(f"a parameter of the candidate {name!r} has no name")
    _check_utf8(f"{name}{description}", "a candidate")
    return ToolDoc(name, name_parts(name).provider, description, "", _json(schema_of(lists)))
