"""Files of installed packages, read as data: no package is imported, so none of its dependencies is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from builder.errors import CatalogueError, MissingExtraError

EXTRA: Final = "services"
"""Extra that names the packages."""
_PURPOSE: Final = "The catalogue of real services"


@dataclass(frozen=True, slots=True)
class DataPackage:
    """A package whose files state facts about services.

    Args:
        name: Name of the distribution on PyPI.
        licence: SPDX identifier of its licence.
        holds: Contents that are read, for the card.
    """

    name: str
    licence: str
    holds: str

    @property
    def version(self) -> str:
        """Version of the installed package.

        Raises:
            MissingExtraError: If the package is not installed.
        """
        return str(self._distribution().version)

    def path(self, inner: str) -> Path:
        """Return the path of a file or folder of the package.

        Args:
            inner: Path relative to the folder that packages are installed to.

        Raises:
            MissingExtraError: If the package is not installed.
            CatalogueError: If this version of the package has no such file.
        """
        found = self._distribution()
        path = Path(str(found.locate_file(inner)))
        if not path.exists():
            raise CatalogueError(
                path,
                f"{self.name} {found.version} has no such file, which the catalogue of real services reads",
                "the version that requirements/constraints.txt names",
            )
        return path

    def modules(self, folder: str) -> Iterator[Path]:
        """Yield the Python files of a folder and the folders in it, sorted by path.

        Args:
            folder: Path relative to the folder that packages are installed to.
        """
        yield from sorted(self.path(folder).rglob("*.py"))

    def _distribution(self) -> Distribution:
        try:
            return distribution(self.name)
        except PackageNotFoundError as error:
            raise MissingExtraError(self.name, EXTRA, _PURPOSE) from error


LITELLM: Final = DataPackage("litellm", "MIT", "prices and limits of models at their hosts, and of searches and media")
CCXT: Final = DataPackage("ccxt", "MIT", "rate limits, fees and methods of crypto exchanges")
APPRISE: Final = DataPackage("apprise", "BSD-2-Clause", "limits and settings of messaging services")
PACKAGES: Final = (APPRISE, CCXT, LITELLM)
"""Packages that the catalogue reads, sorted by name."""


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
