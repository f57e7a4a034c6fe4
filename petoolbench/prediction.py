"""Prediction: get the reply of a model, or of a Python function, to each instance."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from builder.errors import ConfigError
from builder.llm.endpoint_url import endpoint_address
from builder.progress import Progress, no_progress
from hf_dataset.schema import Instance

from .data import InstanceSet, load
from .inference.memory_systems import NewSystem
from .inference.run import Model, execute, execute_function
from .run_files import read_run
from .run_settings import FUNCTION, MEMORY_SYSTEM, RunResources, RunSettings
from .runs import Run
from .settings_checks import check_settings

_SET_BY_DATA = ("config", "split")
_SETTINGS = frozenset(item.name for item in fields(RunSettings)) - {*_SET_BY_DATA, "model"}
_RESOURCES = frozenset(item.name for item in fields(RunResources))


def predict(
    data: InstanceSet | Iterable[Instance | Mapping[str, Any]] | str | Path,
    model: str | Model | NewSystem,
    *,
    out: str | Path | None = None,
    threads: int = 1,
    progress: Progress = no_progress,
    **options: Any,
) -> Run:
    """Get the reply of a model to every instance.

    Args:
        data: Instances from `load`; rows of `datasets`; or a folder or Hub name, whose default config and validation
            split are used.
        model: Name of a model at an OpenAI-compatible endpoint, `hf:NAME` for a Hugging Face model that runs on this
            machine, `baseline:NAME`, or any function that takes chat messages, as `prompt` returns them, and returns
            the text of a reply. With `history_view="sessions"`, the class of a memory system, with `read(session)` and
            `answer(question)`, or its name `memory:MODULE:CLASS`.
        out: Run file, which grows by a line per reply; the run resumes if it exists. None to keep the run in memory:
            its replies are lost if an error ends it.
        threads: Number of concurrent calls to a function, or of concurrent memory systems.
        progress: Called with the stage, the number of replies and the number of instances.
        options: Fields of `RunSettings`, such as `history="swapped"`, `mode="tools"`, `limit=20`, `temperature` or
            `base_url`; and of `RunResources`, such as `connections` or `max_cost_usd`. The key of an endpoint is
            `api_key`, by default the environment variable `OPENAI_API_KEY`.

    Returns:
        The replies. A request that failed, or a reply without text and call, has an empty prediction and an `error`,
        and counts as wrong.

    Raises:
        ConfigError: If an option is unknown or not allowed.
        DataError: If a function returns anything but text, or the run file holds another run.
        LlmError: If the endpoint cannot be used.
        Exception: If a function raises it; the replies before it are in `out`.
        OutputError: If the run file cannot be written.

    Example:
        >>> run = predict(data, my_function)
        >>> run = predict(data, "gpt-4o-mini", history="own", limit=20, out="own.jsonl")
    """
    _check(model, threads, options)
    instances = data if isinstance(data, InstanceSet) else load(data)
    settings = RunSettings(
        model=model if isinstance(model, str) else _model_name(model, view=options.get("history_view")),
        config=instances.config,
        split=instances.split,
        **{
            **{name: value for name, value in options.items() if name in _SETTINGS},
            "base_url": endpoint_address(options.get("base_url")),
        },
    )
    resources = RunResources(
        **{"api_key": os.environ.get("OPENAI_API_KEY"), **{name: options[name] for name in options.keys() & _RESOURCES}}
    )
    if out is not None:
        return _predict(instances, model, Path(out), settings, resources, threads, progress)
    with TemporaryDirectory() as folder:
        run = _predict(instances, model, Path(folder) / "run.jsonl", settings, resources, threads, progress)
    return replace(run, path=Path(run.name))


def _check(model: str | Model | NewSystem, threads: int, options: Mapping[str, Any]) -> None:
    if unknown := sorted(options.keys() - _SETTINGS - _RESOURCES):
        raise ConfigError(
            f"Unknown option {unknown[0]!r} of predict. Available options: {', '.join(sorted(_SETTINGS | _RESOURCES))}."
        )
    if not isinstance(model, str) and not callable(model):
        raise ConfigError(f"The model is of type {type(model).__name__}. Pass the name of a model, or a function.")
    if threads < 1:
        raise ConfigError(f"Invalid value {threads!r} for threads. Allowed values: integers, 1 or more.")


def _model_name(model: Model | NewSystem, view: object) -> str:
    """Return the value of `model` for a function, or for the class of a memory system as on the command line."""
    if view == "sessions" and isinstance(model, type):
        return f"{MEMORY_SYSTEM}{model.__module__}:{_name_of(model)}"
    return FUNCTION + _name_of(model)


def _name_of(model: Model | NewSystem) -> str:
    """Return the name of a function or of a class of callable objects, without the function that defines it."""
    name: str = getattr(model, "__qualname__", type(model).__qualname__)
    return name.rpartition("<locals>.")[2]


def _predict(
    data: InstanceSet,
    model: str | Model | NewSystem,
    out: Path,
    settings: RunSettings,
    resources: RunResources,
    threads: int,
    progress: Progress,
) -> Run:
    if isinstance(model, str):
        execute(data, out, settings, resources, progress, notify=_warn)
    else:
        check_settings(settings, resources)
        execute_function(data, out, settings, model, threads, progress)
    return read_run(out)


def _warn(notice: str) -> None:
    warnings.warn(notice, UserWarning, stacklevel=2)
