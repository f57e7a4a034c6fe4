"""The PEToolBench metric as an `evaluate` module; the scoring itself is in the sibling files."""

from typing import Any

import datasets
import evaluate

from .aggregation import MODES, Mode, aggregate, by_instance_id, judge_all
from .errors import PredictionsError
from .legacy import legacy_judge
from .matching import compare_arguments
from .parsing import parse
from .records import REFERENCE_COLUMNS, reference_from_row
from .statistics import compare

_CITATION = """\
@misc{petoolbench,
  title = {PEToolBench: a benchmark of personalised tool use},
  author = {The PEToolBench developers},
  year = {2026}
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
    mode (str): `default` compares what arguments mean, `strict` what they are; `legacy` is the rule of the earlier
        benchmark's released scorer, for comparison with its numbers.
    details (bool): Whether to add a verdict for each reference.
    resamples (int): Resamples of the bootstrap.
    seed (int): Its seed.
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
class PEToolBench(evaluate.Metric):
    """Tool, parameter and call accuracy."""

    def _info(self) -> evaluate.MetricInfo:
        tool = {name: datasets.Value("string") for name in ("name", "provider", "description", "parameters")}
        reference = {
            "instance_id": datasets.Value("string"),
            "query_group": datasets.Value("string"),
            "candidates": [tool],
            "answer": {"name": datasets.Value("string"), "arguments": datasets.Value("string")},
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
        replies, rows = list(predictions), list(references)
        if len(replies) != len(rows):
            raise PredictionsError(
                f"There are {len(replies)} predictions for {len(rows)} references: give one for each."
            )
        return self._compute(replies, rows, **kwargs)

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
        mode: Mode = "default",
        details: bool = False,
        resamples: int = 1000,
        seed: int = 0,
    ) -> dict[str, Any]:
        if not references:
            raise PredictionsError("There is nothing to score: the references are empty.")
        if mode not in MODES:
            raise PredictionsError(f"There is no mode {mode!r}. Allowed are {', '.join(MODES)}.")
        wanted = [reference_from_row(row) for row in references]
        replies = by_instance_id(zip((row.instance_id for row in wanted), predictions, strict=True))
        verdicts = judge_all(replies, wanted, mode)
        scores: dict[str, Any] = {**aggregate(verdicts, wanted, resamples=resamples, seed=seed)}
        if details:
            scores["details"] = [
                {"instance_id": row.instance_id, "error_class": one.error_class, "reason": one.reason}
                for row, one in zip(wanted, verdicts, strict=True)
            ]
        return scores


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
            "meta": {"same_function": (row.get("meta") or {}).get("same_function") or []},
        }
        for row in rows
    ]
