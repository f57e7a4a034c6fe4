"""Functions that print tables and instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.markup import escape
from rich.table import Table

from builder.audit.audit_report import figures
from builder.audit.run_audit import ConfigAudit
from builder.audit.text_quality import TextQuality
from builder.audit.text_repetition import SplitTexts
from builder.audit.text_report import LENGTHS, NUMBERS, REPETITION, length_cells, repetition_cells
from builder.audit.training_audit import TrainingAudit
from builder.llm.builder_tasks import TASKS
from builder.llm.estimate import Estimate
from builder.llm.meter import Meter
from builder.llm.prices import Prices
from builder.pipeline import BuildResult
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import Manifest
from hf_dataset.schema import Instance
from metrics.petoolbench.records import ERROR_CLASSES
from petoolbench.instance_text import Wishes, render
from petoolbench.score_table import ConfigScores, ScoreTable

from .console import print_text, stderr, stdout

_BUILD_TASKS: Final = tuple(task.name for task in TASKS)
"""Tasks of a build with a model, in their order."""
_FAULTS: Final[Mapping[str, str]] = {
    "not_reached": "the endpoint could not be reached",
    "timed_out": "no answer in time",
    "connection_lost": "the connection was lost",
    "no_chat_completion": "the answer was no chat completion",
}
"""Reasons for which requests are sent again, in words."""


def print_instance(instance: Instance, wishes: Wishes, *, tools: bool = True, full: bool = False) -> None:
    """Print an instance. The arguments are those of `render`."""
    stdout.rule()
    print_text(render(instance, wishes, tools=tools, full=full))


def print_funnel(result: BuildResult) -> None:
    """Print how many items a build read, dropped and wrote."""
    manifest = result.manifest
    print_counters(manifest.counts, manifest.drops)
    by_category = Table("category", "groups", "tools", title="Groups kept", title_justify="left")
    for category in sorted({group.category for group in result.groups}):
        groups = [group for group in result.groups if group.category == category]
        tools = sum(len(group.members) for group in groups)
        by_category.add_row(category.replace("_", " "), str(len(groups)), str(tools))
    stdout.print(by_category)
    print_rows(manifest)


def print_counters(counts: Mapping[str, int], drops: Mapping[str, Mapping[str, int]]) -> None:
    """Print the counters of a build, finished or not: items that were kept, and items that were dropped by reason."""
    table = Table("item", "number", title="Funnel", title_justify="left")
    for name, number in counts.items():
        table.add_row(name.replace("_", " "), f"{number:,}")
    for kind, reasons in drops.items():
        for reason, number in reasons.items():
            table.add_row(f"{kind.replace('_', ' ')} dropped: {reason.replace('_', ' ')}", f"{number:,}", style="dim")
    stdout.print(table)


def print_notices(notices: Sequence[str]) -> None:
    """Print lines that name what the source of a catalogue skipped."""
    for notice in notices:
        stderr.print(f"catalogue: {notice}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print warnings about a build that ended well."""
    for warning in warnings:
        stderr.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_rows(manifest: Manifest) -> None:
    """Print the number of rows of a build by config and split."""
    table = Table("config", *SPLITS, title="Rows", title_justify="left")
    for name, splits in manifest.rows.items():
        table.add_row(name, *(f"{splits[split]:,}" if split in splits else "" for split in SPLITS))
    stdout.print(table)


