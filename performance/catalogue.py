"""Time, memory and recall of grouping large catalogues.

python -m benchmarks catalogue time 10000 100000 1000000
python -m benchmarks catalogue recall 20000 50000 toolbench:PATH

The catalogue is made up from the words of the library of functionalities: `KNOWN` of its tools do a job of the library,
which documentation states in the library's ways, the others one of as many jobs as give `PROVIDERS` a job. A language
model is played by the truth: it states each job in one of several ways and knows which tools do the same.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.catalogue.quality import LanguageJudge, keep_good_tools
from builder.catalogue.raw_tools import RawParameter, RawTool
from builder.catalogue.sources import BuiltinSource, open_source
from builder.catalogue.understanding import understand
from builder.config import BuildConfig
from builder.embedding import SentenceEncoder
from builder.funnel import Funnel
from builder.grouping.functionalities import Entry, concepts, entries
from builder.grouping.group_tools import group_catalogue
from builder.grouping.neighbours import EXACT_UP_TO, nearest, numbered, pairs_among
from builder.grouping.recognition import Recogniser
from builder.llm.analysis import clusters_of, slots_of
from builder.pipeline import read_tools
from builder.records import ServiceFacts, Tool
from builder.words import provider_family, words

from .processes import measure as cost_of
from .results_table import Row

KNOWN: Final = 0.18
"""Share of tools that do a job of the library; of the RapidAPI operations so many have its signals."""
PROVIDERS: Final = 4
"""Mean number of tools of a job that the library does not know."""
OPERATIONS: Final = 4
"""Mean number of tools of a provider; of RapidAPI's it is 3.2."""
_AIM: Final = "1,800 s, 8,192 MiB"
_VERBS: Final = (
    ("get", "Returns"),
    ("list", "Lists"),
    ("search", "Searches for"),
    ("check", "Checks"),
    ("compare", "Compares"),
    ("estimate", "Estimates"),
    ("convert", "Converts"),
    ("count", "Counts"),
    ("export", "Exports"),
    ("validate", "Validates"),
)
_STATED: Final = (
    "{says} {what} by {by}",
    "{verb} {what} for a given {by}",
    "{says} the {what} of a {by}",
    "{what}: {verb} by {by}",
)
_ENDS: Final = (
    "",
    "Results come as a list",
    "The reply is paged",
    "Data is refreshed every day",
    "Takes one value at a time",
    "Fields that are not known are left out",
    "Responds within a second",
    "Sorted by relevance",
)
_SHADES: Final = (
    "",
    "detailed",
    "all available",
    "a list of",
    "up to date",
    "one page of",
    "structured",
    "matching",
    "public",
    "basic",
)
"""What a language model adds to a statement."""
_SYLLABLES: Final = [a + b for a in "bcdfghjklmnprstvz" for b in ("a", "e", "i", "o", "u", "en", "or", "al")]


class Made(NamedTuple):
    """A synthetic operation."""

    raw: RawTool
    job: str
    """What it does; the same for all tools that do it."""
    does: str
    """How a language model would say it."""


