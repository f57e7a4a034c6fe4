"""Local models run with transformers: templating, batching, sampling and error messages."""

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
from petoolbench.run_files import read_run

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


def sampling(tiny: Path, **changes: Any) -> LocalModel:
    """Open the tiny model with temperature 1."""
    return LocalModel(str(tiny), **{"batch_size": 3, "max_output_tokens": 12, "temperature": 1.0, "seed": 4, **changes})


def prompts_of(model: LocalModel, monkeypatch: pytest.MonkeyPatch, count: int) -> list[dict[str, Any]]:
    """Return the arguments that the network receives for the first chats, by batch."""
    batches: list[dict[str, Any]] = []
    generate = model._model.generate

    def spy(**arguments: Any) -> Any:
        batches.append(arguments)
        return generate(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(model._model, "generate", spy)
        list(model.replies(CHATS[:count]))
    return batches


def test_batching_does_not_change_the_replies_or_their_order(tiny: Path, model: LocalModel) -> None:
    together = list(model.replies(CHATS))
    alone = [next(LocalModel(str(tiny), batch_size=1, max_output_tokens=12).replies([chat])) for chat in CHATS]
    assert together == alone
    assert len({reply.text for reply in together}) > 1


def test_equal_chats_are_generated_once(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    generate = model._generate

    def spy(prompts: Any) -> Any:
        seen.extend(prompts)
        return generate(prompts)

    monkeypatch.setattr(model, "_generate", spy)
    twice = [*CHATS, *CHATS * 3]
    replies = list(model.replies(twice))
    assert len(seen) == len(set(seen)) == len(CHATS)
    assert replies == [replies[CHATS.index(chat)] for chat in twice]


def test_batching_does_not_change_the_replies_to_a_data_set(tiny: Path, model: LocalModel) -> None:
    chats = [messages_of(row) for row in read_instances(SAMPLE, "chronological", "validation")[:2]]
    single = LocalModel(str(tiny), batch_size=1, max_output_tokens=12)
    assert list(model.replies(chats)) == list(single.replies(chats))


def test_a_prompt_has_one_begin_token_and_is_padded_on_the_left(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    [batch] = prompts_of(model, monkeypatch, 3)
    begin = model._tokenizer.bos_token_id
    assert model._tokenizer("x")["input_ids"][0] == begin, "the tokenizer adds one by default"
    lengths = batch["attention_mask"].sum(dim=1).tolist()
    assert len(set(lengths)) > 1
    for tokens, mask, length in zip(
        batch["input_ids"].tolist(), batch["attention_mask"].tolist(), lengths, strict=True
    ):
        prompt = tokens[-length:]
        assert mask == [0] * (len(mask) - length) + [1] * length
        assert prompt.count(begin) == 1
        assert prompt[0] == begin
        assert model._tokenizer.decode(prompt).endswith("<|assistant|>\n")


def test_counted_tokens_are_the_input_tokens_of_the_model(model: LocalModel) -> None:
    assert [reply.input_tokens for reply in model.replies(CHATS)] == [model.count_tokens(chat) for chat in CHATS]
    assert model.context == 8192


def test_a_reply_ends_at_the_end_token(tiny: Path, tmp_path: Path) -> None:
    """With all weights of the output layer at zero, the next token is always an end token."""
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    with torch.no_grad():
        loaded.lm_head.weight.zero_()
        loaded.model.norm.weight.zero_()
    loaded.generation_config.eos_token_id = [0, 1]  # among equally likely tokens the first is taken
    loaded.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    model = LocalModel(str(tmp_path), max_output_tokens=12)
    assert [(reply.text, reply.output_tokens) for reply in model.replies(CHATS[:2])] == [("", 1)] * 2


def test_sampling_depends_only_on_seed_and_prompt(tiny: Path) -> None:
    replies = list(sampling(tiny).replies(CHATS))
    assert list(sampling(tiny, batch_size=2).replies(CHATS[2:])) == replies[2:]
    assert list(sampling(tiny, seed=5).replies(CHATS)) != replies
    assert list(sampling(tiny, temperature=0.0).replies(CHATS)) != replies


def test_sampling_follows_the_probabilities_of_the_model(tiny: Path) -> None:
    """Over many seeds, the frequency of the first token agrees with its probability."""
    chat = CHATS[0]
    model = sampling(tiny, max_output_tokens=1, temperature=0.7)
    text = model._prompt(chat, ())
    tokens = model._tokenizer([text], add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        probabilities = torch.softmax(model._model(**tokens).logits[0, -1].float() / 0.7, dim=-1)
    drawn = []
    for seed in range(1500):
        model._seed = seed
        noisy = model._sampler(tokens)(tokens["input_ids"], logits_for(probabilities, 0.7)[None])
        drawn.append(int(noisy[0].argmax()))
    highest = float(probabilities.max())
    top = int(probabilities.argmax())
    assert abs(drawn.count(top) / 1500 - highest) < 4 * (highest * (1 - highest) / 1500) ** 0.5 + 1e-9
    likeliest = set(probabilities.argsort(descending=True)[:400].tolist())
    share = float(probabilities[list(likeliest)].sum())
    assert abs(sum(token in likeliest for token in drawn) / 1500 - share) < 4 * (share * (1 - share) / 1500) ** 0.5


def logits_for(probabilities: Any, temperature: float) -> Any:
    """Return logits whose softmax at a temperature is `probabilities`."""
    return probabilities.log() * temperature


def test_chats_are_consumed_lazily(tiny: Path) -> None:
    model = LocalModel(str(tiny), batch_size=1, max_output_tokens=2)
    taken: list[int] = []

    def chats() -> Any:
        for number in range(50):
            taken.append(number)
            yield CHATS[0]

    next(model.replies(chats()))
    assert len(taken) < 10


def test_tools_are_passed_to_the_template(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    template = "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}{{ messages[-1].content }}"
    (tmp_path / "chat_template.jinja").write_text(template)
    model = LocalModel(str(tmp_path), max_output_tokens=2)
    tools = [[{"type": "function", "function": {"name": "sky__now", "description": "", "parameters": {}}}], []]
    assert model._prompt(CHATS[0], tools[0]) == "sky__now Weather in Oslo today?"
    counted = [model.count_tokens(chat, offered) for chat, offered in zip(CHATS[:2], tools, strict=True)]
    assert [reply.input_tokens for reply in model.replies(CHATS[:2], tools)] == counted
    with pytest.raises(ValueError, match="shorter"):
        list(model.replies(CHATS[:2], tools[:1]))


def test_unusable_models_are_reported(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"The model 'no/model' cannot be loaded: it is not a local folder and cannot be"
    ):
        LocalModel("no/model")
    with pytest.raises(ConfigError, match=r"holds no model: it has neither config.json nor adapter_config.json"):
        LocalModel(str(tmp_path))
    plain = tmp_path / "plain"
    shutil.copytree(tiny, plain)
    (plain / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="has no chat template"):
        LocalModel(str(plain))
    (plain / "chat_template.jinja").write_text("{{ raise_exception('no system messages') }}")
    with pytest.raises(ConfigError, match="does not accept the chat: no system messages"):
        LocalModel(str(plain)).count_tokens(CHATS[0])
    (plain / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ConfigError, match=r"The model '.*plain' cannot be loaded: "):
        LocalModel(str(plain))


def test_a_prompt_that_leaves_no_room_for_a_reply_is_refused(tiny: Path) -> None:
    model = LocalModel(str(tiny), max_output_tokens=8190)
    with pytest.raises(DataError, match=r"exceed the context window of .*, 8,192 tokens"):
        list(model.replies(CHATS[:1]))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"needs torch.*petoolbench\[local-models\]"):
        LocalModel("any")


def test_a_model_can_be_run_and_scored_with_the_command(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    command: list[str | Path] = [
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
    run([*command, *settings, "--limit", "2"])
    recorded = read_run(out)
    assert recorded.header is not None
    assert recorded.header.settings.model == f"hf:{tiny}"
    rows = read_instances(SAMPLE, "chronological", "validation")[:2]
    alone = LocalModel(str(tiny), batch_size=1, max_output_tokens=16)
    for row, reply in zip(rows, alone.replies([messages_of(row) for row in rows]), strict=True):
        line = recorded.lines[row.instance_id]
        assert Reply(line.prediction, line.input_tokens or 0, line.output_tokens or 0, line.is_cut) == reply
    output = run(["petoolbench", "score", out, "--data", SAMPLE, "--config", "chronological"])
    assert re.search(r"invalid format +100\.0", output)
