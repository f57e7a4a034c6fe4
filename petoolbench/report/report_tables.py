"""The tables of a report, as text in cells; page and Markdown show the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from metrics.petoolbench.aggregation import Scores
from metrics.petoolbench.records import RATES

from .breakdown import PROPERTIES, Rate, in_order
from .facts import Report, RunFacts
from .wording import HISTORY_NAMES, OUTCOME_NAMES, p_value, percent

NONE = "–"  # noqa: RUF001  (a dash for what is not there)


@dataclass(frozen=True, slots=True)
class Table:
    """Names and cells; the first column says what a row is about, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    quiet: frozenset[int] = field(default_factory=frozenset)
    """Rows that stand back: baselines."""


def accuracy(report: Report, config: str) -> Table:
    """The rates of each run on a config, over all rows of the split."""
    runs = report.of(config)
    rows: list[tuple[str, ...]] = []
    quiet = set()
    for run in runs:
        if run.baseline:
            quiet.add(len(rows))
        rows.append((run.name, _answered(run), *_rates(run.scores), f"{run.answered.failed:,}"))
        if run.limited:
            of_asked = f"{run.answered.replies:,} of {run.answered.asked:,}"
            rows.append((f"… on the {run.answered.asked:,} rows asked", of_asked, *_rates(run.scores_of_asked), ""))
    columns = ("run", "replies", "tool", "parameters", "call", "readable", "not offered", "failed")
    groups = f"{report.query_groups[config]:,} query groups"
    return Table(
        f"{config}: {report.rows[config]:,} rows, {groups}; %, with 95 % intervals",
        columns,
        tuple(rows),
        frozenset(quiet),
    )


def _answered(run: RunFacts) -> str:
    replies, rows = run.answered.replies, run.answered.rows
    return f"{replies:,}" if replies == rows else f"{replies:,} of {rows:,}"


def _rates(scores: Scores) -> list[str]:
    ends = scores["intervals"]
    return [
        _rate(scores["tool_accuracy"], *ends["tool_accuracy"]),
        _rate(scores["parameter_accuracy"], *ends["parameter_accuracy"]),
        _rate(scores["call_accuracy"], *ends["call_accuracy"]),
        _rate(scores["format_rate"], *ends["format_rate"]),
        _rate(scores["hallucination_rate"], *ends["hallucination_rate"]),
    ]


def _rate(value: float, low: float, high: float) -> str:
    return f"{percent(value)} ({percent(low)} to {percent(high)})"


def means(report: Report) -> Table | None:
    """Mean rates over the three configs; None where no run answered all of them."""
    if not report.means:
        return None
    baselines = {run.name for run in report.runs if run.baseline}
    return Table(
        "Mean over the three configs, % of all rows",
        ("run", "tool", "parameters", "call", "readable", "not offered"),
        tuple((name, *(percent(rates[one]) for one in RATES)) for name, rates in report.means.items()),
        frozenset(place for place, name in enumerate(report.means) if name in baselines),
    )


def lifts(report: Report) -> Table | None:
    """Tool accuracy with the own history less that with another's or none; None where no runs can be paired."""
    if not report.lifts:
        return None
    columns = ("run", "config", "instead", "own, %", "instead, %", "difference, points", "p", "would show", "rows")
    rows = tuple(
        (
            lift.name,
            lift.config,
            HISTORY_NAMES[lift.against],
            percent(lift.own),
            percent(lift.other),
            f"{100 * found.difference:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})",
            p_value(found.p).removeprefix("p ").removeprefix("= "),
            percent(found.detectable),
            f"{found.rows:,}",
        )
        for lift in report.lifts
        for found in (lift.comparison,)
    )
    quiet = frozenset(place for place, lift in enumerate(report.lifts) if lift.baseline)
    return Table("Own history less another's, or none: tool accuracy on the same rows", columns, rows, quiet)


def outcomes(report: Report, config: str) -> Table:
    """Share of each outcome."""
    runs = report.of(config)
    return Table(
        f"{config}: what became of the rows, %",
        ("run", *OUTCOME_NAMES.values()),
        tuple((run.name, *(percent(run.outcomes[name]) for name in OUTCOME_NAMES)) for run in runs),
        _quiet(runs),
    )


def breakdown(report: Report, config: str, by: str) -> Table | None:
    """Tool accuracy by one property; None where the rows of the config do not vary in it."""
    runs = report.of(config)
    found = {
        run.name: {part.label: part.rate for one in run.breakdowns if one.by == by for part in one.parts}
        for run in runs
    }
    order = in_order(label for rates in found.values() for label in rates)
    if not order:
        return None
    rows = tuple((run.name, *(_part(found[run.name].get(label)) for label in order)) for run in runs)
    title = f"{config}: tool accuracy by {PROPERTIES[by].title}, %, with 95 % intervals and rows"
    return Table(title, ("run", *order), rows, _quiet(runs))


def _part(rate: Rate | None) -> str:
    if rate is None:
        return NONE
    return f"{100 * rate.value:.0f} ({100 * rate.low:.0f} to {100 * rate.high:.0f}; {rate.rows:,})"


def calls(report: Report, config: str) -> Table | None:
    """Share of the calls of the candidate at each place; None where no run calls a candidate."""
    runs = [(run, run.calls) for run in report.of(config) if run.calls]
    if not runs:
        return None
    places = max(len(found.shares) for _, found in runs)
    rows = tuple(
        (
            run.name,
            *(percent(found.shares[place]) if place < len(found.shares) else NONE for place in range(places)),
            p_value(found.p).removeprefix("p ").removeprefix("= "),
            f"{found.calls:,}",
        )
        for run, found in runs
    )
    columns = ("run", *(str(place + 1) for place in range(places)), "p", "calls")
    return Table(
        f"{config}: share of the calls by place of the called candidate, %",
        columns,
        rows,
        _quiet([run for run, _ in runs]),
    )


def costs(report: Report) -> Table | None:
    """What the replies took; None where no file tells."""
    told = [(run, run.cost) for run in report.runs if run.cost]
    if not told:
        return None
    columns = (
        "run",
        "config",
        "items",
        "tokens in",
        "tokens out",
        "USD",
        "tokens in, of 1,000",
        "tokens out, of 1,000",
        "USD, of 1,000",
    )
    rows = tuple(
        (
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
        for run, cost in told
    )
    return Table("What the replies took", columns, rows)


def made_with(report: Report) -> Table:
    """Which file each run is, and what it was made with."""
    names = ("model", "mode", "docs", "shuffle_seed", "seed", "prompt_version", "sampling")
    rows = tuple(
        (
            run.name,
            run.config,
            run.file,
            HISTORY_NAMES.get(run.history, run.history) if run.made_with else NONE,
            *(_told(run, name) for name in names),
        )
        for run in report.runs
    )
    columns = (
        "run",
        "config",
        "file",
        "history",
        "model",
        "mode",
        "documentation",
        "order",
        "seed",
        "prompt",
        "sampling",
    )
    return Table("What the runs were made with, by the header of their files", columns, rows)


def _told(run: RunFacts, name: str) -> str:
    value = run.made_with.get(name)
    if isinstance(value, dict):
        return ", ".join(f"{key} {value[key]}" for key in sorted(value)) or NONE
    return NONE if value is None else str(value)


def _quiet(runs: Sequence[RunFacts]) -> frozenset[int]:
    return frozenset(place for place, run in enumerate(runs) if run.baseline)
