"""Records of a run: its header, its replies, and whether they belong to given instances."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import ConfigDict

from builder.errors import DataError
from hf_dataset.manifest import ALL, Manifest
from hf_dataset.prompting import config_of

from .run_settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

HEADER: Final = "petoolbench"
"""Key of the header in the first line of a run file."""
FORMAT: Final = 2
"""Version of the header."""
_SELECTION: Final = ("limit", "ids")
"""Settings that may change when a run resumes: the selection of instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Provenance of a run: its settings, and the data and prompts that they were applied to."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    settings: RunSettings
    version: str
    """Version of this distribution."""
    build_id: str
    """Build id of the data set; empty for rows that were passed in."""
    data_revision: str
    """Hash of the data files of the data set; empty for rows that were passed in."""
    data_sha256: str
    """Hash of the files of the split; empty for rows that were passed in."""
    prompt_version: str | None = None
    """Version of the official prompt; None for baselines."""

    def differences(self, other: Header) -> list[str]:
        """Return the fields that differ from those of another header, except for the selection of instances."""
        mine, theirs = self._flat(), other._flat()
        return [
            f"{name} {mine[name]!r}, not {theirs[name]!r}"
            for name in mine
            if name not in _SELECTION and mine[name] != theirs[name]
        ]

    def to_json(self) -> str:
        """Return the header line of a run file."""
        return json.dumps({HEADER: {"format": FORMAT, **asdict(self)}}, ensure_ascii=False) + "\n"

    def _flat(self) -> dict[str, Any]:
        record = asdict(self)
        settings: dict[str, Any] = record.pop("settings")
        return {**record, **settings}


@dataclass(frozen=True, slots=True)
class Line:
    """Reply to one instance."""

    instance_id: str
    prediction: str
    """Text of the reply; empty if there is none."""
    error: str | None = None
    """Error message if there is no reply."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    dropped_steps: int = 0
    """Number of the oldest steps of the history that were left out to fit the context window."""

    def as_json(self) -> str:
        """Return the line of the run file, with its end."""
        defaults = {column.name: column.default for column in fields(self)}
        content = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return json.dumps(content, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Run:
    """Replies of a model, as read from a run file or returned by `predict`."""

    path: Path
    """The file; for a run that is kept in memory, a name."""
    header: Header | None
    lines: dict[str, Line] = field(repr=False)
    """By instance id, in the order of the file."""
    native_calls: frozenset[str] = frozenset()
    """Ids of the instances whose reply is a native call in the output file of a batch: it names a function, not yet a
    candidate."""

    @property
    def predictions(self) -> dict[str, str]:
        """Texts of the replies by instance id."""
        return {instance_id: line.prediction for instance_id, line in self.lines.items()}

    @property
    def name(self) -> str:
        """Name of the system, from the header or else from the file name."""
        return self.header.settings.system if self.header else self.path.stem

    def to_dict(self) -> dict[str, Any]:
        """Return the header and the lines as plain JSON values."""
        return {
            "header": asdict(self.header) if self.header else None,
            "lines": [asdict(line) for line in self.lines.values()],
        }

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per reply: `instance_id`, `prediction`, `error`, token counts."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        columns = [column.name for column in fields(Line)]
        return pd.DataFrame([asdict(line) for line in self.lines.values()], columns=columns)

    def __str__(self) -> str:
        failed = sum(line.error is not None for line in self.lines.values())
        return f"Run of {self.name}: {len(self.lines):,} replies" + (f", {failed:,} of them failed" if failed else "")


def check_made_for(run: Run, source: str, config: str, split: str, manifest: Manifest | None) -> None:
    """Check that a run answers the given instances; a run without a header passes.

    Args:
        run: The run.
        source: Name of the data set, for the message.
        config: History type.
        split: Split.
        manifest: Manifest of the data set; None for rows that were passed in, which are not checked.

    Raises:
        DataError: If the header names another config, split or data set.
    """
    if run.header is None:
        return
    settings = run.header.settings
    if config not in settings.configs or settings.split != split:
        raise DataError(
            f"{str(run.path)!r} answers the config {settings.config!r}, split {settings.split!r}, not {config!r}, "
            f"{split!r}. Select the config and split that it answers (--config, --split)."
        )
    if manifest is None or not run.header.data_sha256:
        return
    if run.header.data_sha256 != manifest.data_sha256(settings.config, split):
        raise DataError(
            f"{str(run.path)!r} was made on another data set (build {run.header.build_id!r}) than {source!r} (build "
            f"{manifest.build_id!r}). Name the folder or the revision that it was made on, or predict again."
        )


def restricted_to(run: Run, config: str) -> Run:
    """Return the part of a run of the config `all` that answers one config; other runs are returned unchanged.

    Raises:
        ReadError: If an id of the run names no config.
    """
    if run.header is None or run.header.settings.config != ALL:
        return run
    lines = {name: line for name, line in run.lines.items() if config_of(name) == config}
    return replace(run, lines=lines)
