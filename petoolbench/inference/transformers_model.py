"""Models that transformers runs on this machine: chats in, replies out in the same order, a batch at a time.

A prompt is what the model's own chat template makes of the chat. The template writes the mark that begins a text, so
the tokenizer adds nothing more. The prompts of a batch are filled up on the left, so that a reply follows its prompt.
What is drawn for a reply depends on the seed and its prompt, not on the chats around it: a run that was stopped goes on
as it would have. Only rounding, which differs between batches of different shapes, can tip a choice between two tokens
that the model holds to be as likely.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Final

from builder.errors import ConfigError, DataError
from builder.extras import import_extra
from hf_dataset.prompting import Message

Tool = dict[str, Any]
"""A function as chat templates take it: `{"type": "function", "function": {"name", "description", "parameters"}}`."""
_EXTRA: Final = ("local-models", "Running a model through transformers")
_DESCRIBED: Final = ("config.json", "adapter_config.json")
"""What the folder of a model, or of an adapter, has."""
_WINDOW: Final = 4
"""Batches that are put in order of length together, so that prompts of one batch differ little."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model replied to a chat."""

    text: str
    input_tokens: int
    """Of the prompt, with what the chat template writes around it."""
    output_tokens: int
    """With the token that ends the reply."""


class LocalModel:
    """A chat model, loaded once; on the accelerator where there is one, in the precision it was saved in.

    Args:
        name: Folder of a model or of a LoRA adapter, or a name on the Hub.
        batch_size: Chats that are answered at once.
        max_output_tokens: Longest reply.
        temperature: Of sampling; 0 takes the likeliest token each time.
        seed: Of sampling.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        ConfigError: If the model cannot be loaded, or is not made for chats.
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
        self._ends = _ends(self._model, self._tokenizer)
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.convert_ids_to_tokens(self._ends[0])
        # Nothing of what the model's makers recommend for sampling: two models are asked in the same way.
        self._model.generation_config = transformers.GenerationConfig(
            eos_token_id=self._ends, pad_token_id=self._tokenizer.pad_token_id, do_sample=False
        )
        self.context: int | None = _context(self._model, self._tokenizer)
        """Tokens that a prompt and its reply may have together; None where the model does not say."""

    def count_tokens(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> int:
        """The tokens of a prompt, with what the chat template writes around it.

        Raises:
            ConfigError: If the chat template does not take such a chat.
        """
        return len(self._tokenizer(self._prompt(messages, tools), add_special_tokens=False)["input_ids"])

    def replies(
        self, chats: Iterable[Sequence[Message]], tools: Iterable[Sequence[Tool]] | None = None
    ) -> Iterator[Reply]:
        """The reply to each chat, in order; chats are taken as they are needed, and equal ones are asked once.

        Args:
            chats: Messages of each chat.
            tools: Tools that each chat may call, in the order of the chats; None for none.

        Raises:
            ConfigError: If the chat template does not take such a chat.
            DataError: If a prompt and the longest reply have more tokens than `context`.
            ValueError: If there are not as many tools as chats.
        """
        offered = repeat(()) if tools is None else tools
        pairs = zip(chats, offered, strict=tools is not None)
        prompts = (self._prompt(messages, own) for messages, own in pairs)
        found: dict[bytes, Reply] = {}
        while window := list(islice(prompts, _WINDOW * self._batch_size)):
            # Without their own history, all users of a query group ask the same.
            keys = [hashlib.sha256(prompt.encode()).digest() for prompt in window]
            new = {key: prompt for key, prompt in zip(keys, window, strict=True) if key not in found}
            order = sorted(new, key=lambda key: len(new[key]))
            for start in range(0, len(order), self._batch_size):
                batch = order[start : start + self._batch_size]
                found.update(zip(batch, self._generate([new[key] for key in batch]), strict=True))
            yield from (found[key] for key in keys)

    def _prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(
                list(messages), tools=list(tools) or None, tokenize=False, add_generation_prompt=True
            )
        except self._template_error as error:
            raise ConfigError(
                f"The chat template of {self._name!r} does not take such a chat: {error}. Name another model."
            ) from error
        return text

    def _generate(self, prompts: Sequence[str]) -> list[Reply]:
        """The replies to one batch."""
        asked = self._tokenizer(
            list(prompts), add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
        ).to(self._device)
        width = asked["input_ids"].shape[1]
        if self.context is not None and width + self._max_output_tokens > self.context:
            raise DataError(
                f"A prompt of {width:,} tokens and a reply of up to {self._max_output_tokens:,} do not fit into the "
                f"{self.context:,} tokens of {self._name!r}. Shorten the prompts, leave such rows out, or name a model "
                "that reads more."
            )
        with self._torch.inference_mode():
            made = self._model.generate(
                input_ids=asked["input_ids"],
                attention_mask=asked["attention_mask"],
                max_new_tokens=self._max_output_tokens,
                logits_processor=[self._draw(asked)] if self._temperature > 0 else [],
            )
        lengths = asked["attention_mask"].sum(dim=1).tolist()
        return [self._reply(row[width:].tolist(), length) for row, length in zip(made, lengths, strict=True)]

    def _reply(self, tokens: list[int], input_tokens: int) -> Reply:
        end = next((place for place, token in enumerate(tokens, start=1) if token in self._ends), len(tokens))
        # No tidying up of spaces: it would change the values of a call.
        text = self._tokenizer.decode(tokens[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Reply(text, input_tokens, end)

    def _draw(self, asked: Any) -> Any:
        """Sampling as a choice of the highest: logits with Gumbel noise, of a generator for each prompt."""
        torch, temperature = self._torch, self._temperature
        generators = []
        for row, mask in zip(asked["input_ids"].tolist(), asked["attention_mask"].tolist(), strict=True):
            said = [token for token, own in zip(row, mask, strict=True) if own]
            digest = hashlib.sha256(repr((self._seed, said)).encode()).digest()
            generators.append(torch.Generator(self._device).manual_seed(int.from_bytes(digest[:8]) >> 1))

        def noisy(_tokens: Any, logits: Any) -> Any:
            noise = torch.empty_like(logits, dtype=torch.float32)
            for row, generator in zip(noise, generators, strict=True):
                row.exponential_(generator=generator)
            return logits / temperature - noise.log()

        return noisy


def _load(transformers: Any, name: str, dtype: Any) -> tuple[Any, Any]:
    """Tokenizer and model."""
    folder = Path(name)
    unreadable = import_extra("safetensors", *_EXTRA).SafetensorError
    if folder.is_dir() and not any((folder / one).is_file() for one in _DESCRIBED):
        raise ConfigError(f"The folder {name!r} holds no model: there is neither {' nor '.join(_DESCRIBED)} in it.")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=dtype, trust_remote_code=False)
    # Which errors come depends on what is missing, and on the library of each part.
    except (OSError, ValueError, KeyError, ImportError, unreadable) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".:")
        where = "" if folder.is_dir() else "there is no such folder here, and the Hub does not give it: "
        raise ConfigError(
            f"The model {name!r} cannot be loaded: {where}{reason}. Name the folder of a model that transformers "
            "reads, or a model on the Hub."
        ) from error
    if tokenizer.chat_template is None:
        raise ConfigError(f"The model {name!r} has no chat template. Name one that is made for chats.")
    return tokenizer, model


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a reply."""
    known = model.generation_config.eos_token_id
    ends = {*(known if isinstance(known, list) else [known]), tokenizer.eos_token_id} - {None}
    if not ends:
        raise ConfigError(f"The model {model.name_or_path!r} has no token that ends a reply. Name another model.")
    return sorted(ends)


def _context(model: Any, tokenizer: Any) -> int | None:
    """The smaller of what the model and its tokenizer say."""
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    # A tokenizer that does not know says a huge number.
    known = [size for size in (window, tokenizer.model_max_length) if isinstance(size, int) and size < 10**9]
    return min(known, default=None)
