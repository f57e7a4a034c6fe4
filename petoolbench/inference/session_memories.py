"""Built-in memories: which sessions of a history a prompt shows, within a budget of tokens.

They are the reference for memory systems: the last sessions, and the sessions whose requests are most similar to the
current one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from builder.embedding import Encoder, SentenceEncoder
from hf_dataset.schema import Instance
from hf_dataset.sessions import Session, sessions_of
from petoolbench.run_settings import RunSettings, SessionMemory

_BYTES_PER_TOKEN: Final = 3
"""The prompts have 2.9 to 3.1 bytes per token with the tokenizer of `n_tokens`, and more with newer tokenizers, which
do not split numbers into digits. So an estimate tends to be too high."""


class Recalled(NamedTuple):
    """What a memory kept of the sessions."""

    text: str
    tokens: int


def tokens_of(*texts: str) -> int:
    """Return an estimate of the number of tokens of texts for any tokenizer; it tends to be too high."""
    return sum(len(text.encode()) for text in texts) // _BYTES_PER_TOKEN + 1


def recalled(row: Instance, settings: RunSettings) -> Recalled:
    """Return the memory that the prompt of an instance shows.

    Args:
        row: The instance under its history view.
        settings: Settings of the run, with the view `sessions` and a budget.

    Raises:
        MissingExtraError: If the memory `related` lacks the package of its encoder (extra `builder`).
    """
    sessions = sessions_of(row, settings.docs)
    kept: list[Session] = []
    text = ""
    for session in _ORDERS[settings.memory](sessions, row.instruction):
        more = sorted([*kept, session], key=lambda item: item.number)
        joined = "\n\n".join(item.text for item in more)
        if tokens_of(joined) <= (settings.memory_tokens or 0):
            kept, text = more, joined
        elif settings.memory == "recent":
            break
    return Recalled(text, tokens_of(text) if text else 0)


def _last_first(sessions: Sequence[Session], _instruction: str) -> list[Session]:
    return sorted(sessions, key=lambda session: -session.number)


def _most_similar_first(sessions: Sequence[Session], instruction: str) -> list[Session]:
    """Return the sessions by the largest similarity of one of their requests to an instruction; later ones first."""
    encoder = _encoder()
    wanted = encoder.encode([instruction])[0]

    def similarity(session: Session) -> float:
        return float((encoder.encode([step.instruction for step in session.steps]) @ wanted).max())

    return sorted(sessions, key=lambda session: (-round(similarity(session), 6), -session.number))


@cache
def _encoder() -> Encoder:
    return SentenceEncoder()


_ORDERS: Final[Mapping[SessionMemory, Callable[[Sequence[Session], str], list[Session]]]] = {
    "recent": _last_first,
    "related": _most_similar_first,
}
"""Order in which each memory keeps sessions, as long as they fit."""
