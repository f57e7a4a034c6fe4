"""Choices of baselines on rows with answers, for the measurements of what the benchmark asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from builder.predictors.protocol import Predictor
from hf_dataset.schema import Instance


def right_choices(predictor: Predictor, rows: Iterable[Instance]) -> Iterator[tuple[Instance, bool]]:
    """Yield each row and whether a predictor chooses the tool of its answer."""
    for row in rows:
        if row.answer is None:
            raise SystemExit(f"{row.instance_id} has no answer. Pass the answers folder of the same build.")
        yield row, json.loads(predictor.predict(row))["name"] == row.answer.name


def chance(row: Instance) -> float:
    """Return the expected accuracy of a random choice among the candidates that do the job."""
    if row.meta is None or not row.meta.same_function:
        raise SystemExit(f"{row.instance_id} does not state which candidates do the job.")
    return 1 / len(row.meta.same_function)
