"""Split text into words, and make names of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[^\w]|_")
_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")
_GENERIC: Final = frozenset(["a", "an", "and", "api", "apis", "by", "for", "of", "service", "services", "the"])
"""Words in names of providers that name nobody."""
_STEM: Final = 4
"""Minimum number of letters that two forms of a word share."""
MAX_NAME: Final = 64
"""Maximum length of the name of a tool or parameter in function-calling interfaces."""
MAX_DESCRIPTION: Final = 1024
"""Maximum length of a tool's description in function-calling interfaces."""
_NOT_KEY: Final = re.compile(r"[^a-zA-Z0-9_.-]+")
_QUOTED: Final = re.compile(r'"[^"]*"')
_ESCAPE_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI, such as colours and cursor movements
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings
    r"|\x1b[ -/]*[0-~]"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters except tab and line breaks, and characters that reverse the direction of text."""


def words(text: str) -> list[str]:
    """Split a text into lower-case words, at camelCase boundaries, punctuation, underscores and spaces."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", text)).lower().split()


def squash(name: str) -> str:
    """Return the letters and digits of a name in lower case, so that `Postal-Code` and `postal_code` become equal."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def slug(text: str, limit: int = MAX_NAME) -> str:
    """Return a text as a name of lower-case letters, digits and `_`.

    Args:
        text: The text; the result is empty if it has no letters and digits from a-z and 0-9.
        limit: Maximum length; longer names are cut after a word.
    """
    parts = [part for part in _NOT_NAME.split(" ".join(words(text))) if part]
    kept: list[str] = []
    for part in parts:
        if len("_".join([*kept, part])) > limit:
            break
        kept.append(part)
    return "_".join(kept) or (parts[0][:limit] if parts else "")


def printable(text: str) -> str:
    """Return a text without terminal escape sequences and control characters. Tabs and line breaks are kept."""
    return text if text.isprintable() else _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text))


def parameter_key(name: str) -> str:
    """Return a parameter name with only the characters and the length that function-calling interfaces accept.

    They accept letters, digits, `_`, `.` and `-`: `uids[]` becomes `uids`, `filter[name]` becomes `filter_name`.

    Args:
        name: The name. The result is empty if it has no letters and digits from a-z and 0-9.
    """
    if len(name) <= MAX_NAME and not _NOT_KEY.search(name):
        return name
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_KEY.sub("_", latin).strip("_")[:MAX_NAME].strip("_.-")


@cache
def provider_family(provider: str) -> str:
    """Return a provider's name in lower case, without spaces and version: `Spotify _v2` becomes `spotify`.

    Catalogues add such numbers to products that share a name.
    """
    parts = words(provider)
    while len(parts) > 1 and parts[-1].removeprefix("v").isdigit():
        parts.pop()
    return "".join(parts) or provider


def spoken(value: str) -> str:
    """Return the value of an axis as words."""
    return value.replace("_", " ")


def without_quotes(text: str) -> str:
    """Return a text without its passages in double quotes and the quotes themselves."""
    return _QUOTED.sub("", text)


def mentions(text: str, name: str) -> bool:
    """Return True if a text contains the words of a name consecutively."""
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "


def is_word_of_job(name: str, job: str) -> bool:
    """Return True if a name consists of words of a job, so that a wish for the job cannot avoid it.

    Inflected forms count: `Email Validator` consists of words of `check whether an email is valid`. Versions and words
    that every provider uses, such as `API`, are left out.

    Args:
        name: Name of a tool or provider.
        job: Description of the job.
    """
    of_job = set(words(job))
    parts = [part for part in words(name) if part not in _GENERIC and not part.removeprefix("v").isdigit()]
    return all(part in of_job or any(_is_inflected(part, word) for word in of_job) for part in parts)


def _is_inflected(first: str, second: str) -> bool:
    """Return True if two words share their beginning: all but two letters of the shorter one, and at least four."""
    least = max(_STEM, min(len(first), len(second)) - 2)
    return first[:least] == second[:least] and min(len(first), len(second)) >= _STEM


def mentions_any(names: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that checks if a text contains any of some names; see `mentions`."""
    phrases = [f" {' '.join(words(name))} " for name in names]

    def contains(text: str) -> bool:
        normalised = f" {' '.join(words(text))} " if phrases else ""
        return any(phrase in normalised for phrase in phrases)

    return contains


def most_frequent(counts: Mapping[str, int]) -> str:
    """Return the name with the highest count; ties go to the alphabetically first. There must be at least one."""
    return min(counts, key=lambda name: (-counts[name], name))


def sentence(text: str) -> str:
    """Return a text as one line that ends with punctuation; an empty text stays empty."""
    line = " ".join(text.split())
    return line if not line or line[-1] in ".!?" else line + "."


def shortened(text: str, limit: int) -> str:
    """Return a text that is cut after a sentence or, with ` ...` in addition to the limit, after a word."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    end = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    return cut[: end + 1] if end > limit // 3 else cut[: cut.rfind(" ")] + " ..."


class Signals:
    """Matcher of signals: beginnings of words, or of several consecutive words if a signal contains a space.

    Args:
        signals: The signals, in lower case.
    """

    def __init__(self, signals: list[str]) -> None:
        self.first_words = frozenset(signal.split()[0] for signal in signals)
        """First words of all signals; every text that matches contains a word with one of these beginnings."""
        alternatives = "|".join(r"\w* ".join(re.escape(part) for part in signal.split()) for signal in signals)
        self._pattern = re.compile(rf"(?:^| )(?:{alternatives})") if signals else None

    def hit(self, text: str) -> bool:
        """Return True if a signal occurs in a text of words joined by single spaces."""
        return self._pattern is not None and self._pattern.search(text) is not None
