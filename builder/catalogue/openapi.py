"""OpenAPI 3 and Swagger 2.0 documents, as JSON or YAML: a single file or a folder tree.

In a folder tree, a document that cannot be read or is not OpenAPI is skipped and counted by reason. A single file must
be readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError

from .documents import UnreadableError, catalogue_files, check_path, hashable_files, read_document
from .openapi_operations import Document
from .raw_tools import RawTool, Skipped

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_EXPECTED: Final = "an OpenAPI 3 or Swagger 2.0 document (.json, .yaml, .yml), or a folder of them"


class OpenApiSource:
    """Catalogue of the operations of a document, or of all documents below a folder."""

    def __init__(self, path: Path) -> None:
        check_path(path, _EXPECTED)
        self._path = path
        self.skipped = Skipped()
        """Documents, operations, parameters and references that the last `read` skipped, duplicate keys, and missing
        operation ids."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of its files except those that are unreadable or larger than `MAX_BYTES`."""
        files = catalogue_files(self._path, _SUFFIXES) if self._path.is_dir() else {"": self._path}
        return f"openapi sha256:{content_hash(hashable_files(files))}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, by sorted path and then in document order.

        Raises:
            CatalogueError: If the document, or every document of the folder, is unreadable or not OpenAPI.
        """
        self.skipped.clear()
        return self._read_folder() if self._path.is_dir() else self._read_file()

    def _read_file(self) -> Iterator[RawTool]:
        self.skipped.place = self._path.name
        try:
            document = _load(self._path, self.skipped)
        except UnreadableError as error:
            raise CatalogueError(self._path, error.problem, _EXPECTED) from error
        yield from Document(document, self._path.stem, self.skipped).tools()

    def _read_folder(self) -> Iterator[RawTool]:
        files = catalogue_files(self._path, _SUFFIXES, self.skipped)
        if not files:
            raise CatalogueError(self._path, "the folder contains no document", _EXPECTED)
        documents_read = 0
        for name, path in files.items():
            self.skipped.place = name
            try:
                document = _load(path, self.skipped)
            except UnreadableError as error:
                self.skipped.skip(error.reason, error.problem)
                continue
            documents_read += 1
            yield from Document(document, path.stem, self.skipped).tools()
        if not documents_read:
            reasons = "; ".join(self.skipped.notices())
            raise CatalogueError(self._path, f"none of its {len(files)} files can be read ({reasons})", _EXPECTED)


def _load(path: Path, skipped: Skipped) -> dict[str, Any]:
    """Read a file and check that it is an OpenAPI document of a supported version. Record its duplicate keys.

    Raises:
        UnreadableError: If it is not.
    """
    duplicates: list[str] = []
    document = read_document(path, duplicates)
    if not isinstance(document, dict):
        raise UnreadableError("document_not_openapi", f"the document is a {type(document).__name__}, not an object")
    if not (str(document.get("openapi")).startswith("3.") or str(document.get("swagger")) in ("2.0", "2")):
        version = document.get("openapi", document.get("swagger", document.get("swaggerVersion")))
        problem = (
            f"its version is {str(version)[:20]!r}" if version is not None else "it has no `openapi` or `swagger` key"
        )
        raise UnreadableError("document_not_openapi", f"not a supported OpenAPI document: {problem}")
    for key in duplicates:
        skipped.skip("duplicate_key", f"{key}; the last value is used")
    return document
