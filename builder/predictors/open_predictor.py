"""Baseline names, and the predictor for each `--model` value."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from builder.choices import validate_choice
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_answers, read_instances, read_private_tools, read_tools
from hf_dataset.schema import ToolRow

from . import simple
from .fact_reading import READERS
from .fact_regression import fact_regression
from .learned import embedding, regression
from .open_reading import has_facts
from .oracle import OraclePredictor
from .program import Program
from .protocol import Predictor
from .scored_choice import Score, ScoredPredictor

_SIMPLE: Final[dict[str, Score]] = {
    "random": simple.uniform,
    "first": simple.first,
    "lexical": simple.lexical,
    "frequent": simple.frequent,
    "last-used": simple.last_used,
    "liked": simple.liked,
}
BASELINES: Final = (
    "oracle",
    "counter",
    "linear",
    "random",
    "first",
    "lexical",
    "popular",
    "frequent",
    "last-used",
    "liked",
    "program",
    "embedding",
    "regression",
)
_BY_FACTS: Final = (*READERS, "program", "regression")
"""Baselines that need the facts, attributes or listings of tools."""
BASELINE_MODELS: Final = tuple(f"baseline:{name}" for name in BASELINES)
"""Values of `--model` that name a baseline."""


def open_predictor(
    model: str, folder: Path, config: str, split: str, seed: int, answers: Path | None = None
) -> Predictor:
    """Open the predictor for a `--model` value.

    Args:
        model: One of `BASELINE_MODELS`.
        folder: Folder of the data set.
        config: History type.
        split: Split to predict.
        seed: Seed for predictors that break ties at random.
        answers: Answers folder. Readers and regression need it for the facts or attributes of the test split's tools.

    Raises:
        ConfigError: If the model is unknown, or it needs facts or attributes that are not available.
        ReadError: If a folder cannot be read.
    """
    name = validate_choice("model", model, BASELINE_MODELS).removeprefix("baseline:")
    if name in READERS:
        return _reader(name, folder, config, split, answers)
    if name in _SIMPLE:
        score = _SIMPLE[name]
    elif name == "popular":
        score = simple.popular(read_instances(folder, config, split))
    elif name == "program":
        score = _program(folder, config, split)
    elif name == "embedding":
        score = embedding(SentenceEncoder())
    else:
        tools = {tool.name: tool for tool in (*read_tools(folder, "train"), *_tools(folder, split, answers))}
        learn = fact_regression if has_facts(tools.values()) else regression
        score = learn(read_instances(folder, config, "train"), tools)
    return ScoredPredictor(score, seed, "" if name == "random" else name)


def _reader(name: str, folder: Path, config: str, split: str, answers: Path | None) -> OraclePredictor:
    tools = _tools(folder, split, answers)
    if name != READERS[0] and not has_facts(tools):
        raise ConfigError(
            f"baseline:{name} reads choices among tools with facts, but the tools of {str(folder)!r} have labelled "
            f"attributes. Use baseline:{READERS[0]}."
        )
    private = (
        {key.instance_id: key.meta for key in read_answers(answers, config)} if answers and split == "test" else {}
    )
    changes = read_manifest(folder).preference_changes(config)
    return OraclePredictor(tools, changes=changes, reader=name, private=private)


def _program(folder: Path, config: str, split: str) -> Program:
    tools = read_tools(folder, split)
    if not any(tool.listing for tool in tools):
        raise ConfigError(
            f"The tools of {str(folder)!r} have no listings, but this baseline needs them. Use one of {_others()}."
        )
    return Program(tools, split, read_manifest(folder).preference_changes(config))


def _others() -> str:
    """Return the baselines that need no facts, attributes or listings."""
    return ", ".join(f"baseline:{name}" for name in BASELINES if name not in _BY_FACTS)


def _tools(folder: Path, split: str, answers: Path | None) -> list[ToolRow]:
    """Read the tools of a split with their attributes."""
    return _public_tools(folder, split) if split != "test" else _private_tools(folder, answers)


def _public_tools(folder: Path, split: str) -> list[ToolRow]:
    tools = read_tools(folder, split)
    if tools and not any(tool.facts for tool in tools):
        raise ConfigError(
            f"The tools of {str(folder)!r} have no attributes, but this baseline needs them. Use one of {_others()}."
        )
    return tools


def _private_tools(folder: Path, answers: Path | None) -> list[ToolRow]:
    if answers is None:
        raise ConfigError(
            "The attributes of the test split's tools are private, but this baseline needs them. "
            "Pass the answers folder with --answers, or another split with --split."
        )
    tools = read_private_tools(answers)
    if {tool.name for tool in tools} != {tool.name for tool in read_tools(folder, "test")}:
        raise ConfigError(
            f"{str(answers)!r} holds the tools of another data set than {str(folder)!r}. "
            "Pass the answers folder of the same build."
        )
    return tools
