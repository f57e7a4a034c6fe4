"""The command line: the one place that prints."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from hf_dataset.layout import SPLITS
from hf_dataset.reader import ReadError, read_answers, read_instances, read_manifest
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.aggregation import MODES as SCORERS
from metrics.petoolbench.aggregation import Scores
from metrics.petoolbench.errors import MetricError

from . import pipeline
from .audit.page import figures, write_report
from .audit.run import ConfigAudit, audit
from .audit.wording import ORIGINAL, TextQuality, asked_in_original, text_quality
from .catalogue.sources import ALLOWED as CATALOGS
from .catalogue.sources import BuiltinSource, Source, open_source
from .config import PRESETS, BuildConfig, load_config
from .embedding import SentenceEncoder
from .errors import AuditError, BuilderError, ConfigError
from .funnel import Funnel
from .llm.estimate import estimate
from .llm.local import MODEL as LOCAL_MODEL
from .llm.local import serve
from .llm.meter import Meter
from .llm.tasks import TASKS
from .llm.use import MODES, PROVIDERS, Endpoint, check_llm, open_model
from .output import check_free
from .predictions import read_predictions, score, write_predictions
from .predictors.registry import ALLOWED as MODELS
from .predictors.registry import open_predictor
from .progress import Progress as TellProgress
from .render import render

app = typer.Typer(
    help="Build, show, predict and score PEToolBench, the benchmark of personalised tool use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
REAL_DATA = "PETOOLBENCH_REAL_DATA"
"""Environment variable that names a folder of real data; with it, an audit prints the earlier benchmark's figures."""
DEMO = BuildConfig(seed=1, users=PRESETS["demo"])
_out = Console()
_err = Console(stderr=True)

Config = Annotated[str, typer.Option("--config", help=f"One of {', '.join(HISTORY_TYPES)}.")]
Split = Annotated[str, typer.Option("--split", help=f"One of {', '.join(SPLITS)}.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of predictors that draw.")]


