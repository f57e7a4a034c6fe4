"""Statistics for a report, computed from the judged runs, independent of how they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import Scores, aggregate, macro
from metrics.petoolbench.records import ERROR_CLASSES
from metrics.petoolbench.repeats import RepeatScores, scores_of_verdicts
from petoolbench.runs import Header, Line

from .bias import PositionBias, position_bias
from .breakdown import Breakdown, breakdowns
from .gather import Gathered, JudgedRun
from .lift import Lift, UnpairedRun, lifts

NO_REPLY: Final = "no_reply"
OUTCOMES: Final = (*ERROR_CLASSES, NO_REPLY)
"""Error classes and `no_reply`. In a report, `invalid_format` counts only replies that exist but cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens and price of a run's replies."""

    items: int
    """Number of lines of the run file that state token counts."""
    input_tokens: int
    output_tokens: int
    usd: float | None
    """Price in US dollars; None if the prices are unknown."""

    def per_thousand(self, amount: float) -> float:
        """Convert an amount for all items to an amount per 1,000 items."""
        return 1000 * amount / self.items


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Size of the memories that a run showed in place of the histories."""

    items: int
    """Number of instances whose line states the size."""
    mean_tokens: float
    largest_tokens: int
    budget: int | None
    """Largest allowed size in tokens; None without a limit."""


@dataclass(frozen=True, slots=True)
class ReplyCounts:
    """Numbers of instances that a run covers and answers."""

    rows: int
    """Number of instances in the split."""
    asked: int
    """Number of instances that the run covers: all, unless it was limited by `--limit`, `--ids` or `--core`."""
    unasked: int
    """Number of instances of the main figure that the run does not cover."""
    replies: int
    failed: int
    """Number of requests that failed according to the run file."""
    missing: int
    """Number of covered instances without a line in the run file."""
    shortened: int
    """Number of prompts without the oldest steps of the history."""
    cut: int
    """Number of replies that reached the limit of output tokens, also before their text began."""
    refused: int
    """Number of replies that the model refused or a content filter withheld."""
    empty: int
    """Number of replies with neither text nor call, for any other reason."""
    reasons: Mapping[str, int]
    """Number of failed requests by error message, most frequent first."""

    @property
    def cut_share(self) -> float:
        """Share of the covered instances whose reply was cut, 0 to 1."""
        return self.cut / self.asked

    @property
    def refused_share(self) -> float:
        """Share of the covered instances whose reply was refused, 0 to 1."""
        return self.refused / self.asked


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Statistics of one run on one config.

    `outcomes` and all fields after it are over the instances that the run covers.
    """

    name: str
    file: str
    config: str
    history: str
    baseline: bool
    answered: ReplyCounts
    scores: Scores
    """Main figure: scores over `Report.scored_rows`; an instance without a reply counts as wrong."""
    full: Scores | None
    """Scores over the full split, if the main figure is on its core and the run covers the full split."""
    scores_of_asked: Scores
    """Scores over the instances that the run covers, if it was limited; otherwise equal to `scores`."""
    outcomes: Mapping[str, float]
    """Share of each of `OUTCOMES`, 0 to 1."""
    repeats: RepeatScores | None
    """Scores of all replies, if each instance has several; all other figures are those of the first replies."""
    breakdowns: tuple[Breakdown, ...]
    calls: PositionBias | None
    cost: Cost | None
    """None if the run file states no token counts."""
    memory: MemoryUse | None
    """None if the histories were in the prompts, or the memory system states no size."""
    made_with: Mapping[str, object]
    """Settings of the run from its header; empty if the file has none."""

    @property
    def limited(self) -> bool:
        """True if the run covers only a part of the instances of the main figure."""
        return self.answered.unasked > 0


@dataclass(frozen=True, slots=True)
class Report:
    """Statistics of all runs on one split of one data set."""

    build_id: str
    split: str
    scored_rows: str
    """Rows that the main figure is on: `core`, `full split`, or `given rows` for a selection of rows."""
    rows: Mapping[str, int]
    """Number of instances of each answered config, in the order of the configs."""
    query_groups: Mapping[str, int]
    chance: Mapping[str, float]
    """Expected tool accuracy of a random choice among the candidates with the requested functionality, by config, 0 to
    1. Lacks the configs whose instances do not specify these candidates."""
    runs: tuple[RunFacts, ...]
    """Sorted by config, then by tool accuracy, best first."""
    means: Mapping[str, Mapping[str, float]]
    """Mean of the main rates over the three configs, for the runs that answer all of them; best first."""
    full_means: Mapping[str, Mapping[str, float]]
    """The same on the full split, for the runs that have scores on it next to the main figure."""
    lifts: tuple[Lift, ...]
    alone: tuple[UnpairedRun, ...]
    """Runs with a swapped or empty history for which no lift can be computed."""
    builtin: bool
    """True if the tools are those of the built-in catalogue."""

    def of(self, config: str) -> list[RunFacts]:
        """Return the runs on a config, best first."""
        return [run for run in self.runs if run.config == config]


def compute_report(gathered: Gathered) -> Report:
    """Compute all statistics in a report."""
    firsts: dict[str, JudgedRun] = {}
    for run in gathered.runs:
        firsts.setdefault(run.config, run)
    chances = {config: _chance(run) for config, run in firsts.items()}
    paired = lifts(gathered.runs)
    facts = tuple(_facts(run) for run in gathered.runs)
    return Report(
        build_id=gathered.build_id,
        split=gathered.runs[0].split,
        scored_rows=gathered.runs[0].scored_rows,
        rows={config: len(run.rows) for config, run in firsts.items()},
        query_groups={config: len(set(run.query_groups)) for config, run in firsts.items()},
        chance={config: chance for config, chance in chances.items() if chance is not None},
        runs=facts,
        means=_means((run.name, run.config, run.scores) for run in facts),
        full_means=_means((run.name, run.config, run.full) for run in facts if run.full),
        lifts=paired.found,
        alone=paired.alone,
        builtin=gathered.builtin,
    )


