"""Tests of the junk filter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.catalogue.quality import LanguageDetector, filter_tools
from builder.catalogue.raw_tools import RawTool
from builder.funnel import Funnel
from tests.factories import raw_parameter, raw_tool

GERMAN = "Beantwortet die Frage, wie viel Schnee an wie vielen Tagen in der Stadt gefallen ist"


@pytest.fixture(scope="module")
def judge() -> LanguageDetector:
    return LanguageDetector()


def reasons(raws: list[RawTool], judge: LanguageDetector) -> tuple[int, dict[str, int]]:
    funnel = Funnel()
    kept = len(list(filter_tools(raws, judge, funnel)))
    assert funnel.counts["tools_read"] == len(raws)
    assert funnel.counts["tools_kept"] == kept
    return kept, dict(funnel.drops.get("tool", {}))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (raw_tool(product="This is a sample server Petstore server."), "clone"),
        (raw_tool(operation="getPetById"), "clone"),
        (raw_tool(provider="test_v6"), "test_entry"),
        (raw_tool(provider="Demo Project"), "test_entry"),
        (raw_tool(provider="asdfadsf"), "test_entry"),
        (raw_tool(provider="aaaa"), "test_entry"),
        (raw_tool(operation="/test"), "test_entry"),
        (raw_tool(provider="MyNewTestAPI"), "test_entry"),
        (raw_tool(provider="Rapid Porn"), "adult_content"),
        (raw_tool(about="", product=" "), "empty_description"),
        (raw_tool(operation="Anjing", about="Wkwkwland", product=""), "meaningless_description"),
        (raw_tool(about="Current weather (deprecated)"), "withdrawn"),
        (raw_tool(about=GERMAN, product=GERMAN), "non_english"),
        (raw_tool(about="مسار يسترجع اخر الأخبار", product=""), "non_english"),
        (raw_tool(raw_parameter("image", "BINARY")), "unusable_schema"),
        (raw_tool(raw_parameter("points", "ARRAY")), "unusable_schema"),
        (raw_tool(replace(raw_parameter("points", "ARRAY"), items={"type": "object"})), "unusable_schema"),
    ],
)
def test_junk_is_dropped_with_its_reason(raw: RawTool, reason: str, judge: LanguageDetector) -> None:
    assert reasons([raw], judge) == (0, {reason: 1})


def test_a_repeated_operation_is_a_duplicate_or_of_another_provider_a_clone(judge: LanguageDetector) -> None:
    raws = [raw_tool(), raw_tool(), raw_tool(provider="Nebula")]
    assert reasons(raws, judge) == (1, {"duplicate": 1, "clone": 1})


def test_equal_short_descriptions_are_not_clones(judge: LanguageDetector) -> None:
    raws = [raw_tool(about="Search films", provider=name) for name in ("Cinema", "Reels")]
    assert reasons(raws, judge) == (2, {})


@pytest.mark.parametrize("provider", ["Contest Finder", "Mail Testing", "Latest News", "Protest Map"])
def test_providers_with_test_inside_a_word_are_kept(provider: str, judge: LanguageDetector) -> None:
    assert reasons([raw_tool(provider=provider)], judge) == (1, {})


def test_renamed_and_unsupported_parameters_are_counted(judge: LanguageDetector) -> None:
    photo, ids = raw_parameter("photo", "BINARY", required=False), raw_parameter("ids[]", required=False)
    funnel = Funnel()
    assert len(list(filter_tools([raw_tool(raw_parameter("city"), photo, ids)], judge, funnel))) == 1
    assert funnel.counts["parameters_renamed"] == 1
    assert funnel.drops == {"parameter": {"unsupported_type": 1}}
