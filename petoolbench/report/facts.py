"""Everything that a report says, as numbers: computed from runs and rows, with no word of how it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import Scores, aggregate, macro
from metrics.petoolbench.records import ERROR_CLASSES

from .bias import PositionBias, position_bias
from .breakdown import Breakdown, breakdowns
from .gather import Gathered, Judged
from .lift import Alone, Lift, lifts

NO_REPLY: Final = "no_reply"
OUTCOMES: Final = (*ERROR_CLASSES, NO_REPLY)
"""The error classes, of which `invalid_format` is here only where there was a reply that could not be read."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the replies of a run took."""

    items: int
    """Lines that tell of tokens."""
    input_tokens: int
    output_tokens: int
    usd: float | None
    """None where no prices are known."""

    def per_thousand(self, amount: float) -> float:
        """An amount for each 1,000 items."""
        return 1000 * amount / self.items


@dataclass(frozen=True, slots=True)
class Answered:
    """How much of what it was asked a run answered."""

    rows: int
    """In the split; the denominator of its scores."""
    asked: int
    """Rows that it was to answer: all of them, unless it was limited."""
    replies: int
    failed: int
    """Requests without a reply, which the file says of itself."""
    missing: int
    """Rows asked of which the file says nothing."""
    shortened: int
    """Prompts whose oldest steps were left out."""
    reasons: Mapping[str, int]
    """Why requests failed, the most frequent first."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run on one config."""

    name: str
    file: str
    config: str
    history: str
    baseline: bool
    answered: Answered
    scores: Scores
    """Over all rows of the split; what was not answered is wrong."""
    scores_of_asked: Scores
    """Over the rows that it was asked; the same, unless it was limited. All that follows is over these."""
    outcomes: Mapping[str, float]
    """Share of each of `OUTCOMES`."""
    breakdowns: tuple[Breakdown, ...]
    calls: PositionBias | None
    cost: Cost | None
    """None where the file tells of no tokens."""
    made_with: Mapping[str, object]
    """Of its header, what the other fields do not say; empty where there is none."""

    @property
    def limited(self) -> bool:
        """Whether it was asked a part of the rows only."""
        return self.answered.asked < self.answered.rows


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of some runs on one split of one data set."""

    build_id: str
    split: str
    rows: Mapping[str, int]
    """Number of rows of each config that was answered, in the order of the configs."""
    query_groups: Mapping[str, int]
    chance: Mapping[str, float]
    """By config: tool accuracy of choosing at random among the candidates that do the job, 0 to 1; only where the rows
    tell which do."""
    runs: tuple[RunFacts, ...]
    """By config, then the best first."""
    means: Mapping[str, Mapping[str, float]]
    """Mean rates over the three configs, by the name of runs that answered all of them; the best first."""
    lifts: tuple[Lift, ...]
    alone: tuple[Alone, ...]
    """On runs that have no lift although they could be expected to."""

    def of(self, config: str) -> list[RunFacts]:
        """The runs on a config, the best first."""
        return [run for run in self.runs if run.config == config]


def report_on(gathered: Gathered) -> Report:
    """Compute everything that a report says."""
    firsts: dict[str, Judged] = {}
    for run in gathered.runs:
        firsts.setdefault(run.config, run)
    chances = {config: _chance(run) for config, run in firsts.items()}
    found = lifts(gathered.runs)
    facts = tuple(_facts(run) for run in gathered.runs)
    return Report(
        build_id=gathered.build_id,
        split=gathered.runs[0].split,
        rows={config: len(run.rows) for config, run in firsts.items()},
        query_groups={config: len(set(run.query_groups)) for config, run in firsts.items()},
        chance={config: chance for config, chance in chances.items() if chance is not None},
        runs=facts,
        means=_means(facts),
        lifts=found.found,
        alone=found.alone,
    )


def _chance(run: Judged) -> float | None:
    doing = [row.meta.same_function for row in run.rows if row.meta and row.meta.same_function]
    return sum(1 / len(names) for names in doing) / len(doing) if len(doing) == len(run.rows) else None


def _means(runs: Sequence[RunFacts]) -> dict[str, dict[str, float]]:
    by_name: dict[str, dict[str, Scores]] = {}
    for run in runs:
        by_name.setdefault(run.name, {})[run.config] = run.scores
    whole = {name: macro(scores) for name, scores in by_name.items() if len(scores) == len(HISTORY_TYPES)}
    return dict(sorted(whole.items(), key=lambda item: (-item[1]["tool_accuracy"], item[0])))


def _facts(run: Judged) -> RunFacts:
    scores = aggregate(run.verdicts, run.query_groups)
    groups = run.query_groups
    asked = [run.verdicts[index] for index in run.asked]
    limited = len(asked) < len(run.verdicts)
    return RunFacts(
        name=run.name,
        file=run.file,
        config=run.config,
        history=run.history,
        baseline=run.baseline,
        answered=_answered(run),
        scores=scores,
        scores_of_asked=aggregate(asked, [groups[index] for index in run.asked]) if limited else scores,
        outcomes=_outcomes(run),
        breakdowns=breakdowns(run),
        calls=position_bias(run),
        cost=_cost(run),
        made_with=_made_with(run),
    )


def _answered(run: Judged) -> Answered:
    lines = [run.lines.get(run.rows[index].instance_id) for index in run.asked]
    there = [line for line in lines if line is not None]
    reasons = Counter(" ".join(line.error.split()) for line in there if line.error is not None)
    failed = sum(reasons.values())
    return Answered(
        rows=len(run.rows),
        asked=len(lines),
        replies=len(there) - failed,
        failed=failed,
        missing=len(lines) - len(there),
        shortened=sum(line.dropped_steps > 0 for line in there),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def _outcomes(run: Judged) -> dict[str, float]:
    found: Counter[str] = Counter()
    for index in run.asked:
        line = run.lines.get(run.rows[index].instance_id)
        found[NO_REPLY if line is None or line.error is not None else run.verdicts[index].error_class] += 1
    return {name: found[name] / len(run.asked) for name in OUTCOMES}


def _cost(run: Judged) -> Cost | None:
    told = [line for line in run.lines.values() if line.input_tokens is not None or line.output_tokens is not None]
    if not told:
        return None
    taken = sum(line.input_tokens or 0 for line in told)
    given = sum(line.output_tokens or 0 for line in told)
    prices = (run.header.usd_per_million_input, run.header.usd_per_million_output) if run.header else (None, None)
    usd = None if None in prices else (taken * (prices[0] or 0) + given * (prices[1] or 0)) / 1_000_000
    return Cost(len(told), taken, given, usd)


def _made_with(run: Judged) -> dict[str, object]:
    header = run.header
    if header is None:
        return {}
    names = ("model", "mode", "docs", "shuffle_seed", "seed", "prompt_version", "context", "overlong", "limit", "ids")
    return {**{name: getattr(header, name) for name in names}, "sampling": dict(header.sampling)}
