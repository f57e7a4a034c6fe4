"""Scripted replies to the prompts of `predict`: a pure function of the prompt.

A hash of the history and the instruction selects a candidate tool, and sometimes an unknown tool or no call at all. The
values of the arguments are invented.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def reply(body: dict[str, Any]) -> str:
    """Return the reply to a request: a call, a call within prose, or prose without a call."""
    prompt = json.loads(body["messages"][-1]["content"])
    native = [tool["function"]["name"] for tool in body.get("tools") or []]
    names = native or [tool["name"] for tool in prompt["candidates"]]
    key = json.dumps([prompt["instruction"], [step["instruction"] for step in prompt["history"]]])
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    if number % 7 == 0:
        return "I would rather not say."
    name = "no_such_tool" if number % 5 == 0 else sorted(names)[number % len(names)]
    call = json.dumps({"name": name, "arguments": {"number": number % 100}})
    return call if native or number % 3 else f"Let me think about what this user likes.\n```json\n{call}\n```"
