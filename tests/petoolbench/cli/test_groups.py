"""Tests of `petoolbench groups` on a catalogue as an engineer has it: what is understood, and what is left out and why."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.commands import Done, run

PROVIDERS: Final = ("acme", "borealis", "corvid", "delphin")
FACTS: Final = (
    "Free, no sign-up.",
    "$0.004 per check, answers within 50 ms.",
    "Data stays in the EU. Updated hourly.",
    "$0.009 per check.",
)
IBAN: Final = ("Check whether an IBAN is valid.", {"iban": "The IBAN"})


def function(name: str, about: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"name": name, "description": about, "parameters": schema}


def catalogue() -> list[dict[str, Any]]:
    """Return tools of which one job is complete, and others each lack something."""
    return [
        *(
            function(f"{provider}__validate_iban", f"{IBAN[0]} {facts}", IBAN[1])
            for provider, facts in zip(PROVIDERS, FACTS, strict=True)
        ),
        function("acme__iban_again", "Validate an IBAN. Replies in 30 ms.", IBAN[1]),
        function("ember__validate_iban", "Check whether an IBAN is valid.", {"account": "Where the money goes"}),
        function("acme__list_rooms", "List all meeting rooms of the office.", {}),
        *(function(f"acme__thing_{word}", f"Polish the {word} lamp by hand.", {"lamp": "Lamp"}) for word in "uvwxyz"),
        function("acme__whois", "WHOIS record of a domain.", {"domain": "Domain"}),
        function("acme__old_thing", "Deprecated way to polish a lamp.", {"lamp": "Lamp"}),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the catalogue, a groups file and a facts file."""
    path = tmp_path_factory.mktemp("groups")
    (path / "tools.json").write_text(json.dumps(catalogue()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(folder: Path) -> Done:
    """Result of the command."""
    result = run("groups", "openai:tools.json", "-o", "groups.toml", "--facts-out", "facts.jsonl", cwd=folder)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def lines(done: Done, folder: Path) -> dict[str, dict[str, Any]]:
    """Lines of the facts file by tool."""
    assert done.returncode == 0
    records = map(json.loads, (folder / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    return {record["tool"]: record for record in records}


@pytest.mark.parametrize(
    "line",
    [
        "#   acme__iban_again: does 'validate an iban', as acme__validate_iban, borealis__validate_iban",
        "#   ember__validate_iban: like 'validate an iban', but requires account; the job has iban; to add it: "
        '"ember__validate_iban" = { iban = "account" }',
        "has no required parameter, which an instruction could state\n",
        "#   acme__list_rooms: nearest known job ",
        "#   acme__whois: does 'whois of a domain', as no other tool",
        "#   acme__thing_z: no similar tool of another provider",
        "#   delphin__validate_iban: ",
        "# withdrawn (1): acme__old_thing",
    ],
)
def test_the_file_lists_every_tool_that_no_group_uses_with_the_reason(line: str, done: Done, folder: Path) -> None:
    assert done.returncode == 0
    text = (folder / "groups.toml").read_text(encoding="utf-8")
    assert line in text
    assert tomllib.loads(text)["group"][0]["functionality"] == "validate an iban"  # the list is a comment


def test_each_reason_has_a_next_step(done: Done, folder: Path) -> None:
    assert done.returncode == 0
    text = (folder / "groups.toml").read_text(encoding="utf-8").partition("# Tools that no group uses")[2]
    heads = [line for line in text.partition("# Dropped")[0].splitlines() if line.startswith("# ") and ": " in line]
    reasons = [line for line in heads if not line.startswith("#   ")]
    assert len(reasons) == sum(line.startswith("#   Next: ") for line in heads) == 5


def test_the_terminal_names_the_first_tools_and_the_place_of_the_others(done: Done) -> None:
    assert "in no group: no known functionality (7): acme__list_rooms, acme__thing_u, " in done.stdout
    assert "and 2 more" in done.stdout
    assert "left out by a build: not told apart by attributes (1): delphin__validate_iban" in done.stdout
    assert "Providers: 5: acme, borealis, corvid, delphin, ember.\n" in done.stdout
    assert "All of these tools are at the end of groups.toml" in done.stdout


def test_an_existing_file_is_replaced_only_with_force(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps(catalogue()), encoding="utf-8")
    (tmp_path / "groups.toml").write_text("edited", encoding="utf-8")
    refused = run("groups", "openai:tools.json", "-o", "groups.toml", cwd=tmp_path)
    assert refused.returncode != 0
    assert "--force" in refused.stderr
    assert (tmp_path / "groups.toml").read_text(encoding="utf-8") == "edited"
    assert run("groups", "openai:tools.json", "-o", "groups.toml", "--force", cwd=tmp_path).returncode == 0
    assert "validate an iban" in (tmp_path / "groups.toml").read_text(encoding="utf-8")


def test_the_facts_file_states_what_was_understood_with_the_words(lines: Mapping[str, Mapping[str, Any]]) -> None:
    assert lines["borealis__validate_iban"] == {
        "tool": "borealis__validate_iban",
        "provider": "borealis",
        "job": "validate an iban",
        "price": 4,
        "latency": 50,
        "pricing": "paid",
        "quotes": {"price": "$0.004 per check", "latency": "answers within 50 ms", "pricing": "$0.004 per check"},
    }
    assert lines["acme__whois"]["job"] == ""
    assert lines["corvid__validate_iban"]["interval"] == 3600  # `updated hourly` excludes it from no job


def test_the_facts_file_can_be_passed_back_unchanged(
    lines: Mapping[str, Mapping[str, Any]], folder: Path, tmp_path: Path
) -> None:
    assert lines
    back = run(
        *("groups", f"openai:{folder / 'tools.json'}", "--facts", folder / "facts.jsonl"),
        *("-o", "groups.toml", "--facts-out", "facts.jsonl"),
        cwd=tmp_path,
    )
    assert (back.returncode, back.stderr) == (0, "")
    for name in ("facts.jsonl", "groups.toml"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_correction_counts_and_a_contradiction_is_a_warning(folder: Path, tmp_path: Path) -> None:
    corrections = [
        {"tool": "borealis__validate_iban", "price": 5, "latency": None},
        {"tool": "corvid__validate_iban", "region": "US", "uptime": 99.9},
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, corrections)), encoding="utf-8")
    back = run(
        *("groups", f"openai:{folder / 'tools.json'}", "--facts", "mine.jsonl"),
        *("-o", "groups.toml", "--facts-out", "facts.jsonl"),
        cwd=tmp_path,
    )
    assert "facts contradict documentation (2): " in back.stderr
    assert "price is 5 in the facts file, and 4 in the documentation ('$0.004 per check')" in back.stderr
    assert "region is US in the facts file, and EU in the documentation ('stays in the EU')" in back.stderr
    assert "uptime" not in back.stderr
    records = map(json.loads, (tmp_path / "facts.jsonl").read_text(encoding="utf-8").splitlines())
    by_tool = {record["tool"]: record for record in records}
    assert by_tool["borealis__validate_iban"]["price"] == 5
    assert "latency" not in by_tool["borealis__validate_iban"]
    assert by_tool["corvid__validate_iban"]["region"] == "US"


def test_contradictions_of_a_written_facts_file_are_one_line_with_the_file(
    lines: Mapping[str, Mapping[str, Any]], folder: Path, tmp_path: Path
) -> None:
    corrected = [
        {**record, **{axis: 9 for axis in ("price", "latency") if axis in record}} for record in lines.values()
    ]
    (tmp_path / "facts.jsonl").write_text("\n".join(map(json.dumps, corrected)), encoding="utf-8")
    failed = run(
        *("build", "--catalog", f"openai:{folder / 'tools.json'}", "--facts", "facts.jsonl", "-o", "out"), cwd=tmp_path
    )
    found = [line for line in failed.stderr.splitlines() if "contradict" in line]
    assert len(found) == 1
    assert "): the facts file counts; each is in 'facts.jsonl'" in found[0]
    assert "acme" not in found[0]


def test_a_tool_that_is_not_told_apart_has_the_facts_that_were_considered(done: Done, folder: Path) -> None:
    assert done.returncode == 0
    text = (folder / "groups.toml").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("#   delphin__validate_iban: ")]
    assert "has this too; facts considered: " in line
    assert " of 4 tools" in line


def test_too_few_providers_are_named_with_the_option_that_states_them(tmp_path: Path) -> None:
    entries = [function(name, IBAN[0] + facts, IBAN[1]) for name, facts in zip(("a1", "b2", "c3"), FACTS, strict=False)]
    (tmp_path / "tools.json").write_text(json.dumps(entries), encoding="utf-8")
    done = run("groups", "openai:tools.json", "-o", "groups.toml", cwd=tmp_path)
    assert "Providers: 1: tools. If these are not all of them, state where their names are with --provider-from." in (
        done.stdout
    )


def test_one_provider_is_the_first_thing_to_say(tmp_path: Path) -> None:
    entries = [
        function(f"{provider}_{name}", IBAN[0] + facts, IBAN[1])
        for provider, name, facts in zip(PROVIDERS, ("iban", "check", "valid"), FACTS, strict=False)
    ]
    (tmp_path / "tools.json").write_text(json.dumps(entries), encoding="utf-8")
    done = run("groups", "openai:tools.json", "-o", "groups.toml", cwd=tmp_path)
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"All {len(entries)} tools have the provider 'tools'")
    assert "--provider-from name" in first
    again = run("groups", "openai:tools.json", "--provider-from", "name", "-o", "again.toml", cwd=tmp_path)
    assert "Providers: 3: " in again.stdout
    assert "pass --provider-from name" not in again.stdout


def test_a_dropped_tool_is_named_with_the_reason_and_the_next_step(tmp_path: Path) -> None:
    tool = function("acme__locate_all", "Geocode addresses.", {"addresses": "Addresses"})
    tool["parameters"]["properties"]["addresses"] = {"type": "object"}
    (tmp_path / "tools.json").write_text(json.dumps([*catalogue(), tool]), encoding="utf-8")
    done = run("groups", "openai:tools.json", "-o", "groups.toml", cwd=tmp_path)
    line = "unusable schema (1): acme__locate_all (requires 'addresses' of the type 'object', "
    assert f"dropped: {line}" in done.stdout
    assert f"# {line}" in (tmp_path / "groups.toml").read_text(encoding="utf-8")
    assert "make it optional" in done.stdout


def test_a_known_job_of_too_few_tools_has_a_group_to_which_a_line_adds_a_tool(done: Done, folder: Path) -> None:
    assert done.returncode == 0
    groups = tomllib.loads((folder / "groups.toml").read_text(encoding="utf-8"))["group"]
    small = {group["functionality"]: group for group in groups if not group["accept"]}
    assert small["whois of a domain"]["tools"] == {"acme__whois": {"domain": "domain"}}


def test_a_cut_list_of_a_build_says_where_the_whole_is(tmp_path: Path) -> None:
    entries = [*catalogue(), *({"type": "hosted", "name": f"x{number}"} for number in range(5))]
    (tmp_path / "tools.json").write_text(json.dumps(entries), encoding="utf-8")
    failed = run("build", "--catalog", "openai:tools.json", "-o", "out", cwd=tmp_path)
    assert "and 2 more" in failed.stderr
    assert "catalogue: all of them are at the end of the file that 'petoolbench groups CATALOG -o FILE' writes" in (
        failed.stderr
    )
    assert run("groups", "openai:tools.json", "-o", "groups.toml", cwd=tmp_path).returncode == 0
    text = (tmp_path / "groups.toml").read_text(encoding="utf-8")
    assert all(f"entry {number}: its type is 'hosted'" in text for number in range(len(catalogue()), len(entries)))


@pytest.mark.parametrize("existing", ["groups.toml", "facts.jsonl"])
def test_an_existing_file_is_kept(existing: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / existing).write_text("mine", encoding="utf-8")
    catalog = f"openai:{folder / 'tools.json'}"
    refused = run("groups", catalog, "-o", "groups.toml", "--facts-out", "facts.jsonl", cwd=tmp_path)
    assert refused.returncode == 1
    assert f"'{existing}' exists already" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == [existing]
