"""Names of tools as models and servers decorate them, and the candidate that a decorated name stands for."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, NamedTuple

_MAX_LENGTH: Final = 500
"""Maximum number of characters of a decorated name."""


class Mark(NamedTuple):
    """Decoration of a name."""

    pattern: re.Pattern[str]
    replacement: str
    source: str
    """Where it is documented or reported."""


MARKS: Final = (
    Mark(re.compile(r"<\|.*", re.DOTALL), "", "https://github.com/vllm-project/vllm/issues/32587"),
    Mark(re.compile(r"\\(?=[^\w\s])|\\(?=_)"), "", "https://github.com/Pythagora-io/gpt-pilot/issues/756"),
    Mark(re.compile(r"^[\s\"'`*]+|[\s\"'`*]+$"), "", "white space, quotes and emphasis around a name"),
    Mark(
        re.compile(r"^(?:to=|call:)?(?:(?:functions?|tools?|default_api)(?:\.|::?|/))?"),
        "",
        "https://github.com/NousResearch/hermes-agent/issues/24534",
    ),
    Mark(re.compile(r"^(.+):\1$"), r"\1", "https://github.com/DenisovAV/flutter_gemma/issues/228"),
    Mark(re.compile(r":\d+$"), "", "https://github.com/NousResearch/hermes-agent/issues/24534"),
    Mark(re.compile(r"\.call$|\(\)$"), "", "https://github.com/meta-llama/llama-models (built-in tools of Llama 3.1)"),
)
"""All decorations, in the order in which they are removed: special tokens, escapes of Markdown, quotes, namespaces, a
repetition, the number of a call, and the marks of a Python call."""


def candidate_of(name: str, candidates: Collection[str]) -> str | None:
    """Return the candidate that a name stands for.

    Args:
        name: Name as a reply gives it.
        candidates: Names of the candidates.

    Returns:
        The candidate of that name, or the only one that remains of it without some of the decorations in `MARKS`;
        None if there is no such candidate, or more than one.
    """
    if name in candidates:
        return name
    if len(name) > _MAX_LENGTH:
        return None
    variants = {name}
    for mark in MARKS:
        variants |= {mark.pattern.sub(mark.replacement, variant) for variant in variants}
    fitting = [candidate for candidate in candidates if candidate in variants or candidate.strip() in variants]
    return fitting[0] if len(set(fitting)) == 1 else None
