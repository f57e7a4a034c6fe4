"""From a tool's documentation to a functionality of the library.

Four independent checks must agree: the signals of the library occur, no contrasting word stands in the way, every
required parameter can be bound to a slot, and the sentence vectors are close. A tool goes to the closest
functionality that passes. Tools are looked at in batches, and nothing is kept of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import and_, or_
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.embedding import Encoder
from builder.records import Binding, Tool
from builder.words import words

from .alignment import align
from .contrasts import contrasts
from .functionalities import Entry

_WORDS = 40
"""Words of a description that are looked at; what follows is pricing and praise."""
_SAME_CATEGORY = 0.05
_BATCH: Final = 8192
"""Tools that are looked at at once."""
_KNOWN_WORDS: Final = 2**16
"""Words of which it is remembered what they may signal."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A tool with the functionality that it was recognised to have."""

    tool: Tool
    entry: Entry
    bindings: Mapping[str, Binding]
    similarity: float
    """Cosine of the documentation with the closest known phrase of the functionality, and a little more where the
    catalogue files the tool under the functionality's category."""


class _Texts(NamedTuple):
    """A tool's texts as words joined by single spaces."""

    operation: str
    provider: str
    everything: str


class _Batch(NamedTuple):
    """Some tools, and how each stands to each functionality."""

    tools: Sequence[Tool]
    texts: Sequence[_Texts]
    signalled: Sequence[Sequence[int]]
    """Columns of the functionalities whose signals occur in a tool's texts, in order."""
    similarity: NDArray[np.float32]
    """Of each tool (rows) with the closest phrase of each functionality (columns)."""


class Recogniser:
    """Recognises the functionalities of a library in a catalogue.

    Args:
        library: Known functionalities.
        encoder: Sentence vectors.
    """

    def __init__(self, library: Sequence[Entry], encoder: Encoder) -> None:
        self._library = library
        self._encoder = encoder
        phrases = [(entry.functionality.summary, *entry.functionality.phrases) for entry in library]
        self._phrases = encoder.encode([phrase for own in phrases for phrase in own])
        self._starts = np.cumsum([0, *map(len, phrases[:-1])])
        self._contrasts = [contrasts(_own_words(entry)) for entry in library]
        self._gate = _Gate(library)

    def recognise(self, tools: Sequence[Tool], least: float) -> Iterator[Recognised | str]:
        """Recognise each tool.

        Args:
            tools: The catalogue.
            least: Least similarity, 0 to 1.

        Yields:
            For each tool in order what was recognised, or the reason why nothing was: `no_known_functionality`,
            `contrasting_word`, `slot_without_parameter`, `required_parameter_without_slot`, `dissimilar`.
        """
        for batch in self._batches(tools):
            for row in range(len(batch.tools)):
                yield self._recognise(batch, row, least)

    def look_alikes(self, tools: Sequence[Tool], ceiling: float) -> dict[str, frozenset[str]]:
        """Tools that may do a functionality's job, whether or not they were recognised, by functionality name.

        Args:
            tools: The tools that are in question.
            ceiling: Similarity from which a tool is suspected, 0 to 1.
        """
        found: list[set[str]] = [set() for _ in self._library]
        for batch in self._batches(tools):
            for row, column in np.argwhere(batch.similarity >= ceiling).tolist():
                found[column].add(batch.tools[row].name)
            for tool, columns in zip(batch.tools, batch.signalled, strict=True):
                for column in columns:
                    found[column].add(tool.name)
        return {entry.functionality.name: frozenset(own) for entry, own in zip(self._library, found, strict=True)}

    def _batches(self, tools: Sequence[Tool]) -> Iterator[_Batch]:
        for start in range(0, len(tools), _BATCH):
            own = tools[start : start + _BATCH]
            texts = [_texts(tool) for tool in own]
            signalled = [
                [column for column in self._gate.open_to(text) if _signalled(self._library[column], text)]
                for text in texts
            ]
            cosines = self._encoder.encode([_statement(tool) for tool in own]) @ self._phrases.T
            yield _Batch(own, texts, signalled, np.maximum.reduceat(cosines, self._starts, axis=1))

    def _recognise(self, batch: _Batch, row: int, least: float) -> Recognised | str:
        reason = "no_known_functionality"
        if not batch.signalled[row]:
            return reason
        tool, texts = batch.tools[row], batch.texts[row]
        named = contrasts(f"{texts.operation} {texts.provider}")
        best: Recognised | None = None
        for column in batch.signalled[row]:
            entry = self._library[column]
            if named - self._contrasts[column]:
                reason = "contrasting_word"
                continue
            bindings = align(tool.parameters, entry.functionality.slots)
            if isinstance(bindings, str):
                reason = bindings
                continue
            similarity = float(batch.similarity[row, column])
            if similarity < least:
                reason = "dissimilar"
                continue
            # How the catalogue files the tool is evidence too, where two functionalities are about equally close.
            similarity += _SAME_CATEGORY * (tool.category == entry.functionality.category)
            if best is None or similarity > best.similarity:
                best = Recognised(tool, entry, bindings, similarity)
        return best or reason


