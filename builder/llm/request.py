"""Requests: the body for a task and a payload, and the key of its cached answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from builder.llm_config import LlmConfig

from .completion import estimated_tokens
from .task import Payload, R, Task

Shape = Literal["json_schema", "json_object", "text"]
SHAPES: Final[tuple[Shape, ...]] = ("json_schema", "json_object", "text")
"""Ways to request the format of a reply, strictest first. A server that rejects one is sent the next."""
_TEMPERATURE_STEP: Final = 0.2
"""Increase of the temperature with each further attempt, so that the model does not repeat a rejected reply."""


@dataclass(frozen=True, slots=True)
class Request:
    """Chat completion request for one attempt at one payload."""

    key: str
    """SHA-256 of everything that determines the answer: model, prompt, payload and sampling."""
    body: dict[str, Any]
    """Body of the request, without `response_format`."""
    schema: dict[str, Any]
    """JSON Schema of the reply."""
    task: str
    """Name of the task."""

    def shaped(self, shape: Shape) -> dict[str, Any]:
        """Return the body with a `response_format` of the given type; `text` adds none."""
        if shape == "text":
            return self.body
        response_format: dict[str, Any] = {"type": shape}
        if shape == "json_schema":
            response_format["json_schema"] = {"name": self.task, "schema": self.schema, "strict": True}
        return {**self.body, "response_format": response_format}

    @property
    def input_tokens(self) -> int:
        """Estimated number of tokens of the messages."""
        return estimated_tokens("".join(message["content"] for message in self.body["messages"]))


def make_request(task: Task[R], payload: Payload, attempt: int, config: LlmConfig) -> Request:
    """Create the request for one attempt at a payload.

    Args:
        task: Task of the request.
        payload: Payload of the request.
        attempt: Number of the attempt, from 0. It sets the seed and raises the temperature.
        config: Model and sampling.
    """
    temperature = max(config.temperature, task.least_temperature)
    sampling = {
        "model": config.model,
        "temperature": round(min(temperature + attempt * _TEMPERATURE_STEP, 2.0), 3),
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
