"""Scores of a run against the instances that it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.choices import validate_choice
from builder.errors import ConfigError, DataError
from hf_dataset.manifest import ALL
from hf_dataset.prompting import named_config
from hf_dataset.references import references
from hf_dataset.schema import AnswerKey, Instance
from metrics.petoolbench.aggregation import SCORERS, ScorerName, Scores, aggregate, judge_all
from metrics.petoolbench.repeats import RepeatScores, repeat_scores
from petoolbench.inference.tool_calling import safe_names, text_of_reply
from petoolbench.original.released_replies import read_replies

from .data import CORE, FULL_SPLIT, InstanceSet, load
from .run_files import read_run
from .runs import Line, Run, check_made_for
from .score_table import ConfigScores, ScoreTable

Predictions = Run | str | Path | Mapping[str, str | None] | Iterable[str | None]
"""A run; the path of a run file or predictions file; texts by instance id; or texts in the order of the instances. None
instead of a text is a missing reply."""


def score(
    predictions: Predictions,
    data: InstanceSet | str | Path | Iterable[Instance | Mapping[str, Any]],
    *,
    config: str | None = None,
    split: str | None = None,
    answers: str | Path | None = None,
    scorer: str = "default",
) -> ScoreTable:
    """Score predictions against instances.

    Instances without a prediction count as wrong. If each instance has several replies, the main figures are those of
    the first ones; how often all replies are correct, and how often they agree, is added. For a run of the config
    `all`, or instances of several history types, each history type is scored separately. If the data set names a
    core, the main figures of the test split are on it, as on the leaderboard; those on the full split are added if
    the predictions answer more than the core.

    Args:
        predictions: A run; the path of a run file, of a file of {`instance_id`, `prediction`} lines, or of the output
            of a batch; texts by instance id; or texts in the order of the instances. None is a missing reply.
        data: Instances from `load`, a folder or Hub name, or rows of `datasets` with their answers.
        config: History type, for a folder or Hub name; by default that of the run's header, else of the ids.
        split: Split, for a folder or Hub name; by default that of the run's header, else `validation`.
        answers: Folder of the private answers, for the test split; not for instances from `load`.
        scorer: `default` compares arguments by their meaning under the tool's schema, `strict` as exact JSON values;
            `legacy` is the rule of the earlier benchmark's released scorer.

    Returns:
        Rates with 95 % intervals from a bootstrap over query groups, by history type.

    Raises:
        ConfigError: If `scorer`, `config` or `split` is unknown, or an option does not apply to loaded instances.
        DataError: If the predictions cannot be read, belong to other data, or a list has another length; or if there
            are no instances.
        MetricError: If an instance has no answer, or an id is unknown.
        ReadError: If the folder is not a data set.

    Example:
        >>> scores = score({row.instance_id: my_model(prompt(row)) for row in data}, data)
        >>> print(scores)
        >>> scores.to_pandas()
    """
    rule: ScorerName = validate_choice("scorer", scorer, SCORERS)
    run = _as_run(predictions)
    instances = _loaded(data, run, config, split, answers)
    run = _resolved(run, predictions, instances)
    parts = instances.by_config()
    if not parts:
        raise DataError("There are no instances to score. Load a split that has rows.")
    if run.lines and not any(_belongs(name, config) for name in run.lines for config in parts):
        raise DataError(
            f"None of the {len(run.lines):,} predictions belongs to {', '.join(parts)}; an example is "
            f"{next(iter(run.lines))!r}. Score them against the config that they answer."
        )
    scored_rows = instances.scored_rows
    history = run.header.settings.history if run.header else "own"
    if scored_rows != FULL_SPLIT or not instances.has_core:
        scored = tuple(_scored(run, part, rule) for part in parts.values())
        return ScoreTable(run.name, scored, scored_rows, history=history)
    cores = {config: part.core for config, part in parts.items()}
    main = tuple(_scored(run, core, rule, others=True) for core in cores.values())
    full = tuple(_scored(run, part, rule) for config, part in parts.items() if _answers_more(run, cores[config]))
    return ScoreTable(run.name, main, CORE, full, history)


def _answers_more(run: Run, core: InstanceSet) -> bool:
    """Return True if a run answers instances of a config beyond those of its core."""
    ids = {row.instance_id for row in core}
    return any(name not in ids and _belongs(name, core.config) for name in run.lines)


def check_loaded(**options: object) -> None:
    """Check that no loading option is given together with loaded instances.

    Raises:
        ConfigError: If an option is not None.
    """
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"The instances are loaded already, so {name} has no effect. Pass {name} to load.")


def _loaded(
    data: InstanceSet | str | Path | Iterable[Instance | Mapping[str, Any]],
    run: Run | None,
    config: str | None,
    split: str | None,
    answers: str | Path | None,
) -> InstanceSet:
    """Return the instances to score against; a folder is read in the config and split that the run answers."""
    if isinstance(data, InstanceSet):
        check_loaded(config=config, split=split, answers=answers)
        return data
    if run is not None and isinstance(data, str | Path):
        config = config or _config_of(run)
        split = split or (run.header.settings.split if run.header else None)
    return load(data, config, split, answers=answers)


def resolve(predictions: Predictions, data: InstanceSet) -> Run:
    """Return predictions of any accepted form as a run that answers the given instances.

    Raises:
        DataError, MetricError: As in `score`.
    """
    return _resolved(_as_run(predictions), predictions, data)


def score_replies(
    predictions: Mapping[str, str],
    instances: Iterable[Instance],
    answers: Iterable[AnswerKey] = (),
    scorer: ScorerName = "default",
) -> Scores:
    """Score texts by instance id against the instances of one config.

    Returns:
        The rates with their intervals, and the shares of the error classes.

    Raises:
        MetricError: If an id is unknown, or an instance has no answer.
    """
    wanted = references(instances, answers)
    return aggregate(judge_all(predictions, wanted, scorer), [reference.query_group for reference in wanted])


def _as_run(predictions: Predictions) -> Run | None:
    """Return predictions as a run; None for a list, whose ids depend on the instances, or an original reply file."""
    if isinstance(predictions, Run):
        return predictions
    if isinstance(predictions, Mapping):
        return run_in_memory(predictions)
    if isinstance(predictions, str | Path):
        return None if _is_released(Path(predictions)) else read_run(predictions)
    return None


def _is_released(path: Path) -> bool:
    """Return True if a file may be one of the earlier benchmark's reply files: its data set decides how it is read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(1_000_000).strip()
    except OSError:
        return False
    try:
        record = json.loads(first)
    except ValueError:
        return first.startswith("[")
    return not (isinstance(record, dict) and record.keys() & {"petoolbench", "instance_id", "custom_id"})


