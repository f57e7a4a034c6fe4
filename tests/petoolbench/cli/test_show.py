"""`petoolbench show`, and the instances that `demo` shows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import (
    HISTORY_TYPES,
    AnswerRow,
    FactRow,
    Instance,
    InteractionRow,
    MetaRow,
    ToolDoc,
    WantedRow,
)
from petoolbench.instance_text import Wishes, in_words, render
from petoolbench.text_columns import aligned, tool_block, two_columns
from tests.commands import run
from tests.conftest import Built, Demo
from tests.factories import listed_row, listed_tools


def shown(built: Built, *options: str | Path, cwd: Path) -> str:
    """Return the output of `show`."""
    done = run("show", built.data, *options, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown_ids(output: str) -> list[str]:
    """Return the ids of the instances in the output of `show`."""
    return re.findall(r"^(\S+)   \(user ", output, flags=re.MULTILINE)


def first_of_groups(rows: list[Instance], count: int) -> list[Instance]:
    """Return the first instance of each of the first query groups."""
    groups: dict[str, Instance] = {}
    for row in rows:
        groups.setdefault(row.query_group, row)
    return list(groups.values())[:count]


def test_instances_are_shown_with_history_instruction_and_answer(built: Built, tmp_path: Path) -> None:
    output = shown(built, "--config", "rating_integrated", "-n", "2", cwd=tmp_path)
    rows = first_of_groups(read_instances(built.data, "rating_integrated", "validation"), 2)
    assert shown_ids(output) == [row.instance_id for row in rows]
    for row in rows:
        assert f"Instruction   {row.instruction}" in output
        assert row.answer is not None
        assert f"Answer        {row.answer.name} {row.answer.arguments}" in output
        for step in row.history:
            assert f"liked     {step.instruction}" in output or f"disliked  {step.instruction}" in output
            assert f"-> {step.name} {step.arguments}" in output
            assert all(name in output for name in step.offered)
        for tool in row.candidates:
            assert f" {tool.name}(" in output
    assert "  liked " in output
    assert "  disliked " in output


def test_several_instances_have_different_instructions(built: Built, tmp_path: Path) -> None:
    output = shown(built, "-n", "3", cwd=tmp_path)
    instructions = re.findall(r"^Instruction   (.+)$", output, flags=re.MULTILINE)
    assert len(instructions) == len(set(instructions)) == 3
    rows = read_instances(built.data, HISTORY_TYPES[0], "validation")
    assert len({row.instruction for row in rows[:3]}) < 3, "the first rows share an instruction"


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_the_preference_and_the_steps_and_words_that_state_it_are_marked(
    built: Built, tmp_path: Path, config: str
) -> None:
    facts = {tool.name: {fact.axis: fact for fact in tool.facts} for tool in read_tools(built.data, "validation")}
    rows = first_of_groups(read_instances(built.data, config, "validation"), 3)
    for row in rows:
        assert row.answer is not None
        assert row.meta is not None
        assert row.meta.wanted
        output = shown(built, "--config", config, "--id", row.instance_id, cwd=tmp_path)
        assert f"\nWants         {'; '.join(map(in_words, row.meta.wanted))}\n" in output
        assert f"\nKind          {row.meta.kind}\n" in output
        assert f"\nConcerns      {row.meta.concerns}\n" in output
        steps = re.findall(
            r"^  ([* ]) {1,2}(\d+)  ", output.partition("\n\n")[2].partition("\n\n")[0], flags=re.MULTILINE
        )
        assert [int(index) for _, index in steps] == list(range(len(row.history)))
        assert [int(index) for mark, index in steps if mark == "*"] == sorted(row.evidence)
        assert row.evidence
        table = output.partition("\nChoices in the steps")[2].partition("\n\n")[0]
        for axis in {part.axis for part in row.meta.wanted}:
            fact = facts[row.answer.name][axis]
            assert f"{fact.value} {fact.unit}".rstrip() in table
        for index in row.evidence:
            assert f"> {row.history[index].name} " in table
        assert f"> {row.answer.name} " in table
        assert f"  > {row.answer.name}(" in output
        if row.meta.drift_step is not None:
            assert f"\nSince         step {row.meta.drift_step}, {row.meta.change}; before" in output


WISHES = Wishes({tool.name: {fact.axis: fact for fact in tool.facts} for tool in listed_tools()})


def test_the_text_of_an_instance_with_listings() -> None:
    assert render(listed_row(), WISHES) == TEXT


TEXT = """\
chronological-0123abcd-000000   (user user-0, query group group-0)
Weather / forecast

