"""Tests of exact and approximate nearest-neighbour search, and of clusters made from neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import MIN_SAME_FUNCTION
from builder.grouping import neighbours
from builder.grouping.neighbours import nearest, numbered, pairs_among
from builder.llm.clusters import clusters_of
from builder.records import Tool
from builder.words import provider_family
from tests.factories import tool

COUNT, LEAST = 5, 0.5


class Crowd:
    """Random tools in clusters of similar texts; many tools share a text or a provider."""

    def __init__(self, size: int, seed: int = 0, providers: int = 20) -> None:
        rng = np.random.default_rng(seed)
        jobs = rng.normal(size=(size // 8, 16))
        vectors = jobs[rng.integers(len(jobs), size=size // 2)] + 0.4 * rng.normal(size=(size // 2, 16))
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.texts = rng.integers(len(vectors), size=size)
        self.families = rng.integers(providers, size=size)

    def neighbours(self, exact_up_to: int) -> NDArray[np.int64]:
        return nearest(self.vectors, self.texts, self.families, COUNT, LEAST, exact_up_to)

    def cosines(self, indexes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosines of neighbours, 0 for padding; assert that they are distinct and of other providers."""
        vectors = self.vectors[self.texts]
        for tool_index, others in enumerate(indexes):
            real = others[others >= 0]
            assert len(set(real.tolist())) == len(real)
            assert (self.families[real] != self.families[tool_index]).all()
        return np.where(indexes >= 0, np.einsum("td,tnd->tn", vectors, vectors[indexes]), 0)


def brute_force(crowd: Crowd) -> NDArray[np.int64]:
    """Return the neighbours of each tool by sorting all other tools."""
    vectors = crowd.vectors[crowd.texts]
    indexes = np.full((len(vectors), COUNT), -1)
    for index, cosines in enumerate(vectors @ vectors.T):
        order = sorted(range(len(vectors)), key=lambda other, row=cosines: (-row[other], other))  # type: ignore[misc]
        near = [other for other in order if crowd.families[other] != crowd.families[index] and cosines[other] >= LEAST]
        indexes[index, : len(near[:COUNT])] = near[:COUNT]
    return indexes


@pytest.fixture(autouse=True)
def restore_threads() -> Iterator[None]:
    """Restore the number of faiss threads after each test."""
    before = faiss.omp_get_max_threads()
    yield
    faiss.omp_set_num_threads(before)


@pytest.mark.parametrize(("size", "providers"), [(240, 20), (240, 2), (16, 20)])
def test_exhaustive_index_search_equals_brute_force(size: int, providers: int) -> None:
    crowd = Crowd(size, providers=providers)
    expected = crowd.cosines(brute_force(crowd))
    # Tools with the same text have equal cosines, except for rounding.
    assert np.allclose(crowd.cosines(crowd.neighbours(size)), expected, atol=1e-6)
    # The index considers nearly all texts.
    assert len(crowd.vectors) <= 2 * neighbours._EF_SEARCH_FACTOR * neighbours._WIDTHS[0]
    assert np.allclose(crowd.cosines(crowd.neighbours(0)), expected, atol=1e-6)


def test_the_index_finds_nearly_all_neighbours_of_a_large_crowd_and_no_wrong_one() -> None:
    crowd = Crowd(2500, providers=200)
    expected, actual = (set(pairs_among(crowd.neighbours(bound))) for bound in (2500, 0))
    assert len(expected & actual) > 0.95 * len(expected)
    cosines = crowd.cosines(crowd.neighbours(0))
    assert ((cosines == 0) | (cosines > LEAST - 1e-6)).all()


@pytest.mark.parametrize("number", [2, 3])
def test_the_index_does_not_depend_on_the_number_of_threads(number: int) -> None:
    crowd = Crowd(1500)
    faiss.omp_set_num_threads(1)
    single_threaded = crowd.neighbours(0)
    faiss.omp_set_num_threads(number)
    assert (crowd.neighbours(0) == single_threaded).all()


def test_neighbours_are_found_despite_hundreds_of_near_tools_of_one_provider() -> None:
    rng = np.random.default_rng(0)
    spread = np.concatenate([np.full(400, 0.01), np.full(5, 0.2)])
    vectors = np.eye(16)[:1] + spread[:, None] * rng.normal(size=(405, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    families = np.array([0] * 400 + [1, 2, 3, 4, 5])
    indexes = nearest(vectors, np.arange(405), families, COUNT, LEAST, 0)
    assert neighbours._WIDTHS[0] < 400
    assert {frozenset(row) for row in indexes[:400].tolist()} == {frozenset(range(400, 405))}


def test_an_empty_catalogue_or_a_single_tool_has_no_neighbours() -> None:
    empty = nearest(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64), COUNT, LEAST)
    assert pairs_among(empty) == []
    single = nearest(np.ones((1, 1), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64), COUNT, LEAST)
    assert single.tolist() == [[-1] * COUNT]


def test_values_are_numbered_by_first_occurrence() -> None:
    values, numbers = numbered(["b", "a", "b"])
    assert values == ["b", "a"]
    assert numbers.tolist() == [0, 1, 0]


def greedy_clusters(tools: list[Tool], same: dict[int, set[int]]) -> list[list[str]]:
    """Return clusters by repeatedly making the tool with the most free neighbours a leader."""
    free, clusters = set(same), []
    while free:
        leader = min(free, key=lambda index: (-len(same[index] & free), tools[index].name))
        cluster = {provider_family(tools[leader].provider): tools[leader].name}
        for index in sorted(same[leader] & free, key=lambda index: tools[index].name):
            cluster.setdefault(provider_family(tools[index].provider), tools[index].name)
        free -= {leader} | same[leader]
        if len(cluster) >= MIN_SAME_FUNCTION:
            clusters.append(list(cluster.values()))
    return clusters


@pytest.mark.parametrize("seed", range(5))
def test_the_tool_with_the_most_free_neighbours_leads_a_cluster(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tools = [tool(f"p{rng.integers(60)}x__{index:03d}") for index in range(200)]
    same: defaultdict[int, set[int]] = defaultdict(set)
    for first, second in rng.integers(200, size=(400, 2)).tolist():
        if first != second:
            same[first].add(second)
            same[second].add(first)
    expected = greedy_clusters(tools, same)
    assert [[member.name for member in cluster] for cluster in clusters_of(tools, same)] == expected
    assert len(expected) > 20
