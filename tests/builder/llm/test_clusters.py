"""Clusters of tools by verdicts, tools that fail verification, and the facts that a model may state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from builder.config import BuildConfig
from builder.funnel import Funnel
from builder.llm.builder_tasks import Scenarios, Verification
from builder.llm.clusters import clusters_of, why_unclustered
from builder.llm.read_facts import UNITS, axes_to_read, fact_fault, fact_of
from builder.llm.task import prompt
from builder.llm.writing import ScenarioAuthor
from builder.records import Binding, Functionality, Group, GroupTool, Scenario, Slot, SlotValue, Tool
from builder.users.scenarios import barred_names
from builder.users.trial import allotted, finals_of


def tool(name: str, provider: str = "") -> Tool:
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    return Tool(name, provider or f"Provider {name}", "Data", f"Documentation of {name}.", schema, operation=name)


def links(*pairs: tuple[int, int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
        found.setdefault(second, set()).add(first)
    return found


def test_a_tool_that_most_mates_are_judged_different_from_leaves() -> None:
    tools = [tool(name) for name in "abcde"]
    same = links((0, 1), (0, 2), (0, 3), (1, 2), (0, 4))
    different = links((4, 1), (4, 2), (3, 1))
    clusters = list(clusters_of(tools, same, different))
    assert [[item.name for item in cluster] for cluster in clusters] == [["a", "b", "c"]], "d has one for, one against"
    assert why_unclustered(4, tools, same, clusters) == "judged_different_from_most_of_the_group"
    without = list(clusters_of(tools, same))
    assert [len(cluster) for cluster in without] == [5], "without verdicts against it, every partner stays"


def test_a_second_product_of_a_provider_is_counted_as_such() -> None:
    tools = [tool("a"), tool("b"), tool("c", "Whois"), tool("d", "WHOIS v2")]
    same = links((0, 1), (0, 2), (0, 3))
    clusters = list(clusters_of(tools, same))
    assert [item.name for item in clusters[0]] == ["a", "b", "c"]
    assert why_unclustered(3, tools, same, clusters) == "same_provider_in_group"
    assert why_unclustered(9, [*tools, *tools, *tools], {}, clusters) == "no_tools_for_the_same_job"


def group_of(names: Sequence[str], functionality: str = "look up the whois record of a domain") -> Group:
    members = tuple(GroupTool(tool(name), {"q": Binding(("q",), "string")}) for name in names)
    return Group(
        Functionality(functionality, "Data", f"{functionality}.", (), (Slot("q", "", "domain"),), {}), members, "Data"
    )


class ScriptedEngine:
    """Engine that writes the requested scenarios, and verifies all calls but those of one tool."""

    def __init__(self, failing: str) -> None:
        self.failing = failing
        self.payloads: list[Any] = []

    def complete_all(self, task: Any, payloads: Sequence[Any]) -> list[Any]:
        self.payloads += [(task.name, payload) for payload in payloads]
        return [self._write(payload) if task.name == "write" else self._verify(payload) for payload in payloads]

    def _write(self, payload: Any) -> Scenarios:
        values = [f"{payload['register']}{number}.com" for number in range(payload["count"] - 1)]
        values.append(payload["used"][0]["q"] if payload["used"] else "twice.com")
        scenarios = [
            {
                "instruction": f"whois {value}",
                "values": [{"slot": "q", "value": value}],
                "calls": [{"tool": item["name"], "arguments": f'{{"q": "{value}"}}'} for item in payload["tools"]],
            }
            for value in values
        ]
        return Scenarios.model_validate({"scenarios": scenarios})

    def _verify(self, payload: Any) -> Verification:
        calls = [{"tool": item["name"], "serves": item["name"] != self.failing} for item in payload["tools"]]
        verdict = {"restated": "whois", "calls": calls, "missing_values": [], "favours_a_tool": False}
        return Verification.model_validate(verdict)


def test_a_tool_that_fails_most_verifications_leaves_and_the_scenarios_stay() -> None:
    engine, funnel = ScriptedEngine("d"), Funnel()
    author = ScenarioAuthor(engine, BuildConfig(), funnel)
    groups, written = author.write([group_of("abcd")])
    assert [member.tool.name for member in groups[0].members] == ["a", "b", "c"]
    assert funnel.drops["ungrouped_tool"] == {"fails_most_verifications": 1}
    assert len(next(iter(written.by_functionality.values()))) == 46
    assert funnel.drops["scenario"] == {"values_used_before": 4}, "one of each register after the first"
    small = ScenarioAuthor(ScriptedEngine("a"), BuildConfig(), funnel)
    assert small.write([group_of("abc")])[0] == []
    assert funnel.drops["group"] == {"fewer_than_3_tools_that_serve": 1}


def test_registers_know_the_values_of_the_earlier_ones() -> None:
    engine = ScriptedEngine("")
    ScenarioAuthor(engine, BuildConfig(), Funnel()).write([group_of("abc")])
    used = [len(payload["used"]) for task, payload in engine.payloads if task == "write"]
    assert used == [0, 10, 19, 28, 37]
    assert all(payload["taken"] == [] for task, payload in engine.payloads if task == "write")


def test_names_are_barred_unless_they_are_words_of_the_job() -> None:
    group = group_of("abc")
    named = [replace(group.members[0].tool, provider=name) for name in ("WHOIS v2", "Domain Lookup API", "Acme Whois")]
    members = tuple(replace(member, tool=item) for member, item in zip(group.members, named, strict=True))
    assert barred_names(replace(group, members=members)) == ["Acme Whois"]


def scenario(value: str) -> Scenario:
    return Scenario(f"whois {value}", {"q": SlotValue(value, value)})


@pytest.mark.parametrize(
    ("count", "least", "finals"), [(20, 12, 8), (14, 12, 2), (12, 12, 0), (6, 12, 6), (50, 12, 20)]
)
def test_small_pools_are_divided_by_need(count: int, least: int, finals: int) -> None:
    scenarios = [scenario(f"{number}.com") for number in range(count)]
    assert finals_of(count, least) == finals
    for_finals, for_histories = (allotted(scenarios, least, final=final) for final in (True, False))
    assert len(for_finals) == finals
    assert Counter(map(str, [*for_finals, *for_histories])) == Counter(map(str, scenarios))


def test_equal_values_are_never_in_both_parts() -> None:
    scenarios = [scenario(f"{number % 7}.COM" if number % 2 else f"{number % 7}.com") for number in range(20)]
    parts = [{item.values["q"].value for item in allotted(scenarios, 8, final=final)} for final in (True, False)]
    lowered = [{str(value).casefold() for value in part} for part in parts]
    assert lowered[0] & lowered[1] == set()


@pytest.mark.parametrize(
    ("axis", "number", "value", "quote", "fault", "converted"),
    [
        ("price", 2, "USD per 1,000 calls", "$2 per 1,000 requests", None, 2.0),
        ("price", 0.002, "USD per call", "costs $0.002 a call", None, 2.0),
        ("price", 2, "USD per call", "$2 a month", "unit_not_in_the_quote", None),
        ("rate_limit", 10, "calls per second", "10 requests per second", None, 600.0),
        ("rate_limit", 10000, "calls per day", "10k calls a day", None, 10000 / 1440),
        ("retention", 0, "none", "Nothing is stored", None, 0.0),
        ("retention", 0, "none", "Logs are stored", "unit_not_in_the_quote", None),
        ("interval", 1, "hours", "refreshed every hour", None, 3600.0),
        ("interval", 1, "hours", "within hours", "number_not_in_the_quote", None),
        ("uptime", 99.9, "%", "99.9 % uptime", None, 99.9),
        ("latency", 3, "seconds", "answers in 0.3 seconds", "number_not_in_the_quote", None),
        ("reach", None, "worldwide", "all countries", None, "worldwide"),
    ],
)
def test_facts_follow_from_their_quotes(
    axis: str, number: float | None, value: str, quote: str, fault: str | None, converted: float | str | None
) -> None:
    assert fact_fault(axis, number, value, quote) == fault
    if fault is None:
        assert fact_of(axis, number, value, quote).value == (
            pytest.approx(converted) if isinstance(converted, float) else converted
        )


def test_measured_axes_are_closed_and_the_prompt_explains_the_open_ones() -> None:
    open_axes = axes_to_read({"latency": 1})
    assert "latency" not in open_axes
    assert set(UNITS) - set(open_axes) == {"latency"}
    text = prompt("understand")
    for axis, values in axes_to_read({}).items():
        assert f"`{axis}`" in text
        if axis not in UNITS:
            assert all(f"`{level}`" in text for level in values), axis
    assert "must_not_name" in prompt("write")
    assert "used" in prompt("write")
