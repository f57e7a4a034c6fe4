"""Nearest-neighbour search: for each tool, the most similar tools of other providers.

Catalogues of up to `EXACT_UP_TO` tools are searched exactly. For larger ones, an approximate index (HNSW of faiss with
8-bit vectors) proposes similar texts, whose exact cosines are then computed. A neighbour can be missed, but none is
wrong. The index is built by a single thread, so that the result is deterministic.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from builder.extras import import_extra

EXACT_UP_TO: Final = 20_000
"""Largest number of tools that is searched exactly."""
_BLOCK: Final = 1024
"""Tools per block of the exact search."""
_HNSW_LINKS: Final = 32
"""Links of a text in each layer of the index (M of HNSW)."""
_EF_CONSTRUCTION: Final = 60
"""Candidates considered when a text is linked (efConstruction of HNSW)."""
_EF_SEARCH_FACTOR: Final = 2
"""Candidates considered in a search (efSearch of HNSW), per text requested."""
_WIDTHS: Final = (32, 256, 2048)
"""Numbers of texts requested. The next larger one is used if too many belong to the tool's provider."""
_VECTORS_PER_BLOCK: Final = 2**16
"""Vectors whose exact cosines are computed in one block."""
_TOOLS_PER_BLOCK: Final = 2**22
"""Candidate neighbours filtered in one block."""


def nearest(
    vectors: NDArray[np.float32],
    texts: NDArray[np.int64],
    families: NDArray[np.int64],
    count: int,
    least: float,
    exact_up_to: int = EXACT_UP_TO,
) -> NDArray[np.int64]:
    """Return the nearest tools of other providers.

    Args:
        vectors: One vector per text, of shape (texts, dimensions). Each has length 1, or 0 for an empty text.
        texts: Index of each tool's text. Tools can share a text.
        families: Index of each tool's provider.
        count: Maximum number of neighbours per tool.
        least: Minimum cosine of a neighbour, 0 to 1.
        exact_up_to: Largest number of tools that is searched exactly.

    Returns:
        Tool indexes of shape (tools, count), sorted by descending cosine and then by index, padded with -1.

    Raises:
        MissingExtraError: If the index is needed and faiss is not installed.
    """
    if len(texts) <= exact_up_to:
        return _exact(vectors[texts], families, count, least)
    return _approximate(vectors, texts, families, count, least)


