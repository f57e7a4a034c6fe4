"""`baseline:oracle`: upper bound on the accuracy that can be reached from the history.

Uses the history with its ratings and order, the facts or attributes of the tools (the config `tools`), and the
knowledge of which candidates do the job. For tools with facts it also uses the tools that were offered, and the
knowledge of which steps belong to the concern of the instruction (`meta.step_concerns`); it is the Bayesian reader of
the committee, whose other readers are `baseline:counter` and `baseline:linear`. No reader uses the user's profile.

The tool is inferred. If it is the tool of the answer, the arguments are copied from the answer, because the readers do
not measure the extraction of values from the instruction. In the public test split, which has no answers, the arguments
are always empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from hf_dataset.schema import Instance, MetaRow, ToolRow

from .open_reading import open_reading
from .protocol import tool_call
from .reading import ORACLE


class OraclePredictor:
    """Predictor that infers the preference from the history and calls the best candidate.

    Args:
        tools: Catalogue of the split, with facts or attributes.
        changes: Number of preference changes in a history; 0 if the order of the history is random.
        reader: Reader whose inference is used: `oracle`, or for tools with facts also `counter` or `linear`.
        private: Metadata of instances whose own is not public, by instance id.
    """

    def __init__(
        self,
        tools: Sequence[ToolRow],
        *,
        changes: int,
        reader: str = ORACLE,
        private: Mapping[str, MetaRow] = MappingProxyType({}),
    ) -> None:
        self._functionality = {tool.name: tool.functionality for tool in tools}
        self._reading = open_reading(tools, changes)
        self._reader = reader
        self._private = private

    def predict(self, instance: Instance) -> str:
        """Return a call to the tool that the history shows this user to prefer."""
        meta = instance.meta
        if meta is None or meta.axes is None:
            # What a row states itself belongs to the history that it shows, which may be that of another user.
            meta = self._private.get(instance.instance_id, meta)
        known = replace(instance, meta=meta)
        capable_tools = [
            tool.name for tool in instance.candidates if self._functionality[tool.name] == instance.functionality
        ]
        name = capable_tools[best_of(self._reading.verdicts(known, capable_tools)[self._reader])]
        answer = instance.answer
        return tool_call(name, json.loads(answer.arguments) if answer is not None and answer.name == name else {})


def best_of(scores: Sequence[float]) -> int:
    """Return the index of the highest score, the first one if there are several."""
    return max(range(len(scores)), key=lambda index: scores[index])
