"""ToolBench catalogues (a dump of RapidAPI), in both forms in which they are distributed.

Line form: a `.jsonl` file with one operation per line, optionally compressed with gzip. Folder form, as published by
ToolBench: one file per tool, `<root>/<Category>/<tool>.json`, with its operations in `api_list`.

A line, operation or file that is malformed is skipped, counted and named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError
from builder.records import ServiceFacts
from builder.words import printable, squash

from .documents import UnreadableError, as_list, catalogue_files, check_path, parse_json, read_text
from .entries import Entry, convert_entries, read_entries
from .raw_tools import Origin, RawParameter, RawTool, Skipped

_FILES: Final = "*/*.json"
"""Pattern of the paths of the folder form."""
_LINE_KEYS: Final = ("category", "tool_name", "api_name", "required_parameters", "optional_parameters")
_FILE_KEYS: Final = ("tool_name", "api_list")
_OPERATION_KEYS: Final = ("name", "required_parameters", "optional_parameters")
_LISTS: Final = frozenset({"required_parameters", "optional_parameters", "api_list"})
_LENGTH_KEY: Final = "_list_length"
"""Key that the crawl adds to the items of a list in a sample reply."""
_ERROR_KEYS: Final = frozenset(
    [
        *("code", "correlationid", "detail", "error", "errors", "instance", "message", "messages", "parametererrors"),
        *("status", "statuscode", "success", "title", "type"),
    ]
)
"""Squashed keys of a sample reply that is an error."""
_LINE_EXPECTED: Final = f"one JSON object per line with the keys {', '.join(_LINE_KEYS)}"
_FILE_EXPECTED: Final = f"a JSON object with the keys {', '.join(_FILE_KEYS)}"


class ToolBenchSource:
    """ToolBench catalogue in a file (line form) or a folder (folder form)."""

    def __init__(self, path: Path) -> None:
        check_path(path, "a .jsonl[.gz] file or a ToolBench folder")
        self._path = path
        self.skipped = Skipped()
        """Lines, operations and files that the last `read` skipped."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of its content; for a folder, the hash covers the relative paths too."""
        files = catalogue_files(self._path, (".json",), pattern=_FILES) if self._path.is_dir() else {"": self._path}
        readable = {name: path for name, path in files.items() if os.access(path, os.R_OK)}
        return f"toolbench sha256:{content_hash(readable)}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, by sorted path and then in file order.

        Raises:
            CatalogueError: If no operation can be read. The message names the problem and the expected content.
        """
        self.skipped.clear()
        return self._read_folder() if self._path.is_dir() else self._read_lines()

    def _read_lines(self) -> Iterator[RawTool]:
        self.skipped.place = self._path.name
        try:
            # Without a size limit: large catalogues are in this form.
            yield from convert_entries(read_entries(self._path, self.skipped, limit=0), _line_tool, self.skipped)
        except UnreadableError as error:
            raise CatalogueError(self._path, error.problem, _LINE_EXPECTED) from error

    def _read_folder(self) -> Iterator[RawTool]:
        files = catalogue_files(self._path, (".json",), self.skipped, _FILES)
        if not files:
            raise CatalogueError(self._path, "the folder contains no tool", "files <Category>/<tool>.json below it")
        problems: list[str] = []
        for name, path in files.items():
            self.skipped.place = name
            try:
                record = _checked(parse_json(read_text(path)), _FILE_KEYS)
            except UnreadableError as error:
                self.skipped.skip(error.reason, error.problem)
                problems.append(f"{name}: {error.problem}")
                continue
            for index, operation in enumerate(as_list(record["api_list"])):
                try:
                    tool = _folder_tool(operation, record, path.parent.name)
                except UnreadableError as error:
                    self.skipped.skip(error.reason, f"api_list[{index}]: {error.problem}")
                    continue
                yield tool
        if len(problems) == len(files):
            problem = f"none of its {len(files)} files can be read; {problems[0]}"
            raise CatalogueError(self._path, problem, _FILE_EXPECTED)


def _line_tool(entry: Entry) -> RawTool:
    """Convert an operation of the line form.

    Raises:
        UnreadableError: If it is malformed.
    """
    record = _checked(entry.value, _LINE_KEYS)
    return RawTool(
        category=_text(record["category"]),
        provider=_text(record["tool_name"]),
        provider_description=_text(record.get("tool_description")),
        operation=_text(record["api_name"]),
        operation_description=_text(record.get("api_description")),
        parameters=_parameters(record),
        facts=_facts(record.get("score"), record.get("pricing"), record.get("template_response")),
        origin=Origin(_text(record["api_name"]), record=record),
    )


def _folder_tool(operation: object, tool: Mapping[str, Any], category: str) -> RawTool:
    """Convert an operation of the folder form.

    Raises:
        UnreadableError: If it is malformed.
    """
    record = _checked(operation, _OPERATION_KEYS)
    return RawTool(
        category=_text(category),
        provider=_text(tool.get("title") or tool["tool_name"]),
        provider_description=_text(tool.get("tool_description")),
        operation=_text(record["name"]),
        operation_description=_text(record.get("description")),
        parameters=_parameters(record),
        facts=_facts(tool.get("score"), tool.get("pricing"), record.get("schema")),
        origin=Origin(_text(record["name"]), record=record),
    )


def _checked(record: object, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return a record that is an object with all keys, each with a list, null or text as required.

    Raises:
        UnreadableError: If it is not.
    """
    if not isinstance(record, dict):
        raise UnreadableError("entry_malformed", f"a JSON {type(record).__name__}, not an object")
    missing = [key for key in keys if key not in record]
    if missing:
        raise UnreadableError("entry_malformed", f"the keys {', '.join(missing)} are missing")
    for key in keys:
        if key in _LISTS and not isinstance(record[key], list | None):
            raise UnreadableError("entry_malformed", f"{key} is a {type(record[key]).__name__}, not a list")
        if key not in _LISTS and not isinstance(record[key], str):
            raise UnreadableError("entry_malformed", f"{key} is a {type(record[key]).__name__}, not text")
    return record


