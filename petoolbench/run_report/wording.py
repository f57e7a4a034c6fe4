"""Findings of a report in words, and the labels that all its tables and plots share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from metrics.petoolbench.records import RATES
from metrics.petoolbench.uncertainty import LEVEL, Comparison

from .lift import Lift
from .run_facts import NO_REPLY, Report, RunFacts

RATE_NAMES: Final[Mapping[str, str]] = {name: name.replace("_", " ") for name in RATES}
"""Label of each rate, the same as in `petoolbench score` and on the leaderboard."""
OUTCOME_NAMES: Final[Mapping[str, str]] = {
    "correct": "correct",
    "parameter_value_mismatch": "parameter value mismatch",
    "parameter_name_mismatch": "parameter name mismatch",
    "preference_mismatch": "preference mismatch",
    "functionality_mismatch": "functionality mismatch",
    "tool_hallucination": "tool hallucination",
    "invalid_format": "invalid format",
    NO_REPLY: "no reply",
}
"""Label of each outcome, ordered from the most nearly correct to the least."""
HISTORY_NAMES: Final[Mapping[str, str]] = {
    "own": "the user's own history",
    "swapped": "another user's history",
    "none": "no history",
}
"""Label of each shown history."""
_MAX_MODELS: Final = 3
"""Number of models per config that the findings mention."""


class Finding(NamedTuple):
    """Findings on one subject, one line per run."""

    about: str
    lines: tuple[str, ...]


def percent(share: float) -> str:
    """Format a share of 0 to 1 as a percentage, without the `%` sign."""
    return f"{100 * share:.1f}"


def p_value(p: float) -> str:
    """Format a p-value, such as `p = 0.012`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def findings(report: Report) -> list[Finding]:
    """Return the main findings: accuracy, use of the history, errors, position bias, and incomplete runs."""
    all_findings = [
        *(Finding(_accuracy_about(report, config), tuple(_accuracy(report, config))) for config in report.rows),
        *(Finding(f"Use of the history, {config}", tuple(_lifts(report, config))) for config in report.rows),
        Finding("Most frequent error", tuple(_errors(report))),
        Finding("Calls that depend on the order of the candidates", tuple(_positions(report))),
        Finding("Instances without a reply, which count as wrong", tuple(_gaps(report))),
        Finding("Replies that were cut or refused", tuple(_cut_or_refused(report))),
        Finding("Several replies to each instance", tuple(_repeats(report))),
        Finding(
            "Runs on a part of the instances (the accuracy tables show the rates over all and over this part)",
            tuple(_limited(report)),
        ),
        Finding("Histories shown without their oldest steps", tuple(_shortened(report))),
        Finding("Runs without a lift", tuple(_alone(report))),
    ]
    return [finding for finding in all_findings if finding.lines]


def leading(report: Report, config: str) -> list[RunFacts]:
    """Return the runs on a config that the findings mention.

    These are the best models with the user's own history; if there are none, the best baseline.
    """
    own = [run for run in report.of(config) if run.history == "own"]
    models = [run for run in own if not run.baseline]
    # Runs may have been asked different instances, so they are ranked by the rates over these.
    models.sort(key=lambda run: -run.scores_of_asked["tool_accuracy"])
    return models[:_MAX_MODELS] or [run for run in own if not is_oracle(run)][:1] or own[:1]


def is_oracle(run: RunFacts) -> bool:
    """Return True if a run is that of the oracle, the upper bound."""
    return run.made_with.get("model") == "baseline:oracle"


def _accuracy_about(report: Report, config: str) -> str:
    """Return the heading of a config, with chance and the oracle's accuracy where they are known."""
    known = []
    if config in report.chance:
        known.append(f"chance within the functionality {percent(report.chance[config])} %")
    oracles = [run for run in report.of(config) if is_oracle(run) and run.history == "own"]
    known += [f"oracle {percent(run.scores_of_asked['tool_accuracy'])} %" for run in oracles[:1]]
    return f"Accuracy, {config}" + (f" ({', '.join(known)})" if known else "")


def _accuracy(report: Report, config: str) -> Iterator[str]:
    for run in leading(report, config):
        scores = run.scores_of_asked
        low, high = scores["intervals"]["tool_accuracy"]
        count = f"{scores['count']:,} instances of the {report.scored_rows}"
        if run.limited:
            count = f"the {run.answered.asked:,} instances asked"
        yield (
            f"{run.name}: tool accuracy {percent(scores['tool_accuracy'])} % on {count} "
            f"(95 % interval {percent(low)} to {percent(high)}){_versus_chance(low, high, report.chance.get(config))}."
        )


def _versus_chance(low: float, high: float, chance: float | None) -> str:
    if chance is None:
        return ""
    if low > chance:
        return ", above chance"
    return ", below chance" if high < chance else ", not distinguishable from chance"


def _lifts(report: Report, config: str) -> Iterator[str]:
    """Yield the lifts of the leading runs; if these have none, the lifts of all runs."""
    lifts = [lift for lift in report.lifts if lift.config == config]
    names = {run.name for run in leading(report, config)}
    by_name: dict[str, list[str]] = {}
    for lift in [lift for lift in lifts if lift.name in names] or lifts:
        by_name.setdefault(lift.name, []).append(lift_in_words(lift))
    yield from (f"{name}: {'; '.join(clauses)}." for name, clauses in by_name.items())


