"""An instance as text for people, with the user's preference and the sentences of the documentation that state it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from hf_dataset.layout import TOOLS, answers_file
from hf_dataset.reader import read_private_tools, read_tools
from hf_dataset.schema import Instance, InteractionRow, ToolDoc

_RATINGS: Final = {1: "liked   ", 0: "disliked"}
MARK: Final = ("«", "»")
"""Marks around a sentence of the documentation that states a wanted attribute of the tool."""


class _Stated(NamedTuple):
    """Value of an attribute, and the words of the documentation that state it."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """Attributes of the tools in a split, which show what its users prefer.

    Args:
        attributes: Attributes by tool and axis; empty if they are not known.
    """

    attributes: Mapping[str, Mapping[str, _Stated]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, split: str, answers: Path | None = None) -> Wishes:
        """Read the attributes of the tools of a split; those of the test split are in the private answers.

        Raises:
            ReadError: If the catalogue of the split cannot be read.
        """
        known = answers is not None and split == "test" and (answers / answers_file(TOOLS)).is_file()
        tools = read_private_tools(answers) if known and answers else read_tools(folder, split)
        return cls(
            {tool.name: {item.axis: _Stated(item.value, item.evidence) for item in tool.attributes} for tool in tools}
        )

    def wanted(self, instance: Instance) -> dict[str, str]:
        """Return the wanted values by axis, the most important first; empty if the answer is private."""
        if instance.answer is None or instance.meta is None or not instance.meta.axes:
            return {}
        stated = self.attributes.get(instance.answer.name, {})
        return {axis: stated[axis].value if axis in stated else "?" for axis in instance.meta.axes}

    def marked(self, tool: ToolDoc, wanted: Mapping[str, str]) -> str:
        """Return the description of a tool with marks around the words that state a wanted axis."""
        description = tool.description
        for axis in wanted:
            stated = self.attributes.get(tool.name, {}).get(axis)
            if stated and stated.words and stated.words in description:
                description = description.replace(stated.words, f"{MARK[0]}{stated.words}{MARK[1]}", 1)
        return description


def render(instance: Instance, wishes: Wishes, *, tools: bool = True) -> str:
    """Return an instance as plain text.

    Args:
        instance: The instance.
        wishes: Attributes of the tools in its split.
        tools: Show the documentation of the tools of the history and of the candidates, which is most of the text.
    """
    wanted = wishes.wanted(instance)
    documentation = [
        "Tools of the history",
        *(_tool(tool, wishes, wanted) for tool in instance.history_tools),
        "",
        "Candidates",
        *(_tool(tool, wishes, wanted) for tool in instance.candidates),
        "",
    ]
    decisive = frozenset(instance.evidence)
    return "\n".join(
        [
            f"{instance.instance_id}   (user {instance.user_id}, query group {instance.query_group})",
            f"{instance.category} / {instance.functionality}",
            "",
            "History" + ("   (* = a step that shows the preference)" if decisive else ""),
            *(_interaction(index, step, index in decisive) for index, step in enumerate(instance.history)),
            "",
            *(documentation if tools else ()),
            f"Instruction   {instance.instruction}",
            *_answer(instance, wanted),
        ]
    )


def _answer(instance: Instance, wanted: Mapping[str, str]) -> list[str]:
    if instance.answer is None:
        return ["Answer        private"]
    lines = [f"Answer        {instance.answer.name} {instance.answer.arguments}"]
    if wanted:
        lines.append(f"Wants         {', '.join(f'{axis} = {value}' for axis, value in wanted.items())}")
    if instance.meta is not None and instance.meta.drift_step is not None:
        lines.append(f"Since         step {instance.meta.drift_step}; before, the user wanted something else")
    return lines


def _interaction(index: int, step: InteractionRow, decisive: bool) -> str:
    rating = "" if step.rating is None else f"{_RATINGS[step.rating]}  "
    indent = " " * (8 + len(rating))
    mark = "*" if decisive else " "
    return f"  {mark} {index:>2}  {rating}{step.instruction}\n{indent}-> {step.name} {step.arguments}"


def _tool(tool: ToolDoc, wishes: Wishes, wanted: Mapping[str, str]) -> str:
    schema = json.loads(tool.parameters)
    required = frozenset(schema.get("required", ()))
    parameters = ", ".join(name if name in required else f"[{name}]" for name in schema["properties"])
    return f"  {tool.name}({parameters})  by {tool.provider}\n      {wishes.marked(tool, wanted)}"
