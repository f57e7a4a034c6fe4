"""ToolBench catalogues (a dump of RapidAPI), in both forms in which they are distributed.

Line form: a `.jsonl` file with one operation per line, optionally compressed with gzip. Folder form, as published by
ToolBench: one file per tool, `<root>/<Category>/<tool>.json`, with its operations in `api_list`.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError
from builder.records import ServiceFacts

from .raw_tools import RawParameter, RawTool

_GZIP_MAGIC: Final = b"\x1f\x8b"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""JSON escape of a surrogate, in a pair or alone."""
_LINE_KEYS: Final = ("category", "tool_name", "api_name", "required_parameters", "optional_parameters")
_FILE_KEYS: Final = ("tool_name", "api_list")
_OPERATION_KEYS: Final = ("name", "required_parameters", "optional_parameters")
_LISTS: Final = frozenset({"required_parameters", "optional_parameters", "api_list"})
_LINE_EXPECTED: Final = f"one JSON object per line with the keys {', '.join(_LINE_KEYS)}"
_FILE_EXPECTED: Final = f"a JSON object with the keys {', '.join(_FILE_KEYS)}"


class ToolBenchSource:
    """ToolBench catalogue in a file (line form) or a folder (folder form)."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CatalogueError(path, "there is no such file or folder", "a .jsonl[.gz] file or a ToolBench folder")
        self._path = path
        self.skipped: Counter[str] = Counter()
        """Always empty, since malformed entries raise an error."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of its content; in folder form, also of the relative paths."""
        if self._path.is_dir():
            files = {path.relative_to(self._path).as_posix(): path for path in sorted(self._path.glob("*/*.json"))}
        else:
            files = {"": self._path}
        return f"toolbench sha256:{content_hash(files)}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, by sorted path and then in file order.

        Raises:
            CatalogueError: If a file is malformed. The message names file, line, problem and expected content.
        """
        return _read_folder(self._path) if self._path.is_dir() else _read_lines(self._path)


def _read_lines(path: Path) -> Iterator[RawTool]:
    lines = _text(path, _LINE_EXPECTED).split("\n")
    ends_with_newline = lines[-1] == ""
    if ends_with_newline:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise CatalogueError(path, "the file is empty", _LINE_EXPECTED)
    for number, line in enumerate(lines, start=1):
        try:
            record = _parse_json(line)
        except (ValueError, RecursionError) as error:
            truncated = number == len(lines) and not ends_with_newline
            problem = "the last line is cut off" if truncated else f"not JSON ({_json_problem(error)})"
            raise CatalogueError(path, problem, _LINE_EXPECTED, number) from error
        _check_keys(record, _LINE_KEYS, path, _LINE_EXPECTED, number)
        yield RawTool(
            category=record["category"],
            provider=record["tool_name"],
            provider_description=str(record.get("tool_description") or ""),
            operation=record["api_name"],
            operation_description=str(record.get("api_description") or ""),
            parameters=_parameters(record, path, number),
            facts=_facts(record.get("score"), record.get("pricing")),
        )


def _read_folder(root: Path) -> Iterator[RawTool]:
    files = sorted(root.glob("*/*.json"))
    if not files:
        raise CatalogueError(root, "the folder contains no tool", "files <Category>/<tool>.json below it")
    for path in files:
        try:
            record = _parse_json(_text(path, _FILE_EXPECTED))
        except (ValueError, RecursionError) as error:
            raise CatalogueError(path, f"not JSON ({_json_problem(error)})", _FILE_EXPECTED) from error
        _check_keys(record, _FILE_KEYS, path, _FILE_EXPECTED)
        for index, operation in enumerate(record["api_list"] or []):
            expected = f"api_list[{index}] to be an object with the keys {', '.join(_OPERATION_KEYS)}"
            _check_keys(operation, _OPERATION_KEYS, path, expected)
            yield RawTool(
                category=path.parent.name,
                provider=str(record.get("title") or record["tool_name"]),
                provider_description=str(record.get("tool_description") or ""),
                operation=operation["name"],
                operation_description=str(operation.get("description") or ""),
                parameters=_parameters(operation, path, None),
                facts=_facts(record.get("score"), record.get("pricing")),
            )


def _text(path: Path, expected: str) -> str:
    """Read a UTF-8 file, decompressed if it is gzip."""
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP_MAGIC):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogueError(path, f"cannot be read ({error})", expected) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CatalogueError(path, "binary data, not UTF-8 text", expected, line) from error
    if "\0" in text:
        raise CatalogueError(path, "binary data (a NUL byte)", expected, text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise CatalogueError(path, "the file is empty", expected)
    return text


def _parse_json(text: str) -> Any:
    """Parse JSON and replace lone surrogates, which cannot be encoded as UTF-8.

    They occur where a description was cut within an emoji.

    Raises:
        ValueError: If it is not JSON.
        RecursionError: If it is nested too deeply.
    """
    value = json.loads(text)
    if _SURROGATE.search(text):
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def _json_problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return (
        f"{error.msg} at line {error.lineno}, column {error.colno}"
        if isinstance(error, json.JSONDecodeError)
        else str(error)
    )


def _check_keys(record: object, keys: tuple[str, ...], path: Path, expected: str, line: int | None = None) -> None:
    """Raise an error unless a record is an object with all keys, each with a list, null or text as required."""
    if not isinstance(record, dict):
        raise CatalogueError(path, f"a JSON {type(record).__name__}, not an object", expected, line)
    missing = [key for key in keys if key not in record]
    if missing:
        raise CatalogueError(path, f"the keys {', '.join(missing)} are missing", expected, line)
    for key in keys:
        if key in _LISTS and not isinstance(record[key], list | None):
            raise CatalogueError(path, f"{key} is a {type(record[key]).__name__}", "a list or null", line)
        if key not in _LISTS and not isinstance(record[key], str):
            raise CatalogueError(path, f"{key} is a {type(record[key]).__name__}", "text", line)


def _parameters(record: Mapping[str, Any], path: Path, line: int | None) -> tuple[RawParameter, ...]:
    parameters = []
    for key, required in (("required_parameters", True), ("optional_parameters", False)):
        for item in record[key] or []:
            if not isinstance(item, dict) or "name" not in item:
                raise CatalogueError(path, f"an entry of {key} has no name", "objects with a name", line)
            parameters.append(
                RawParameter(
                    name=str(item["name"]).strip(),
                    type=str(item.get("type") or ""),
                    description=str(item.get("description") or ""),
                    default=item.get("default"),
                    required=required,
                )
            )
    return tuple(parameters)


def _facts(score: object, pricing: object) -> ServiceFacts:
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
    )
