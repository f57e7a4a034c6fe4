"""The rule of the earlier benchmark's released scorer, faults included, for numbers that compare with its own.

It takes the first match of a regular expression in the reply (`RULE`), parses it and compares name and parameters with
`==`, each by itself, so that arguments count although the tool is wrong. Found here without backtracking: the released
expression takes minutes on replies with many calls that are never closed. What made the released scorer crash is wrong.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

RULE: Final = r'\{.*"tool_name":\s*".*?",\s*"parameters":\s*\{.*?\}\}'
"""The released expression, without DOTALL."""
_NAME: Final = re.compile(r'"tool_name":\s*"')
_LINE_END: Final = re.compile("\n")
_CLOSING: Final = re.compile(r"\}(?=\})")
_PARAMETERS: Final = re.compile(r'",\s*"parameters":\s*\{')


class LegacyVerdict(NamedTuple):
    """What the released scorer would say."""

    readable: bool
    tool: bool
    parameters: bool


def legacy_judge(prediction: str, name: str, arguments: Mapping[str, Any]) -> LegacyVerdict:
    """Judge a reply by the released rule.

    Args:
        prediction: The reply.
        name: Name of the answer's tool.
        arguments: The answer's arguments.
    """
    found = first_match(unicodedata.normalize("NFKC", prediction))
    try:
        call = json.loads(found) if found is not None else None
    except (ValueError, RecursionError):
        call = None
    if not isinstance(call, dict) or "tool_name" not in call or "parameters" not in call:
        return LegacyVerdict(False, False, False)
    return LegacyVerdict(True, call["tool_name"] == name, call["parameters"] == arguments)


def first_match(text: str) -> str | None:
    """What `re.search(RULE, text)` finds, in time linear in the length of the text but for a logarithm.

    Args:
        text: Any text.
    """
    lines = [found.start() for found in _LINE_END.finditer(text)] + [len(text)]
    closings = [found.start() for found in _CLOSING.finditer(text)]

    def line_end(position: int) -> int:
        return lines[bisect_left(lines, position)]

    # Ends of the rule: `", "parameters": {` with a `}}` behind it on the line of that `{`.
    ends = []
    for found in _PARAMETERS.finditer(text):
        index = bisect_left(closings, found.end())
        if index < len(closings) and closings[index] < line_end(found.end()):
            ends.append((found.start(), closings[index] + 2))
    starts = [start for start, _ in ends]
    names = list(_NAME.finditer(text))
    position = 0
    while position < len(names):
        # All names of one line: the rule is greedy, so the last one that fits is taken, from the line's first `{`.
        end = line_end(names[position].start())
        last = position
        while last < len(names) and names[last].start() < end:
            last += 1
        brace = text.find("{", text.rfind("\n", 0, names[position].start()) + 1, end)
        for name in reversed(names[position:last]):
            index = bisect_left(starts, name.end())
            if 0 <= brace < name.start() and index < len(ends) and starts[index] <= line_end(name.end()):
                return text[brace : ends[index][1]]
        position = last
    return None