def _parameters(record: Mapping[str, Any]) -> tuple[RawParameter, ...]:
    """Convert the parameters of an operation.

    Raises:
        UnreadableError: If one has no name.
    """
    parameters = []
    for key, required in (("required_parameters", True), ("optional_parameters", False)):
        for item in record[key] or []:
            if not isinstance(item, dict) or "name" not in item:
                raise UnreadableError("entry_malformed", f"an entry of {key} has no name")
            parameters.append(
                RawParameter(
                    name=_text(item["name"]).strip(),
                    type=_text(item.get("type")),
                    description=_text(item.get("description")),
                    default=item.get("default"),
                    required=required,
                )
            )
    return tuple(parameters)


def _text(value: object) -> str:
    """Return a value as text that can be printed; empty if there is none."""
    return printable(str(value or ""))


def _facts(score: object, pricing: object, reply: object) -> ServiceFacts:
    numbers = score if isinstance(score, dict) else {}

    def number(key: str) -> float | None:
        value = numbers.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    latency = number("avgLatency")
    # A latency of 0 means that the service was never called, so that its other statistics are meaningless.
    called = latency is None or latency > 0
    return ServiceFacts(
        latency_ms=latency if called else None,
        success_rate=number("avgSuccessRate") if called else None,
        service_level=number("avgServiceLevel") if called else None,
        popularity=number("popularityScore"),
        pricing=pricing.lower() if isinstance(pricing, str) and pricing else None,
        reply_fields=_reply_fields(reply),
    )


def _reply_fields(reply: object) -> int | None:
    """Return the number of different fields of a sample reply; None if there is none, or it is an error."""
    if not isinstance(reply, dict) or not reply or {squash(str(key)) for key in reply} <= _ERROR_KEYS:
        return None
    return _leaves(reply) or None


def _leaves(value: object) -> int:
    if isinstance(value, dict):
        return sum(_leaves(item) for key, item in value.items() if key != _LENGTH_KEY)
    if isinstance(value, list):
        return max(map(_leaves, value), default=0)
    return 1
