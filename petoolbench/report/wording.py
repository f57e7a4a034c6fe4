"""What was found, in plain words; and what things are called wherever a report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from metrics.petoolbench.uncertainty import LEVEL

from .facts import NO_REPLY, Report, RunFacts
from .lift import Lift

OUTCOME_NAMES: Final[Mapping[str, str]] = {
    "correct": "right",
    "parameter_value_mismatch": "right tool, other values",
    "parameter_name_mismatch": "right tool, other arguments",
    "preference_mismatch": "right job, not this user's tool",
    "functionality_mismatch": "a tool for another job",
    "tool_hallucination": "a tool that was not offered",
    "invalid_format": "no call can be read",
    NO_REPLY: "no reply",
}
"""By outcome, the nearest to right first."""
HISTORY_NAMES: Final[Mapping[str, str]] = {
    "own": "the user's own history",
    "swapped": "another user's history",
    "none": "no history",
}
_LEADING: Final = 3
"""Models that are told of, of each config."""


class Finding(NamedTuple):
    """What there is to say on one subject, a line for each run."""

    about: str
    lines: tuple[str, ...]


def percent(share: float) -> str:
    """A share as per cent, without the sign."""
    return f"{100 * share:.1f}"


def p_value(p: float) -> str:
    """A p-value as it is read."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def findings(report: Report) -> list[Finding]:
    """What a reader should know first: how good, whether the history is used, what goes wrong, what is missing."""
    found = [
        *(Finding(_accuracy_about(report, config), tuple(_accuracy(report, config))) for config in report.rows),
        *(Finding(f"Use of the history, {config}", tuple(_lifts(report, config))) for config in report.rows),
        Finding("Most frequent error", tuple(_errors(report))),
        Finding("Calls that go by the order of the candidates", tuple(_positions(report))),
        Finding("Rows without a reply, which count as wrong", tuple(_gaps(report))),
        Finding(
            "Asked a part of the rows (tables of accuracy count all, and beside them that part)",
            tuple(_limited(report)),
        ),
        Finding("Histories shown without their oldest steps", tuple(_shortened(report))),
        Finding("No lift to tell", tuple(_alone(report))),
    ]
    return [one for one in found if one.lines]


def leading(report: Report, config: str) -> list[RunFacts]:
    """The runs on a config that are told of: the best models with the own history; without any, the best baseline."""
    own = [run for run in report.of(config) if run.history == "own"]
    models = [run for run in own if not run.baseline]
    # Of runs that were asked other rows, those asked are what they are ranked by.
    models.sort(key=lambda run: -run.scores_of_asked["tool_accuracy"])
    return models[:_LEADING] or [run for run in own if not is_oracle(run)][:1] or own[:1]


def is_oracle(run: RunFacts) -> bool:
    """Whether a run is the ceiling."""
    return run.made_with.get("model") == "baseline:oracle"


def _accuracy_about(report: Report, config: str) -> str:
    """The config, with floor and ceiling where they are known."""
    ceiling = [run for run in report.of(config) if is_oracle(run) and run.history == "own"]
    known = [
        *(
            [f"chance among the tools for the job {percent(report.chance[config])} %"]
            if config in report.chance
            else []
        ),
        *(f"oracle {percent(run.scores_of_asked['tool_accuracy'])} %" for run in ceiling[:1]),
    ]
    return f"Accuracy, {config}" + (f" ({', '.join(known)})" if known else "")


def _accuracy(report: Report, config: str) -> Iterator[str]:
    for run in leading(report, config):
        scores = run.scores_of_asked
        low, high = scores["intervals"]["tool_accuracy"]
        rows = f"the {run.answered.asked:,} rows asked" if run.limited else f"{run.answered.rows:,} rows"
        yield (
            f"{run.name} calls this user's tool in {percent(scores['tool_accuracy'])} % of {rows} "
            f"(95 % interval {percent(low)} to {percent(high)}){_beside_chance(low, high, report.chance.get(config))}."
        )


def _beside_chance(low: float, high: float, chance: float | None) -> str:
    if chance is None:
        return ""
    return ", above chance" if low > chance else ", below chance" if high < chance else ", not to be told from chance"


