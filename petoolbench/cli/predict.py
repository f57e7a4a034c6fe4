"""Commands that send the instances to a model, or write their prompts to a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.table import Table

from builder.errors import ConfigError
from builder.llm.endpoint_url import endpoint_address
from builder.llm.meter import Meter
from petoolbench.data import InstanceSet, load
from petoolbench.inference.model_requests import ModelRequest
from petoolbench.inference.reply_lines import EMPTY
from petoolbench.inference.run import RunSummary, execute
from petoolbench.prompts import prompt_of, select_rows, write_prompts
from petoolbench.run_settings import RunResources, RunSettings
from petoolbench.settings_checks import check_settings

from .console import print_note, print_text, progress, stdout
from .options import pick, read_ids, with_options
from .printing import fault_in_words

_NOT_IN_PROMPTS: Final = (
    "base_url",
    "context",
    "overlong",
    "repeat",
    "usd_per_million_input",
    "usd_per_million_output",
)
"""Settings that only concern how requests are sent."""
_HELPS: Final = {"ids": "File with one instance_id per line; only these instances are used."}
_HELPS_FOR_PROMPTS: Final = {
    **_HELPS,
    "seed": "Random seed for sampling, with --batch.",
    "temperature": "Sampling temperature, with --batch.",
    "max_output_tokens": "Maximum length of a reply in tokens, with --batch.",
    "body": "Additional request fields, with --batch, as a JSON object; null removes a field.",
}
DataArgument = Annotated[
    str,
    typer.Argument(
        help="Folder of the data set, or its repository on the Hugging Face Hub, ORG/NAME or ORG/NAME@REVISION."
    ),
]


@with_options(RunSettings, RunResources, required=("model",), helps=_HELPS)
def predict(
    data: DataArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Run file to write (JSON Lines); if it exists, the run is resumed. Required without --dry-run.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the first prompt without sending it.")] = False,
    **options: Any,
) -> None:
    """Send every instance of a split to a model and write each reply to the run file (JSON Lines)."""
    settings = _settings(options)
    resources = RunResources(api_key=os.environ.get("OPENAI_API_KEY"), **pick(RunResources, options))
    check_settings(settings, resources)
    instances = load(data, settings.config, settings.split)
    if dry_run:
        _print_first(instances, settings)
        return
    if out is None:
        raise ConfigError("--out is missing. Name the run file to write, such as -o out/run.jsonl, or pass --dry-run.")
    with progress() as report:
        summary = execute(instances, out, settings, resources, report, ready=_print_plan, notify=print_note)
    _print_summary(summary, out, settings)


@with_options(RunSettings, without=_NOT_IN_PROMPTS, helps=_HELPS_FOR_PROMPTS)
def prompts(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (JSON Lines).")],
    batch: Annotated[
        bool, typer.Option("--batch", help="Write OpenAI Batch API requests for --model instead of plain messages.")
    ] = False,
    model: Annotated[str | None, typer.Option("--model", help="Model name for the requests, with --batch.")] = None,
    **options: Any,
) -> None:
    """Write the benchmark prompts to a file, for models that you run elsewhere; `score` reads their replies."""
    settings = _settings(options if model is None else {**options, "model": model})
    if batch and (model is None or not settings.is_online):
        named = "" if model is None else f", not {model!r}"
        raise ConfigError(f"--batch requires the name of a model at an endpoint{named}. Set it with --model.")
    count = write_prompts(load(data, settings.config, settings.split), out, settings, model if batch else None)
    where = f"--data {data} --config {settings.config} --split {settings.split}"
    stdout.print(
        f"{count:,} prompts in {out}. Score the replies with: petoolbench score REPLIES {where}", soft_wrap=True
    )


def _settings(options: dict[str, Any]) -> RunSettings:
    """Return the settings from the options of a command."""
    values = pick(RunSettings, options)
    values |= {
        "base_url": endpoint_address(options.get("base_url")),
        "body": _object(options["body"]),
        "ids": read_ids(options["ids"]),
    }
    return RunSettings(**values)


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"--body is not valid JSON: {error}. Pass an object, such as '{{\"top_p\": 0.9}}'."
        ) from error
    if not isinstance(value, dict):
        raise ConfigError(f"--body is a JSON {type(value).__name__}. Pass an object, such as '{{\"top_p\": 0.9}}'.")
    return value


def _print_first(instances: InstanceSet, settings: RunSettings) -> None:
    rows = select_rows(instances, settings)
    first = prompt_of(rows[0], settings)
    for message in first:
        stdout.rule(message["role"])
        print_text(message["content"])
    if first.tools:
        stdout.rule("functions")
        functions = json.dumps(first.tools, indent=1, ensure_ascii=False)
        print_text(functions)
    stdout.rule()
    stdout.print(f"{len(rows):,} instances; nothing was sent.")


def _print_plan(requests: Sequence[ModelRequest], meter: Meter) -> None:
    tokens = [request.tokens for request in requests if request.fits]
    too_long = len(requests) - len(tokens)
    shortened = sum(request.dropped_steps > 0 for request in requests)
    repeat = max((request.repeat for request in requests), default=1)
    parts = [f"{len(requests) // repeat:,} instances" + (f", each {repeat:,} times" if repeat > 1 else "")]
    if tokens:
        parts.append(f"prompts of about {sum(tokens) // len(tokens):,} tokens, at most {max(tokens):,}")
        highest = meter.config.cost_usd(sum(tokens), meter.config.max_output_tokens * len(tokens))
        parts += [f"at most {highest:.2f} USD"] if highest else []
    parts += [f"{too_long:,} exceed the context window and are skipped"] if too_long else []
    parts += [f"{shortened:,} without the oldest steps of their history"] if shortened else []
    stdout.print(f"{'; '.join(parts)}.", soft_wrap=True, highlight=False)


def _print_summary(summary: RunSummary, out: Path, settings: RunSettings) -> None:
    table = Table(title=f"Run file {out}", title_justify="left", box=box.SIMPLE)
    table.add_column("item")
    table.add_column("number", justify="right")
    table.add_row("instances", f"{summary.instances:,}")
    if settings.repeat > 1:
        table.add_row("replies", f"{summary.replies:,}")
    if summary.resumed:
        table.add_row("  already in the file", f"{summary.resumed:,}", style="dim")
    for reason, number in sorted(summary.errors.items()):
        table.add_row(f"  without a reply: {reason}", f"{number:,}")
    if summary.cut:
        table.add_row("  cut at the limit of output tokens", f"{summary.cut:,}")
    if summary.refused:
        table.add_row("  refused by the model or a content filter", f"{summary.refused:,}")
    if summary.meter is not None:
        for reason, number in sorted(summary.meter.faults.items()):
            table.add_row(f"sent again: {fault_in_words(reason)}", f"{number:,}", style="dim")
        table.add_row("input tokens", f"{summary.meter.input_tokens:,}")
        table.add_row("output tokens", f"{summary.meter.output_tokens:,}")
        if summary.meter.cost_usd:
            table.add_row("USD", f"{summary.meter.cost_usd:.4f}")
    stdout.print(table)
    if summary.cut:
        print_note(
            f"{summary.cut:,} of {summary.replies:,} replies reached the limit of {settings.reply_limit:,} output "
            "tokens. Raise it with --max-output-tokens, for a new run file."
        )
    if empty := summary.errors[EMPTY]:
        print_note(
            f"{empty:,} of {summary.replies:,} replies have neither text nor call. Check the chat template and the "
            "reasoning parser of the server; the reasoning is in the run file."
        )
