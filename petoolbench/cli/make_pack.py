"""The command that lets a language model write a listing pack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from builder.config import load_config
from builder.errors import ConfigError, OutputError
from builder.funnel import Funnel
from builder.llm.endpoint_url import endpoint_address
from builder.llm.prices import prices_for
from builder.llm.session import BATCH, TRANSPORTS, Endpoint, check_model_name, open_model, price_of
from builder.pack_writing.pack_estimate import estimate_pack
from builder.pack_writing.pack_folder import MOST_LAYOUTS, MOST_PROVIDERS, MadePack, make_pack
from builder.pack_writing.pack_tasks import PACK_TASKS
from builder.world.packs import LEAST_LAYOUTS, LEAST_PROVIDERS

from .build import Cache, DryRun, LlmAddress, LlmApi, LlmTransport, MaxCost
from .console import print_text, stdout
from .model_progress import model_progress
from .printing import print_counters, print_estimate, print_meter

_LAYOUTS: Final = 10
_PROVIDERS: Final = 48


def make_listing_pack(
    out: Annotated[Path, typer.Argument(help="Folder to create.")],
    llm: Annotated[
        str, typer.Option("--llm", help="Language model that writes the layouts and names, and reads the listings.")
    ],
    layouts: Annotated[
        int,
        typer.Option("--layouts", min=LEAST_LAYOUTS, max=MOST_LAYOUTS, help="Number of layouts that are asked for."),
    ] = _LAYOUTS,
    providers: Annotated[
        int,
        typer.Option(
            "--providers",
            min=0,
            max=MOST_PROVIDERS,
            help=f"Number of providers, at least {LEAST_PROVIDERS}; or 0 for those of the built-in catalogue.",
        ),
    ] = _PROVIDERS,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Random seed. Another seed sends new requests and gives another pack.")
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config-file",
            help="TOML file with build settings; uses `seed`, `secret` and the section `llm`.",
        ),
    ] = None,
    base_url: LlmAddress = None,
    api: LlmApi = None,
    transport: LlmTransport = TRANSPORTS[0],
    max_cost_usd: MaxCost = None,
    cache: Cache = Path("llm-cache.sqlite"),
    dry_run: DryRun = False,
) -> None:
    """Let a language model write a listing pack: layouts in which providers state facts such as price and latency.

    Each layout imitates a different kind of document. A program checks that every number has its unit and that a
    listing has no other numbers. Then the model reads the facts from listings in each layout, without seeing the
    layout. If a fact was lost, changed or added, the layout is refused and the model is asked again with the reason, at
    most `llm.attempts` times. The model also invents names of providers.

    Rerun the same command to resume: all replies are cached.
    """
    settings = load_config(config_file, seed=seed, model=llm, api=api)
    check_model_name(llm, transport)
    if 0 < providers < LEAST_PROVIDERS:
        raise ConfigError(
            f"Invalid value {providers} for --providers. Allowed values: 0, or {LEAST_PROVIDERS} or more."
        )
    if dry_run:
        lines = estimate_pack(layouts, providers, settings.llm)
        prices = prices_for(settings.llm, endpoint_address(base_url))
        print_estimate(lines, prices, price_of(transport, settings.llm))
        return
    if out.exists():
        raise OutputError(f"{str(out)!r} exists already. Name another folder, or remove it first.")
    endpoint = Endpoint(endpoint_address(base_url), os.environ.get("OPENAI_API_KEY"), transport, cache, max_cost_usd)
    funnel = Funnel()
    with (
        model_progress(is_batch=transport == BATCH) as view,
        open_model(endpoint, settings, view.report) as session,
    ):
        view.watch(session.meter)
        try:
            made = make_pack(out, session, settings, layouts, providers, funnel)
        finally:
            print_counters(funnel.counts, funnel.drops)
            print_meter(session.meter, [task.name for task in PACK_TASKS])
    _print_made(made, out, layouts)


def _print_made(made: MadePack, out: Path, asked: int) -> None:
    if made.layouts < asked:
        stdout.print(f"{made.layouts} of {asked} layouts were accepted. Refused in the end:", soft_wrap=True)
        for reason in made.funnel.explained("layout_given_up"):
            print_text(f"- {reason}")
    print_text(f"Pack: {out}\n{made.summary}")
    print_text(
        f"Read its listings: petoolbench check-pack {out}\n"
        f'Use it: petoolbench build --config-file FILE, with [listings] pack = "{out}" in the file. Keep it private.'
    )
