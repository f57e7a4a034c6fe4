"""Tables of a report, with text in their cells; the page and the Markdown file show the same tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from metrics.petoolbench.aggregation import Scores
from metrics.petoolbench.records import RATES
from metrics.petoolbench.repeats import RepeatScores, shown_passes
from metrics.petoolbench.uncertainty import Comparison

from .bias import PositionBias
from .breakdown import PROPERTIES, Rate, in_order
from .lift import Lift
from .run_facts import Cost, Report, RunFacts
from .wording import HISTORY_NAMES, OUTCOME_NAMES, RATE_NAMES, p_value, percent

NONE = "–"  # noqa: RUF001  (a dash in a cell without a value)
_SETTINGS: Final = {
    "model": "model",
    "mode": "mode",
    "docs": "documentation",
    "shuffle_seed": "order",
    "seed": "seed",
    "prompt_version": "prompt",
    "sampling": "sampling",
}
"""Column heading of each setting of a run, by its name in the header."""


@dataclass(frozen=True, slots=True)
class Table:
    """Table whose first column names the run of each row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    quiet: frozenset[int] = field(default_factory=frozenset)
    """Indexes of the rows to show in grey: those of baselines."""


def accuracy(report: Report, config: str) -> Table:
    """Return the rates of each run on a config, over the instances of the main figure.

    A limited run has a second row, with the rates over the instances that it covers. If the main figure is on the core,
    a run that covers the full split has a second row with the rates over it. If a memory read the histories in any run,
    the last column is the mean size of the memories in tokens, of the budget.
    """
    rows: list[tuple[str, ...]] = []
    quiet = set()
    with_memory = any(run.memory for run in report.of(config))
    for run in report.of(config):
        if run.baseline:
            quiet.add(len(rows))
        shares = (percent(run.answered.cut_share), percent(run.answered.refused_share))
        memory = (_memory(run),) if with_memory else ()
        empty = ("", "", "", *([""] if with_memory else []))
        rows.append((run.name, _replies(run), *_rates(run.scores), f"{run.answered.failed:,}", *shares, *memory))
        if run.limited:
            replies = f"{run.answered.replies:,} of {run.answered.asked:,}"
            name = f"… on the {run.answered.asked:,} instances asked"
            rows.append((name, replies, *_rates(run.scores_of_asked), *empty))
        if run.full:
            rows.append((f"… on the {_instances(run.full, 'full split')}", "", *_rates(run.full), *empty))
    scores = report.of(config)[0].scores
    return Table(
        f"{config}: {_instances(scores, report.scored_rows)}, {scores['query_groups']:,} query groups; %, with 95 % "
        "intervals",
        (
            "run",
            "replies",
            *RATE_NAMES.values(),
            "failed",
            "cut",
            "refused",
            *(["memory tokens"] if with_memory else []),
        ),
        tuple(rows),
        frozenset(quiet),
    )


def _memory(run: RunFacts) -> str:
    """Return the mean size of the memories, with the budget if there is one."""
    if run.memory is None:
        return NONE
    budget = "" if run.memory.budget is None else f" of {run.memory.budget:,}"
    return f"{run.memory.mean_tokens:,.0f}{budget}"


def _instances(scores: Scores, rows: str) -> str:
    return f"{scores['count']:,} instances of the {rows}"


def _replies(run: RunFacts) -> str:
    replies, total = run.answered.replies, run.answered.rows if run.limited else run.answered.asked
    return f"{replies:,}" if replies == total else f"{replies:,} of {total:,}"


def _rates(scores: Scores) -> list[str]:
    return [_rate(scores[name], *scores["intervals"][name]) for name in RATES]


def _rate(value: float, low: float, high: float) -> str:
    return f"{percent(value)} ({percent(low)} to {percent(high)})"


def means(report: Report) -> Table | None:
    """Return the mean rates over the three configs; None if no run answers all of them."""
    if not report.means:
        return None
    baselines = {run.name for run in report.runs if run.baseline}
    rows: list[tuple[str, ...]] = []
    quiet = set()
    for name, rates in report.means.items():
        if name in baselines:
            quiet.add(len(rows))
        rows.append((name, *(percent(rates[rate]) for rate in RATES)))
        if full := report.full_means.get(name):
            rows.append(("… on the full split", *(percent(full[rate]) for rate in RATES)))
    title = f"Mean over the three configs, % of the {report.scored_rows}"
    return Table(title, ("run", *RATE_NAMES.values()), tuple(rows), frozenset(quiet))


def repeats(report: Report) -> Table | None:
    """Return the scores of several replies to each instance; None if no run has several."""
    scored = [(run, run.repeats) for run in report.runs if run.repeats]
    if not scored:
        return None
    shown = shown_passes(max(scores["replies"] for _, scores in scored))
    columns = (
        "run",
        "config",
        "replies",
        *(f"pass^{k}" for k in shown),
        "all correct",
        "all calls correct",
        "agreement",
    )
    return Table(
        "Several replies to each instance: share of the instances with k correct tools, %",
        columns,
        tuple(_repeats_row(run, scores, shown) for run, scores in scored),
    )


def _repeats_row(run: RunFacts, scores: RepeatScores, shown: Sequence[int]) -> tuple[str, ...]:
    low, high = scores["tool_pass_interval"]
    passes = (percent(scores["tool_pass"][k - 1]) if k <= scores["replies"] else NONE for k in shown)
    return (
        run.name,
        run.config,
        f"{scores['replies']:,}",
        *passes,
        _rate(scores["tool_pass"][-1], low, high),
        percent(scores["call_pass"][-1]),
        percent(scores["agreement"]),
    )


