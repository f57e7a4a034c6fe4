"""OpenAPI documents for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builder.catalogue.openapi_operations import Document
from builder.catalogue.raw_tools import RawParameter, RawTool, Skipped


def document(operation: dict[str, Any] | None = None, path: str = "/weather", **parts: Any) -> dict[str, Any]:
    """Return a document with one operation: `post` if it has a request body, else `get`."""
    operation = {"operationId": "getWeather"} | (operation or {})
    method = "post" if "requestBody" in operation else "get"
    return {"openapi": "3.0.3", "info": {"title": "Cloudly"}, "paths": {path: {method: operation}}} | parts


def tool(operation: dict[str, Any] | None = None, path: str = "/weather", **parts: Any) -> RawTool:
    """Return the tool of a document with one operation."""
    return next(Document(document(operation, path, **parts), "file", Skipped()).tools())


def inputs(*parameters: dict[str, Any], **parts: Any) -> dict[str, RawParameter]:
    """Return the raw parameters of an operation by name."""
    return {raw.name: raw for raw in tool({"parameters": list(parameters)}, **parts).parameters}


def query(name: str = "city", **parts: Any) -> dict[str, Any]:
    """Return a query parameter."""
    return {"name": name, "in": "query", "schema": {"type": "string"}} | parts


def body(schema: Any, kind: str = "application/json", **parts: Any) -> tuple[RawParameter, ...]:
    """Return the raw parameters of an operation with a request body."""
    return tool({"requestBody": {"content": {kind: {"schema": schema}}, "required": True}}, **parts).parameters


def write(path: Path, content: Any) -> Path:
    """Write bytes, text, or any other value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes | str) else json.dumps(content)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
