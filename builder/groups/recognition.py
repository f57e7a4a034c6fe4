"""From a tool's documentation to a functionality of the library.

Four independent checks must agree: the signals of the library occur, no contrasting word stands in the way, every
required parameter can be bound to a slot, and the sentence vectors are close. A tool goes to the closest
functionality that passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from builder.embedding import SentenceEncoder
from builder.library import Entry
from builder.records import Binding, Tool
from builder.text import words

from .alignment import align
from .contrasts import contrasts

_WORDS = 40
"""Words of a description that are looked at; what follows is pricing and praise."""
_SAME_CATEGORY = 0.05


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


class Recogniser:
    """Recognises the functionalities of a library in a catalogue.

    Args:
        tools: The catalogue.
        library: Known functionalities.
        encoder: Sentence vectors.
    """

    def __init__(self, tools: Sequence[Tool], library: Sequence[Entry], encoder: SentenceEncoder) -> None:
        self._tools = tools
        self._library = library
        self._texts = [_texts(tool) for tool in tools]
        vectors = encoder.encode([_statement(tool) for tool in tools])
        # Similarity of each tool (rows) with the closest phrase of each functionality (columns).
        self._similarity = np.stack(
            [
                (vectors @ encoder.encode([entry.functionality.summary, *entry.functionality.phrases]).T).max(axis=1)
                for entry in library
            ],
            axis=1,
        )
        self._contrasts = [contrasts(_own_words(entry)) for entry in library]
        self._signalled = [[_signalled(entry, texts) for entry in library] for texts in self._texts]

    def recognise(self, least: float) -> Iterator[Recognised | str]:
        """Recognise each tool.

        Args:
            least: Least similarity, 0 to 1.

        Yields:
            For each tool in order what was recognised, or the reason why nothing was: `no_known_functionality`,
            `contrasting_word`, `slot_without_parameter`, `required_parameter_without_slot`, `dissimilar`.
        """
        for index in range(len(self._tools)):
            yield self._recognise(index, least)

    def look_alikes(self, ceiling: float) -> dict[str, frozenset[str]]:
        """Tools that may do a functionality's job, whether or not they were recognised, by functionality name.

        Args:
            ceiling: Similarity from which a tool is suspected, 0 to 1.
        """
        return {
            entry.functionality.name: frozenset(
                tool.name
                for row, tool in enumerate(self._tools)
                if self._similarity[row, column] >= ceiling or self._signalled[row][column]
            )
            for column, entry in enumerate(self._library)
        }

    def _recognise(self, row: int, least: float) -> Recognised | str:
        tool, texts = self._tools[row], self._texts[row]
        named = contrasts(f"{texts.operation} {texts.provider}")
        reason = "no_known_functionality"
        best: Recognised | None = None
        for column, entry in enumerate(self._library):
            if not self._signalled[row][column]:
                continue
            if named - self._contrasts[column]:
                reason = "contrasting_word"
                continue
            bindings = align(tool.parameters, entry.functionality.slots)
            if isinstance(bindings, str):
                reason = bindings
                continue
            similarity = float(self._similarity[row, column])
            if similarity < least:
                reason = "dissimilar"
                continue
            # How the catalogue files the tool is evidence too, where two functionalities are about equally close.
            similarity += _SAME_CATEGORY * (tool.category == entry.functionality.category)
            if best is None or similarity > best.similarity:
                best = Recognised(tool, entry, bindings, similarity)
        return best or reason


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
