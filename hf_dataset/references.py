"""References for the metric, made from rows and, for the test split, from the private answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from metrics.petoolbench.records import Reference, reference_from_row

from .schema import AnswerKey, AnswerRow, Instance, MetaRow, ToolDoc


def references(instances: Iterable[Instance], answers: Iterable[AnswerKey] = ()) -> list[Reference]:
    """References that predictions are judged against, in the order of the rows.

    Args:
        instances: Rows of one split of one config.
        answers: Private answers, which replace the rows' own; required for the test split.

    Raises:
        MetricError: If a row has no answer.
    """
    private = {key.instance_id: key for key in answers}
    found = []
    for instance in instances:
        key = private.get(instance.instance_id)
        answer, meta = (key.answer, key.meta) if key else (instance.answer, instance.meta)
        found.append(_reference(instance, answer, meta))
    return found


@lru_cache(maxsize=16_384)
def _scored_part(tool: ToolDoc) -> Mapping[str, str]:
    """The part of a candidate's documentation that scoring needs; shared between references, do not modify."""
    return {"name": tool.name, "parameters": tool.parameters}


def _reference(instance: Instance, answer: AnswerRow | None, meta: MetaRow | None) -> Reference:
    return reference_from_row(
        {
            "instance_id": instance.instance_id,
            "query_group": instance.query_group,
            "candidates": list(map(_scored_part, instance.candidates)),
            "answer": answer and {"name": answer.name, "arguments": answer.arguments},
            "meta": meta and {"same_function": meta.same_function},
        }
    )
