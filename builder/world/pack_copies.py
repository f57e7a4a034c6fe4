"""Copies: layouts of a pack whose lines are mostly those of another layout, apart from the values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from hf_dataset.layout import SPLITS

from .axes import AXES
from .listings import Layout, layouts
from .pack_samples import NUMBER, Texts, axis_values, bare

MAX_SHARED: Final = 0.6
"""Maximum share of a layout's lines, with the values masked, that another layout has too."""


def copies(checked: Sequence[Layout]) -> Iterator[tuple[str, str]]:
    """Yield the names of layouts that are mostly one of the repository, or an earlier one, each with the problem."""
    known = [
        (f"the repository's layout {layout.name!r}", masked_lines(layout))
        for split in SPLITS
        for layout in layouts(split)
    ]
    for layout in checked:
        lines = masked_lines(layout)
        for words, others in known:
            shared = sorted(lines & others)
            if len(shared) > MAX_SHARED * len(lines):
                yield (
                    layout.name,
                    f"{len(shared) / len(lines):.0%} of its lines, without the values, are those of {words}, such as "
                    f"{shared[0]!r}; at most {MAX_SHARED:.0%}, so write it anew",
                )
        known.append((f"the layout {layout.name!r}", lines))


@cache
def masked_lines(layout: Layout) -> frozenset[str]:
    """Return the lines of a layout that state facts, as words in lower case, with `*` in place of the values."""
    texts = Texts(layout)
    return frozenset(line for name in AXES for line in _masked(texts, name)) - {""}


def _masked(texts: Texts, name: str) -> set[str]:
    """Return the lines that state an axis, with what differs between its values masked."""
    values = [value for value in axis_values(name) if value != 0]
    other = texts.alone("price" if name != "price" else "latency", 600.0)
    headings = {bare(line) for line in other.splitlines()}
    lines: dict[int, list[list[str]]] = {}
    for value in values:
        stating = [line for line in texts.alone(name, value).splitlines() if bare(line) not in headings]
        for place, line in enumerate(stating):
            lines.setdefault(place, []).append(re.findall(r"[^\W_]+", NUMBER.sub(" ", line).lower()))
    return {_common(words) for words in lines.values()}


def _common(lines: Sequence[Sequence[str]]) -> str:
    """Return the words with which all lines begin and end, and `*` between; all words if the lines are equal."""
    shortest = min(lines, key=len)
    if all(line == shortest for line in lines):
        return " ".join([*shortest, "*"])
    start = _agreement(lines, len(shortest))
    end = _agreement([line[::-1] for line in lines], len(shortest) - start)
    if not start and not end:
        return " | ".join(sorted({" ".join(line) for line in lines}))
    return " ".join([*shortest[:start], "*", *shortest[len(shortest) - end :]])


def _agreement(lines: Sequence[Sequence[str]], most: int) -> int:
    """Return with how many words, up to `most`, all lines begin alike."""
    return next((place for place in range(most) if len({line[place] for line in lines}) > 1), most)