class Maker:
    """Makes a catalogue of so many tools, the same each time.

    Args:
        size: Its tools.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rng = np.random.default_rng([size, 2026])
        self._library = entries()
        self._concepts = [concept for concept in concepts().values() if concept.type == "string"]
        said = Counter(word for entry in self._library for word in words(_everything(entry)))
        # The words in between: neither articles nor words that occur once.
        self._words = sorted(word for word, number in said.items() if 2 <= number <= 60 and len(word) > 3)
        self._jobs = max(1, round(size * (1 - KNOWN) / PROVIDERS))

    def make(self) -> Iterator[Made]:
        """Make it."""
        rng, size = self._rng, self._size
        # Some providers have hundreds of operations, most one or two; so with the tools that do a job.
        providers = (size / OPERATIONS * rng.random(size) ** 1.5).astype(int)
        jobs = (self._jobs * rng.random(size) ** 1.5).astype(int)
        known = rng.random(size) < KNOWN
        for number in range(size):
            name = self._provider(int(providers[number]))
            if known[number]:
                yield self._of_library(name, self._library[int(rng.integers(len(self._library)))])
            else:
                yield self._of_job(name, int(jobs[number]))

    def _provider(self, number: int) -> str:
        parts: list[str] = []
        while number or not parts:
            number, part = divmod(number, len(_SYLLABLES))
            parts.append(_SYLLABLES[part])
        return "".join(["vel", *parts]).capitalize()

    def _of_library(self, provider: str, entry: Entry) -> Made:
        functionality = entry.functionality
        stated = (functionality.summary, *functionality.phrases)
        about = self._one(stated)
        verb, _, rest = self._one(stated).partition(" ")
        does = f"{verb} {self._one(_SHADES)} {rest}"
        slots = [
            RawParameter(
                self._one(sorted(concepts()[slot.concept].names)),
                "STRING" if concepts()[slot.concept].type == "string" else "NUMBER",
                slot.about,
                None,
                True,
            )
            for slot in functionality.slots
        ]
        raw = self._raw(provider, functionality.category, functionality.name, about, slots)
        return Made(raw, functionality.name, does)

    def _of_job(self, provider: str, job: int) -> Made:
        own = np.random.default_rng([job, 7])
        verb, says = _VERBS[int(own.integers(len(_VERBS)))]
        what = " ".join(self._words[int(index)] for index in own.integers(len(self._words), size=2 + job % 2))
        concept = self._concepts[int(own.integers(len(self._concepts)))]
        by = concept.label
        category = self._library[int(own.integers(len(self._library)))].functionality.category
        about = self._one(_STATED).format(verb=verb, says=says, what=what, by=by)
        does = self._one(_STATED).format(verb=verb, says=says, what=f"{self._one(_SHADES)} {what}", by=by)
        slot = RawParameter(self._one(sorted(concept.names)), "STRING", f"The {by}", None, True)
        return Made(self._raw(provider, category, f"{verb} {what}", about, [slot]), f"job {job}", does)

    def _raw(self, provider: str, category: str, operation: str, about: str, slots: Sequence[RawParameter]) -> RawTool:
        rng = self._rng
        more = [RawParameter(name, "STRING", "", None, False) for name in ("format", "lang", "page")[: rng.integers(4)]]
        facts = ServiceFacts(float(rng.lognormal(6.5, 1.2)), float(rng.integers(30, 101)), 100.0, float(rng.random()))
        product = f"{provider} offers {category.replace('_', ' ').lower()} data to developers"
        return RawTool(category, provider, product, operation, self._ended(about, provider), (*slots, *more), facts)

    def _ended(self, text: str, provider: str) -> str:
        """A statement with what others do not say; four of five are unlike all others."""
        ended = f"{text.rstrip('.')}. {self._one(_ENDS)}".strip()
        return f"{ended} ({provider})" if self._rng.random() < 0.5 else ended

    def _one(self, options: Sequence[str]) -> str:
        return options[int(self._rng.integers(len(options)))]


def _everything(entry: Entry) -> str:
    return " ".join([entry.functionality.summary, *entry.functionality.phrases])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tools as the way with a language model sees them."""

    tools: Sequence[Tool]
    texts: NDArray[np.int64]
    families: NDArray[np.int64]
    vectors: NDArray[np.float32]
    jobs: Sequence[str] | None
    """What each does; None where the truth is not known."""

    def neighbours(self, exact: bool) -> NDArray[np.int64]:
        """The nearest tools of each, compared with all others or by the index."""
        settings = BuildConfig().llm
        bound = len(self.tools) if exact else 0
        return nearest(self.vectors, self.texts, self.families, settings.neighbours, settings.similarity, bound)

    def judged(self, pairs: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
        """By number, the tools that do the same job."""
        same: defaultdict[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            if self.jobs is None or self.jobs[one] == self.jobs[other]:
                same[one].add(other)
                same[other].add(one)
        return same


def seen(tools: Sequence[Tool], does: Mapping[str, str], jobs: Mapping[str, str] | None) -> Catalogue:
    """Tools that can be called, with the vectors of what they do."""
    callable_ = [tool for tool in tools if slots_of(tool)]
    texts, text_of = numbered(does[tool.name] for tool in callable_)
    families = numbered(provider_family(tool.provider) for tool in callable_)[1]
    vectors = SentenceEncoder().encode(texts)
    return Catalogue(callable_, text_of, families, vectors, [jobs[tool.name] for tool in callable_] if jobs else None)


def read(what: str) -> Catalogue:
    """A synthetic catalogue, or a real one, in which what looks alike is taken to be alike."""
    if what.isdigit():
        tools, does, jobs = kept(Maker(int(what)).make())
        return seen(tools, does, jobs)
    source = open_source(what)
    assert not isinstance(source, BuiltinSource), "the marketplace knows its groups"
    tools = read_tools(source, Funnel(), lambda *_: None)
    return seen(tools, {tool.name: f"{tool.operation}. {tool.operation_description}" for tool in tools}, None)


def kept(made: Iterable[Made]) -> tuple[list[Tool], dict[str, str], dict[str, str]]:
    """The good tools among those that were made; what each does, and its job, by name."""
    tools, does, jobs = [], {}, {}
    last: list[Made] = []

    def raws() -> Iterator[RawTool]:
        for one in made:
            last[:] = [one]
            yield one.raw

    for tool in keep_good_tools(raws(), LanguageJudge(), Funnel()):
        tools.append(tool)
        does[tool.name], jobs[tool.name] = last[0].does, last[0].job
    return tools, does, jobs


class Lap(NamedTuple):
    """What a step took."""

    step: str
    seconds: float
    cpu_seconds: float


class Clock:
    """Seconds and CPU seconds of each step."""

    def __init__(self) -> None:
        self.laps: list[Lap] = []
        self.skip()

    def skip(self) -> None:
        """Do not count what happened since the last lap."""
        self._start = (time.perf_counter(), time.process_time())

    def lap(self, step: str) -> None:
        """End a step."""
        now = (time.perf_counter(), time.process_time())
        self.laps.append(Lap(step, now[0] - self._start[0], now[1] - self._start[1]))
        self._start = now


def timed(size: str) -> Row:
    """Time of all steps, for one size."""
    clock = Clock()
    for _ in Maker(int(size)).make():
        pass
    clock.lap("making the operations up, once more")
    tools, does, jobs = kept(Maker(int(size)).make())
    clock.lap("made up and filtered")
    tools = list(understand(tools))
    clock.lap("attributes")
    config, funnel = BuildConfig(), Funnel()
    groups = list(group_catalogue(tools, Recogniser(entries(), SentenceEncoder()), config.groups, funnel))
    clock.lap("groups by the library")
    catalogue = seen(tools, does, jobs)
    clock.lap("vectors")
    found = catalogue.neighbours(len(tools) <= EXACT_UP_TO)
    pairs = pairs_among(found)
    clock.lap("pairs to judge")
    recall = sampled(catalogue, found)
    clock.skip()
    clusters = list(clusters_of(catalogue.tools, catalogue.judged(pairs)))
    clock.lap("groups of judged pairs")
    laps = clock.laps[1:]
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
    """Share of the neighbours of 1,000 tools that were found."""
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
    """Recall of the index, beside comparing each with each, for one catalogue."""
    catalogue = read(what)
    spent, pairs, groups = [], [], []
    for exact in (True, False):
        start = time.process_time()
        pairs.append(set(pairs_among(catalogue.neighbours(exact))))
        spent.append(time.process_time() - start)
        found = clusters_of(catalogue.tools, catalogue.judged(sorted(pairs[-1])))
        groups.append({frozenset(tool.name for tool in group) for group in found})
    alike = len(groups[0] & groups[1]) / len(groups[0])
    judged = [{pair for pair in own if _same(catalogue, pair)} for own in pairs]
    return Row(
        f"catalogue: recall of the index, {what.partition(':')[0] if ':' in what else 'made up'}",
        f"{len(catalogue.tools):,} tools, {len(pairs[0]):,} pairs, {len(groups[0]):,} groups",
        f"{len(pairs[0] & pairs[1]) / len(pairs[0]):.4f} of the pairs, {alike:.4f} of the groups alike",
        None,
        f"of pairs of the same job {len(judged[0] & judged[1]) / len(judged[0]):.4f}; {spent[1]:.0f} s of CPU, "
        f"exact {spent[0]:.0f}",
    )


def _same(catalogue: Catalogue, pair: tuple[int, int]) -> bool:
    return catalogue.jobs is None or catalogue.jobs[pair[0]] == catalogue.jobs[pair[1]]


WHAT: Final[Mapping[str, Callable[[str], Row]]] = {"time": timed, "recall": recalled}
"""Each measures one catalogue, in a process of its own; of the memory nothing is said there."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("catalogues", nargs="+", metavar="TOOLS or CATALOG")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Each catalogue, in a process of its own, so that its memory is its own."""
    for catalogue in given.catalogues:
        row, cost = cost_of(WHAT[given.what], catalogue)
        yield replace(row, peak_mib=cost.peak_mib)
