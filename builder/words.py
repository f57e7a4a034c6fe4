"""How text is cut into words, wherever the builder compares or names things."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[^\w]|_")
_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")
MAX_NAME: Final = 64
"""Longest tool name that function-calling interfaces accept."""


def words(text: str) -> list[str]:
    """Lower-case words; camelCase, punctuation and underscores separate them."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", text)).lower().split()


def squash(name: str) -> str:
    """Letters and digits of a name in lower case, so that `Postal-Code` and `postal_code` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def slug(text: str, limit: int = MAX_NAME) -> str:
    """A name of letters, digits and `_`, cut at a word where it is too long; empty where nothing is left."""
    parts = [part for part in _NOT_NAME.split(" ".join(words(text))) if part]
    kept: list[str] = []
    for part in parts:
        if len("_".join([*kept, part])) > limit:
            break
        kept.append(part)
    return "_".join(kept) or (parts[0][:limit] if parts else "")


@cache
def provider_family(provider: str) -> str:
    """A provider without its version, squashed: catalogues number products that share a name (`Spotify _v2`)."""
    name = words(provider)
    while len(name) > 1 and name[-1].removeprefix("v").isdigit():
        name.pop()
    return "".join(name) or provider


def spoken(value: str) -> str:
    """The value of an axis as words."""
    return value.replace("_", " ")


def mentions(text: str, name: str) -> bool:
    """Whether a text holds a name, word for word."""
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "


def mentions_any(names: Sequence[str]) -> Callable[[str], bool]:
    """Tells of texts whether they hold one of some names, as `mentions` does of one."""
    wanted = [f" {' '.join(words(name))} " for name in names]

    def tell(text: str) -> bool:
        said = f" {' '.join(words(text))} " if wanted else ""
        return any(name in said for name in wanted)

    return tell


def commonest(counts: Mapping[str, int]) -> str:
    """What comes most often, the first by name among equals; of at least one."""
    return min(counts, key=lambda name: (-counts[name], name))


def sentence(text: str) -> str:
    """One line that ends in a full stop; empty stays empty."""
    line = " ".join(text.split())
    return line if not line or line[-1] in ".!?" else line + "."


class Signals:
    """Word beginnings to look for; several words in a row when the signal holds a space."""

    def __init__(self, signals: list[str]) -> None:
        self.first_words = frozenset(signal.split()[0] for signal in signals)
        """Beginnings of words, one of which is in every text with a signal."""
        alternatives = "|".join(r"\w* ".join(re.escape(part) for part in signal.split()) for signal in signals)
        self._pattern = re.compile(rf"(?:^| )(?:{alternatives})") if signals else None

    def hit(self, text: str) -> bool:
        """Whether one of the signals occurs in a text of words joined by single spaces."""
        return self._pattern is not None and self._pattern.search(text) is not None
