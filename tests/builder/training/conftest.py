"""A small data set of a catalogue of tools with attributes with training data, and its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import pipeline
from builder.config import TrainingConfig
from hf_dataset.reader import read_instances, read_training
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, DpoRow, Instance, SftRow
from metrics.petoolbench.records import Reference
from tests.conftest import silent
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

from .helpers import MIX, MOST_TRAIN


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set with many rows of every kind. It is not audited, so that a leak fails the test that checks it."""
    out = tmp_path_factory.mktemp("training") / "mixed"
    config = MOST_TRAIN.model_copy(update={"training": TrainingConfig.model_validate({"mix": MIX})})
    pipeline.build(AttributeCatalogue(), config, out, silent, audited=False)
    return out


@pytest.fixture(scope="session")
def train(data: Path) -> dict[str, Instance]:
    """Instances of the training split in all configs, by id."""
    return {row.instance_id: row for config in HISTORY_TYPES for row in read_instances(data, config, "train")}


@pytest.fixture(scope="session")
def answers(train: dict[str, Instance]) -> dict[str, Reference]:
    """References of the training instances, by id."""
    return {reference.instance_id: reference for reference in references(train.values())}


@pytest.fixture(scope="session")
def sft(data: Path) -> list[SftRow]:
    """Rows of `sft`."""
    return list(read_training(data, "sft"))


@pytest.fixture(scope="session")
def dpo(data: Path) -> list[DpoRow]:
    """Rows of `dpo`."""
    return list(read_training(data, "dpo"))
