"""The tools of the tutorial as a ToolBench catalogue with arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from docs.tutorials.my_tools import tools

_ARRAYS: Final = ("lang", "sort")
"""Names of the parameters that are arrays."""


def lines() -> Iterator[str]:
    """Yield the operations as JSON lines."""
    for tool in tools():
        function = tool["function"]
        provider, _, name = function["name"].partition("__")
        required = function["parameters"]["required"]
        parameters = [
            {"name": key, "type": "ARRAY" if key in _ARRAYS else "STRING", "description": item["description"]}
            for key, item in function["parameters"]["properties"].items()
        ]
        record = {
            "category": "Tools",
            "tool_name": provider,
            "api_name": name.replace("_", " "),
            "api_description": function["description"],
            "required_parameters": [item for item in parameters if item["name"] in required],
            "optional_parameters": [item for item in parameters if item["name"] not in required],
        }
        yield json.dumps(record)