def lifts(report: Report) -> Table | None:
    """Return the personalisation lifts; None if no runs can be paired."""
    if not report.lifts:
        return None
    columns = (
        "run",
        "config",
        "compared with",
        "own history, %",
        "other history, %",
        "lift, points",
        "p",
        "detectable, points",
        "instances",
    )
    return Table(
        "Personalisation lift: tool accuracy on the same instances with both histories",
        columns,
        tuple(_lift_row(lift, lift.comparison) for lift in report.lifts),
        frozenset(index for index, lift in enumerate(report.lifts) if lift.baseline),
    )


def _lift_row(lift: Lift, comparison: Comparison) -> tuple[str, ...]:
    low, high = f"{100 * comparison.low:+.1f}", f"{100 * comparison.high:+.1f}"
    return (
        lift.name,
        lift.config,
        HISTORY_NAMES[lift.against],
        percent(lift.own),
        percent(lift.other),
        f"{100 * comparison.difference:+.1f} ({low} to {high})",
        _p_cell(comparison.p),
        percent(comparison.detectable) if comparison.detectable else NONE,
        f"{comparison.rows:,}",
    )


def _p_cell(p: float) -> str:
    return p_value(p).removeprefix("p ").removeprefix("= ")


def outcomes(report: Report, config: str) -> Table:
    """Return the share of each error class per run."""
    runs = report.of(config)
    return Table(
        f"{config}: share of each error class, % of the instances asked",
        ("run", *OUTCOME_NAMES.values()),
        tuple((run.name, *(percent(run.outcomes[name]) for name in OUTCOME_NAMES)) for run in runs),
        _quiet(runs),
    )


def breakdown(report: Report, config: str, by: str) -> Table | None:
    """Return the accuracy by one property; None if the instances of the config do not vary in it.

    Args:
        report: The report.
        config: History type.
        by: A key of `PROPERTIES`.
    """
    runs = report.of(config)
    rates = {run.name: _rates_by_label(run, by) for run in runs}
    order = in_order(label for run_rates in rates.values() for label in run_rates)
    if not order:
        return None
    rows = tuple((run.name, *(_part(rates[run.name].get(label)) for label in order)) for run in runs)
    title = (
        f"{config}: {PROPERTIES[by].measure} by {PROPERTIES[by].title}, %, with 95 % interval and number of instances"
    )
    return Table(title, ("run", *order), rows, _quiet(runs))


def _rates_by_label(run: RunFacts, by: str) -> dict[str, Rate]:
    return {part.label: part.rate for item in run.breakdowns if item.by == by for part in item.parts}


def _part(rate: Rate | None) -> str:
    if rate is None:
        return NONE
    return f"{100 * rate.value:.0f} ({100 * rate.low:.0f} to {100 * rate.high:.0f}; {rate.rows:,})"


def calls(report: Report, config: str) -> Table | None:
    """Return the share of the calls by position of the candidate; None if no run calls a candidate."""
    runs = [(run, run.calls) for run in report.of(config) if run.calls]
    if not runs:
        return None
    positions = max(len(bias.shares) for _, bias in runs)
    return Table(
        f"{config}: share of the calls by position of the called candidate, %",
        ("run", *(str(position + 1) for position in range(positions)), "p", "calls"),
        tuple(_calls_row(run.name, bias, positions) for run, bias in runs),
        _quiet([run for run, _ in runs]),
    )


def _calls_row(name: str, bias: PositionBias, positions: int) -> tuple[str, ...]:
    missing = [NONE] * (positions - len(bias.shares))
    return (name, *map(percent, bias.shares), *missing, _p_cell(bias.p), f"{bias.calls:,}")


def costs(report: Report) -> Table | None:
    """Return the tokens and prices of the runs; None if no run file states token counts."""
    runs = [(run, run.cost) for run in report.runs if run.cost]
    if not runs:
        return None
    columns = (
        "run",
        "config",
        "items",
        "input tokens",
        "output tokens",
        "USD",
        "input tokens per 1,000",
        "output tokens per 1,000",
        "USD per 1,000",
    )
    return Table("Tokens and price of the replies", columns, tuple(_cost_row(run, cost) for run, cost in runs))


def _cost_row(run: RunFacts, cost: Cost) -> tuple[str, ...]:
    return (
        run.name,
        run.config,
        f"{cost.items:,}",
        f"{cost.input_tokens:,}",
        f"{cost.output_tokens:,}",
        NONE if cost.usd is None else f"{cost.usd:,.4f}",
        f"{cost.per_thousand(cost.input_tokens):,.0f}",
        f"{cost.per_thousand(cost.output_tokens):,.0f}",
        NONE if cost.usd is None else f"{cost.per_thousand(cost.usd):,.4f}",
    )


def made_with(report: Report) -> Table:
    """Return the file and the settings of each run."""
    rows = tuple(
        (
            run.name,
            run.config,
            run.file,
            HISTORY_NAMES.get(run.history, run.history) if run.made_with else NONE,
            *(_setting(run, name) for name in _SETTINGS),
        )
        for run in report.runs
    )
    columns = ("run", "config", "file", "history", *_SETTINGS.values())
    return Table("Settings of the runs, from the headers of their files", columns, rows)


def _setting(run: RunFacts, name: str) -> str:
    value = run.made_with.get(name)
    if isinstance(value, dict):
        return ", ".join(f"{key} {value[key]}" for key in sorted(value)) or NONE
    return NONE if value is None else str(value)


def _quiet(runs: Sequence[RunFacts]) -> frozenset[int]:
    return frozenset(index for index, run in enumerate(runs) if run.baseline)
