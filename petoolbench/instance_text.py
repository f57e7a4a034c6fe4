"""An instance as a person would read it."""

from __future__ import annotations

import json

from hf_dataset.schema import Instance, InteractionRow, ToolDoc

_RATINGS = {1: "liked   ", 0: "disliked"}


def render(instance: Instance, *, tools: bool = True) -> str:
    """The instance as plain text.

    Args:
        instance: The instance.
        tools: Whether to show the tools of the history and the candidates, which are most of it.
    """
    shown = [
        "Tools of the history",
        *(_tool(tool) for tool in instance.history_tools),
        "",
        "Candidates",
        *(_tool(tool) for tool in instance.candidates),
        "",
    ]
    lines = [
        f"{instance.instance_id}   (user {instance.user_id}, query group {instance.query_group})",
        f"{instance.category} / {instance.functionality}",
        "",
        "History",
        *(_interaction(index, step) for index, step in enumerate(instance.history)),
        "",
        *(shown if tools else ()),
        f"Instruction   {instance.instruction}",
    ]
    if instance.answer is None:
        lines.append("Answer        private")
    else:
        lines.append(f"Answer        {instance.answer.name} {instance.answer.arguments}")
        lines.append(f"Evidence      steps {', '.join(map(str, instance.evidence))}")
    if instance.meta is not None and instance.meta.axes is not None:
        drift = "" if instance.meta.drift_step is None else f"; changes before step {instance.meta.drift_step}"
        lines.append(f"Preference    {', '.join(instance.meta.axes)}{drift}")
    return "\n".join(lines)


def _interaction(index: int, step: InteractionRow) -> str:
    rating = "" if step.rating is None else f"{_RATINGS[step.rating]}  "
    indent = " " * (6 + len(rating))
    return f"  {index:>2}  {rating}{step.instruction}\n{indent}-> {step.name} {step.arguments}"


def _tool(tool: ToolDoc) -> str:
    parameters = json.loads(tool.parameters)
    named = ", ".join(name if name in parameters["required"] else f"[{name}]" for name in parameters["properties"])
    return f"  {tool.name}({named})  by {tool.provider}\n      {tool.description}"
