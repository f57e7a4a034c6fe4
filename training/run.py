"""SFT and DPO of the smallest chat model, from the build of the data to figures before and after each.

    training/run.sh

Each stage writes to OUT and is skipped if its result is there, so the same command resumes an interrupted run. SFT and
DPO resume from their last checkpoint, and predictions from their last reply.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

import petoolbench
from builder.errors import BuilderError, OutputError
from hf_dataset.errors import ReadError
from petoolbench.files import write_atomically
from petoolbench.inference.transformers_model import LocalModel

from . import stages
from .dials import DIALS, DPO_RATE, MAX_OUTPUT_TOKENS, OVERFIT_RATE, SEED, SFT_RATE, Dials
from .figures import Figure, figures, table
from .smollm2 import unpack

_CONFIG: Final = Path(__file__).with_name("run.toml")
_HISTORIES: Final = ("own", "swapped")


@dataclass(frozen=True, slots=True)
class Run:
    """A training run, whose stages write to one folder."""

    out: Path
    dials: Dials

    @property
    def data(self) -> Path:
        """Folder of the data set."""
        return self.out / "data"

    @property
    def model(self) -> Path:
        """Folder of the model before training."""
        return self.out / "model"

    def overfit(self) -> dict[str, Any]:
        """Train on a few rows only, and count which of their replies the model then gives."""
        folder, dials = self.out / "overfit", self.dials
        rows = self._rows("sft", dials.overfit_rows)
        settings = {"num_train_epochs": dials.overfit_epochs, "learning_rate": OVERFIT_RATE, **_batch(1, 1)}
        losses = stages.sft(self.model, rows, folder, settings)
        trained = LocalModel(str(folder), batch_size=dials.predicted_at_once, max_output_tokens=MAX_OUTPUT_TOKENS)
        replies = list(trained.replies([row["messages"][:-1] for row in rows]))
        same = sum(
            reply.text.strip() == row["messages"][-1]["content"].strip()
            for reply, row in zip(replies, rows, strict=True)
        )
        return {"rows": len(rows), "replies_reproduced": same, "losses": losses}

    def sft(self) -> dict[str, Any]:
        """Train on the replies of the training data."""
        rows = self._rows("sft", self.dials.sft_rows)
        settings = {
            "num_train_epochs": 1,
            "learning_rate": SFT_RATE,
            **_batch(self.dials.batch, self.dials.accumulation),
        }
        return {"rows": len(rows), "losses": stages.sft(self.model, rows, self.out / "sft", settings)}

    def dpo(self) -> dict[str, Any]:
        """Train the model of SFT on the pairs of the training data."""
        rows = self._rows("dpo", self.dials.dpo_rows)
        settings = {
            "num_train_epochs": 1,
            "learning_rate": DPO_RATE,
            **_batch(self.dials.batch, self.dials.accumulation),
        }
        return {"rows": len(rows), "losses": stages.dpo(self.out / "sft", rows, self.out / "dpo", settings)}

    def predicted(self, stage: str, folder: Path) -> dict[str, Any]:
        """Predict the validation split with the own and another user's history."""
        found: list[Figure] = []
        for history in _HISTORIES:
            file = self.out / "runs" / f"{stage}-{history}.jsonl"
            file.parent.mkdir(exist_ok=True)
            rows = petoolbench.load(self.data, "all", "validation")
            petoolbench.predict(
                rows,
                f"hf:{folder}",
                out=file,
                history=history,
                limit=self.dials.evaluated,
                max_output_tokens=MAX_OUTPUT_TOKENS,
                batch_size=self.dials.predicted_at_once,
            )
            found += figures(file, self.data, stage, history)
        return {"figures": [asdict(item) for item in found]}

    def _rows(self, config: str, count: int) -> list[stages.Chat]:
        tokenizer = stages.tokenizer_of(self.model)
        return stages.chosen_rows(self.data, config, tokenizer, count=count, longest=self.dials.longest)


def _batch(rows: int, accumulation: int) -> dict[str, int]:
    return {"per_device_train_batch_size": rows, "gradient_accumulation_steps": accumulation}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all stages that have no result yet, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="training/run.sh",
        description="Train the smallest chat model by SFT, then DPO, and evaluate it before and after each.",
    )
    parser.add_argument("--out", type=Path, default=Path("out/training/run"), help="folder of the results")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--cpu", dest="kind", action="store_const", const="cpu", help="few rows, for two cores")
    kind.add_argument("--gpu", dest="kind", action="store_const", const="gpu", help="many rows, for one GPU")
    given = parser.parse_args(arguments)
    has_gpu = torch.cuda.is_available()
    if given.kind == "gpu" and not has_gpu:
        parser.error("--gpu needs a GPU that torch can use, and there is none. Leave it out, or give --cpu.")
    try:
        execute(Run(given.out, DIALS[given.kind or ("gpu" if has_gpu else "cpu")]))
    except (BuilderError, ReadError) as error:
        parser.error(str(error))


def execute(run: Run) -> None:
    """Run all stages that have no result yet.

    Raises:
        OutputError: If a folder cannot be written, or belongs to a run with other sizes.
    """
    _write(run.out / "dials.json", lambda: asdict(run.dials))
    if _read(run.out / "dials.json") != asdict(run.dials):
        raise OutputError(f"{str(run.out)!r} is a run with other sizes. Name another folder with --out, or remove it.")
    if not run.data.is_dir():
        petoolbench.build(run.data, config=_CONFIG, users=run.dials.users, seed=SEED)
    if not run.model.is_dir():
        unpack(run.model)
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "overfit": run.overfit,
        "before": lambda: run.predicted("before", run.model),
        "train_sft": run.sft,
        "sft": lambda: run.predicted("sft", run.out / "sft"),
        "train_dpo": run.dpo,
        "dpo": lambda: run.predicted("dpo", run.out / "dpo"),
    }
    for name, step in steps.items():
        _write(run.out / f"{name}.json", step)
    results = {name: _read(run.out / f"{name}.json") for name in ("dials", *steps)}
    write_atomically(run.out / "results.json", [json.dumps(results, indent=1), "\n"])
    found = [Figure(**item) for result in results.values() for item in result.get("figures", ())]
    sys.stdout.write(table(found) + "\n")


def _write(file: Path, step: Callable[[], dict[str, Any]]) -> None:
    """Write the result of a step with its duration, unless the file exists."""
    if file.is_file():
        return
    sys.stderr.write(f"{file.stem} ...\n")
    start = time.monotonic()
    result = step()
    seconds = {} if file.stem == "dials" else {"seconds": round(time.monotonic() - start)}
    write_atomically(file, [json.dumps({**result, **seconds}, indent=1), "\n"])


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    main()