def _detectable(comparison: Comparison) -> str:
    """Return the least detectable difference; nothing if both runs are right on the same instances."""
    if not comparison.detectable:
        return "; both call the right tool on the same instances"
    return (
        f"; the least detectable difference on these {comparison.rows:,} instances is "
        f"{percent(comparison.detectable)} points"
    )


def lift_in_words(lift: Lift) -> str:
    """Describe a lift in a clause."""
    comparison = lift.comparison
    other = HISTORY_NAMES[lift.against]
    if not comparison.differs:
        return (
            f"no significant difference between {HISTORY_NAMES['own']} and {other} "
            f"({100 * comparison.difference:+.1f} points, 95 % interval {100 * comparison.low:+.1f} to "
            f"{100 * comparison.high:+.1f}, {p_value(comparison.p)}{_detectable(comparison)})"
        )
    better, worse, sign = HISTORY_NAMES["own"], other, 1
    if comparison.difference < 0:
        better, worse, sign = worse, better, -1
    low, high = sorted((sign * comparison.low, sign * comparison.high))
    return (
        f"{percent(abs(comparison.difference))} points better with {better} than with {worse} "
        f"(95 % interval {percent(low)} to {percent(high)})"
    )


def _errors(report: Report) -> Iterator[str]:
    for config in report.rows:
        for run in leading(report, config)[:1]:
            errors = {name: share for name, share in run.outcomes.items() if name != "correct" and share}
            if errors:
                most = max(errors, key=lambda name: errors[name])
                yield f"{run.name} on {config}: {OUTCOME_NAMES[most]}, {percent(errors[most])} % of the instances."


def _positions(report: Report) -> Iterator[str]:
    """Yield the position bias of models, with Bonferroni's correction for the number of tested runs.

    Baselines are left out, since some of them choose by position on purpose.
    """
    tested = [run for config in report.rows for run in leading(report, config) if run.calls and not run.baseline]
    for run in tested:
        calls = run.calls
        if calls and calls.p < LEVEL / len(tested):
            share, even = percent(calls.shares[calls.most]), percent(calls.even[calls.most])
            yield (
                f"{run.name} on {run.config}: {share} % of its calls are to the candidate at position "
                f"{calls.most + 1}; {even} % are expected ({p_value(calls.p)})."
            )


def _gaps(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        failed, missing = sum(run.answered.failed for run in runs), sum(run.answered.missing for run in runs)
        parts = []
        if missing:
            parts.append(f"{missing:,} missing from the run file")
        if failed:
            parts.append(f"{failed:,} failed ({reasons(_failure_reasons(runs))})")
        if parts:
            yield f"{name}: {failed + missing:,} of {_asked(runs)}: {', '.join(parts)}."


def _cut_or_refused(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        counts = {
            "cut at the limit of output tokens": sum(run.answered.cut for run in runs),
            "refused by the model or a content filter": sum(run.answered.refused for run in runs),
            "empty for another reason": sum(run.answered.empty for run in runs),
        }
        asked = sum(run.answered.asked for run in runs)
        parts = [f"{percent(count / asked)} % {kind}" for kind, count in counts.items() if count]
        if parts:
            yield f"{name}: of {_asked(runs)}, {', '.join(parts)}."


def _repeats(report: Report) -> Iterator[str]:
    for run in report.runs:
        if run.repeats:
            number, passes = run.repeats["replies"], run.repeats["tool_pass"]
            yield (
                f"{run.name} on {run.config}: the tool is correct in {percent(passes[0])} % of the replies, and in all "
                f"{number} replies to {percent(passes[-1])} % of the instances; {percent(run.repeats['agreement'])} % "
                "of the pairs of replies call the same tool."
            )


def _failure_reasons(runs: Sequence[RunFacts]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run.answered.reasons)
    return counts


def _by_name(report: Report) -> dict[str, list[RunFacts]]:
    by_name: dict[str, list[RunFacts]] = {}
    for run in report.runs:
        by_name.setdefault(run.name, []).append(run)
    return by_name


def _asked(runs: Sequence[RunFacts]) -> str:
    count = f"{sum(run.answered.asked for run in runs):,} instances asked"
    return f"{count} of {runs[0].config}" if len(runs) == 1 else f"{count} of {len(runs)} configs"


def reasons(counts: Mapping[str, int], most: int = 3) -> str:
    """List the reasons why requests failed, the most frequent first.

    Args:
        counts: Number of failed requests by reason.
        most: Number of reasons to name; the others are only counted.
    """
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{_cut(reason)}: {count:,}" for reason, count in ranked[:most]]
    return "; ".join([*named, *([f"{len(ranked) - most} other reasons"] if len(ranked) > most else [])])


def _cut(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _limited(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        limited = [run for run in runs if run.limited]
        if limited:
            yield f"{name}: {_asked(limited)}, out of {sum(run.answered.rows for run in limited):,}."


def _shortened(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        count = sum(run.answered.shortened for run in runs)
        if count:
            yield f"{name}: {count:,} of {_asked(runs)}."


def _alone(report: Report) -> Iterator[str]:
    configs: dict[tuple[str, str], list[str]] = {}
    for run in report.alone:
        configs.setdefault((run.name, run.why), []).append(run.config)
    for (name, why), where in configs.items():
        yield f"{name} ({', '.join(where)}): {why}."