History   (* = a step that shows the preference; letter = concern, A is that of the instruction)
     0  2026-11-10  B  Where is the club house in Bergen?
                       -> bravo__geocode {"city": "Bergen"}  rather than alfa__geocode, charly__geocode
     1  2026-11-11  A  Where is the clinic in Bergen?
                       -> bravo__geocode {"city": "Bergen"}  rather than alfa__geocode, charly__geocode
  *  2  2026-11-12  A  Where is the ward in Oslo?
                       -> alfa__geocode {"city": "Bergen"}  rather than bravo__geocode, charly__geocode
  *  3  2026-11-13  A  Will it rain at the clinic in Bergen?
                       -> foxtrot__forecast {"city": "Bergen"}  rather than delta__forecast, echo__forecast

Choices in the steps that show the preference, and now   (> = called, or the answer)
                            region  price
  2    > alfa__geocode      EU      4.0 USD per 1,000 calls
         bravo__geocode     US      0.5 USD per 1,000 calls
         charly__geocode    EU      9.0 USD per 1,000 calls
  3      delta__forecast    EU      6.0 USD per 1,000 calls
         echo__forecast     US      1.0 USD per 1,000 calls
       > foxtrot__forecast  EU      2.0 USD per 1,000 calls
  now    delta__forecast    EU      6.0 USD per 1,000 calls
         echo__forecast     US      1.0 USD per 1,000 calls
       > foxtrot__forecast  EU      2.0 USD per 1,000 calls

Candidates   (> = the answer)
    delta__forecast(city, [day])  by Delta                     echo__forecast(city, [day])  by Echo
      Get the forecast of a place.                               Get the forecast of a place.
      ## Limits and pricing                                      ## Limits and pricing
      - «**Hosting**: EU (Milan)»                                - «**Hosting**: US (Ohio)»
      - **Price**: «$6.00 per 1,000 calls»                       - **Price**: «$1.00 per 1,000 calls»
      - **Uptime**: 99.9 %                                       - **Uptime**: 99.9 %
      - **Accuracy**: {{high}} <b>                               - **Accuracy**: {{high}} <b>

  > foxtrot__forecast(city, [day])  by Foxtrot
      Get the forecast of a place.
      ## Limits and pricing
      - «**Hosting**: EU (Paris)»
      - **Price**: «$2.00 per 1,000 calls»
      - **Uptime**: 99.9 %
      - **Accuracy**: {{high}} <b>

Candidates for other jobs
  golf__joke(city, [day])  by Golf: Get the joke of a place.

