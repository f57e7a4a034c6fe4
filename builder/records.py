"""Records that the stages exchange. They are frozen; stages derive new ones with `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NO_CATEGORY: Final = "Other"
"""Category of tools and jobs for which the catalogue or file states none."""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """Measured statistics of a service; None where the catalogue has none."""

    latency_ms: float | None = None
    """Mean response time in milliseconds, above 0."""
    success_rate: float | None = None
    """Share of calls that succeed, 0 to 100 %."""
    service_level: float | None = None
    """Share of time the service is up, 0 to 100 %."""
    popularity: float | None = None
    """Popularity score of the platform, 0 to 10."""
    pricing: str | None = None
    """`free`, `freemium` or `paid`."""
    authentication: str | None = None
    """Required credentials: `none`, `key` (also a password), or `oauth` (an account to sign in with)."""
    reply_fields: int | None = None
    """Number of fields of a typical reply."""
    operations: int | None = None
    """Number of operations that the provider has in the catalogue."""
    stated: Mapping[str, float | str | None] = field(default_factory=dict)
    """Facts of a facts file, by the axes of `builder.catalogue.known_facts`; None for one that is read wrongly."""
    read: Mapping[str, tuple[float | str, str]] | None = None
    """Values that a language model has read from the documentation by axis, each with its quote; None if no model has
    read it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One non-functional property of a tool."""

    axis: str
    value: str
    evidence: str
    """The words of the documentation that state the value."""
    unit: str = ""
    """Unit of a number."""
    wanted: bool = True
    """False if no user prefers the value, such as a slow response: it is a fact, but never a preference."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One callable API operation.

    `name`, `provider`, `category`, `description`, `parameters` and `attributes` are published in the benchmark; the
    other fields are used only by the build stages.
    """

    name: str
    """Unique in the catalogue; letters, digits, `_` and `-`, at most 64 characters."""
    provider: str
    category: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema object."""
    listing: str = ""
    """Facts in the provider's own layout; empty if the description states them."""
    attributes: tuple[Attribute, ...] = ()
    operation: str = ""
    """Title of the operation in the catalogue."""
    operation_description: str = ""
    """Description of the operation in the catalogue."""
    provider_description: str = ""
    """Description of the provider in the catalogue."""
    facts: ServiceFacts = field(default_factory=ServiceFacts)
    functionality: str | None = None
    """Name of the functionality; given by the catalogue or set by the grouping stage."""
    split: str | None = None
    """Name of the split; given by the catalogue or set by the splits stage."""
    values: Mapping[str, str] = field(init=False, compare=False, repr=False)
    """Value of each axis that has an attribute."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {attribute.axis: attribute.value for attribute in self.attributes})


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of a functionality, independent of the parameter names of tools."""

    name: str
    concept: str
    """Type of its values; a key of the slot lexicon."""
    about: str
    """Short description."""
    values: tuple[str | int | float, ...] = ()
    """Values that a file of the user's own jobs gives; empty if those of the concept are drawn."""


@dataclass(frozen=True, slots=True)
class Functionality:
    """A job that tools of several providers do, with patterns of instructions for it."""

    name: str
    category: str
    summary: str
    """Description of the job in one sentence."""
    phrases: tuple[str, ...]
    """Other descriptions of the job in documentation."""
    slots: tuple[Slot, ...]
    patterns: Mapping[str, tuple[str, ...]]
    """Instruction patterns by register; each contains every `{slot}` exactly once."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Position of a slot in the arguments of one tool."""

    path: tuple[str, ...]
    """Name of the parameter; for a nested parameter, the names from the outermost to the innermost."""
    type: str
    """JSON type of the value."""
    unit: str = ""
    """Unit in which the tool takes the value; empty if it has none."""
    is_list: bool = False
    """True if the parameter is an array, which gets the value as its only item; `type` is that of its items."""


@dataclass(frozen=True, slots=True)
class OptionBinding:
    """Position and form of an optional parameter in the arguments of one tool."""

    name: str
    """Name of the parameter."""
    type: str
    """JSON type of the parameter."""
    means: Mapping[str, str] = field(default_factory=dict)
    """Value of the parameter for each meaning; empty if values are taken as they are."""
    unit: str = ""
    """Unit in which the tool takes the value; empty if it has none."""


@dataclass(frozen=True, slots=True)
class GroupTool:
    """A tool of a group, with the mapping of the functionality's slots to its parameters."""

    tool: Tool
    bindings: Mapping[str, Binding]
    """Bindings by slot name."""
    options: Mapping[str, OptionBinding] = field(default_factory=dict)
    """Bindings of the optional parameters that instructions can ask for, by their names in the catalogue."""


