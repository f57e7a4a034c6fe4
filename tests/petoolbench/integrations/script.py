"""Model of the test server that knows the answers and gives some of them; its replies depend on the prompt only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from hf_dataset.prompting import messages_of
from hf_dataset.schema import AnswerRow, Instance


class Model:
    """Replies to the prompts of instances, correct or with one of several errors.

    Args:
        instances: Rows with answers. Any prompt that differs from theirs raises an error.
    """

    def __init__(self, instances: Iterable[Instance]) -> None:
        rows = list(instances)
        self.replies = {row.instance_id: _reply(row) for row in rows}
        """By instance id."""
        self._by_prompt = {_key(messages_of(row)): self.replies[row.instance_id] for row in rows}

    def __call__(self, body: dict[str, Any]) -> str:
        return self._by_prompt[_key(body["messages"])]


def _key(messages: list[dict[str, Any]]) -> str:
    return json.dumps([[message["role"], message["content"]] for message in messages])


def _reply(row: Instance) -> str:
    answer = row.answer
    assert answer is not None
    right = _call(answer)
    others = [tool for tool in row.candidates if tool.name != answer.name]
    match hashlib.sha256(row.instance_id.encode()).digest()[0] % 10:
        case 0 | 1 | 2:
            return right
        case 3:
            return f"This user likes it free.\n\n```json\n{right}\n```\n"
        case 4 | 5:
            return _call(AnswerRow(others[0].name, answer.arguments))
        case 6:
            return _call(AnswerRow(others[-1].name, "{}"))
        case 7:
            return _call(AnswerRow(answer.name, json.dumps({"nothing": 1})))
        case 8:
            return _call(AnswerRow("an unknown tool", answer.arguments))
        case _:
            return "I would rather not say."


def _call(answer: AnswerRow) -> str:
    return json.dumps({"name": answer.name, "arguments": json.loads(answer.arguments)})
