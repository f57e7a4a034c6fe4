"""Values of the statements of a layout: numbers in the form in which most are usual ones, and levels by their words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from types import MappingProxyType
from typing import Final, NamedTuple

from builder.world.axes import AXES
from builder.world.facts import LEVEL_SHARES

from .listing_numbers import MARK, is_worded, readings
from .listing_parts import bare
from .listing_scales import fit_of, other_forms
from .listing_words import is_zero, level_hits

ZERO_AXES: Final = ("price", "retention")
"""Axes with numbers that can be zero."""
_FEW: Final = 4
"""Texts below which all of their numbers may be values."""
_NUMBER: Final = re.compile(r"(?<![\w.])(?:pt?(?=\d))?\d[\d,]*(?:\.\d+)?")
_SURE: Final = 0.7
"""Fit from which a form is right whose words say so."""
_ADVANTAGE: Final = 0.1
"""Advantage in fit of the forms whose words say what they are."""
_CONTRADICTION: Final = 4.0
"""What it counts if all tools with a text cannot have its level."""
_SPREAD: Final = 0.5
"""What it counts that a level is more or less frequent than in all listings."""
_WORDED: Final = 0.05
"""Advantage in fit of a form that follows from words."""
_DOUBT: Final = 0.2
"""Advantage in fit that an unusual unit needs."""


class Statement(NamedTuple):
    """What a tool states on an axis."""

    label: str
    text: str


def _marked(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Mark the numbers that differ between texts that are otherwise alike."""
    alike: dict[str, list[list[str]]] = defaultdict(list)
    for text in texts.values():
        alike[_NUMBER.sub("#", text)].append(_NUMBER.findall(text))
    varies = {
        key: [len(rows) < _FEW or len(set(column)) > 1 for column in zip(*rows, strict=True)]
        for key, rows in alike.items()
    }

    def mark(text: str) -> str:
        places: Iterator[bool] = iter(varies[_NUMBER.sub("#", text)])
        return _NUMBER.sub(lambda match: f"{MARK if next(places) else ''}{match.group(0)}", text)

    return {name: mark(text) for name, text in texts.items()}


def numbers_of(axis: str, stated: Mapping[str, Statement]) -> Mapping[str, float]:
    """Read the numbers of a layout, each in the form in which most are usual ones.

    Args:
        axis: Axis with numbers.
        stated: What each tool states on it.
    """
    marked = _marked({name: f"{label}: {text}" for name, (label, text) in stated.items()})
    zero = {
        name
        for name, (_, text) in stated.items()
        if axis in ZERO_AXES and is_zero(text) and (MARK not in marked[name] or not re.search("[1-9]", text))
    }
    texts = {name: marked[name] for name in stated if name not in zero}
    rows = {name: readings(axis, text) for name, text in texts.items()}
    columns = list(zip(*rows.values(), strict=True))
    fits = [fit_of(axis, column) for column in columns]
    order = sorted(
        range(len(columns)),
        key=lambda form: -fits[form] - _ADVANTAGE * (form == 0) - _WORDED * is_worded(axis, form),
    )
    if columns and fits[order[0]] < _SURE:
        rows, order = _with_others(axis, texts, rows, order, fits[order[0]])
    found = dict.fromkeys(sorted(zero), 0.0)
    for name, row in rows.items():
        value = next((row[form] for form in order if row[form] is not None), None)
        if value is not None:
            found[name] = value
        elif axis in ZERO_AXES:
            found[name] = 0.0
    return found


def _with_others(
    axis: str, texts: Mapping[str, str], rows: Mapping[str, Sequence[float | None]], order: Sequence[int], fit: float
) -> tuple[dict[str, list[float | None]], list[int]]:
    """Add the form in an unusual unit that fits best, first if it fits better than the others."""
    columns = [[form(text) for text in texts.values()] for form in other_forms(axis)]
    fits = [fit_of(axis, column) for column in columns]
    best = max(range(len(fits)), key=fits.__getitem__)
    longer = {name: [*row, value] for (name, row), value in zip(rows.items(), columns[best], strict=True)}
    place = len(next(iter(longer.values()))) - 1
    return longer, [place, *order] if fits[best] > fit + _DOUBT else [*order, place]


def levels_of(
    axis: str, stated: Mapping[str, Statement], allowed: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Mapping[str, str]:
    """Read the levels of a layout: the most frequent texts are different levels.

    Args:
        axis: Axis with levels.
        stated: What each tool states on it.
        allowed: Levels of the tools that cannot have all of them, by name.
    """
    texts = Counter(bare(text) for _, text in stated.values())
    levels = AXES[axis].levels
    odd = {text: _contradictions(text, levels, stated, allowed) for text in texts}
    hits = {
        text: [
            level_hits(axis, level, text) - _CONTRADICTION * against
            for level, against in zip(levels, odd[text], strict=True)
        ]
        for text in texts
    }
    usual = [text for text, _ in texts.most_common(len(levels))]
    shares = [texts[text] / len(stated) for text in usual]
    best = max(
        permutations(range(len(levels)), len(usual)),
        key=lambda order: sum(
            hits[text][place] - _SPREAD * abs(share - LEVEL_SHARES[axis][place])
            for text, share, place in zip(usual, shares, order, strict=True)
        ),
    )
    level_of = {text: levels[place] for text, place in zip(usual, best, strict=True)}
    for text in texts:
        if text not in level_of and max(hits[text]) > 0:
            level_of[text] = levels[hits[text].index(max(hits[text]))]
    return {name: level_of[bare(text)] for name, (_, text) in stated.items() if bare(text) in level_of}


def _contradictions(
    text: str, levels: Sequence[str], stated: Mapping[str, Statement], allowed: Mapping[str, Sequence[str]]
) -> list[float]:
    """Return, for each level, the share of the tools with a text that cannot have it; of those that are restricted."""
    restricted = [
        allowed[name] for name, statement in stated.items() if name in allowed and bare(statement.text) == text
    ]
    return [sum(level not in own for own in restricted) / max(len(restricted), 1) for level in levels]
