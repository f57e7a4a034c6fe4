"""Requests: what a person asks for in connection with a concern, in one voice and with names drawn for one life.

Requests of histories and final instructions never share slot values: their order in the concern decides which of the
two they are for, or a hash of them if some are drawn by a generator. A hash of the text decides the partition of a
final instruction, so that no two partitions share one. No drawn value is an example or default from the catalogue, and
no final instruction names a tool or a provider.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import Final

import numpy as np

from builder.argument_config import ArgumentConfig
from builder.execution.partitions import Partition
from builder.records import Group, Scenario, SlotValue
from builder.words import mentions_any
from builder.world.concerns import Concern, RequestTexts
from builder.world.optional_parameters import optional_parameters
from builder.world.service_catalogue import TODAY

from .scenarios import accepts_values, catalogue_values
from .values.asked_values import situation_at
from .values.context import Situation, ValueSource, plain
from .values.places import draw_home
from .values.slot_values import draw_values
from .wording import AskedOption, Habit, draw_options, fitted, habitual, implied, is_clear, polished, with_sentences

_FINAL_PERCENT: Final = 40
"""Percentage of the values of a concern that are for final instructions, where a job needs no other values."""
_ATTEMPTS: Final = 250
"""Attempts to draw values for a request before it is given up."""
_PARTITION_ATTEMPTS: Final = 400
"""The same for each partition of a split, of which a final instruction must belong to one."""


class RequestJob:
    """A job as requests ask for it.

    Args:
        group: Group of the tools that do the job.
    """

    def __init__(self, group: Group) -> None:
        self.name = group.functionality.name
        self.slots = group.functionality.slots
        self.excluded_values = catalogue_values(group)
        self.parameters = optional_parameters(self.name)
        tools = [member.tool for member in group.members]
        self.favours_a_tool = mentions_any(sorted({name for tool in tools for name in (tool.name, tool.provider)}))


@dataclass(frozen=True, slots=True)
class _Request:
    """What determines the wording of a request besides its text."""

    situation: Situation
    habit: Habit | None = None
    final: bool = False
    silent: bool = False
    takes_turns: bool = False
    """True to draw values of the concern that the history has least often."""


class Voice:
    """A concern in one life: the names that recur in it, and its requests.

    Args:
        concern: The concern.
        taken: Words of names that other concerns of the life use; extended.
        rng: Generator that draws the names.
    """

    def __init__(self, concern: Concern, taken: set[str], rng: np.random.Generator) -> None:
        self.concern = concern
        self.names: dict[str, str] = {}
        for key, alternatives in concern.names.items():
            order = [alternatives[int(place)] for place in rng.permutation(len(alternatives))]
            self.names[key] = next((name for name in order if not taken.intersection(_words(name))), order[0])
            taken.update(_words(self.names[key]))
        words = [
            word for word in concern.name.casefold().split() if word.isascii() and word.isalpha() and len(word) > 3
        ]
        self._trade = " ".join(words) if concern.sphere != "family" else ""
        self._orders: dict[str, list[str]] = {}
        self._shown: set[str] = set()
        self._used: Counter[tuple[str, str, str]] = Counter()

    def restart(self) -> None:
        """Begin a new history: no text or value has been used, and no name shown."""
        self._orders.clear()
        self._shown.clear()
        self._used.clear()

    def final(
        self,
        job: RequestJob,
        situation: Situation,
        partition: Partition,
        rng: np.random.Generator,
        habit: Habit | None = None,
    ) -> tuple[Scenario, frozenset[str]] | None:
        """Draw the instruction that the model has to answer, with a name of somebody or something of the concern.

        Args:
            job: Job that it asks for.
            situation: Home and day of the person.
            partition: Partition that it must belong to.
            rng: Generator of all draws.
            habit: What the person always asks for, to which the instruction refers.

        Returns:
            The instruction with its values, and the keys of the names in it; None if no draw is accepted.
        """
        texts = self.concern.requests[job.name]
        named = [text for text in texts.texts if self._keys(text)]
        for _ in range(_ATTEMPTS + _PARTITION_ATTEMPTS * (partition.of - 1)):
            text = named[int(rng.integers(len(named)))]
            scenario = self._attempt(job, texts, text, _Request(situation, habit, final=True), rng)
            if scenario is not None and _partition_of(scenario.instruction, partition.of) == partition.number:
                return scenario, self._keys(text)
        return None

    def request(
        self,
        job: RequestJob,
        situation: Situation,
        wanted: frozenset[str],
        rng: np.random.Generator,
        habit: Habit | None = None,
        *,
        silent: bool = False,
    ) -> Scenario | None:
        """Draw a request of a history. The texts of a job take turns, and so do the concern's values where they can.

        Args:
            job: Job that it asks for.
            situation: Home and day of the person.
            wanted: Keys of names of which one must have been shown before anything else.
            rng: Generator of all draws.
            habit: What the person always asks for.
            silent: True if the person never asks for it in connection with this concern.
        """
        texts = self.concern.requests[job.name]
        text = self._next_text(job.name, texts.texts, wanted, rng)
        for attempt in range(_ATTEMPTS):
            takes_turns = attempt < _ATTEMPTS // 2
            request = _Request(situation, habit, silent=silent, takes_turns=takes_turns)
            scenario = self._attempt(job, texts, text, request, rng)
            if scenario is not None:
                self._used.update((job.name, name, str(scenario.values[name].value)) for name in texts.values)
                return scenario
        return None

    def _next_text(self, job: str, texts: Sequence[str], wanted: frozenset[str], rng: np.random.Generator) -> str:
        order = self._orders.setdefault(job, [])
        if not order:
            order += [texts[int(place)] for place in rng.permutation(len(texts))]
        place = len(order) - 1
        if not wanted & self._shown:
            place = next((place for place, text in enumerate(order) if wanted & self._keys(text)), place)
        text = order.pop(place)
        self._shown |= self._keys(text)
        return text

    def _keys(self, text: str) -> frozenset[str]:
        return frozenset(key for _, key, _, _ in Formatter().parse(text) if key in self.names)

    def _attempt(
        self,
        job: RequestJob,
        texts: RequestTexts,
        text: str,
        request: _Request,
        rng: np.random.Generator,
    ) -> Scenario | None:
        """Draw values for a text; None if they or the instruction are rejected."""
        own = self._own_values(job, texts, rng, request)
        source = ValueSource(rng, situation=replace(request.situation, trade=self._trade))
        drawn = draw_values([slot for slot in job.slots if slot.name not in own], source)
        values = {slot.name: own[slot.name] if slot.name in own else drawn[slot.name] for slot in job.slots}
        if drawn and not accepts_values(values, job.excluded_values, final=request.final):
            return None
        asked = self._asked(job, request, source)
        fitting = fitted(text, values)
        if fitting is None:
            return None
        said = with_sentences(fitting, asked, self.concern.register)
        words = said.format(**self.names, **{name: value.said for name, value in values.items()})
        instruction = polished(words, self.concern.register)
        if not is_clear(instruction, asked, source) or (request.final and job.favours_a_tool(instruction)):
            return None
        return Scenario(instruction, values, {item.parameter.name: item.value for item in asked})

    def _asked(self, job: RequestJob, request: _Request, source: ValueSource) -> list[AskedOption]:
        """Draw the optional parameters that a request asks for: that of a habit, or any."""
        habit, register, dials = request.habit, self.concern.register, request.situation.arguments
        if habit is None:
            return draw_options(job.parameters, register, source, dials)
        if habit.parameter in job.parameters and not request.silent:
            return [(implied if request.final else habitual)(habit, register, source)]
        others = [item for item in job.parameters if item.usual != habit.parameter.usual]
        return draw_options(others, register, source, dials)

    def _own_values(
        self, job: RequestJob, texts: RequestTexts, rng: np.random.Generator, request: _Request
    ) -> dict[str, SlotValue]:
        """Draw the values that the concern has; the first ones are for final instructions if a job needs no others."""
        is_split = len(texts.values) == len(job.slots)
        own = {}
        for name, values in texts.values.items():
            last = max(len(values) * _FINAL_PERCENT // 100, 1)
            options = (values[:last] if request.final else values[last:]) if is_split else values
            said = [option.format(**self.names) for option in options]
            if request.takes_turns:
                used = [self._used[job.name, name, value] for value in said]
                said = [value for value, count in zip(said, used, strict=True) if count == min(used)]
            own[name] = plain(said[int(rng.integers(len(said)))])
        return own


def write_requests(
    group: Group, known: Sequence[Concern], dials: ArgumentConfig, rng: np.random.Generator
) -> Iterator[Scenario]:
    """Draw final instructions for a job without end, each of a concern of the split that asks for it, in a new life.

    Args:
        group: Group of the tools that do the job.
        known: Concerns of the split.
        dials: How often values follow from the words of a request instead of standing in it.
        rng: Generator of all draws.
    """
    job, whole = RequestJob(group), Partition(str(group.split), 0, 1, 0, 0)
    asking = [concern for concern in known if job.name in concern.requests]
    while True:
        voice = Voice(asking[int(rng.integers(len(asking)))], set(), rng)
        home = draw_home(rng, voice.concern.countries)
        found = voice.final(job, situation_at(home, TODAY, dials, rng), whole, rng)
        if found is not None:
            yield found[0]


def _words(name: str) -> set[str]:
    return {word.casefold() for word in name.split() if word[0].isupper()}


def _partition_of(instruction: str, number: int) -> int:
    return zlib.crc32(instruction.encode()) % number
