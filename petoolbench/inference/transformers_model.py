"""Chat models that transformers runs on this machine, in batches.

Prompts are built with the chat template of the model. The template adds the special tokens, so the tokenizer adds none.
Batches are padded on the left. The random draws of a reply depend on the seed and its prompt only, not on the other
prompts of its batch, so a resumed run gives the same replies as an uninterrupted one. Rounding is the one exception: it
depends on the shape of the batch, and can change the choice between two tokens that are equally likely.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Final

from builder.errors import ConfigError, DataError
from builder.extras import import_extra
from hf_dataset.prompting import Message
from metrics.redaction import without_credentials
from petoolbench.hub.repository import open_hub

Tool = dict[str, Any]
"""Function in the format of the OpenAI API: {`type`: `function`, `function`: {`name`, `description`, `parameters`}}."""
_EXTRA: Final = ("local-models", "Running a model through transformers")
_MODEL_FILES: Final = ("config.json", "adapter_config.json")
"""Files that mark the folder of a model or of an adapter."""
_SORTED_BATCHES: Final = 4
"""Number of batches whose prompts are sorted by length together, so that the prompts of a batch need little padding."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply to a chat."""

    text: str
    input_tokens: int
    """Number of tokens of the prompt, including those of the chat template."""
    output_tokens: int
    """Number of tokens of the reply, including its end token."""
    is_cut: bool = False
    """True if the reply reached the maximum length without an end token."""


