"""Payloads of the requests that the builder sends for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from builder.catalogue.known_facts import measured_axes
from builder.records import Group, Scenario, Slot, Tool
from builder.users.scenarios import barred_names, catalogue_values

from .builder_tasks import typed
from .read_facts import axes_to_read
from .task import Payload

_SCALARS: Final = frozenset({"string", "integer", "number"})


def slots_of(tool: Tool) -> list[Slot]:
    """Return the required parameters of a tool as slots.

    Returns:
        One slot for each required parameter. The list is empty if a required parameter takes no free text or number.
    """
    properties: Mapping[str, Any] = tool.parameters["properties"]
    required = [(name, properties[name]) for name in tool.parameters["required"]]
    if not all(takes_text(schema) for _, schema in required):
        return []
    return [Slot(name, "", schema.get("description", name)) for name, schema in required]


def takes_text(schema: Mapping[str, Any]) -> bool:
    """Return True if a parameter accepts any text, or any number written as text.

    Args:
        schema: JSON Schema of the parameter.
    """
    return schema.get("type", "string") in _SCALARS and "enum" not in schema


def understand_payload(tool: Tool) -> Payload:
    """Return the payload about one tool, with the axes that the catalogue does not measure."""
    return {
        "name": tool.name,
        "documentation": tool.description,
        "parameters": _parameters(tool),
        "axes": axes_to_read(dict.fromkeys(measured_axes(tool))),
    }


def judge_payload(first: Tool, second: Tool, does: Mapping[str, str]) -> Payload:
    """Return the payload about a pair of tools that may do the same job.

    Args:
        first: One tool of the pair.
        second: The other tool of the pair.
        does: Functionality of each tool, by tool name.
    """
    return {"first": _described(first, does), "second": _described(second, does)}


def _described(tool: Tool, does: Mapping[str, str]) -> Payload:
    about = tool.operation_description or tool.operation
    return {
        "functionality": does[tool.name],
        "documentation": f"{tool.operation}. {about}",
        "inputs": [slot.about for slot in slots_of(tool)],
    }


def align_payload(job: str, slots: Sequence[Slot], tool: Tool) -> Payload:
    """Return the payload that asks which parameters of a tool take the slots of a job.

    Args:
        job: The job as a verb phrase.
        slots: Slots of the job.
        tool: The tool.
    """
    return {
        "job": job,
        "slots": [{"name": slot.name, "about": slot.about} for slot in slots],
        "tool": {
            "name": tool.name,
            "documentation": tool.operation_description,
            "parameters": _parameters(tool),
        },
    }


def _parameters(tool: Tool) -> dict[str, Any]:
    return {
        name: {
            "type": schema.get("type", "string"),
            "about": schema.get("description", name),
            "required": name in tool.parameters["required"],
        }
        for name, schema in tool.parameters["properties"].items()
    }


def write_payload(group: Group, register: str, count: int, used: Sequence[Mapping[str, str]] = ()) -> Payload:
    """Return the payload that asks for scenarios of one group in one register.

    Args:
        group: The group.
        register: One of `REGISTERS`.
        count: Number of scenarios.
        used: Values by slot, in lower case, of the scenarios that other registers already have.
    """
    functionality = group.functionality
    return {
        "functionality": functionality.name,
        "register": register,
        "count": count,
        "slots": [{"name": slot.name, "about": slot.about} for slot in functionality.slots],
        "tools": [
            {
                "name": member.tool.name,
                "documentation": member.tool.operation_description,
                "slots": {
                    slot: {"parameter": binding.path[0], "type": binding.type}
                    for slot, binding in member.bindings.items()
                },
            }
            for member in group.members
        ],
        "taken": sorted(catalogue_values(group)),
        "used": [dict(values) for values in used],
        "must_not_name": barred_names(group),
    }


def verify_payload(group: Group, scenario: Scenario) -> Payload:
    """Return the payload that asks for a check of one scenario, with the call of each tool of its group."""
    values = {slot: str(value.value) for slot, value in scenario.values.items()}
    return {
        "instruction": scenario.instruction,
        "values": values,
        "tools": [
            {
                "name": member.tool.name,
                "documentation": member.tool.operation_description,
                "arguments": {
                    binding.path[0]: typed(values[slot], binding.type) for slot, binding in member.bindings.items()
                },
            }
            for member in group.members
        ],
    }
