"""Checks of a pack: can every fact be read back from its listings, and are they new?

Each layout is rendered with facts of every axis: usual and extreme numbers, all levels, missing facts. A reader of the
listings, a model or a person, must be able to tell the values apart, since a preference can depend on any of them.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np

from builder.errors import ConfigError
from builder.randomness import generator_for
from builder.users.choice_rules import TIE, RuleSet, features, rules_on

from .axes import AXES, Axis, Value
from .facts import Facts, draw_value, fit
from .listings import SUFFIX, Layout
from .pack_copies import copies
from .pack_samples import NOUNS, NUMBER, TODAY, Texts, axis_values, bare, samples, typical, without
from .packs import LAYOUTS, PACK_SPLIT, Pack, PackReader
from .services import service_jobs
from .trade_offs import balanced_subsets

MAX_CHARACTERS: Final = 4000
"""Maximum length of a listing that states all axes."""
MAX_HEADINGS: Final = 4
"""Maximum number of lines that a listing has whatever it states."""
LEAST_TARGETS: Final = 0.7
"""Minimum share of the jobs that a query can ask for: each of some of its tools is the best for some users."""
_EXAMPLES: Final = max(len(axis.levels) for axis in AXES.values())
"""Number of listings of a layout that show every level."""
_CANDIDATES: Final = 4
"""Number of tools of a job from which that is computed."""
_SHOWN: Final = 5
"""Maximum number of problems of one kind that are listed for a layout."""
_WORD: Final = re.compile(r"\w[\w.,%-]*|(?<!\S)[-\u2013\u2014?/*]+(?!\S)")
_GLUE: Final = frozenset({"and", "or", "with", "plus", "also"})
"""Words that can join facts, and so depend on which others are stated."""
_LEFTOVER: Final = re.compile(r"\{%|%\}|\{\{|\{#|#\}|\bPlan\(usd=|<[^>\n]* at 0x|<built-in|Undefined")
"""Parts of a template, and Python objects, that do not belong in a text."""
_NO_VALUE: Final = re.compile(r"[\w\")\]][:=] *(?:[|;,]|$)")
"""A label without a value, if it is not the heading of the next line."""


def check_pack(folder: Path) -> list[str]:
    """Return the problems of a pack as sentences; none if the pack can be used.

    Args:
        folder: Folder of the pack.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    reader = PackReader(folder)
    pack = reader.read()
    if pack is None:
        return reader.problems
    failing = {layout.name: layout_problems(layout) for layout in pack.layouts}
    copied = copies([layout for layout in pack.layouts if not failing[layout.name]])
    return [
        *(problem for problems in failing.values() for problem in problems),
        *(f"{_file(name)}: {problem}." for name, problem in copied),
        *_group_problems(pack),
    ]


def pack_summary(pack: Pack) -> str:
    """Return what a pack that passes contains, in two lines."""
    providers = f"{len(pack.providers)} providers" if pack.providers else "the repository's providers"
    ranges = f"ranges of {', '.join(sorted(pack.ranges))}" if pack.ranges else "the usual ranges"
    jobs = len(service_jobs(PACK_SPLIT, pack))
    return (
        f"{len(pack.layouts)} layouts, {providers}, {ranges}; sha256 {pack.sha256}\n"
        f"Queries can ask for {len(_targets(pack))} of {jobs} jobs: those with {_CANDIDATES} tools of which each is "
        f"the best for some users. At least {_least_targets(jobs)} are needed. The number differs from pack to pack, "
        "since the facts are drawn anew for each; more than needed is no better."
    )


def example_listings(pack: Pack) -> Mapping[str, Sequence[str]]:
    """Return listings that state all axes, by the name of the layout.

    Those of a layout have, together, every level of each axis. The second has a price, and a retention, of nothing if
    tools of the pack can have it.
    """
    return {layout.name: _examples(layout, pack) for layout in pack.layouts}


def _examples(layout: Layout, pack: Pack) -> Sequence[str]:
    return [layout.render(facts, TODAY, NOUNS[0]) for facts in example_facts(layout.name, pack.ranges)]


