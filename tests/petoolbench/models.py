"""Models for tests of the Python API: functions from the messages of a prompt to the text of a reply."""

from __future__ import annotations

import json

import petoolbench as pb


def first_candidate(messages: pb.Prompt) -> str:
    """Call the first candidate, without arguments."""
    return call(candidates(messages)[0])


def last_candidate(messages: pb.Prompt) -> str:
    """Call the last candidate, without arguments."""
    return call(candidates(messages)[-1])


def candidates(messages: pb.Prompt) -> list[str]:
    """Return the names of the candidates in a prompt."""
    return [tool["name"] for tool in json.loads(messages[1]["content"])["candidates"]]


def call(name: str) -> str:
    """Return the text of a call without arguments."""
    return json.dumps({"name": name, "arguments": {}})
