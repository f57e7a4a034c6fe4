"""Ladder of the figures of submitted systems on the test split, against answers that leak through scores.

An account that learns the exact score of every file can decode the answers from the differences. The tool accuracy of a
submitted system is therefore rounded down to a multiple of a step, and shown only if it is at least a step above the
best one that the account has been shown, and above a guess (the Ladder, Blum and Hardt 2015, arXiv 1502.04585). A file
that does not reach the next rung shows nothing, as every other such file.

The step depends on the number of rows alone. The public process uses this module too; it reads no answers.
"""

from __future__ import annotations

import math
from typing import Final

from metrics.petoolbench.uncertainty import wilson

from .stores.stored_records import Outcome, Rung, Submission

STEP_ERRORS: Final = 4
"""Size of a step in standard errors of a rate of 50 %, the largest that a rate can have."""
_DESIGN_EFFECT: Final = 1.5
"""Variance of a rate over that of independent rows. The baselines have 0.6 to 1.4 (bootstrap over query groups)."""
_TOLERANCE: Final = 1e-9
"""Allowance for rounding errors of rates, in steps."""


def step_points(rows: int) -> int:
    """Return the size of a step in percentage points: four standard errors, rounded up to a whole number.

    Args:
        rows: Number of rows that a figure is on, at least 1.
    """
    return math.isqrt(-(-((50 * STEP_ERRORS) ** 2) // rows) - 1) + 1


def rung_of(rows: int, guess: float, best: float | None) -> Rung:
    """Return the rule for the next figure of an account.

    Args:
        rows: Number of rows that the figure is on.
        guess: Expected tool accuracy of a guess, 0 to 1.
        best: Best figure that the account has been shown, 0 to 1; None if there is none.
    """
    step = step_points(rows)
    lowest = step * math.ceil(100 * guess / step + 1 - _TOLERANCE)
    return Rung(step / 100, lowest / 100, best)


def rounded_down(rate: float, rung: Rung) -> float:
    """Return the largest multiple of the step that is not above a rate, both 0 to 1."""
    step = round(100 * rung.step)
    return step * int(100 * rate / step + _TOLERANCE) / 100


def shown_figure(rate: float, rung: Rung) -> float | None:
    """Return the figure that is shown for a rate, both 0 to 1; None if the rate does not reach the next rung."""
    figure = rounded_down(rate, rung)
    return figure if figure > next_figure(rung) - _TOLERANCE else None


def next_figure(rung: Rung) -> float:
    """Return the lowest figure that is shown; above 1 if no figure can be shown."""
    return rung.lowest if rung.best is None else round(max(rung.lowest, rung.best + rung.step), 2)


def interval_of(figure: float, rung: Rung, rows: int) -> tuple[float, float]:
    """Return a 95 % interval of the rate that a figure stands for.

    It reaches from the lower end of the score interval (Wilson) of the figure to the upper end of that of the next
    rung, with rows that depend on each other within query groups. It is a function of public numbers alone.

    Args:
        figure: Figure that is shown, 0 to 1.
        rung: Rule by which it is shown.
        rows: Number of rows that the figure is on.
    """
    independent = max(1, round(rows / _DESIGN_EFFECT))
    low, _ = wilson(figure, independent)
    _, high = wilson(min(1.0, figure + rung.step), independent)
    return round(low, 3), round(high, 3)


def may_be_shown(submission: Submission, outcome: Outcome) -> bool:
    """Return False for exact figures of a submitted system on the test split, which await a new scoring.

    Baselines are exact everywhere: the maintainers make them, and no submission can have their badge.
    """
    return submission.split != "test" or submission.badge == "baseline" or bool(outcome.rungs)


def withheld(outcome: Outcome) -> dict[str, str]:
    """Return the reason for each figure of an outcome that is not shown, by config or `overall`."""
    shown = {*outcome.scores, *(["overall"] if outcome.overall else [])}
    return {name: _reason(rung) for name, rung in outcome.rungs.items() if name not in shown}


def _reason(rung: Rung) -> str:
    step, needed = round(100 * rung.step), round(100 * next_figure(rung))
    if needed > 100:
        return f"No further figure is shown: the next one would be above 100 %, in steps of {step} points."
    above = "a guess" if rung.best is None else f"the best figure of the account, {round(100 * rung.best)} %"
    return (
        f"No new figure is shown: the tool accuracy is below {needed} %. A figure must be a step of {step} points "
        f"above {above}, so that scores do not reveal answers."
    )
