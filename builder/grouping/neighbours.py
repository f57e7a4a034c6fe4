"""Which tools of other providers are nearest to each tool, by the vectors of their texts.

Up to `EXACT_UP_TO` tools each is compared with every other. Above, an approximate index (faiss: a graph of
near vectors, each in 8 bits) names the texts that may be near, and these are compared exactly, so that a neighbour can
be missing, but no wrong one be there. The index is built by one thread, so that it is always the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from builder.extras import import_extra

EXACT_UP_TO: Final = 20_000
"""Tools of a catalogue that are all compared with each other."""
_BLOCK: Final = 1024
"""Tools compared at once with all others."""
_LINKS: Final = 32
"""Links of a text in the index, in each layer."""
_BUILD_EFFORT: Final = 60
"""Texts kept in view while a text is linked."""
_EFFORT: Final = 2
"""Texts kept in view while some are looked for, for each that is asked for."""
_WIDTHS: Final = (32, 256, 2048)
"""Texts asked for; the next more where too many were of the tool's own provider."""
_GATHERED: Final = 2**16
"""Vectors compared exactly at once."""
_LOOKED_AT: Final = 2**22
"""Tools looked at at once."""


def nearest(
    vectors: NDArray[np.float32],
    texts: NDArray[np.int64],
    families: NDArray[np.int64],
    count: int,
    least: float,
    exact_up_to: int = EXACT_UP_TO,
) -> NDArray[np.int64]:
    """The nearest tools of other providers.

    Args:
        vectors: One for each text, of shape (texts, dimensions), of length 1 or 0.
        texts: Number of each tool's text; tools may share one.
        families: Number of each tool's provider.
        count: Neighbours of a tool, at most.
        least: Least cosine of a neighbour, 0 to 1.
        exact_up_to: Tools up to which all are compared with each other.

    Returns:
        Numbers of tools, of shape (tools, count): the nearest first, of equally near ones the first; -1 where there
        are no more.

    Raises:
        MissingExtraError: If the index is needed and its library is missing.
    """
    if len(texts) <= exact_up_to:
        return _exact(vectors[texts], families, count, least)
    return _approximate(vectors, texts, families, count, least)


