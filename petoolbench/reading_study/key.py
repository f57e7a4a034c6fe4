"""Key of a reading study: the instance of each row, and the data set. It is stored outside of the readers' folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from builder.errors import DataError
from hf_dataset.manifest import Manifest

KEY_FORMAT: Final = 1
"""Version of the key file."""
PROMPTS: Final = "prompts"
FORMS: Final = "forms"
INSTRUCTIONS: Final = "instructions.md"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """The instance of the data set that a row of the study shows."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    instance_id: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Instances of a reading study, and the data set that they are from."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    format: int = KEY_FORMAT
    build_id: str
    data_revision: str
    config: str
    """History type, or `all`."""
    split: str
    seed: int
    prompt_version: str
    rows: Mapping[str, KeyRow]
    """Instance of each row, by its number."""


_ADAPTER: Final = TypeAdapter(Key)


def key_path(folder: Path) -> Path:
    """Return the path of the key of a folder: next to the folder, as `FOLDER.key.json`."""
    folder = folder if folder.name else folder.absolute()
    return folder.with_name(f"{folder.name}.key.json")


def to_json(key: Key) -> str:
    """Return the text of the key file."""
    return _ADAPTER.dump_json(key, indent=2).decode() + "\n"


def read_key(folder: Path) -> Key:
    """Read the key of a folder.

    Raises:
        DataError: If it is missing or malformed.
    """
    path = key_path(folder)
    try:
        key = _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(
            f"The key {str(path)!r} cannot be read: {error.strerror}. It is written next to the folder by: "
            "petoolbench reading deal"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise DataError(
            f"The key {str(path)!r} is malformed: {where}: {first['msg']}. Restore the file that `reading deal` wrote."
        ) from error
    if key.format != KEY_FORMAT or not key.rows:
        raise DataError(
            f"The key {str(path)!r} has format {key.format} and {len(key.rows)} rows; allowed: format {KEY_FORMAT} "
            "with rows. Restore the file that `reading deal` wrote."
        )
    return key


def check_data(key: Key, manifest: Manifest, name: str) -> None:
    """Check that the rows of a reading study were selected from a data set.

    Args:
        key: Key of the study, which lists the selected rows.
        manifest: Manifest of the data set.
        name: Name of the data set, for the message.

    Raises:
        DataError: If they were selected from another data set.
    """
    dealt, given = (key.build_id, key.data_revision), (manifest.build_id, manifest.data_revision)
    if dealt != given:
        raise DataError(
            f"The rows are from build {dealt[0]}, revision {dealt[1]}, but {name!r} is build {given[0]}, revision "
            f"{given[1]}. Name the data set that was dealt with --data."
        )
