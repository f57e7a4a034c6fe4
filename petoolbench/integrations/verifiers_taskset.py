"""Taskset of verifiers: the instances of a config as tasks, with the call accuracy as the reward.

vf-eval petoolbench-v1 --env.taskset.data FOLDER --env.taskset.config chronological --env.agent.harness.id null

The key of a task is the id of its instance. A rollout that fails counts as an empty reply, if it is scored at all.
"""

from __future__ import annotations

import os
from typing import Any

import verifiers.v1 as vf

from builder.errors import ConfigError
from metrics.petoolbench.aggregation import judge

from .benchmark_items import DATA, Item, open_items, outcome_of, record_of, reference_of


class InstanceData(vf.TaskData):
    """Prompt and reference of an instance."""

    reference: dict[str, Any]
    """Reference as plain JSON values, from `record_of`."""
    kind: str | None = None
    """Kind of the preference; None for a preference over attributes."""


class InstanceTask(vf.Task[InstanceData]):
    """Task that asks for one tool call."""

    @property
    def key(self) -> str:
        """Id of the instance."""
        return self.data.reference["instance_id"]

    def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """Return the contribution of the last reply, 1 or 0, to each rate and error class."""
        return outcome_of(judge(trace.last_reply or "", reference_of(self.data.reference)))

    @vf.reward(weight=1.0)
    async def call_accuracy(self, trace: vf.Trace) -> float:
        """Return 1 for the right tool with the right arguments."""
        return self.outcome(trace)["call_accuracy"]

    @vf.metric
    async def rates(self, trace: vf.Trace) -> dict[str, float]:
        """Return the other rates and the error class; and the call accuracy under the kind of the preference."""
        outcome = self.outcome(trace)
        call = outcome.pop("call_accuracy")
        return outcome if self.data.kind is None else {**outcome, f"kind_{self.data.kind}": call}


class PEToolBenchConfig(vf.TasksetConfig):
    """Instances to load; the options are those of the tasks of inspect_ai."""

    data: str | None = None
    """Folder of the data set, or ORG/NAME or ORG/NAME@REVISION on the Hub."""
    config: str = "preferred_only"
    """History type."""
    split: str = "validation"
    """Split; `test` requires `answers`."""
    kind: str | None = None
    """Kind of the preference, such as `joint`; None for all."""
    history: str = "own"
    """History in the prompt: `own`, `none` or `swapped`."""
    docs: str = "full"
    """`full` documents the tools of the history, `names` only names them."""
    answers: str | None = None
    """Folder of the private answers."""


class PEToolBenchTaskset(vf.Taskset[InstanceTask, PEToolBenchConfig]):
    """Instances of one config and split."""

    def load(self) -> list[InstanceTask]:
        """Return the tasks in the order of the data set.

        Raises:
            ConfigError: If no data set is named, an option is not allowed, or no instance has the kind.
        """
        config = self.config
        items = open_items(
            config.data or os.environ.get(DATA),
            config.config,
            split=config.split,
            history=config.history,
            docs=config.docs,
            answers=config.answers,
        )
        chosen = [item for item in items if config.kind in (None, item.kind)]
        if not chosen:
            kinds = sorted({item.kind for item in items if item.kind})
            raise ConfigError(
                f"No instance has the kind {config.kind!r}. Kinds in the data set: {', '.join(kinds) or 'none'}."
            )
        return [InstanceTask(_data(item), config.task) for item in chosen]


def _data(item: Item) -> InstanceData:
    system, user = (message["content"] for message in item.messages)
    return InstanceData(
        id=item.reference.instance_id,
        name=item.reference.instance_id,
        system_prompt=system,
        prompt=[vf.UserMessage(content=user)],
        reference=record_of(item.reference),
        kind=item.kind,
    )
