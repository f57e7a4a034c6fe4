"""Estimate of the requests and tokens for a pack, computed without sending any request."""

from __future__ import annotations

from typing import Final

from builder.llm.estimate import Estimate
from builder.llm.request import make_request
from builder.llm.task import Payload, R, Task
from builder.llm_config import LlmConfig

from .pack_tasks import (
    JUDGE_NAMES,
    LAY_OUT,
    NAME,
    PLAN,
    READ,
    PlannedLayout,
    judged_payload,
    layout_payload,
    names_payload,
    plan_payload,
    reading_payload,
)
from .provider_author import NAMES_AT_ONCE, rounds_for
from .read_back import listings_to_read

_REPLY_TOKENS: Final = {
    "plan_layouts": 60,
    "lay_out": 1500,
    "read_listing": 900,
    "name_providers": 120,
    "judge_names": 400,
}
"""Typical output tokens of a reply, by task; for `plan_layouts`, for each layout."""
_LISTING: Final = "x" * 900
"""Stands for a listing of usual length."""
_PLANNED: Final = PlannedLayout(name="estimate", manner="x" * 150)


def estimate_pack(layouts: int, providers: int, config: LlmConfig) -> list[Estimate]:
    """Estimate the requests for a pack, assuming that every first layout and most names are accepted.

    Args:
        layouts: Number of layouts that are asked for.
        providers: Number of providers that are asked for.
        config: Model, sampling and attempts.

    Returns:
        One estimate for each task, in the order of the tasks.
    """
    listings = len(listings_to_read(_PLANNED.name))
    names = -(-providers // NAMES_AT_ONCE)
    most_names = rounds_for(providers) if providers else 0
    of_names = ["x" * 12] * NAMES_AT_ONCE

    def line(task: Task[R], payload: Payload, requests: int, most: int, replies: int = 1) -> Estimate:
        tokens = make_request(task, payload, 0, config).input_tokens
        return Estimate(task.name, requests, requests * tokens, requests * replies * _REPLY_TOKENS[task.name], most)

    return [
        line(PLAN, plan_payload(layouts, [], ""), 1, 1, layouts),
        line(LAY_OUT, layout_payload(_PLANNED, "", None), layouts, layouts * config.attempts),
        line(READ, reading_payload(_LISTING), layouts * listings, layouts * listings * config.attempts),
        line(NAME, names_payload(NAMES_AT_ONCE, of_names, ""), names, most_names),
        line(JUDGE_NAMES, judged_payload(of_names), names, most_names),
    ]
