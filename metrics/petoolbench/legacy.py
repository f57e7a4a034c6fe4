"""The rule of the earlier benchmark's released scorer, with its faults, for comparison with published results.

The rule takes the first match of a regular expression (`RULE`) in the prediction, parses it as JSON, and compares the
name and the parameters separately with `==`. So parameters count even if the tool is wrong. Predictions on which the
released scorer crashes count as wrong here.

The match is found without the regular expression: its backtracking takes minutes on predictions with many unclosed
calls.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from .unicode_text import normalized

RULE: Final = r'\{.*"tool_name":\s*".*?",\s*"parameters":\s*\{.*?\}\}'
"""The released regular expression, used without DOTALL."""
_NAME: Final = re.compile(r'"tool_name":\s*"')
_LINE_END: Final = re.compile("\n")
_CLOSING: Final = re.compile(r"\}(?=\})")
_PARAMETERS: Final = re.compile(r'",\s*"parameters":\s*\{')


class LegacyVerdict(NamedTuple):
    """Verdict of the released scorer on one prediction."""

    readable: bool
    """True if the prediction contains a call."""
    tool: bool
    """True if the tool is correct."""
    parameters: bool
    """True if the parameters are correct."""


class _Tail(NamedTuple):
    """Match of the end of the rule, from `", "parameters": {` to the next `}}` on the same line."""

    start: int
    end: int


def legacy_judge(prediction: str, name: str, arguments: Mapping[str, Any]) -> LegacyVerdict:
    """Judge a prediction by the released rule.

    Args:
        prediction: Raw text of the model's reply.
        name: Name of the correct tool.
        arguments: The correct arguments.

    Returns:
        The verdict of that rule.
    """
    match = first_match(normalized("NFKC", prediction))
    try:
        call = json.loads(match) if match is not None else None
    except (ValueError, RecursionError):
        call = None
    if not isinstance(call, dict) or "tool_name" not in call or "parameters" not in call:
        return LegacyVerdict(False, False, False)
    return LegacyVerdict(True, call["tool_name"] == name, call["parameters"] == arguments)


def first_match(text: str) -> str | None:
    """Return the match of `re.search(RULE, text)`, or None.

    The time is O(n log n) in the length of the text.

    Args:
        text: Any text.
    """
    line_ends = [match.start() for match in _LINE_END.finditer(text)] + [len(text)]
    tails = _tails(text, line_ends)
    starts = [tail.start for tail in tails]
    names = _NAME.finditer(text)
    for line_end, on_line in groupby(names, key=lambda name: _line_end(line_ends, name.start())):
        brace = text.find("{", text.rfind("\n", 0, line_end) + 1, line_end)
        # The rule is greedy: it starts at the first brace of the line and takes the last name that has a tail.
        for name in reversed([*on_line]):
            index = bisect_left(starts, name.end())
            if 0 <= brace < name.start() and index < len(tails) and starts[index] <= _line_end(line_ends, name.end()):
                return text[brace : tails[index].end]
    return None


def _line_end(line_ends: Sequence[int], position: int) -> int:
    """Return the end of the line that contains a position."""
    return line_ends[bisect_left(line_ends, position)]


def _tails(text: str, line_ends: Sequence[int]) -> list[_Tail]:
    closings = [match.start() for match in _CLOSING.finditer(text)]
    tails = []
    for match in _PARAMETERS.finditer(text):
        index = bisect_left(closings, match.end())
        if index < len(closings) and closings[index] < _line_end(line_ends, match.end()):
            tails.append(_Tail(match.start(), closings[index] + 2))
    return tails
