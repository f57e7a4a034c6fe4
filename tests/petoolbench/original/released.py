"""Makers of rows in the earlier benchmark's form, all their content invented here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROMPTS = ("instruction_preferred", "instruction_ratings", "instruction_chronological")
PROVIDERS = ("Nimbus", "Sol & Söhne", "Gale <beta>")
JOB = "Current weather"


def name(provider: str, operation: str = JOB, category: str = "Weather") -> str:
    return f"<{category}>.<{provider}>.<{operation}>"


def parameter(called: str = "city", kind: str = "STRING", **changes: Any) -> dict[str, Any]:
    return {"name": called, "type": kind, "description": f"The {called}", "default": "", **changes}


def tool(
    called: str, required: list[dict[str, Any]] | None = None, optional: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "tool_name": called,
        "tool_description": f"What {called} tells.",
        "required_parameters": [parameter()] if required is None else required,
        "optional_parameters": optional or [],
    }


def candidates() -> list[dict[str, Any]]:
    """Three tools for the job, and seven for others."""
    doing = [
        tool(name(PROVIDERS[0]), optional=[parameter("days", "NUMBER", default=3)]),
        tool(name(PROVIDERS[1]), [parameter(default="Turku")], [parameter("days", "number")]),
        tool(name(PROVIDERS[2]), [], [parameter("flag", "BOOLEAN"), parameter("day", "DATE (YYYY-MM-DD)")]),
    ]
    return [*doing, *(tool(name(f"Other {index}", "Something", "Data"), []) for index in range(7))]


def step(provider: str, instruction: str, rating: int | None = None, operation: str = "Forecast") -> dict[str, Any]:
    call = {"tool_name": name(provider, operation), "parameters": {"city": "Ülo", "deep": {"a": [1, None]}}}
    shown: dict[str, Any] = {"instruction": instruction, "tool_call": call}
    return shown if rating is None else {**shown, "rating": rating}


def prompt(history: list[Any], tools: list[Any], *, ascii_only: bool = True) -> str:
    """A prompt whose wording is ours, with the two marks that an importer goes by."""
    past, there = (json.dumps(part, ensure_ascii=ascii_only) for part in (history, tools))
    return (
        f"Here you go [1].\nInteraction history is:\n{past}\n\nAvailable tools are these:\n{there}\n\nReply {{now}}.\n"
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
    """One released row; its user called the wanted provider's other operation, and disliked the rival's."""
    tools = candidates()
    past = [step(wanted, "Rain on Monday?"), step("Elsewhere", "News?", operation="News")]
    disliked = [step(rival, f"Snow {day}?", 0) for day in ("today", "tomorrow", "soon")]
    histories = (
        past,
        [*({**one, "rating": 1} for one in past), *disliked],
        [*({key: value for key, value in one.items() if key != "rating"} for one in disliked), *past],
    )
    made: dict[str, Any] = {
        "query": query,
        **{key: prompt(past, tools, ascii_only=ascii_only) for key, past in zip(PROMPTS, histories, strict=True)},
        "api_call_ground_truth": {
            "tool_name": name(wanted),
            "parameters": {"city": "Oslo"} if parameters is None else parameters,
        },
    }
    if early:
        same = [{"category_name": "Weather", "tool_name": provider, "api_name": JOB} for provider in PROVIDERS]
        made |= {"apis_candidate": json.dumps(tools), "apis_same_func": same, "func": "7", "entry_id": 100 + number}
    return made


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path
