"""Training run from data to figures: it resumes, refuses other sizes, and its figures are those of the report."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import datasets
import pytest

import petoolbench
from builder.errors import OutputError
from tests.conftest import Built
from training.dials import DIALS, Dials
from training.figures import MEASURES, figures, table

from .conftest import NEEDED, SAMPLE

TINY = Dials(
    users=30,
    longest=8000,
    overfit_rows=3,
    overfit_epochs=1,
    sft_rows=6,
    dpo_rows=4,
    batch=2,
    accumulation=1,
    evaluated=2,
    predicted_at_once=2,
)


def test_figures_are_the_rates_of_the_replies(built: Built, tmp_path: Path) -> None:
    rows = petoolbench.load(built.data, "all", "validation")
    answers = {row.instance_id: row.answer for row in rows.rows if row.answer}
    wrong = {row.instance_id for row in rows.rows[::3]}

    run = tmp_path / "run.jsonl"
    lines = []
    for instance_id, answer in answers.items():
        call = {"name": answer.name, "arguments": json.loads(answer.arguments)}
        lines.append({"instance_id": instance_id, "prediction": "none" if instance_id in wrong else json.dumps(call)})
    run.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = {(item.measure, item.rows): item for item in figures(run, built.data, "sft", "own")}
    assert {measure for measure, _ in found} == set(MEASURES)
    share = 1 - len(wrong) / len(answers)
    for measure in MEASURES:
        assert found[measure, "all"].value == pytest.approx(share, abs=1e-4)
        assert found[measure, "all"].count == len(answers)
    kinds = [rows for measure, rows in found if measure == "tool accuracy" and rows.startswith("kind: ")]
    assert sum(found["tool accuracy", kind].count for kind in kinds) == len(answers)
    assert f"{100 * share:.1f}" in table(found.values())


def test_both_sizes_overfit_as_many_rows() -> None:
    assert {dials.overfit_rows for dials in DIALS.values()} == {32}


@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # warnings of third-party libraries
def test_a_run_resumes_and_refuses_other_sizes(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = pytest.importorskip("training.run", reason=NEEDED)
    out = tmp_path / "out"
    shutil.copytree(tiny, out / "model")
    run.execute(run.Run(out, TINY))
    first = "| stage" + capsys.readouterr().out.partition("| stage")[2]
    results = json.loads((out / "results.json").read_text())
    assert len(results["overfit"]["losses"]) == 3
    assert len(results["train_sft"]["losses"]) == 3
    assert results["train_dpo"]["losses"][0] == pytest.approx(0.6931, abs=1e-3)
    assert {(item["stage"], item["history"]) for item in results["dpo"]["figures"]} == {
        ("dpo", "own"),
        ("dpo", "swapped"),
    }
    (out / "train_sft.json").unlink()  # as if killed between the model and its record
    (out / "dpo.json").unlink()
    weights = (out / "sft" / "model.safetensors").stat().st_mtime_ns
    run.execute(run.Run(out, TINY))
    assert capsys.readouterr().out == first
    assert (out / "sft" / "model.safetensors").stat().st_mtime_ns == weights
    assert json.loads((out / "results.json").read_text())["train_sft"]["losses"] == results["train_sft"]["losses"]
    with pytest.raises(OutputError, match="other sizes"):
        run.execute(run.Run(out, dataclasses.replace(TINY, sft_rows=8)))


@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # warnings of third-party libraries
def test_the_loss_of_sft_is_that_of_trl(tiny: Path, tmp_path: Path) -> None:
    """A batch of two chats of different lengths, in 32 bits."""
    torch, trl = pytest.importorskip("torch", reason=NEEDED), pytest.importorskip("trl", reason=NEEDED)
    stages = pytest.importorskip("training.stages", reason=NEEDED)
    tokenizer = stages.tokenizer_of(tiny)
    rows = stages.chosen_rows(SAMPLE, "sft", tokenizer, count=2, longest=8192)
    model = stages._loaded(tiny)
    batch = stages.collate([stages.encode(row["messages"], tokenizer) for row in rows], 0)
    labels = batch.pop("labels")
    with torch.no_grad():
        ours = stages.reply_loss(model(**batch), labels).item()
    settings = trl.SFTConfig(str(tmp_path), max_length=None, assistant_only_loss=True, bf16=False, use_cpu=True)
    data = datasets.Dataset.from_list(rows)
    trainer = trl.SFTTrainer(stages._loaded(tiny), args=settings, train_dataset=data, processing_class=tokenizer)
    together = trainer.data_collator(list(trainer.train_dataset))
    with torch.no_grad():
        theirs = trainer.compute_loss(trainer.model, together).item()
    assert ours == pytest.approx(theirs, rel=1e-4)
