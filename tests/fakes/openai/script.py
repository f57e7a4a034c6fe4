"""Reply function for tests that do not depend on the content: a pure function of the request body."""

from __future__ import annotations

import json
from typing import Any

from .nonsense import nonsense


def reply(body: dict[str, Any]) -> str:
    """Return JSON in the requested format, or a sentence that repeats the last message."""
    last = str(body["messages"][-1]["content"])
    form = body.get("response_format", {})
    if form.get("type") == "json_schema":
        return json.dumps(nonsense(form["json_schema"]["schema"]))
    if form.get("type") == "json_object":
        return json.dumps({"echo": last})
    return f"You said: {last}"