def print_estimate(lines: Sequence[Estimate], prices: Prices, price: float) -> None:
    """Print the estimated number of requests to a language model, and their cost.

    Args:
        lines: Estimates, one per task.
        prices: The model and its prices.
        price: Factor of the prices, from 0 to 1; below 1 for discounts.
    """
    config = prices.config
    table = Table(title="Estimate; nothing was sent", title_justify="left", box=box.SIMPLE)
    for name in ("task", "requests", "at most", "input tokens", "output tokens", "USD"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for line in lines:
        cost = price * config.cost_usd(line.input_tokens, line.output_tokens)
        counts = (line.requests, line.most, line.input_tokens, line.output_tokens)
        table.add_row(line.task, *(f"{count:,}" for count in counts), f"{cost:.2f}")
    total = price * config.cost_usd(sum(line.input_tokens for line in lines), sum(line.output_tokens for line in lines))
    totals = (sum(line.requests for line in lines), sum(line.most for line in lines))
    table.add_row("all", *(f"{count:,}" for count in totals), "", "", f"{total:.2f}")
    stdout.print(table)
    print_text(
        f"Model {config.model}. Rejected replies cost extra; cached replies cost nothing. Prices: {prices.source}."
    )


def print_meter(meter: Meter, tasks: Sequence[str] = _BUILD_TASKS) -> None:
    """Print the number of requests that were sent to a language model, with their results and cost.

    Args:
        meter: Counters of the requests.
        tasks: Names of the tasks, in the order of the rows.
    """
    table = Table(title=f"Requests to {meter.config.model}", title_justify="left", box=box.SIMPLE)
    for name in ("task", "sent", "from the cache", "accepted", "rejected"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for task in tasks:
        rejected: Mapping[str, int] = meter.rejected.get(task, {})
        counts = (meter.paid[task], meter.cached[task], meter.accepted[task], sum(rejected.values()))
        table.add_row(task, *(f"{count:,}" for count in counts))
        for reason, number in sorted(rejected.items()):
            table.add_row(f"  {reason.replace('_', ' ')}", "", "", "", f"{number:,}", style="dim")
    for reason, number in sorted(meter.faults.items()):
        table.add_row(f"sent again: {fault_in_words(reason)}", f"{number:,}", style="dim")
    stdout.print(table)
    stdout.print(
        f"{meter.input_tokens:,} input tokens, {meter.output_tokens:,} output tokens, {meter.cost_usd:.4f} USD"
        + (f" (prices: {meter.prices})" if meter.prices else ""),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def print_audit(name: str, item: ConfigAudit | TrainingAudit) -> None:
    """Print the gates and checks of one config, or of the training data."""
    sample = f"; gates evaluated on {item.sample}" if item.sample else ""
    table = Table(title=f"Audit of {name}, %{sample}", title_justify="left", box=box.SIMPLE)
    table.add_column("gate")
    for column in ("accuracy", "bound", "margin", "holds"):
        table.add_column(column, justify="right", no_wrap=True)
    for gate, holds in [
        *((gate, ("yes" if gate.decides else "cannot tell") if gate.passed else "NO") for gate in item.gates),
        *((gate, "-") for gate in item.reported),
    ]:
        table.add_row(gate.name, *(f"{100 * number:.1f}" for number in (gate.accuracy, gate.bound, gate.margin)), holds)
    for check in item.checks:
        holds = "-" if not check.required else "yes" if check.passed else "NO"
        table.add_row(check.name, f"{check.violations:,}", f"{check.allowed:,}", "", holds)
    stdout.print(table)


def print_text_quality(qualities: Mapping[str, TextQuality], of_rows: Mapping[str, int]) -> None:
    """Print statistics of the text of instructions, one column per source.

    Args:
        qualities: Statistics by source.
        of_rows: Number of rows in the whole data set, for a source of instructions of which only a sample was measured.
    """
    table = Table("instructions", title="Text of the instructions", title_justify="left", box=box.SIMPLE)
    for name in qualities:
        table.add_column(name, justify="right")
    columns = [figures(quality, of_rows.get(name)) for name, quality in qualities.items()]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    stdout.print(table)


def print_texts(texts: Sequence[SplitTexts]) -> None:
    """Print lengths, registers and repetition of texts.

    Args:
        texts: Figures for each split or source.
    """
    lengths = Table(*LENGTHS, title="Texts of histories", title_justify="left", box=box.SIMPLE)
    for item in texts:
        lengths.add_row(*length_cells(item))
    stdout.print(lengths)
    repetition = Table(title="Repetition of texts across query groups, %", title_justify="left", box=box.SIMPLE)
    for place, name in enumerate(REPETITION):
        repetition.add_column(name, justify="right" if place in NUMBERS else "left", overflow="fold")
    for item in texts:
        for cells in repetition_cells(item):
            repetition.add_row(*map(escape, cells))
    stdout.print(repetition)


def fault_in_words(name: str) -> str:
    """Return why a request was sent again, from the name that the sender gives the reason."""
    return _FAULTS.get(name, name.replace("_", " "))


def print_classes(parts: Sequence[ConfigScores], scored_rows: str) -> None:
    """Print the share of each error class by config, and the difference in tool accuracy that can be detected.

    Instances without a prediction, which the metric counts as of invalid format, have a line of their own.
    """
    table = Table(title=f"Error classes, % of the {scored_rows}", title_justify="left", box=box.SIMPLE)
    table.add_column("class", no_wrap=True)
    for part in parts:
        table.add_column(part.config, justify="right")
    absent = [part.missing / part.scores["count"] for part in parts]
    for name in ERROR_CLASSES:
        lacking = absent if name == "invalid_format" else [0.0] * len(parts)
        if any(lacking):
            table.add_row("no prediction", *(f"{100 * share:.1f}" for share in lacking))
        shares = (part.scores["error_classes"][name] - less for part, less in zip(parts, lacking, strict=True))
        # A difference of equal numbers can be just below 0.
        table.add_row(name.replace("_", " "), *(f"{100 * abs(share):.1f}" for share in shares))
    stdout.print(table)
    for part in parts:
        least = part.scores["detectable_difference"]
        shown = f"{100 * least:.1f} points to an independent system" if least else ""
        power = f"; a difference of {shown} can be detected (power 80 %, level 5 %)" if shown else ""
        stdout.print(
            f"{part.config}: intervals by bootstrap over {part.scores['query_groups']} query groups{power}.",
            highlight=False,
            soft_wrap=True,
        )


def print_score_tables(tables: Sequence[ScoreTable]) -> None:
    """Print the rates of several systems, one line per system and config."""
    columns = ("tool", "parameters", "call", "format")
    table = Table(title="Accuracy, % of rows", title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    table.add_column("config", no_wrap=True)
    for name in (*columns, "rows"):
        table.add_column(name, justify="right", no_wrap=True)
    for system in tables:
        for part in system.parts:
            scores = part.scores
            rates = (
                scores["tool_accuracy"],
                scores["parameter_accuracy"],
                scores["call_accuracy"],
                scores["format_rate"],
            )
            cells = (f"{100 * rate:.1f}" for rate in rates)
            table.add_row(system.name, part.config, *cells, f"{scores['count']:,}")
    stdout.print(table)
