"""Scores of a set of predictions against the rows of one split of one config."""

from __future__ import annotations

from collections.abc import Iterable

from hf_dataset.references import references
from hf_dataset.schema import AnswerKey, Instance
from metrics.petoolbench.aggregation import ScorerName, Scores, aggregate, judge_all


def score(
    predictions: dict[str, str],
    instances: Iterable[Instance],
    answers: Iterable[AnswerKey] = (),
    scorer: ScorerName = "default",
) -> Scores:
    """Score predictions against rows.

    Args:
        predictions: Replies by instance id.
        instances: Rows of one split of one config.
        answers: Private answers, for the test split.
        scorer: By which rule replies are judged.

    Raises:
        MetricError: If ids do not fit, or a row has no answer.
    """
    wanted = references(instances, answers)
    return aggregate(judge_all(predictions, wanted, scorer), [one.query_group for one in wanted])
