"""Proposed groups: tools that seem to do the same job, for a person to accept.

Jobs of the library are recognised as in a build. The other tools are compared with each other: a group has tools of
different providers whose documentation is similar, that name the same contrasting words, and whose required parameters
can be matched. Similar documentation can be of different jobs, so such a group is used only after a person accepts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from builder.config import MIN_SAME_FUNCTION, GroupConfig
from builder.embedding import Encoder
from builder.records import Tool
from builder.words import provider_family, squash, words

from .alignment import score
from .functionalities import concepts
from .neighbours import nearest, numbered, pairs_among
from .recognition import Recognised, Recogniser, Unrecognised, documented_job, named_contrasts
from .ungrouped import Ungrouped, ungrouped_tool

_LIKENESS: Final = 0.55
"""Minimum cosine similarity of each tool of a proposed group and the mean of the others."""
_NEIGHBOURS: Final = 12
"""Number of tools with which each tool is compared."""
_MOST_SLOTS: Final = 4
"""Maximum number of required parameters of a tool in a proposed group: all assignments are tried."""
_LEAST_MATCH: Final = 0.3
"""Minimum similarity of two parameters that take the same value."""
_NAME_WORDS: Final = 6
"""Words of a summary that name a job whose operations have no telling name."""
_UNFINISHED: Final = frozenset(
    ["a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "its", "of", "on", "or", "the", "to", "with"]
)
"""Words with which no name of a job ends."""
_NAMED: Final = 2.0
"""Score of `alignment` from which a parameter has the name of a concept."""


@dataclass(frozen=True, slots=True)
class ProposedSlot:
    """An input of a proposed job."""

    name: str
    about: str
    concept: str
    """Concept of the lexicon whose names most of the parameters have; empty if there is none."""


@dataclass(frozen=True, slots=True)
class ProposedGroup:
    """Tools that seem to do the same job."""

    name: str
    summary: str
    slots: tuple[ProposedSlot, ...]
    tools: Mapping[str, Mapping[str, str]]
    """Parameter of each slot, by the name of the tool."""
    is_known: bool
    """True if the job is one of the library or of the user's own file, whose instructions are used."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Proposed groups of a catalogue, and the tools in none of them."""

    groups: list[ProposedGroup]
    """Groups of known jobs, then those by likeness, each sorted by name."""
    ungrouped: list[Ungrouped]
    """Tools in no group, in the order of the catalogue."""
    small: list[ProposedGroup]
    """Known jobs with tools of fewer than three providers, sorted by name; a build uses none of them."""


def propose_groups(tools: Sequence[Tool], recogniser: Recogniser, config: GroupConfig, encoder: Encoder) -> Proposal:
    """Propose groups of at least three providers.

    Args:
        tools: Tools of the catalogue.
        recogniser: Recogniser of the known jobs.
        config: Similarity threshold of known jobs.
        encoder: Encoder of sentences.
    """
    known: dict[str, list[Recognised]] = {}
    rest: list[Tool] = []
    outcomes = list(recogniser.recognise(tools, config.similarity))
    for tool, outcome in zip(tools, outcomes, strict=True):
        if isinstance(outcome, Unrecognised):
            rest.append(tool)
        else:
            known.setdefault(outcome.entry.functionality.name, []).append(outcome)
    jobs = [known[name] for name in sorted(known)]
    groups = [_known_group(job) for job in jobs if _providers(job) >= MIN_SAME_FUNCTION]
    small = [job for job in jobs if _providers(job) < MIN_SAME_FUNCTION]
    likeness = _Likeness([*rest, *(item.tool for job in small for item in job)], encoder)
    by_likeness = _likely_groups(likeness, encoder, {group.name for group in groups})
    groups += sorted(by_likeness, key=lambda group: group.name)
    grouped = {name for group in groups for name in group.tools}
    small_groups = [group for group in map(_known_group, small) if not grouped >= set(group.tools)]
    return Proposal(groups, list(_ungrouped(tools, outcomes, known, groups, likeness)), small_groups)


