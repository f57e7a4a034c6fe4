"""Training recipe: TRL accepts the data, computes the loss on the reply only, and its models can be run."""

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


def test_requirements_are_exact_versions() -> None:
    lines = (ROOT / "requirements/training.txt").read_text().splitlines()
    assert {"torch", "transformers", "trl", "peft"} <= {line.partition("==")[0] for line in lines}
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!]+", line) for line in lines)


@pytest.mark.parametrize("name", ["sft.yaml", "dpo.yaml"])
def test_the_smoke_config_shares_the_settings_of_the_recipe(name: str) -> None:
    real = yaml.safe_load((RECIPE / name).read_text())
    smoke = yaml.safe_load((RECIPE / name.replace(".", "_smoke.")).read_text())
    same = {key for key in real.keys() & smoke.keys() if real[key] == smoke[key]}
    assert {"max_length", "use_peft", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules"} <= same
    assert same >= ({"assistant_only_loss"} if name == "sft.yaml" else {"loss_type", "beta"})
    assert smoke["max_steps"] == STEPS
    assert smoke["datasets"][0]["split"] == "train[:20]"


class SmokeRun(NamedTuple):
    """Folders and losses of a run with the smoke configs."""

    sft: Path
    sft_losses: list[float]
    merged: Path
    dpo: Path
    dpo_losses: list[float]


def train(kind: str, model: Path, out: Path) -> list[float]:
    """Train with a smoke config and return the loss of each step."""
    config = RECIPE / f"{kind}_smoke.yaml"
    output = run(["trl", kind, "--config", config, "--model_name_or_path", model, "--output_dir", out])
    return [float(loss) for loss in re.findall(r"'loss': '?([0-9.e-]+)", output)]


@pytest.fixture(scope="module")
def smoke(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    pytest.importorskip("trl", reason=NEEDED)
    out = tmp_path_factory.mktemp("smoke")
    sft = train("sft", tiny, out / "sft")
    run([sys.executable, "-m", "training.merge", out / "sft", out / "merged"])
    dpo = train("dpo", out / "merged", out / "dpo")
    return SmokeRun(out / "sft", sft, out / "merged", out / "dpo", dpo)


def mean(losses: list[float]) -> float:
    return sum(losses) / len(losses)


@pytest.mark.training
def test_the_loss_decreases(smoke: SmokeRun) -> None:
    """Each row is used two or three times; 20 steps are about one epoch."""
    for losses in (smoke.sft_losses, smoke.dpo_losses):
        assert len(losses) == STEPS
        assert mean(losses[-20:]) < 0.95 * mean(losses[:20])


@pytest.mark.training
def test_an_adapter_and_its_merged_model_have_the_same_logits(smoke: SmokeRun) -> None:
    torch = pytest.importorskip("torch", reason=NEEDED)
    transformers = pytest.importorskip("transformers", reason=NEEDED)
    tokens = torch.arange(5, 45)[None]
    logits = []
    for folder in (smoke.sft, smoke.merged, smoke.dpo):
        with torch.no_grad():
            logits.append(transformers.AutoModelForCausalLM.from_pretrained(folder)(tokens).logits)
    assert torch.allclose(logits[0], logits[1], atol=1e-4)
    assert not torch.allclose(logits[1], logits[2], atol=1e-2), "DPO changed nothing"


@pytest.mark.training
def test_trained_models_can_predict_and_be_scored(smoke: SmokeRun, tmp_path: Path) -> None:
    for name, folder in {"sft": smoke.merged, "dpo": smoke.dpo}.items():  # a merged model and an adapter
        out = tmp_path / f"{name}.jsonl"
        command: list[str | Path] = ["petoolbench", "predict", SAMPLE, "--model", f"hf:{folder}", "-o", out]
        run([*command, "--max-output-tokens", "16", "--batch-size", "1", "--limit", "1"])
        assert "invalid format" in run(["petoolbench", "score", out, "--data", SAMPLE])


@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # warnings of third-party libraries
def test_the_loss_covers_only_the_reply_and_its_end_token(tiny: Path, tmp_path: Path) -> None:
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
        trained = [token for token, label in zip(tokens, labels, strict=True) if label != -100]
        reply = tokenizer.decode(trained)
        assert reply.endswith("<|end|>")
        assert isinstance(parse(reply.removesuffix("<|end|>")), ToolCall)


@pytest.mark.training
def test_no_row_of_the_sample_is_truncated(tiny: Path) -> None:
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
@pytest.mark.filterwarnings("ignore")  # warnings of third-party libraries
def test_trl_knows_every_key_of_the_configs(name: str) -> None:
    scripts = pytest.importorskip(f"trl.scripts.{name[:3]}", reason=NEEDED)
    # Raises an error for an unknown key. Without a GPU, half precision would raise one too.
    scripts.make_parser().parse_args_and_config(["--config", str(RECIPE / name), "--use_cpu", "true"])


@pytest.mark.training
def test_the_lesson_trains(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason=NEEDED)
    parameters = {"DATA": str(SAMPLE), "OUT": str(tmp_path / "lesson"), "STEPS": 2}
    lesson = ROOT / "docs" / "tutorials" / "train-on-it.ipynb"
    code = (
        f"from pathlib import Path; from docs.notebooks import run; print(*run(Path({str(lesson)!r}), {parameters!r}))"
    )
    assert len(re.findall(r"^losses: \[\d+\.\d+, \d+\.\d+\]$", run([sys.executable, "-c", code]), re.MULTILINE)) == 2
