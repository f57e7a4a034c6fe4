"""Sentence similarity offline: static word vectors that a package ships, so that nothing is fetched at run time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .extras import import_extra

_BATCH: Final = 8192
"""Texts that are encoded at once."""


class Encoder(Protocol):
    """Turns sentences into vectors whose scalar product says how alike they are."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimensions), each of length 1, or 0 for a text without words."""
        ...


class SentenceEncoder:
    """Unit vectors of sentences, and their tokens, by WordLlama (256 dimensions)."""

    name = "wordllama l2_supercat_256"

    def __init__(self) -> None:
        wordllama = import_extra("wordllama", "builder", "Comparing documentation")
        folder = Path(wordllama.__file__).parent
        self._model: Any = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 256), each of length 1, or 0 for a text without words."""
        found = np.zeros((len(texts), 256), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            vectors = self._model.embed(list(texts[start : start + _BATCH]), norm=False)
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            np.divide(vectors, norms, out=found[start : start + _BATCH], where=norms > 0)
        return found

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text, by the Llama 2 tokenizer that the model ships with."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False).ids)
