"""Estimate of the requests and tokens of a build, computed without sending any request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import Encoder
from builder.grouping.functionalities import REGISTERS
from builder.records import Tool

from .builder_tasks import JUDGE, UNDERSTAND
from .clusters import clusters_of, pairs_of
from .completion import estimated_tokens
from .payloads import judge_payload, slots_of, understand_payload
from .request import make_request
from .task import Payload, R, Task

_REPLY_TOKENS: Final = {"understand": 150, "judge": 40, "align": 80, "write": 1500, "verify": 120}
"""Typical output tokens of a reply, by task."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated requests and tokens of one task."""

    task: str
    requests: int
    input_tokens: int
    output_tokens: int
    most: int
    """Number that cannot be exceeded, apart from rejected replies. `requests` assumes that the functionalities of tools
    are as similar as their documentation, and that all similar tools do the same job."""


def estimate(tools: Sequence[Tool], config: BuildConfig, encoder: Encoder) -> list[Estimate]:
    """Estimate the requests of a build, assuming that every first reply is accepted.

    Args:
        tools: Tools of the catalogue.
        config: The build's config.
        encoder: Embeds the documentation, to find similar tools.

    Returns:
        One estimate for each task, in the order of the build.
    """
    settings = config.llm
    does = {tool.name: f"{tool.operation}. {tool.operation_description}" for tool in tools}
    callable_ = [tool for tool in tools if slots_of(tool)]
    pairs = pairs_of(callable_, does, encoder, settings)
    same: dict[int, set[int]] = {}
    for first, second in pairs:
        same.setdefault(first, set()).add(second)
        same.setdefault(second, set()).add(first)
    groups = list(clusters_of(callable_, same))
    members = sum(min(len(group), config.groups.largest) for group in groups)
    documentation = sum(estimated_tokens(tool.operation_description) for group in groups for tool in group)
    judged = [judge_payload(callable_[first], callable_[second], does) for first, second in pairs]
    scenarios = len(groups) * len(REGISTERS) * settings.scenarios_per_register
    number = len(callable_)
    most_groups = number // MIN_SAME_FUNCTION

    def line(task: str, requests: int, input_tokens: int, most: int) -> Estimate:
        return Estimate(task, requests, input_tokens, requests * _REPLY_TOKENS[task], most)

    return [
        line(
            "understand",
            len(tools),
            _tokens(UNDERSTAND, [understand_payload(tool) for tool in tools], config),
            len(tools),
        ),
        line(
            "judge",
            len(pairs),
            _tokens(JUDGE, judged, config),
            min(number * settings.neighbours, number * (number - 1) // 2),
        ),
        line("align", max(0, members - len(groups)), members * 500 + documentation, number),
        line(
            "write",
            len(groups) * len(REGISTERS),
            len(REGISTERS) * (len(groups) * 700 + documentation),
            most_groups * len(REGISTERS),
        ),
        line(
            "verify",
            scenarios,
            scenarios * 500 + settings.scenarios_per_register * len(REGISTERS) * documentation,
            most_groups * len(REGISTERS) * settings.scenarios_per_register,
        ),
    ]


def _tokens(task: Task[R], payloads: Sequence[Payload], config: BuildConfig) -> int:
    """Estimate the input tokens of requests from an evenly spaced sample of at most 200."""
    if not payloads:
        return 0
    chosen = np.linspace(0, len(payloads) - 1, num=min(200, len(payloads))).astype(int)
    sample = [make_request(task, payloads[int(index)], 0, config.llm).input_tokens for index in chosen]
    return round(sum(sample) / len(sample) * len(payloads))
