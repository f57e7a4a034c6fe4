"""Plans and packs of credits: how providers sell calls, with the price of a call that they come to."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

_MONTHLY_CALLS: Final = tuple(
    calls * size for size in (1_000, 10_000, 100_000) for calls in (1, 2, 2.5, 4, 5) if calls * size <= 500_000
)
"""Number of calls that plans include."""
_USUAL_CALLS: Final = 10_000
"""Number of calls of most plans."""
_USUAL_FEES: Final = (5, 500)
"""Lowest and highest usual fee of a month, in USD."""
_PACK_SIZES: Final = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
"""Number of credits that are sold at once."""
_USUAL_PACK: Final = 50
"""Usual cost of a pack of credits, in USD."""
_CREDITS: Final = ((0.5, 1), (2.0, 2), (10.0, 5), (math.inf, 10))
"""Credits that a call costs, each with the price of 1,000 calls in USD below which it does."""


class Plan(NamedTuple):
    """A monthly plan."""

    usd: float
    """Fee of a month."""
    calls: int
    """Calls that the fee includes."""

    @property
    def fee(self) -> str:
        """The fee in USD, such as `29` or `40.50`."""
        return _usd(self.usd)

    @property
    def included(self) -> str:
        """The included calls, such as `10,000`."""
        return f"{self.calls:,}"


class Credits(NamedTuple):
    """A price in credits, which are sold in packs."""

    per_call: int
    """Credits that a call costs."""
    usd: float
    """Cost of a pack."""
    size: int
    """Credits in a pack."""

    @property
    def cost(self) -> str:
        """Cost of a pack in USD, such as `40` or `62.50`."""
        return _usd(self.usd)

    @property
    def pack(self) -> str:
        """Credits in a pack, such as `100,000`."""
        return f"{self.size:,}"


def monthly_plan(price: float) -> Plan:
    """Return the plan with this price per call when all included calls are used.

    Args:
        price: USD per 1,000 calls.
    """
    if price == 0:
        return Plan(0.0, _USUAL_CALLS)
    plans = [Plan(round(calls * price / 1000, 2), int(calls)) for calls in _MONTHLY_CALLS]

    def oddness(plan: Plan) -> tuple[bool, bool, bool, float]:
        low, high = _USUAL_FEES
        return (
            not math.isclose(plan.usd / plan.calls * 1000, price, rel_tol=1e-9),
            not plan.usd.is_integer(),
            not low <= plan.usd <= high,
            abs(math.log(plan.calls / _USUAL_CALLS)),
        )

    return min(plans, key=oddness)


def in_credits(price: float) -> Credits:
    """Return a price in credits. Dearer calls cost more credits.

    Args:
        price: USD per 1,000 calls, more than 0.
    """
    per_call = next(number for limit, number in _CREDITS if price < limit)
    packs = [Credits(per_call, round(size * price / 1000 / per_call, 2), size) for size in _PACK_SIZES]

    def oddness(pack: Credits) -> tuple[bool, bool, float]:
        return (
            not math.isclose(pack.usd / pack.size * per_call * 1000, price, rel_tol=1e-9),
            not pack.usd.is_integer(),
            abs(math.log(max(pack.usd, 0.01) / _USUAL_PACK)),
        )

    return min(packs, key=oddness)


def _usd(amount: float) -> str:
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.2f}"