class LocalModel:
    """A chat model on the accelerator, in its saved precision; on the CPU in 32 bits if there is no accelerator.

    Args:
        name: Folder of a model or of a LoRA adapter, or a name on the Hub.
        batch_size: Number of chats per batch.
        max_output_tokens: Maximum length of a reply in tokens.
        temperature: Sampling temperature; 0 for greedy decoding.
        seed: Seed for sampling.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        ConfigError: If the model cannot be loaded or has no chat template.
    """

    def __init__(
        self,
        name: str,
        *,
        batch_size: int = 4,
        max_output_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._torch = import_extra("torch", *_EXTRA)
        transformers = import_extra("transformers", *_EXTRA)
        self._template_error = import_extra("jinja2", *_EXTRA).TemplateError
        self._name = name
        self._batch_size = batch_size
        self._max_output_tokens = max_output_tokens
        self._temperature = temperature
        self._seed = seed
        gpu = self._torch.accelerator.is_available()
        self._device = self._torch.accelerator.current_accelerator() if gpu else self._torch.device("cpu")
        # Half precision is slow on most processors.
        self._tokenizer, self._model = _load(transformers, name, "auto" if gpu else self._torch.float32)
        self._model.to(self._device).eval()
        self._end_tokens = _end_tokens(self._model, self._tokenizer)
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.convert_ids_to_tokens(self._end_tokens[0])
        # The sampling settings that come with a model are ignored, so that all models are sampled in the same way.
        self._model.generation_config = transformers.GenerationConfig(
            eos_token_id=self._end_tokens, pad_token_id=self._tokenizer.pad_token_id, do_sample=False
        )
        self.context: int | None = _context(self._model, self._tokenizer)
        """Context window in tokens, for a prompt and its reply together; None if the model does not state it."""

    def count_tokens(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> int:
        """Return the number of tokens of a prompt, including those of the chat template.

        Raises:
            ConfigError: If the chat template does not accept the chat.
        """
        return len(self._tokenizer(self._prompt(messages, tools), add_special_tokens=False)["input_ids"])

    def replies(
        self,
        chats: Iterable[Sequence[Message]],
        tools: Iterable[Sequence[Tool]] | None = None,
        seed: int | None = None,
    ) -> Iterator[Reply]:
        """Yield the reply to each chat, in order. Chats are read lazily, and equal ones are answered once.

        Args:
            chats: Messages of each chat.
            tools: Tools of each chat, in the order of the chats; None for chats without tools.
            seed: Seed for sampling; None for that of the model.

        Raises:
            ConfigError: If the chat template does not accept a chat.
            DataError: If a prompt and the longest reply exceed the context window.
            ValueError: If `chats` and `tools` differ in length.
        """
        tools_of_chats = repeat(()) if tools is None else tools
        pairs = zip(chats, tools_of_chats, strict=tools is not None)
        prompts = (self._prompt(messages, tools_of_chat) for messages, tools_of_chat in pairs)
        replies: dict[bytes, Reply] = {}
        while window := list(islice(prompts, _SORTED_BATCHES * self._batch_size)):
            # Without a history, the prompts of all users of a query group are equal.
            keys = [hashlib.sha256(prompt.encode()).digest() for prompt in window]
            new = {key: prompt for key, prompt in zip(keys, window, strict=True) if key not in replies}
            order = sorted(new, key=lambda key: len(new[key]))
            for start in range(0, len(order), self._batch_size):
                batch = order[start : start + self._batch_size]
                replies.update(zip(batch, self._generate([new[key] for key in batch], seed), strict=True))
            yield from (replies[key] for key in keys)

    def _prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(
                list(messages), tools=list(tools) or None, tokenize=False, add_generation_prompt=True
            )
        except self._template_error as error:
            raise ConfigError(
                f"The chat template of {self._name!r} does not accept the chat: {error}. If it has no system role, "
                "set --system merge (system_role); otherwise name another model."
            ) from error
        return text

    def _generate(self, prompts: Sequence[str], seed: int | None = None) -> list[Reply]:
        """Return the replies to the prompts of a batch."""
        inputs = self._tokenizer(
            list(prompts), add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
        ).to(self._device)
        width = inputs["input_ids"].shape[1]
        if self.context is not None and width + self._max_output_tokens > self.context:
            raise DataError(
                f"A prompt of {width:,} tokens and a reply of up to {self._max_output_tokens:,} exceed the context "
                f"window of {self._name!r}, {self.context:,} tokens. Shorten the prompts, skip such instances, or name "
                "a model with a larger context window."
            )
        with self._torch.inference_mode():
            outputs = self._model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=self._max_output_tokens,
                logits_processor=[self._sampler(inputs, seed)] if self._temperature > 0 else [],
            )
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        return [self._reply(row[width:].tolist(), length) for row, length in zip(outputs, lengths, strict=True)]

    def _reply(self, tokens: list[int], input_tokens: int) -> Reply:
        ends = (place for place, token in enumerate(tokens, start=1) if token in self._end_tokens)
        first_end = next(ends, None)
        end = len(tokens) if first_end is None else first_end
        # Cleaning up spaces would change the values of a call.
        text = self._tokenizer.decode(tokens[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Reply(text, input_tokens, end, is_cut=first_end is None)

    def _sampler(self, inputs: Any, seed: int | None = None) -> Any:
        """Return a logits processor that adds Gumbel noise, so that greedy decoding samples a reply."""
        torch, temperature = self._torch, self._temperature
        seed = self._seed if seed is None else seed
        generators = []
        for row, mask in zip(inputs["input_ids"].tolist(), inputs["attention_mask"].tolist(), strict=True):
            prompt = [token for token, is_prompt in zip(row, mask, strict=True) if is_prompt]
            digest = hashlib.sha256(repr((seed, prompt)).encode()).digest()
            generators.append(torch.Generator(self._device).manual_seed(int.from_bytes(digest[:8]) >> 1))

        def noisy(_tokens: Any, logits: Any) -> Any:
            noise = torch.empty_like(logits, dtype=torch.float32)
            for row, generator in zip(noise, generators, strict=True):
                row.exponential_(generator=generator)
            return logits / temperature - noise.log()

        return noisy


def _load(transformers: Any, name: str, dtype: Any) -> tuple[Any, Any]:
    """Return the tokenizer and the model."""
    folder = Path(name)
    unreadable = import_extra("safetensors", *_EXTRA).SafetensorError
    if folder.is_dir() and not any((folder / file).is_file() for file in _MODEL_FILES):
        raise ConfigError(f"The folder {name!r} holds no model: it has neither {' nor '.join(_MODEL_FILES)}.")
    if not folder.is_dir():
        open_hub()  # refuses to send a token to a Hub without TLS
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=dtype, trust_remote_code=False)
    # The type of the error depends on the missing part and on the library that reads it.
    except (OSError, ValueError, KeyError, ImportError, unreadable) as error:
        reason = without_credentials(str(error).strip().partition("\n")[0].rstrip(".:"), os.environ)
        place = "" if folder.is_dir() else "it is not a local folder and cannot be downloaded from the Hub: "
        raise ConfigError(
            f"The model {name!r} cannot be loaded: {place}{reason}. Name the folder of a model that transformers can "
            "read, or a model on the Hub."
        ) from None  # the text of the cause may contain the token
    if tokenizer.chat_template is None:
        raise ConfigError(f"The model {name!r} has no chat template. Name a chat model.")
    return tokenizer, model


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the ids of the tokens that end a reply."""
    of_model = model.generation_config.eos_token_id
    tokens = {*(of_model if isinstance(of_model, list) else [of_model]), tokenizer.eos_token_id} - {None}
    if not tokens:
        raise ConfigError(f"The model {model.name_or_path!r} has no end token. Name another model.")
    return sorted(tokens)


def _context(model: Any, tokenizer: Any) -> int | None:
    """Return the smaller of the context windows that the model and its tokenizer state; None if neither does."""
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    # A tokenizer without a known limit states a huge number.
    known = [size for size in (window, tokenizer.model_max_length) if isinstance(size, int) and size < 10**9]
    return min(known, default=None)
