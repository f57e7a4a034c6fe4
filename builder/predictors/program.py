"""`baseline:program`: what a program without a model reaches that knows the whole repository.

Uses the public data set and the repository, and no answers: the history with its ratings, order and offered tools; the
jobs of the tools (the config `tools`); the built-in catalogue with the facts of its tools; the axes that each job
states; the texts of the concerns; and the choice rules with the Bayesian reader of the committee.

A tool of the built-in catalogue is looked up by its name. A tool whose listing is another one, because the data set was
built with a listing pack, has its facts guessed from the listing by `ListingReading`. The concern of a request is the
one whose texts match it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from string import Formatter

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
        catalogue: Look up the facts of tools of the built-in catalogue; if not, read them from their listings too.
    """

    def __init__(self, tools: Sequence[ToolRow], split: str, changes: int, *, catalogue: bool = True) -> None:
        known = catalogue_facts(split) if catalogue else {}
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
    """Return 0 for each step with the same concern as the instruction and 1 for the others; None if that is unknown.

    Args:
        instance: Row whose requests are compared with the known requests of the concerns.
        known: Concerns of the split.
        jobs: Job of each tool. All steps of a job in a history belong to one concern.
    """
    concern = asking_concern(instance.instruction, instance.functionality, known)
    if concern is None:
        return None
    of_job: dict[str | None, str] = {}
    for step in instance.history:
        job = jobs.get(step.name)
        found = asking_concern(step.instruction, job, known)
        if found is not None:
            of_job.setdefault(job, found)
    own = [int(of_job.get(jobs.get(step.name), concern) != concern) for step in instance.history]
    return own if 0 in own else None


def asking_concern(instruction: str, job: str | None, known: Sequence[Concern]) -> str | None:
    """Return the name of the concern whose text for a job matches an instruction; None if none or several match."""
    found = {
        concern.name
        for concern in known
        for request in [concern.requests.get(job or "")]
        if request and any(_pattern(text).match(instruction) for text in request.texts)
    }
    return found.pop() if len(found) == 1 else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of what the requests begin with that a text can become; an option can follow."""
    parts = [re.escape(literal) for literal, _, _, _ in Formatter().parse(text)]
    ends_with_slot = text.endswith("}")
    return re.compile(".+".join([*parts, ""] if ends_with_slot else parts), re.DOTALL)


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
