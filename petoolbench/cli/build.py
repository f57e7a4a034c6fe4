"""The command that builds."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from builder import pipeline
from builder.catalogue.sources import ALLOWED as CATALOGS
from builder.catalogue.sources import BuiltinSource, Source, open_source
from builder.config import PRESETS, BuildConfig, load_config
from builder.embedding import SentenceEncoder
from builder.execution.executors import EXECUTORS, Executor
from builder.execution.staging import check_free, private_folder
from builder.funnel import Funnel
from builder.llm.endpoint_url import endpoint_address
from builder.llm.estimate import Estimate, estimate
from builder.llm.session import PROVIDERS, TRANSPORTS, Endpoint, check_llm, open_model, price_of
from hf_dataset.layout import AUDIT_PAGE

from .console import progress, stdout
from .printing import print_estimate, print_funnel, print_meter


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
    transport: Annotated[
        str, typer.Option("--llm-mode", help=f"How it is asked: {', '.join(TRANSPORTS)}.")
    ] = TRANSPORTS[0],
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Stop before more is spent.")] = None,
    cache: Annotated[Path, typer.Option("--cache", help="File of all answers, to go on from and to share.")] = Path(
        "llm-cache.sqlite"
    ),
    engine: Annotated[str, typer.Option("--engine", help=f"Who makes the users: {', '.join(EXECUTORS)}.")] = EXECUTORS[
        0
    ],
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="How many make users at once; the files do not depend on it.")
    ] = 1,
    ray_address: Annotated[
        str | None, typer.Option("--ray-address", help="HOST:PORT of a Ray cluster; without it one is started here.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what asking would take, and ask nothing.")] = False,
) -> None:
    """Build the benchmark from a catalogue of tools."""
    settings = load_config(config, preset=preset, users=users, seed=seed, similarity=similarity, model=model)
    executor = Executor(engine, workers, ray_address)
    check_free(out)
    source = open_source(catalog)
    asked = {"base_url": base_url, "model": model, "max_cost_usd": max_cost_usd, "dry_run": dry_run or None}
    check_llm(llm, transport, source, [name for name, value in asked.items() if value is not None])
    if dry_run:
        print_estimate(_estimated(source, settings), settings.llm, price_of(transport, settings.llm))
        return
    endpoint = Endpoint(endpoint_address(base_url), os.environ.get("OPENAI_API_KEY"), transport, cache, max_cost_usd)
    with progress() as tell, open_model(endpoint, settings, tell) if llm else nullcontext() as used:
        try:
            report = pipeline.build(source, settings, out, tell, audited=audited, model=used, executor=executor)
        finally:
            if used:
                print_meter(used.meter)
    print_funnel(report)
    stdout.print(
        f"\nData set: {out}\nAnswers of the test split, to be kept private: {private_folder(out)}", soft_wrap=True
    )
    done = report.manifest.audit
    audit = f"{done.gates} gates and {done.checks} checks hold ({out / AUDIT_PAGE})" if done else "not run"
    if done and done.gates_on_rows is not None:
        audit += f"; the gates were evaluated on a sample of {done.gates_on_rows:,} rows of each config"
    stdout.print(f"Audit: {audit}.", soft_wrap=True)
    if not settings.secret:
        stdout.print("Built without a secret: who has the catalogue can make these answers again.", soft_wrap=True)


def _estimated(source: Source, settings: BuildConfig) -> list[Estimate]:
    """What asking about a catalogue would take."""
    assert not isinstance(source, BuiltinSource)  # refused by check_llm
    with progress() as tell:
        tools = pipeline.read_tools(source, Funnel(), tell)
        return estimate(tools, settings, SentenceEncoder())