def _chance(run: JudgedRun) -> float | None:
    rows = [run.rows[index] for index in run.main]
    same_function = [row.meta.same_function for row in rows if row.meta and row.meta.same_function]
    if len(same_function) < len(rows):
        return None
    return sum(1 / len(names) for names in same_function) / len(same_function)


def _means(scored: Iterable[tuple[str, str, Scores]]) -> dict[str, dict[str, float]]:
    """Return the mean rates over the three configs by the name of the run, from names, configs and scores."""
    by_name: dict[str, dict[str, Scores]] = {}
    for run_name, config, run_scores in scored:
        by_name.setdefault(run_name, {})[config] = run_scores
    means = {name: macro(scores) for name, scores in by_name.items() if len(scores) == len(HISTORY_TYPES)}
    return dict(sorted(means.items(), key=lambda item: (-item[1]["tool_accuracy"], item[0])))


def _facts(run: JudgedRun) -> RunFacts:
    answered, scores = _answered(run), _scores(run, run.main)
    in_full = len(run.main) < len(run.rows) == len(run.asked)
    return RunFacts(
        name=run.name,
        file=run.file,
        config=run.config,
        history=run.history,
        baseline=run.baseline,
        answered=answered,
        scores=scores,
        full=_scores(run, range(len(run.rows))) if in_full else None,
        scores_of_asked=_scores(run, run.asked) if answered.unasked else scores,
        outcomes=_outcomes(run),
        repeats=_repeats(run),
        breakdowns=breakdowns(run),
        calls=position_bias(run),
        cost=_cost(run),
        memory=_memory(run),
        made_with=_made_with(run.header),
    )


def _scores(run: JudgedRun, indexes: Sequence[int]) -> Scores:
    groups = run.query_groups
    return aggregate([run.verdicts[index] for index in indexes], [groups[index] for index in indexes])


def _repeats(run: JudgedRun) -> RepeatScores | None:
    if not run.repeats:
        return None
    verdicts = [run.verdicts, *(replies.verdicts for replies in run.repeats)]
    called = [run.called, *(replies.called for replies in run.repeats)]
    groups = run.query_groups
    return scores_of_verdicts(
        [[of_reply[index] for index in run.asked] for of_reply in verdicts],
        [[of_reply[index] for index in run.asked] for of_reply in called],
        [groups[index] for index in run.asked],
    )


def _answered(run: JudgedRun) -> ReplyCounts:
    lines = [run.lines.get(run.rows[index].instance_id) for index in run.asked]
    present = [line for line in lines if line is not None]
    reasons = Counter(" ".join(line.error.split()) for line in present if line.error is not None)
    failed = sum(reasons.values())
    return ReplyCounts(
        rows=len(run.rows),
        asked=len(lines),
        unasked=len(set(run.main).difference(run.asked)),
        replies=len(present) - failed,
        failed=failed,
        missing=len(lines) - len(present),
        shortened=sum(line.dropped_steps > 0 for line in present),
        cut=sum(line.is_cut for line in present),
        refused=sum(line.is_refused for line in present),
        empty=sum(
            not (line.prediction.strip() or line.is_failed or line.is_cut or line.is_refused) for line in present
        ),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def _outcomes(run: JudgedRun) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for index in run.asked:
        line = run.lines.get(run.rows[index].instance_id)
        counts[NO_REPLY if line is None or line.error is not None else run.verdicts[index].error_class] += 1
    return {name: counts[name] / len(run.asked) for name in OUTCOMES}


def _cost(run: JudgedRun) -> Cost | None:
    lines = [line for line in run.all_lines if _states_tokens(line)]
    if not lines:
        return None
    input_tokens = sum(line.input_tokens or 0 for line in lines)
    output_tokens = sum(line.output_tokens or 0 for line in lines)
    return Cost(len(lines), input_tokens, output_tokens, _usd(run.header, input_tokens, output_tokens))


def _memory(run: JudgedRun) -> MemoryUse | None:
    sizes = [line.memory_tokens for line in run.lines.values() if line.memory_tokens is not None]
    if not sizes:
        return None
    budget = run.header.settings.memory_tokens if run.header else None
    return MemoryUse(len(sizes), sum(sizes) / len(sizes), max(sizes), budget)


def _states_tokens(line: Line) -> bool:
    return line.input_tokens is not None or line.output_tokens is not None


def _usd(header: Header | None, input_tokens: int, output_tokens: int) -> float | None:
    if header is None:
        return None
    prices = (header.settings.usd_per_million_input, header.settings.usd_per_million_output)
    if prices[0] is None or prices[1] is None:
        return None
    return (input_tokens * prices[0] + output_tokens * prices[1]) / 1_000_000


def _made_with(header: Header | None) -> dict[str, object]:
    if header is None:
        return {}
    settings = header.settings
    names = (
        "model",
        "mode",
        "history_view",
        "memory_tokens",
        "docs",
        "shuffle_seed",
        "seed",
        "context",
        "overlong",
        "limit",
    )
    return {
        **{name: getattr(settings, name) for name in names},
        "mode": "baseline" if settings.is_baseline else settings.mode,
        "ids": len(settings.ids) or None,
        "prompt_version": header.prompt_version,
        "sampling": header.sampling,
    }
