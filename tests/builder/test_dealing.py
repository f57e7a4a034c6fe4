"""Deal of groups to the splits by a trial of users, and refusals that name what would do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import BuildConfig
from builder.dealing import Dealer
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, Slot, Tool
from builder.users.trial import placeholder_scenarios

CONFIG: dict[str, Any] = {
    "seed": 3,
    "users": {"count": 30, "train": 0.4, "validation": 0.3, "test": 0.3},
    "histories": {"max_length": 10},
}
AXES = ("latency", "popularity", "uptime", "price", "region", "source")


class NoEncoder:
    """Encoder for settings that need no vectors."""

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(sentences)


def tool(group: int, place: int, values: dict[str, str]) -> Tool:
    name = f"tool_{group:02d}_{place}"
    attributes = tuple(
        Attribute(axis, value, f"{axis} {value}", wanted=value == "good") for axis, value in sorted(values.items())
    )
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    return Tool(
        name,
        f"Maker {chr(97 + group // 26)}{chr(97 + group % 26)}{'xyz'[place]}",
        "Data",
        f"About {name}.",
        schema,
        attributes=attributes,
    )


def catalogue(groups: int, *, alike: bool = True, strangers: int = 0) -> tuple[list[Tool], list[Group]]:
    """Return groups whose tools each lead on two axes, the same in all groups, or others in each group."""
    made, tools = [], []
    for group in range(groups):
        own = []
        for place in range(3):
            leads = AXES[2 * place : 2 * place + 2]
            values = {axis if alike else f"{axis}{group}": "good" if axis in leads else "poor" for axis in AXES}
            own.append(tool(group, place, values))
        members = tuple(GroupTool(item, {"q": Binding(("q",), "string")}) for item in own)
        job = Functionality(f"do job {group:02d}", "Data", f"Do job {group}.", (), (Slot("q", "", "text"),), {})
        made.append(Group(job, members, "Data"))
        tools += own
    return [*tools, *(tool(50 + number, 0, {}) for number in range(strangers))], made


def deal(config: BuildConfig, tools: Sequence[Tool], groups: Sequence[Group]) -> dict[str, int]:
    dealer = Dealer(tools, {}, config, NoEncoder())
    found = dealer.deal(groups, placeholder_scenarios(50, config.histories.least_pool), Funnel())
    assert {group.split for group in found.catalogue.groups} == set(config.users.splits)
    return {trial.split: trial.made for trial in found.trials}


def test_every_split_gets_its_users() -> None:
    tools, groups = catalogue(12, strangers=45)
    assert deal(BuildConfig.model_validate(CONFIG), tools, groups) == {"train": 12, "validation": 9, "test": 9}


@pytest.mark.parametrize(
    ("shares", "made"),
    [
        ({"train": 0, "validation": 1, "test": 0}, {"validation": 30}),
        ({"train": 0, "validation": 0.6, "test": 0.4}, {"validation": 18, "test": 12}),
    ],
)
def test_splits_without_users_get_no_groups(shares: dict[str, float], made: dict[str, int]) -> None:
    tools, groups = catalogue(8, strangers=45)
    users = {"count": 30, **shares}
    assert deal(BuildConfig.model_validate({**CONFIG, "users": users}), tools, groups) == made
    with pytest.raises(BuildError, match=r"9 are needed, 3 in each of 3 splits.*--preset evaluation"):
        deal(BuildConfig.model_validate(CONFIG), tools, groups)


def test_a_refusal_names_settings_with_which_it_works() -> None:
    tools, groups = catalogue(12)
    config = BuildConfig.model_validate(CONFIG | {"candidates": {"count": 16}})
    with pytest.raises(BuildError, match=r"before any scenario is written") as error:
        deal(config, tools, groups)
    advice = re.search(r"It works with (.+?)(?:, or with .+?)? in the config file", str(error.value))
    assert advice, str(error.value)
    for section, key, value in re.findall(r"\[(\w+)\] (\w+) = ([\d.]+)", advice[1]):
        changed = getattr(config, section).model_copy(update={key: float(value) if "." in value else int(value)})
        config = config.model_copy(update={section: changed})
    assert min(deal(config, tools, groups).values()) >= 3


def test_preferences_that_show_nowhere_are_refused_for_want_of_facts() -> None:
    tools, groups = catalogue(12, alike=False, strangers=45)
    with pytest.raises(BuildError, match=r"No setting makes it work: even all groups in one split carry no user"):
        deal(BuildConfig.model_validate(CONFIG), tools, groups)
