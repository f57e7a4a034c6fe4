"""Making of a pack: layouts and providers by a model, written to a folder that passes the check of packs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.config import BuildConfig
from builder.errors import BuildError
from builder.execution.staging import folder_written_aside
from builder.funnel import Funnel
from builder.llm.session import ModelSession
from builder.randomness import secret_key
from builder.world.listings import SUFFIX, Layout
from builder.world.pack_checks import check_pack, pack_summary
from builder.world.packs import LAYOUTS, LEAST_LAYOUTS, LEAST_PROVIDERS, SETTINGS, read_pack

from .layout_author import LayoutAuthor
from .pack_estimate import estimate_pack
from .pack_tasks import PACK_TASKS
from .provider_author import ProviderAuthor

MOST_LAYOUTS: Final = 100
MOST_PROVIDERS: Final = 400


@dataclass(frozen=True, slots=True)
class MadePack:
    """A pack that a model has written."""

    layouts: int
    """Number of layouts."""
    providers: int
    """Number of providers; 0 if it uses those of the repository."""
    summary: str
    """What the pack contains, as `pack_summary` returns it."""
    funnel: Funnel
    """Counts of what was written, refused and accepted."""


def make_pack(
    out: Path, session: ModelSession, config: BuildConfig, layouts: int, providers: int, funnel: Funnel
) -> MadePack:
    """Let a model write a pack, and write it to a new folder.

    Args:
        out: Folder to create.
        session: The model.
        config: Its settings, and the seed and the secret that tell packs apart.
        layouts: Number of layouts that are asked for.
        providers: Number of providers that are asked for; 0 to use those of the repository.
        funnel: Counts what is written, refused and accepted.

    Raises:
        BuildError: If too few layouts or providers are accepted, with the reasons. All answers are kept in the cache.
        BudgetError: If the next request could exceed the budget.
        LlmError: If the endpoint cannot be used.
        OutputError: If the folder exists or cannot be written.
    """
    variation = variation_of(config)
    session.expect(estimate_pack(layouts, providers, config.llm))
    written = LayoutAuthor(session, funnel, config.llm.attempts, variation).write(layouts)
    if len(written) < LEAST_LAYOUTS:
        raise BuildError(_too_few("layouts", len(written), LEAST_LAYOUTS, funnel.explained("layout_given_up")))
    named = ProviderAuthor(session.engine, funnel, variation).write(providers) if providers else []
    if providers and len(named) < LEAST_PROVIDERS:
        more = "Pass --providers 0 to use the providers of the repository."
        raise BuildError(_too_few("providers", len(named), LEAST_PROVIDERS, funnel.explained("provider_name"), more))
    with folder_written_aside(out) as folder:
        _write(folder, written, named, session, config)
        if problems := check_pack(folder):
            raise BuildError(f"The pack does not pass its check: {problems[0]} Run again with another --seed.")
    return MadePack(len(written), len(named), pack_summary(read_pack(out)), funnel)


def variation_of(config: BuildConfig) -> str:
    """Return a text that differs between seeds and secrets, and tells nothing of the secret."""
    key = secret_key(config.secret) if config.secret else b""
    return hashlib.sha256(b"pack" + config.seed.to_bytes(8, "big") + key).hexdigest()[:12]


def _too_few(things: str, found: int, least: int, reasons: Sequence[str], more: str = "") -> str:
    why = f" Refused: {'; '.join(reasons)}." if reasons else ""
    advice = "Use another model with --llm, another --seed, or more [llm] attempts."
    return f"{found} {things} were accepted, but a pack needs at least {least}.{why} {advice} {more}".rstrip()


def _write(
    folder: Path,
    layouts: Sequence[Layout],
    providers: Sequence[Mapping[str, str]],
    session: ModelSession,
    config: BuildConfig,
) -> None:
    (folder / LAYOUTS).mkdir()
    for layout in layouts:
        (folder / LAYOUTS / f"{layout.name}{SUFFIX}").write_text(layout.source, encoding="utf-8")
    if providers:
        (folder / SETTINGS).write_text("\n".join(map(_table, providers)), encoding="utf-8")
    (folder / "README.md").write_text(_read_me(session, config), encoding="utf-8")


def _table(provider: Mapping[str, str]) -> str:
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in provider.items())
    return f"[[provider]]\n{keys}"


def _read_me(session: ModelSession, config: BuildConfig) -> str:
    """Return how the pack was made: what does not depend on retries or on the cache."""
    rows = [
        f"| {task.name} | {task.version[:12]} | {session.meter.accepted[task.name]:,} |"
        for task in PACK_TASKS
        if session.meter.accepted[task.name]
    ]
    lines = (
        "# Listing pack",
        "",
        f"Written by the language model `{config.llm.model}` with `petoolbench make-pack`, variation",
        f"`{variation_of(config)}`. Keep this folder private until the test answers are published.",
        "",
        "| task | prompt | accepted replies |",
        "|---|---|---:|",
        *rows,
    )
    return "\n".join(lines) + "\n"
