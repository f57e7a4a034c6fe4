"""From a `--model` value to a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from builder.choices import validate_choice
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from builder.manifest import changes_of
from hf_dataset.reader import read_instances, read_manifest, read_private_tools, read_tools
from hf_dataset.schema import ToolRow

from . import simple
from .learned import embedding, regression
from .oracle import OraclePredictor
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
    "random",
    "first",
    "lexical",
    "popular",
    "frequent",
    "last-used",
    "liked",
    "embedding",
    "regression",
)
_BY_ATTRIBUTES: Final = ("oracle", "regression")
"""Baselines that read the attributes of tools."""
ALLOWED: Final = tuple(f"baseline:{name}" for name in BASELINES)


def open_predictor(
    model: str, folder: Path, config: str, split: str, seed: int, answers: Path | None = None
) -> Predictor:
    """Open the predictor that a `--model` value names.

    Args:
        model: One of `ALLOWED`.
        folder: Folder of the data set.
        config: History type.
        split: Split to be predicted.
        seed: For predictors that draw.
        answers: The answers folder, where oracle and regression find the attributes of the test split's tools.

    Raises:
        ConfigError: If there is no such model, or it needs the answers folder.
        ReadError: If a folder is not what it should be.
    """
    name = validate_choice("model", model, ALLOWED).removeprefix("baseline:")
    if name == "oracle":
        return OraclePredictor(_tools(folder, split, answers), changes=changes_of(read_manifest(folder), config))
    if name in _SIMPLE:
        score = _SIMPLE[name]
    elif name == "popular":
        score = simple.popular(read_instances(folder, config, split))
    elif name == "embedding":
        score = embedding(SentenceEncoder())
    else:
        tools = {tool.name: tool for tool in (*read_tools(folder, "train"), *_tools(folder, split, answers))}
        score = regression(read_instances(folder, config, "train"), tools)
    return ScoredPredictor(score, seed, "" if name == "random" else name)


def _tools(folder: Path, split: str, answers: Path | None) -> list[ToolRow]:
    if split != "test":
        tools = read_tools(folder, split)
        if tools and not any(tool.attributes for tool in tools):
            others = ", ".join(f"baseline:{name}" for name in BASELINES if name not in _BY_ATTRIBUTES)
            raise ConfigError(
                f"The tools of {str(folder)!r} have no attributes, and this baseline reads them. Take one of {others}."
            )
        return tools
    if answers is None:
        raise ConfigError(
            "The attributes of the test split's tools are private, and this baseline reads them. "
            "Name the answers folder with --answers, or another split with --split."
        )
    tools = read_private_tools(answers)
    if {tool.name for tool in tools} != {tool.name for tool in read_tools(folder, split)}:
        raise ConfigError(f"{str(answers)!r} holds the tools of another data set than {str(folder)!r}.")
    return tools