class _Gate:
    """Which functionalities may have their signals in a text, told from its words one by one.

    A set of functionalities is a whole number, a bit for each. A word opens a functionality for one of the
    alternatives that it must have when one of these begins as the word does.

    Args:
        library: Known functionalities.
    """

    def __init__(self, library: Sequence[Entry]) -> None:
        self._beginnings: list[dict[str, int]] = [{} for _ in range(max(len(entry.all_of) for entry in library))]
        """For each place among the alternatives, what opens which functionalities."""
        self._always = [
            sum(1 << column for column, entry in enumerate(library) if len(entry.all_of) <= place)
            for place in range(len(self._beginnings))
        ]
        """Functionalities that have no alternatives in a place."""
        for column, entry in enumerate(library):
            for opened, signals in zip(self._beginnings, entry.all_of, strict=False):
                for beginning in signals.first_words:
                    opened[beginning] = opened.get(beginning, 0) | 1 << column
        self._opened = lru_cache(_KNOWN_WORDS)(self._opened_by)

    def open_to(self, texts: _Texts) -> Iterator[int]:
        """Columns of the functionalities that may be signalled, in order; no other is."""
        opened = list(self._always)
        for word in texts.everything.split():
            for place, columns in enumerate(self._opened(word)):
                opened[place] |= columns
        left = reduce(and_, opened)
        while left:
            lowest = left & -left
            yield lowest.bit_length() - 1
            left ^= lowest

    def _opened_by(self, word: str) -> tuple[int, ...]:
        """The functionalities that a word opens, for each place among the alternatives."""
        begun = [word[:length] for length in range(1, len(word) + 1)]
        return tuple(reduce(or_, (opened.get(beginning, 0) for beginning in begun)) for opened in self._beginnings)


def _texts(tool: Tool) -> _Texts:
    operation = " ".join(words(tool.operation) + words(tool.operation_description)[:_WORDS])
    provider = " ".join(words(tool.provider))
    return _Texts(operation, provider, " ".join([operation, provider, *words(tool.provider_description)[:_WORDS]]))


def _statement(tool: Tool) -> str:
    about = " ".join(tool.operation_description.split()[:_WORDS])
    return f"{' '.join(words(tool.operation))}. {about} {' '.join(words(tool.provider))}."


def _own_words(entry: Entry) -> str:
    functionality = entry.functionality
    return " ".join(words(f"{functionality.name} {functionality.summary} {' '.join(functionality.phrases)}"))


def _signalled(entry: Entry, texts: _Texts) -> bool:
    return (
        all(signals.hit(texts.everything) for signals in entry.all_of)
        and (entry.operation is None or entry.operation.hit(texts.operation))
        and not entry.none_of.hit(texts.operation)
        and not entry.none_provider.hit(texts.provider)
    )
