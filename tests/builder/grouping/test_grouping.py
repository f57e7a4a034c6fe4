"""Tests of recognising functionalities, aligning parameters and grouping tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from builder import embedding
from builder.catalogue.normalise import json_schema, to_tool
from builder.catalogue.raw_tools import RawParameter
from builder.config import GroupConfig
from builder.embedding import SentenceEncoder
from builder.funnel import Funnel
from builder.grouping import recognition
from builder.grouping.alignment import align
from builder.grouping.contrasts import contrasts, contrasts_of_tool
from builder.grouping.functionalities import entries
from builder.grouping.group_tools import group_catalogue
from builder.grouping.recognition import Recognised, Recogniser, Unrecognised
from builder.records import Binding, Group, GroupTool, Scenario, Slot, SlotValue, Tool
from builder.users.arguments import arguments_of
from tests.factories import raw_parameter, raw_tool

CITY = [Slot("city", "city", "City")]
POINT = [Slot("latitude", "latitude", ""), Slot("longitude", "longitude", "")]
PAIR = [Slot("from", "from_currency", ""), Slot("to", "to_currency", ""), Slot("amount", "amount", "")]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def bound(slots: Sequence[Slot], *parameters: RawParameter) -> dict[str, str] | str:
    outcome = align(json_schema(parameters), slots)
    return outcome if isinstance(outcome, str) else {slot: binding.path[0] for slot, binding in outcome.items()}


def test_parameters_are_bound_by_name_in_any_spelling() -> None:
    assert bound(POINT, raw_parameter("LAT"), raw_parameter("lng")) == {"latitude": "LAT", "longitude": "lng"}
    assert bound(CITY, raw_parameter("city-name")) == {"city": "city-name"}


def test_an_uninformative_name_is_bound_by_its_description() -> None:
    assert bound(CITY, raw_parameter("q", about="Name of the city")) == {"city": "q"}
    assert bound(CITY, raw_parameter("q")) == "required_parameter_without_slot"


def test_an_informative_name_is_not_bound_by_its_description() -> None:
    assert (
        bound(CITY, raw_parameter("hotel_id", about="Id of a hotel in the city")) == "required_parameter_without_slot"
    )


def test_a_list_of_texts_takes_one_of_them() -> None:
    listed = replace(raw_parameter("cities", "ARRAY", about="Cities"), items={"type": "string"})
    slot = Slot("address", "address", "Address")
    addresses = replace(raw_parameter("addresses", "ARRAY"), items={"type": "string"})
    assert bound([slot], addresses) == {"address": "addresses"}
    outcome = align(json_schema((addresses,)), [slot])
    assert outcome == {"address": Binding(("addresses",), "string", is_list=True)}
    member = GroupTool(
        to_tool(raw_tool(addresses), set()), {"address": Binding(("addresses",), "string", is_list=True)}
    )
    scenario = Scenario("Geocode 3 Fjord Road.", {"address": SlotValue("3 Fjord Road", "3 Fjord Road")})
    assert arguments_of(scenario, member) == {"addresses": ["3 Fjord Road"]}
    assert bound([slot], replace(listed, items={"type": "integer"})) == "required_parameter_without_slot"


def test_each_slot_gets_its_own_parameter() -> None:
    parameters = (raw_parameter("to"), raw_parameter("amount", "NUMBER"), raw_parameter("from"))
    assert bound(PAIR, *parameters) == {"from": "from", "to": "to", "amount": "amount"}


def test_an_optional_parameter_can_be_bound_but_a_required_one_is_preferred() -> None:
    assert bound(CITY, raw_parameter("city", required=False)) == {"city": "city"}
    assert bound(CITY, raw_parameter("city", required=False), raw_parameter("town")) == {"city": "town"}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ([raw_parameter("city"), raw_parameter("date")], "required_parameter_without_slot"),
        ([raw_parameter("days", "NUMBER", required=False)], "slot_without_parameter"),
        ([raw_parameter("city", "NUMBER")], "required_parameter_without_slot"),
        ([raw_parameter("city", about="One of the following: Oslo|Bergen")], "required_parameter_without_slot"),
    ],
)
def test_alignment_returns_the_reason_why_a_tool_cannot_be_called_with_the_slots(
    parameters: list[RawParameter], reason: str
) -> None:
    assert bound(CITY, *parameters) == reason


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("get match boxscore", {"boxscore"}),
        ("get match statistics", {"statistic"}),
        ("reverse geocode a point in ghana", {"ghana"}),
        ("tiktok user followers", {"tiktok", "followers"}),
        ("current weather by city", set()),
        ("niger and nigeria", {"niger", "nigeria"}),
    ],
)
def test_contrasting_words(text: str, named: set[str]) -> None:
    assert contrasts(text) == named


@pytest.mark.parametrize(
    ("name", "about", "named"),
    [
        ("translate", "Translate text. 20 euros per million characters.", set()),
        ("convert", "Convert money from EUR to another currency.", set()),
        ("convert", "Converts money by the daily rates of the European Central Bank.", set()),
        ("convert", "Converts money by the rates of the Bank of Canada.", set()),
        ("translate", "Translation reviewed by a human linguist.", set()),
        ("ukulele_chords", "Chords of a song.", set()),
        ("uk_company_search", "UK companies only, from the register.", set()),
        ("send_sms", "Send SMS within the UK.", set()),
        ("search_news", "News search. Sources from the US and Canada.", set()),
        ("track", "Track a parcel. Covers Germany, France and Poland.", set()),
        ("geocode", "Geocode an address in Ghana.", {"ghana"}),
        ("ghana_geocode", "Geocode an address.", {"ghana"}),
        ("geocode", "Geocodes European addresses.", {"europe"}),
        ("reviews", "Reviews of a product.", {"review"}),
        ("search", "Search. Only football matches.", {"football"}),
        ("codes", "Bank codes of German banks.", {"german"}),
    ],
)
def test_terms_coverage_and_institutions_name_no_other_job(name: str, about: str, named: set[str]) -> None:
    assert contrasts_of_tool(name, about) == named


@pytest.mark.parametrize(
    ("operation", "about", "parameters", "job"),
    [
        (
            "convert_currency",
            "Currency conversion for 170 fiat currencies and 40 cryptocurrencies.",
            ("amount", "from", "to"),
            "convert an amount between currencies",
        ),
        ("geocoder", "In-house geocoder on our own hardware.", ("address",), "geocode an address"),
        ("get_status", "Where is my parcel? Real-time status.", ("tracking_id",), "track a parcel"),
        ("find_articles", "Find newspaper articles back to 1851.", ("query",), "search recent news articles"),
        ("weather", "Our own cached weather service.", ("city",), "current weather by city"),
    ],
)
def test_ordinary_words_of_a_job_are_recognised(
    operation: str, about: str, parameters: tuple[str, ...], job: str, encoder: SentenceEncoder
) -> None:
    inputs = [raw_parameter(name, "NUMBER" if name == "amount" else "STRING") for name in parameters]
    tool = to_tool(raw_tool(*inputs, provider="Alto", operation=operation, about=about), set())
    (outcome,) = Recogniser(entries(), encoder).recognise([tool], GroupConfig().similarity)
    assert isinstance(outcome, Recognised), outcome
    assert outcome.entry.functionality.name == job


def weather(provider: str, operation: str = "Current weather", about: str = "", parameter: str = "city") -> Tool:
    about = about or f"{provider} returns the weather conditions right now in a city"
    return to_tool(raw_tool(raw_parameter(parameter), provider=provider, operation=operation, about=about), set())


def grouped(tools: Sequence[Tool], encoder: SentenceEncoder) -> tuple[list[Group], Funnel]:
    funnel = Funnel()
    return list(group_catalogue(tools, Recogniser(entries(), encoder), GroupConfig(), funnel)), funnel


def test_tools_that_do_the_same_job_form_a_group(encoder: SentenceEncoder) -> None:
    groups, _ = grouped([weather(name) for name in ("Alto", "Bora", "Ciel")], encoder)
    assert [group.functionality.name for group in groups] == ["current weather by city"]
    assert [member.tool.provider for member in groups[0].members] == ["Alto", "Bora", "Ciel"]
    assert groups[0].members[0].bindings["city"].path == ("city",)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (weather("Dune", "Weather forecast", "Forecast of the weather for the next days in a city"), None),
        (weather("Dune", about="Current weather in any city of Ghana"), "contrasting_word"),
        (weather("Dune", parameter="station"), "required_parameter_without_slot"),
        (weather("Dune", "Random joke", "Tells a joke about a city"), "no_known_functionality"),
        (weather("Bora_v2"), "same_provider_in_group"),
    ],
)
def test_a_tool_that_does_another_job_is_not_grouped(other: Tool, reason: str | None, encoder: SentenceEncoder) -> None:
    groups, funnel = grouped([*(weather(name) for name in ("Alto", "Bora", "Ciel")), other], encoder)
    assert [len(group.members) for group in groups] == [3]
    assert other.name not in {member.tool.name for member in groups[0].members}
    if reason:
        assert funnel.drops["ungrouped_tool"][reason] == 1


def test_a_group_needs_three_providers_with_different_documentation(encoder: SentenceEncoder) -> None:
    groups, funnel = grouped([weather("Alto"), weather("Bora")], encoder)
    assert groups == []
    assert funnel.drops["group"]["fewer_than_3_providers"] == 1
    same = [weather(name, about="Returns the weather right now in a city") for name in ("Alto", "Bora", "Ciel")]
    groups, funnel = grouped(same, encoder)
    assert groups == []
    assert funnel.drops["ungrouped_tool"]["same_description_in_group"] == 2


def test_a_large_group_is_truncated_and_the_rest_are_look_alikes(encoder: SentenceEncoder) -> None:
    tools = [weather(name) for name in ("Alto", "Bora", "Ciel", "Dune", "Elba", "Faro", "Gale", "Hoar")]
    groups, funnel = grouped(tools, encoder)
    assert len(groups[0].members) == GroupConfig().largest
    assert funnel.drops["ungrouped_tool"]["group_is_large_enough"] == 2
    suspects = Recogniser(entries(), encoder).look_alikes(tools, 0.99)["current weather by city"]
    assert suspects == {tool.name for tool in tools}


def test_results_do_not_depend_on_the_batch_size(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = [weather(name) for name in ("Alto", "Bora", "Ciel", "Dune")] + [weather("Elba", "Random joke", "Says it")]
    texts = [*(tool.description for tool in tools), "a longer text than all of the others, of many more words", ""]

    def results() -> tuple[object, ...]:
        recogniser = Recogniser(entries(), encoder)
        outcomes = [
            outcome
            if isinstance(outcome, Unrecognised)
            else (outcome.tool.name, outcome.entry.functionality.name, round(outcome.similarity, 5))
            for outcome in recogniser.recognise(tools, 0.3)
        ]
        return outcomes, recogniser.look_alikes(tools, 0.45), encoder.encode(texts).tobytes()

    expected = results()
    monkeypatch.setattr(recognition, "_BATCH", 2)
    monkeypatch.setattr(embedding, "_BATCH", 2)
    assert results() == expected


def test_the_signal_index_proposes_all_functionalities_with_signals_and_few_others() -> None:
    library = entries()
    index = recognition._SignalIndex(library)
    total_matching = total_proposed = 0
    for about in {phrase for entry in library for phrase in (entry.functionality.name, *entry.functionality.phrases)}:
        texts = recognition._texts(weather("Alto", "Call", about))
        matching = [column for column, entry in enumerate(library) if recognition._has_signals(entry, texts)]
        proposed = list(index.possible(texts))
        assert set(matching) <= set(proposed)
        assert proposed == sorted(proposed)
        total_matching, total_proposed = total_matching + len(matching), total_proposed + len(proposed)
    assert 500 < total_matching < total_proposed < 10 * total_matching


def test_the_encoder_returns_unit_vectors_and_counts_tokens(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(["weather in Oslo", "forecast for Oslo", "a joke", ""])
    assert vectors.shape == (4, 256)
    assert abs(float(vectors[0] @ vectors[0]) - 1) < 1e-5
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert not vectors[3].any()
    assert encoder.encode([]).shape == (0, 256)
    assert encoder.count_tokens("weather in Oslo") > encoder.count_tokens("weather")
