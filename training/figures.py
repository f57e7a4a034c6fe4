"""Figures of a training run: rates of its replies by config and kind, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hf_dataset.markdown_tables import markdown_table
from metrics.petoolbench.records import Verdict
from petoolbench.run_report.breakdown import rate
from petoolbench.run_report.gather import gather

MEASURES: Final[Mapping[str, Callable[[Verdict], bool]]] = {
    "readable call": lambda verdict: verdict.format_valid,
    "does the job": lambda verdict: verdict.tool_correct or verdict.error_class == "preference_mismatch",
    "tool accuracy": lambda verdict: verdict.tool_correct,
    "call accuracy": lambda verdict: verdict.tool_correct and verdict.parameters_correct,
}
"""Rates by name. A tool that does the job, but not as the user prefers, does the job."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate of the replies after a stage."""

    stage: str
    """`before`, `sft` or `dpo`."""
    history: str
    """`own` or `swapped`."""
    measure: str
    """Key of `MEASURES`."""
    rows: str
    """`all`, or a property and its value, such as `kind: limit`."""
    value: float
    low: float
    high: float
    """Ends of the 95 % interval, clustered on query groups."""
    count: int


def figures(run: Path, data: Path, stage: str, history: str) -> Iterator[Figure]:
    """Yield the rates of a run by config and kind.

    Args:
        run: Run file with the replies to all configs.
        data: Folder of the data set.
        stage: Name of the stage.
        history: History that the prompts had.
    """
    outcomes: dict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    for judged in gather([run], data).runs:
        for index in judged.asked:
            row, verdict = judged.rows[index], judged.verdicts[index]
            kind = row.meta.kind if row.meta else None
            for rows in ("all", f"config: {judged.config}", *([f"kind: {kind}"] if kind else ())):
                outcomes[rows].append((row.query_group, verdict))
    for measure, holds in MEASURES.items():
        for rows in sorted(outcomes):
            share = rate([holds(verdict) for _, verdict in outcomes[rows]], [group for group, _ in outcomes[rows]])
            value, low, high = (round(end, 4) for end in (share.value, share.low, share.high))
            yield Figure(stage, history, measure, rows, value, low, high, share.rows)


def table(found: Iterable[Figure]) -> str:
    """Return the rates on all rows as a Markdown table, one line per stage and history."""
    by_run: dict[tuple[str, str], dict[str, Figure]] = defaultdict(dict)
    for figure in found:
        if figure.rows == "all":
            by_run[figure.stage, figure.history][figure.measure] = figure
    head = ("stage", "history", *MEASURES, "rows")
    rows = []
    for run, of_run in by_run.items():
        cells = [f"{100 * item.value:.1f} ({100 * item.low:.1f} to {100 * item.high:.1f})" for item in of_run.values()]
        rows.append((*run, *cells, f"{next(iter(of_run.values())).count}"))
    return markdown_table(head, rows, numbers=len(head) - 2)
