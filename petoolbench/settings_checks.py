"""Checks of the settings of a run before any file is read: that they are consistent, and hold no key."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Final

from builder.choices import validate_choice
from builder.errors import ConfigError
from builder.llm.endpoint_errors import secret_of
from builder.llm.session import key_for
from builder.predictors.open_predictor import BASELINE_MODELS as BASELINES
from metrics.redaction import contains, is_distinct

from .run_settings import LOCAL, MEMORIES, MEMORY_SYSTEM, RunResources, RunSettings

_CREDENTIAL: Final = re.compile(
    r"(?:x[-_])?(?:api|access|auth)?[-_]?(?:key|token|secret|password|authorization)|extra_headers", re.IGNORECASE
)
"""Request fields that hold a credential."""


def _check_no_key(settings: RunSettings, key: str) -> None:
    """Check that no setting holds a key: all of them are stored in the run file.

    Raises:
        ConfigError: If a setting does.
    """
    credentials = [name for name in settings.body if _CREDENTIAL.fullmatch(name)]
    if credentials:
        raise ConfigError(
            f"body (--body) holds {credentials[0]!r}, which would be stored in the run file. Remove it and set the API "
            "key with OPENAI_API_KEY."
        )
    secret = secret_of(key)
    for item in fields(settings):
        if secret and is_distinct(secret) and contains(json.dumps(getattr(settings, item.name), default=str), secret):
            raise ConfigError(
                f"{item.name} (--{item.name.replace('_', '-')}) contains the API key, which would be stored in the run "
                "file. Remove the key from it; it is sent in the header of each request."
            )


def _check_memory(settings: RunSettings) -> None:
    """Check that the settings of the memory are consistent.

    Raises:
        ConfigError: If they contradict each other, or the budget is missing.
    """
    if settings.history_view == "prompt":
        if settings.model.startswith(MEMORY_SYSTEM):
            raise ConfigError(
                f"{settings.model!r} is a memory system, which reads sessions. Set history_view to sessions "
                "(--history-view sessions)."
            )
        if settings.memory_tokens is not None or settings.memory != MEMORIES[0]:
            raise ConfigError(
                "memory (--memory) and memory_tokens (--memory-tokens) require history_view sessions (--history-view "
                "sessions). Set it, or remove them."
            )
        return
    if settings.is_baseline:
        raise ConfigError(
            f"{settings.model!r} reads the rows of the data set, not sessions. Remove history_view (--history-view), "
            "or name a model."
        )
    if settings.overlong == "drop-oldest":
        raise ConfigError(
            "overlong drop-oldest (--overlong) shortens a history in the prompt, which history_view sessions does not "
            "have. Set a smaller memory_tokens (--memory-tokens) instead."
        )
    if settings.memory_tokens is None and not settings.has_own_memory:
        raise ConfigError(
            "history_view sessions (--history-view sessions) requires a budget. Set it with memory_tokens "
            "(--memory-tokens), such as 4000."
        )


def check_settings(settings: RunSettings, resources: RunResources) -> None:
    """Check that settings and resources are consistent, before any file is read.

    Raises:
        ConfigError: If two of them contradict each other, or one is missing.
    """
    if not settings.model.strip() or settings.model == LOCAL:
        raise ConfigError("The model is empty. Pass the name of a model at an endpoint, hf:NAME, or a baseline.")
    if settings.is_baseline:
        validate_choice("model", settings.model, BASELINES)
    if settings.is_online:
        _check_no_key(settings, key_for(settings.base_url, resources.api_key))
    elif settings.base_url is not None:
        raise ConfigError(
            f"base_url (--base-url) names an endpoint, but {settings.model!r} does not use one. Remove one of the two."
        )
    elif settings.body:
        raise ConfigError(
            f"body (--body) is part of a request, but {settings.model!r} is not sent requests. Remove one of the two."
        )
    _check_memory(settings)
    if resources.batch and not settings.is_online:
        raise ConfigError(
            f"batch (--batch) sends requests to an endpoint, but {settings.model!r} does not use one. Remove one of "
            "the two."
        )
    if settings.repeat > 1 and settings.is_baseline:
        raise ConfigError(
            f"repeat (--repeat) asks a model several times, but {settings.model!r} always gives the same replies. "
            "Remove it; another --seed gives other random choices."
        )
    if settings.overlong is not None and settings.context is None and settings.is_online:
        raise ConfigError("overlong (--overlong) requires the context window. Set it with context (--context).")
    priced = None not in (settings.usd_per_million_input, settings.usd_per_million_output)
    if resources.max_cost_usd is not None and not priced:
        raise ConfigError(
            "max_cost_usd (--max-cost-usd) requires prices. Set usd_per_million_input (--usd-in) and "
            "usd_per_million_output (--usd-out)."
        )
