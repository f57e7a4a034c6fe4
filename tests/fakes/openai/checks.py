"""Validation of chat completion requests, and of the replies of a script."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from .errors import ApiError

Body = dict[str, Any]
FORMATS = ("text", "json_object", "json_schema")


def check_body(body: object, models: Collection[str], formats: Collection[str]) -> Body:
    """Validate the body of a chat completion request, and return it.

    Args:
        body: Parsed JSON of the request.
        models: Names of the available models.
        formats: Supported types of response_format.

    Raises:
        ApiError: If the body is invalid: 404 for an unknown model, else 400.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "We could not parse the JSON body of your request: an object is expected.")
    _check_messages(body.get("messages"))
    if body.get("model") not in models:
        message = f"The model {body.get('model')!r} does not exist or you do not have access to it."
        raise ApiError(404, message, code="model_not_found")
    if body.get("n", 1) != 1:
        raise ApiError(400, "This server does not support several choices.", param="n")
    _check_format(body, formats)
    _check_tools(body.get("tools") or [])
    return body


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "Missing required parameter: 'messages'.", param="messages")
    if not all(isinstance(message, dict) and {"role", "content"} <= message.keys() for message in messages):
        raise ApiError(400, "Each message must have a role and content.", param="messages")


def prompt_text(body: Body) -> str:
    """Return the concatenated texts of all messages."""
    contents = [message["content"] for message in body["messages"]]
    parts = [content if isinstance(content, list) else [{"text": content or ""}] for content in contents]
    return "".join(part.get("text", "") for content in parts for part in content)


def check_reply(body: Body, text: str) -> None:
    """Validate the text of a script against the response_format, which a real server would enforce.

    Raises:
        ValueError: If the text is not JSON, not an object, or does not satisfy the schema.
    """
    form = body.get("response_format") or {"type": "text"}
    if form["type"] == "text":
        return
    value = json.loads(text)
    if form["type"] == "json_object" and not isinstance(value, dict):
        raise ValueError(f"the reply must be a JSON object, not {text!r}")
    if form["type"] == "json_schema":
        validator = _validator(json.dumps(form["json_schema"].get("schema", {})))
        problem = next(validator.iter_errors(value), None)
        if problem is not None:
            raise ValueError(f"the reply does not satisfy its schema at {problem.json_path}: {problem.message}")


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))


def _check_format(body: Body, formats: Collection[str]) -> None:
    form = body.get("response_format")
    if form is None:
        return
    kind = form.get("type") if isinstance(form, dict) else form
    if kind not in formats:
        if kind in FORMATS:
            message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
        else:
            message = f"Invalid value: {kind!r}. Supported values are: {', '.join(map(repr, formats))}."
        raise ApiError(400, message, param="response_format.type")
    if kind == "json_object" and "json" not in prompt_text(body).lower():
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise ApiError(400, message, param="messages")
    if kind == "json_schema":
        _check_schema(form.get("json_schema"))


def _check_tools(tools: object) -> None:
    for index, tool in enumerate(tools if isinstance(tools, list) else [None]):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            where = f"tools[{index}].function.name"
            raise ApiError(400, f"Invalid '{where}': does not match pattern '^[a-zA-Z0-9_-]{{1,64}}$'.", param=where)


def _check_schema(named: object) -> None:
    where = "response_format.json_schema"
    if not isinstance(named, dict) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(named.get("name", ""))):
        raise ApiError(400, f"Missing or invalid parameter: '{where}.name'.", param=f"{where}.name")
    schema = named.get("schema", {})
    if not isinstance(schema, dict):
        raise ApiError(400, f"Invalid type for '{where}.schema': an object is expected.", param=f"{where}.schema")
    problem = _looseness(json.dumps(schema)) if named.get("strict") else None
    if problem:
        message = f"Invalid schema for response_format {named['name']!r}: {problem}"
        raise ApiError(400, message, param="response_format", code="invalid_json_schema")


@lru_cache(maxsize=1024)
def _looseness(schema: str) -> str | None:
    """Return the reason why a schema is not strict, or None. Cached, because a run repeats few schemas many times."""
    return _loose_object(json.loads(schema))


def _loose_object(schema: object) -> str | None:
    if isinstance(schema, list):
        return next(filter(None, map(_loose_object, schema)), None)
    if not isinstance(schema, dict):
        return None
    if isinstance(properties := schema.get("properties"), dict):
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(properties):
            return "'required' is required to be supplied and to be an array including every key in properties."
        return _loose_object(list(properties.values()))
    return _loose_object([value for key, value in schema.items() if key not in {"enum", "const", "default"}])
