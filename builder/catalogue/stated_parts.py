"""Parts of the patterns of stated numbers: numbers, lengths of time, and rates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from .stated_units import NUMBER_WORDS

Form = tuple[str, str, Callable[[re.Match[str]], float | None], str | None]
"""Axis, pattern with `{names}` of shared words, conversion, and words that must not be in the sentence."""
WORD: Final = rf"\b(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})\b"
N: Final = (
    r"(?:(?<![\d.,])(?:[1-9]\d{0,2}(?:,\d{3}){1,4}(?:\.\d{1,9})?|(?<!\w)[1-9]\d{0,2}(?: \d{3}){1,4}"
    r"|(?!0\d)\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})(?!\d|[.,]\d)"
    rf"|{WORD})"
)
"""A number in digits or words. Commas and spaces are between groups of three digits, since `0,004` is a decimal number
elsewhere."""
SIZE: Final = r"(?P<size> ?(?:k|m|thousand|million)\b)?"
UNIT: Final = (
    r"(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?)\b"
)
PERIOD: Final = r"(?P<period>seconds?|secs?|minutes?|mins?|hours?|hr|days?|weeks?|months?|mo|years?|s|h|m)\b"
PER: Final = rf"(?: ?/ ?| ?(?:per|an?|each|every|(?:in|within|over) (?:any|each|every)) )(?:(?P<window>{N}) ?)?"
NUM: Final = rf"(?P<number>{N})"
RANGE: Final = rf"(?:{N} ?(?:-|\u2013|to) ?)?"
"""The lower end of a range, of which the upper end counts."""
ABOUT: Final = r"(?:about |around |approx(?:imately|\.)? |roughly |~ ?|≈ ?|< ?|up to |at most |a maximum of )?"
