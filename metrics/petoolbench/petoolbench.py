"""The PEToolBench metric as an `evaluate` module. The scoring is in the other files of this folder.

`evaluate` copies only the files that this script imports, and its scanner reads line by line: keep each import on one
line, without a comment after it, and import every file that scoring needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import datasets
import evaluate

from .aggregation import RESAMPLES, SCORERS, Judged, ScorerName, Scores, aggregate, compare_systems, judge_rows, macro
from .answer_parts import answer_parts
from .dialects import DIALECTS
from .errors import PredictionsError
from .json_calls import CallReader
from .json_text import read_json
from .legacy import legacy_judge
from .matching import compare_arguments
from .names import candidate_of
from .parsing import parse
from .reading import read_reply
from .records import REFERENCE_COLUMNS, Verdict, reference_from_row
from .schemas import simplified
from .spans import scan
from .uncertainty import compare
from .unicode_text import normalized

_CITATION = """\
@misc{petoolbench,
  title   = {PEToolBench: a benchmark of personalised tool use},
  author  = {{The PEToolBench developers}},
  version = {0.2.0},
  note    = {Data set, Apache-2.0}
}
"""

_DESCRIPTION = """\
Scores the tool calls of a language model against the call that a particular user would want. A prediction is the raw
text of a model's reply. A reference is a row of a PEToolBench config, as it was loaded.
"""

_KWARGS_DESCRIPTION = """\
Args:
    predictions (list of str): Raw text of the model's replies, one for each reference, in the same order; None for a
        missing reply.
    references (list of dict): Rows of `preferred_only`, `rating_integrated` or `chronological`, with answers.
    scorer (str): `default` compares arguments by their meaning, `strict` as exact JSON values. `legacy` is the rule of
        the earlier benchmark's released scorer, for comparison with published results. Defaults to `default`.
    details (bool): True adds `details` to the result. Defaults to False.
    resamples (int): Number of bootstrap resamples. Defaults to 1000.
    seed (int): Seed for the bootstrap. Defaults to 0.
    configs (list of str, optional): Config of each reference. Adds `configs` and `macro` to the result.
Returns:
    tool_accuracy (float): Share of predictions that call the correct tool.
    parameter_accuracy (float): Share of predictions with the correct arguments. Arguments of a wrong tool count as
        wrong.
    call_accuracy (float): Share of predictions with the correct tool and the correct arguments.
    parameter_accuracy_given_tool (float or None): Share of correct arguments among predictions with the correct tool;
        None if there are none.
    format_rate (float): Share of predictions that contain a readable tool call.
    hallucination_rate (float): Share of predictions that call a tool which is not a candidate.
    error_classes (dict): Share of each error class.
    intervals (dict): Ends of the 95 % confidence interval of each rate, by bootstrap over query groups.
    count (int): Number of references.
    query_groups (int): Number of query groups.
    detectable_difference (float or None): Smallest difference in tool accuracy to another system that can be detected
        on these rows; None if the mean outcome is the same in all query groups.
    configs (dict, only with `configs`): These figures for each config.
    macro (dict, only with `configs`): Unweighted mean of each rate over the configs.
    details (list of dict, only with `details`): Id, error class and reason of each reference.
Examples:
    >>> metric = evaluate.load("metrics/petoolbench")
    >>> tool = {"name": "oslo_weather", "parameters": '{"properties": {}}'}
    >>> row = {"instance_id": "1", "query_group": "1", "candidates": [tool]}
    >>> row["answer"] = {"name": "oslo_weather", "arguments": '{"city": "Oslo"}'}
    >>> reply = '{"name": "oslo_weather", "arguments": {"city": "Oslo"}}'
    >>> metric.compute(predictions=[reply], references=[row])["call_accuracy"]
    1.0
