"""SFT and DPO of all weights, resumed from their last checkpoint.

Weights and optimiser are in 32 bits, and the passes in bfloat16. Of a small model all weights are trained, so there is
no adapter to merge. DPO is TRL's. SFT is the trainer of transformers with logits of the replies only: of a row of 3,000
tokens 40 are its reply, and the vocabulary is large, so the logits of the prompt would take 40 % of the time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint
from trl import DPOConfig, DPOTrainer

from builder.execution.staging import folder_written_aside
from hf_dataset.reader import read_training

from .dials import DPO_BETA, SEED

_CHECKPOINT_STEPS: Final = 10
_LOSSES: Final = "losses.json"
_UNSEEN: Final = -100
"""Label of positions without loss."""
Chat = dict[str, Any]
"""A row as TRL reads it."""


def tokenizer_of(model: Path) -> Any:
    """Return the tokenizer of a model."""
    return AutoTokenizer.from_pretrained(model)


def chosen_rows(data: Path, config: str, tokenizer: Any, *, count: int, longest: int) -> list[Chat]:
    """Return the first training rows, in a seeded order, that are not too long.

    Args:
        data: Folder of the data set.
        config: `sft` or `dpo`.
        tokenizer: Tokenizer of the model, with its chat template.
        count: Maximum number of rows.
        longest: Maximum number of tokens of a row, its longer reply included.
    """
    rows = [_as_chat(row) for row in read_training(data, config)]
    order = np.random.default_rng(SEED).permutation(len(rows))
    short = (rows[index] for index in order if _length(rows[index], tokenizer) <= longest)
    return [row for _, row in zip(range(count), short, strict=False)]


def _as_chat(row: Any) -> Chat:
    keys = ("messages",) if hasattr(row, "messages") else ("prompt", "chosen", "rejected")
    return {key: [{"role": said.role, "content": said.content} for said in getattr(row, key)] for key in keys}


def _length(row: Chat, tokenizer: Any) -> int:
    chats = [row["messages"]] if "messages" in row else [row["prompt"] + row[key] for key in ("chosen", "rejected")]
    return max(len(tokenizer(tokenizer.apply_chat_template(chat, tokenize=False))["input_ids"]) for chat in chats)


def sft(model: Path, rows: Sequence[Chat], out: Path, settings: Mapping[str, Any]) -> list[float]:
    """Train a model on the replies of chats, and save it.

    Args:
        model: Folder of the model.
        rows: Chats with `messages`.
        out: Folder to create.
        settings: Fields of `transformers.TrainingArguments`.

    Returns:
        The loss of each step, in nats per token of a reply.
    """
    arguments = TrainingArguments(_checkpoints(out), remove_unused_columns=False, **_common(settings))
    tokenizer = tokenizer_of(model)
    encoded = [encode(row["messages"], tokenizer) for row in rows]
    made = lambda: Trainer(  # noqa: E731
        _loaded(model),
        arguments,
        data_collator=lambda batch: collate(batch, tokenizer.pad_token_id or 0),
        train_dataset=encoded,
        processing_class=tokenizer,
        compute_loss_func=reply_loss,
    )
    return _trained(made, out)


def dpo(model: Path, rows: Sequence[Chat], out: Path, settings: Mapping[str, Any]) -> list[float]:
    """Train a model to prefer the chosen to the rejected reply of each pair, and save it.

    Args:
        model: Folder of the model, which is also the reference.
        rows: Pairs with `prompt`, `chosen` and `rejected`.
        out: Folder to create.
        settings: Fields of `transformers.TrainingArguments`.

    Returns:
        The loss of each step; log 2 if the model has no preference.
    """
    config = DPOConfig(
        _checkpoints(out), max_length=None, beta=DPO_BETA, precompute_ref_log_probs=True, **_common(settings)
    )
    made = lambda: DPOTrainer(  # noqa: E731
        _loaded(model), args=config, train_dataset=Dataset.from_list(list(rows)), processing_class=tokenizer_of(model)
    )
    return _trained(made, out)


class Encoded(NamedTuple):
    """Tokens of a chat."""

    tokens: list[int]
    reply: int
    """Number of tokens at the end that are the last reply, with its end token."""


def encode(messages: Sequence[Mapping[str, str]], tokenizer: Any) -> Encoded:
    """Return the tokens of a chat that ends with a reply.

    Raises:
        ValueError: If the chat template changes the prompt when a reply follows it.
    """
    prompt = tokenizer.apply_chat_template(list(messages[:-1]), tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(list(messages), tokenize=False).rstrip("\n")  # what follows the end token
    if not whole.startswith(prompt):
        raise ValueError("The chat template changes the prompt when a reply follows it. Choose another model.")
    tokens = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    reply = tokenizer(whole.removeprefix(prompt), add_special_tokens=False)["input_ids"]
    return Encoded([*tokens, *reply], len(reply))


def collate(batch: Sequence[Encoded], padding: int) -> dict[str, Any]:
    """Pad chats on the left, and name the positions whose logits are needed.

    Returns:
        `input_ids` and `attention_mask` of shape (chats, longest), `labels` of shape (chats, longest reply) with -100
        before shorter replies, and `logits_to_keep`, one position more than the longest reply has.
    """
    longest, reply = max(len(item.tokens) for item in batch), max(item.reply for item in batch)
    missing = [longest - len(item.tokens) for item in batch]
    return {
        "input_ids": torch.tensor([[padding] * few + item.tokens for few, item in zip(missing, batch, strict=True)]),
        "attention_mask": torch.tensor(
            [[0] * few + [1] * len(item.tokens) for few, item in zip(missing, batch, strict=True)]
        ),
        "labels": torch.tensor([[_UNSEEN] * (reply - item.reply) + item.tokens[-item.reply :] for item in batch]),
        "logits_to_keep": reply + 1,
    }


def reply_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    """Return the mean cross entropy of the tokens of the replies, in nats."""
    logits = outputs.logits[:, :-1].float()
    total = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=_UNSEEN, reduction="sum"
    )
    return total / (num_items_in_batch if num_items_in_batch is not None else labels.ne(_UNSEEN).sum())


def _loaded(model: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)


def _common(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bf16": True,
        "use_cpu": not torch.cuda.is_available(),
        "activation_checkpointing": False,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.1,
        "logging_steps": 1,
        "save_steps": _CHECKPOINT_STEPS,
        "save_total_limit": 1,
        "report_to": "none",
        "seed": SEED,
        "dataloader_pin_memory": False,
        **settings,
    }


def _checkpoints(out: Path) -> str:
    """Return the folder of the checkpoints of a stage."""
    return str(out.with_name(f"{out.name}.checkpoints"))


def _trained(made: Callable[[], Any], out: Path) -> list[float]:
    """Train a model if it was not trained before; save it with its losses, and return them."""
    if not out.is_dir():
        trainer = made()
        checkpoints = Path(trainer.args.output_dir)
        trainer.train(resume_from_checkpoint=get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None)
        losses = [round(entry["loss"], 4) for entry in trainer.state.log_history if "loss" in entry]
        with folder_written_aside(out) as folder:
            trainer.save_model(str(folder))
            (folder / _LOSSES).write_text(json.dumps(losses), encoding="utf-8")
        shutil.rmtree(checkpoints, ignore_errors=True)
    recorded: list[float] = json.loads((out / _LOSSES).read_text(encoding="utf-8"))
    return recorded