def _ungrouped(
    tools: Sequence[Tool],
    outcomes: Sequence[Recognised | Unrecognised],
    known: Mapping[str, Sequence[Recognised]],
    groups: Sequence[ProposedGroup],
    likeness: _Likeness,
) -> Iterator[Ungrouped]:
    of_group = {group.name: list(group.tools) for group in groups if group.is_known}
    doers = {job: of_group.get(job, [item.tool.name for item in items]) for job, items in known.items()}
    grouped = {name for group in groups for name in group.tools}
    similar = likeness.similar()
    for tool, outcome in zip(tools, outcomes, strict=True):
        if tool.name not in grouped:
            yield ungrouped_tool(tool, outcome, doers, similar.get(tool.name, ()))


def _providers(recognised: Sequence[Recognised]) -> int:
    return len({provider_family(item.tool.provider) for item in recognised})


def _known_group(recognised: Sequence[Recognised]) -> ProposedGroup:
    """Return the group of a known job, with the most similar tool of each provider."""
    functionality = recognised[0].entry.functionality
    best: dict[str, Recognised] = {}
    for item in sorted(recognised, key=lambda item: (-item.similarity, item.tool.name)):
        best.setdefault(provider_family(item.tool.provider), item)
    members = sorted(best.values(), key=lambda item: item.tool.name)
    tools = {item.tool.name: {slot: binding.path[0] for slot, binding in item.bindings.items()} for item in members}
    slots = tuple(ProposedSlot(slot.name, slot.about, slot.concept) for slot in functionality.slots)
    return ProposedGroup(functionality.name, functionality.summary, slots, tools, is_known=True)


class _Likeness:
    """Tools with the pairs of different providers whose documentation is similar."""

    def __init__(self, tools: Sequence[Tool], encoder: Encoder) -> None:
        self.tools = [tool for tool in tools if 1 <= len(tool.parameters["required"]) <= _MOST_SLOTS]
        self.pairs: list[tuple[int, int]] = []
        if len(self.tools) < MIN_SAME_FUNCTION - 1:
            return
        texts, of_tool = numbered(documented_job(tool) for tool in self.tools)
        vectors = encoder.encode(texts)
        _, self.families = numbered(provider_family(tool.provider) for tool in self.tools)
        self.pairs = list(pairs_among(nearest(vectors, of_tool, self.families, _NEIGHBOURS, _LIKENESS)))
        self.vectors = vectors[of_tool]

    def similar(self) -> dict[str, list[str]]:
        """Return the names of the similar tools of each tool, the most similar first."""
        names: dict[str, list[str]] = {}
        for first, second in sorted(self.pairs, key=lambda pair: (-self._cosine(*pair), pair)):
            names.setdefault(self.tools[first].name, []).append(self.tools[second].name)
            names.setdefault(self.tools[second].name, []).append(self.tools[first].name)
        return names

    def _cosine(self, first: int, second: int) -> float:
        return float(self.vectors[first] @ self.vectors[second])


def _likely_groups(likeness: _Likeness, encoder: Encoder, taken: set[str]) -> Iterator[ProposedGroup]:
    if not likeness.pairs:
        return
    usable, named = likeness.tools, set(taken)
    for cluster in _clusters(usable, likeness.vectors, likeness.families, likeness.pairs):
        group = _aligned([usable[place] for place in cluster], encoder, named)
        if group is not None:
            named.add(group.name)
            yield group


def _clusters(
    tools: Sequence[Tool], vectors: NDArray[np.float32], families: NDArray[np.int64], pairs: Sequence[tuple[int, int]]
) -> Iterator[list[int]]:
    """Yield sets of similar tools of different providers, joined from the most similar pair on."""
    keys = [(len(tool.parameters["required"]), named_contrasts(tool)) for tool in tools]
    possible = [pair for pair in pairs if keys[pair[0]] == keys[pair[1]]]
    order = sorted(possible, key=lambda pair: (-float(vectors[pair[0]] @ vectors[pair[1]]), pair))
    cluster_of = {place: [place] for place in range(len(tools))}
    for first, second in order:
        one, other = cluster_of[first], cluster_of[second]
        if one is other or {int(families[place]) for place in one} & {int(families[place]) for place in other}:
            continue
        if float((vectors[one] @ vectors[other].T).mean()) < _LIKENESS:
            continue
        merged = sorted([*one, *other])
        for place in merged:
            cluster_of[place] = merged
    seen: set[int] = set()
    for place in range(len(tools)):
        cluster = cluster_of[place]
        if place not in seen and len(cluster) >= MIN_SAME_FUNCTION:
            yield cluster
        seen.update(cluster)


