"""What the audit works on: the rows of one config with their answers, and the catalogue they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from builder.inference import Attributes, Reader, Step, attributes_of
from builder.manifest import changes_of
from builder.predictions import references
from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_answers, read_instances, read_private_tools, read_tools
from hf_dataset.schema import Instance, ToolRow
from metrics.petoolbench.records import Reference


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
class Evidence:
    """One split of one config, answers included."""

    config: str
    split: str
    rows: Sequence[Instance]
    tools: Mapping[str, ToolRow]
    attributes: Mapping[str, Attributes]
    """Documented value of each axis, by tool name."""
    reader: Reader
    facts: Facts
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

    def able(self, row: Instance) -> list[str]:
        """Names of the candidates that do the job, in the order of the candidates."""
        doing = self.doing.get(row.functionality, frozenset())
        return [tool.name for tool in row.candidates if tool.name in doing]

    def steps(self, row: Instance, *, rated: bool = False) -> list[Step]:
        """The history as a reader sees it, with the ratings where they are asked for."""
        return [Step(self.attributes[step.name], step.rating if rated else None) for step in row.history]


def gather(data: Path, config: str, answers: Path | None, manifest: Mapping[str, Any]) -> list[Evidence]:
    """Read every split of a config whose answers are known.

    Args:
        data: Folder of the data set.
        config: History type.
        answers: Folder of the private answers; without it the test split is left out.
        manifest: What the data set says of itself.
    """
    facts = facts_of(manifest, config)
    found = []
    for split in SPLITS:
        rows = read_instances(data, config, split)
        rows_of_tools = read_tools(data, split)
        if split == "test":
            if answers is None:
                continue
            rows_of_tools = read_private_tools(answers)
            keys = {key.instance_id: key for key in read_answers(answers, config)}
            rows = [
                replace(row, answer=keys[row.instance_id].answer, meta=keys[row.instance_id].meta)
                for row in rows
                if row.instance_id in keys
            ]
        tools = {tool.name: tool for tool in rows_of_tools}
        attributes = {name: attributes_of(tool) for name, tool in tools.items()}
        found.append(Evidence(config, split, rows, tools, attributes, Reader(attributes.values()), facts))
    return found
