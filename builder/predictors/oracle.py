"""`baseline:oracle`: upper bound on the accuracy that can be reached from the history.

Uses the history with its ratings and order, the documented attributes of the tools (the config `tools`), and the
knowledge of which candidates do the job. The oracle does not use the user's profile.

The tool is inferred. If it is the tool of the answer, the arguments are copied from the answer, because the oracle does
not measure the extraction of values from the instruction. In the public test split, which has no answers, the arguments
are always empty.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from builder.users.preference_readers import PreferenceReader, Step, attributes_of
from hf_dataset.schema import Instance, ToolRow

from .protocol import tool_call


class OraclePredictor:
    """Predictor that infers the preference from the history and calls the best candidate.

    Args:
        tools: Catalogue of the split, with attributes.
        changes: Number of preference changes in a history; 0 if the order of the history is random.
    """

    def __init__(self, tools: Sequence[ToolRow], *, changes: int) -> None:
        self._changes = changes
        self._attributes = {tool.name: attributes_of(tool) for tool in tools}
        self._functionality = {tool.name: tool.functionality for tool in tools}
        self._reader = PreferenceReader(self._attributes.values())

    def predict(self, instance: Instance) -> str:
        """Return a call to the tool that the history shows this user to prefer."""
        steps = [Step(self._attributes[step.name], step.rating) for step in instance.history]
        capable_tools = [
            tool.name for tool in instance.candidates if self._functionality[tool.name] == instance.functionality
        ]
        scores = self._reader.scores(steps, [self._attributes[name] for name in capable_tools], changes=self._changes)
        name = capable_tools[max(range(len(capable_tools)), key=lambda index: scores[index])]
        answer = instance.answer
        return tool_call(name, json.loads(answer.arguments) if answer is not None and answer.name == name else {})