def _resolved(run: Run | None, predictions: Predictions, data: InstanceSet) -> Run:
    """Return the run that answers the given instances."""
    if run is None and isinstance(predictions, str | Path):
        path = Path(predictions)
        run = (
            read_replies(path, data.rows, data.manifest)
            if data.manifest and data.manifest.is_original
            else read_run(path)
        )
    if run is None:
        run = run_in_memory(_by_id(predictions, data))
    for part in data.by_config().values():
        check_made_for(run, data.source, part.config, data.split, data.manifest)
    return _with_candidate_names(run, data) if run.native_calls else run


def _by_id(predictions: Any, data: InstanceSet) -> dict[str, str | None]:
    """Map each instance id to its text, from a list of texts in the order of the data or from a mapping."""
    if not isinstance(predictions, Iterable):
        raise DataError(
            f"The predictions are of type {type(predictions).__name__}. Pass a run, the path of a file, a dict of "
            "texts by instance id, or a list of texts."
        )
    texts = list(predictions)
    if len(texts) != len(data):
        raise DataError(
            f"There are {len(texts):,} predictions for {len(data):,} instances. Pass one text for each instance, or a "
            "dict of texts by instance id."
        )
    return {row.instance_id: text for row, text in zip(data, texts, strict=True)}


def run_in_memory(predictions: Mapping[str, str | None]) -> Run:
    """Return texts by instance id as a run; None is a missing reply.

    Raises:
        DataError: If an id or a reply is not text.
    """
    for instance_id, text in predictions.items():
        if not isinstance(instance_id, str):
            raise DataError(
                f"The instance id {instance_id!r} is of type {type(instance_id).__name__}. Pass ids as text."
            )
        if not isinstance(text, str | None):
            raise DataError(
                f"The prediction of {instance_id!r} is of type {type(text).__name__}. Pass the reply as text, or None "
                "where there is none."
            )
    lines = {name: Line(name, text) for name, text in predictions.items() if text is not None}
    return Run(Path("predictions"), None, lines)


def _config_of(run: Run) -> str | None:
    """Return the config that a run answers, from its header or else from its ids; None if the ids name none."""
    if run.header is not None:
        return run.header.settings.config
    configs = {config for name in run.lines if (config := named_config(name))}
    return ALL if len(configs) > 1 else next(iter(configs), None)


def _with_candidate_names(run: Run, data: InstanceSet) -> Run:
    """Return a batch, which has one reply to each instance, with the names of candidates in its native calls."""
    lines = dict(run.lines)
    for row in data:
        if row.instance_id in run.native_calls:
            line = lines[row.instance_id]
            names = safe_names([tool.name for tool in row.candidates])
            lines[row.instance_id] = replace(line, prediction=text_of_reply(line.prediction, names))
    return replace(run, lines=lines, native_calls=frozenset())


def _scored(run: Run, part: InstanceSet, scorer: ScorerName, *, others: bool = False) -> ConfigScores:
    """Return the scores of a run on the instances of one config.

    Args:
        run: The run.
        part: Instances.
        scorer: Rule for comparing arguments.
        others: True to ignore predictions for other instances of the config instead of refusing them.
    """
    texts = {name: text for name, text in run.predictions.items() if _belongs(name, part.config)}
    if others:
        texts = {row.instance_id: texts[row.instance_id] for row in part if row.instance_id in texts}
    missing = sum(row.instance_id not in texts for row in part)
    repeats = _repeats(run, part, scorer) if run.repeats else None
    return ConfigScores(part.config, score_replies(texts, part.rows, scorer=scorer), missing, repeats)


def _repeats(run: Run, part: InstanceSet, scorer: ScorerName) -> RepeatScores:
    """Return the scores of all replies to the instances of one config."""
    replies = [
        {row.instance_id: lines[row.instance_id].prediction for row in part if row.instance_id in lines}
        for lines in (run.lines, *run.repeats)
    ]
    return repeat_scores(replies, references(part.rows), scorer)


def _belongs(instance_id: str, config: str) -> bool:
    """Return True unless an id names another history type; unknown ids are reported by the metric."""
    return named_config(instance_id) in (config, None)
