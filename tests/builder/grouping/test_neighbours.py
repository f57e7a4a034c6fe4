"""The nearest tools of other providers: each compared with all, and by the index; and the groups made of them."""

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
from builder.llm.analysis import clusters_of
from builder.records import Tool
from builder.words import provider_family
from tests.factories import tool

COUNT, LEAST = 5, 0.5


class Crowd:
    """Tools of some jobs, whose texts are near; many tools share a text, and many a provider."""

    def __init__(self, size: int, seed: int = 0, providers: int = 20) -> None:
        rng = np.random.default_rng(seed)
        jobs = rng.normal(size=(size // 8, 16))
        vectors = jobs[rng.integers(len(jobs), size=size // 2)] + 0.4 * rng.normal(size=(size // 2, 16))
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.texts = rng.integers(len(vectors), size=size)
        self.families = rng.integers(providers, size=size)

    def found(self, exact_up_to: int) -> NDArray[np.int64]:
        return nearest(self.vectors, self.texts, self.families, COUNT, LEAST, exact_up_to)

    def cosines(self, found: NDArray[np.int64]) -> NDArray[np.float32]:
        """How near the tools are that were found, 0 where there is none; each is another one, of another provider."""
        vectors = self.vectors[self.texts]
        for one, others in enumerate(found):
            real = others[others >= 0]
            assert len(set(real.tolist())) == len(real)
            assert (self.families[real] != self.families[one]).all()
        return np.where(found >= 0, np.einsum("td,tnd->tn", vectors, vectors[found]), 0)


def one_by_one(crowd: Crowd) -> NDArray[np.int64]:
    """What is meant: every tool, all others sorted."""
    vectors = crowd.vectors[crowd.texts]
    found = np.full((len(vectors), COUNT), -1)
    for one, cosines in enumerate(vectors @ vectors.T):
        order = sorted(range(len(vectors)), key=lambda other, own=cosines: (-own[other], other))  # type: ignore[misc]
        near = [other for other in order if crowd.families[other] != crowd.families[one] and cosines[other] >= LEAST]
        found[one, : len(near[:COUNT])] = near[:COUNT]
    return found


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Whatever a test sets is set back."""
    before = faiss.omp_get_max_threads()
    yield
    faiss.omp_set_num_threads(before)


@pytest.mark.parametrize(("size", "providers"), [(240, 20), (240, 2), (16, 20)])
def test_an_index_all_of_which_is_searched_finds_what_comparing_all_finds(size: int, providers: int) -> None:
    crowd = Crowd(size, providers=providers)
    wanted = crowd.cosines(one_by_one(crowd))
    # Tools of one text are equally near, but for the last bit.
    assert np.allclose(crowd.cosines(crowd.found(size)), wanted, atol=1e-6)
    assert len(crowd.vectors) <= 2 * neighbours._EFFORT * neighbours._WIDTHS[0]  # nearly all are in view
    assert np.allclose(crowd.cosines(crowd.found(0)), wanted, atol=1e-6)


def test_of_a_large_crowd_the_index_finds_nearly_all_and_nothing_wrong() -> None:
    crowd = Crowd(2500, providers=200)
    wanted, found = (set(pairs_among(crowd.found(bound))) for bound in (2500, 0))
    assert len(wanted & found) > 0.95 * len(wanted)
    cosines = crowd.cosines(crowd.found(0))
    assert ((cosines == 0) | (cosines > LEAST - 1e-6)).all()


@pytest.mark.parametrize("number", [2, 3])
def test_the_index_is_the_same_with_any_number_of_threads(number: int) -> None:
    crowd = Crowd(1500)
    faiss.omp_set_num_threads(1)
    alone = crowd.found(0)
    faiss.omp_set_num_threads(number)
    assert (crowd.found(0) == alone).all()


def test_a_provider_with_hundreds_of_near_tools_hides_no_other() -> None:
    rng = np.random.default_rng(0)
    spread = np.concatenate([np.full(400, 0.01), np.full(5, 0.2)])
    vectors = np.eye(16)[:1] + spread[:, None] * rng.normal(size=(405, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    families = np.array([0] * 400 + [1, 2, 3, 4, 5])
    found = nearest(vectors, np.arange(405), families, COUNT, LEAST, 0)
    assert neighbours._WIDTHS[0] < 400
    assert {frozenset(row) for row in found[:400].tolist()} == {frozenset(range(400, 405))}


def test_nobody_has_neighbours_in_an_empty_catalogue_or_alone() -> None:
    nobody = nearest(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64), COUNT, LEAST)
    assert pairs_among(nobody) == []
    alone = nearest(np.ones((1, 1), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64), COUNT, LEAST)
    assert alone.tolist() == [[-1] * COUNT]


def test_values_are_numbered_as_they_come() -> None:
    values, numbers = numbered(["b", "a", "b"])
    assert values == ["b", "a"]
    assert numbers.tolist() == [0, 1, 0]


def leaders_first(tools: list[Tool], same: dict[int, set[int]]) -> list[list[str]]:
    """What is meant: whoever has most free neighbours leads, again and again."""
    free, found = set(same), []
    while free:
        leader = min(free, key=lambda index: (-len(same[index] & free), tools[index].name))
        cluster = {provider_family(tools[leader].provider): tools[leader].name}
        for index in sorted(same[leader] & free, key=lambda index: tools[index].name):
            cluster.setdefault(provider_family(tools[index].provider), tools[index].name)
        free -= {leader} | same[leader]
        if len(cluster) >= MIN_SAME_FUNCTION:
            found.append(list(cluster.values()))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_who_has_most_neighbours_left_leads_a_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tools = [tool(f"p{rng.integers(60)}x__{index:03d}") for index in range(200)]
    same: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in rng.integers(200, size=(400, 2)).tolist():
        if one != other:
            same[one].add(other)
            same[other].add(one)
    wanted = leaders_first(tools, same)
    assert [[one.name for one in cluster] for cluster in clusters_of(tools, same)] == wanted
    assert len(wanted) > 20
