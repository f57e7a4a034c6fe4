"""Tests of jobs of the user's own: proposed groups, the groups file, and a functionalities file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from builder.catalogue.sources import ReadySource, open_source
from builder.config import GroupConfig
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from builder.funnel import Funnel
from builder.grouping.group_file import groups_text
from builder.grouping.own_jobs import OwnJobs, read_own_jobs
from builder.grouping.proposals import propose_groups
from builder.grouping.recognition import Recognised, Recogniser
from builder.grouping.stated_groups import accepted_groups
from builder.preparation import read_tools
from builder.progress import no_progress
from builder.records import Tool
from builder.users.scenarios import write_scenarios

JOBS = {
    "rent_bicycle": ("Rent a bicycle at a station.", {"station": "Name of the station"}),
    "translate_text": ("Translate a text into another language.", {"text": "Text", "language": "Target language"}),
}
FACTS = ("Free, no sign-up.", "Answers within 50 ms.", "Processed in the EU.")
STATIONS = json.dumps([f"Square {number}" for number in range(12)])


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Tool]:
    """Tools of three providers for a job that the library knows and one that it does not, and one that stands alone."""
    listed = [
        {
            "name": f"{provider}_{name}",
            "description": f"{about} {facts}",
            "parameters": {
                "type": "object",
                "properties": {key: {"type": "string", "description": text} for key, text in parameters.items()},
                "required": list(parameters),
            },
        }
        for name, (about, parameters) in JOBS.items()
        for provider, facts in zip(("acme", "borealis", "corvid"), FACTS, strict=True)
    ]
    listed.append({**listed[0], "name": "acme_check_mould", "description": "Check a bicycle shed for mould."})
    path = tmp_path_factory.mktemp("catalogue") / "tools.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    source = open_source(f"openai:{path}")
    assert not isinstance(source, ReadySource)
    return read_tools(source, Funnel(), no_progress)


@pytest.fixture(scope="module")
def text(tools: Sequence[Tool]) -> str:
    """Groups file that is proposed for the tools."""
    encoder = SentenceEncoder()
    proposal = propose_groups(tools, Recogniser(OwnJobs().library, encoder), GroupConfig(), encoder)
    return groups_text(proposal.groups, tools, proposal.ungrouped)


def write(folder: Path, text: str) -> Path:
    path = folder / "groups.toml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(text: str) -> str:
    """Return a groups file as a person edits it."""
    return text.replace("accept = false", "accept = true").replace("values = []", f"values = {STATIONS}")


def test_known_jobs_are_accepted_and_similar_tools_are_proposed(text: str) -> None:
    heads = re.findall(r'functionality = "(.*)"\naccept = (true|false)', text)
    assert heads == [("translate a text into a language", "true"), ("rent bicycle", "false")]
    assert "check_mould" not in text.partition("# Tools that no group uses")[0]
    assert 'phrases = ["Rent a bicycle at a station"]' in text  # without the terms on which the tools are offered


def test_a_group_has_the_category_of_its_job_if_the_catalogue_states_none(
    text: str, tools: Sequence[Tool], tmp_path: Path
) -> None:
    stated = edited(text).replace('name = "rent bicycle"', 'name = "rent bicycle"\ncategory = "Transport"')
    own = read_own_jobs(groups=write(tmp_path, stated))
    categories = {
        group.functionality.name: group.category for group in accepted_groups(tools, own.groups or (), Funnel())
    }
    assert categories == {"rent bicycle": "Transport", "translate a text into a language": "Translation"}


def test_an_edited_file_yields_its_groups_and_instructions(text: str, tools: Sequence[Tool], tmp_path: Path) -> None:
    own = read_own_jobs(groups=write(tmp_path, edited(text)))
    assert own.groups is not None
    funnel = Funnel()
    groups = list(accepted_groups(tools, own.groups, funnel))
    assert [group.functionality.name for group in groups] == ["rent bicycle", "translate a text into a language"]
    assert funnel.drops == {"ungrouped_tool": {"in_no_accepted_group": 1}}
    scenario = next(write_scenarios(groups[0], np.random.default_rng(0), True))
    assert "Square" in scenario.instruction


def test_a_proposed_file_without_changes_accepts_only_known_jobs(text: str, tmp_path: Path) -> None:
    own = read_own_jobs(groups=write(tmp_path, text))
    assert [group.functionality.name for group in own.groups or ()] == ["translate a text into a language"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("accept = true", "accept = false", "accepts no group"),
        ("values = []", 'values = ["a", "b"]', "'rent bicycle': slot 'station' has 2 different values"),
        ("values = []", 'concept = "stop"', "'rent bicycle': slot 'station' has the unknown concept 'stop'"),
        ("{station}: rent", "station: rent", r"the pattern 'station: rent .*' must contain each of \['station'\]"),
        (
            '"acme__rent_bicycle" = { station',
            '"acme__rent_bicycle" = { stop',
            "'acme__rent_bicycle': give the parameter",
        ),
        ('functionality = "rent bicycle"', 'functionality = "rent a bike"', "'rent a bike' has no functionality"),
        ("accept = false", "accept = 5", r"group.1.accept \('rent bicycle'\)"),
    ],
)
def test_an_invalid_entry_is_named(old: str, new: str, problem: str, text: str, tmp_path: Path) -> None:
    assert old in text
    changed = text.replace(old, new)
    ready = changed if "accepts no group" in problem else edited(changed)
    with pytest.raises(ConfigError, match=problem):
        read_own_jobs(groups=write(tmp_path, ready))


def test_a_tool_that_does_not_exist_is_named_with_similar_ones(
    text: str, tools: Sequence[Tool], tmp_path: Path
) -> None:
    own = read_own_jobs(groups=write(tmp_path, text.replace('"acme__translate_text"', '"acme__translat"')))
    with pytest.raises(ConfigError, match=r"'acme__translat', which .* Similar names: acme__translate_text"):
        list(accepted_groups(tools, own.groups or (), Funnel()))


FUNCTIONALITY = f"""
[[functionality]]
name = "rent a bicycle"
summary = "Rent a bicycle at a station."
phrases = ["Hire a bike from a dock."]
signals = {{ all = [["bicycle", "bike"], ["rent", "hire"]], operation = ["rent"], none = ["mould"] }}
slots = [{{ name = "station", about = "Name of the station", values = {STATIONS} }}]
patterns.terse = ["bike at {{station}}", "rent a bike, {{station}}"]
patterns.spoken = ["get me a bike at {{station}}", "i want to ride from {{station}}"]
"""


def test_a_functionalities_file_adds_a_job_that_is_recognised(tools: Sequence[Tool], tmp_path: Path) -> None:
    own = read_own_jobs(functionalities=write(tmp_path, FUNCTIONALITY))
    recogniser = Recogniser(own.library, SentenceEncoder(), own.lexicon)
    found = [outcome for outcome in recogniser.recognise(tools, 0.3) if isinstance(outcome, Recognised)]
    rented = [item.tool.name for item in found if item.entry.functionality.name == "rent a bicycle"]
    assert rented == ["acme__rent_bicycle", "borealis__rent_bicycle", "corvid__rent_bicycle"]
    assert "functionalities sha256:" in own.identity


def test_the_example_of_the_guide_is_a_job_that_is_recognised(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "own-tools.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(\[\[functionality\]\].*?)```", guide, re.DOTALL)
    own = read_own_jobs(functionalities=write(tmp_path, example))
    listed = [
        {
            "name": f"{provider}_invoice_status",
            "description": about,
            "parameters": {
                "type": "object",
                "properties": {parameter: {"type": "string", "description": "Number of the invoice"}},
                "required": [parameter],
            },
        }
        for provider, about, parameter in (
            ("acme", "Status of an invoice. Free, no key.", "invoice_number"),
            ("borealis", "Says whether an invoice is paid or overdue. $0.01 per invoice.", "number"),
            ("corvid", "Checks the payment status of an invoice, in 40 ms.", "invoice"),
        )
    ]
    (tmp_path / "tools.json").write_text(json.dumps(listed), encoding="utf-8")
    source = open_source(f"openai:{tmp_path / 'tools.json'}")
    assert not isinstance(source, ReadySource)
    tools = read_tools(source, Funnel(), no_progress)
    found = list(Recogniser(own.library, SentenceEncoder(), own.lexicon).recognise(tools, 0.3))
    assert [item.entry.functionality.name for item in found if isinstance(item, Recognised)] == [
        "status of an invoice"
    ] * len(listed)


def test_a_functionality_without_signals_is_refused(tmp_path: Path) -> None:
    text = re.sub(r"signals = .*\n", "", FUNCTIONALITY)
    with pytest.raises(ConfigError, match="'rent a bicycle' has no signals"):
        read_own_jobs(functionalities=write(tmp_path, text))
