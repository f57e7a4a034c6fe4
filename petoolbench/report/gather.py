"""From run files to verdicts: each run beside the rows that it answers, and what was right."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.errors import DataError
from hf_dataset.layout import SPLITS
from hf_dataset.reader import answered, read_answers, read_instances, read_manifest
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.aggregation import judge_all
from metrics.petoolbench.errors import shown
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure, Reference, Verdict
from petoolbench.inference.history_views import apply_history_view
from petoolbench.runs import Header, Line, Run, check_made_for, read_run

_LONGEST: Final = 60
"""Characters of a name; a longer one is cut."""
_HISTORIES: Final = {"own": "", "none": "no history", "swapped": "another's history"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one run replied to the rows of one config, and what that was worth. Sequences are in the rows' order."""

    name: str
    """What the run is called: no other run of the same config is called so."""
    file: str
    """Name of its file, without the folder."""
    header: Header | None
    config: str
    split: str
    rows: Sequence[Instance]
    """All rows of the split, with their answers."""
    lines: Mapping[str, Line]
    """By instance id; some may be missing."""
    verdicts: Sequence[Verdict]
    called: Sequence[str | None]
    """Name of the tool that was called; None where no call can be read."""
    candidates: Sequence[tuple[str, ...]]
    """Names of the candidates, in the order in which this run was shown them."""
    asked: Sequence[int]
    """Indexes of the rows that it was asked: all, unless its header says that it was to answer fewer."""

    @property
    def query_groups(self) -> list[str]:
        """Query group of each row."""
        return [row.query_group for row in self.rows]

    @property
    def history(self) -> str:
        """Whose history was shown."""
        return self.header.history if self.header else "own"

    @property
    def baseline(self) -> bool:
        """Whether it is no model."""
        return self.header is not None and self.header.model.startswith("baseline:")


class Gathered(NamedTuple):
    """All runs of a report."""

    build_id: str
    runs: list[Judged]


class _Sheet(NamedTuple):
    rows: list[Instance]
    references: list[Reference]


class _Part(NamedTuple):
    """The lines of a run that answer one config."""

    run: Run
    config: str
    split: str
    lines: dict[str, Line]


class _Data:
    """A data set, of which each split is read once."""

    def __init__(self, folder: Path, answers: Path | None) -> None:
        self._folder = folder
        self._answers = answers
        self._sheets: dict[tuple[str, str], _Sheet] = {}
        self.manifest: dict[str, Any] = read_manifest(folder)

    def sheet(self, config: str, split: str, run: Run) -> _Sheet:
        """Rows and references of a split."""
        if (config, split) not in self._sheets:
            self._sheets[config, split] = self._read(config, split, run)
        return self._sheets[config, split]

    def ids(self, config: str, split: str) -> set[str]:
        """Instance ids of a split."""
        return {row.instance_id for row in read_instances(self._folder, config, split)}

    def check(self, run: Run, config: str, split: str) -> None:
        """Refuse a run of other data."""
        check_made_for(run, self._folder, config, split, self.manifest)

    def other(self, run: Run, ids: Sequence[str], config: str, split: str | None = None) -> DataError:
        """A run answers rows that the data set does not have."""
        where = f"{config}, {split}" if split else f"{config}, any split"
        return DataError(
            f"{str(run.path)!r} answers instances that {str(self._folder)!r} does not have ({where}): "
            f"{shown(sorted(ids), 2)}. Name by --data the data set that it was made on, or predict again."
        )

    def _read(self, config: str, split: str, run: Run) -> _Sheet:
        rows = read_instances(self._folder, config, split)
        if split == "test":
            if self._answers is None:
                raise DataError(
                    f"{str(run.path)!r} answers the test split, whose answers are private. Name the folder of the "
                    "answers with --answers, or runs of the validation split."
                )
            rows = list(answered(rows, read_answers(self._answers, config)))
        return _Sheet(rows, references(rows))


def gather(paths: Iterable[Path], data: Path, answers: Path | None = None) -> Gathered:
    """Read and judge runs. What comes out does not depend on the order in which they are named.

    Args:
        paths: Run files; a file without a header may answer several configs.
        data: Folder of the data set.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        DataError: If a run is of other data, or is named twice, or its rows have no public answer.
        MetricError, ReadError: If a file is not what it should be.
    """
    known = _Data(data, answers)
    parts = [part for path in paths for part in _parts(read_run(path), known)]
    if not parts:
        raise DataError("There are no runs to report on. Name run files, such as `petoolbench predict` writes.")
    splits = sorted({part.split for part in parts})
    if len(splits) > 1:
        first = {split: next(part.run.path.name for part in parts if part.split == split) for split in splits}
        told = ", ".join(f"{split} ({name!r})" for split, name in first.items())
        raise DataError(f"The runs are of several splits: {told}. Name runs of one split.")
    judged = [_judged(part, name, known) for part, name in zip(parts, _names(parts), strict=True)]
    order = HISTORY_TYPES.index
    return Gathered(
        str(known.manifest.get("build_id", "unknown")),
        sorted(judged, key=lambda one: (order(one.config), -sum(v.tool_correct for v in one.verdicts), one.name)),
    )


