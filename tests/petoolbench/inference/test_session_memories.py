"""The history as sessions: their content, the built-in memories, memory systems, and the column of the report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import petoolbench as pb
from builder.errors import ConfigError, DataError
from hf_dataset.prompting import messages_of, prompt_version
from petoolbench.cli.main import app
from petoolbench.inference.session_memories import recalled, tokens_of
from petoolbench.run_report import report_tables
from petoolbench.run_report.gather import gather
from petoolbench.run_report.run_facts import compute_report
from petoolbench.run_settings import RunSettings
from tests.conftest import Built
from tests.factories import listed_row
from tests.fakes.openai.server import LlmServer
from tests.petoolbench.models import call

SESSIONS: dict[str, Any] = {"history_view": "sessions", "config": "chronological"}


class Notes:
    """A memory system that keeps the names of the called tools and calls the last one that is a candidate."""

    def __init__(self) -> None:
        self.dates: list[str | None] = []
        self.called: list[str] = []

    def read(self, session: pb.Session) -> None:
        self.dates.append(session.date)
        self.called += [step.name for step in session.steps]

    def answer(self, question: pb.Question) -> str:
        question.prompt("\n".join(self.called))
        names = [tool.name for tool in question.candidates]
        return call(next((name for name in reversed(self.called) if name in names), names[0]))


@dataclass
class Stating:
    """A memory system that returns a fixed answer."""

    given: Any

    def read(self, session: pb.Session) -> None: ...

    def answer(self, _question: pb.Question) -> Any:
        return self.given


def test_the_steps_of_a_day_are_a_session_and_no_step_is_lost(chronological: pb.InstanceSet) -> None:
    for row in chronological:
        sessions = pb.sessions(row)
        assert [step for session in sessions for step in session.steps] == row.history
        dates = [session.date or "" for session in sessions]
        assert dates == sorted(set(dates))
        assert [session.number for session in sessions] == list(range(1, len(sessions) + 1))
    assert any(len(session.steps) > 1 for row in chronological for session in pb.sessions(row))


def test_a_session_names_documents_and_rates_what_its_steps_show() -> None:
    first = pb.sessions(listed_row())[0]
    assert (first.date, [tool.name for tool in first.tools]) == ("2026-11-10", sorted(listed_row().history[0].offered))
    assert first.text.startswith("Session 1, 2026-11-10\nRequest: Where is the club house in Bergen?\nCall: bravo__")
    assert all(tool.listing.splitlines()[0] in first.text for tool in first.tools)
    rated = pb.sessions(listed_row("rating_integrated"), docs="names")
    assert [session.date for session in rated] == [None] * 4, "undated steps are sessions of their own"
    assert [session.text.rpartition("Rating: ")[2] for session in rated] == ["1", "0", "1", "1"]
    assert not any(session.tools for session in rated)


def test_the_recent_memory_keeps_the_last_sessions_that_fit(chronological: pb.InstanceSet) -> None:
    row = chronological[0]
    texts = [session.text for session in pb.sessions(row)]
    for kept in (1, 3, len(texts)):
        last = "\n\n".join(texts[-kept:])
        settings = RunSettings(**SESSIONS, memory_tokens=tokens_of(last))
        assert recalled(row, settings) == (last, tokens_of(last))
    assert recalled(row, RunSettings(**SESSIONS, memory_tokens=10)) == ("", 0)


def test_the_related_memory_keeps_the_sessions_most_similar_to_the_request() -> None:
    row = listed_row(instruction="Will it rain at the office in Bergen?")
    texts = [session.text for session in pb.sessions(row)]
    settings = RunSettings(**SESSIONS, memory="related", memory_tokens=tokens_of(texts[3]))
    assert recalled(row, settings).text == texts[3]
    row = replace(row, history=[row.history[3], *row.history[:3]])
    assert "Will it rain" in recalled(row, settings).text
    assert "Will it rain" not in recalled(row, replace(settings, memory="recent")).text


@pytest.mark.parametrize("mode", ["prompt", "tools"])
def test_the_prompt_shows_the_memory_in_place_of_the_history(mode: Any) -> None:
    row = listed_row()
    system, user = messages_of(row, mode=mode, memory='a "note" <s>')
    shown = json.loads(user["content"])
    assert shown["memory"] == 'a "note" <s>'
    assert "<" not in user["content"]
    assert not {"history", "history_tools"} & shown.keys()
    assert "`memory`" in system["content"]
    assert "`history`" not in system["content"]
    assert "{" not in system["content"].partition("Reply with")[0]
    assert prompt_version(mode, "memory") != prompt_version(mode)


def test_an_endpoint_is_sent_the_memory_and_the_run_states_its_size(
    chronological: pb.InstanceSet, tmp_path: Path
) -> None:
    sent = set()

    def reply(body: dict[str, Any]) -> str:
        sent.add(json.dumps(body["messages"]))
        return call(json.loads(body["messages"][1]["content"])["candidates"][0]["name"])

    out = tmp_path / "run.jsonl"
    with LlmServer(reply) as server:
        options: dict[str, Any] = {
            "history_view": "sessions",
            "memory_tokens": 2000,
            "base_url": server.base_url,
            "api_key": "any",
        }
        run = pb.predict(chronological, "test-model", limit=5, out=out, **options)
    assert run.header is not None
    settings = run.header.settings
    assert (settings.history_view, settings.memory_tokens) == ("sessions", 2000)
    assert run.header.prompt_version == prompt_version("prompt", "memory")
    assert run.name == "test-model (memory recent, 2,000 tokens)"
    rows = chronological.spread(5)
    assert sent == {json.dumps(pb.prompt(row, memory=recalled(row, settings).text)) for row in rows}
    sizes = [line.memory_tokens for line in pb.read_run(out).lines.values()]
    assert sizes == [recalled(row, settings).tokens for row in rows]
    assert all(size and 0 < size <= 2000 for size in sizes)


def test_a_memory_system_reads_every_session_before_it_is_asked(chronological: pb.InstanceSet) -> None:
    systems: list[Notes] = []

    def new() -> Notes:
        systems.append(Notes())
        return systems[-1]

    run = pb.predict(chronological, new, history_view="sessions", memory_tokens=2000, limit=6)
    rows = chronological.spread(6)
    assert [system.dates for system in systems] == [[part.date for part in pb.sessions(row)] for row in rows]
    for row, line in zip(rows, run.lines.values(), strict=True):
        assert line.memory_tokens == tokens_of("\n".join(step.name for step in row.history))
    swapped = pb.predict(chronological, new, history_view="sessions", history="swapped", limit=6)
    assert swapped.header is not None
    assert systems[-1].dates != systems[5].dates


def test_the_question_holds_neither_history_nor_answer() -> None:
    seen: list[pb.Question] = []

    class Looking(Stating):
        def answer(self, _question: pb.Question) -> str:
            seen.append(_question)
            return "none"

    row = listed_row()
    pb.predict([row], lambda: Looking(None), history_view="sessions")
    (question,) = seen
    held = question._row
    assert (held.history, held.history_tools, held.evidence, held.answer, held.meta) == ([], [], [], None, None)
    assert (question.instruction, question.today, question.candidates) == (row.instruction, row.today, row.candidates)
    assert question.prompt("x") == pb.prompt(row, memory="x")


def test_stated_tokens_are_stored_and_a_larger_memory_is_refused() -> None:
    stated = pb.MemoryAnswer("{}", memory_tokens=70, input_tokens=900, output_tokens=20)
    run = pb.predict([listed_row()], lambda: Stating(stated), history_view="sessions", memory_tokens=70)
    (line,) = run.lines.values()
    assert (line.memory_tokens, line.input_tokens, line.output_tokens) == (70, 900, 20)
    with pytest.raises(DataError, match=r"states 70 memory tokens for .* more than the budget of 69"):
        pb.predict([listed_row()], lambda: Stating(stated), history_view="sessions", memory_tokens=69)
    with pytest.raises(DataError, match=r"has \d+ tokens \(3 bytes each\), more than the budget of 5"):
        pb.predict([listed_row()], Notes, history_view="sessions", memory_tokens=5)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (lambda: Stating(3), "returned a int for"),
        (lambda: "text", "is of type str, which lacks read"),
    ],
)
def test_an_unusable_system_is_named(system: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pb.predict([listed_row()], system, history_view="sessions")


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("test-model", {"memory_tokens": 5}, "require history_view sessions"),
        ("test-model", {"history_view": "sessions"}, "requires a budget"),
        ("test-model", {"history_view": "parts"}, "Allowed values: prompt, sessions"),
        ("baseline:random", {"history_view": "sessions"}, "reads the rows of the data set"),
        ("memory:notes:Notes", {}, "is a memory system, which reads sessions"),
        ("memory:notes", {"history_view": "sessions"}, "Expected memory:MODULE:CLASS"),
        ("memory:no_such_module:Notes", {"history_view": "sessions"}, "add its folder to PYTHONPATH"),
        (f"memory:{__name__}:Nobody", {"history_view": "sessions"}, "has no class 'Nobody'"),
        (
            "test-model",
            {"history_view": "sessions", "memory_tokens": 9, "overlong": "drop-oldest", "context": 900},
            "shortens a history in the prompt",
        ),
    ],
)
def test_contradicting_settings_are_refused(model: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pb.predict([listed_row()], model, api_key="any", **options)


def test_the_report_shows_the_budget_next_to_the_accuracy(built: Built, tmp_path: Path) -> None:
    own, plain = tmp_path / "own.jsonl", tmp_path / "plain.jsonl"
    options = ["--config", "chronological", "--limit", "6", "-o"]
    memory = ["--history-view", "sessions", "--memory-tokens", "3000"]
    for model, out, more in ((f"memory:{__name__}:Notes", own, memory), ("baseline:random", plain, [])):
        done = CliRunner().invoke(app, ["predict", str(built.data), "--model", model, *options, str(out), *more])
        assert done.exit_code == 0, done.output
    table = report_tables.accuracy(compute_report(gather([own, plain], built.data)), "chronological")
    assert table.columns[-1] == "memory tokens"
    cells = {row[0].partition(":")[0]: row[-1] for row in table.rows if not row[0].startswith("…")}
    sizes = [line.memory_tokens or 0 for line in pb.read_run(own).lines.values()]
    assert cells["memory"] == f"{sum(sizes) / 6:,.0f} of 3,000"
    assert cells["baseline"] == "–"  # noqa: RUF001
    without = report_tables.accuracy(compute_report(gather([plain], built.data)), "chronological")
    assert without.columns[-1] == "refused"


def test_written_prompts_show_the_memory(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "prompts.jsonl"
    options = ["--config", "chronological", "--history-view", "sessions", "--memory-tokens", "1500", "--limit", "2"]
    done = CliRunner().invoke(app, ["prompts", str(built.data), "-o", str(out), *options])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert all("memory" in json.loads(line["messages"][1]["content"]) for line in lines)
