"""Committee: three readers that infer the wanted tool from a history in different ways.

An instance is kept only if all three pick its answer. They know which steps belong to the concern of the instruction; a
model must find that out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .choice_rules import PREFERENCE_KINDS, RULE_COLUMNS, RuleSet

_ERROR: Final = 0.06
"""Probability that a step does not follow the preference, as assumed by the Bayesian reader."""
_PRIOR: Final = {"single": 4.0, "joint": 1.0, "limit": 0.5, "trade": 0.7, "classes": 0.2}
"""Prior weight of a kind of rules, divided evenly over its rules."""
_RIDGE: Final = 0.35
"""Penalty of the linear reader on squared weights."""
_ITERATIONS: Final = 12


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


def read_history(steps: list[ObservedChoice], candidates: NDArray[np.float64], rules: RuleSet) -> Verdicts:
    """Score the candidates of a query by all three readers.

    Args:
        steps: Steps of the concern under its current preference.
        candidates: Features of the candidates that do the job, of shape (candidates, columns).
        rules: The rules.

    Returns:
        The scores of the candidates, by reader.
    """
    tools = np.array([step.tools for step in steps])
    choice = np.array([step.choice for step in steps])
    liked = np.array([step.liked for step in steps])
    return Verdicts(
        bayes(tools, choice, liked, candidates, rules),
        counter(tools, choice, liked, candidates),
        linear(tools, choice, liked, candidates),
    )


def bayes(
    tools: NDArray[np.float64],
    choice: NDArray[np.intp],
    liked: NDArray[np.bool_],
    candidates: NDArray[np.float64],
    rules: RuleSet,
) -> NDArray[np.float64]:
    """Return the posterior probability of each candidate over all rules.

    Args:
        tools: Features of the offered tools, of shape (steps, offered, columns).
        choice: Called tool of each step.
        liked: False for disliked calls.
        candidates: Features of the candidates.
        rules: The rules.
    """
    possible = rules.choices(tools)
    share = possible / possible.sum(axis=1, keepdims=True)
    follows = share[np.arange(len(choice)), choice, :]
    follows = np.where(liked[:, None], follows, (1 - follows) / (tools.shape[1] - 1))
    likelihood = np.log((1 - _ERROR) * follows + _ERROR / tools.shape[1]).sum(axis=0)
    posterior = likelihood + _log_prior(rules)
    posterior = np.exp(posterior - posterior.max())
    posterior /= posterior.sum()
    picks = rules.choices(candidates)
    votes: NDArray[np.float64] = (picks / picks.sum(axis=0, keepdims=True)) @ posterior
    return votes


def counter(
    tools: NDArray[np.float64], choice: NDArray[np.intp], liked: NDArray[np.bool_], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score candidates by how often the called tool was the best of those offered, axis by axis.

    An axis is weighted by the square of its excess over chance, on the steps at which its values differ.
    """
    known = np.nan_to_num(tools, nan=0.0)
    called = known[np.arange(len(choice)), choice, :]
    best, worst = known.max(axis=1), known.min(axis=1)
    tells = best - worst > 0.05
    height = np.where(tells, (called - worst) / np.where(tells, best - worst, 1.0), 0.0)
    sign = np.where(liked, 1.0, -1.0)[:, None]
    excess = ((height - 0.5) * sign * tells).sum(axis=0) / (tells.sum(axis=0) + 2.0)
    weight = np.clip(excess, 0, None) ** 2
    scores: NDArray[np.float64] = np.nan_to_num(candidates, nan=0.0) @ weight
    return scores


def linear(
    tools: NDArray[np.float64], choice: NDArray[np.intp], liked: NDArray[np.bool_], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score candidates by a linear utility, fitted to the choices by a penalised conditional logit."""
    known = np.nan_to_num(tools, nan=0.0)
    centred = known - known.mean(axis=1, keepdims=True)
    sign = np.where(liked, 1.0, -1.0)[:, None, None]
    centred = centred * sign  # a disliked call is a choice of the worst
    weights = np.zeros(len(RULE_COLUMNS))
    called = centred[np.arange(len(choice)), choice, :]
    for _ in range(_ITERATIONS):
        utility = centred @ weights
        utility -= utility.max(axis=1, keepdims=True)
        share = np.exp(utility)
        share /= share.sum(axis=1, keepdims=True)
        mean = np.einsum("so,soc->sc", share, centred)
        gradient = (called - mean).sum(axis=0) - _RIDGE * weights
        spread = centred - mean[:, None, :]
        hessian = np.einsum("so,soc,sod->cd", share, spread, spread) + _RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(hessian, gradient)
    scores: NDArray[np.float64] = np.nan_to_num(candidates, nan=0.0) @ weights
    return scores


def _log_prior(rules: RuleSet) -> NDArray[np.float64]:
    number = {kind: sum(rule.kind == kind for rule in rules.rules) or 1 for kind in (*PREFERENCE_KINDS, "classes")}
    prior = np.array([_PRIOR[rule.kind] / number[rule.kind] for rule in rules.rules])
    log_prior: NDArray[np.float64] = np.log(prior / prior.sum())
    return log_prior
