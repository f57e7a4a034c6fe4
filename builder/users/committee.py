"""Committee: three readers that infer the wanted tool from a history in different ways.

An instance is kept only if all three pick its answer. They know which steps belong to the concern of the instruction; a
model must find that out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .choice_rules import RuleSet, known

_ERROR: Final = 0.06
"""Probability that a step does not follow the preference, as assumed by the Bayesian reader."""
_PRIOR: Final = {
    "single": 4.0,
    "joint": 1.0,
    "limit": 0.5,
    "trade": 0.7,
    "cap": 0.5,
    "exclusion": 0.1,
    "classes": 0.2,
}
"""Prior weight of a kind of rules, divided evenly over its rules."""
_RIDGE: Final = 0.35
"""Penalty of the linear reader on squared weights."""
_CERTAINTY: Final = 0.9
"""Minimum posterior probability of the answer, for the Bayesian reader, at which the committee agrees."""
_MARGIN: Final = 1e-3
"""Lead in score by which the counter and the linear reader must prefer the answer."""
_ITERATIONS: Final = 12
_CONVERGED: Final = 1e-3
"""Change of every weight below which the linear reader stops."""
_LEAST_CURRENT: Final = 4
"""Minimum number of steps after the last change of a preference."""
_LEAST_BETWEEN: Final = 3
"""Minimum number of steps under a preference that lasts only for a while."""
_MOST_STEPS: Final = 150
"""Number of steps, counted from the end, that are read where a preference can change; they are ample."""
_CENTRE: Final = 2.0
"""Typical negative log likelihood of a step, by which sums over steps are centred."""
READERS: Final = ("bayes", "counter", "linear")
"""Names of the readers."""


class ObservedChoice(NamedTuple):
    """One step as a reader sees it."""

    tools: NDArray[np.float64]
    """Features of the offered tools, of shape (tools, columns)."""
    choice: int
    """Index of the called tool."""
    liked: bool = True
    """False for a call that the user disliked."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Scores of the candidates by each reader; the highest is the reader's pick."""

    bayes: NDArray[np.float64]
    """Posterior probability of each candidate, 0 to 1."""
    counter: NDArray[np.float64]
    linear: NDArray[np.float64]

    def picks(self) -> tuple[int, int, int]:
        """Return the candidate that each reader picks."""
        return int(self.bayes.argmax()), int(self.counter.argmax()), int(self.linear.argmax())


def read_history(
    steps: list[ObservedChoice], candidates: NDArray[np.float64], rules: RuleSet, *, changes: int = 0
) -> Verdicts:
    """Score the candidates of a query by all three readers.

    Args:
        steps: Steps of the concern, oldest first, that offer the same number of tools.
        candidates: Features of the candidates that do the job, of shape (candidates, columns).
        rules: The rules.
        changes: Maximum number of changes of the preference, which the readers must find; with 0, all steps are under
            the current preference, and their order means nothing.

    Returns:
        The scores of the candidates, by reader.
    """
    tools = np.array([step.tools for step in steps])
    choice = np.array([step.choice for step in steps])
    liked = np.array([step.liked for step in steps])
    likelihood = step_likelihoods(called_ties(tie_counts(tools, rules), choice), liked, tools.shape[1])
    if changes:
        current = current_steps(likelihood, rules, changes)
        tools, choice, liked, likelihood = tools[current], choice[current], liked[current], likelihood[current]
    return Verdicts(
        votes(likelihood, tie_counts(candidates, rules), rules),
        counter(tools, choice, liked, candidates),
        linear(tools, choice, liked, candidates),
    )


def committee_agrees(
    tools: NDArray[np.float64],
    choice: NDArray[np.intp],
    liked: NDArray[np.bool_],
    candidates: NDArray[np.float64],
    answer: int,
    called: NDArray[np.uint8],
    ties: NDArray[np.uint8],
    rules: RuleSet,
    *,
    changes: bool,
) -> bool:
    """Check that all three readers pick one candidate, and that the Bayesian reader is certain of it.

    Args:
        tools: Features of the offered tools, of shape (steps, offered, columns).
        choice: Position of the called tool at each step.
        liked: False for disliked calls.
        candidates: Features of the candidates that do the job.
        answer: Position of the candidate.
        called: Tie counts of the called tools, of shape (steps, rules).
        ties: Tie counts of the candidates.
        rules: The rules.
        changes: True if the readers must find a change.
    """
    likelihood = step_likelihoods(called, liked, tools.shape[1])
    if changes:
        current = current_steps(likelihood, rules)
        tools, choice, liked, likelihood = tools[current], choice[current], liked[current], likelihood[current]
    if not len(tools):
        return False
    # The readers in ascending order of their cost.
    return (
        _leads(counter(tools, choice, liked, candidates), answer)
        and float(votes(likelihood, ties, rules)[answer]) >= _CERTAINTY
        and _leads(linear(tools, choice, liked, candidates), answer)
    )


