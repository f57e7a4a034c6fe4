"""Offline sentence vectors from static word vectors, which are part of an installed package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .extras import import_extra

_BATCH: Final = 8192
"""Number of texts in a batch."""


class Encoder(Protocol):
    """Encoder of sentences as vectors whose scalar product is their cosine similarity."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (len(texts), dimensions), each of norm 1, or 0 for a text without words."""
        ...


class SentenceEncoder:
    """WordLlama, an encoder with 256 dimensions and the Llama 2 tokenizer.

    Raises:
        MissingExtraError: If wordllama is not installed.
    """

    name = "wordllama l2_supercat_256"

    def __init__(self) -> None:
        wordllama = import_extra("wordllama", "builder", "Comparing documentation")
        folder = Path(wordllama.__file__).parent
        self._model: Any = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (len(texts), 256), each of norm 1, or 0 for a text without words."""
        unit_vectors = np.zeros((len(texts), 256), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            vectors = self._model.embed(list(texts[start : start + _BATCH]), norm=False)
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            np.divide(vectors, norms, out=unit_vectors[start : start + _BATCH], where=norms > 0)
        return unit_vectors

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens in a text."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False).ids)
