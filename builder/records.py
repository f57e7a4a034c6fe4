"""The records that flow from stage to stage. Frozen; a stage makes new ones with `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """Measured statistics of a service, where the catalogue has them."""

    latency_ms: float | None = None
    """Mean response time in milliseconds, above 0."""
    success_rate: float | None = None
    """Share of calls that succeed, 0 to 100 %."""
    service_level: float | None = None
    """Share of time the service is up, 0 to 100 %."""
    popularity: float | None = None
    """The marketplace's own score, 0 to 10."""
    pricing: str | None = None
    """`free`, `freemium` or `paid`."""
    authentication: str | None = None
    """What a caller must have: `none`, `key` (or a password), or `oauth` (an account to sign in with)."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One non-functional property of a tool, with the words that it was read from."""

    axis: str
    value: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Tool:
    """One callable API operation.

    `name`, `provider`, `category`, `description`, `parameters` and `attributes` are what the benchmark shows; the rest
    is what the catalogue knew and the stages need.
    """

    name: str
    """Unique in the catalogue; letters, digits, `_` and `-`, at most 64 characters."""
    provider: str
    category: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema object."""
    attributes: tuple[Attribute, ...] = ()
    operation: str = ""
    """The operation's own title in the catalogue."""
    operation_description: str = ""
    provider_description: str = ""
    facts: ServiceFacts = field(default_factory=ServiceFacts)
    functionality: str | None = None
    """Known from the catalogue (marketplace) or set by the grouping stage."""
    split: str | None = None
    """Known from the catalogue (marketplace) or set by the splits stage."""
    values: Mapping[str, str] = field(init=False, compare=False, repr=False)
    """Value of each axis that the attributes speak of."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {attribute.axis: attribute.value for attribute in self.attributes})


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of a functionality, whatever a tool calls it."""

    name: str
    concept: str
    """What its values are; a key of the slot lexicon."""
    about: str


@dataclass(frozen=True, slots=True)
class Functionality:
    """What a tool does, whoever provides it, with the ways people ask for it."""

    name: str
    category: str
    summary: str
    phrases: tuple[str, ...]
    """Other ways in which documentation says it."""
    slots: tuple[Slot, ...]
    patterns: Mapping[str, tuple[str, ...]]
    """Instruction patterns by register; each holds every `{slot}` once."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a slot goes in one tool's arguments."""

    path: tuple[str, ...]
    """Parameter name, or names from the outside in where the parameter is nested."""
    type: str
    """JSON type that the tool wants."""


@dataclass(frozen=True, slots=True)
class GroupTool:
    """A tool in its group, with the alignment of its parameters to the group's slots."""

    tool: Tool
    bindings: Mapping[str, Binding]
    """By slot name."""


@dataclass(frozen=True, slots=True)
class Group:
    """The tools of one split that do one functionality; at least 3, of different providers."""

    functionality: Functionality
    members: tuple[GroupTool, ...]
    """Sorted by tool name."""
    category: str
    split: str | None = None
    wording: int | None = None
    """Which set of phrases its documentation is written with, where the catalogue has such sets."""

    @property
    def key(self) -> str:
        """Identifies the group in the build."""
        return f"{self.functionality.name}@{self.split}"


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A concrete value of a slot."""

    value: str | int | float
    said: str
    """The words that state it in an instruction."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One concrete wish inside a functionality."""

    instruction: str
    values: Mapping[str, SlotValue]
    """By slot name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A user's implicit preference: weights over attributes."""

    weights: Mapping[tuple[str, str], float]
    """Weight of each (axis, value), above 0; they sum to 1. The heaviest first."""

    @property
    def axes(self) -> list[str]:
        """Axes that the preference weighs, the heaviest first."""
        return [axis for axis, _ in self.weights]

    def utility(self, tool: Tool) -> float:
        """Share of the preference that a tool fulfils, 0 to 1."""
        share, values = 0.0, tool.values
        for (axis, value), weight in self.weights.items():
            if values.get(axis) == value:
                share += weight
        return share


@dataclass(frozen=True, slots=True)
class Interaction:
    """One past instruction with the tool call that served it."""

    scenario: Scenario
    member: GroupTool
    """Who served it."""
    rating: int | None
    """1 liked, 0 disliked, None in the configs without ratings."""

    @property
    def instruction(self) -> str:
        """The past instruction."""
        return self.scenario.instruction

    @property
    def tool(self) -> Tool:
        """The tool that was called."""
        return self.member.tool


@dataclass(frozen=True, slots=True)
class History:
    """A user's interactions and what they show."""

    interactions: tuple[Interaction, ...]
    evidence: tuple[int, ...]
    """Indexes of the interactions that support the current preference."""
    drift_step: int | None = None
    """Index of the first interaction under the current preference, or the middle of a gradual change; None where
    nothing changes."""
    noise: float = 0.0
    """Share of the ratings that are the opposite of what the user felt, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query group: one instruction with its candidates, for several users who want different tools."""

    name: str
    group: Group
    scenario: Scenario
    candidates: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class User:
    """One user of a query group, with their histories by type."""

    user_id: str
    query: Query
    answer: GroupTool
    rival: GroupTool
    """What was wanted before the last change, and what the disliked calls are for."""
    profile: Profile
    histories: Mapping[str, History]
