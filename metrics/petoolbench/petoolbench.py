"""The PEToolBench metric as an `evaluate` module; the scoring itself is in the sibling files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import datasets
import evaluate

from .aggregation import RESAMPLES, SCORERS, ScorerName, Scores, aggregate, check_unique, compare_systems, judge, macro
from .errors import PredictionsError
from .legacy import legacy_judge
from .matching import compare_arguments
from .parsing import parse
from .records import REFERENCE_COLUMNS, Verdict, reference_from_row
from .uncertainty import compare

_CITATION = """\
@misc{petoolbench,
  title   = {PEToolBench: a benchmark of personalised tool use},
  author  = {{The PEToolBench developers}},
  version = {0.1.0},
  note    = {Data set, Apache-2.0}
}
"""

_DESCRIPTION = """\
Scores tool calls against the tool call that a particular user would want. A prediction is the raw text of a model's
reply; a reference is a row of a PEToolBench config, as it was loaded.
"""

_KWARGS_DESCRIPTION = """\
Args:
    predictions (list of str): Replies as the model wrote them, one for each reference, in the same order.
    references (list of dict): Rows of `preferred_only`, `rating_integrated` or `chronological`, with answers.
    scorer (str): `default` compares what arguments mean, `strict` what they are; `legacy` is the rule of the earlier
        benchmark's released scorer, for comparison with its numbers.
    details (bool): Whether to add a verdict for each reference.
    resamples (int): Resamples of the bootstrap.
    seed (int): Its seed.
    configs (list of str, optional): Config of each reference, where they are of more than one.
Returns:
    tool_accuracy (float): Share of replies that call the answer's tool.
    parameter_accuracy (float): Share of replies with the answer's arguments; a wrong tool has no right arguments.
    call_accuracy (float): Share of replies where both are right.
    parameter_accuracy_given_tool (float or None): Share of right arguments where the tool is right.
    format_rate (float): Share of replies from which a tool call can be read.
    hallucination_rate (float): Share of replies that call a tool which is no candidate.
    error_classes (dict): Share of each error class.
    intervals (dict): Ends of the 95 % interval of each rate, by bootstrap over query groups.
    count (int): Number of references.
    query_groups (int): Number of query groups.
    detectable_difference (float or None): Least difference in tool accuracy between two systems that these rows would
        show; None where all query groups fare alike.
    configs (dict, only where given): The same figures for each config.
    macro (dict, only with configs): Mean of each rate over the configs.
    details (list of dict, only where asked for): For each reference its id, error class and reason.
