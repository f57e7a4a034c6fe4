"""A LoRA adapter put into the model that it was trained on, so that the sum can be trained on, served or pushed alone.

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
    """Merge an adapter and save the model with its tokenizer.

    Args:
        adapter: Folder that a trainer saved; it names the model below it.
        out: Folder to make.

    Raises:
        OutputError: If the folder is there, or cannot be made.
        OSError, ValueError: If the adapter or its model cannot be loaded.
    """
    with folder_written_aside(out) as folder:
        # In the precision in which the model below was saved.
        model = AutoPeftModelForCausalLM.from_pretrained(adapter, dtype="auto").merge_and_unload()
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(adapter).save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put a LoRA adapter into the model that it was trained on.")
    parser.add_argument("adapter", type=Path, help="Folder that a trainer saved.")
    parser.add_argument("out", type=Path, help="Folder to make.")
    asked = parser.parse_args()
    try:
        merge(asked.adapter, asked.out)
    except (BuilderError, OSError, ValueError) as error:
        parser.error(str(error))
