"""Plans and packs of credits: how providers sell calls, with the price of a call that they come to."""

from __future__ import annotations

import math
from functools import cache
from typing import Final, NamedTuple

_FEES: Final = (
    *(5, 9, 10, 12, 15, 19, 20, 24, 25, 29, 35, 39, 45, 49, 50),
    *(59, 75, 79, 99, 100, 119, 149, 150, 199, 249, 250, 299, 399, 499, 500),
)
"""Usual fees of a month, in USD."""
_CALLS: Final = (
    *(1_000, 2_000, 2_500, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000),
    *(75_000, 100_000, 125_000, 150_000, 200_000, 250_000, 300_000, 500_000, 1_000_000),
)
"""Usual numbers of calls that plans include."""
_PRICE_RANGE: Final = (0.04, 80)
"""Lowest and highest price of a plan, in USD per 1,000 calls."""
PRICES: Final = tuple(
    sorted(
        price
        for price in {float(f"{fee / calls * 1000:.6g}") for fee in _FEES for calls in _CALLS}
        if _PRICE_RANGE[0] <= price <= _PRICE_RANGE[1] and price == float(f"{price:.2g}")
    )
)
"""Prices with two digits that usual plans come to exactly, in USD per 1,000 calls."""
_ACCURACY: Final = 0.006
"""Relative error up to which a plan or a pack of credits may round a price."""
_USUAL_CALLS: Final = 10_000
"""Number of calls of most plans."""
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

    @property
    def yearly_fee(self) -> str:
        """Fee in USD of twelve months, such as `348`."""
        return _usd(self.usd * 12)

    @property
    def yearly_calls(self) -> str:
        """Calls of twelve months, such as `180,000`."""
        return f"{self.calls * 12:,}"


class Credits(NamedTuple):
    """A price in credits, which are sold in packs."""

    per_call: int
    """Credits that a call costs."""
    usd: float
    """Price of one pack of credits."""
    size: int
    """Credits in a pack."""

    @property
    def cost(self) -> str:
        """Price in USD of one pack of credits, such as `40` or `62.50`."""
        return _usd(self.usd)

    @property
    def pack(self) -> str:
        """Credits in a pack, such as `100,000`."""
        return f"{self.size:,}"


@cache
def monthly_plan(price: float) -> Plan:
    """Return the usual plan that comes to this price per call when all included calls are used.

    Args:
        price: USD per 1,000 calls: 0 or one of `PRICES`, which the plan meets to within 0.6 %.
    """
    if price == 0:
        return Plan(0.0, _USUAL_CALLS)
    plans = [Plan(float(fee), calls) for fee in _FEES for calls in _CALLS]

    def oddness(plan: Plan) -> tuple[bool, float, float]:
        error = abs(plan.usd / plan.calls * 1000 / price - 1)
        return error > _ACCURACY, round(error, 3), abs(math.log(plan.calls / _USUAL_CALLS))

    return min(plans, key=oddness)


@cache
def in_credits(price: float) -> Credits:
    """Return a price in credits: how many one call costs, and the price of a pack for a month's usual calls.

    Args:
        price: USD per 1,000 calls, one of `PRICES`.
    """
    plan = monthly_plan(price)
    per_call = next(number for limit, number in _CREDITS if price < limit)
    return Credits(per_call, plan.usd, plan.calls * per_call)


def _usd(amount: float) -> str:
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.2f}"
