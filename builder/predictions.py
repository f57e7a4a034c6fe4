"""What predictions are worth: scored against the rows of one split of one config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from hf_dataset.schema import AnswerKey, AnswerRow, Instance, MetaRow, ToolDoc
from metrics.petoolbench.aggregation import Mode, Scores, aggregate, judge_all
from metrics.petoolbench.records import Reference, reference_from_row


def score(
    predictions: dict[str, str],
    instances: Iterable[Instance],
    answers: Iterable[AnswerKey] = (),
    mode: Mode = "default",
) -> Scores:
    """Score predictions against rows.

    Args:
        predictions: Replies by instance id.
        instances: Rows of one split of one config.
        answers: Private answers, for the test split.
        mode: By which rule replies are judged.

    Raises:
        MetricError: If ids do not fit, or a row has no answer.
    """
    wanted = references(instances, answers)
    return aggregate(judge_all(predictions, wanted, mode), [one.query_group for one in wanted])


def references(instances: Iterable[Instance], answers: Iterable[AnswerKey] = ()) -> list[Reference]:
    """What predictions are judged against; the arguments are those of `score`.

    Raises:
        MetricError: If a row has no answer.
    """
    private = {key.instance_id: key for key in answers}
    found = []
    for instance in instances:
        key = private.get(instance.instance_id)
        found.append(_reference(instance, key.answer if key else instance.answer, key.meta if key else instance.meta))
    return found


@lru_cache(maxsize=16_384)
def _shown(tool: ToolDoc) -> Mapping[str, str]:
    """What scoring needs of a candidate; not to be changed, since references share it."""
    return {"name": tool.name, "parameters": tool.parameters}


def _reference(instance: Instance, answer: AnswerRow | None, meta: MetaRow | None) -> Reference:
    return reference_from_row(
        {
            "instance_id": instance.instance_id,
            "query_group": instance.query_group,
            "candidates": list(map(_shown, instance.candidates)),
            "answer": answer and {"name": answer.name, "arguments": answer.arguments},
            "meta": meta and {"same_function": meta.same_function},
        }
    )
