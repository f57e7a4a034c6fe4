"""Interface of predictors."""

from __future__ import annotations

import json
from typing import Any, Protocol

from hf_dataset.schema import Instance


class Predictor(Protocol):
    """Object that replies to instances with text, like a language model."""

    def predict(self, instance: Instance) -> str:
        """Return the reply to one instance. The reply must not depend on other instances."""
        ...


def tool_call(name: str, arguments: dict[str, Any]) -> str:
    """Return a tool call as JSON text."""
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
