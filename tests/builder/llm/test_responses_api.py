"""Endpoints that offer only the Responses API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.config import BuildConfig
from builder.errors import LlmError
from builder.llm.builder_tasks import JUDGE
from builder.llm.completion import completion_in, read_reply, reports_error
from builder.llm.responses_api import as_completion, response_request
from builder.llm.session import Endpoint, open_model
from builder.llm_config import LlmConfig
from tests.conftest import silent
from tests.fakes.openai import builder_script
from tests.fakes.openai.faults import Faults
from tests.fakes.openai.log import RESPONSES
from tests.fakes.openai.server import LlmServer

from .test_llm_engines import CONFIG, ask, payloads, right

ONLY = ("responses",)


@pytest.mark.parametrize(("json_schema", "json_object"), [(True, True), (False, True), (False, False)])
def test_it_is_used_where_the_endpoint_names_it(tmp_path: Path, json_schema: bool, json_object: bool) -> None:
    with LlmServer(builder_script.reply, apis=ONLY, json_schema=json_schema, json_object=json_object) as server:
        replies, model = ask(server, tmp_path / "cache.sqlite", 40)
        assert len(server.log.entries([RESPONSES])) >= 40
    assert right(replies)
    assert model.meter.accepted == {"judge": 40}
    assert model.meter.output_tokens > 0


def test_it_is_asked_for_only_once(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"connections": 1})
    with LlmServer(builder_script.reply, apis=ONLY) as server:
        endpoint = Endpoint(server.base_url, None, "online", tmp_path / "cache.sqlite", None)
        with open_model(endpoint, BuildConfig(llm=config), silent) as model:
            model.engine.complete_all(JUDGE, payloads(5))
            model.engine.complete_all(JUDGE, payloads(9))
        assert server.requests == 10, "one refused chat completion"


def test_the_config_can_name_it(tmp_path: Path) -> None:
    for api, offered, used in (("responses", ("chat", "responses"), RESPONSES), ("chat", ("chat",), None)):
        config = CONFIG.model_copy(update={"api": api})
        with LlmServer(builder_script.reply, apis=offered) as server:
            replies, _ = ask(server, tmp_path / f"{api}.sqlite", 3, config=config)
            assert len(server.log.entries([RESPONSES])) == (3 if used else 0)
        assert right(replies)
    config = CONFIG.model_copy(update={"api": "chat"})
    with (
        LlmServer(builder_script.reply, apis=ONLY) as server,
        pytest.raises(LlmError, match="only supported in v1/responses") as caught,
    ):
        ask(server, tmp_path / "cache.sqlite", 3, config=config)
    assert "--api responses" in str(caught.value)


@pytest.mark.parametrize("api", ["auto", "responses"])
def test_batches_use_it(tmp_path: Path, api: str) -> None:
    config = CONFIG.model_copy(update={"api": api})
    with LlmServer(builder_script.reply, apis=ONLY) as server:
        replies, model = ask(server, tmp_path / "cache.sqlite", 20, mode="batch", config=config)
    assert right(replies)
    assert model.meter.paid == {"judge": 20}


def test_faults_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.llm.sender._LONGEST_WAIT_S", 0.05)
    with LlmServer(builder_script.reply, apis=ONLY, faults=Faults.standard(seed=2)) as server:
        replies, model = ask(server, tmp_path / "cache.sqlite", 60)
    assert right(replies)
    assert model.meter.faults


def test_an_answer_is_the_same_in_both_interfaces_and_cached_for_both(tmp_path: Path) -> None:
    with LlmServer(builder_script.reply) as server:
        first, _ = ask(server, tmp_path / "cache.sqlite", 5)
    with LlmServer(builder_script.reply, apis=ONLY) as server:
        again, model = ask(server, tmp_path / "cache.sqlite", 5)
        other, _ = ask(server, tmp_path / "other.sqlite", 5)
    assert first == again == other
    assert not model.meter.paid


def test_a_request_keeps_its_parts() -> None:
    chat: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 0.2,
        "seed": 3,
        "max_tokens": 50,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "top_p": 0.5,
    }
    assert response_request(chat) == {
        "model": "m",
        "input": chat["messages"],
        "temperature": 0.2,
        "max_output_tokens": 50,
        "store": False,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}},
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
        "tool_choice": {"type": "function", "name": "f"},
        "top_p": 0.5,
    }
    assert "seed" in chat


def response(*output: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), **others}


def test_a_response_is_read_as_a_completion() -> None:
    body = response(
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I think."}]},
        {
            "type": "message",
            "content": [{"type": "output_text", "text": "Yes"}, {"type": "refusal", "refusal": "but no"}],
        },
        {"type": "function_call", "name": "f", "arguments": '{"a": 1}', "call_id": "c"},
        usage={"input_tokens": 7, "output_tokens": 9},
    )
    reply = read_reply(as_completion(body))
    assert (reply.text, reply.reasoning, reply.refusal) == ("Yes", "I think.", "but no")
    assert reply.calls == ({"name": "f", "arguments": '{"a": 1}'},)
    assert (reply.finish_reason, reply.input_tokens, reply.output_tokens) == ("tool_calls", 7, 9)
    cut = as_completion({**body, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    assert read_reply(cut).finish_reason == "length"
    assert read_reply(as_completion(response())).text == ""


def test_a_failed_response_is_an_error() -> None:
    failed = as_completion(response(status="failed", error={"message": "overloaded"}))
    assert reports_error(failed)
    assert failed["error"] == {"message": "overloaded"}
    assert reports_error(as_completion(response(status="failed")))
    chat = {"choices": [{"message": {"content": "x"}}]}
    assert as_completion(chat) is chat
    assert as_completion([1]) == [1]


def test_a_stream_of_events_ends_with_the_response() -> None:
    body = response({"type": "message", "content": [{"type": "output_text", "text": "Yes"}]})
    events: list[dict[str, Any]] = [{"type": "response.created"}, {"type": "response.completed", "response": body}]
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    assert read_reply(completion_in(text)).text == "Yes"
    with pytest.raises(ValueError, match="no completion chunk"):
        completion_in(text[: text.index("event: response.completed")])


def test_the_interface_is_in_the_config_of_a_build_only_if_it_is_set() -> None:
    assert "api" not in LlmConfig().model_dump()
    assert LlmConfig(api="responses").model_dump()["api"] == "responses"
