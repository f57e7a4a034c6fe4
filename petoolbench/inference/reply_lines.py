"""Lines of the run file from the replies of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from builder.llm.completion import FILTERED, LENGTH, Completion, encodable
from petoolbench.runs import Line

from .tool_calling import text_of_calls, text_of_reply

REFUSED: Final = "refused"
CUT: Final = "cut"
EMPTY: Final = "empty_reply"
_NOTHING: Final[Mapping[str, str]] = {}


class Asked(NamedTuple):
    """What a reply answers."""

    instance_id: str
    names: Mapping[str, str] = _NOTHING
    """Name of each candidate, by the name of its function; empty if the candidates were in the messages."""
    dropped_steps: int = 0
    repeat: int = 1
    memory_tokens: int | None = None


def line_of(asked: Asked, reply: Completion) -> Line:
    """Return the line of the run file for a reply.

    Native calls are the prediction, and else the text. A reply with neither has the reason as its error: that it was
    refused, withheld by a filter, cut before its text began, or is empty.

    Args:
        asked: The request.
        reply: The reply.
    """
    native = encodable(text_of_calls(reply.calls, asked.names)) if reply.calls else ""
    text = text_of_reply(reply.text, asked.names) if asked.names else reply.text
    return Line(
        instance_id=asked.instance_id,
        prediction=native or text,
        error=None if native or text.strip() else _reason(reply),
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        dropped_steps=asked.dropped_steps,
        repeat=asked.repeat,
        memory_tokens=asked.memory_tokens,
        finish_reason=reply.finish_reason,
        reasoning=reply.reasoning or None,
        refusal=reply.refusal or None,
        content=(reply.text if native else "") or None,
    )


def failed_line(asked: Asked, error: str, *, filtered: bool = False) -> Line:
    """Return the line of a request without a reply.

    Args:
        asked: The request.
        error: Reason, which begins with the kind of failure and a colon.
        filtered: True if a content filter refused the request.
    """
    return Line(
        asked.instance_id,
        "",
        error=error,
        dropped_steps=asked.dropped_steps,
        repeat=asked.repeat,
        memory_tokens=asked.memory_tokens,
        finish_reason=FILTERED if filtered else None,
    )


def _reason(reply: Completion) -> str:
    """Return the reason why a reply has neither text nor call."""
    if reply.refusal:
        return REFUSED
    if reply.finish_reason == FILTERED:
        return f"{FILTERED}: the endpoint withheld the reply"
    if reply.finish_reason == LENGTH:
        return f"{CUT}: the limit of output tokens was reached before the reply began; raise --max-output-tokens"
    return f"{EMPTY}: {'only reasoning' if reply.reasoning else 'no text, call or reasoning'}"
