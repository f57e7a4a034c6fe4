"""A reply function for tests that do not care what is said: a pure function of the request's body."""

from __future__ import annotations

import json
from typing import Any

from .nonsense import nonsense


def reply(body: dict[str, Any]) -> str:
    """JSON of the form asked for, or the last message given back in a sentence."""
    last = str(body["messages"][-1]["content"])
    form = body.get("response_format", {})
    if form.get("type") == "json_schema":
        return json.dumps(nonsense(form["json_schema"]["schema"]))
    if form.get("type") == "json_object":
        return json.dumps({"echo": last})
    return f"You said: {last}"