Examples:
    >>> metric = evaluate.load("metrics/petoolbench")
    >>> tool = {"name": "oslo_weather", "provider": "p", "description": "d", "parameters": '{"properties": {}}'}
    >>> row = {"instance_id": "1", "query_group": "1", "candidates": [tool]}
    >>> row["answer"] = {"name": "oslo_weather", "arguments": '{"city": "Oslo"}'}
    >>> reply = '{"name": "oslo_weather", "arguments": {"city": "Oslo"}}'
    >>> metric.compute(predictions=[reply], references=[row])["call_accuracy"]
    1.0
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Petoolbench(evaluate.Metric):
    """Tool, parameter and call accuracy.

    `evaluate.combine` names figures that two metrics share by the class, which is therefore spelled as the module is.
    """

    def _info(self) -> evaluate.MetricInfo:
        tool = {name: datasets.Value("string") for name in ("name", "provider", "description", "parameters")}
        reference = {
            "instance_id": datasets.Value("string"),
            "query_group": datasets.Value("string"),
            "candidates": [tool],
            "answer": {
                "name": datasets.Value("string"),
                "arguments": datasets.Value("string"),
                "alternatives": [datasets.Value("string")],
            },
            "meta": {"same_function": [datasets.Value("string")]},
        }
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features({"predictions": datasets.Value("string"), "references": reference}),
        )

    def compute(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> Any:
        """Score; columns of the references beyond those that scoring needs are left aside.

        What is handed over whole is scored as it stands, without a way through files, which takes longer than scoring.
        """
        if predictions is None or references is None or self.writer is not None:
            return super().compute(predictions=predictions, references=_needed(references), **kwargs)
        return self._compute(list(predictions), list(references), **kwargs)

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add predictions and references for a later `compute`."""
        super().add_batch(predictions=predictions, references=_needed(references), **kwargs)

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one prediction and its reference for a later `compute`."""
        super().add(prediction=prediction, reference=_needed([reference])[0], **kwargs)

    def _compute(
        self,
        predictions: list[str],
        references: list[dict[str, Any]],
        scorer: ScorerName = "default",
        details: bool = False,
        resamples: int = RESAMPLES,
        seed: int = 0,
        configs: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        verdicts, ids, groups = _judged(predictions, references, scorer)
        scores: dict[str, Any] = {**aggregate(verdicts, groups, resamples=resamples, seed=seed)}
        if configs is not None:
            scores["configs"] = _by_config(verdicts, groups, configs, resamples, seed)
            scores["macro"] = macro(scores["configs"])
        if details:
            scores["details"] = [
                {"instance_id": name, "error_class": one.error_class, "reason": one.reason}
                for name, one in zip(ids, verdicts, strict=True)
            ]
        return scores

    def compare(
        self,
        first: Sequence[str],
        second: Sequence[str],
        references: Iterable[Mapping[str, Any]],
        scorer: ScorerName = "default",
        names: tuple[str, str] = ("A", "B"),
        resamples: int = 10_000,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Compare two systems in tool accuracy by their replies to the same references.

        Args:
            first: Replies of the first system, one for each reference, in the same order.
            second: Those of the second.
            references: Rows as they were loaded.
            scorer: As in `compute`.
            names: What the systems are called in words.
            resamples: Resamples of the bootstrap, and permutations.
            seed: Their seed.

        Returns:
            The fields of `Comparison`, and `in_words`, the same as a sentence.

        Raises:
            MetricError: If replies and references do not fit.
        """
        rows = list(references)
        one, _, groups = _judged(first, rows, scorer)
        other, _, _ = _judged(second, rows, scorer)
        found = compare_systems(one, other, groups, resamples=resamples, seed=seed)
        return {**asdict(found), "in_words": found.in_words(*names)}


def _judged(
    predictions: Sequence[str], references: Sequence[Mapping[str, Any]], scorer: ScorerName
) -> tuple[list[Verdict], list[str], list[str]]:
    """Verdict, id and query group of each row. References are not kept: so many take longer than judging them."""
    if not references:
        raise PredictionsError("There is nothing to score: the references are empty.")
    if len(predictions) != len(references):
        raise PredictionsError(
            f"There are {len(predictions)} predictions for {len(references)} references: give one for each."
        )
    if scorer not in SCORERS:
        raise PredictionsError(f"There is no scorer {scorer!r}. Allowed are {', '.join(SCORERS)}.")
    verdicts, ids, groups = [], [], []
    for reply, row in zip(predictions, references, strict=True):
        reference = reference_from_row(row)
        verdicts.append(judge(reply, reference, scorer))
        ids.append(reference.instance_id)
        groups.append(reference.query_group)
    check_unique(ids)
    return verdicts, ids, groups


def _by_config(
    verdicts: Sequence[Verdict], groups: Sequence[str], configs: Sequence[str], resamples: int, seed: int
) -> dict[str, Scores]:
    if len(configs) != len(verdicts):
        raise PredictionsError(f"There are {len(configs)} configs for {len(verdicts)} references: give one for each.")
    found = {}
    for config in sorted(set(configs)):
        own = [index for index, name in enumerate(configs) if name == config]
        found[config] = aggregate(
            [verdicts[index] for index in own], [groups[index] for index in own], resamples=resamples, seed=seed
        )
    return found


def _needed(references: Any) -> Any:
    """The columns that scoring needs, once each row is known to have them and an answer."""
    if references is None:
        return None
    rows = list(references)
    for row in rows:
        reference_from_row(row)
    return [
        {
            **{column: row[column] for column in REFERENCE_COLUMNS},
            "answer": {**row["answer"], "alternatives": row["answer"].get("alternatives") or []},
            "meta": {"same_function": (row.get("meta") or {}).get("same_function") or []},
        }
        for row in rows
    ]
