"""Comparison of two runs, and report on one or more runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import DataError
from hf_dataset.schema import Instance
from metrics.petoolbench.records import RATES
from petoolbench.hub.locate import data_folder
from petoolbench.run_report.comparison import RunPair, compare_runs
from petoolbench.run_report.run_facts import Report
from petoolbench.run_report.wording import findings
from petoolbench.run_report.write import PAGE, write_report

from .data import FULL_SPLIT, InstanceSet, load
from .runs import Run
from .scoring import check_loaded, run_in_memory
from .tables import text_table

if TYPE_CHECKING:
    import pandas as pd

AnyRun = Run | str | Path | Mapping[str, str | None]
"""A run, the path of a run file, or texts by instance id."""
Data = InstanceSet | str | Path | Iterable[Instance | Mapping[str, Any]]
"""Instances from `load`, a folder or Hub name, or rows of `datasets` with their answers."""


@dataclass(frozen=True, slots=True)
class RunComparison(Sequence[RunPair]):
    """Comparison of two runs in tool accuracy: overall, if they answer several configs, and by config.

    Indexing and iteration give one `RunPair` each. `print` shows a table with a sentence for each comparison.
    """

    parts: tuple[RunPair, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.parts[index]

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[RunPair]:
        return iter(self.parts)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the comparisons as dicts, with rates from 0 to 1 and differences from -1 to 1."""
        return [_record(part) for part in self.parts]

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per comparison.

        Columns: `config`, `first`, `second` (names), `first_tool_accuracy`, `second_tool_accuracy`, `difference` with
        its 95 % interval `low` to `high`, `p`, `rows`, `query_groups`.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(self.to_dict())

    def __str__(self) -> str:
        rows = [
            [
                record["config"],
                *(f"{100 * record[name]:.1f}" for name in ("first_tool_accuracy", "second_tool_accuracy")),
                f"{100 * record['difference']:+.1f}",
                f"{100 * record['low']:+.1f} to {100 * record['high']:+.1f}",
                f"{record['p']:.4f}",
            ]
            for record in self.to_dict()
        ]
        first, second = self.parts[0].names
        table = text_table("Tool accuracy, %", ["config", first, second, "difference", "95 % interval", "p"], rows)
        return "\n".join([table, *(f"{part.config}: {part.in_words}" for part in self.parts)])


def _record(part: RunPair) -> dict[str, Any]:
    comparison = part.comparison
    return {
        "config": part.config,
        "first": part.names[0],
        "second": part.names[1],
        "first_tool_accuracy": part.rates[0],
        "second_tool_accuracy": part.rates[1],
        "difference": comparison.difference,
        "low": comparison.low,
        "high": comparison.high,
        "p": comparison.p,
        "rows": comparison.rows,
        "query_groups": comparison.query_groups,
    }


def compare(first: AnyRun, second: AnyRun, data: Data, *, answers: str | Path | None = None) -> RunComparison:
    """Compare two runs on the same instances: paired difference in tool accuracy with a 95 % interval.

    The interval and the p value are clustered on query groups.

    Args:
        first: A run, the path of a run file, or texts by instance id.
        second: Another run of the same configs and split.
        data: Instances from `load`, a folder or Hub name, or rows of `datasets` with their answers.
        answers: Folder of the private answers, for runs of the test split; not for instances from `load`.

    Returns:
        The comparisons, overall and by config.

    Raises:
        ConfigError: If `answers` is given for loaded instances.
        DataError: If the runs do not answer the same configs and split, or share no instance.
        MetricError: If an instance has no answer.
        ReadError: If the folder is not a data set.

    Example:
        >>> print(compare(run_a, run_b, data))
    """
    return RunComparison(tuple(compare_runs(_given(first), _given(second), *_located(data, answers))))


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report on runs. Prints its findings in words."""

    page: Path
    """HTML page; Markdown, JSON, CSV and plots are stored next to it."""
    facts: Report
    """All statistics in the report."""

    def to_dict(self) -> dict[str, Any]:
        """Return all statistics as plain JSON values."""
        return asdict(self.facts)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per run and config: `run`, `config`, `history`, `scored_rows`, and its rates.

        If the rates are on the core, a run on the full split has a second row.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(
            [
                {
                    "run": run.name,
                    "config": run.config,
                    "history": run.history,
                    "scored_rows": scored_rows,
                    **{rate: dict(scores)[rate] for rate in RATES},
                }
                for run in self.facts.runs
                for scored_rows, scores in ((self.facts.scored_rows, run.scores), (FULL_SPLIT, run.full))
                if scores is not None
            ]
        )

    def __str__(self) -> str:
        lines = []
        for finding in findings(self.facts):
            lines += [finding.about, *(f"  {line}" for line in finding.lines)]
        return "\n".join([*lines, "", f"Report: {self.page}"])


def report(
    runs: AnyRun | Iterable[AnyRun], data: Data, *, out: str | Path, answers: str | Path | None = None
) -> WrittenReport:
    """Write a report on one or more runs: an HTML page, Markdown, JSON, CSV and plots.

    Args:
        runs: One or several runs, paths of run files, or dicts of texts by instance id.
        data: Instances from `load`, a folder or Hub name, or rows of `datasets` with their answers.
        out: Folder to create.
        answers: Folder of the private answers, for runs of the test split; not for instances from `load`.

    Returns:
        The path of the HTML page, and the statistics in the report.

    Raises:
        ConfigError: If `answers` is given for loaded instances.
        DataError: If a run was made on other data or is named twice.
        MetricError: If an instance has no answer.
        OutputError: If the folder exists or cannot be written.
        MissingExtraError: If matplotlib is not installed (extra `builder`).

    Example:
        >>> print(report([run_a, run_b], data, out="out/report"))
    """
    folder = Path(out)
    given = [runs] if isinstance(runs, Run | str | Path | Mapping) or not isinstance(runs, Iterable) else runs
    return WrittenReport(folder / PAGE, write_report(map(_given, given), folder, *_located(data, answers)))


def _given(run: AnyRun) -> Run | Path:
    if isinstance(run, Run):
        return run
    if isinstance(run, Mapping):
        return run_in_memory(run)
    if not isinstance(run, str | Path):
        raise DataError(
            f"A run is of type {type(run).__name__}. Pass a run, the path of a run file, or texts by instance id."
        )
    return Path(run)


def _located(data: Data, answers: str | Path | None) -> tuple[Path | InstanceSet, Path | None]:
    """Return the folder of the data set with that of its answers, or the loaded instances."""
    if isinstance(data, str | Path):
        return data_folder(str(data)), None if answers is None else Path(answers)
    if isinstance(data, InstanceSet):
        check_loaded(answers=answers)
    instances = data if isinstance(data, InstanceSet) else load(data, answers=answers)
    if not len(instances):
        raise DataError("There are no instances. Load a split that has rows.")
    return instances, None
