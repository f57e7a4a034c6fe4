"""Recognition of a tool's functionality from its documentation.

A tool has a functionality if four checks agree: the functionality's signals occur in the documentation, no contrasting
word occurs, slots and required parameters can be aligned, and the embeddings are similar enough. If several
functionalities qualify, the most similar one is taken. Tools are processed in batches, and no batch is kept in memory.
"""

from __future__ import annotations

import re
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
from .contrasts import contrasts, contrasts_of_tool
from .functionalities import Concept, Entry

_MAX_DESCRIPTION_WORDS: Final = 40
"""Words of a description that are read. Later words are mostly about pricing or advertising."""
_TERMS: Final = frozenset(
    [
        *("access", "delay", "interval", "latency", "price", "pricing", "rate_limit", "region", "retention", "reuse"),
        *("success_rate", "uptime"),
    ]
)
"""Axes on which a documentation states terms, which say nothing of the job: a tool that runs in the US is not one for
the US, and one that is updated hourly is not one for hours."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?;])\s+")
_TELLING: Final = 2
"""Minimum number of words of a sentence that says what a tool does."""
_SAME_CATEGORY_BONUS: Final = 0.05
"""Added to the similarity if the catalogue files the tool under the functionality's category."""
_BATCH: Final = 8192
"""Tools per batch."""
_CACHED_WORDS: Final = 2**16
"""Words whose matching functionalities are cached."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Tool with the functionality that was recognised."""

    tool: Tool
    entry: Entry
    bindings: Mapping[str, Binding]
    """Parameter bindings by slot name."""
    similarity: float
    """Cosine similarity of the documentation and the most similar phrase of the functionality, plus a bonus of 0.05 if
    the tool and the functionality have the same category."""


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Outcome of a tool of which no functionality was recognised."""

    reason: str
    """`no_known_functionality`, `contrasting_word`, `slot_without_parameter`, `required_parameter_without_slot` or
    `dissimilar`."""
    entry: Entry | None = None
    """The most similar functionality whose signals the tool has. Without any, the most similar one of all; None if it
    is below the minimum similarity."""
    detail: str = ""
    """Words, parameters or similarity because of which the tool does not have it."""
    similarity: float = 0.0
    """Cosine similarity of the documentation and the functionality, if its signals do not occur."""


class _Texts(NamedTuple):
    """Texts of a tool, as words joined by single spaces."""

    operation: str
    provider: str
    everything: str


class _Batch(NamedTuple):
    """Batch of tools with their matches to each functionality."""

    tools: Sequence[Tool]
    texts: Sequence[_Texts]
    signalled: Sequence[Sequence[int]]
    """For each tool, the sorted columns of the functionalities whose signals occur in its texts."""
    similarity: NDArray[np.float32]
    """Cosine similarity of each tool (rows) and the most similar phrase of each functionality (columns)."""


class Recogniser:
    """Recogniser of the functionalities of a library.

    Args:
        library: Functionalities, with the words by which their tools are recognised.
        encoder: Encoder of sentences.
        lexicon: Concepts of the slots; by default those of the library.
    """

    def __init__(
        self, library: Sequence[Entry], encoder: Encoder, lexicon: Mapping[str, Concept] | None = None
    ) -> None:
        self._lexicon = lexicon
        self._library = library
        self._encoder = encoder
        phrases = [(entry.functionality.summary, *entry.functionality.phrases) for entry in library]
        self._phrases = encoder.encode([phrase for entry_phrases in phrases for phrase in entry_phrases])
        self._starts = np.cumsum([0, *map(len, phrases[:-1])])
        self._contrasts = [contrasts(_functionality_words(entry)) for entry in library]
        self._index = _SignalIndex(library)

    def recognise(self, tools: Sequence[Tool], least: float) -> Iterator[Recognised | Unrecognised]:
        """Recognise the functionality of each tool.

        Args:
            tools: Tools of the catalogue.
            least: Minimum cosine similarity, 0 to 1.

        Yields:
            For each tool, in order, the recognised functionality, or the reason why there is none.
        """
        for batch in self._batches(tools):
            for row in range(len(batch.tools)):
                yield self._recognise(batch, row, least)

    def look_alikes(self, tools: Sequence[Tool], ceiling: float) -> dict[str, frozenset[str]]:
        """Return the tools that might do each functionality's job, whether or not they were recognised.

        Args:
            tools: Tools to check.
            ceiling: Cosine similarity from which a tool counts as a look-alike, 0 to 1.

        Returns:
            Tool names by functionality name.
        """
        suspects: list[set[str]] = [set() for _ in self._library]
        for batch in self._batches(tools):
            for row, column in np.argwhere(batch.similarity >= ceiling).tolist():
                suspects[column].add(batch.tools[row].name)
            for tool, columns in zip(batch.tools, batch.signalled, strict=True):
                for column in columns:
                    suspects[column].add(tool.name)
        return {
            entry.functionality.name: frozenset(names) for entry, names in zip(self._library, suspects, strict=True)
        }

    def _batches(self, tools: Sequence[Tool]) -> Iterator[_Batch]:
        for start in range(0, len(tools), _BATCH):
            batch = tools[start : start + _BATCH]
            texts = [_texts(tool) for tool in batch]
            signalled = [
                [column for column in self._index.possible(text) if _has_signals(self._library[column], text)]
                for text in texts
            ]
            cosines = self._encoder.encode([_sentence(tool) for tool in batch]) @ self._phrases.T
            yield _Batch(batch, texts, signalled, np.maximum.reduceat(cosines, self._starts, axis=1))

    def _recognise(self, batch: _Batch, row: int, least: float) -> Recognised | Unrecognised:
        """Return the most similar functionality that passes all checks, or the failed check of the most similar one."""
        named = self._named(batch, row)
        best: Recognised | None = None
        nearest, failed = -1.0, self._without_signals(batch, row, least)
        for column in batch.signalled[row]:
            similarity = float(batch.similarity[row, column])
            outcome = self._checked(batch.tools[row], column, named, similarity, least)
            if isinstance(outcome, Unrecognised):
                if similarity > nearest:
                    nearest, failed = similarity, outcome
            elif best is None or outcome.similarity > best.similarity:
                best = outcome
        return best or failed

    def _without_signals(self, batch: _Batch, row: int, least: float) -> Unrecognised:
        column = int(batch.similarity[row].argmax())
        similarity = float(batch.similarity[row, column])
        entry = self._library[column] if similarity >= least else None
        return Unrecognised("no_known_functionality", entry, f"{similarity:.2f}", round(similarity, 4))

    def _named(self, batch: _Batch, row: int) -> frozenset[str]:
        """Return the contrasting words that a tool names."""
        if not batch.signalled[row]:
            return frozenset()
        return named_contrasts(batch.tools[row], batch.tools[row].provider)

    def _checked(
        self, tool: Tool, column: int, named: frozenset[str], similarity: float, least: float
    ) -> Recognised | Unrecognised:
        """Return the outcome of a tool and one functionality whose signals it has."""
        entry = self._library[column]
        if others := named - self._contrasts[column]:
            return Unrecognised("contrasting_word", entry, ", ".join(sorted(others)))
        bindings = align(tool.parameters, entry.functionality.slots, self._lexicon)
        if isinstance(bindings, str):
            return Unrecognised(bindings, entry, ", ".join(tool.parameters["required"]) or "none")
        if similarity < least:
            return Unrecognised("dissimilar", entry, f"{similarity:.2f}")
        # The catalogue's category helps to decide between two functionalities of about the same similarity.
        bonus = _SAME_CATEGORY_BONUS * (tool.category == entry.functionality.category)
        return Recognised(tool, entry, bindings, similarity + bonus)


class _SignalIndex:
    """Index from word prefixes to the functionalities whose signals may occur in a text.

    The index prefilters functionalities, so that the exact signals need to be searched only for a few. Each entry of
    the library lists groups of alternative signals, and a text must match one alternative of each group. The index
    looks up only the first word of each alternative. Sets of functionalities are bit masks, with one bit per column.

    Args:
        library: Functionalities, with the words by which their tools are recognised.
    """

    def __init__(self, library: Sequence[Entry]) -> None:
        self._prefixes: list[dict[str, int]] = [{} for _ in range(max(len(entry.all_of) for entry in library))]
        """For each position in `Entry.all_of`, the functionalities by the prefix that matches there."""
        self._unconditional = [
            sum(1 << column for column, entry in enumerate(library) if len(entry.all_of) <= position)
            for position in range(len(self._prefixes))
        ]
        """For each position in `Entry.all_of`, the functionalities that have no condition there."""
        for column, entry in enumerate(library):
            for prefixes, signals in zip(self._prefixes, entry.all_of, strict=False):
                for prefix in signals.first_words:
                    prefixes[prefix] = prefixes.get(prefix, 0) | 1 << column
        self._matches = lru_cache(_CACHED_WORDS)(self._matches_of)

    def possible(self, texts: _Texts) -> Iterator[int]:
        """Yield, in order, the index of each functionality with a signal (a typical word) which the texts may have."""
        matched = list(self._unconditional)
        for word in texts.everything.split():
            for position, columns in enumerate(self._matches(word)):
                matched[position] |= columns
        remaining = reduce(and_, matched)
        while remaining:
            lowest = remaining & -remaining
            yield lowest.bit_length() - 1
            remaining ^= lowest

    def _matches_of(self, word: str) -> tuple[int, ...]:
        """Return the functionalities that a word matches, for each position in `Entry.all_of`."""
        starts = [word[:length] for length in range(1, len(word) + 1)]
        return tuple(reduce(or_, (prefixes.get(start, 0) for start in starts)) for prefixes in self._prefixes)


def without_terms(tool: Tool, text: str) -> str:
    """Return a documentation without the words that state on which terms a tool is offered, such as a region."""
    for attribute in tool.attributes:
        if attribute.axis in _TERMS:
            text = text.replace(attribute.evidence, " ")
    return text


def _texts(tool: Tool) -> _Texts:
    about = words(without_terms(tool, tool.operation_description))[:_MAX_DESCRIPTION_WORDS]
    operation = " ".join(words(tool.operation) + about)
    provider = " ".join(words(tool.provider))
    provider_description = words(without_terms(tool, tool.provider_description))[:_MAX_DESCRIPTION_WORDS]
    return _Texts(operation, provider, " ".join([operation, provider, *provider_description]))


def named_contrasts(tool: Tool, provider: str = "") -> frozenset[str]:
    """Return the contrasting words that say what a tool does.

    Args:
        tool: The tool.
        provider: Its provider, if the words of its name count too.
    """
    about = " ".join(without_terms(tool, tool.operation_description).split()[:_MAX_DESCRIPTION_WORDS])
    return contrasts_of_tool(f"{tool.operation} {provider}", about)


def documented_job(tool: Tool) -> str:
    """Return what a tool does: its name, the first sentence that says it, and the descriptions of required inputs.

    Later sentences are mostly about the terms on which the tool is offered, in which tools of different jobs are alike.
    """
    sentences = [without_terms(tool, text).strip() for text in _SENTENCE_END.split(tool.operation_description)]
    telling = next((text for text in sentences if len(words(text)) >= _TELLING), "")
    first = " ".join(telling.split()[:_MAX_DESCRIPTION_WORDS])
    inputs = (tool.parameters["properties"][name].get("description", "") for name in tool.parameters["required"])
    return " ".join([f"{' '.join(words(tool.operation))}. {first}", *map(str, inputs)])


def _sentence(tool: Tool) -> str:
    """Return the text of a tool that is embedded."""
    description = " ".join(without_terms(tool, tool.operation_description).split()[:_MAX_DESCRIPTION_WORDS])
    return f"{' '.join(words(tool.operation))}. {description} {' '.join(words(tool.provider))}."


def _functionality_words(entry: Entry) -> str:
    functionality = entry.functionality
    return " ".join(words(f"{functionality.name} {functionality.summary} {' '.join(functionality.phrases)}"))


def _has_signals(entry: Entry, texts: _Texts) -> bool:
    return (
        all(signals.hit(texts.everything) for signals in entry.all_of)
        and (entry.operation is None or entry.operation.hit(texts.operation))
        and not entry.none_of.hit(texts.operation)
        and not entry.none_provider.hit(texts.provider)
    )
