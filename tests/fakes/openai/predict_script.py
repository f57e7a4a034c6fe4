"""A model that is asked as `predict` asks: a pure function of the prompt, right about one time in three.

It calls the candidate that a hash of the history and the instruction points at, now and then one that is none, or nothing at all. The
values of its arguments are made up.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def reply(body: dict[str, Any]) -> str:
    """The reply to a request about an instance, in prose, as a call, or of no use."""
    asked = json.loads(body["messages"][-1]["content"])
    native = [tool["function"]["name"] for tool in body.get("tools") or []]
    names = native or [tool["name"] for tool in asked["candidates"]]
    shown = json.dumps([asked["instruction"], [step["instruction"] for step in asked["history"]]])
    drawn = int.from_bytes(hashlib.sha256(shown.encode()).digest()[:4], "big")
    if drawn % 7 == 0:
        return "I would rather not say."
    name = "no_such_tool" if drawn % 5 == 0 else sorted(names)[drawn % len(names)]
    call = json.dumps({"name": name, "arguments": {"number": drawn % 100}})
    return call if native or drawn % 3 else f"Let me think about what this user likes.\n```json\n{call}\n```"
