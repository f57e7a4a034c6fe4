"""The model of a build: from the command line's options to an engine, and what the manifest says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from builder.catalogue.sources import BuiltinSource, Source
from builder.choices import validate_choice
from builder.config import BuildConfig, LlmConfig
from builder.errors import ConfigError
from builder.progress import Progress

from .answer_cache import AnswerCache
from .batch import BatchEngine
from .builder_tasks import TASKS
from .engine import Engine, Settings
from .meter import Meter
from .online import OnlineEngine

PROVIDERS: Final = ("openai",)
TRANSPORTS: Final = ("online", "batch")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked, and how."""

    base_url: str | None
    """None for the client library's own."""
    api_key: str | None = field(repr=False)
    transport: str
    """One of `TRANSPORTS`."""
    cache: Path
    """SQLite file of all answers."""
    max_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class ModelSession:
    """An engine with its meter."""

    engine: Engine
    meter: Meter

    def as_dict(self) -> dict[str, Any]:
        """Model, prompts and the tokens of what was of use: the same however often a request had to be repeated."""
        return {
            "model": self.meter.config.model,
            "prompts": {task.name: task.version for task in TASKS},
            "accepted": dict(sorted(self.meter.accepted.items())),
            "accepted_tokens": dict(sorted(self.meter.accepted_tokens.items())),
        }


def check_llm(llm: str | None, transport: str, source: Source, others: Sequence[str]) -> None:
    """Refuse options that do not go together.

    Args:
        llm: Who is asked; None for nobody.
        transport: How.
        source: The catalogue.
        others: Names of further options about a model that were given.

    Raises:
        ConfigError: If they do not.
    """
    if llm is None:
        if others:
            named = ", ".join(f"--{name.replace('_', '-')}" for name in others)
            raise ConfigError(f"{named} are about a language model, and none is asked. Add --llm openai.")
        return
    validate_choice("--llm", llm, PROVIDERS)
    validate_choice("--llm-mode", transport, TRANSPORTS)
    if isinstance(source, BuiltinSource):
        raise ConfigError("The built-in marketplace is understood already. Name another catalogue, or leave --llm out.")


def price_of(transport: str, config: LlmConfig) -> float:
    """What a request costs in a transport, as a share of the config's prices."""
    return config.batch_price if transport == "batch" else 1.0


def key_for(base_url: str | None, api_key: str | None) -> str:
    """The key that an endpoint is asked with.

    Args:
        base_url: The endpoint; None for the client library's own, which needs a key.
        api_key: The key, where there is one.

    Raises:
        ConfigError: If there is none and one is needed.
    """
    if api_key is None and base_url is None:
        raise ConfigError("There is no key: set OPENAI_API_KEY, or name an endpoint that needs none by --base-url.")
    return api_key or "none"


@contextmanager
def open_model(endpoint: Endpoint, config: BuildConfig, progress: Progress) -> Iterator[ModelSession]:
    """Open cache and engine for a build.

    Args:
        endpoint: Where and how.
        config: The build's config.
        progress: Told how far the asking is.

    Raises:
        ConfigError: If there is no key for an endpoint that needs one.
        LlmError: If the cache cannot be used.
        MissingExtraError: If the client library is missing.
    """
    key = key_for(endpoint.base_url, endpoint.api_key)
    with closing(AnswerCache(endpoint.cache)) as cache:
        meter = Meter(config.llm, endpoint.max_cost_usd, price_of(endpoint.transport, config.llm))
        settings = Settings(endpoint.base_url, key, config.llm, cache, meter, progress)
        if endpoint.transport == "batch":
            with closing(BatchEngine(settings)) as batches:
                yield ModelSession(batches, meter)
        else:
            yield ModelSession(OnlineEngine(settings), meter)
