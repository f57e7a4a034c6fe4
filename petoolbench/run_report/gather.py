"""Read and judge run files: each run is matched with the instances that it answers."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from builder.errors import DataError
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import Manifest, read_manifest
from hf_dataset.prompting import named_config
from hf_dataset.reader import answered, read_answers, read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.aggregation import judge_all
from metrics.petoolbench.errors import shown
from metrics.petoolbench.records import Reference, Verdict
from metrics.petoolbench.repeats import called_tool
from petoolbench.data import CORE, FULL_SPLIT, GIVEN_ROWS, InstanceSet, spread_over_groups
from petoolbench.inference.history_views import apply_history_view
from petoolbench.run_files import read_run
from petoolbench.runs import Header, Line, Run, check_made_for, restricted_to
from petoolbench.score_table import HISTORY_SUFFIXES

_MAX_NAME_LENGTH: Final = 60
"""Length in characters to which a name is cut."""


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """Judged replies of one run to one config. Sequences are in the order of the instances."""

    name: str
    """Display name, unique among the runs on the same config."""
    file: str
    """Name of the run file, without its folder."""
    header: Header | None
    config: str
    split: str
    rows: Sequence[Instance]
    """All instances of the split, with their answers."""
    lines: Mapping[str, Line]
    """Lines of the run file by instance id; instances may be missing."""
    verdicts: Sequence[Verdict]
    called: Sequence[str | None]
    """Name of the called tool; None if the reply cannot be parsed."""
    candidates: Sequence[tuple[str, ...]]
    """Names of the candidates, in the order in which the run was shown them."""
    asked: Sequence[int]
    """Indexes of the instances that the run covers: all, unless its header specifies a limit, a choice of ids or the
    core, or it has no header and answers the core alone."""
    scored_rows: str = FULL_SPLIT
    """Rows that the main figure is on: `core`, `full split`, or `given rows` for a selection of rows."""
    main: Sequence[int] = ()
    """Indexes of the instances that the main figure is on."""
    repeats: Sequence[JudgedReplies] = ()
    """Second, third and further replies, if the instances were asked several times."""
    all_lines: Sequence[Line] = ()
    """Lines of all replies."""

    @property
    def query_groups(self) -> list[str]:
        """Query group of each instance."""
        return [row.query_group for row in self.rows]

    @property
    def history(self) -> str:
        """Shown history: `own`, `none` or `swapped`."""
        return self.header.settings.history if self.header else "own"

    @property
    def baseline(self) -> bool:
        """True if the run is that of a baseline, not of a model."""
        return self.header is not None and self.header.settings.is_baseline


class JudgedReplies(NamedTuple):
    """Verdicts and called tools of one reply to each instance, in the order of the instances."""

    verdicts: Sequence[Verdict]
    called: Sequence[str | None]


class Gathered(NamedTuple):
    """All judged runs of a report."""

    build_id: str
    runs: list[JudgedRun]
    builtin: bool = False
    """True if the tools are those of the built-in catalogue."""


class _Split(NamedTuple):
    rows: list[Instance]
    references: list[Reference]


class _Part(NamedTuple):
    """Lines of a run that answer one config."""

    run: Run
    config: str
    split: str
    lines: dict[str, Line]
    repeats: tuple[dict[str, Line], ...] = ()


class _DataSet:
    """Data set whose splits are read at most once.

    Args:
        data: Folder of the data set, or loaded instances.
        answers: Folder of the private answers.
    """

    def __init__(self, data: Path | InstanceSet, answers: Path | None) -> None:
        self._answers = answers
        self._splits: dict[tuple[str, str], _Split] = {}
        self._loaded: frozenset[tuple[str, str]] = frozenset()
        self._scored_rows = data.scored_rows if isinstance(data, InstanceSet) else FULL_SPLIT
        self.manifest: Manifest | None
        if isinstance(data, InstanceSet):
            self._folder, self.manifest = data.folder, data.manifest
            for config, part in data.by_config().items():
                self._splits[config, data.split] = _Split(list(part.rows), references(part.rows))
            self._loaded = frozenset(self._splits)
        else:
            self._folder, self.manifest = data, read_manifest(data)
        self.name = str(self._folder) if self._folder else "the given rows"
        self.build_id = self.manifest.build_id if self.manifest else "unknown"

    def core(self, split: str) -> frozenset[str]:
        """Return the query groups that the main figure of a split is on; empty for all."""
        has_core = split == "test" and self.manifest is not None and self._scored_rows != GIVEN_ROWS
        return frozenset(self.manifest.core) if has_core and self.manifest else frozenset()

    def scored_rows(self, split: str) -> str:
        """Return the name of the rows that the main figure of a split is on."""
        return CORE if self.core(split) else self._scored_rows

    def split(self, config: str, split: str, run: Run) -> _Split:
        """Return the instances and references of a split."""
        if (config, split) not in self._splits:
            self._splits[config, split] = self._read(config, split, run)
        return self._splits[config, split]

    def ids(self, config: str, split: str) -> set[str]:
        """Return the instance ids of a split."""
        if (config, split) in self._splits:
            return {row.instance_id for row in self._splits[config, split].rows}
        if self._folder is None or self._loaded:
            return set()
        return {row.instance_id for row in read_instances(self._folder, config, split)}

    def check_run(self, run: Run, config: str, split: str) -> None:
        """Raise `DataError` if a run was made on other data."""
        check_made_for(run, self.name, config, split, self.manifest)

    def unknown_ids_error(self, run: Run, ids: Sequence[str], config: str, split: str | None = None) -> DataError:
        """Return the error for a run that answers instances which the data set lacks."""
        where = f"{config}, {split}" if split else f"{config}, any split"
        return DataError(
            f"{str(run.path)!r} answers instances that {self.name!r} does not have ({where}): "
            f"{shown(sorted(ids), 2)}. Name the data set of the run with --data, or predict again."
        )

    def _read(self, config: str, split: str, run: Run) -> _Split:
        if self._folder is None or self._loaded:
            raise DataError(
                f"{str(run.path)!r} answers {config}, {split}, which is not among the loaded instances. Load that "
                "config and split."
            )
        rows = read_instances(self._folder, config, split)
        if split == "test":
            if self._answers is None:
                raise DataError(
                    f"{str(run.path)!r} answers the test split, whose answers are private. Name the folder of the "
                    "answers with --answers, or report on runs of the validation split."
                )
            rows = list(answered(rows, read_answers(self._answers, config)))
        return _Split(rows, references(rows))


def gather(runs: Iterable[Path | Run], data: Path | InstanceSet, answers: Path | None = None) -> Gathered:
    """Read and judge runs. The result does not depend on the order of the runs.

    Args:
        runs: Runs, or run files. One without a header, or of the config `all`, may answer several configs.
        data: Folder of the data set, or loaded instances.
        answers: Folder of the private answers; required for runs of the test split.

    Returns:
        The judged runs, and the build id of the data set.

    Raises:
        DataError: If a run was made on other data or is named twice, if the runs are of several splits, or if the
            answers of the test split are missing.
        MetricError: If a reference is malformed.
        ReadError: If a file of the data set cannot be read.
    """
    data_set = _DataSet(data, answers)
    parts = [part for run in runs for part in _parts(run if isinstance(run, Run) else read_run(run), data_set)]
    if not parts:
        raise DataError("There are no runs to report on. Name run files written by `petoolbench predict`.")
    _check_one_split(parts)
    judged = [_judge(part, name, data_set) for part, name in zip(parts, _names(parts), strict=True)]
    builtin = data_set.manifest is not None and data_set.manifest.is_builtin
    return Gathered(data_set.build_id, sorted(judged, key=_rank), builtin)


def _check_one_split(parts: Sequence[_Part]) -> None:
    splits = sorted({part.split for part in parts})
    if len(splits) > 1:
        files = {split: next(part.run.path.name for part in parts if part.split == split) for split in splits}
        examples = ", ".join(f"{split} ({name!r})" for split, name in files.items())
        raise DataError(f"The runs are of several splits: {examples}. Name runs of one split.")


def _rank(run: JudgedRun) -> tuple[int, int, str]:
    """Return the sort key: by config, then by tool accuracy, best first."""
    return HISTORY_TYPES.index(run.config), -sum(verdict.tool_correct for verdict in run.verdicts), run.name


def _parts(run: Run, data_set: _DataSet) -> list[_Part]:
    """Split a run by config."""
    if not run.lines:
        raise DataError(f"{str(run.path)!r} holds no replies. Resume the run, or leave it out.")
    if run.header is not None:
        settings = run.header.settings
        for config in settings.configs:
            data_set.check_run(run, config, settings.split)
        of_configs = [(config, restricted_to(run, config)) for config in settings.configs]
        parts = [_Part(run, config, settings.split, part.lines, part.repeats) for config, part in of_configs]
        return [part for part in parts if part.lines]
    by_config: defaultdict[str, dict[str, Line]] = defaultdict(dict)
    for instance_id, line in run.lines.items():
        named = named_config(instance_id)
        if named is None:
            raise DataError(
                f"{str(run.path)!r} has no header, and its instance_id {instance_id!r} does not begin with a config: "
                f"{', '.join(HISTORY_TYPES)}. Use the instance ids of the data set."
            )
        by_config[named][instance_id] = line
    return [
        _Part(run, config, _split_of(run, config, list(lines), data_set), lines, _of_config(run.repeats, config))
        for config, lines in by_config.items()
    ]


def _of_config(repeats: Iterable[Mapping[str, Line]], config: str) -> tuple[dict[str, Line], ...]:
    return tuple({name: line for name, line in lines.items() if named_config(name) == config} for lines in repeats)


def _split_of(run: Run, config: str, ids: Sequence[str], data_set: _DataSet) -> str:
    """Return the split that a file without a header answers: the split that contains its first id."""
    likely = [split for split in SPLITS if f"-{split}-" in ids[0]]
    for split in (*likely, *(other for other in ("validation", "test", "train") if other not in likely)):
        if ids[0] in data_set.ids(config, split):
            return split
    raise data_set.unknown_ids_error(run, ids, config)


def _judge(part: _Part, name: str, data_set: _DataSet) -> JudgedRun:
    rows, row_references = data_set.split(part.config, part.split, part.run)
    header = part.run.header
    answered_ids = {name for lines in (part.lines, *part.repeats) for name in lines}
    unknown = answered_ids - {row.instance_id for row in rows}
    if unknown:
        raise data_set.unknown_ids_error(part.run, sorted(unknown), part.config, part.split)
    replies, *others = (_judged_replies(lines, row_references) for lines in (part.lines, *part.repeats))
    core = data_set.core(part.split)
    shown_rows = apply_history_view(rows, shuffle_seed=header.settings.shuffle_seed) if header else rows
    return JudgedRun(
        name=name,
        file=part.run.path.name,
        header=header,
        config=part.config,
        split=part.split,
        rows=rows,
        lines=part.lines,
        verdicts=replies.verdicts,
        called=replies.called,
        candidates=[tuple(tool.name for tool in row.candidates) for row in shown_rows],
        asked=_asked(header, part.lines, rows, core),
        scored_rows=data_set.scored_rows(part.split),
        main=[index for index, row in enumerate(rows) if not core or row.query_group in core],
        repeats=others,
        all_lines=[line for lines in (part.lines, *part.repeats) for line in lines.values()],
    )


def _judged_replies(lines: Mapping[str, Line], row_references: Sequence[Reference]) -> JudgedReplies:
    replies = {instance_id: line.prediction for instance_id, line in lines.items()}
    called = [called_tool(replies.get(reference.instance_id), reference) for reference in row_references]
    return JudgedReplies(judge_all(replies, row_references), called)


def _asked(
    header: Header | None, lines: Mapping[str, Line], rows: Sequence[Instance], core: Collection[str]
) -> list[int]:
    """Return the indexes of the instances that a run covers, including those answered under an earlier limit."""
    in_core = {row.instance_id for row in rows if row.query_group in core}
    if header is None and in_core and lines.keys() <= in_core:
        return [index for index, row in enumerate(rows) if row.instance_id in in_core]
    if header is None or not (header.settings.limit or header.settings.ids or header.settings.core):
        return list(range(len(rows)))
    chosen = [row for row in rows if not header.settings.core or not core or row.query_group in core]
    chosen = [row for row in chosen if not header.settings.ids or row.instance_id in header.settings.ids]
    if header.settings.limit is not None:
        chosen = spread_over_groups(chosen, header.settings.limit)
    asked = {row.instance_id for row in chosen} | lines.keys()
    return [index for index, row in enumerate(rows) if row.instance_id in asked]


def _names(parts: Sequence[_Part]) -> list[str]:
    """Return unique names: the name of the model, followed if needed by the file name and then by a hash."""
    names = [_name(part) for part in parts]
    for suffix in (lambda part: part.run.path.stem, _fingerprint):
        names = _with_suffixes(parts, names, suffix)
    counts = Counter((part.config, name) for part, name in zip(parts, names, strict=True))
    for part, name in zip(parts, names, strict=True):
        if counts[part.config, name] > 1:
            raise DataError(f"{str(part.run.path)!r} is named twice, or is a copy of another run. Name each run once.")
    return names


def _with_suffixes(parts: Sequence[_Part], names: Sequence[str], suffix: Callable[[_Part], str]) -> list[str]:
    """Append a suffix to the names that occur twice in a config."""
    counts = Counter((part.config, name) for part, name in zip(parts, names, strict=True))
    return [
        f"{name} [{_short(suffix(part))}]" if counts[part.config, name] > 1 else name
        for part, name in zip(parts, names, strict=True)
    ]


def _name(part: _Part) -> str:
    header = part.run.header
    if header is None:
        return _short(part.run.path.stem)
    history = HISTORY_SUFFIXES.get(header.settings.history, header.settings.history)
    return _short(header.settings.system) + (f", {history}" if history else "")


def _fingerprint(part: _Part) -> str:
    return hashlib.sha256("".join(line.as_json() for line in part.lines.values()).encode()).hexdigest()[:6]


def _short(name: str) -> str:
    """Return a name as one line of printable characters, cut to the maximum length."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in name).split()) or "unnamed"
    return plain if len(plain) <= _MAX_NAME_LENGTH else f"{plain[: _MAX_NAME_LENGTH - 1]}…"
