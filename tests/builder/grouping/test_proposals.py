"""Tests of proposed groups: tools that state different terms are alike, and far jobs are not offered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builder.catalogue.sources import ReadySource, open_source
from builder.config import GroupConfig
from builder.embedding import SentenceEncoder
from builder.funnel import Funnel
from builder.grouping.own_jobs import OwnJobs
from builder.grouping.proposals import Proposal, propose_groups
from builder.grouping.recognition import Recogniser
from builder.preparation import read_tools
from builder.progress import no_progress

EMAIL = {"to": "Recipient", "subject": "Subject line", "body": "Text"}
SPEECH = "Address of the audio file with the speech"
TOOLS = [
    # One job that the library does not have, with terms that share no words.
    (
        "aria",
        "transcribe",
        "Transcribes speech to text. $0.30 per audio hour. Recordings are deleted immediately.",
        {"url": SPEECH},
    ),
    (
        "brio",
        "recognize",
        "Recognises speech in audio as text. Hosted in Ohio. Sign in with an account; 99.9 % uptime.",
        {"uri": SPEECH},
    ),
    ("coda", "asr", "Converts spoken audio to written text. Free for all. No sign-up.", {"file_url": SPEECH}),
    # A known job with other usual names of its inputs.
    ("dolce", "send", "Send an e-mail. $0.50 per 1,000 e-mails.", EMAIL),
    (
        "etude",
        "send_mail",
        "Sends an e-mail to a recipient.",
        {"recipient": "Address", "subject": "Subject", "text": "Text"},
    ),
    ("forte", "deliver", "Deliver an email message.", {"to_address": "To", "subject_line": "Subject", "html": "Body"}),
    ("giga", "get_weather", "Get the weather in a city.", {"city": "Name of a city"}),
    # Jobs that are far from every known one.
    ("harpa", "polish", "Polish a brass lamp at an address.", {"address_line": "Postal address"}),
    ("intro", "open_weather", "Open-access measurements for private gardens.", {"location": "City"}),
    ("lento", "forecast", "Get the weather forecast of a city for tomorrow.", {"city": "Name of a city"}),
]


def function(name: str, about: str, parameters: dict[str, str], provider: str) -> dict[str, Any]:
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"name": f"{provider}_{name}", "description": about, "parameters": schema, "x-provider": provider}


@pytest.fixture(scope="module")
def proposal(tmp_path_factory: pytest.TempPathFactory) -> Proposal:
    """Proposal for the tools."""
    path = tmp_path_factory.mktemp("catalogue") / "tools.json"
    listed = [function(name, about, inputs, provider) for provider, name, about, inputs in TOOLS]
    path.write_text(json.dumps(listed), encoding="utf-8")
    source = open_source(f"openai:{path}", provider_from="x-provider")
    assert not isinstance(source, ReadySource)
    encoder = SentenceEncoder()
    tools = read_tools(source, Funnel(), no_progress)
    return propose_groups(tools, Recogniser(OwnJobs().library, encoder), GroupConfig(), encoder)


def providers(names: object) -> list[str]:
    assert isinstance(names, dict)
    return sorted(name.partition("__")[0] for name in names)


def test_terms_do_not_hide_that_tools_do_the_same_job(proposal: Proposal) -> None:
    proposed = [group for group in proposal.groups if not group.is_known]
    assert [providers(group.tools) for group in proposed] == [["aria", "brio", "coda"]]
    assert not {"aria", "brio", "coda"} & set(proposed[0].name.split())


def test_inputs_of_a_known_job_have_their_usual_names(proposal: Proposal) -> None:
    (group,) = (group for group in proposal.groups if group.name == "send an e-mail")
    assert providers(group.tools) == ["dolce", "etude", "forte"]
    assert group.tools["dolce__dolce_send"] == {"recipient": "to", "subject": "subject", "text": "body"}


def test_no_line_adds_a_tool_to_a_far_job(proposal: Proposal) -> None:
    details = {item.tool.partition("__")[0]: item.detail for item in proposal.ungrouped}
    assert "to add it" not in details["harpa"] + details["intro"]
