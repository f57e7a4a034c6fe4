"""Next steps for requests that an endpoint refuses, by the options of `petoolbench predict`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from builder.llm.endpoint_errors import EndpointMessage
from builder.llm.request_fields import REPLACEMENTS, refused_fields
from builder.llm.sender import advice
from petoolbench.run_settings import RunSettings

_NO_SYSTEM_ROLE: Final = re.compile(
    r"system (?:role|message|prompt|instruction)\w*.{0,40}(?:not|un)|developer instruction|(?:not|un).{0,30}system role"
    r"|roles must alternate|only user(?:,| and) assistant|(?:role|first message).{0,30}must be .{0,10}user",
    re.IGNORECASE,
)
"""Wording of chat templates and servers that take no system message."""
_WINDOW: Final = re.compile(
    r"context (?:length|window|size)|too many (?:input )?tokens|(?:prompt|input)s? (?:is|are) too (?:long|large)"
    r"|(?:request|body|entity|payload|content) too large|tokens? limit|max size|reduce the length",
    re.IGNORECASE,
)
_PAYLOAD_TOO_LARGE: Final = 413
_TOO_LONG_REPLY: Final = re.compile(r"max_(?:completion_)?tokens|max_output_tokens", re.IGNORECASE)
_TOOLS: Final = re.compile(r"\btools?\b|tool[-_ ]choice|function[-_ ]call|for function", re.IGNORECASE)


class Adviser:
    """Adviser on the refused requests of a run.

    Args:
        settings: Settings of the run.
    """

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings

    def __call__(self, status: int, message: EndpointMessage, body: Mapping[str, Any]) -> str:
        """Return the next step for a refused request; see `builder.llm.sender.advice`."""
        if message.is_quota or status in (401, 402, 403, 404):
            return advice(status, message, body)
        if _NO_SYSTEM_ROLE.search(message.text) and self._settings.system_role != "merge":
            return "Set --system merge, which puts the system prompt at the beginning of the user's message."
        refused = sorted(refused_fields(message, body))
        if refused:
            return _without(refused, self._settings)
        if _WINDOW.search(message.text) or status == _PAYLOAD_TOO_LARGE:
            return (
                "Set --context to the model's context window, with --overlong skip or drop-oldest for prompts that "
                "exceed it, or a smaller --max-output-tokens."
            )
        if _TOO_LONG_REPLY.search(message.text):
            return "Set another --max-output-tokens."
        if body.get("tools") and _TOOLS.search(message.text):
            return "Set --mode prompt, or start the server with native tool calling for this model."
        return advice(status, message, body)


def _without(refused: list[str], settings: RunSettings) -> str:
    """Return how to leave refused fields out of the requests."""
    mine = [name for name in refused if settings.body.get(name) is not None]
    if mine:
        return f"Remove {', '.join(mine)} from --body, which sets it."
    changes = {name: None for name in refused if name in REPLACEMENTS}
    if "max_tokens" in changes:
        return f"Set --body '{json.dumps({**changes, 'max_completion_tokens': settings.max_output_tokens})}'."
    if changes:
        return f"Set --body '{json.dumps(changes)}'."
    return f"The request cannot be sent without {', '.join(refused)}. Choose another model or endpoint."
