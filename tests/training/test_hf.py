"""Models that transformers runs: one prompt, once templated, and a reply that the chats beside it do not change."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from builder.errors import ConfigError, DataError, MissingExtraError
from hf_dataset.prompting import Message, messages_of
from hf_dataset.reader import read_instances
from petoolbench.inference.transformers_model import LocalModel, Reply
from petoolbench.runs import read_run

from .conftest import NEEDED, SAMPLE, run

torch = pytest.importorskip("torch", reason=NEEDED)
transformers = pytest.importorskip("transformers", reason=NEEDED)
pytestmark = pytest.mark.training

CHATS: list[list[Message]] = [
    [{"role": "system", "content": "Reply with a call."}, {"role": "user", "content": f"Weather in {place} today?"}]
    for place in ("Oslo", "a town by the sea whose name I forgot, somewhere in the north", "Bergen", "Rio", "Reykjavik")
]


@pytest.fixture(scope="module")
def model(tiny: Path) -> LocalModel:
    return LocalModel(str(tiny), batch_size=3, max_output_tokens=12)


def sampled(tiny: Path, **changes: Any) -> LocalModel:
    return LocalModel(str(tiny), **{"batch_size": 3, "max_output_tokens": 12, "temperature": 1.0, "seed": 4, **changes})


def prompts_of(model: LocalModel, monkeypatch: pytest.MonkeyPatch, count: int) -> list[dict[str, Any]]:
    """What the network is given for the first chats, batch by batch."""
    given: list[dict[str, Any]] = []
    generate = model._model.generate

    def spy(**arguments: Any) -> Any:
        given.append(arguments)
        return generate(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(model._model, "generate", spy)
        list(model.replies(CHATS[:count]))
    return given


def test_replies_of_a_batch_are_those_of_single_chats_in_order(tiny: Path, model: LocalModel) -> None:
    together = list(model.replies(CHATS))
    alone = [next(LocalModel(str(tiny), batch_size=1, max_output_tokens=12).replies([chat])) for chat in CHATS]
    assert together == alone
    assert len({reply.text for reply in together}) > 1


def test_equal_chats_are_asked_once(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    generate = model._generate

    def noted(prompts: Any) -> Any:
        asked.extend(prompts)
        return generate(prompts)

    monkeypatch.setattr(model, "_generate", noted)
    twice = [*CHATS, *CHATS * 3]
    replies = list(model.replies(twice))
    assert len(asked) == len(set(asked)) == len(CHATS)
    assert replies == [replies[CHATS.index(chat)] for chat in twice]


def test_the_rows_of_a_data_set_are_answered_as_alone(tiny: Path, model: LocalModel) -> None:
    chats = [messages_of(row) for row in read_instances(SAMPLE, "chronological", "validation")[:2]]
    single = LocalModel(str(tiny), batch_size=1, max_output_tokens=12)
    assert list(model.replies(chats)) == list(single.replies(chats))


def test_a_prompt_begins_with_one_mark_and_is_filled_up_on_the_left(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    [given] = prompts_of(model, monkeypatch, 3)
    begin = model._tokenizer.bos_token_id
    assert model._tokenizer("x")["input_ids"][0] == begin, "the tokenizer would add one by itself"
    lengths = given["attention_mask"].sum(dim=1).tolist()
    assert len(set(lengths)) > 1
    for tokens, mask, length in zip(
        given["input_ids"].tolist(), given["attention_mask"].tolist(), lengths, strict=True
    ):
        own = tokens[-length:]
        assert mask == [0] * (len(mask) - length) + [1] * length
        assert own.count(begin) == 1
        assert own[0] == begin
        assert model._tokenizer.decode(own).endswith("<|assistant|>\n")


def test_tokens_are_counted_as_the_model_is_asked(model: LocalModel) -> None:
    assert [reply.input_tokens for reply in model.replies(CHATS)] == [model.count_tokens(chat) for chat in CHATS]
    assert model.context == 8192


def test_a_reply_ends_at_its_end_mark(tiny: Path, tmp_path: Path) -> None:
    """A model whose next token is always the end, since nothing else has a weight."""
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    with torch.no_grad():
        loaded.lm_head.weight.zero_()
        loaded.model.norm.weight.zero_()
    loaded.generation_config.eos_token_id = [0, 1]  # with all as likely the first is taken
    loaded.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    model = LocalModel(str(tmp_path), max_output_tokens=12)
    assert [(reply.text, reply.output_tokens) for reply in model.replies(CHATS[:2])] == [("", 1)] * 2


def test_what_is_drawn_depends_on_seed_and_prompt_only(tiny: Path) -> None:
    whole = list(sampled(tiny).replies(CHATS))
    assert list(sampled(tiny, batch_size=2).replies(CHATS[2:])) == whole[2:]
    assert list(sampled(tiny, seed=5).replies(CHATS)) != whole
    assert list(sampled(tiny, temperature=0.0).replies(CHATS)) != whole


def test_draws_follow_the_models_probabilities(tiny: Path) -> None:
    """Over many seeds the first token comes up as often as the model holds it to be likely."""
    chat = CHATS[0]
    model = sampled(tiny, max_output_tokens=1, temperature=0.7)
    text = model._prompt(chat, ())
    tokens = model._tokenizer([text], add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        likely = torch.softmax(model._model(**tokens).logits[0, -1].float() / 0.7, dim=-1)
    drawn = []
    for seed in range(1500):
        model._seed = seed
        noisy = model._draw(tokens)(tokens["input_ids"], model_logits(likely, 0.7)[None])
        drawn.append(int(noisy[0].argmax()))
    mean = float(likely.max())
    top = int(likely.argmax())
    assert abs(drawn.count(top) / 1500 - mean) < 4 * (mean * (1 - mean) / 1500) ** 0.5 + 1e-9
    half = set(likely.argsort(descending=True)[:400].tolist())
    share = float(likely[list(half)].sum())
    assert abs(sum(one in half for one in drawn) / 1500 - share) < 4 * (share * (1 - share) / 1500) ** 0.5


def model_logits(likely: Any, temperature: float) -> Any:
    """Logits whose softmax at a temperature is given."""
    return likely.log() * temperature


def test_chats_are_taken_as_they_are_needed(tiny: Path) -> None:
    model = LocalModel(str(tiny), batch_size=1, max_output_tokens=2)
    taken: list[int] = []

    def chats() -> Any:
        for number in range(50):
            taken.append(number)
            yield CHATS[0]

    next(model.replies(chats()))
    assert len(taken) < 10


def test_tools_are_told_to_the_template(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    template = "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}{{ messages[-1].content }}"
    (tmp_path / "chat_template.jinja").write_text(template)
    model = LocalModel(str(tmp_path), max_output_tokens=2)
    tools = [[{"type": "function", "function": {"name": "sky__now", "description": "", "parameters": {}}}], []]
    assert model._prompt(CHATS[0], tools[0]) == "sky__now Weather in Oslo today?"
    counted = [model.count_tokens(chat, own) for chat, own in zip(CHATS[:2], tools, strict=True)]
    assert [reply.input_tokens for reply in model.replies(CHATS[:2], tools)] == counted
    with pytest.raises(ValueError, match="shorter"):
        list(model.replies(CHATS[:2], tools[:1]))


def test_what_cannot_be_used_is_said_in_a_sentence(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"The model 'no/model' cannot be loaded: there is no such folder here"):
        LocalModel("no/model")
    with pytest.raises(ConfigError, match=r"holds no model: there is neither config.json nor adapter_config.json"):
        LocalModel(str(tmp_path))
    plain = tmp_path / "plain"
    shutil.copytree(tiny, plain)
    (plain / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="has no chat template"):
        LocalModel(str(plain))
    (plain / "chat_template.jinja").write_text("{{ raise_exception('no system messages') }}")
    with pytest.raises(ConfigError, match="does not take such a chat: no system messages"):
        LocalModel(str(plain)).count_tokens(CHATS[0])
    (plain / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ConfigError, match=r"The model '.*plain' cannot be loaded: "):
        LocalModel(str(plain))


def test_a_prompt_that_leaves_no_room_for_a_reply_is_refused(tiny: Path) -> None:
    model = LocalModel(str(tiny), max_output_tokens=8190)
    with pytest.raises(DataError, match=r"do not fit into the 8,192 tokens of"):
        list(model.replies(CHATS[:1]))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"needs torch.*petoolbench\[local-models\]"):
        LocalModel("any")


def test_a_run_goes_from_the_command_to_a_score(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    asked: list[str | Path] = [
        "petoolbench",
        "predict",
        SAMPLE,
        "--config",
        "chronological",
        "--model",
        f"hf:{tiny}",
        "-o",
        out,
    ]
    settings = ["--max-output-tokens", "16", "--batch-size", "2"]
    run([*asked, *settings, "--limit", "2"])
    found = read_run(out)
    assert found.header is not None
    assert found.header.model == f"hf:{tiny}"
    rows = read_instances(SAMPLE, "chronological", "validation")[:2]
    alone = LocalModel(str(tiny), batch_size=1, max_output_tokens=16)
    for row, reply in zip(rows, alone.replies([messages_of(row) for row in rows]), strict=True):
        line = found.lines[row.instance_id]
        assert Reply(line.prediction, line.input_tokens or 0, line.output_tokens or 0) == reply
    said = run(["petoolbench", "score", out, "--data", SAMPLE, "--config", "chronological"])
    assert re.search(r"invalid format +100\.0", said)