@dataclass(frozen=True, slots=True)
class Group:
    """The tools of one functionality in one split: at least 3, from different providers."""

    functionality: Functionality
    members: tuple[GroupTool, ...]
    """Sorted by tool name."""
    category: str
    split: str | None = None
    wording: int | None = None
    """Number of the set of phrases used in its documentation; None if the catalogue has no such sets."""

    @property
    def key(self) -> str:
        """Identifier of the group in the build."""
        return f"{self.functionality.name}@{self.split}"


ARGUMENT_KINDS: Final = ("code", "date", "enum", "implicit", "option", "unit")
"""Kinds of arguments that follow from an instruction without standing in it: a code for a name, a date relative to the
day of the request, other words for a word of the parameter's list, what the person always asks for, the value of an
optional parameter as it is stated, and a quantity in another unit."""


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A concrete value of a slot or an optional parameter."""

    value: str | int | float
    """The value, its meaning for an enum, or its number in `unit`."""
    said: str
    """The words that state the value in an instruction."""
    kind: str = "stated"
    """How the value follows from the words: `stated` as it is, or one of `ARGUMENT_KINDS`."""
    unit: str = ""
    """Unit in which the words state it; empty if they give it in that of the tools, or if it has none."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One concrete request for a functionality."""

    instruction: str
    values: Mapping[str, SlotValue]
    """Values by slot name."""
    options: Mapping[str, SlotValue] = field(default_factory=dict)
    """Values of optional parameters that the instruction asks for, by the name of the parameter in the catalogue."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A user's implicit preference: weights over attributes."""

    weights: Mapping[tuple[str, str], float]
    """Weight of each (axis, value), above 0, in descending order; the weights sum to 1."""

    @property
    def axes(self) -> list[str]:
        """Axes with a weight, in descending order of weight."""
        return [axis for axis, _ in self.weights]

    def utility(self, tool: Tool) -> float:
        """Return the sum of the weights of a tool's attributes, 0 to 1."""
        share, values = 0.0, tool.values
        for (axis, value), weight in self.weights.items():
            if values.get(axis) == value:
                share += weight
        return share


@dataclass(frozen=True, slots=True)
class Interaction:
    """One past instruction, with the tool that was called for it."""

    scenario: Scenario
    member: GroupTool
    """The called tool."""
    rating: int | None
    """1 for liked, 0 for disliked; None in configs without ratings."""
    offered: tuple[Tool, ...] = ()
    """Tools that were offered, the called one included; empty if they are not recorded."""
    day: str | None = None
    """Day of the call; None where the order means nothing."""
    concern: int = 0
    """Concern of the user that it belongs to; 0 is that of the final instruction."""

    @property
    def instruction(self) -> str:
        """The past instruction."""
        return self.scenario.instruction

    @property
    def tool(self) -> Tool:
        """The called tool."""
        return self.member.tool


@dataclass(frozen=True, slots=True)
class History:
    """The interactions of a user in one config, oldest first."""

    interactions: tuple[Interaction, ...]
    evidence: tuple[int, ...]
    """Indexes of the interactions that show the current preference."""
    drift_step: int | None = None
    """Index of the first interaction under the current preference, or the middle of a gradual change; None without a
    change."""
    noise: float = 0.0
    """Share of the steps that do not follow the preference, by the call or by the rating, 0 to 1."""
    telling: int | None = None
    """Number of telling steps; None for a preference over attributes."""
    change: str | None = None
    """How the preference changes; None without a change, or for a preference over attributes."""
    today: str | None = None
    """Day of the final instruction; None if the history has no dates."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query group: one instruction with its candidates, shared by several users who prefer different tools."""

    name: str
    group: Group
    scenario: Scenario
    candidates: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants of the facts of tools."""

    kind: str
    """Kind of the preference: `single`, `joint`, `limit` or `trade`."""
    axes: tuple[str, ...]
    """Axes that it looks at, the most important first."""
    parts: tuple[Mapping[str, Any], ...]
    """Records of `meta.wanted`."""
    concerns: int
    """Number of concerns of the user."""


@dataclass(frozen=True, slots=True)
class User:
    """One user of a query group."""

    user_id: str
    query: Query
    answer: GroupTool
    """The preferred tool."""
    rival: GroupTool
    """The tool that was preferred before the last change, and that the disliked calls point to."""
    profile: Profile
    histories: Mapping[str, History]
    """Histories by config."""
    wish: Wish | None = None
    """What the user wants of the facts of tools; None for a preference over attributes."""

    @property
    def axes(self) -> list[str]:
        """Axes of the preference, the most important first."""
        return list(self.wish.axes) if self.wish else self.profile.axes
