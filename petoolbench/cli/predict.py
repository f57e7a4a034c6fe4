"""The command that asks a model."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.table import Table

from builder.choices import validate_choice
from builder.errors import ConfigError
from builder.llm.endpoint_url import endpoint_address
from builder.llm.meter import Meter
from builder.predictors.registry import ALLOWED as BASELINES
from hf_dataset.layout import SPLITS
from hf_dataset.prompting import DOCS, MODES
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.hub.locate import data_folder
from petoolbench.inference.history_views import HISTORIES
from petoolbench.inference.requests import OVERLONG, ModelRequest, Window, build_requests
from petoolbench.inference.run import RunResources, RunSettings, RunSummary, check, rows_of
from petoolbench.inference.run import predict as ask

from .console import progress, stdout

_MEANS: Final = RunResources()
"""The defaults."""


def predict(
    data: Annotated[
        str, typer.Argument(help="Folder of the data set, or its repository on the Hub, ORG/NAME[@REVISION].")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Run file; one that ended early is gone on with.")],
    config: Annotated[str, typer.Option("--config", help=f"One of {', '.join(HISTORY_TYPES)}.")] = HISTORY_TYPES[0],
    split: Annotated[str, typer.Option("--split", help=f"One of {', '.join(SPLITS)}.")] = "validation",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="Name of a model at the endpoint; hf:NAME for one that transformers runs here; or a baseline: "
            f"{', '.join(BASELINES)}.",
        ),
    ] = BASELINES[0],
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="OpenAI-compatible endpoint, ending in /v1. Key: OPENAI_API_KEY.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="How the candidates are told: prompt, or tools (native).")
    ] = MODES[0],
    history: Annotated[
        str, typer.Option("--history", help=f"Whose history is shown: {', '.join(HISTORIES)}.")
    ] = HISTORIES[0],
    docs: Annotated[
        str, typer.Option("--docs", help="Tools of the history with their documentation (full), or names.")
    ] = DOCS[0],
    shuffle_seed: Annotated[
        int | None, typer.Option("--shuffle-seed", min=0, help="Order the candidates anew by this seed.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many instances.")] = None,
    ids: Annotated[Path | None, typer.Option("--ids", help="Only these: a file with an instance_id a line.")] = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2)] = 0.0,
    max_output_tokens: Annotated[int, typer.Option("--max-output-tokens", min=16, help="Longest reply.")] = 1024,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of sampling, and of baselines that draw.")] = 0,
    body: Annotated[
        str | None, typer.Option("--body", help="JSON object of further keys of the request; null takes one out.")
    ] = None,
    context: Annotated[
        int | None, typer.Option("--context", min=1, help="Tokens that a prompt and its reply may have together.")
    ] = None,
    overlong: Annotated[
        str | None,
        typer.Option("--overlong", help=f"What is done with prompts that do not fit: {', '.join(OVERLONG)}."),
    ] = None,
    usd_in: Annotated[float | None, typer.Option("--usd-in", min=0, help="USD for a million tokens in.")] = None,
    usd_out: Annotated[float | None, typer.Option("--usd-out", min=0, help="USD for a million tokens out.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Stop before more is spent.")] = None,
    connections: Annotated[
        int, typer.Option("--connections", min=1, max=1024, help="Requests at once, at most.")
    ] = _MEANS.connections,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=0.01, max=3600, help="Of one request.")
    ] = _MEANS.timeout_s,
    retries: Annotated[
        int, typer.Option("--retries", min=0, max=50, help="Of a request without an answer.")
    ] = _MEANS.retries,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Prompts at once, for hf:NAME.")
    ] = _MEANS.batch_size,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Answers folder; oracle and regression need it for test.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask once more what had no reply.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the first prompt, and ask nothing.")] = False,
) -> None:
    """Ask a model the instances of one split of one config; each reply is a line of the run file."""
    settings = RunSettings(
        model=model,
        config=validate_choice("--config", config, HISTORY_TYPES),
        split=validate_choice("--split", split, SPLITS),
        base_url=endpoint_address(base_url),
        mode=validate_choice("--mode", mode, MODES),
        history=validate_choice("--history", history, HISTORIES),
        docs=validate_choice("--docs", docs, DOCS),
        shuffle_seed=shuffle_seed,
        seed=seed,
        temperature=temperature,
        max_output_tokens=max_output_tokens,
        body=_object(body),
        context=context,
        overlong=validate_choice("--overlong", overlong, OVERLONG) if overlong is not None else None,
        limit=limit,
        ids=_ids(ids),
        usd_per_million_input=usd_in,
        usd_per_million_output=usd_out,
    )
    resources = RunResources(
        api_key=os.environ.get("OPENAI_API_KEY"),
        connections=connections,
        timeout_s=timeout_s,
        retries=retries,
        max_cost_usd=max_cost_usd,
        batch_size=batch_size,
        answers=answers,
        again=retry_failed,
    )
    check(settings, resources)
    folder = data_folder(data)
    if dry_run:
        _print_first(folder, settings)
        return
    with progress() as tell:
        report = ask(folder, out, settings, resources, tell, ready=_print_plan)
    _print_report(report, out)


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--body is no JSON: {error}. Give an object, such as '{{\"top_p\": 0.9}}'.") from error
    if not isinstance(found, dict) or found.keys() & {"messages", "model", "tools", "stream"}:
        raise ConfigError(
            "--body is to be a JSON object of further keys of the request; messages, model, tools and stream are not "
            "among them."
        )
    return found


def _ids(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        found = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The ids file {str(path)!r} cannot be read: {error}.") from error
    if not found:
        raise ConfigError(f"The ids file {str(path)!r} is empty. Expected is an instance_id a line.")
    return found


def _print_first(folder: Path, settings: RunSettings) -> None:
    rows = rows_of(folder, settings)
    (first,) = build_requests(rows[:1], settings.docs, settings.mode, Window(None, 0))
    for message in first.messages:
        stdout.rule(message["role"])
        stdout.print(message["content"], markup=False, highlight=False, soft_wrap=True)
    if first.tools:
        stdout.rule("functions")
        stdout.print(
            json.dumps(first.tools, indent=1, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True
        )
    stdout.rule()
    stdout.print(f"{len(rows):,} instances; nothing was asked.")


def _print_plan(requests: Sequence[ModelRequest], meter: Meter) -> None:
    tokens = [one.tokens for one in requests if one.fits]
    long, cut = len(requests) - len(tokens), sum(one.dropped_steps > 0 for one in requests)
    said = f"{len(requests):,} instances"
    if tokens:
        said += f"; prompts of about {sum(tokens) // len(tokens):,} tokens, at most {max(tokens):,}"
        worst = meter.config.cost_usd(sum(tokens), meter.config.max_output_tokens * len(tokens))
        said += f"; at most {worst:.2f} USD" if worst else ""
    said += f"; {long:,} do not fit and are not asked" if long else ""
    said += f"; {cut:,} without the oldest steps of their history" if cut else ""
    stdout.print(f"{said}.", soft_wrap=True, highlight=False)


def _print_report(report: RunSummary, out: Path) -> None:
    table = Table(title=f"Run file {out}", title_justify="left", box=box.SIMPLE)
    table.add_column("what")
    table.add_column("number", justify="right")
    table.add_row("instances", f"{report.asked:,}")
    if report.before:
        table.add_row("  in the file before", f"{report.before:,}", style="dim")
    for reason, number in sorted(report.errors.items()):
        table.add_row(f"  without a reply: {reason}", f"{number:,}")
    if report.meter is not None:
        for reason, number in sorted(report.meter.faults.items()):
            table.add_row(f"sent again: {reason}", f"{number:,}", style="dim")
        table.add_row("tokens in", f"{report.meter.input_tokens:,}")
        table.add_row("tokens out", f"{report.meter.output_tokens:,}")
        if report.meter.cost_usd:
            table.add_row("USD", f"{report.meter.cost_usd:.4f}")
    stdout.print(table)
