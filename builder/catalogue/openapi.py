"""OpenAPI 3 and Swagger 2 documents, one or a tree of them, JSON or YAML.

A tree is read as far as it can be: a document that is broken or foreign is passed over and counted under its reason. A
document that is asked for by name has to be readable.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from builder.errors import CatalogueError
from builder.manifest import content_hash

from .documents import MAX_BYTES, UnreadableError, read_document, readable_files
from .openapi_operations import Document
from .raw_tools import RawTool

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_EXPECTED: Final = "an OpenAPI 3 or Swagger 2.0 document (.json, .yaml, .yml), or a folder of them"


class OpenApiSource:
    """Reads the operations of a document, or of all documents below a folder."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CatalogueError(path, "there is no such file or folder", _EXPECTED)
        self._path = path
        self.skipped: Counter[str] = Counter()
        """What was passed over while reading, by reason: documents, parameters, references, names of operations."""

    @property
    def identity(self) -> str:
        """Kind and content hash; files that may not be opened, or are too large to be read, do not count."""
        files = self._files() if self._path.is_dir() else {"": self._path}
        readable = {
            name: path for name, path in files.items() if os.access(path, os.R_OK) and path.stat().st_size <= MAX_BYTES
        }
        return f"openapi sha256:{content_hash(readable)}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, in sorted path order and document order.

        Raises:
            CatalogueError: If the document, or every document of the folder, is not what it should be.
        """
        self.skipped.clear()
        return self._read_tree() if self._path.is_dir() else self._read_one()

    def _files(self) -> dict[str, Path]:
        return readable_files(self._path, _SUFFIXES)

    def _read_one(self) -> Iterator[RawTool]:
        try:
            document = _open(self._path)
        except UnreadableError as error:
            raise CatalogueError(self._path, error.problem, _EXPECTED) from error
        yield from Document(document, self._path.stem, self.skipped).tools()

    def _read_tree(self) -> Iterator[RawTool]:
        files = self._files()
        if not files:
            raise CatalogueError(self._path, "the folder holds no document", _EXPECTED)
        read = 0
        for path in files.values():
            try:
                document = _open(path)
            except UnreadableError as error:
                self.skipped[error.reason] += 1
                continue
            read += 1
            yield from Document(document, path.stem, self.skipped).tools()
        if not read:
            reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(self.skipped.items()))
            raise CatalogueError(self._path, f"none of its {len(files)} files can be read ({reasons})", _EXPECTED)


def _open(path: Path) -> dict[str, Any]:
    """The document of a file.

    Raises:
        UnreadableError: If it is not one.
    """
    document = read_document(path)
    if not isinstance(document, dict):
        raise UnreadableError("document_not_openapi", f"the document is a {type(document).__name__}, not an object")
    if not (str(document.get("openapi")).startswith("3.") or str(document.get("swagger")) in ("2.0", "2")):
        stated = document.get("openapi", document.get("swagger", document.get("swaggerVersion")))
        problem = (
            f"its version is {str(stated)[:20]!r}" if stated is not None else "it states no `openapi` or `swagger`"
        )
        raise UnreadableError("document_not_openapi", f"not an OpenAPI document: {problem}")
    return document
