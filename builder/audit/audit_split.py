"""Input of the audit: the rows of one split of a config with their answers, and the split's catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder.predictors.open_reading import has_facts, open_reading
from builder.predictors.reading import Reading
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import Manifest
from hf_dataset.reader import read_private_tools, read_tools
from hf_dataset.references import references
from hf_dataset.schema import Instance, ToolRow
from metrics.petoolbench.records import Reference

from .row_sampling import MAX_ROWS_IN_MEMORY, Basis, SplitRows, draw


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Settings of a build that the audit depends on."""

    changes: int = 0
    """Number of times the preference changes in a history; 0 where order carries no meaning."""
    provider_overlap: bool = False
    """True if providers of candidates may appear in the history."""
    expected_loss: float = 0.0
    """Share of the instances that cannot be answered because ratings were flipped, 0 to 1."""
    scarce: bool = False
    """True if some histories have too few telling steps for a certain answer: readers are then only reported."""
    worded: bool = True
    """True if each split's documentation has its own phrases or layouts, as in catalogues of services."""
    builtin: bool = True
    """True if the requests are those of the concerns of the built-in catalogue."""


def audit_settings(manifest: Manifest, config: str) -> AuditSettings:
    """Return the settings for one config of a data set.

    Args:
        manifest: Manifest of the data set.
        config: History type.
    """
    choices = manifest.config.get("choices", {})
    return AuditSettings(
        changes=manifest.preference_changes(config),
        provider_overlap=manifest.provider_overlap,
        expected_loss=manifest.oracle_expected_loss if config == "rating_integrated" else 0.0,
        scarce=bool(choices.get("evidence")) or not choices.get("shown", True),
        worded=manifest.has_listings,
        builtin=manifest.is_builtin,
    )


@dataclass(frozen=True, slots=True)
class SampleSource:
    """The split that a sample was drawn from, and the query groups in the sample."""

    every: SplitRows
    """All rows of the split, read from its files."""
    query_groups: frozenset[str]
    """Query groups in the sample."""
    rows: int
    """Number of all rows."""
    of_query_groups: int
    """Number of all query groups."""


@dataclass(frozen=True, slots=True)
class AuditSplit:
    """One split of one config, including its answers."""

    config: str
    split: str
    rows: Sequence[Instance]
    """All rows, or a sample of them."""
    tools: Mapping[str, ToolRow]
    """The split's catalogue, by tool name."""
    settings: AuditSettings
    sampled: SampleSource | None = None
    """Origin of the sample; None if `rows` are all rows."""
    references: Sequence[Reference] = field(init=False)
    """References for scoring predictions, one for each of `rows`."""
    doing: Mapping[str, frozenset[str]] = field(init=False)
    """Names of the tools of each functionality."""
    by_facts: bool = field(init=False)
    """True if the tools have facts and listings, False if they have labelled attributes."""
    reading: Reading = field(init=False)
    """Inference from histories."""
    judged: dict[tuple[str, str], bool] = field(init=False, default_factory=dict, compare=False)
    """Whether a reply to a row calls the right tool, by instance id and reply; filled while shortcuts are scored."""

    def __post_init__(self) -> None:
        doing: dict[str, set[str]] = {}
        for tool in self.tools.values():
            if tool.functionality is not None:
                doing.setdefault(tool.functionality, set()).add(tool.name)
        object.__setattr__(self, "doing", {name: frozenset(tools) for name, tools in doing.items()})
        object.__setattr__(self, "references", references(self.rows))
        object.__setattr__(self, "by_facts", has_facts(self.tools.values()))
        object.__setattr__(self, "reading", open_reading(list(self.tools.values()), self.settings.changes))

    @property
    def every_row(self) -> Iterable[Instance]:
        """All rows, including those outside the sample. Iterate over them; do not hold them in memory."""
        return self.sampled.every if self.sampled else self.rows

    @property
    def basis(self) -> Basis:
        """Size of `rows` compared with the whole split."""
        groups = len({row.query_group for row in self.rows})
        if self.sampled is None:
            return Basis(self.split, len(self.rows), len(self.rows), groups, groups)
        return Basis(self.split, len(self.rows), self.sampled.rows, groups, self.sampled.of_query_groups)

    def capable_tools(self, row: Instance) -> list[str]:
        """Return the names of the candidates that can carry out the instruction, in candidate order."""
        doing = self.doing.get(row.functionality, frozenset())
        return [tool.name for tool in row.candidates if tool.name in doing]


def read_audit_splits(
    data: Path, config: str, answers: Path | None, manifest: Manifest, most: int = MAX_ROWS_IN_MEMORY
) -> list[AuditSplit]:
    """Read every split of a config that has rows and whose answers are known; large splits are sampled.

    Args:
        data: Folder of the data set.
        config: History type.
        answers: Folder of the private answers; without it the test split is left out.
        manifest: Manifest of the data set.
        most: Maximum number of rows of a split that are read without sampling.

    Raises:
        ReadError: If a file is missing or malformed.
    """
    splits = SPLITS if answers else SPLITS[:-1]
    parts = [read_audit_split(data, config, split, answers, manifest, most) for split in splits]
    return [part for part in parts if part.rows]


def read_audit_split(
    data: Path, config: str, split: str, answers: Path | None, manifest: Manifest, most: int = MAX_ROWS_IN_MEMORY
) -> AuditSplit:
    """Read one split of a config; a large split is sampled.

    Args:
        data: Folder of the data set.
        config: History type.
        split: Name of the split.
        answers: Folder of the private answers, which the test split requires.
        manifest: Manifest of the data set.
        most: Maximum number of rows that are read without sampling.

    Raises:
        ReadError: If a file is missing or malformed.
    """
    private = answers if split == "test" else None
    rows, sampled = _read_rows(SplitRows(data, config, split, private), manifest.seed, split, most)
    tools = {tool.name: tool for tool in (read_private_tools(private) if private else read_tools(data, split))}
    return AuditSplit(config, split, rows, tools, audit_settings(manifest, config), sampled)


def _read_rows(every: SplitRows, seed: int, split: str, most: int) -> tuple[list[Instance], SampleSource | None]:
    """Read the rows of a split, or a sample of at most `most` rows."""
    sizes = every.sizes()
    total = sum(sizes.values())
    if total <= most:
        return list(every), None
    query_groups = draw(sizes, seed, split, most)
    return list(every.of(query_groups)), SampleSource(every, query_groups, total, len(sizes))
