"""The command that builds a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from builder import pipeline
from builder.catalogue.sources import ANONYMOUS, SERVICES, ReadySource, Source, notices_of
from builder.catalogue.sources import CATALOGUE_FORMS as CATALOGS
from builder.config import BuildConfig, UserConfig, load_config
from builder.embedding import SentenceEncoder
from builder.errors import BuildError, ConfigError
from builder.execution.executors import EXECUTORS, Executor
from builder.execution.staging import check_free, private_folder
from builder.funnel import Funnel
from builder.grouping.own_jobs import OwnJobs
from builder.llm.endpoint_url import endpoint_address
from builder.llm.estimate import Estimate, estimate
from builder.llm.prices import prices_for
from builder.llm.session import BATCH, TRANSPORTS, Endpoint, ModelSession, check_llm, open_model, price_of
from builder.pipeline import BuildResult
from builder.preparation import read_tools
from builder.presets import PRESETS
from builder.progress import Progress as ProgressCallback
from hf_dataset.layout import AUDIT_PAGE
from hf_dataset.manifest import Page
from petoolbench.building import Catalogue, page_of
from petoolbench.run_settings import choices

from .console import progress, stdout
from .model_progress import model_progress
from .printing import print_counters, print_estimate, print_funnel, print_meter, print_notices, print_warnings

DEFAULT_USERS: Final = UserConfig().count


Catalog = Annotated[
    str,
    typer.Option(
        "--catalog",
        help=f"Catalogue of tools: {CATALOGS}. The catalogue services needs the extra of the same name. openai:PATH is "
        "for OpenAI function definitions.",
    ),
]
ProviderFrom = Annotated[
    str | None,
    typer.Option(
        "--provider-from",
        help="Where to find the provider of a tool: name (the part of the tool's name before the most frequent "
        "separator, as in acme_forecast or acme.forecast), server (the name of the MCP server), file (the name of the "
        "file), or a field of the tools, such as x-provider. The default depends on the format of the catalogue.",
    ),
]
FactsFile = Annotated[
    Path | None,
    typer.Option(
        "--facts",
        help='File with facts that the descriptions of the tools do not state, one line per tool: {"tool": '
        '"acme_forecast", '
        '"latency": 50, "region": "EU"}. null removes a fact that was read wrongly. petoolbench groups --facts-out '
        "writes such a file with everything that was understood.",
    ),
]
Functionalities = Annotated[
    Path | None,
    typer.Option(
        "--functionalities",
        help="TOML file with further jobs that tools can do, such as a weather forecast, in the format of the files in "
        "builder/grouping/lexicon/functionalities.",
    ),
]
GroupsFile = Annotated[
    Path | None,
    typer.Option(
        "--groups",
        help="TOML file with groups of tools that do the same job: the file that `petoolbench groups` wrote, as "
        "you edited it.",
    ),
]
Licence = Annotated[
    str | None,
    typer.Option(
        "--licence",
        "--license",
        help="Licence of the data set for its card, such as cc-by-4.0; required to push a data set from a catalogue of "
        "your own.",
    ),
]
Title = Annotated[str | None, typer.Option("--title", help="Title of the data set for its card.")]
Repository = Annotated[
    str | None, typer.Option("--repository", help="Repository on the Hugging Face Hub for the card, ORG/NAME.")
]
Anonymous = Annotated[
    bool, typer.Option("--anonymous", help="Replace the names of the providers of real services by fictional ones.")
]
_PRESET_HELP: Final = "Named group of settings, including the number of users. One of"
Similarity = Annotated[
    str | None,
    typer.Option(
        "--similarity",
        help="Which tools a history contains. structured (the default): tools with attributes, such as fast or free, "
        "that the correct tool has too. embedding: tools whose descriptions are similar to that of the correct tool. "
        "With the built-in catalogue, --similarity is refused.",
    ),
]
LlmName = Annotated[
    str | None,
    typer.Option(
        "--llm",
        help="Language model that annotates and groups the tools and writes the instructions. By default, no model is "
        "used: each tool is matched to one of the built-in jobs, such as a weather forecast, and instructions are "
        "written from the templates of that job.",
    ),
]
LlmAddress = Annotated[
    str | None,
    typer.Option("--base-url", help="OpenAI-compatible endpoint of --llm, ending in /v1; by default, that of OpenAI."),
]
LlmApi = Annotated[
    str | None,
    typer.Option(
        "--api",
        help="Interface of the endpoint: chat (chat completions), responses (the Responses API), or auto "
        "(the default), which uses chat and changes to responses if the endpoint answers that it offers only that.",
    ),
]
LlmTransport = Annotated[
    str, typer.Option("--llm-transport", help=choices("How to send requests to --llm", TRANSPORTS))
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost-usd", min=0, help="Stop before the cost exceeds this amount in USD.")
]
Cache = Annotated[
    Path, typer.Option("--cache", help="File that caches the replies of --llm; several builds can share it.")
]
EngineName = Annotated[str, typer.Option("--engine", help=choices("Where to run the build", EXECUTORS))]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Number of concurrent workers; does not change the output.")
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="HOST:PORT of a Ray cluster; by default, a local cluster is started."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Estimate the number of requests to --llm without sending any.")
]


def build(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder to create; the test answers are written to OUT-private next to it."),
    ],
    catalog: Catalog = "builtin",
    provider_from: ProviderFrom = None,
    facts: FactsFile = None,
    functionalities: Functionalities = None,
    groups: GroupsFile = None,
    anonymous: Anonymous = False,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help=f"{choices(_PRESET_HELP, tuple(PRESETS))} Without a preset, {DEFAULT_USERS} users.",
        ),
    ] = None,
    users: Annotated[int | None, typer.Option("--users", help="Total number of users in all splits.")] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Random seed; the same catalogue, settings and seed produce identical files."),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config-file", help="TOML file with build settings; command-line options take precedence."),
    ] = None,
    licence: Licence = None,
    title: Title = None,
    repository: Repository = None,
    similarity: Similarity = None,
    audited: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Audit the data set and fail if it does not pass.")
    ] = True,
    llm: LlmName = None,
    base_url: LlmAddress = None,
    api: LlmApi = None,
    transport: LlmTransport = TRANSPORTS[0],
    max_cost_usd: MaxCost = None,
    cache: Cache = Path("llm-cache.sqlite"),
    engine: EngineName = EXECUTORS[0],
    workers: Workers = 1,
    ray_address: RayAddress = None,
    dry_run: DryRun = False,
) -> None:
    """Build a data set from a catalogue of tools."""
    settings = load_config(
        config_file, preset=preset, users=users, seed=seed, similarity=similarity, model=llm, api=api
    )
    page = page_of(source_kind=catalog, title=title, licence=licence, repository=repository)
    executor = Executor(engine, workers, ray_address)
    check_free(out)
    source, own = Catalogue(_named(catalog, anonymous=anonymous), provider_from, facts, functionalities, groups).open()
    given = {"base_url": base_url, "api": api, "max_cost_usd": max_cost_usd, "dry_run": dry_run or None}
    check_llm(llm, transport, source, [name for name, value in given.items() if value is not None])
    if dry_run:
        prices = prices_for(settings.llm, endpoint_address(base_url))
        print_estimate(_estimated(source, settings), prices, price_of(transport, settings.llm))
        return
    endpoint = Endpoint(endpoint_address(base_url), os.environ.get("OPENAI_API_KEY"), transport, cache, max_cost_usd)
    _print_result(_built(source, settings, out, audited, executor, endpoint if llm else None, own, page), out, settings)


def _named(catalog: str, *, anonymous: bool) -> str:
    """Return the value of `--catalog` with that of `--anonymous`.

    Raises:
        ConfigError: If the providers of the catalogue cannot be anonymous.
    """
    if not anonymous:
        return catalog
    if catalog not in (SERVICES, ANONYMOUS):
        raise ConfigError(f"--anonymous has no effect on the catalogue {catalog!r}. Use it with --catalog {SERVICES}.")
    return ANONYMOUS


def _built(
    source: Source,
    settings: BuildConfig,
    out: Path,
    audited: bool,
    executor: Executor,
    endpoint: Endpoint | None,
    own: OwnJobs,
    page: Page | None,
) -> BuildResult:
    """Build with progress bars; print what was skipped and the requests to the model even if the build fails."""
    with _progress(endpoint, settings) as (report, session):
        try:
            return pipeline.build(
                source, settings, out, report, audited=audited, model=session, executor=executor, own=own, page=page
            )
        except BuildError as error:
            if error.funnel:
                print_counters(error.funnel["counts"], error.funnel["drops"])
            raise
        finally:
            print_notices(notices_of(source))
            if session:
                print_meter(session.meter)


@contextmanager
def _progress(
    endpoint: Endpoint | None, settings: BuildConfig
) -> Iterator[tuple[ProgressCallback, ModelSession | None]]:
    """Yield the progress callback of a build, and the session of its model if there is one."""
    if endpoint is None:
        with progress() as report:
            yield report, None
        return
    with (
        model_progress(is_batch=endpoint.transport == BATCH) as view,
        open_model(endpoint, settings, view.report, forecast=True) as session,
    ):
        view.watch(session.meter)
        yield view.report, session


def _print_result(result: BuildResult, out: Path, settings: BuildConfig) -> None:
    print_funnel(result)
    stdout.print(f"\nData set: {out}\nPrivate answers of the test split: {private_folder(out)}", soft_wrap=True)
    summary = result.manifest.audit
    audit = f"{summary.gates} gates and {summary.checks} checks hold ({out / AUDIT_PAGE})" if summary else "not run"
    if summary and summary.gates_on_rows is not None:
        audit += f"; the gates were evaluated on a sample of {summary.gates_on_rows:,} rows of each config"
    stdout.print(f"Audit: {audit}.", soft_wrap=True)
    if not settings.secret:
        stdout.print(
            "Built without a secret: anyone with the same catalogue and config can reproduce the test answers.",
            soft_wrap=True,
        )
    print_warnings(result.warnings)


def _estimated(source: Source, settings: BuildConfig) -> list[Estimate]:
    """Estimate the requests of a build."""
    assert not isinstance(source, ReadySource)  # refused by check_llm
    with progress() as report:
        tools = read_tools(source, Funnel(), report, compared=False)
        print_notices(notices_of(source))
        return estimate(tools, settings, SentenceEncoder())
