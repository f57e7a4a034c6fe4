"""References for the metric, from rows and, for the test split, the private answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from metrics.petoolbench.records import Reference, reference_from_row

from .schema import AnswerKey, AnswerRow, Instance, MetaRow, ToolDoc


def references(instances: Iterable[Instance], answers: Iterable[AnswerKey] = ()) -> list[Reference]:
    """Return the references of instances, in the same order.

    Args:
        instances: Instances of one split of one config.
        answers: Private answers, which replace those of the instances; required for the test split.

    Raises:
        ReferencesError: If an instance has no answer, or is malformed.
    """
    private = {key.instance_id: key for key in answers}
    scored = []
    for instance in instances:
        key = private.get(instance.instance_id)
        answer, meta = (key.answer, key.meta) if key else (instance.answer, instance.meta)
        scored.append(_reference(instance, answer, meta))
    return scored


@lru_cache(maxsize=16_384)
def _scored_part(tool: ToolDoc) -> Mapping[str, str]:
    """Return the part of a candidate's documentation that scoring needs. References share it: do not modify it."""
    return {"name": tool.name, "parameters": tool.parameters}


def _reference(instance: Instance, answer: AnswerRow | None, meta: MetaRow | None) -> Reference:
    return reference_from_row(
        {
            "instance_id": instance.instance_id,
            "query_group": instance.query_group,
            "candidates": list(map(_scored_part, instance.candidates)),
            "answer": answer
            and {"name": answer.name, "arguments": answer.arguments, "alternatives": answer.alternatives},
            "meta": meta and {"same_function": meta.same_function},
        }
    )
