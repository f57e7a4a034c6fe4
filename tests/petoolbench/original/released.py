"""Synthetic rows in the format of the earlier benchmark, and an import of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROMPTS = ("instruction_preferred", "instruction_ratings", "instruction_chronological")
PROVIDERS = ("Nimbus", "Sol & Söhne", "Gale <beta>")
OPERATION = "Current weather"
"""Operation of the requested functionality."""


def name(provider: str, operation: str = OPERATION, category: str = "Weather") -> str:
    return f"<{category}>.<{provider}>.<{operation}>"


def parameter(called: str = "city", kind: str = "STRING", **changes: Any) -> dict[str, Any]:
    return {"name": called, "type": kind, "description": f"The {called}", "default": "", **changes}


def tool(
    called: str, required: list[dict[str, Any]] | None = None, optional: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "tool_name": called,
        "tool_description": f"Description of {called}.",
        "required_parameters": [parameter()] if required is None else required,
        "optional_parameters": optional or [],
    }


def candidates() -> list[dict[str, Any]]:
    """Return three tools with the requested functionality and seven others."""
    same_function = [
        tool(name(PROVIDERS[0]), optional=[parameter("days", "NUMBER", default=3)]),
        tool(name(PROVIDERS[1]), [parameter(default="Turku")], [parameter("days", "number")]),
        tool(name(PROVIDERS[2]), [], [parameter("flag", "BOOLEAN"), parameter("day", "DATE (YYYY-MM-DD)")]),
    ]
    return [*same_function, *(tool(name(f"Other {index}", "Something", "Data"), []) for index in range(7))]


def step(provider: str, instruction: str, rating: int | None = None, operation: str = "Forecast") -> dict[str, Any]:
    call = {"tool_name": name(provider, operation), "parameters": {"city": "Ülo", "deep": {"a": [1, None]}}}
    interaction: dict[str, Any] = {"instruction": instruction, "tool_call": call}
    return interaction if rating is None else {**interaction, "rating": rating}


def prompt(history: list[Any], tools: list[Any], *, ascii_only: bool = True) -> str:
    """Return a prompt with our own text and the two marks that the importer looks for."""
    steps, offered = (json.dumps(part, ensure_ascii=ascii_only) for part in (history, tools))
    return (
        f"Here you go [1].\nInteraction history is:\n{steps}\n\nAvailable tools are these:\n{offered}\n\n"
        "Reply {now}.\n"
    )


def row(
    number: int = 1,
    *,
    query: str = "Weather in Oslo?",
    wanted: str = PROVIDERS[0],
    rival: str = PROVIDERS[1],
    parameters: dict[str, Any] | None = None,
    early: bool = True,
    ascii_only: bool = True,
) -> dict[str, Any]:
    """Return a released row whose user called another operation of the wanted provider, and disliked the rival's."""
    tools = candidates()
    past = [step(wanted, "Rain on Monday?"), step("Elsewhere", "News?", operation="News")]
    disliked = [step(rival, f"Snow {day}?", 0) for day in ("today", "tomorrow", "soon")]
    unrated = [step(rival, interaction["instruction"]) for interaction in disliked]
    histories = (
        past,
        [*({**interaction, "rating": 1} for interaction in past), *disliked],
        [*unrated, *past],
    )
    record: dict[str, Any] = {
        "query": query,
        **{key: prompt(history, tools, ascii_only=ascii_only) for key, history in zip(PROMPTS, histories, strict=True)},
        "api_call_ground_truth": {
            "tool_name": name(wanted),
            "parameters": {"city": "Oslo"} if parameters is None else parameters,
        },
    }
    if early:
        same = [{"category_name": "Weather", "tool_name": provider, "api_name": OPERATION} for provider in PROVIDERS]
        record |= {"apis_candidate": json.dumps(tools), "apis_same_func": same, "func": "7", "entry_id": 100 + number}
    return record


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path