"""

_TOOL_FIELDS = ("name", "parameters")
"""Fields of a candidate that scoring needs."""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Petoolbench(evaluate.Metric):
    """Tool accuracy, parameter accuracy and call accuracy of tool calls.

    `evaluate.combine` prefixes figures that two metrics share with the class name, so it is spelled like the module.
    """

    def _info(self) -> evaluate.MetricInfo:
        tool = {name: datasets.Value("string") for name in _TOOL_FIELDS}
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
        """Compute the scores; see the class for arguments and result.

        Predictions and references that are passed here are scored directly: the Arrow files of `evaluate` would take
        longer than the scoring. Additional columns of the references are ignored.

        Raises:
            PredictionsError: If predictions, references and configs differ in number, there are no references, an
                instance id occurs twice, or the scorer is unknown.
            ReferencesError: If a reference lacks a column or an answer.
        """
        if predictions is None or references is None or self.writer is not None:
            return super().compute(predictions=predictions, references=_scored_columns(references), **kwargs)
        return self._compute(list(predictions), list(references), **kwargs)

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add predictions and references for a later `compute`."""
        super().add_batch(predictions=predictions, references=_scored_columns(references), **kwargs)

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one prediction and its reference for a later `compute`."""
        super().add(prediction=prediction, reference=_scored_columns([reference])[0], **kwargs)

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
        verdicts, ids, groups = _judge(predictions, references, scorer)
        scores: dict[str, Any] = {**aggregate(verdicts, groups, resamples=resamples, seed=seed)}
        if configs is not None:
            scores["configs"] = _by_config(verdicts, groups, configs, resamples, seed)
            scores["macro"] = macro(scores["configs"])
        if details:
            scores["details"] = [
                {"instance_id": instance_id, "error_class": verdict.error_class, "reason": verdict.reason}
                for instance_id, verdict in zip(ids, verdicts, strict=True)
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
        """Compare the tool accuracy of two systems on the same references.

        Args:
            first: Predictions of the first system, one for each reference, in the same order.
            second: Predictions of the second system, in the same order.
            references: Rows as they were loaded.
            scorer: `default`, `strict` or `legacy`, as in `compute`.
            names: Names of the systems in the description.
            resamples: Number of bootstrap resamples and of permutations.
            seed: Seed for both.

        Returns:
            The fields of `Comparison`, and `in_words`, a description in one or two sentences.

        Raises:
            MetricError: If predictions and references do not match, or the scorer is unknown.
        """
        rows = list(references)
        first_verdicts, _, groups = _judge(first, rows, scorer)
        second_verdicts, _, _ = _judge(second, rows, scorer)
        comparison = compare_systems(first_verdicts, second_verdicts, groups, resamples=resamples, seed=seed)
        return {**asdict(comparison), "in_words": comparison.in_words(*names)}


def _judge(predictions: Sequence[str], references: Sequence[Mapping[str, Any]], scorer: ScorerName) -> Judged:
    """Check that predictions and references match, and judge them."""
    if not references:
        raise PredictionsError("There is nothing to score: the references are empty. Pass at least one reference.")
    if len(predictions) != len(references):
        raise PredictionsError(
            f"There are {len(predictions)} predictions for {len(references)} references. Pass one for each reference."
        )
    for place, prediction in enumerate(predictions):
        if prediction is not None and not isinstance(prediction, str):
            raise PredictionsError(
                f"Prediction {place} is of type {type(prediction).__name__}. Pass the text of the reply, such as "
                "json.dumps(call), or None if there is none."
            )
    if scorer not in SCORERS:
        raise PredictionsError(f"Unknown scorer {scorer!r}. Available scorers: {', '.join(SCORERS)}.")
    return judge_rows(predictions, references, scorer)


def _by_config(
    verdicts: Sequence[Verdict], groups: Sequence[str], configs: Sequence[str], resamples: int, seed: int
) -> dict[str, Scores]:
    """Return the scores of each config."""
    if len(configs) != len(verdicts):
        raise PredictionsError(
            f"There are {len(configs)} configs for {len(verdicts)} references. Pass one for each reference."
        )
    scores = {}
    for config in sorted(set(configs)):
        indexes = [index for index, name in enumerate(configs) if name == config]
        scores[config] = aggregate(
            [verdicts[index] for index in indexes], [groups[index] for index in indexes], resamples=resamples, seed=seed
        )
    return scores


def _scored_columns(references: Any) -> Any:
    """Return the columns and fields that scoring needs, after checking that each row has them and an answer."""
    if references is None:
        return None
    rows = list(references)
    for row in rows:
        reference_from_row(row)
    return [
        {
            **{column: row[column] for column in REFERENCE_COLUMNS},
            "candidates": [{name: tool.get(name) for name in _TOOL_FIELDS} for tool in row["candidates"]],
            "answer": {**row["answer"], "alternatives": row["answer"].get("alternatives") or []},
            "meta": {"same_function": (row.get("meta") or {}).get("same_function") or []},
        }
        for row in rows
    ]
