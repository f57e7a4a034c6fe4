"""Two-layer model with random weights, to test the training recipe. Its tokenizer is trained on a data set.

    python -m training.tiny out/training/tiny --data hf_dataset

Like the tokenizer of Llama 3, its tokenizer adds a begin-of-text token, which the chat template also writes, and has no
padding token. The template puts `generation` tags around the assistant's messages. TRL computes the loss only inside
these tags.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from builder.errors import BuilderError
from builder.execution.staging import folder_written_aside
from hf_dataset.errors import ReadError
from hf_dataset.reader import read_training

BEGIN: Final = "<|begin|>"
END: Final = "<|end|>"
VOCABULARY: Final = 4096
CONTEXT: Final = 8192
CHAT_TEMPLATE: Final = (
    "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>\n"
    "{% if message.role == 'assistant' %}"
    "{% generation %}{{ message.content + eos_token }}{% endgeneration %}"
    "{% else %}{{ message.content + eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_tiny(data: Path, out: Path, seed: int = 0) -> None:
    """Create the model and save it with its tokenizer in the format of transformers.

    Args:
        data: Folder of a data set. The tokenizer is trained on its `sft` rows.
        out: Folder to create.
        seed: Seed of the weights.

    Raises:
        ReadError: If the data set has no training data.
        OutputError: If the output folder exists or cannot be created.
    """
    texts = [message.content for row in read_training(data, "sft") for message in row.messages]
    tokenizer = _tokenizer(texts)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        initializer_range=0.1,  # larger than usual, so that the output depends on the prompt
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with folder_written_aside(out) as folder:
        LlamaForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special_tokens = [BEGIN, END, *(f"<|{role}|>" for role in ("system", "user", "assistant"))]
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=special_tokens,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    bpe.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BEGIN,
        eos_token=END,
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Create a model with random weights to test the training recipe.")
    parser.add_argument("out", type=Path, help="Folder to create.")
    parser.add_argument(
        "--data", type=Path, default=Path("hf_dataset"), help="Folder of the data set to train the tokenizer on."
    )
    arguments = parser.parse_args()
    try:
        make_tiny(arguments.data, arguments.out)
    except (BuilderError, ReadError) as error:
        parser.error(str(error))
