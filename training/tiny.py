"""A model of random weights and two layers, to try the recipe with: made on the spot, from a data set's own text.

    python -m training.tiny out/training/tiny --data hf_dataset

Its tokenizer behaves as Llama 3's does: it begins every text with a mark, which its chat template writes too, and has
no token to fill up with. The template marks what the assistant says, by which TRL knows where the loss is to be taken.
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
    """Make the model and save it as a folder that transformers reads.

    Args:
        data: Folder of a data set; its `sft` is what the tokenizer learns from.
        out: Folder to make.
        seed: Of the weights.

    Raises:
        ReadError: If the data set has no training data.
        OutputError: If the folder is there, or cannot be made.
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
        initializer_range=0.1,  # wider than usual, so that what it says depends on what it is asked
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
    marks = [BEGIN, END, *(f"<|{role}|>" for role in ("system", "user", "assistant"))]
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=marks,
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
    parser = argparse.ArgumentParser(description="Make a model of random weights to try the recipe with.")
    parser.add_argument("out", type=Path, help="Folder to make.")
    parser.add_argument("--data", type=Path, default=Path("hf_dataset"), help="Folder of a data set.")
    asked = parser.parse_args()
    try:
        make_tiny(asked.data, asked.out)
    except (BuilderError, ReadError) as error:
        parser.error(str(error))
