"""Comparison of two runs, and the report on several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hf_dataset.schema import Instance
from metrics.petoolbench.records import RATES
from petoolbench.hub.locate import data_folder
from petoolbench.report.comparison import Compared, compare_runs
from petoolbench.report.facts import Report
from petoolbench.report.wording import findings
from petoolbench.report.write import PAGE, write_report

from .data import InstanceSet, load
from .runs import Run
from .tables import text_table

if TYPE_CHECKING:
    import pandas as pd

Data = InstanceSet | str | Path | Iterable[Instance | Mapping[str, Any]]
"""Instances of `load`, a folder or Hub name, or rows of `datasets` with their answers."""


@dataclass(frozen=True, slots=True)
class RunComparison(Sequence[Compared]):
    """Comparison of two runs in tool accuracy: overall, if they answer several configs, and by config.

    Indexing and iteration give one `Compared` each. Prints as a table with a sentence for each comparison.
    """

    parts: tuple[Compared, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.parts[index]

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Compared]:
        return iter(self.parts)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the comparisons as dicts, with rates and differences from -1 to 1."""
        return [_record(part) for part in self.parts]

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one line per comparison.

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


def _record(part: Compared) -> dict[str, Any]:
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


def compare(
    first: Run | str | Path, second: Run | str | Path, data: Data, *, answers: str | Path | None = None
) -> RunComparison:
    """Compare two runs on the same instances: paired difference in tool accuracy with a 95 % interval.

    The interval and the p value are clustered on query groups.

    Args:
        first: A run, or the path of a run file.
        second: Another run of the same configs and split.
        data: Instances of `load`, a folder or Hub name, or rows of `datasets` with their answers.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        DataError: If the runs do not answer the same configs and split, or share no instance.
        ReadError: If the folder is not a data set.

    Example:
        >>> print(compare(run_a, run_b, data))
    """
    pair = [run if isinstance(run, Run) else Path(run) for run in (first, second)]
    return RunComparison(tuple(compare_runs(pair[0], pair[1], _located(data), _folder(answers))))


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report on runs. Prints its findings in words."""

    page: Path
    """HTML page; Markdown, JSON, CSV and plots are stored next to it."""
    facts: Report
    """All figures of the report."""

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain JSON values."""
        return asdict(self.facts)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one line per run and config: `run`, `config`, `history`, and its rates."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(
            [
                {
                    "run": run.name,
                    "config": run.config,
                    "history": run.history,
                    **{rate: dict(run.scores)[rate] for rate in RATES},
                }
                for run in self.facts.runs
            ]
        )

    def __str__(self) -> str:
        lines = []
        for finding in findings(self.facts):
            lines += [finding.about, *(f"  {line}" for line in finding.lines)]
        return "\n".join([*lines, "", f"Report: {self.page}"])


def report(
    runs: Iterable[Run | str | Path], data: Data, *, out: str | Path, answers: str | Path | None = None
) -> WrittenReport:
    """Write a report on runs: a page, Markdown, JSON, CSV and plots.

    Args:
        runs: Runs, or paths of run files, of models and baselines.
        data: Instances of `load`, a folder or Hub name, or rows of `datasets` with their answers.
        out: Folder to create.
        answers: Folder of the private answers, for runs of the test split.

    Raises:
        DataError: If a run was made on other data or is named twice.
        OutputError: If the folder exists or cannot be written.
        MissingExtraError: If matplotlib is not installed (extra `builder`).

    Example:
        >>> print(report([run_a, run_b], data, out="out/report"))
    """
    folder = Path(out)
    given = [run if isinstance(run, Run) else Path(run) for run in runs]
    return WrittenReport(folder / PAGE, write_report(given, folder, _located(data), _folder(answers)))


def _located(data: Data) -> Path | InstanceSet:
    if isinstance(data, InstanceSet):
        return data
    return data_folder(str(data)) if isinstance(data, str | Path) else load(data)


def _folder(answers: str | Path | None) -> Path | None:
    return None if answers is None else Path(answers)
