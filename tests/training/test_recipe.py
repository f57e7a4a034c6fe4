"""The recipe: TRL takes the data as it is, learns from the reply alone, and what it made can be asked."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import datasets
import pytest
import yaml

from hf_dataset.reader import read_training
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ToolCall

from .conftest import NEEDED, ROOT, SAMPLE, run

RECIPE = ROOT / "training"
CONFIGS = sorted(path.name for path in RECIPE.glob("*.yaml"))
STEPS = 50


def test_versions_are_plain_pins() -> None:
    lines = (ROOT / "requirements/training.txt").read_text().splitlines()
    assert {"torch", "transformers", "trl", "peft"} <= {line.partition("==")[0] for line in lines}
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!]+", line) for line in lines)


@pytest.mark.parametrize("name", ["sft.yaml", "dpo.yaml"])
def test_the_smoke_differs_from_the_recipe_only_where_it_has_to(name: str) -> None:
    real = yaml.safe_load((RECIPE / name).read_text())
    smoke = yaml.safe_load((RECIPE / name.replace(".", "_smoke.")).read_text())
    same = {key for key in real.keys() & smoke.keys() if real[key] == smoke[key]}
    assert {"max_length", "use_peft", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules"} <= same
    assert same >= ({"assistant_only_loss"} if name == "sft.yaml" else {"loss_type", "beta"})
    assert smoke["max_steps"] == STEPS
    assert smoke["datasets"][0]["split"] == "train[:20]"


class Made(NamedTuple):
    """What the smoke made."""

    sft: Path
    sft_losses: list[float]
    merged: Path
    dpo: Path
    dpo_losses: list[float]


def trained(kind: str, model: Path, out: Path) -> list[float]:
    """Train by a smoke file; the loss of each step."""
    config = RECIPE / f"{kind}_smoke.yaml"
    said = run(["trl", kind, "--config", config, "--model_name_or_path", model, "--output_dir", out])
    return [float(loss) for loss in re.findall(r"'loss': '?([0-9.e-]+)", said)]


@pytest.fixture(scope="module")
def made(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    pytest.importorskip("trl", reason=NEEDED)
    out = tmp_path_factory.mktemp("made")
    sft = trained("sft", tiny, out / "sft")
    run([sys.executable, "-m", "training.merge", out / "sft", out / "merged"])
    dpo = trained("dpo", out / "merged", out / "dpo")
    return Made(out / "sft", sft, out / "merged", out / "dpo", dpo)


def mean(losses: list[float]) -> float:
    return sum(losses) / len(losses)


@pytest.mark.training
def test_the_loss_goes_down(made: Made) -> None:
    """Each row is seen two or three times; the first and the last 20 steps are about once through all."""
    for losses in (made.sft_losses, made.dpo_losses):
        assert len(losses) == STEPS
        assert mean(losses[-20:]) < 0.95 * mean(losses[:20])


@pytest.mark.training
def test_an_adapter_and_its_merged_model_say_the_same(made: Made) -> None:
    torch = pytest.importorskip("torch", reason=NEEDED)
    transformers = pytest.importorskip("transformers", reason=NEEDED)
    tokens = torch.arange(5, 45)[None]
    found = []
    for folder in (made.sft, made.merged, made.dpo):
        with torch.no_grad():
            found.append(transformers.AutoModelForCausalLM.from_pretrained(folder)(tokens).logits)
    assert torch.allclose(found[0], found[1], atol=1e-4)
    assert not torch.allclose(found[1], found[2], atol=1e-2), "DPO changed nothing"


@pytest.mark.training
def test_what_was_trained_is_asked_and_scored(made: Made, tmp_path: Path) -> None:
    for name, folder in {"sft": made.merged, "dpo": made.dpo}.items():  # the one merged, the other as an adapter
        out = tmp_path / f"{name}.jsonl"
        asked: list[str | Path] = ["petoolbench", "predict", SAMPLE, "--model", f"hf:{folder}", "-o", out]
        run([*asked, "--max-output-tokens", "16", "--batch-size", "1", "--limit", "1"])
        assert "invalid format" in run(["petoolbench", "score", out, "--data", SAMPLE])


@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # of libraries, about one another
def test_the_loss_is_of_the_reply_and_its_end_alone(tiny: Path, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason=NEEDED)
    config = yaml.safe_load((RECIPE / "sft_smoke.yaml").read_text())
    rows = datasets.load_dataset(str(SAMPLE), "sft", split="train[:6]", cache_dir=str(tmp_path))
    settings = trl.SFTConfig(
        output_dir=str(tmp_path), max_length=config["max_length"], assistant_only_loss=True, bf16=False, use_cpu=True
    )
    trainer = trl.SFTTrainer(model=str(tiny), args=settings, train_dataset=rows)
    tokenizer = trainer.processing_class
    assert len(trainer.train_dataset) == len(rows)
    for batch in (trainer.data_collator([row]) for row in trainer.train_dataset):
        tokens, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        assert tokens.count(tokenizer.bos_token_id) == 1
        learnt = [token for token, label in zip(tokens, labels, strict=True) if label != -100]
        reply = tokenizer.decode(learnt)
        assert reply.endswith("<|end|>")
        assert isinstance(parse(reply.removesuffix("<|end|>")), ToolCall)


@pytest.mark.training
def test_no_row_of_the_sample_is_cut(tiny: Path) -> None:
    transformers = pytest.importorskip("transformers", reason=NEEDED)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    longest = 0
    for config in ("sft", "dpo"):
        for row in read_training(SAMPLE, config):
            messages = row.messages if config == "sft" else [*row.prompt, *row.chosen]
            chat = [{"role": message.role, "content": message.content} for message in messages]
            longest = max(longest, len(tokenizer.apply_chat_template(chat)["input_ids"]))
    limits = {name: yaml.safe_load((RECIPE / name).read_text())["max_length"] for name in CONFIGS}
    assert 4096 < longest <= min(limits.values()), (longest, limits)


@pytest.mark.training
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.filterwarnings("ignore")  # of libraries, about one another
def test_every_key_of_a_file_is_one_that_trl_knows(name: str) -> None:
    scripts = pytest.importorskip(f"trl.scripts.{name[:3]}", reason=NEEDED)
    # A key that is not known ends it; on a machine without a GPU so would half precision.
    scripts.make_parser().parse_args_and_config(["--config", str(RECIPE / name), "--use_cpu", "true"])