def numbered(values: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The different ones of some values, in the order in which they come, and the number of each value among them."""
    place: dict[str, int] = {}
    numbers = [place.setdefault(value, len(place)) for value in values]
    return list(place), np.array(numbers, dtype=np.int64)


def pairs_among(neighbours: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of tools one of which is a neighbour of the other, each once, the smaller number first, sorted.

    Args:
        neighbours: As `nearest` finds them.
    """
    size, count = neighbours.shape
    one, other = np.repeat(np.arange(size), count), neighbours.ravel()
    one, other = one[other >= 0], other[other >= 0]
    codes = np.unique(np.minimum(one, other) * size + np.maximum(one, other))
    return list(zip((codes // max(size, 1)).tolist(), (codes % max(size, 1)).tolist(), strict=True))


def _exact(vectors: NDArray[np.float32], families: NDArray[np.int64], count: int, least: float) -> NDArray[np.int64]:
    size = len(vectors)
    found = np.full((size, count), -1, dtype=np.int64)
    for start in range(0, size, _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors.T
        cosines[families[start : start + _BLOCK, None] == families[None, :]] = -1.0
        last = max(0, size - count)
        bound = np.maximum(np.partition(cosines, last, axis=1)[:, last], np.float32(least))
        rows, others = np.nonzero(cosines >= bound[:, None])
        order = np.lexsort((others, -cosines[rows, others], rows))
        rows, others = rows[order], others[order]
        place = _places(rows)
        kept = place < count
        found[start + rows[kept], place[kept]] = others[kept]
    return found


def _approximate(
    vectors: NDArray[np.float32],
    texts: NDArray[np.int64],
    families: NDArray[np.int64],
    count: int,
    least: float,
) -> NDArray[np.int64]:
    index = _index(vectors)
    holders = _holders(texts, families, len(vectors), count)
    found = np.full((len(texts), count), -1, dtype=np.int64)
    # Tools that share a text are looked at together.
    asked = np.argsort(texts, kind="stable")
    for width in _WIDTHS:
        short = []
        different, begins = np.unique(texts[asked], return_index=True)
        ends = [*begins[1:].tolist(), len(asked)]
        share = max(1, _LOOKED_AT // (width * holders.shape[1]))
        for start in range(0, len(different), _GATHERED // width):
            block = different[start : start + _GATHERED // width]
            near, cosines = _near_texts(index, vectors, block, width, holders)
            end = ends[start + len(block) - 1]
            for first in range(int(begins[start]), end, share):
                tools = asked[first : min(first + share, end)]
                rows = np.searchsorted(block, texts[tools])
                full = _take(found, tools, holders[near[rows]], cosines[rows], families, least)
                short.append(tools[~full & (cosines[rows, -1] >= least)])
        asked = np.concatenate(short)
        if not len(asked):
            break
    return found


def _index(vectors: NDArray[np.float32]) -> Any:
    """An index of the texts that finds by scalar product; the same for the same texts, with any number of threads."""
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # it tells which build of itself it loads
    faiss = import_extra("faiss", "builder", f"Comparing more than {EXACT_UP_TO:,} tools")
    index = faiss.IndexHNSWSQ(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, _LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _BUILD_EFFORT
    threads = faiss.omp_get_max_threads()
    # Which links are made depends on what is linked at the same moment.
    faiss.omp_set_num_threads(1)
    try:
        index.train(vectors)
        index.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return index


def _near_texts(
    index: Any,
    vectors: NDArray[np.float32],
    asked: NDArray[np.int64],
    width: int,
    holders: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Texts near some texts, the nearest first, and their cosines; -1 in both where there are no more."""
    index.hnsw.efSearch = _EFFORT * width
    near = index.search(vectors[asked], min(width, len(vectors)))[1]
    # A text is nearest to itself, whatever the index says.
    missed = ~(near == asked[:, None]).any(axis=1)
    near[missed, -1] = asked[missed]
    cosines = np.einsum("td,tnd->tn", vectors[asked], vectors[near])
    cosines[near < 0] = -1.0
    order = np.lexsort((holders[near, 0], -cosines), axis=1)
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def _holders(texts: NDArray[np.int64], families: NDArray[np.int64], different: int, count: int) -> NDArray[np.int64]:
    """The first tools of each text, so many that `count` are left without those of any one provider; -1 beyond.

    Returns:
        Numbers of tools, of shape (different texts, twice `count`).
    """
    order = np.lexsort((families, texts))  # stable: of one text and provider the first tools come first
    pairs = np.stack([texts[order], families[order]])
    begins = np.concatenate([[True], (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)])
    kept = np.sort(order[_places(np.cumsum(begins)) < count])
    kept = kept[np.argsort(texts[kept], kind="stable")]
    place = _places(texts[kept])
    first = place < 2 * count
    found = np.full((different, 2 * count), -1, dtype=np.int64)
    found[texts[kept[first]], place[first]] = kept[first]
    return found


def _take(
    found: NDArray[np.int64],
    tools: NDArray[np.int64],
    holders: NDArray[np.int64],
    cosines: NDArray[np.float32],
    families: NDArray[np.int64],
    least: float,
) -> NDArray[np.bool_]:
    """Write down the nearest neighbours of some tools.

    Args:
        found: Where to, of shape (all tools, neighbours).
        tools: The tools.
        holders: Tools of the near texts, of shape (tools, texts, tools of a text).
        cosines: Of the near texts, of shape (tools, texts).
        families: Number of each tool's provider.
        least: Least cosine of a neighbour.

    Returns:
        Which tools have all neighbours that they can have.
    """
    count = found.shape[1]
    fits = (holders >= 0) & (families[holders] != families[tools, None, None]) & (cosines >= least)[:, :, None]
    others, fits = holders.reshape(len(tools), -1), fits.reshape(len(tools), -1)
    number = np.cumsum(fits, axis=1, dtype=np.int32)
    rows, columns = np.nonzero(fits & (number <= count))
    found[tools[rows], number[rows, columns] - 1] = others[rows, columns]
    return np.asarray(number[:, -1] >= count)


def _places(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each item in its run of equal numbers, from 0."""
    begins = np.flatnonzero(np.concatenate([[True], runs[1:] != runs[:-1]])) if len(runs) else runs
    lengths = np.diff(np.concatenate([begins, [len(runs)]]))
    return np.arange(len(runs)) - np.repeat(begins, lengths)
