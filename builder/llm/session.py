"""Model session of a build: command-line options, engine and manifest entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from builder.catalogue.sources import ReadySource, Source
from builder.choices import validate_choice
from builder.config import BuildConfig
from builder.errors import ConfigError
from builder.llm_config import LlmConfig
from builder.progress import Progress

from .answer_cache import AnswerCache
from .batch import BatchEngine
from .builder_tasks import TASKS
from .endpoint_errors import PLACEHOLDER_KEY
from .engine import Engine, Settings
from .estimate import Estimate
from .meter import Meter
from .online import OnlineEngine
from .prices import prices_for

BATCH: Final = "batch"
TRANSPORTS: Final = ("online", BATCH)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Endpoint of a model, with the transport, the cache and the budget."""

    base_url: str | None
    """None for the client library's default."""
    api_key: str | None = field(repr=False)
    transport: str
    """One of `TRANSPORTS`."""
    cache: Path
    """SQLite file of the answer cache."""
    max_cost_usd: float | None
    """Budget in dollars; None for no limit."""


@dataclass(frozen=True, slots=True)
class ModelSession:
    """Open engine with its meter."""

    engine: Engine
    meter: Meter
    forecast: bool = False
    """True if the build should estimate its requests before the first one, for the display of its progress."""

    def expect(self, lines: Iterable[Estimate]) -> None:
        """Note the estimated requests in the meter."""
        for line in lines:
            self.meter.expect(line.task, line.requests, line.input_tokens, line.output_tokens)

    def as_dict(self) -> dict[str, Any]:
        """Return the manifest entry: model, prompt versions, and accepted replies with their tokens.

        The entry does not depend on retries or on the cache.
        """
        return {
            "model": self.meter.config.model,
            "prompts": {task.name: task.version for task in TASKS},
            "accepted": dict(sorted(self.meter.accepted.items())),
            "accepted_tokens": dict(sorted(self.meter.accepted_tokens.items())),
        }


def check_llm(llm: str | None, transport: str, source: Source, others: Sequence[str]) -> None:
    """Check the combination of command-line options about a language model.

    Args:
        llm: Value of `--llm`, the name of a model; None to build without a model.
        transport: Value of `--llm-transport`, one of `TRANSPORTS`.
        source: The catalogue.
        others: Names of the other model options that the user passed.

    Raises:
        ConfigError: If a value is unknown, or the options cannot be combined.
    """
    if llm is None:
        if others:
            named = ", ".join(f"--{name.replace('_', '-')}" for name in others)
            raise ConfigError(f"{named} can be used only with a language model. Add --llm MODEL.")
        return
    check_model_name(llm, transport)
    if isinstance(source, ReadySource):
        raise ConfigError("Catalogues of services need no language model. Pass another catalogue, or remove --llm.")


def check_model_name(llm: str, transport: str) -> None:
    """Check the name of a model and the transport of its requests. The arguments are those of `check_llm`.

    Raises:
        ConfigError: If the name is empty, or the transport is unknown.
    """
    if not llm.strip():
        raise ConfigError("--llm is empty. Name a model of the endpoint.")
    validate_choice("--llm-transport", transport, TRANSPORTS)


def price_of(transport: str, config: LlmConfig) -> float:
    """Return the price of a request in a transport, as a share of the config's prices (1 for the full price)."""
    return config.batch_price if transport == BATCH else 1.0


def key_for(base_url: str | None, api_key: str | None) -> str:
    """Return the API key to send to an endpoint.

    Args:
        base_url: Base URL of the endpoint; None for the client library's default, which needs a key.
        api_key: The user's key, or None.

    Returns:
        The key without surrounding spaces and line breaks, or a placeholder if there is none and the endpoint may not
        need one.

    Raises:
        ConfigError: If the key is missing and the endpoint needs one, or cannot be sent in a header.
    """
    key = (api_key or "").strip()
    if not key and base_url is None:
        raise ConfigError("No API key: set OPENAI_API_KEY, or pass the --base-url of an endpoint that needs none.")
    if not key.isascii() or not key.isprintable():
        raise ConfigError(
            "The API key contains a character that HTTP headers do not allow: only printable ASCII characters are. "
            "Copy the key again and set OPENAI_API_KEY."
        )
    return key or PLACEHOLDER_KEY


@contextmanager
def open_model(
    endpoint: Endpoint, config: BuildConfig, progress: Progress, *, forecast: bool = False
) -> Iterator[ModelSession]:
    """Open the answer cache and the engine for a build.

    Args:
        endpoint: Endpoint, transport, cache and budget.
        config: The build's config.
        progress: Progress callback.
        forecast: True to estimate the requests before the first one.

    Yields:
        The session, until the context ends.

    Raises:
        ConfigError: If the endpoint needs an API key and there is none.
        LlmError: If the cache cannot be opened.
        MissingExtraError: If the client library is not installed.
    """
    key = key_for(endpoint.base_url, endpoint.api_key)
    with closing(AnswerCache(endpoint.cache)) as cache:
        prices = prices_for(config.llm, endpoint.base_url)
        price = price_of(endpoint.transport, config.llm)
        meter = Meter(prices.config, endpoint.max_cost_usd, price, prices.source)
        settings = Settings(endpoint.base_url, key, config.llm, cache, meter, progress)
        if endpoint.transport == BATCH:
            with closing(BatchEngine(settings)) as batches:
                yield ModelSession(batches, meter, forecast)
        else:
            yield ModelSession(OnlineEngine(settings), meter, forecast)