def example_facts(name: str, ranges: Mapping[str, tuple[float, float]]) -> Sequence[Facts]:
    """Return the facts of the example listings of a layout, which are described at `example_listings`.

    Args:
        name: Name of the layout.
        ranges: Lowest and highest number, by axis, of the pack.
    """
    rng = generator_for((0,), "example", name)
    drawn = [{axis.name: draw_value(axis, rng) for axis in AXES.values()} for _ in range(_EXAMPLES)]
    examples: list[Facts] = []
    for place, facts in enumerate(drawn):
        numbers = {axis: fit(AXES[axis], float(facts[axis]), *bounds) for axis, bounds in ranges.items()}
        zero = {axis: 0.0 for axis in ("price", "retention") if place == 1 and axis not in {*ranges} - {"price"}}
        levels = {
            axis.name: axis.levels[(axis.levels.index(str(drawn[0][axis.name])) + place) % len(axis.levels)]
            for axis in AXES.values()
            if axis.levels
        }
        examples.append({**facts, **numbers, **zero, **levels})
    return examples


def layout_problems(layout: Layout) -> list[str]:
    """Return the problems of a layout as sentences that begin with its file."""
    texts = Texts(layout)
    failures = list(dict.fromkeys(_failures(texts)))
    found = failures or [*_unreadable(texts), *_lookalikes(texts), *_traces(texts), *_malformed(texts)]
    return [f"{_file(layout.name)}{'' if item.startswith(', line') else ': '}{item}." for item in found]


def _file(name: str) -> str:
    return f"{LAYOUTS}/{name}{SUFFIX}"


def _failures(texts: Texts) -> Iterator[str]:
    """Yield how a layout fails, or gives what is not a listing, with an example each."""
    seen: Counter[str] = Counter()
    again = Layout(texts.layout.name, texts.layout.source)
    for words, facts in samples():
        problem, example = "", ""
        try:
            text = texts.of(facts)
        except ConfigError as error:
            cause = error.__cause__
            line = _template_line(cause)
            problem = f"{f', line {line}: ' if line else ''}cannot be rendered {words}: {cause}"
            example = f"{line}{type(cause)}"
        else:
            if match := _LEFTOVER.search(text):
                problem, example = f"{match.group()!r} {words}, which is not text of a listing", "leftover"
            elif len(text) > MAX_CHARACTERS:
                problem, example = f"{len(text):,} characters {words}; at most {MAX_CHARACTERS:,}", "length"
            elif text != again.render(facts, TODAY, NOUNS[0]):
                problem, example = f"another text {words} each time it is rendered", "random"
        if problem:
            seen[example] += 1
            if seen[example] == 1 and len(seen) <= _SHOWN:
                yield problem


def _template_line(error: BaseException | None) -> int | None:
    """Return the line of the template at which an error was raised."""
    line, traceback = None, error.__traceback__ if error is not None else None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _unreadable(texts: Texts) -> Iterator[str]:
    """Yield the axes whose values cannot be told apart."""
    for name, axis in AXES.items():
        if not texts.alone(name, typical()[name]):
            yield f"{name} is not stated"
            continue
        for render, words in ((texts.alone, ""), (texts.among_others, " beside other facts")):
            pair = _indistinct(axis, [(value, render(name, value)) for value in axis_values(name)])
            if pair is not None:
                first, second = (f"{value:g}" if isinstance(value, float) else repr(value) for value in pair)
                unit = f" {axis.unit}" if axis.unit else ""
                yield f"{name} {first} and {second}{unit} give the same text{words}"
                break
    coverage = {"coverage": typical()["coverage"]}
    if len({texts.of(coverage, noun) for noun in NOUNS}) == 1:
        yield "coverage does not say what it counts; state facts.coverage.noun"


def _indistinct(axis: Axis, stated: Sequence[tuple[Value, str]]) -> tuple[Value, Value] | None:
    """Return two values with the same text that are no tie, or None."""
    first_with: dict[str, Value] = {}
    for value, text in stated:
        first = first_with.setdefault(text, value)
        if first != value and (not axis.is_number or _distance(axis, float(first), float(value)) > TIE):
            return first, value
    return None


