"""What commands show: tables, and instances as a person would read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.table import Table

from builder import pipeline
from builder.audit.audit_report import figures
from builder.audit.run_audit import ConfigAudit
from builder.audit.text_quality import TextQuality
from builder.audit.training_audit import TrainingAudit
from builder.config import LlmConfig
from builder.llm.builder_tasks import TASKS
from builder.llm.estimate import Estimate
from builder.llm.meter import Meter
from hf_dataset.layout import SPLITS
from hf_dataset.schema import Instance
from metrics.petoolbench.aggregation import Scores
from petoolbench.instance_text import render

from .console import stdout


def print_instance(instance: Instance, *, tools: bool = True) -> None:
    """Print an instance as a person would read it, with the documentation of its tools or without."""
    stdout.rule()
    stdout.print(render(instance, tools=tools), markup=False, highlight=False, soft_wrap=True)


def print_funnel(report: pipeline.BuildResult) -> None:
    """Print what a build read, dropped and wrote."""
    manifest = report.manifest
    table = Table("what", "number", title="Funnel", title_justify="left")
    for name, number in manifest.counts.items():
        table.add_row(name.replace("_", " "), f"{number:,}")
    for kind, reasons in manifest.drops.items():
        for reason, number in reasons.items():
            table.add_row(f"{kind.replace('_', ' ')} dropped: {reason.replace('_', ' ')}", f"{number:,}", style="dim")
    stdout.print(table)
    groups = Table("category", "groups", "tools", title="Groups kept", title_justify="left")
    for category in sorted({group.category for group in report.groups}):
        own = [group for group in report.groups if group.category == category]
        groups.add_row(category.replace("_", " "), str(len(own)), str(sum(len(group.members) for group in own)))
    stdout.print(groups)
    print_rows(report)


def print_rows(report: pipeline.BuildResult) -> None:
    """Print how many rows a build wrote."""
    rows = Table("config", *SPLITS, title="Rows", title_justify="left")
    for name, splits in report.manifest.rows.items():
        rows.add_row(name, *(f"{splits[split]:,}" if split in splits else "" for split in SPLITS))
    stdout.print(rows)


def print_estimate(lines: Sequence[Estimate], config: LlmConfig, price: float) -> None:
    """Print how many requests a build would make of a language model, and what they would cost.

    Args:
        lines: By task.
        config: Its model and prices.
        price: What is paid, as a share of these.
    """
    table = Table(title="Estimate, before anything is asked", title_justify="left", box=box.SIMPLE)
    for name in ("task", "requests", "tokens in", "tokens out", "USD"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for line in lines:
        cost = price * config.cost_usd(line.input_tokens, line.output_tokens)
        number = f"{line.requests:,}" if line.exact else f"up to {line.requests:,}"
        table.add_row(line.task, number, f"{line.input_tokens:,}", f"{line.output_tokens:,}", f"{cost:.2f}")
    total = price * config.cost_usd(sum(line.input_tokens for line in lines), sum(line.output_tokens for line in lines))
    table.add_row("all", f"{sum(line.requests for line in lines):,}", "", "", f"{total:.2f}")
    stdout.print(table)
    stdout.print(f"Model {config.model}. Replies that are of no use cost more; answers in the cache cost nothing.")


def print_meter(meter: Meter) -> None:
    """Print what was asked of a language model, and what came of it."""
    table = Table(title=f"Asked of {meter.config.model}", title_justify="left", box=box.SIMPLE)
    for name in ("task", "asked", "from the cache", "of use", "of no use"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for task in TASKS:
        rejected: Mapping[str, int] = meter.rejected.get(task.name, {})
        counts = (meter.paid[task.name], meter.cached[task.name], meter.accepted[task.name], sum(rejected.values()))
        table.add_row(task.name, *(f"{count:,}" for count in counts))
        for reason, number in sorted(rejected.items()):
            table.add_row(f"  {reason.replace('_', ' ')}", "", "", "", f"{number:,}", style="dim")
    for reason, number in sorted(meter.faults.items()):
        table.add_row(f"sent again: {reason.replace('_', ' ')}", f"{number:,}", style="dim")
    stdout.print(table)
    stdout.print(
        f"{meter.input_tokens:,} tokens in, {meter.output_tokens:,} out, {meter.cost_usd:.4f} USD", highlight=False
    )


def print_audit(name: str, item: ConfigAudit | TrainingAudit) -> None:
    """Print the gates and checks of one config, or of the training data."""
    rests = f"; gates on {item.sample}" if item.sample else ""
    table = Table(title=f"Audit of {name}, %{rests}", title_justify="left", box=box.SIMPLE)
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
        table.add_row(check.name, f"{check.violations:,}", "0", "", holds)
    stdout.print(table)


def print_wording(qualities: Mapping[str, TextQuality], of_rows: Mapping[str, int]) -> None:
    """Print how instructions read, beside each other.

    Args:
        qualities: What was measured, by what it was measured of.
        of_rows: Number of all rows of those that were measured on a sample.
    """
    table = Table("instructions", title="Text of the instructions", title_justify="left", box=box.SIMPLE)
    for name in qualities:
        table.add_column(name, justify="right")
    columns = [figures(quality, of_rows.get(name)) for name, quality in qualities.items()]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    stdout.print(table)


def print_classes(scores: Scores) -> None:
    """Print the share of each error class, and how sure the tool accuracy is."""
    table = Table(title="Every reply in one class, % of rows", title_justify="left", box=box.SIMPLE)
    table.add_column("class", no_wrap=True)
    table.add_column("share", justify="right")
    for name, share in scores["error_classes"].items():
        table.add_row(name.replace("_", " "), f"{100 * share:.1f}")
    stdout.print(table)
    low, high = scores["intervals"]["tool_accuracy"]
    least = scores["detectable_difference"]
    shown = (
        f" A difference of {100 * least:.1f} points from another system would show (80 % power, level 5 %)."
        if least
        else ""
    )
    stdout.print(
        f"Tool accuracy {100 * scores['tool_accuracy']:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f} "
        f"(bootstrap over {scores['query_groups']} query groups).{shown}",
        highlight=False,
    )


def print_scores(scored: list[tuple[str, str, Scores]]) -> None:
    """Print a line of rates for each (model, config, scores)."""
    table = Table(title="Accuracy, % of rows", title_justify="left", box=box.SIMPLE)
    table.add_column("model", overflow="fold")
    table.add_column("config", no_wrap=True)
    shown: dict[str, Callable[[Scores], float]] = {
        "tool": lambda scores: scores["tool_accuracy"],
        "params": lambda scores: scores["parameter_accuracy"],
        "call": lambda scores: scores["call_accuracy"],
        "format": lambda scores: scores["format_rate"],
    }
    for name in (*shown, "rows"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, config, scores in scored:
        table.add_row(name, config, *(f"{100 * read(scores):.1f}" for read in shown.values()), f"{scores['count']:,}")
    stdout.print(table)
