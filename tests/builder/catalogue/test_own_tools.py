"""Tests of a catalogue as a new user has it, in three forms: 12 jobs, each done by four providers with stated facts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.catalogue.sources import ReadySource, open_source
from builder.errors import BuildError, ConfigError
from builder.funnel import Funnel
from builder.preparation import read_tools
from builder.progress import no_progress
from tests.own_tools import FORMS, JOBS, PROVIDERS, write_catalogue


@pytest.mark.parametrize("kind", FORMS)
def test_providers_are_recognised_in_names_that_share_operations(kind: str, tmp_path: Path) -> None:
    source = open_source(write_catalogue(tmp_path, kind))
    assert not isinstance(source, ReadySource)
    tools = read_tools(source, Funnel(), no_progress)
    assert len(tools) == len(JOBS) * len(PROVIDERS)
    assert {tool.provider for tool in tools} == set(PROVIDERS)
    assert {tool.operation for tool in tools} == {name.replace("_", " ") for name, _, _ in JOBS}


@pytest.mark.parametrize(
    ("kind", "rule", "expected"),
    [
        ("openai", "name", set(PROVIDERS)),
        ("openai", "file", {"openai"}),
        ("mcp", "_meta.vendor", set(PROVIDERS)),
        ("openapi", "x-provider", set(PROVIDERS)),
        ("openapi", "title", {"Gateway"}),
    ],
)
def test_provider_from_says_who_the_provider_is(kind: str, rule: str, expected: set[str], tmp_path: Path) -> None:
    source = open_source(write_catalogue(tmp_path, kind), provider_from=rule)
    assert not isinstance(source, ReadySource)
    assert {tool.provider for tool in source.read()} == expected


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (("operation", "path", "info", "document"), "operation"),
        (("path", "info", "document"), "path"),
        (("info", "document"), "info"),
        (("document",), "document"),
    ],
)
def test_a_field_of_an_openapi_document_counts_at_the_nearest_level(
    levels: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    spec = write_catalogue(tmp_path, "openapi")
    document = json.loads((tmp_path / "openapi.json").read_text(encoding="utf-8"))
    path = document["paths"]["/acme/whois"]
    del path["get"]["x-provider"]
    places = {"operation": path["get"], "path": path, "info": document["info"], "document": document}
    for level in levels:
        places[level]["x-provider"] = level
    (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    source = open_source(spec, provider_from="x-provider")
    assert not isinstance(source, ReadySource)
    assert next(tool.provider for tool in source.read() if tool.operation == "acme_whois") == expected


def test_a_rule_that_names_no_provider_is_refused_with_the_fields_that_exist(tmp_path: Path) -> None:
    source = open_source(write_catalogue(tmp_path, "mcp"), provider_from="vendor")
    assert not isinstance(source, ReadySource)
    with pytest.raises(BuildError, match=r"'vendor' names no provider for any of the 48 tools.*_meta\.vendor"):
        list(source.read())


def test_a_tool_without_provider_is_skipped_and_named(tmp_path: Path) -> None:
    spec = write_catalogue(tmp_path, "mcp")
    answer = json.loads((tmp_path / "mcp.json").read_text(encoding="utf-8"))
    del answer["result"]["tools"][0]["_meta"]
    (tmp_path / "mcp.json").write_text(json.dumps(answer), encoding="utf-8")
    source = open_source(spec, provider_from="_meta.vendor")
    assert not isinstance(source, ReadySource)
    assert len(list(source.read())) == 47
    assert "provider missing (1): mcp.json: 'acme_current_weather'" in source.skipped.notices()[0]


def test_the_builtin_catalogue_takes_no_provider_rule() -> None:
    with pytest.raises(ConfigError, match="--provider-from is for catalogues of your own"):
        open_source("builtin", provider_from="name")


def _facts_file(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "facts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_a_facts_file_adds_facts_to_the_listing(tmp_path: Path) -> None:
    facts = _facts_file(
        tmp_path, {"tool": "acme_whois", "uptime": 99.9, "latency": 5}, {"tool": "corvid__whois", "source": "official"}
    )
    source = open_source(write_catalogue(tmp_path, "openai"), facts=facts)
    assert not isinstance(source, ReadySource)
    by_name = {tool.name: tool for tool in read_tools(source, Funnel(), no_progress)}
    listing = by_name["acme__whois"].listing
    assert listing.startswith("Latency 5 ms | Uptime 99.9 %\n")
    assert "nothing is stored" in listing  # a listing repeats what the prose states
    assert by_name["acme__whois"].values["latency"] == "fast"
    assert by_name["corvid__whois"].values["source"] == "official"
    assert not by_name["borealis__whois"].listing


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"tool": "acme_whoiss", "uptime": 99}, "names the tool 'acme_whoiss', .* Similar names: acme_whois"),
        ({"tool": "acme_whois", "speed": 5}, "unknown axis 'speed'. Allowed axes: price, "),
        ({"tool": "acme_whois", "latency": "fast"}, "latency is 'fast'. Allowed values: numbers of 0 or more, in ms"),
        ({"tool": "acme_whois", "region": "Mars"}, "region is 'Mars'. Allowed values: EU, US, APAC"),
    ],
)
def test_an_invalid_line_of_a_facts_file_is_named(line: dict[str, object], problem: str, tmp_path: Path) -> None:
    source = open_source(write_catalogue(tmp_path, "openai"), facts=_facts_file(tmp_path, line))
    assert not isinstance(source, ReadySource)
    with pytest.raises(ConfigError, match=problem):
        list(source.read())
