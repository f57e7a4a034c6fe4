"""Unicode normalization in linear time.

Normalization sorts the combining marks behind a letter, which takes time quadratic in their number. No language puts
more than a few there, and the Stream-Safe Text Format of Unicode (UAX #15) allows 30.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, Literal

MOST_MARKS: Final = 30
"""Maximum number of combining marks in a row of a text that is normalized."""
_SHORT: Final = 500
"""Number of characters up to which the time of sorting is not noticeable."""
_CACHED: Final = 4096


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form; a long text with more than `MOST_MARKS` marks in a row is returned unchanged.

    Args:
        form: Normal form of Unicode.
        text: The text.
    """
    if len(text) > _SHORT and not text.isascii() and has_long_run(text):
        return text
    return unicodedata.normalize(form, text)


def has_long_run(text: str) -> bool:
    """Return True if a text has more than `MOST_MARKS` combining marks in a row."""
    run = 0
    for character in text:
        run = run + 1 if character > "\u02ff" and _is_mark(character) else 0
        if run > MOST_MARKS:
            return True
    return False


@lru_cache(maxsize=_CACHED)
def _is_mark(character: str) -> bool:
    """Return True if a character is a combining mark, or becomes one by normalization, as the marks of half width."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