def _aligned(tools: Sequence[Tool], encoder: Encoder, taken: set[str]) -> ProposedGroup | None:
    """Return the group of some tools whose required parameters match those of the first; None if too few do."""
    first = max(tools, key=lambda tool: (len(tool.operation_description), tool.name))
    names = list(first.parameters["required"])
    bound = {tool.name: match for tool in tools if (match := _match(first, tool, encoder)) is not None}
    if len(bound) < MIN_SAME_FUNCTION:
        return None
    members = [tool for tool in tools if tool.name in bound]
    slots = tuple(
        _slot(name, [(tool, bound[tool.name][place]) for tool in members]) for place, name in enumerate(names)
    )
    parameters = {
        tool.name: {slot.name: bound[tool.name][place] for place, slot in enumerate(slots)} for tool in members
    }
    summary = _summary(members)
    operation = words(_common_operation(members))
    base = " ".join(operation if len(operation) > 1 else _first_words(summary)) or "job"
    name = next(item for item in (base, *(f"{base} {number}" for number in range(2, 999))) if item not in taken)
    return ProposedGroup(name, summary, slots, dict(sorted(parameters.items())), is_known=False)


def _first_words(summary: str) -> list[str]:
    """Return the first words of a summary, up to the last one that is no article, preposition or conjunction."""
    kept = words(summary)[:_NAME_WORDS]
    while len(kept) > 1 and kept[-1] in _UNFINISHED:
        kept.pop()
    return kept


def _match(first: Tool, other: Tool, encoder: Encoder) -> list[str] | None:
    """Return the parameter of another tool for each required parameter of the first; None if they do not match."""
    names, others = list(first.parameters["required"]), list(other.parameters["required"])
    if len(names) != len(others):
        return None
    if len(names) == 1:
        return others
    vectors = [
        encoder.encode([f"{' '.join(words(name))}. {_about(tool, name)}" for name in of_tool])
        for tool, of_tool in ((first, names), (other, others))
    ]
    likeness = vectors[0] @ vectors[1].T
    for row, name in enumerate(names):
        for column, another in enumerate(others):
            if squash(name) == squash(another):
                likeness[row, column] = 1.0
    rows = range(len(names))
    orders = list(permutations(rows))
    best = max(orders, key=lambda order: float(sum(likeness[row, order[row]] for row in rows)))
    if min(float(likeness[row, best[row]]) for row in rows) < _LEAST_MATCH:
        return None
    return [others[place] for place in best]


def _slot(name: str, parameters: Sequence[tuple[Tool, str]]) -> ProposedSlot:
    """Return a slot with the concept whose names most of its parameters have."""
    schemas = [(parameter, tool.parameters["properties"][parameter]) for tool, parameter in parameters]
    votes = {
        concept: sum(score(parameter, schema, entry) >= _NAMED for parameter, schema in schemas)
        for concept, entry in concepts().items()
    }
    best = max(sorted(votes), key=lambda concept: votes[concept])
    about = next((text for tool, parameter in parameters if (text := _about(tool, parameter))), name)
    slot_name = "_".join(words(name))
    slot_name = slot_name if slot_name[:1].isalpha() else f"value_{slot_name}"
    return ProposedSlot(slot_name, about, best if 2 * votes[best] > len(schemas) else "")


def _about(tool: Tool, parameter: str) -> str:
    schema: Mapping[str, Any] = tool.parameters["properties"][parameter]
    return str(schema.get("description", ""))


def _summary(tools: Sequence[Tool]) -> str:
    """Return the first sentence of the shortest documentation that has a few words."""
    sentences = [tool.operation_description.split(". ")[0].strip().rstrip(".") for tool in tools]
    usable = [text for text in sentences if len(text.split()) > 2] or [tools[0].operation]
    return f"{min(usable, key=lambda text: (len(text), text))}."


def _common_operation(tools: Sequence[Tool]) -> str:
    """Return the name of the operation that most tools have, the shortest one in a tie, without the provider."""
    names = [_without_provider(tool) for tool in tools]
    return min(names, key=lambda name: (-names.count(name), len(name), name))


def _without_provider(tool: Tool) -> str:
    """Return the name of an operation without the words of its provider; the whole name if nothing else is in it."""
    provider = set(words(tool.provider))
    return " ".join(word for word in words(tool.operation) if word not in provider) or tool.operation
