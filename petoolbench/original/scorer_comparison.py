"""Replies judged by our rule and by the earlier benchmark's released one, and why the two differ, reply by reply."""

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
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure, Reference, ToolCall, Verdict

NO_REPLY: Final = "no reply"
NOT_READ: Final = "not read"
_CREDIT: Final = {
    (True, True): "tool and arguments",
    (True, False): "tool only",
    (False, True): "arguments only",
    (False, False): "neither",
}
_SHOWN: Final = 3
"""Arguments that are named in an explanation; further ones are counted."""
_LONG: Final = 60
"""Longest value in an explanation, in characters."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Why two rules say different things of a reply."""

    kind: str
    """One of a few sentences, so that they can be counted."""
    detail: str = ""
    """What of this reply."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A reply under both rules."""

    instance_id: str
    ours: Verdict
    released: LegacyVerdict | None
    """None where there is no reply: the released scorer leaves the row out."""
    difference: Difference | None
    """None where both credit the same."""

    @property
    def released_class(self) -> str:
        """What the released rule credits."""
        if self.released is None:
            return NO_REPLY
        return _CREDIT[self.released.tool, self.released.parameters] if self.released.readable else NOT_READ


def compare_scorers(predictions: Mapping[str, str], references: Sequence[Reference]) -> list[Judged]:
    """Judge replies by both rules.

    Args:
        predictions: Replies by instance id.
        references: What was asked for; at least one.

    Raises:
        PredictionsError: As in `judge_all`.
    """
    found = []
    for reference, ours in zip(references, judge_all(predictions, references), strict=True):
        reply = predictions.get(reference.instance_id)
        if reply is None:
            found.append(Judged(reference.instance_id, ours, None, None))
            continue
        released = legacy_judge(reply, *reference.answer)
        same = (ours.tool_correct, ours.parameters_correct) == (released.tool, released.parameters)
        why = None if same else _difference(reply, reference, ours, released)
        found.append(Judged(reference.instance_id, ours, released, why))
    return found


def crossed(judged: Sequence[Judged]) -> Mapping[tuple[str, str], int]:
    """Number of replies by our class and what the released rule credits."""
    return Counter((one.ours.error_class, one.released_class) for one in judged)


def _difference(reply: str, reference: Reference, ours: Verdict, released: LegacyVerdict) -> Difference:
    text = unicodedata.normalize("NFKC", reply)
    match = first_match(text)
    call = parse(reply)
    if not released.readable or match is None:
        return _not_read(text, match)
    taken = json.loads(match)
    if isinstance(call, ParseFailure):
        return Difference(
            "the released rule takes the first thing that looks like a call; ours refuses it", call.reason
        )
    if not (call.name == taken["tool_name"] and identical(call.arguments, taken["parameters"])):
        other = parse(text)
        if isinstance(other, ToolCall) and identical([*other], [taken["tool_name"], taken["parameters"]]):
            return Difference("the released rule rewrites the reply by NFKC, and not the answer", _named(call, other))
        return Difference("the reply holds several calls: the released rule takes the first, ours the last")
    if ours.tool_correct != released.tool:
        return Difference("white space about the tool's name", repr(call.name))
    if not ours.tool_correct:
        return Difference("the released rule counts arguments of a wrong tool", repr(call.name))
    details = _detail(call.arguments, reference.answer.arguments)
    if released.parameters:
        return Difference("the released rule takes values of other types for equal, such as true and 1", details)
    return Difference("arguments that mean the same are written in another way", details)


def _not_read(text: str, match: str | None) -> Difference:
    """Why the released rule reads no call where there is one."""
    if match is None:
        return Difference(f"the released expression finds no call: {_why_no_match(text)}")
    try:
        json.loads(match)
    except ValueError:
        if match[: match.rfind('"tool_name"')].count("{") > 1:
            return Difference("the released expression begins at the first { of the line, which is not the call's")
        return Difference("the released expression ends at the first }}, which is within the arguments")
    return Difference("the call stands in another object, at which the released scorer stops")


def _why_no_match(text: str) -> str:
    return next((why for pattern, why in _CAUSES if re.search(pattern, text)), "no brace closes the call on its line")


_CAUSES: Final = (
    (r"""\A(?![\s\S]*["']tool_name["'])""", "the keys are not tool_name and parameters"),
    (r"'tool_name'", "single quotes"),
    (r'\A(?![\s\S]*"parameters")', "there are no parameters"),
    (r'"parameters"\s*:\s*"', "the arguments are JSON text"),
    (r'"parameters"\s*:\s*[^{\s]', "the parameters are no object"),
    (r'"parameters"[\s\S]*"tool_name"', "the keys are in the other order"),
    (r'"tool_name"\s+:|"parameters"\s+:', "white space before a colon"),
    (r'"tool_name":\s*"[^"\n]*",\s*"(?!parameters")', "a further key stands between the two"),
    (r'"parameters":\s*\{[^{}\n]*\},', "a further key stands behind the two"),
    (r"\n", "the call is written over several lines"),
    (r"\}\s+\}", "white space between the closing braces"),
)
"""Pattern of a reply in which the released expression finds nothing, with the reason; the first that applies."""


def _named(one: ToolCall, other: ToolCall) -> str:
    return f"{one.name!r} becomes {other.name!r}" if one.name != other.name else _detail(other.arguments, one.arguments)


def _detail(found: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    differences = list(_differences(found, expected))
    rest = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    return "; ".join(differences[:_SHOWN]) + rest


def _differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*found, *expected}):
        if name not in found:
            yield f"{name!r} is left out, where the answer has {_shown(expected[name])}"
        elif name not in expected:
            yield f"{name!r} is {_shown(found[name])}, where the answer leaves it out"
        elif not identical(found[name], expected[name]):
            yield f"{name!r} is {_shown(found[name])} for {_shown(expected[name])}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."
