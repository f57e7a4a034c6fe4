"""What a predictor is."""

from __future__ import annotations

import json
from typing import Any, Protocol

from hf_dataset.schema import Instance


class Predictor(Protocol):
    """Answers instances with text, as a model does."""

    def predict(self, instance: Instance) -> str:
        """The reply to one instance; it never depends on other instances."""
        ...


def tool_call(name: str, arguments: dict[str, Any]) -> str:
    """A tool call as text."""
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
