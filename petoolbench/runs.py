"""Records of a run: its header, its replies, and whether they belong to given instances."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import ConfigDict

from builder.errors import DataError
from builder.llm.completion import FILTERED, LENGTH
from builder.llm.request_fields import apply_adapted
from hf_dataset.manifest import ALL, Manifest
from hf_dataset.prompting import config_of
from metrics.petoolbench.aggregation import check_unique

from .run_settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

HEADER: Final = "petoolbench"
"""Key of the header in the first line of a run file."""
FORMAT: Final = 2
"""Version of the header."""
_SELECTION: Final = ("limit", "ids", "repeat")
"""Settings that may change when a run resumes: the selection of instances, and the number of replies to each."""


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
    adapted: Mapping[str, str | None] = field(default_factory=dict)
    """Request fields that the endpoint refused at the first request, with the field that is sent instead; None if the
    field is left out."""

    @property
    def sampling(self) -> dict[str, Any]:
        """Keys of the requests as they were sent, except messages and tools."""
        return apply_adapted(self.settings.sampling, self.adapted, self.settings.body)

    def differences(self, other: Header) -> list[str]:
        """Return the fields that differ from those of another header, except for the instances and replies selected."""
        mine, theirs = self._flat(), other._flat()
        return [
            f"{name} {mine[name]!r}, not {theirs[name]!r}"
            for name in mine
            if name not in _SELECTION and mine[name] != theirs[name]
        ]

    def to_json(self) -> str:
        """Return the header line of a run file."""
        content = asdict(self)
        if not self.adapted:
            del content["adapted"]
        return json.dumps({HEADER: {"format": FORMAT, **content}}, ensure_ascii=False) + "\n"

    def _flat(self) -> dict[str, Any]:
        record = asdict(self)
        settings: dict[str, Any] = record.pop("settings")
        return {**record, **settings}


@dataclass(frozen=True, slots=True)
class Line:
    """Reply to one instance."""

    instance_id: str
    prediction: str
    """Text of the reply, or its native calls; empty if it has neither."""
    error: str | None = None
    """Reason why there is no prediction: its kind, followed by a colon and the details."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    dropped_steps: int = 0
    """Number of the oldest steps of the history that were left out to fit the context window."""
    repeat: int = 1
    """Number of the reply among those to the same instance, from 1."""
    finish_reason: str | None = None
    """Reason why the reply ended, as the endpoint states it; `length` and `content_filter` under these names."""
    reasoning: str | None = None
    """Reasoning that the endpoint keeps apart from the reply. It is not scored."""
    refusal: str | None = None
    """Text with which the model refused, if the endpoint keeps it apart from the reply. It is not scored."""
    content: str | None = None
    """Text next to native calls. It is not scored."""
    memory_tokens: int | None = None
    """Size of the memory in the prompt in tokens, where a memory read the history as sessions."""

    @property
    def key(self) -> tuple[str, int]:
        """Instance id and number of the reply, which together are unique in a run."""
        return self.instance_id, self.repeat

    @property
    def is_cut(self) -> bool:
        """True if the reply was cut at the limit of output tokens."""
        return self.finish_reason == LENGTH

    @property
    def is_refused(self) -> bool:
        """True if the model refused, or a content filter withheld the reply or refused the request."""
        return self.refusal is not None or self.finish_reason == FILTERED

    @property
    def is_failed(self) -> bool:
        """True if the endpoint gave no reply at all, so that the request can be sent again."""
        return self.error is not None and self.output_tokens is None and self.finish_reason in (None, FILTERED)

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
    """First reply to each instance by its id, in the order of the file."""
    native_calls: frozenset[str] = frozenset()
    """Ids of the instances whose reply is a native call in the output file of a batch: it names a function, not yet a
    candidate."""
    repeats: tuple[dict[str, Line], ...] = ()
    """Second, third and further replies by instance id, if the instances were asked several times."""

    @property
    def all_lines(self) -> list[Line]:
        """All replies: the first ones, then the second ones, and so on."""
        return [line for lines in (self.lines, *self.repeats) for line in lines.values()]

    @property
    def predictions(self) -> dict[str, str]:
        """Texts of the first replies by instance id."""
        return {instance_id: line.prediction for instance_id, line in self.lines.items()}

    @property
    def name(self) -> str:
        """Name of the system, from the header or else from the file name."""
        return self.header.settings.system if self.header else self.path.stem

    def to_dict(self) -> dict[str, Any]:
        """Return the header and the lines as plain JSON values."""
        return {
            "header": asdict(self.header) if self.header else None,
            "lines": [asdict(line) for line in self.all_lines],
        }

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per reply, whose columns are the fields of a line of the run file.

        These are `instance_id`, `prediction`, `error`, token counts, `repeat`, `finish_reason`, `reasoning` and others.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        columns = [column.name for column in fields(Line)]
        return pd.DataFrame([asdict(line) for line in self.all_lines], columns=columns)

    def __str__(self) -> str:
        lines = self.all_lines
        kinds = {
            "failed": sum(line.error is not None for line in lines),
            "cut": sum(line.is_cut and line.error is None for line in lines),
        }
        counts = [f"{number:,} of them {kind}" for kind, number in kinds.items() if number]
        return ", ".join([f"Run of {self.name}: {len(lines):,} replies", *counts])


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

    def part(lines: dict[str, Line]) -> dict[str, Line]:
        return {name: line for name, line in lines.items() if config_of(name) == config}

    return replace(run, lines=part(run.lines), repeats=tuple(map(part, run.repeats)))


def run_of(path: Path, header: Header | None, lines: Iterable[Line], native_calls: frozenset[str]) -> Run:
    """Return lines as a run: the first reply to each instance, and its further replies.

    Raises:
        PredictionsError: If two lines have the same instance id and number.
    """
    by_number: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        by_number[line.repeat].append(line)
    for numbered in by_number.values():
        check_unique([line.instance_id for line in numbered])
    first, *others = (
        {line.instance_id: line for line in by_number[number]} for number in range(1, max(by_number, default=1) + 1)
    )
    return Run(path, header, first, native_calls, tuple(others))