Today         2026-11-29
Instruction   How warm will it be at the clinic tomorrow?
Answer        foxtrot__forecast {"city": "Bergen", "day": "2026-11-30"}
Wants         region: EU; lower price (1.00)
Kind          limit
Concerns      2
Evidence      2 telling steps
Since         step 2, sudden; before, the user wanted something else
Arguments     relative date"""


def test_full_shows_every_listing() -> None:
    text = render(listed_row(), WISHES, full=True)
    for tool in listed_tools():
        assert text.count(f"{tool.name}(city, [day])  by {tool.provider}") == 1
    assert text.count("## Limits and pricing") == len(listed_tools())


def test_a_private_instance_shows_no_preference() -> None:
    row = replace(listed_row(), answer=None, evidence=[], meta=MetaRow(n_tokens=9))
    text = render(row, WISHES)
    assert text.endswith("Answer        private")
    for mark in ("Wants", "Choices", "«", "*  ", "  A  ", "other jobs"):
        assert mark not in text
    assert text.count("## Limits and pricing") == len(row.candidates)


def test_labelled_facts_are_marked_in_descriptions() -> None:
    tools = [ToolDoc(name, "P", "Get tides. Costs nothing.", "", "{}") for name in ("one", "two")]
    steps = [InteractionRow("Tides?", "one", "{}", None)] * 2
    row = listed_row(
        "preferred_only", history=steps, history_tools=tools, candidates=tools, answer=AnswerRow("two", "{}"),
        evidence=[1], meta=MetaRow(axes=["pricing", "speed"], drift_step=1, same_function=["one", "two"]),
    )  # fmt: skip
    wishes = Wishes({name: {"pricing": FactRow("pricing", "free", "", "Costs nothing.")} for name in ("one", "two")})
    text = render(row, wishes)
    assert text.count("Get tides. «Costs nothing.»") == 4
    assert "\nTools of the history\n  one()  by P\n      Get tides." in text
    assert "\nWants         pricing = free, speed = ?\n" in text
    assert "\nSince         step 1; before, the user wanted something else" in text
    assert "\n  *  1  Tides?\n        -> one {}\n" in text
    for mark in ("Choices", "rather than", "Kind", "Concerns", "Evidence"):
        assert mark not in text


def test_parts_of_a_wish_in_words() -> None:
    assert in_words(WantedRow("rate_limit", None, "higher rate limit", 0.6)) == "higher rate limit (0.60)"
    assert in_words(WantedRow("payload", None, "compact form of the reply", 1.0)) == "compact form of the reply (1.00)"
    assert in_words(WantedRow("latency", "at most 310 ms", None, None)) == "latency: at most 310 ms"


def test_long_lines_of_a_listing_are_broken_and_stay_in_their_column() -> None:
    long = ToolDoc("a_" * 32, "P", "Word " * 30, "Plan  | Fee\n" + "- " + "word " * 20, "{}")
    lines = list(two_columns([tool_block(long), tool_block(long)], 118))
    assert max(map(len, lines)) <= 118
    assert any(line.lstrip().startswith("Plan  | Fee") for line in lines)
    assert all(line.startswith("  ") for line in lines)
    assert aligned([["a", "", "bb"], ["ccc", "", "d"]]) == ["a    bb", "ccc  d"]


def test_instances_are_chosen_by_id(built: Built, tmp_path: Path) -> None:
    rows = read_instances(built.data, HISTORY_TYPES[0], "validation")
    chosen = [rows[7].instance_id, rows[2].instance_id]
    output = shown(built, "--id", chosen[0], "--id", chosen[1], cwd=tmp_path)
    assert shown_ids(output) == [rows[2].instance_id, rows[7].instance_id]


def test_instances_are_drawn_with_a_seed(built: Built, tmp_path: Path) -> None:
    first, second, other = (
        shown(built, "--config", "chronological", "--seed", seed, "-n", "4", cwd=tmp_path) for seed in ("1", "1", "2")
    )
    assert first == second
    ids = shown_ids(first)
    assert len(ids) == len(set(ids)) == 4
    assert set(ids) != set(shown_ids(other))
    assert set(ids) <= {row.instance_id for row in read_instances(built.data, "chronological", "validation")}


def test_the_test_split_shows_the_answer_only_with_the_private_answers(built: Built, tmp_path: Path) -> None:
    private = shown(built, "--split", "test", cwd=tmp_path)
    assert "Answer        private" in private
    for mark in ("Wants  ", "«", "\n  * ", "Choices in"):
        assert mark not in private
    public = shown(built, "--split", "test", "--answers", built.answers, cwd=tmp_path)
    assert shown_ids(public) == shown_ids(private)
    assert "Answer        private" not in public
    assert re.search(r"^Wants         \S", public, flags=re.MULTILINE)
    assert "\nChoices in the steps that show the preference" in public


def test_full_shows_the_listings_of_tools_that_were_only_offered(built: Built, tmp_path: Path) -> None:
    row = read_instances(built.data, HISTORY_TYPES[0], "validation")[0]
    short, full = (shown(built, "--id", row.instance_id, *options, cwd=tmp_path) for options in ((), ("--full",)))
    assert len(short.splitlines()) < len(full.splitlines())
    assert all(f" {tool.name}(" in full for tool in row.history_tools)


def test_the_demo_shows_an_instance_of_each_config_and_scores_two_baselines(sample_demo: Demo) -> None:
    done = sample_demo.output
    assert done.returncode == 0, done.stderr
    for config in HISTORY_TYPES:
        first = read_instances(sample_demo.data, config, "validation")[0]
        assert done.stdout.count(first.instance_id) == 1
        assert re.search(rf"baseline:oracle +{config} +100\.0", done.stdout)
        assert re.search(rf"baseline:random +{config} +\d+\.\d", done.stdout)
    explained = done.stdout.partition("The last lines of an instance are not shown to a model:")[2]
    for word in ("Answer", "Wants", "Kind", "Concerns", "Evidence", "Since"):
        assert re.search(rf"^  {word} {{2,}}\w", done.stdout, re.MULTILINE)  # the line of an instance
        assert re.search(rf"^  {word} {{2,}}\w", explained, re.MULTILINE)
    # The three instances have the same user and the same candidates, so the documentation is shown once.
    (documentation,) = done.stdout.split("\nCandidates   (")[1:]
    assert all(f" {tool.name}(" in documentation for tool in first.candidates)