def numbered(values: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Number the distinct values in order of first occurrence.

    Returns:
        The distinct values, and for each value its index among them.
    """
    indexes: dict[str, int] = {}
    numbers = [indexes.setdefault(value, len(indexes)) for value in values]
    return list(indexes), np.array(numbers, dtype=np.int64)


def pairs_among(neighbours: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the pairs of tools of which at least one is a neighbour of the other.

    Args:
        neighbours: Result of `nearest`.

    Returns:
        Distinct pairs, the smaller index first, sorted.
    """
    size, count = neighbours.shape
    first, second = np.repeat(np.arange(size), count), neighbours.ravel()
    first, second = first[second >= 0], second[second >= 0]
    codes = np.unique(np.minimum(first, second) * size + np.maximum(first, second))
    return list(zip((codes // max(size, 1)).tolist(), (codes % max(size, 1)).tolist(), strict=True))


def _exact(vectors: NDArray[np.float32], families: NDArray[np.int64], count: int, least: float) -> NDArray[np.int64]:
    size = len(vectors)
    neighbours = np.full((size, count), -1, dtype=np.int64)
    for start in range(0, size, _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors.T
        cosines[families[start : start + _BLOCK, None] == families[None, :]] = -1.0
        last = max(0, size - count)
        bound = np.maximum(np.partition(cosines, last, axis=1)[:, last], np.float32(least))
        rows, others = np.nonzero(cosines >= bound[:, None])
        order = np.lexsort((others, -cosines[rows, others], rows))
        rows, others = rows[order], others[order]
        ranks = _ranks_in_runs(rows)
        kept = ranks < count
        neighbours[start + rows[kept], ranks[kept]] = others[kept]
    return neighbours


def _approximate(
    vectors: NDArray[np.float32],
    texts: NDArray[np.int64],
    families: NDArray[np.int64],
    count: int,
    least: float,
) -> NDArray[np.int64]:
    index = _index(vectors)
    holders = _tools_of_texts(texts, families, len(vectors), count)
    neighbours = np.full((len(texts), count), -1, dtype=np.int64)
    # Sort the tools by text, so that tools with the same text share one search.
    pending = np.argsort(texts, kind="stable")
    for width in _WIDTHS:
        incomplete = []
        distinct, begins = np.unique(texts[pending], return_index=True)
        ends = [*begins[1:].tolist(), len(pending)]
        step = max(1, _TOOLS_PER_BLOCK // (width * holders.shape[1]))
        for start in range(0, len(distinct), _VECTORS_PER_BLOCK // width):
            block = distinct[start : start + _VECTORS_PER_BLOCK // width]
            near, cosines = _near_texts(index, vectors, block, width, holders)
            end = ends[start + len(block) - 1]
            for first in range(int(begins[start]), end, step):
                tools = pending[first : min(first + step, end)]
                rows = np.searchsorted(block, texts[tools])
                full = _store_neighbours(neighbours, tools, holders[near[rows]], cosines[rows], families, least)
                incomplete.append(tools[~full & (cosines[rows, -1] >= least)])
        pending = np.concatenate(incomplete)
        if not len(pending):
            break
    return neighbours


def _index(vectors: NDArray[np.float32]) -> Any:
    """Build an inner-product index of the texts; the result does not depend on the number of threads."""
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # faiss logs at INFO which of its builds it loads
    faiss = import_extra("faiss", "builder", f"Comparing more than {EXACT_UP_TO:,} tools")
    index = faiss.IndexHNSWSQ(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _EF_CONSTRUCTION
    threads = faiss.omp_get_max_threads()
    # With several threads, the links would depend on which texts are added concurrently.
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
    queries: NDArray[np.int64],
    width: int,
    holders: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the texts near each query text and their cosines, by descending cosine; both are padded with -1."""
    index.hnsw.efSearch = _EF_SEARCH_FACTOR * width
    near = index.search(vectors[queries], min(width, len(vectors)))[1]
    # Each text is its own nearest text, but the approximate index can miss it.
    missed = ~(near == queries[:, None]).any(axis=1)
    near[missed, -1] = queries[missed]
    cosines = np.einsum("td,tnd->tn", vectors[queries], vectors[near])
    cosines[near < 0] = -1.0
    order = np.lexsort((holders[near, 0], -cosines), axis=1)
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def _tools_of_texts(
    texts: NDArray[np.int64], families: NDArray[np.int64], distinct: int, count: int
) -> NDArray[np.int64]:
    """Return the first tools of each text.

    There are enough of them that `count` tools remain after those of any one provider are excluded, if the text has
    that many.

    Returns:
        Tool indexes of shape (distinct texts, 2 * count), padded with -1.
    """
    order = np.lexsort((families, texts))  # stable, so that tools of one text and provider stay in order
    pairs = np.stack([texts[order], families[order]])
    begins = np.concatenate([[True], (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)])
    kept = np.sort(order[_ranks_in_runs(np.cumsum(begins)) < count])
    kept = kept[np.argsort(texts[kept], kind="stable")]
    ranks = _ranks_in_runs(texts[kept])
    first = ranks < 2 * count
    holders = np.full((distinct, 2 * count), -1, dtype=np.int64)
    holders[texts[kept[first]], ranks[first]] = kept[first]
    return holders


def _store_neighbours(
    neighbours: NDArray[np.int64],
    tools: NDArray[np.int64],
    holders: NDArray[np.int64],
    cosines: NDArray[np.float32],
    families: NDArray[np.int64],
    least: float,
) -> NDArray[np.bool_]:
    """Store the nearest neighbours of some tools in `neighbours`.

    Args:
        neighbours: Array to write to, of shape (all tools, neighbours).
        tools: Indexes of the tools.
        holders: Tools of the near texts, of shape (tools, texts, tools of a text).
        cosines: Cosines of the near texts, of shape (tools, texts).
        families: Index of each tool's provider.
        least: Minimum cosine of a neighbour.

    Returns:
        Boolean array of shape (tools,): True for tools that got the maximum number of neighbours.
    """
    count = neighbours.shape[1]
    fits = (holders >= 0) & (families[holders] != families[tools, None, None]) & (cosines >= least)[:, :, None]
    others, fits = holders.reshape(len(tools), -1), fits.reshape(len(tools), -1)
    number = np.cumsum(fits, axis=1, dtype=np.int32)
    rows, columns = np.nonzero(fits & (number <= count))
    neighbours[tools[rows], number[rows, columns] - 1] = others[rows, columns]
    return np.asarray(number[:, -1] >= count)


def _ranks_in_runs(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of each item in its run of equal numbers, from 0."""
    begins = np.flatnonzero(np.concatenate([[True], runs[1:] != runs[:-1]])) if len(runs) else runs
    lengths = np.diff(np.concatenate([begins, [len(runs)]]))
    return np.arange(len(runs)) - np.repeat(begins, lengths)
