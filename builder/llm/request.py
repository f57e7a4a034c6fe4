"""From a task and a payload to the body of a request, and the key under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from builder.config import LlmConfig

from .task import Payload, R, Task

Shape = Literal["json_schema", "json_object", "text"]
SHAPES: Final[tuple[Shape, ...]] = ("json_schema", "json_object", "text")
"""How the form of a reply is asked for, the strictest first; a server that knows less gets the next one."""
_WARMER: Final = 0.2
"""Temperature by which each further attempt at a request is warmer, so that the same reply does not come again."""
_CHARACTERS_PER_TOKEN: Final = 3
"""Fewer than English has, so that an estimate of cost is rather too high."""


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt at one payload."""

    key: str
    """SHA-256 of all that determines the answer: model, prompt, payload, sampling."""
    body: dict[str, Any]
    """Chat completion request, but for the form of the reply."""
    schema: dict[str, Any]
    task: str

    def shaped(self, shape: Shape) -> dict[str, Any]:
        """The body, with the form of the reply asked for in one of the ways that servers know."""
        if shape == "text":
            return self.body
        form: dict[str, Any] = {"type": shape}
        if shape == "json_schema":
            form["json_schema"] = {"name": self.task, "schema": self.schema, "strict": True}
        return {**self.body, "response_format": form}

    @property
    def input_tokens(self) -> int:
        """Estimated tokens of the request."""
        return estimated_tokens("".join(message["content"] for message in self.body["messages"]))


def estimated_tokens(text: str) -> int:
    """Tokens of a text, rather too many."""
    return len(text) // _CHARACTERS_PER_TOKEN + 1


def make_request(task: Task[R], payload: Payload, attempt: int, config: LlmConfig) -> Request:
    """The request of one attempt, counted from 0."""
    sampling = {
        "model": config.model,
        "temperature": round(min(config.temperature + attempt * _WARMER, 2.0), 3),
        "seed": attempt,
        "max_tokens": config.max_output_tokens,
    }
    user = task.user(payload)
    identity = json.dumps([sampling, task.version, user], sort_keys=True)
    return Request(
        key=hashlib.sha256(identity.encode()).hexdigest(),
        body={
            **sampling,
            "messages": [{"role": "system", "content": task.system}, {"role": "user", "content": user}],
        },
        schema=task.schema,
        task=task.name,
    )