def _leads(scores: NDArray[np.float64], answer: int) -> bool:
    """Return True if a candidate's score exceeds all others by a margin, so that no rounding decides."""
    others = np.delete(scores, answer)
    return bool(scores[answer] > others.max(initial=-np.inf) + _MARGIN)


def tie_counts(tools: NDArray[np.float64], rules: RuleSet) -> NDArray[np.uint8]:
    """Count, for each tool and rule, the tools that tie for the choice of the rule, this tool included.

    The count is 0 for a tool that is not among them.

    Args:
        tools: Features, of shape (..., tools, columns).
        rules: The rules.

    Returns:
        Numbers of shape (..., tools, rules).
    """
    possible = rules.choices(tools)
    ties: NDArray[np.uint8] = possible * possible.sum(axis=-2, keepdims=True, dtype=np.uint8)
    return ties


def called_ties(ties: NDArray[np.uint8], choice: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the tie counts of the called tools, of shape (steps, rules)."""
    called: NDArray[np.uint8] = ties[np.arange(len(choice)), choice]
    return called


def step_likelihoods(ties: NDArray[np.uint8], liked: NDArray[np.bool_], offered: int) -> NDArray[np.float64]:
    """Return the log likelihood of each step under each rule, of shape (steps, rules).

    Args:
        ties: Tie counts of the called tools, of shape (steps, rules).
        liked: False for disliked calls.
        offered: Number of tools offered at each step, at least 2.
    """
    follows = np.array([0.0, *(1 / count for count in range(1, offered + 1))])
    table = np.array([(1 - follows) / (offered - 1), follows])
    table = np.log((1 - _ERROR) * table + _ERROR / offered)
    likelihood: NDArray[np.float64] = table[liked.astype(np.intp)[:, None], ties]
    return likelihood


def votes(likelihood: NDArray[np.float64], ties: NDArray[np.uint8], rules: RuleSet) -> NDArray[np.float64]:
    """Return the probability that each candidate is the user's choice. This is the Bayesian reader of the committee.

    Each rule picks a candidate; the rules are weighted by their posterior probability given the steps.

    Args:
        likelihood: Log likelihood of the steps, of shape (steps, rules).
        ties: For each candidate and rule, the number of candidates that share the first place, and 0 if the candidate
            is not among them; of shape (candidates, rules).
        rules: The rules.
    """
    posterior = likelihood.sum(axis=0) + _log_prior(rules)
    posterior = np.exp(posterior - posterior.max())
    posterior /= posterior.sum()
    picks = np.where(ties > 0, 1 / np.maximum(ties, 1), 0.0)
    probability: NDArray[np.float64] = picks @ posterior
    return probability


def current_steps(likelihood: NDArray[np.float64], rules: RuleSet, changes: int = 1) -> NDArray[np.bool_]:
    """Infer which steps are under the current preference: the last ones, and possibly the first ones as well.

    Three explanations are weighed: one preference throughout; up to `changes` changes, each to a preference of its own;
    and there and back, where another preference holds for a while. A step counts as current if its probability, over
    all explanations and all places of the changes, is above one half.

    Args:
        likelihood: Log likelihood of the steps, oldest first, of shape (steps, rules).
        rules: The rules.
        changes: Maximum number of changes.

    Returns:
        True for the steps under the current preference, of shape (steps,).
    """
    number = len(likelihood)
    if number > _MOST_STEPS:
        late = current_steps(likelihood[-_MOST_STEPS:], rules, changes)
        return np.concatenate([np.zeros(number - _MOST_STEPS, dtype=bool), late])
    if number <= _LEAST_CURRENT:
        return np.ones(number, dtype=bool)
    inside, around = _segments(likelihood, rules)
    # The last change is before step 1, 2, ...
    last = slice(1, number - _LEAST_CURRENT + 1)
    after_change = _before_the_last(inside, changes)[last] + inside[last, number]
    places = np.arange(number + 1)
    allowed = places[None, :] - places[:, None] >= _LEAST_BETWEEN
    allowed[0] = False
    allowed[:, number - _LEAST_CURRENT + 1 :] = False
    there_and_back = np.where(allowed, inside + around - np.log(max(allowed.sum(), 1)), -np.inf)
    evidence = np.concatenate([[inside[0, number]], after_change, there_and_back.ravel()])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    returned = weights[len(after_change) + 1 :].reshape(there_and_back.shape)
    starts = returned.sum(axis=0)  # of the current preference, by step
    starts[last] += weights[1 : len(after_change) + 1]
    ends = returned.sum(axis=1)
    current: NDArray[np.bool_] = weights[0] + starts.cumsum()[:number] + ends[::-1].cumsum()[::-1][1:] > 0.5
    return current


def _segments(likelihood: NDArray[np.float64], rules: RuleSet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log marginal likelihood of all steps from one place to another, and of all other steps.

    Both have shape (steps + 1, steps + 1); where the second place is not behind the first, they have no meaning.
    """
    number = len(likelihood)
    prior = np.exp(_log_prior(rules))
    total = np.zeros((number + 1, len(prior)))
    np.cumsum(likelihood + _CENTRE, axis=0, out=total[1:])
    up, down = np.exp(total), np.exp(-total)
    length = _CENTRE * (np.arange(number + 1)[None, :] - np.arange(number + 1)[:, None])
    # Not `@`: its threads wait for each other where several processes share few cores.
    inside = np.log(np.einsum("ir,jr->ij", down * prior, up)) - length
    around = np.log(np.einsum("ir,jr->ij", up * (prior * up[-1]), down)) - (_CENTRE * number - length)
    return inside, around


def _before_the_last(inside: NDArray[np.float64], changes: int) -> NDArray[np.float64]:
    """Return the log probability of the steps before each place, with up to `changes` - 1 changes, and of the place."""
    number = len(inside) - 1
    spread = np.log(number)
    reached = inside[0] - spread
    sums = [reached]
    for _ in range(changes - 1):
        ways = np.where(np.tri(number + 1, k=-1, dtype=bool).T, reached[:, None] + inside, -np.inf)
        ways[0] = -np.inf
        reached = np.logaddexp.reduce(ways, axis=0) - spread
        sums.append(reached)
    total: NDArray[np.float64] = np.logaddexp.reduce(np.array(sums), axis=0)
    return total


def counter(
    tools: NDArray[np.float64], choice: NDArray[np.intp], liked: NDArray[np.bool_], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score candidates by how often the called tool was the best of those offered, axis by axis.

    An axis is weighted by the square of its excess over chance, on the steps at which its values differ.
    """
    stated = known(tools)
    called = stated[np.arange(len(choice)), choice, :]
    best, worst = stated.max(axis=1), stated.min(axis=1)
    tells = best - worst > 0.05
    height = np.where(tells, (called - worst) / np.where(tells, best - worst, 1.0), 0.0)
    sign = np.where(liked, 1.0, -1.0)[:, None]
    excess = ((height - 0.5) * sign * tells).sum(axis=0) / (tells.sum(axis=0) + 2.0)
    weight = np.clip(excess, 0, None) ** 2
    scores: NDArray[np.float64] = known(candidates) @ weight
    return scores


def linear(
    tools: NDArray[np.float64], choice: NDArray[np.intp], liked: NDArray[np.bool_], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score candidates by a linear utility, fitted to the choices by a penalised conditional logit."""
    stated = known(tools)
    centred = stated - stated.mean(axis=1, keepdims=True)
    varies = np.abs(centred).max(axis=(0, 1), initial=0.0) > 0  # the weights of the other columns stay 0
    centred = centred[:, :, varies]
    sign = np.where(liked, 1.0, -1.0)[:, None, None]
    centred = centred * sign  # a disliked call is a choice of the worst
    weights = np.zeros(centred.shape[2])
    called = centred[np.arange(len(choice)), choice, :]
    for _ in range(_ITERATIONS):
        utility = centred @ weights
        utility -= utility.max(axis=1, keepdims=True)
        share = np.exp(utility)
        share /= share.sum(axis=1, keepdims=True)
        mean = (share[:, :, None] * centred).sum(axis=1)
        gradient = (called - mean).sum(axis=0) - _RIDGE * weights
        spread = (centred - mean[:, None, :]) * np.sqrt(share)[:, :, None]
        spread = spread.reshape(share.size, len(weights))
        step = np.linalg.solve(spread.T @ spread + _RIDGE * np.eye(len(weights)), gradient)
        weights = weights + step
        if np.abs(step).max(initial=0.0) < _CONVERGED:
            break
    scores: NDArray[np.float64] = known(candidates)[:, varies] @ weights
    return scores


@lru_cache(maxsize=256)
def _log_prior(rules: RuleSet) -> NDArray[np.float64]:
    number = {kind: sum(rule.kind == kind for rule in rules.rules) or 1 for kind in _PRIOR}
    prior = np.array([_PRIOR[rule.kind] / number[rule.kind] for rule in rules.rules])
    log_prior: NDArray[np.float64] = np.log(prior / prior.sum())
    return log_prior
