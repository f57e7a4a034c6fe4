"""`baseline:program`: what a program without a model reaches that knows the whole repository.

Uses the public data set and the repository, and no answers: the history with its ratings, order and offered tools; the
jobs of the tools (the config `tools`); the built-in catalogue with the facts of its tools; the axes that each job
states; the mention texts of the concerns; and the choice rules with the Bayesian reader of the committee.

A tool of the built-in catalogue is looked up by its name. A tool whose listing is another one, because the data set was
built with a listing pack, has its facts guessed from the listing by `ListingReading`. The steps of the concern of the
instruction are those whose jobs occur with a mention of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from builder.world.axes import AXES, Value
from builder.world.concerns import Concern, concerns
from builder.world.service_catalogue import service_catalogue
from hf_dataset.schema import FactRow, Instance, MetaRow, ToolRow

from .fact_reading import FactReading
from .listing_reading import ListingReading

_UNFIT = -1.0
"""Score of a candidate that does another job."""


class Program:
    """Score of candidates for a `ScoredPredictor`.

    Args:
        tools: Tools of the split, without facts.
        split: Name of the split.
        changes: Maximum number of changes of preference in a history; 0 if its order has no meaning.
    """

    def __init__(self, tools: Sequence[ToolRow], split: str, changes: int) -> None:
        known = catalogue_facts(split)
        unknown = [tool for tool in tools if known.get(tool.name, ("", ()))[0] != tool.listing]
        read = ListingReading(unknown).facts if unknown else {}
        rows = [
            replace(tool, facts=_rows(read.get(tool.name, {})))
            if tool.name in read or tool.name not in known
            else replace(tool, facts=list(known[tool.name][1]))
            for tool in tools
        ]
        self._job = {tool.name: tool.functionality for tool in tools}
        self._concerns = concerns(split)
        self._reading = FactReading(rows, changes)

    def __call__(self, instance: Instance) -> list[float]:
        """Return the posterior probability of each candidate; below 0 for one that does another job."""
        own = step_concerns(instance, self._concerns, self._job)
        known = replace(instance, meta=replace(instance.meta or MetaRow(), step_concerns=own))
        capable = [tool.name for tool in instance.candidates if self._job.get(tool.name) == instance.functionality]
        scores = dict(zip(capable, self._reading.scores(known, capable), strict=True)) if capable else {}
        return [scores.get(tool.name, _UNFIT) for tool in instance.candidates]


def step_concerns(instance: Instance, known: Sequence[Concern], jobs: Mapping[str, str | None]) -> list[int] | None:
    """Return 0 for each step of the concern of the instruction and 1 for the others; None if it mentions none.

    Args:
        instance: Row whose instructions are searched for mentions.
        known: Concerns of the split.
        jobs: Job of each tool. All steps of a job in a history belong to one concern.
    """
    concern = mentioned(instance.instruction, known)
    if concern is None:
        return None
    of_job: dict[str | None, str] = {}
    for step in instance.history:
        found = mentioned(step.instruction, known)
        if found is not None:
            of_job.setdefault(jobs.get(step.name), found)
    own = [int(of_job.get(jobs.get(step.name), concern) != concern) for step in instance.history]
    return own if 0 in own else None


def mentioned(instruction: str, known: Sequence[Concern]) -> str | None:
    """Return the name of the concern that an instruction mentions: that of the longest text that it contains."""
    best = (0, "")
    for concern in known:
        for mention in concern.mentions:
            before, _, after = mention.partition("{request}")
            if instruction.startswith(before) and instruction.endswith(after):
                best = max(best, (len(before) + len(after), concern.name))
    return best[1] or None


@cache
def catalogue_facts(split: str) -> Mapping[str, tuple[str, Sequence[FactRow]]]:
    """Return listing and facts of the tools of the built-in catalogue, by name."""
    return {
        tool.name: (
            tool.listing,
            tuple(FactRow(item.axis, item.value, item.unit, item.evidence) for item in tool.attributes),
        )
        for tool in service_catalogue().tools
        if tool.split == split
    }


def _rows(facts: Mapping[str, Value]) -> list[FactRow]:
    return [FactRow(axis, str(value), AXES[axis].unit, "") for axis, value in facts.items()]