@app.command()
def build(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make; the answers go to OUT-private beside it.")],
    catalog: Annotated[str, typer.Option("--catalog", help=f"Where the tools come from: {CATALOGS}.")] = "builtin",
    preset: Annotated[str | None, typer.Option("--preset", help=f"Size: {', '.join(PRESETS)}.")] = None,
    users: Annotated[int | None, typer.Option("--users", help="Users over all splits.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Same catalogue, config and seed: same bytes.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="TOML file; options given here go before it.")] = None,
    similarity: Annotated[
        str | None, typer.Option("--similarity", help="What makes tools similar: structured (default) or embedding.")
    ] = None,
    audited: Annotated[bool, typer.Option("--audit/--no-audit", help="Refuse a data set that fails its audit.")] = True,
    llm: Annotated[
        str | None, typer.Option("--llm", help=f"Who understands the tools: {', '.join(PROVIDERS)}.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="OpenAI-compatible endpoint, ending in /v1.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Name of the model at the endpoint.")] = None,
    llm_mode: Annotated[str, typer.Option("--llm-mode", help=f"How it is asked: {', '.join(MODES)}.")] = MODES[0],
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Stop before more is spent.")] = None,
    cache: Annotated[Path, typer.Option("--cache", help="File of all answers, to go on from and to share.")] = Path(
        "llm-cache.sqlite"
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what asking would take, and ask nothing.")] = False,
) -> None:
    """Build the benchmark from a catalogue of tools."""
    settings = load_config(config, preset=preset, users=users, seed=seed, similarity=similarity, model=model)
    check_free(out)
    source = open_source(catalog)
    asked = {"base_url": base_url, "model": model, "max_cost_usd": max_cost_usd, "dry_run": dry_run or None}
    check_llm(llm, llm_mode, source, [name for name, value in asked.items() if value is not None])
    if dry_run:
        _print_estimate(source, settings)
        return
    endpoint = Endpoint(base_url, os.environ.get("OPENAI_API_KEY"), llm_mode, cache, max_cost_usd)
    with _progress() as tell, open_model(endpoint, settings, tell) if llm else nullcontext() as used:
        try:
            report = pipeline.build(source, settings, out, tell, audited=audited, model=used)
        finally:
            if used:
                _print_meter(used.meter)
    _print_funnel(report)
    _out.print(f"\nData set: {out}\nAnswers of the test split, to be kept private: {out}-private", soft_wrap=True)
    done = report.manifest["audit"]
    said = f"{done['gates']} gates and {done['checks']} checks hold ({out / 'AUDIT.md'})" if done else "not run"
    _out.print(f"Audit: {said}.", soft_wrap=True)
    if not settings.secret:
        _out.print("Built without a secret: who has the catalogue can make these answers again.", soft_wrap=True)


@app.command()
def show(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    config: Config = HISTORY_TYPES[0],
    split: Split = "validation",
    count: Annotated[int, typer.Option("-n", min=1, help="How many instances.")] = 1,
) -> None:
    """Show instances as a person would read them."""
    for instance in read_instances(data, config, split)[:count]:
        _print_instance(instance)


@app.command()
def predict(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Predictions file to write.")],
    config: Config = HISTORY_TYPES[0],
    split: Split = "validation",
    model: Annotated[str, typer.Option("--model", help=f"One of {', '.join(MODELS)}.")] = MODELS[0],
    seed: Seed = 0,
) -> None:
    """Write a model's predictions for one split of one config."""
    instances = read_instances(data, config, split)
    predictor = open_predictor(model, data, config, split, seed)
    number = write_predictions(out, ((item.instance_id, predictor.predict(item)) for item in instances))
    _out.print(f"{number} predictions in {out}", soft_wrap=True)


@app.command("score")
def score_file(
    predictions: Annotated[Path, typer.Argument(help="Predictions file, one JSON object a line.")],
    data: Annotated[Path, typer.Option("--data", help="Folder of the data set.")],
    config: Config = HISTORY_TYPES[0],
    split: Split = "validation",
    answers: Annotated[Path | None, typer.Option("--answers", help="Answers folder, for the test split.")] = None,
    scorer: Annotated[str, typer.Option("--scorer", help=f"Rule: {', '.join(SCORERS)}.")] = SCORERS[0],
) -> None:
    """Score a predictions file."""
    if scorer not in SCORERS:
        raise ConfigError(f"There is no scorer {scorer!r}. Allowed are {', '.join(SCORERS)}.")
    instances = read_instances(data, config, split)
    keys = read_answers(answers, config) if answers else []
    scores = score(read_predictions(predictions), instances, keys, SCORERS[SCORERS.index(scorer)])
    _print_scores([(predictions.name, config, scores)])
    _print_classes(scores)


@app.command("audit")
def audit_folder(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    answers: Annotated[Path | None, typer.Option("--answers", help="Answers folder; adds the test split.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for audit.json, AUDIT.md and plots.")] = None,
) -> None:
    """Show whether the histories, and nothing else, give the answers; exit 1 where a gate fails."""
    encoder = SentenceEncoder()
    with _progress() as tell:
        found = audit(data, answers, read_manifest(data), encoder, tell)
    for item in found.configs:
        _print_audit(item)
    qualities = {"this data set": found.instructions}
    if real_data := os.environ.get(REAL_DATA):
        original = asked_in_original(Path(real_data) / ORIGINAL)
        qualities[f"the earlier benchmark, {len(original)} rows"] = text_quality(original, encoder)
    _print_wording(qualities)
    if out is not None:
        write_report(found, out)
        _out.print(f"Report in {out}", soft_wrap=True)
    if found.failed:
        raise AuditError(f"{len(found.failed)} gates do not hold: {'; '.join(found.failed)}.")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")] = Path("out/demo"),
) -> None:
    """Build from the built-in marketplace, show an instance of each config, and compare oracle and random."""
    check_free(out)
    with _progress() as tell:
        _print_funnel(pipeline.build(open_source("builtin"), DEMO, out, tell))
    scored = []
    for config in HISTORY_TYPES:
        instances = read_instances(out, config, "validation")
        _print_instance(instances[0])
        for model in MODELS:
            predictor = open_predictor(model, out, config, "validation", DEMO.seed)
            replies = {instance.instance_id: predictor.predict(instance) for instance in instances}
            scored.append((model, config, score(replies, instances)))
    _print_scores(scored)


@app.command("serve-local")
def serve_local(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 for any that is free.")] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    context: Annotated[
        int | None, typer.Option("--context", min=256, help="Tokens of a request and its reply together.")
    ] = None,
) -> None:
    """Run a small language model on this machine behind an OpenAI-compatible endpoint, to try --llm without a key."""

    def ready(base_url: str) -> None:
        _out.print(
            f"{LOCAL_MODEL} answers at {base_url} until you press Ctrl-C. Its replies are poor. In another shell:"
        )
        _out.print(
            f"petoolbench build --catalog ... --llm openai --base-url {base_url} --model {LOCAL_MODEL} -o OUT",
            soft_wrap=True,
        )

    serve(host, port, context, ready)


def main() -> None:
    """Run the command line; what a user can mend is one sentence, not a traceback."""
    # Some library sets up logging as it is imported, and then every request would be a line.
    logging.basicConfig(level=logging.WARNING)
    try:
        app()
    except (BuilderError, ReadError, MetricError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    _err.print(f"error: {message}", style="red", markup=False, soft_wrap=True, highlight=False)
    sys.exit(1)


@contextmanager
def _progress() -> Iterator[TellProgress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None)
            bar.update(tasks[stage], completed=done)

        yield tell


def _print_instance(instance: Instance) -> None:
    _out.rule()
    _out.print(render(instance), markup=False, highlight=False, soft_wrap=True)


def _print_funnel(report: pipeline.Report) -> None:
    manifest = report.manifest
    table = Table("what", "number", title="Funnel", title_justify="left")
    for name, number in manifest["counts"].items():
        table.add_row(name.replace("_", " "), f"{number:,}")
    for kind, reasons in manifest["drops"].items():
        for reason, number in reasons.items():
            table.add_row(f"{kind.replace('_', ' ')} dropped: {reason.replace('_', ' ')}", f"{number:,}", style="dim")
    _out.print(table)
    groups = Table("category", "groups", "tools", title="Groups kept", title_justify="left")
    for category in sorted({group.category for group in report.groups}):
        own = [group for group in report.groups if group.category == category]
        groups.add_row(category.replace("_", " "), str(len(own)), str(sum(len(group.members) for group in own)))
    _out.print(groups)
    rows = Table("config", *SPLITS, title="Rows", title_justify="left")
    for name, splits in manifest["rows"].items():
        rows.add_row(name, *(f"{splits[split]:,}" for split in SPLITS))
    _out.print(rows)


def _print_estimate(source: Source, settings: BuildConfig) -> None:
    assert not isinstance(source, BuiltinSource)  # refused by check_llm
    with _progress() as tell:
        tools = pipeline.read_tools(source, Funnel(), tell)
        lines = estimate(tools, settings, SentenceEncoder())
    table = Table(title="Estimate, before anything is asked", title_justify="left", box=box.SIMPLE)
    for name in ("task", "requests", "tokens in", "tokens out", "USD"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for line in lines:
        cost = settings.llm.cost_usd(line.input_tokens, line.output_tokens)
        number = f"{line.requests:,}" if line.exact else f"up to {line.requests:,}"
        table.add_row(line.task, number, f"{line.input_tokens:,}", f"{line.output_tokens:,}", f"{cost:.2f}")
    total = settings.llm.cost_usd(sum(line.input_tokens for line in lines), sum(line.output_tokens for line in lines))
    table.add_row("all", f"{sum(line.requests for line in lines):,}", "", "", f"{total:.2f}")
    _out.print(table)
    _out.print(f"Model {settings.llm.model}. Replies that are of no use cost more; answers in the cache cost nothing.")


def _print_meter(meter: Meter) -> None:
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
    _out.print(table)
    _out.print(
        f"{meter.input_tokens:,} tokens in, {meter.output_tokens:,} out, {meter.cost_usd:.4f} USD", highlight=False
    )


def _print_audit(item: ConfigAudit) -> None:
    table = Table(title=f"Audit of {item.config}, %", title_justify="left", box=box.SIMPLE)
    table.add_column("gate")
    for name in ("accuracy", "bound", "margin", "holds"):
        table.add_column(name, justify="right", no_wrap=True)
    for gate, holds in [
        *((gate, "yes" if gate.passed else "NO") for gate in item.gates),
        *((gate, "-") for gate in item.reported),
    ]:
        table.add_row(gate.name, *(f"{100 * number:.1f}" for number in (gate.accuracy, gate.bound, gate.margin)), holds)
    for check in item.checks:
        holds = "-" if not check.required else "yes" if check.passed else "NO"
        table.add_row(check.name, f"{check.violations:,}", "0", "", holds)
    _out.print(table)


def _print_wording(qualities: Mapping[str, TextQuality]) -> None:
    table = Table("instructions", title="Text of the instructions", title_justify="left", box=box.SIMPLE)
    for name in qualities:
        table.add_column(name, justify="right")
    columns = [figures(quality) for quality in qualities.values()]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    _out.print(table)


def _print_classes(scores: Scores) -> None:
    table = Table(title="Every reply in one class, % of rows", title_justify="left", box=box.SIMPLE)
    table.add_column("class", no_wrap=True)
    table.add_column("share", justify="right")
    for name, share in scores["error_classes"].items():
        table.add_row(name.replace("_", " "), f"{100 * share:.1f}")
    _out.print(table)
    low, high = scores["intervals"]["tool_accuracy"]
    _out.print(
        f"Tool accuracy {100 * scores['tool_accuracy']:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f} "
        f"(bootstrap over {scores['query_groups']} query groups)",
        highlight=False,
    )


def _print_scores(scored: list[tuple[str, str, Scores]]) -> None:
    table = Table(title="Accuracy, % of rows", title_justify="left", box=box.SIMPLE)
    for name in ("model", "config"):
        table.add_column(name, no_wrap=True)
    shown: dict[str, Callable[[Scores], float]] = {
        "tool": lambda scores: scores["tool_accuracy"],
        "params": lambda scores: scores["parameter_accuracy"],
        "call": lambda scores: scores["call_accuracy"],
        "format": lambda scores: scores["format_rate"],
    }
    for name in (*shown, "rows"):
        table.add_column(name, justify="right")
    for name, config, scores in scored:
        table.add_row(name, config, *(f"{100 * read(scores):.1f}" for read in shown.values()), f"{scores['count']:,}")
    _out.print(table)
