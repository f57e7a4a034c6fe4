"""What the audit works on: the rows of one config with their answers, and the catalogue they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.manifest import changes_of
from builder.users.preference_readers import Attributes, PreferenceReader, Step, attributes_of
from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_private_tools, read_tools
from hf_dataset.references import references
from hf_dataset.schema import Instance, ToolRow
from metrics.petoolbench.records import Reference

from .row_sampling import HELD_ROWS, Basis, SplitRows, draw


@dataclass(frozen=True, slots=True)
class Facts:
    """What a data set says of its own making, as far as the audit depends on it."""

    changes: int = 0
    """How often the preference changes in a history; 0 where order carries no meaning."""
    provider_overlap: float = 0.0
    """Share of the candidates' providers that may stand in the history, 0 to 1."""
    expected_loss: float = 0.0
    """Share of the instances that flipped ratings make unanswerable, 0 to 1."""
    worded: bool = True
    """Whether each split's documentation has phrases of its own, as the marketplace's has."""


def facts_of(manifest: Mapping[str, Any], config: str) -> Facts:
    """Facts about one config of a data set."""
    return Facts(
        changes=changes_of(manifest, config),
        provider_overlap=manifest["config"]["candidates"]["provider_overlap"],
        expected_loss=manifest["oracle_expected_loss"] if config == "rating_integrated" else 0.0,
        worded=str(manifest["catalog"]).startswith("builtin"),
    )


@dataclass(frozen=True, slots=True)
class Sampled:
    """What some rows are a sample of."""

    every: SplitRows
    query_groups: frozenset[str]
    """Those that were drawn."""
    rows: int
    """Number of all rows."""
    of_query_groups: int
    """Number of all query groups."""


@dataclass(frozen=True, slots=True)
class AuditSplit:
    """One split of one config, answers included."""

    config: str
    split: str
    rows: Sequence[Instance]
    """All rows, or a sample of them."""
    tools: Mapping[str, ToolRow]
    attributes: Mapping[str, Attributes]
    """Documented value of each axis, by tool name."""
    reader: PreferenceReader
    facts: Facts
    sampled: Sampled | None = None
    """None where `rows` are all there are."""
    references: Sequence[Reference] = field(init=False)
    """What replies to the rows are judged against."""
    doing: Mapping[str, frozenset[str]] = field(init=False)
    """Names of the tools that do each functionality."""

    def __post_init__(self) -> None:
        doing: dict[str, set[str]] = {}
        for tool in self.tools.values():
            if tool.functionality is not None:
                doing.setdefault(tool.functionality, set()).add(tool.name)
        object.__setattr__(self, "doing", {name: frozenset(tools) for name, tools in doing.items()})
        object.__setattr__(self, "references", references(self.rows))

    @property
    def every_row(self) -> Iterable[Instance]:
        """All rows, those outside of the sample included; to be gone through, not to be held."""
        return self.sampled.every if self.sampled else self.rows

    @property
    def basis(self) -> Basis:
        """How much of the split `rows` are."""
        groups = len({row.query_group for row in self.rows})
        if self.sampled is None:
            return Basis(self.split, len(self.rows), len(self.rows), groups, groups)
        return Basis(self.split, len(self.rows), self.sampled.rows, groups, self.sampled.of_query_groups)

    def able(self, row: Instance) -> list[str]:
        """Names of the candidates that do the job, in the order of the candidates."""
        doing = self.doing.get(row.functionality, frozenset())
        return [tool.name for tool in row.candidates if tool.name in doing]

    def steps(self, row: Instance, *, rated: bool = False) -> list[Step]:
        """The history as a reader sees it, with the ratings where they are asked for."""
        return [Step(self.attributes[step.name], step.rating if rated else None) for step in row.history]


def gather(
    data: Path, config: str, answers: Path | None, manifest: Mapping[str, Any], most: int = HELD_ROWS
) -> list[AuditSplit]:
    """Read every split of a config whose answers are known, or a sample of one that is too large.

    Args:
        data: Folder of the data set.
        config: History type.
        answers: Folder of the private answers; without it the test split is left out.
        manifest: What the data set says of itself.
        most: Rows of a split from which on a sample is drawn.

    Raises:
        ReadError: If a file is missing or is not what it should be.
    """
    facts = facts_of(manifest, config)
    found = []
    for split in SPLITS if answers else SPLITS[:-1]:
        own = answers if split == "test" else None
        every = SplitRows(data, config, split, own)
        sizes = every.sizes()
        sampled = None
        if sum(sizes.values()) > most:
            drawn = draw(sizes, manifest["config"]["seed"], split, most)
            sampled = Sampled(every, drawn, sum(sizes.values()), len(sizes))
        rows = list(every.of(sampled.query_groups if sampled else None))
        tools = {tool.name: tool for tool in (read_private_tools(own) if own else read_tools(data, split))}
        attributes = {name: attributes_of(tool) for name, tool in tools.items()}
        found.append(
            AuditSplit(config, split, rows, tools, attributes, PreferenceReader(attributes.values()), facts, sampled)
        )
    return found
