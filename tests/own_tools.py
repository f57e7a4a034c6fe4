"""The catalogue of the tutorial in three forms: function tools, the answer of an MCP gateway, an OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from docs.tutorials.my_tools import JOBS, PROVIDERS, own_tools, tools

__all__ = ["FORMS", "JOBS", "PROVIDERS", "write_catalogue"]


def function_list() -> list[dict[str, Any]]:
    """Return the tools as functions of a chat API."""
    return list(tools())


def mcp_answer() -> dict[str, Any]:
    """Return the tools as the answer of one gateway to `tools/list`."""
    listed = [
        {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.schema,
            "_meta": {"vendor": tool.provider},
        }
        for tool in own_tools()
    ]
    return {"jsonrpc": "2.0", "id": 1, "result": {"tools": listed}}


def openapi_document() -> dict[str, Any]:
    """Return the tools as the operations of one OpenAPI document."""
    paths = {
        f"/{tool.provider}/{tool.name.partition('_')[2]}": {
            "get": {
                "operationId": tool.name,
                "description": tool.description,
                "x-provider": tool.provider,
                "parameters": [
                    {"name": name, "in": "query", "required": True, "schema": schema}
                    for name, schema in tool.schema["properties"].items()
                ],
            }
        }
        for tool in own_tools()
    }
    return {"openapi": "3.0.3", "info": {"title": "Gateway", "version": "1"}, "paths": paths}


FORMS: Final = {"openai": function_list, "mcp": mcp_answer, "openapi": openapi_document}
"""Function that returns the catalogue in each form, by the kind of `--catalog`."""


def write_catalogue(folder: Path, kind: str) -> str:
    """Write the catalogue in one form; returns the value of `--catalog`."""
    path = folder / f"{kind}.json"
    path.write_text(json.dumps(FORMS[kind](), indent=1), encoding="utf-8")
    return f"{kind}:{path}"
