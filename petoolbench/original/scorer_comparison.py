"""Comparison of our scorer with the released scorer of the earlier benchmark, with the cause of each difference."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metrics.petoolbench.aggregation import judge_all
from metrics.petoolbench.legacy import LegacyVerdict, first_match, legacy_judge
from metrics.petoolbench.matching import identical
from metrics.petoolbench.parsing import read
from metrics.petoolbench.records import ParseFailure, Reference, ToolCall, Verdict

NO_REPLY: Final = "no reply"
NOT_READ: Final = "not read"
_CREDIT: Final = {
    (True, True): "tool and arguments",
    (True, False): "tool only",
    (False, True): "arguments only",
    (False, False): "neither",
}
_MAX_ARGUMENTS: Final = 3
"""Number of arguments that an explanation names; the others are only counted."""
_MAX_LENGTH: Final = 60
"""Maximum length of a value in an explanation, in characters."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Explanation of a difference between the two scorers on a reply."""

    kind: str
    """Cause, one of a fixed set of sentences."""
    detail: str = ""
    """Details of this reply."""


@dataclass(frozen=True, slots=True)
class JudgedReply:
    """Verdicts of both scorers on a reply."""

    instance_id: str
    ours: Verdict
    released: LegacyVerdict | None
    """None if there is no reply: the released scorer skips such rows."""
    difference: Difference | None
    """None if both scorers give the same credit."""

    @property
    def released_class(self) -> str:
        """Credit of the released scorer, as text."""
        if self.released is None:
            return NO_REPLY
        return _CREDIT[self.released.tool, self.released.parameters] if self.released.readable else NOT_READ


def compare_scorers(predictions: Mapping[str, str], references: Sequence[Reference]) -> list[JudgedReply]:
    """Judge replies with both scorers.

    Args:
        predictions: Replies by instance id.
        references: References to score against; not empty.

    Returns:
        One verdict per reference, in the same order.

    Raises:
        PredictionsError: As in `judge_all`.
    """
    judged = []
    for reference, ours in zip(references, judge_all(predictions, references), strict=True):
        reply = predictions.get(reference.instance_id)
        if reply is None:
            judged.append(JudgedReply(reference.instance_id, ours, None, None))
            continue
        released = legacy_judge(reply, *reference.answer)
        same = (ours.tool_correct, ours.parameters_correct) == (released.tool, released.parameters)
        difference = None if same else _difference(reply, reference, ours, released)
        judged.append(JudgedReply(reference.instance_id, ours, released, difference))
    return judged


def cross_tabulate(judged: Sequence[JudgedReply]) -> Mapping[tuple[str, str], int]:
    """Count the replies by error class of PEToolBench and by result of the original PEToolLLM scorer.

    Returns:
        Number of replies by pair of error class and result of the original scorer.
    """
    return Counter((reply.ours.error_class, reply.released_class) for reply in judged)


def _difference(reply: str, reference: Reference, ours: Verdict, released: LegacyVerdict) -> Difference:
    text = unicodedata.normalize("NFKC", reply)
    match = first_match(text)
    call = read(reply, reference.candidates, exact_names=True).call
    if not released.readable or match is None:
        return _unreadable(text, match)
    released_call = json.loads(match)
    if isinstance(call, ParseFailure):
        return Difference(
            "the released scorer reads the first match of its expression; ours rejects the reply", call.reason
        )
    if not (call.name == released_call["tool_name"] and identical(call.arguments, released_call["parameters"])):
        return _other_call(text, call, released_call, reference)
    return _other_judgement(call, reference, ours, released)


def _other_call(text: str, call: ToolCall, released_call: Mapping[str, Any], reference: Reference) -> Difference:
    """Explain why the scorers read different calls from a reply; `text` is the reply normalized by NFKC."""
    normalized = read(text, reference.candidates, exact_names=True).call
    expected = [released_call["tool_name"], released_call["parameters"]]
    if isinstance(normalized, ToolCall) and identical([*normalized], expected):
        return Difference(
            "the released scorer applies NFKC to the reply, but not to the answer", _change(call, normalized)
        )
    return Difference("the reply contains several calls: the released scorer reads the first, ours the last")


def _other_judgement(call: ToolCall, reference: Reference, ours: Verdict, released: LegacyVerdict) -> Difference:
    """Explain why the scorers judge the same call differently."""
    if ours.tool_correct != released.tool:
        marks = "white space" if call.name.strip() == reference.answer.name else "marks"
        return Difference(f"{marks} around the tool's name", repr(call.name))
    if not ours.tool_correct:
        return Difference("the released scorer counts arguments of a wrong tool", repr(call.name))
    details = _details(call.arguments, reference.answer.arguments)
    if released.parameters:
        return Difference("the released scorer treats values of different types as equal, such as true and 1", details)
    return Difference("equivalent arguments are written differently", details)


def _unreadable(text: str, match: str | None) -> Difference:
    """Explain why the released scorer reads no call from a reply that contains one."""
    if match is None:
        return Difference(f"the released expression finds no call: {_cause_of_no_match(text)}")
    try:
        json.loads(match)
    except ValueError:
        if match[: match.rfind('"tool_name"')].count("{") > 1:
            return Difference("the released expression begins at the first { of the line, before the call")
        return Difference("the released expression ends at the first }}, within the arguments")
    return Difference("the call is inside another object, which the released scorer does not read")


def _cause_of_no_match(text: str) -> str:
    causes = (cause for pattern, cause in _CAUSES if re.search(pattern, text))
    return next(causes, "no brace closes the call on its line")


_CAUSES: Final = (
    (r"""\A(?![\s\S]*["']tool_name["'])""", "the keys are not tool_name and parameters"),
    (r"'tool_name'", "single quotes"),
    (r'\A(?![\s\S]*"parameters")', "there is no key parameters"),
    (r'"parameters"\s*:\s*"', "the arguments are a JSON string"),
    (r'"parameters"\s*:\s*[^{\s]', "the parameters are not an object"),
    (r'"parameters"[\s\S]*"tool_name"', "the keys are in reverse order"),
    (r'"tool_name"\s+:|"parameters"\s+:', "white space before a colon"),
    (r'"tool_name":\s*"[^"\n]*",\s*"(?!parameters")', "there is another key between the two"),
    (r'"parameters":\s*\{[^{}\n]*\},', "there is another key after the two"),
    (r"\n", "the call spans several lines"),
    (r"\}\s+\}", "white space between the closing braces"),
)
"""Patterns of replies that the released expression does not match, with the cause; the first match applies."""


def _change(call: ToolCall, normalized: ToolCall) -> str:
    if call.name != normalized.name:
        return f"{call.name!r} becomes {normalized.name!r}"
    return _details(normalized.arguments, call.arguments)


def _details(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    differences = list(_differences(actual, expected))
    rest = f"; and {len(differences) - _MAX_ARGUMENTS} more" if len(differences) > _MAX_ARGUMENTS else ""
    return "; ".join(differences[:_MAX_ARGUMENTS]) + rest


def _differences(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*actual, *expected}):
        if name not in actual:
            yield f"{name!r} is missing, expected {_cut(expected[name])}"
        elif name not in expected:
            yield f"{name!r} is {_cut(actual[name])}, expected to be missing"
        elif not identical(actual[name], expected[name]):
            yield f"{name!r} is {_cut(actual[name])}, expected {_cut(expected[name])}"


def _cut(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 3] + "..."
