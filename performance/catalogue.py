"""Time, memory and recall of grouping large catalogues.

python -m performance catalogue time 10000 100000 1000000
python -m performance catalogue recall 20000 50000 toolbench:PATH

A number generates a synthetic catalogue of that many tools. No language model is called: the generator knows
which tools have the same functionality.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.catalogue.quality import LanguageDetector, filter_tools
from builder.catalogue.raw_tools import RawTool
from builder.catalogue.sources import ReadySource, open_source
from builder.catalogue.understanding import understand
from builder.config import BuildConfig
from builder.embedding import SentenceEncoder
from builder.funnel import Funnel
from builder.grouping.functionalities import entries
from builder.grouping.group_tools import group_catalogue
from builder.grouping.neighbours import EXACT_UP_TO, nearest, numbered, pairs_among
from builder.grouping.recognition import Recogniser
from builder.llm.clusters import clusters_of
from builder.llm.payloads import slots_of
from builder.preparation import read_tools
from builder.progress import no_progress
from builder.records import Tool
from builder.words import provider_family

from .processes import measure as cost_of
from .results_table import Row
from .synthetic_catalogue import Made, Maker

_AIM: Final = "1,800 s, 8,192 MiB"
"""Target for a million operations: seconds, and peak memory."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tools as the model-based grouping sees them."""

    tools: Sequence[Tool]
    texts: NDArray[np.int64]
    """Number of each tool's functionality statement, of shape (tools,)."""
    families: NDArray[np.int64]
    """Number of each tool's provider family, of shape (tools,)."""
    vectors: NDArray[np.float32]
    """Embeddings of the functionality statements, of shape (statements, dimensions)."""
    jobs: Sequence[str] | None
    """Functionality of each tool; None if the true groups are unknown."""

    def neighbours(self, exact: bool) -> NDArray[np.int64]:
        """Return the nearest neighbours of each tool, from an exact search or from the index."""
        settings = BuildConfig().llm
        bound = len(self.tools) if exact else 0
        return nearest(self.vectors, self.texts, self.families, settings.neighbours, settings.similarity, bound)

    def judged(self, pairs: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
        """Return the tools with the same functionality among the given pairs, by the number of the tool."""
        same: defaultdict[int, set[int]] = defaultdict(set)
        for first, second in pairs:
            if self.same_job(first, second):
                same[first].add(second)
                same[second].add(first)
        return same

    def same_job(self, first: int, second: int) -> bool:
        """Return True if two tools have the same functionality, or if the true groups are unknown."""
        return self.jobs is None or self.jobs[first] == self.jobs[second]


def seen(tools: Sequence[Tool], does: Mapping[str, str], jobs: Mapping[str, str] | None) -> Catalogue:
    """Embed the functionality statements of all tools that have slots.

    Args:
        tools: The tools.
        does: Functionality statements by tool name.
        jobs: True functionalities by tool name, or None if unknown.
    """
    callable_ = [tool for tool in tools if slots_of(tool)]
    texts, text_of = numbered(does[tool.name] for tool in callable_)
    families = numbered(provider_family(tool.provider) for tool in callable_)[1]
    vectors = SentenceEncoder().encode(texts)
    return Catalogue(callable_, text_of, families, vectors, [jobs[tool.name] for tool in callable_] if jobs else None)


def read(what: str) -> Catalogue:
    """Generate a synthetic catalogue or read a real one.

    In a real catalogue, every candidate pair counts as having the same functionality.

    Args:
        what: Number of tools, or the name of a catalogue such as `toolbench:PATH`.
    """
    if what.isdigit():
        tools, does, jobs = kept(Maker(int(what)).make())
        return seen(tools, does, jobs)
    source = open_source(what)
    assert not isinstance(source, ReadySource), "the groups of the built-in marketplace are known"
    tools = read_tools(source, Funnel(), no_progress)
    return seen(tools, {tool.name: f"{tool.operation}. {tool.operation_description}" for tool in tools}, None)


def kept(made: Iterable[Made]) -> tuple[list[Tool], dict[str, str], dict[str, str]]:
    """Filter generated operations by quality.

    Returns:
        The kept tools, and by tool name their functionality statements and true functionalities.
    """
    tools, does, jobs = [], {}, {}
    last: list[Made] = []

    def raws() -> Iterator[RawTool]:
        for operation in made:
            last[:] = [operation]
            yield operation.raw

    for tool in filter_tools(raws(), LanguageDetector(), Funnel()):
        tools.append(tool)
        does[tool.name], jobs[tool.name] = last[0].does, last[0].job
    return tools, does, jobs


class Lap(NamedTuple):
    """Time of one step."""

    step: str
    seconds: float
    cpu_seconds: float


class Clock:
    """Stopwatch for consecutive steps."""

    def __init__(self) -> None:
        self.laps: list[Lap] = []
        self.skip()

    def skip(self) -> None:
        """Restart without recording the time since the last lap."""
        self._start = (time.perf_counter(), time.process_time())

    def lap(self, step: str) -> None:
        """Record the step that has just ended."""
        now = (time.perf_counter(), time.process_time())
        self.laps.append(Lap(step, now[0] - self._start[0], now[1] - self._start[1]))
        self._start = now


def timed(size: str) -> Row:
    """Measure the time of all grouping steps for a synthetic catalogue.

    Args:
        size: Number of operations.
    """
    for _ in Maker(int(size)).make():  # warm-up, not timed
        pass
    clock = Clock()
    tools, does, jobs = kept(Maker(int(size)).make())
    clock.lap("made up and filtered")
    tools = list(understand(tools))
    clock.lap("attributes")
    config, funnel = BuildConfig(), Funnel()
    groups = list(group_catalogue(tools, Recogniser(entries(), SentenceEncoder()), config.groups, funnel))
    clock.lap("groups by the library")
    catalogue = seen(tools, does, jobs)
    clock.lap("vectors")
    neighbours = catalogue.neighbours(len(tools) <= EXACT_UP_TO)
    pairs = pairs_among(neighbours)
    clock.lap("pairs to judge")
    recall = sampled(catalogue, neighbours)
    clock.skip()
    clusters = list(clusters_of(catalogue.tools, catalogue.judged(pairs)))
    clock.lap("groups of judged pairs")
    laps = clock.laps
    return Row(
        "catalogue: grouping",
        f"{int(size):,} operations",
        f"{sum(lap.seconds for lap in laps):,.0f} s, {sum(lap.cpu_seconds for lap in laps):,.0f} of CPU",
        None,
        f"{len(tools):,} tools, {len(groups):,} and {len(clusters):,} groups, {len(pairs):,} pairs to judge, "
        f"recall of them {recall:.4f}; " + ", ".join(f"{lap.step} {lap.seconds:,.0f} s" for lap in laps),
        _AIM if int(size) == 10**6 else "",
    )


def sampled(catalogue: Catalogue, found: NDArray[np.int64]) -> float:
    """Return the recall of the neighbour search, in [0, 1], on a random sample of 1,000 tools.

    Args:
        catalogue: The tools.
        found: Neighbours of each tool, as returned by the search.
    """
    settings = BuildConfig().llm
    hits = wanted = 0
    for tool in np.random.default_rng(0).choice(len(catalogue.tools), 1000, replace=False):
        cosines = (catalogue.vectors @ catalogue.vectors[catalogue.texts[tool]])[catalogue.texts]
        cosines[catalogue.families == catalogue.families[tool]] = -1.0
        near = np.flatnonzero(
            cosines >= max(settings.similarity, np.partition(cosines, -settings.neighbours)[-settings.neighbours])
        )
        best = near[np.argsort(-cosines[near], kind="stable")][: settings.neighbours]
        wanted += len(best)
        hits += len(np.intersect1d(best, found[tool]))
    return hits / wanted


def recalled(what: str) -> Row:
    """Measure the recall of the index on one catalogue, compared with an exact search.

    Args:
        what: Number of tools, or the name of a catalogue.
    """
    catalogue = read(what)
    seconds, pairs, groups = [], [], []
    for exact in (True, False):
        start = time.process_time()
        pairs.append(set(pairs_among(catalogue.neighbours(exact))))
        seconds.append(time.process_time() - start)
        clusters = clusters_of(catalogue.tools, catalogue.judged(sorted(pairs[-1])))
        groups.append({frozenset(tool.name for tool in group) for group in clusters})
    alike = len(groups[0] & groups[1]) / len(groups[0])
    judged = [{pair for pair in candidates if catalogue.same_job(*pair)} for candidates in pairs]
    return Row(
        f"catalogue: recall of the index, {what.partition(':')[0] if ':' in what else 'made up'}",
        f"{len(catalogue.tools):,} tools, {len(pairs[0]):,} pairs, {len(groups[0]):,} groups",
        f"{len(pairs[0] & pairs[1]) / len(pairs[0]):.4f} of the pairs, {alike:.4f} of the groups alike",
        None,
        f"of pairs of the same job {len(judged[0] & judged[1]) / len(judged[0]):.4f}; {seconds[1]:.0f} s of CPU, "
        f"exact {seconds[0]:.0f}",
    )


WHAT: Final[Mapping[str, Callable[[str], Row]]] = {"time": timed, "recall": recalled}
"""Measurements of one catalogue. `measure` adds the peak memory to their rows."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("what", choices=WHAT, help="time of all grouping steps, or recall of the index")
    parser.add_argument(
        "catalogues", nargs="+", metavar="TOOLS or CATALOG", help="size of a synthetic catalogue, or a real catalogue"
    )


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each catalogue in a new process, so that its memory is not mixed with that of the others."""
    for catalogue in given.catalogues:
        row, cost = cost_of(WHAT[given.what], catalogue)
        yield replace(row, peak_mib=cost.peak_mib)
