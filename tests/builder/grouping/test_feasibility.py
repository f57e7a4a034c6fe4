"""Tests of what histories can show of the tools of a split."""

from __future__ import annotations

import pytest

from builder.config import BuildConfig
from builder.grouping.feasibility import unshown_tools, visible_groups
from builder.records import Attribute, Functionality, Group, GroupTool, Tool

CONFIG = BuildConfig().preferences
FACTS = {"acme": ("price", "low"), "borealis": ("latency", "fast"), "corvid": ("region", "EU")}


def group(job: str, facts: dict[str, tuple[str, str]]) -> Group:
    """Return a group with one tool for each provider, of which each is better in one fact."""
    tools = [
        Tool(f"{provider}__{job}", provider, "Other", "", {}, attributes=(Attribute(axis, value, "words"),))
        for provider, (axis, value) in facts.items()
    ]
    functionality = Functionality(job, "Other", "", (), (), {})
    return Group(functionality, tuple(GroupTool(tool, {}) for tool in tools), "Other")


RARE = {**FACTS, "corvid": ("uptime", "high")}


@pytest.mark.parametrize(
    ("facts", "unshown"),
    [
        ([FACTS, FACTS, FACTS], []),
        ([RARE, FACTS, FACTS, FACTS], ["corvid__job0 (uptime high)"]),
        ([RARE, RARE, RARE], []),
        ([RARE, FACTS, FACTS], ["corvid__job0 (uptime high)", "corvid__job1 (region EU)", "corvid__job2 (region EU)"]),
    ],
)
def test_a_fact_can_be_wanted_only_if_two_other_groups_show_it(
    facts: list[dict[str, tuple[str, str]]], unshown: list[str]
) -> None:
    groups = [group(f"job{number}", of_group) for number, of_group in enumerate(facts)]
    assert unshown_tools(groups, CONFIG) == unshown
    assert visible_groups(groups, CONFIG) == len(groups) - len(unshown)