def _parts(run: Run, known: _Data) -> list[_Part]:
    if not run.lines:
        raise DataError(f"{str(run.path)!r} holds no replies. Go on with the run first, or leave it out.")
    if run.header is not None:
        known.check(run, run.header.config, run.header.split)
        return [_Part(run, run.header.config, run.header.split, run.lines)]
    found: defaultdict[str, dict[str, Line]] = defaultdict(dict)
    for name, line in run.lines.items():
        config = name.partition("-")[0]
        if config not in HISTORY_TYPES:
            raise DataError(
                f"{str(run.path)!r} has no header, and its instance_id {name!r} does not begin with a config, one of "
                f"{', '.join(HISTORY_TYPES)}. Keep the ids as they are in the data set."
            )
        found[config][name] = line
    return [_Part(run, config, _split_of(run, config, list(lines), known), lines) for config, lines in found.items()]


def _split_of(run: Run, config: str, ids: Sequence[str], known: _Data) -> str:
    """The split that a file without a header answers: the one that has its first id."""
    likely = [split for split in SPLITS if f"-{split}-" in ids[0]]
    for split in (*likely, *(other for other in ("validation", "test", "train") if other not in likely)):
        if ids[0] in known.ids(config, split):
            return split
    raise known.other(run, ids, config)


def _judged(part: _Part, name: str, known: _Data) -> Judged:
    sheet, header = known.sheet(part.config, part.split, part.run), part.run.header
    unknown = part.lines.keys() - {row.instance_id for row in sheet.rows}
    if unknown:
        raise known.other(part.run, sorted(unknown), part.config, part.split)
    replies = {one: line.prediction for one, line in part.lines.items()}
    seen = apply_history_view(sheet.rows, shuffle_seed=header.shuffle_seed) if header else sheet.rows
    return Judged(
        name=name,
        file=part.run.path.name,
        header=header,
        config=part.config,
        split=part.split,
        rows=sheet.rows,
        lines=part.lines,
        verdicts=judge_all(replies, sheet.references),
        called=[_tool(replies.get(row.instance_id, "")) for row in sheet.rows],
        candidates=[tuple(tool.name for tool in row.candidates) for row in seen],
        asked=_asked(header, part.lines, sheet.rows),
    )


def _tool(reply: str) -> str | None:
    call = parse(reply)
    return None if isinstance(call, ParseFailure) else call.name.strip()


def _asked(header: Header | None, lines: Mapping[str, Line], rows: Sequence[Instance]) -> list[int]:
    """Indexes of the rows that a run was to answer, and of those that it did answer before it was given fewer.

    Which ids were picked, only its lines tell.
    """
    first = len(rows)
    if header is not None and header.ids is not None:
        first = 0
    elif header is not None and header.limit is not None:
        first = header.limit
    return [index for index, row in enumerate(rows) if index < first or row.instance_id in lines]


def _names(parts: Sequence[_Part]) -> list[str]:
    """What runs are called; those of one config that would be called alike, by their files, then by their replies."""
    names = [_name(part) for part in parts]
    for more in (lambda part: part.run.path.stem, _fingerprint):
        names = _told_apart(parts, names, more)
    alike = Counter((part.config, name) for part, name in zip(parts, names, strict=True))
    for part, name in zip(parts, names, strict=True):
        if alike[part.config, name] > 1:
            raise DataError(f"{str(part.run.path)!r} is named twice, or is a copy of another run. Name each run once.")
    return names


def _told_apart(parts: Sequence[_Part], names: Sequence[str], more: Callable[[_Part], str]) -> list[str]:
    alike = Counter((part.config, name) for part, name in zip(parts, names, strict=True))
    return [
        f"{name} [{_short(more(part))}]" if alike[part.config, name] > 1 else name
        for part, name in zip(parts, names, strict=True)
    ]


def _name(part: _Part) -> str:
    header = part.run.header
    if header is None:
        return _short(part.run.path.stem)
    shown_history = _HISTORIES.get(header.history, header.history)
    return _short(header.system) + (f", {shown_history}" if shown_history else "")


def _fingerprint(part: _Part) -> str:
    return hashlib.sha256("".join(line.as_json() for line in part.lines.values()).encode()).hexdigest()[:6]


def _short(name: str) -> str:
    """A name on one line, of printable characters, not too long."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in name).split()) or "unnamed"
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
