"""Entries that cannot be right beside the others of their group are left out."""

from __future__ import annotations

import pytest

from builder.services.outliers import without_outliers
from builder.services.real_facts import RealFact, RealTool

USUAL = {"input_price": 0.5, "context": 131_072.0, "output_limit": 8_192.0}


def _tool(provider: str, **values: float) -> RealTool:
    facts = {axis: RealFact(axis, value, "package", "key") for axis, value in {**USUAL, **values}.items()}
    return RealTool(provider, provider.title(), "ask", "model", facts)


@pytest.mark.parametrize(
    ("values", "is_kept"),
    [
        ({}, True),
        ({"context": 32_768.0}, True),
        ({"context": 262_144.0}, True),
        ({"context": 1_048_576.0}, False),
        ({"output_limit": 16_384.0}, True),
        ({"output_limit": 65_536.0}, False),
        ({"input_price": 0.03}, True),
        ({"input_price": 0.02}, False),
    ],
)
def test_an_entry_is_compared_with_those_of_most_providers(values: dict[str, float], is_kept: bool) -> None:
    own = _tool("own", **values)
    others = [_tool("one"), _tool("two"), _tool("three", context=128_000.0)]
    # Several entries of one provider count once.
    regions = [_tool("region", context=4_000.0, output_limit=2_000.0)] * 9
    assert (own in without_outliers([*others, *regions, own])) is is_kept


def test_without_facts_nothing_is_left_out() -> None:
    tool = RealTool("one", "One", "ask", "model", {})
    assert without_outliers([tool]) == [tool]
