"""Names that readers cannot mistake: no invisible characters, no words of mixed alphabets, no names of baselines."""

from __future__ import annotations

import unicodedata
from typing import Final

RESERVED: Final = (
    *("PEToolBench", "chance", "empty file", "first listed", "last used", "most liked", "most popular", "most used"),
    *("no history", "oracle", "program", "random", "regression", "similar documents"),
)
"""Names of the baselines and of the benchmark, which no submission may have."""
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Characters that count as printable, but show nothing: fillers, blanks and variation selectors."""
_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "DESERET", "OSAGE")
"""Alphabets with letters that look the same, by the first word of the letters' Unicode names."""
_LOOKS: Final = str.maketrans(
    {
        **dict(zip("авекмнорстухјѕԁԛԝһӏьгп", "abekmhopctyxjsdqwhlbrn", strict=True)),
        **dict(zip("αβεγκνορτυχωϲ", "abeyknoptuxwc", strict=True)),
        **dict(zip("օսոհցքյ", "ounhgpj", strict=True)),
        **dict.fromkeys("1|i\u0131\u0456\u03b9", "l"),
        "0": "o",
    }
)
"""Small letters and digits that look like a Latin letter; `i`, `l` and `1` count as one."""


def invisible(text: str) -> str | None:
    """Return the first character of a text that shows nothing, or None.

    The variation selector 16 may follow a symbol, which it shows as an emoji.
    """
    before = ""
    for character in text:
        is_emoji = character == "\ufe0f" and unicodedata.category(before or " ").startswith("S")
        if character in _INVISIBLE and not is_emoji:
            return character
        before = character
    return None


def mixed_word(text: str) -> str | None:
    """Return the first word with letters of two alphabets that look alike, such as Latin and Cyrillic, or None."""
    for word in "".join(character if character.isalpha() else " " for character in text).split():
        alphabets = {unicodedata.name(character, "").split(" ")[0] for character in word}
        if len(alphabets.intersection(_ALIKE)) > 1:
            return word
    return None


def looks_like(text: str) -> str:
    """Return what a reader sees in a name: letters and digits in one alphabet, without case, marks and spaces.

    Names are confusable if this is the same for both.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(_LOOKS)
    return "".join(character for character in plain if character.isalnum())


def reserved(text: str) -> str | None:
    """Return the reserved name that a text looks like, or None."""
    seen = looks_like(text)
    return next((name for name in RESERVED if looks_like(name) == seen), None)
