"""Where a data set lies that is named by its folder or by its repository on the Hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from builder.errors import HubError
from hf_dataset.layout import MANIFEST, TOOLS
from hf_dataset.schema import HISTORY_TYPES

from .repository import download, open_hub

_REPOSITORY: Final = re.compile(r"(?:hub:)?(?P<name>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w./-]+))?")
_NEEDED: Final = (MANIFEST, *(f"{config}/*" for config in (*HISTORY_TYPES, TOOLS)))
"""Not the training data, which is larger than all the rest."""


def data_folder(name: str, patterns: Sequence[str] | None = _NEEDED) -> Path:
    """The folder of a data set, fetched from the Hub (or found in the client's cache) where it is no folder here.

    Args:
        name: A folder, or `ORG/NAME`, or `ORG/NAME@REVISION`; with `hub:` before it too, as the leaderboard has it.
        patterns: Of the files that are needed; None for all.

    Raises:
        HubError: If it cannot be fetched.
    """
    folder = Path(name)
    found = _REPOSITORY.fullmatch(name)
    if found is None or folder.exists():
        return folder
    try:
        return download(open_hub(), found["name"], found["revision"], patterns)
    except HubError as error:
        raise HubError(f"There is no folder {name!r} here, so it was looked for on the Hub. {error}") from error
