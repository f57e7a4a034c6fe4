"""What the audit works on: the rows of one config with their answers, and the catalogue they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from builder.inference import Attributes, Reader, attributes_of
from builder.predictions import references
from hf_dataset.reader import read_answers, read_instances, read_tools
from hf_dataset.schema import SPLITS, Instance, ToolRow
from metrics.petoolbench.records import Reference


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
    references: Sequence[Reference] = field(init=False)
    """What replies to the rows are judged against."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", references(self.rows))

    def able(self, row: Instance) -> list[str]:
        """Names of the candidates that do the job, in the order of the candidates."""
        return [tool.name for tool in row.candidates if self.tools[tool.name].functionality == row.functionality]


def gather(data: Path, config: str, answers: Path | None) -> list[Evidence]:
    """Read every split of a config whose answers are known.

    Args:
        data: Folder of the data set.
        config: History type.
        answers: Folder of the private answers; without it the test split is left out.
    """
    found = []
    for split in SPLITS:
        rows = read_instances(data, config, split)
        if split == "test":
            if answers is None:
                continue
            keys = {key.instance_id: key for key in read_answers(answers, config)}
            rows = [
                replace(row, answer=keys[row.instance_id].answer, meta=keys[row.instance_id].meta)
                for row in rows
                if row.instance_id in keys
            ]
        tools = {tool.name: tool for tool in read_tools(data, split)}
        attributes = {name: attributes_of(tool) for name, tool in tools.items()}
        found.append(Evidence(config, split, rows, tools, attributes, Reader(attributes.values())))
    return found
