"""Clusters of tools that a language model judges to do the same job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from builder.config import MIN_SAME_FUNCTION
from builder.embedding import Encoder
from builder.grouping.neighbours import nearest, numbered, pairs_among
from builder.llm_config import LlmConfig
from builder.records import Tool
from builder.words import provider_family

Verdicts = Mapping[int, set[int]]
"""Tools with which each tool was compared with a certain result. Indices into the tools; symmetric."""


def pairs_of(
    tools: Sequence[Tool], does: Mapping[str, str], encoder: Encoder, settings: LlmConfig
) -> list[tuple[int, int]]:
    """Find pairs of tools of different providers that may do the same job.

    Args:
        tools: The tools.
        does: Functionality of each tool, by tool name.
        encoder: Embeds the functionalities.
        settings: Number of neighbours to compare each tool with, and their minimum cosine similarity.

    Returns:
        Pairs of indices into `tools`, sorted, each pair once with the smaller index first.
    """
    texts, text_of = numbered(does[tool.name] for tool in tools)
    families = numbered(provider_family(tool.provider) for tool in tools)[1]
    vectors = encoder.encode(texts)
    return pairs_among(nearest(vectors, text_of, families, settings.neighbours, settings.similarity))


def clusters_of(tools: Sequence[Tool], same: Verdicts, different: Verdicts | None = None) -> Iterator[list[Tool]]:
    """Cluster tools that do the same job, greedily: the tool with the most unclustered partners comes first.

    A tool stays in a cluster only if it was judged to do the job of more of the others than it was judged not to.

    Args:
        tools: The tools.
        same: The tools that do the same job.
        different: The tools that were judged to do another job.

    Yields:
        A tool, followed by its unclustered partners sorted by name. A cluster keeps one tool of each provider.
        Clusters with fewer than `MIN_SAME_FUNCTION` tools are discarded.
    """
    free = set(same)
    degrees = Counter({index: len(same[index] & free) for index in same})
    heap = [(-degree, tools[index].name, index) for index, degree in degrees.items()]
    heapify(heap)
    while heap:
        degree, name, leader = heappop(heap)
        if leader not in free:
            continue
        if -degree > degrees[leader]:  # outdated: earlier clusters have taken some of its partners
            heappush(heap, (-degrees[leader], name, leader))
            continue
        taken = _agreeing({leader, *(same[leader] & free)}, tools, same, different or {})
        cluster = _one_per_provider(tools[leader], [tools[index] for index in taken - {leader}])
        if len(cluster) < MIN_SAME_FUNCTION:
            taken = {leader}
        else:
            yield cluster
        free -= taken
        for index in taken:
            degrees.subtract(same[index])


def _agreeing(cluster: set[int], tools: Sequence[Tool], same: Verdicts, different: Verdicts) -> set[int]:
    """Return a cluster without the tools whose verdicts mostly speak against the others, the worst removed first."""
    kept = set(cluster)
    while True:
        leads = {index: len(same[index] & kept) - len(different.get(index, set()) & kept) for index in kept}
        worst = min(kept, key=lambda index: (leads[index], tools[index].name))
        if leads[worst] > 0 or len(kept) == 1:
            return kept
        kept.remove(worst)


def _one_per_provider(leader: Tool, partners: Sequence[Tool]) -> list[Tool]:
    """Return the leader, then its partners sorted by name, but only the first tool of each provider."""
    cluster: dict[str, Tool] = {}
    for tool in [leader, *sorted(partners, key=lambda tool: tool.name)]:
        cluster.setdefault(provider_family(tool.provider), tool)
    return list(cluster.values())


def why_unclustered(index: int, tools: Sequence[Tool], same: Verdicts, clusters: Sequence[Sequence[Tool]]) -> str:
    """Return the reason why a tool is in no cluster, as the funnel counts it.

    Args:
        index: Index of the tool in `tools`.
        tools: The tools that were compared.
        same: The tools that do the same job.
        clusters: The clusters that were made.
    """
    partners = {tools[partner].name for partner in same.get(index, ())}
    near = [cluster for cluster in clusters if partners & {tool.name for tool in cluster}]
    family = provider_family(tools[index].provider)
    if any(provider_family(tool.provider) == family for cluster in near for tool in cluster):
        return "same_provider_in_group"
    if near:
        return "judged_different_from_most_of_the_group"
    return "fewer_than_3_tools_for_the_same_job" if partners else "no_tools_for_the_same_job"