def _lifts(report: Report, config: str) -> Iterator[str]:
    """Of the runs that are told of; where there is none of these, of all."""
    own = [lift for lift in report.lifts if lift.config == config]
    names = {run.name for run in leading(report, config)}
    told: dict[str, list[str]] = {}
    for lift in [lift for lift in own if lift.name in names] or own:
        told.setdefault(lift.name, []).append(lift_in_words(lift))
    yield from (f"{name}: {'; '.join(said)}." for name, said in told.items())


def lift_in_words(lift: Lift) -> str:
    """A lift as a clause."""
    found, other = lift.comparison, lift.against
    if not found.differs:
        return (
            f"own and {other} cannot be told apart ({100 * found.difference:+.1f} points, 95 % interval "
            f"{100 * found.low:+.1f} to {100 * found.high:+.1f}, {p_value(found.p)}; these {found.rows:,} rows would "
            f"show {percent(found.detectable)})"
        )
    ahead, behind, sign = ("own", other, 1) if found.difference > 0 else (other, "own", -1)
    low, high = sorted((sign * found.low, sign * found.high))
    return (
        f"{ahead} beats {behind} by {percent(abs(found.difference))} points (95 % interval {percent(low)} to "
        f"{percent(high)})"
    )


def _errors(report: Report) -> Iterator[str]:
    for config in report.rows:
        for run in leading(report, config)[:1]:
            wrong = {name: share for name, share in run.outcomes.items() if name != "correct" and share}
            if wrong:
                most = max(wrong, key=lambda name: wrong[name])
                yield f"{run.name} on {config}: {OUTCOME_NAMES[most]}, {percent(wrong[most])} % of rows."


def _positions(report: Report) -> Iterator[str]:
    """Of models; some baselines are made to go by places. The level is shared among all runs that are told of."""
    told = [run for config in report.rows for run in leading(report, config) if run.calls and not run.baseline]
    for run in told:
        calls = run.calls
        if calls and calls.p < LEVEL / len(told):
            share, even = percent(calls.shares[calls.most]), percent(calls.even[calls.most])
            yield (
                f"{run.name} on {run.config}: {share} % of its calls are of the candidate at place {calls.most + 1}, "
                f"where {even} % would be even ({p_value(calls.p)})."
            )


def _gaps(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        failed, missing = sum(run.answered.failed for run in runs), sum(run.answered.missing for run in runs)
        why: Counter[str] = Counter()
        for run in runs:
            why.update(run.answered.reasons)
        parts = [
            *([f"{missing:,} of which the file says nothing"] if missing else []),
            *([f"{failed:,} failed ({reasons(why)})"] if failed else []),
        ]
        if parts:
            yield f"{name}: {failed + missing:,} of {_asked(runs)}: {', '.join(parts)}."


def _by_name(report: Report) -> dict[str, list[RunFacts]]:
    found: dict[str, list[RunFacts]] = {}
    for run in report.runs:
        found.setdefault(run.name, []).append(run)
    return found


def _asked(runs: Sequence[RunFacts]) -> str:
    rows = f"{sum(run.answered.asked for run in runs):,} rows asked"
    return f"{rows} of {runs[0].config}" if len(runs) == 1 else f"{rows} of {len(runs)} configs"


def reasons(counts: Mapping[str, int], most: int = 3) -> str:
    """Why requests failed, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{_cut(reason)}: {count:,}" for reason, count in ranked[:most]]
    return "; ".join([*shown, *([f"{len(ranked) - most} other reasons"] if len(ranked) > most else [])])


def _cut(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _limited(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        part = [run for run in runs if run.limited]
        if part:
            yield f"{name}: {_asked(part)}, which have {sum(run.answered.rows for run in part):,}."


def _shortened(report: Report) -> Iterator[str]:
    for name, runs in _by_name(report).items():
        count = sum(run.answered.shortened for run in runs)
        if count:
            yield f"{name}: {count:,} of {_asked(runs)}."


def _alone(report: Report) -> Iterator[str]:
    configs: dict[tuple[str, str], list[str]] = {}
    for one in report.alone:
        configs.setdefault((one.name, one.why), []).append(one.config)
    for (name, why), where in configs.items():
        yield f"{name} ({', '.join(where)}): {why}."
