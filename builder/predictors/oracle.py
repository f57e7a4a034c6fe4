"""`baseline:oracle`: what a reader who understood everything would call; the ceiling.

Looks at the history with its ratings and order, at the documented attributes of the tools (the config `tools`), and at
which candidates do the job. It never looks at the user's profile. The choice of the tool is inferred; where it is the
answer's, the arguments are copied from the answer, since reading values out of the instruction is not what it measures.
In the public test split, where there is no answer, its arguments are always empty.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from builder.users.preference_readers import PreferenceReader, Step, attributes_of
from hf_dataset.schema import Instance, ToolRow

from .protocol import tool_call


class OraclePredictor:
    """Infers the preference from the history and takes the best candidate.

    Args:
        tools: The catalogue of the split.
        changes: How often the preference changes in a history; 0 where its order carries no meaning.
    """

    def __init__(self, tools: Sequence[ToolRow], *, changes: int) -> None:
        self._changes = changes
        self._attributes = {tool.name: attributes_of(tool) for tool in tools}
        self._functionality = {tool.name: tool.functionality for tool in tools}
        self._reader = PreferenceReader(self._attributes.values())

    def predict(self, instance: Instance) -> str:
        """Infer the tool that this user would want."""
        steps = [Step(self._attributes[step.name], step.rating) for step in instance.history]
        able = [tool.name for tool in instance.candidates if self._functionality[tool.name] == instance.functionality]
        scores = self._reader.scores(steps, [self._attributes[name] for name in able], changes=self._changes)
        name = able[max(range(len(able)), key=lambda index: scores[index])]
        known = instance.answer is not None and instance.answer.name == name
        return tool_call(name, json.loads(instance.answer.arguments) if known and instance.answer else {})
