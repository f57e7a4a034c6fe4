"""Location of a data set that is named by its folder or by its repository on the Hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from builder.errors import ConfigError, HubError
from hf_dataset.layout import MANIFEST, TOOLS
from hf_dataset.schema import HISTORY_TYPES

from .repository import download, open_hub

_REPOSITORY: Final = re.compile(r"(?:hub:)?(?P<name>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w./-]+))?")
_NEEDED: Final = (MANIFEST, *(f"{config}/*" for config in (*HISTORY_TYPES, TOOLS)))
"""Files to download by default: all except the training data, which is larger than everything else together."""


def data_folder(name: str, patterns: Sequence[str] | None = _NEEDED) -> Path:
    """Return the folder of a data set, downloaded from the Hub if it is not a local folder.

    Args:
        name: A local folder, `ORG/NAME` or `ORG/NAME@REVISION`. A repository may have the prefix `hub:`, as on the
            leaderboard.
        patterns: Glob patterns of the files to download; None for all files.

    Returns:
        The local folder; for a repository, that in the cache of `huggingface_hub`.

    Raises:
        HubError: If the repository cannot be downloaded.
    """
    folder = Path(name)
    repository = _REPOSITORY.fullmatch(name)
    if repository is None or folder.exists():
        return folder
    try:
        return download(open_hub(), repository["name"], repository["revision"], patterns)
    except HubError as error:
        raise HubError(f"There is no local folder {name!r}, so it was looked up on the Hub. {error}") from error


def at_revision(name: str | Path, revision: str | None) -> str:
    """Return the name of a data set at a revision, as `data_folder` takes it.

    Args:
        name: A local folder, or `ORG/NAME`.
        revision: Tag, branch or commit of a repository; None for the latest.

    Raises:
        ConfigError: If a folder is given a revision.
    """
    if revision is None:
        return str(name)
    if Path(name).is_dir():
        raise ConfigError(f"{str(name)!r} is a folder, which has no revisions. Remove the revision.")
    return f"{name}@{revision}"