def _distance(axis: Axis, first: float, second: float) -> float:
    """Return the distance of two numbers as a share of the usual range of the axis, on its scale."""
    span = axis.position(axis.quantiles[-1]) - axis.position(axis.quantiles[0])
    return abs(axis.position(first) - axis.position(second)) / span


def _lookalikes(texts: Texts) -> Iterator[str]:
    """Yield pairs of axes that a reader cannot tell apart, such as two numbers without label and unit."""
    forms = {name: {NUMBER.sub("#", texts.alone(name, value)) for value in axis_values(name)} for name in AXES}
    for first, second in combinations(AXES, 2):
        if shared := sorted((forms[first] & forms[second]) - {""}):
            yield f"{first} and {second} look alike: {shared[0]!r}; state each with a label or a unit of its own"


def _traces(texts: Texts) -> Iterator[str]:
    """Yield what a listing says of a fact that is not stated."""
    full = texts.of(typical())
    alone = {name: texts.alone(name, value) for name, value in typical().items()}
    for name in AXES:
        less = texts.of(without(typical(), name))
        extra = _words(less) - _words(full)
        if less == full and alone[name]:
            yield f"{name} is stated only where other facts are missing"
        elif extra:
            yield f"without {name}, the listing says {' '.join(sorted(extra))!r}; a missing fact leaves no trace"
    counts = Counter(line for text in alone.values() for line in {bare(line) for line in text.splitlines()} - {""})
    always = [line for line, count in counts.items() if count > 1]
    for line in [line for line in always if line not in {bare(line) for line in full.splitlines()}][:_SHOWN]:
        yield f"the line {line!r} stands where facts are missing; a missing fact leaves no trace"
    if len(always) > MAX_HEADINGS:
        yield (
            f"{len(always)} lines do not depend on the facts, such as {always[0]!r} and {always[1]!r}; at most "
            f"{MAX_HEADINGS}, and none for a missing fact"
        )
    for text in (full, *alone.values()):
        if label := _empty_label(text.splitlines()):
            yield f"the label {label!r} has no value; a missing fact leaves no trace"
            return


def _words(text: str) -> Counter[str]:
    words = (word.lower().rstrip(".,-") or word for word in _WORD.findall(text))
    return Counter(word for word in words if word not in _GLUE)


def _empty_label(lines: Sequence[str]) -> str | None:
    """Return a line with a label that neither has a value nor is the heading of the next line, or None."""
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        match = _NO_VALUE.search(line)
        if match is None:
            continue
        is_deeper = len(following) - len(following.lstrip()) > len(line) - len(line.lstrip())
        if match.end() < len(line) or not following or (following.endswith((":", "=")) and not is_deeper):
            return line.strip()
    return None


def _malformed(texts: Texts) -> Iterator[str]:
    """Yield where a layout that is JSON with all facts is not JSON with others."""
    if _is_json(texts.of(typical())):
        for words, facts in samples():
            if not _is_json(texts.of(facts)):
                yield f"JSON with all axes, but not {words}"
                return


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@cache
def _targets(pack: Pack) -> Sequence[str]:
    """Return the jobs that a query can ask for."""
    jobs = service_jobs(PACK_SPLIT, pack)
    rules = RuleSet(rules_on([frozenset(job.axes) for job in jobs]))
    found = []
    for job in jobs:
        tools = np.array([features(service.facts) for service in job.services])
        if balanced_subsets(tools, job.axes, (_CANDIDATES,), rules):
            found.append(job.functionality.name)
    return tuple(found)


def _group_problems(pack: Pack) -> Iterator[str]:
    """Yield why the tools of the pack do not make a test split."""
    try:
        found, jobs = len(_targets(pack)), len(service_jobs(PACK_SPLIT, pack))
    except ConfigError as error:
        yield str(error)
        return
    if found < _least_targets(jobs):
        yield (
            f"pack.toml: only in {found} of {jobs} jobs each of {_CANDIDATES} tools is the best for some users; at "
            f"least {_least_targets(jobs)} ({LEAST_TARGETS:.0%}) needed. Widen the ranges."
        )


def _least_targets(jobs: int) -> int:
    """Return how many of a number of jobs must have tools that a query can ask for."""
    return math.ceil(LEAST_TARGETS * jobs - 1e-9)
