"""Merging of a LoRA adapter into its base model, for further training, serving or upload.

Usage:
    python -m training.merge out/training/sft out/training/sft_merged
"""

from __future__ import annotations

import argparse
from pathlib import Path

from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

from builder.errors import BuilderError
from builder.execution.staging import folder_written_aside


def merge(adapter: Path, out: Path) -> None:
    """Merge an adapter into its base model and save the result with the tokenizer.

    Args:
        adapter: Folder that a trainer saved. Its config names the base model.
        out: Folder to create.

    Raises:
        OutputError: If the output folder exists or cannot be created.
        OSError, ValueError: If the adapter or its base model cannot be loaded.
    """
    with folder_written_aside(out) as folder:
        # "auto" keeps the precision of the base model.
        model = AutoPeftModelForCausalLM.from_pretrained(adapter, dtype="auto").merge_and_unload()
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(adapter).save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Merge a LoRA adapter into its base model.")
    parser.add_argument("adapter", type=Path, help="Folder of the adapter, saved by a trainer.")
    parser.add_argument("out", type=Path, help="Folder to create.")
    arguments = parser.parse_args()
    try:
        merge(arguments.adapter, arguments.out)
    except (BuilderError, OSError, ValueError) as error:
        parser.error(str(error))
