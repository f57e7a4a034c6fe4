"""Reference page of catalogues of one's own: facts, reasons, jobs with their inputs, and the settings of a build."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from builder.catalogue.documented_facts import documented_facts, matters
from builder.catalogue.facts_file import fact_axes
from builder.catalogue.facts_table import shown_number
from builder.catalogue.known_facts import MEASURES
from builder.config import BuildConfig
from builder.config_section import Section
from builder.grouping.functionalities import concepts, entries
from builder.grouping.ungrouped import REASONS

from .reference_text import NOTE, cell, stated_attributes

_EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "price": ("$0.004 per check", "2 cents per lookup", "$3 per 1,000 calls", "$29 a month for 10,000 requests"),
    "rate_limit": ("rate limit: 60/min", "5 req/s", "1,000 calls a day free", "no limits"),
    "latency": ("answers within 50 ms", "P95 of 300 ms", "responds in about 2 seconds"),
    "uptime": ("99.9 % SLA", "99.95% uptime"),
    "retention": ("not stored", "deleted after 24 hours", "30-day retention"),
    "interval": ("updated every 5 minutes", "refreshed hourly", "updated twice a day"),
    "delay": ("delayed by 15 minutes", "15 min delay", "data is 15 minutes old"),
    "archive": ("data since 1995", "20 years of history"),
    "pricing": ("free, no sign-up", "first 100 requests free", "€0.01 per call"),
    "access": ("no key", "requires an API key", "sign-up required", "credit card required"),
    "region": ("data stays in the EU", "hosted in Frankfurt", "processed in the US"),
    "source": ("from official records", "crowdsourced"),
    "reuse": ("commercial use allowed", "attribution required", "personal use only"),
    "lifecycle": ("stable API", "in beta"),
    "freshness": ("live prices", "real-time data"),
    "history": ("historical data",),
    "reach": ("worldwide coverage",),
    "form": ("returns JSON", "output as CSV"),
    "detail": ("compact reply", "full reply"),
}
"""Phrases that state a fact on each axis."""


def own_tools() -> str:
    """Return the page."""
    lines = ["# Tools of your own", "", NOTE, ""]
    lines += ["[The guide](../guides/own-tools.md) shows how to use this page.", ""]
    parts = (_facts(), _reasons(), _jobs(), _concepts(), _settings())
    return "\n".join([*lines, *(line for part in parts for line in part)]).rstrip("\n") + "\n"


def _facts() -> Iterator[str]:
    yield "## Facts"
    yield ""
    yield "What a facts file can state, and phrases of a description from which it is read, with the value."
    yield ""
    yield "| fact | unit or levels | better | read from |"
    yield "|---|---|---|---|"
    for axis, unit in fact_axes().items():
        read = ", ".join(f"`{text}` ({_value(axis, text)})" for text in _EXAMPLES.get(axis, ()))
        yield f"| `{axis}` | {unit} | {_better(axis)} | {cell(read) or 'a facts file or ToolBench only'} |"
    yield ""


def _better(axis: str) -> str:
    if axis in MEASURES:
        return {"less": "less", "more": "more", "matter": "people differ"}[MEASURES[axis].better]
    return "people differ" if axis in matters() else "the first one"


def _value(axis: str, text: str) -> str:
    """Return the value that is read from a phrase."""
    value = documented_facts(text)[axis].value
    return value if isinstance(value, str) else shown_number(value)


def _reasons() -> Iterator[str]:
    yield "## Reasons for tools in no group"
    yield ""
    yield "| reason | meaning | next step |"
    yield "|---|---|---|"
    yield from (f"| `{name}` | {cell(reason.meaning)} | {cell(reason.help)} |" for name, reason in REASONS.items())
    yield ""


def _jobs() -> Iterator[str]:
    yield "## Jobs of the library"
    yield ""
    yield f"The {len(entries())} jobs that are recognised without a model, by category. An input is the name of a slot,"
    yield "with its [concept](#concepts)."
    by_category: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries():
        job = entry.functionality
        slots = ", ".join(f"`{slot.name}` ({slot.concept})" for slot in job.slots)
        by_category[job.category].append(f"| {job.name} | {slots} | {cell(job.summary)} |")
    for category, rows in sorted(by_category.items()):
        yield from ("", f"### {category.replace('_', ' ')}", "", "| job | inputs | meaning |", "|---|---|---|", *rows)
    yield ""


def _concepts() -> Iterator[str]:
    yield "## Concepts"
    yield ""
    yield "A parameter takes an input if its name, without case and punctuation, is one of these. A parameter with a"
    yield "name that says nothing, such as `q` or `value`, takes it if its description has one of the words."
    yield ""
    yield "| concept | type | names of parameters | words of descriptions |"
    yield "|---|---|---|---|"
    for name, concept in sorted(concepts().items()):
        names = ", ".join(sorted(concept.names - concept.odd))
        yield f"| `{name}` | {concept.type} | {names} | {cell(', '.join(concept.words))} |"
    yield ""


def _settings() -> Iterator[str]:
    yield "## Settings"
    yield ""
    yield "Of the file of `--config-file`. A setting that is not in the file has its default. The sections `choices`,"
    yield "`arguments` and `listings` are for the built-in catalogue, and `llm` is for builds with a language model."
    yield from _section(BuildConfig, "")


def _section(section: type[Section], path: str) -> Iterator[str]:
    """Yield the table of a section, then those of the sections in it."""
    about = {name: meaning for name, _, meaning in stated_attributes(section)}
    fields = section.model_fields
    inner = {name: _inner(field) for name, field in fields.items()}
    yield from (
        "",
        f"### {f'[{path}]' if path else 'Top level'}",
        "",
        " ".join((inspect.getdoc(section) or "").split()),
        "",
    )
    yield from ("| setting | default | allowed | meaning |", "|---|---|---|---|")
    for name, field in fields.items():
        if inner[name] is None:
            default = _toml(field.default)
            yield f"| `{name}` | `{default}` | {cell(_allowed(field))} | {cell(about[name])} |"
    for name, of_name in inner.items():
        if of_name is not None:
            yield from _section(of_name, f"{path}.{name}" if path else name)


def _inner(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _toml(value: object) -> str:
    """Return a default as TOML writes it; an empty text for none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return f"{value:_}"
    return f"{value:.4g}" if isinstance(value, float) else f'"{value or ""}"'


def _allowed(field: FieldInfo) -> str:
    """Return the type of a setting with its range or values."""
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    names = {int: "integer", float: "number", bool: "`true` or `false`", str: "text"}
    name = names.get(kind, "list of integers" if get_origin(kind) is tuple else "text")
    bounds = [bound for item in field.metadata for bound in _bounds(item)]
    return ", ".join([name, *bounds])


def _bounds(item: object) -> Iterator[str]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for name, word in words.items():
        bound = getattr(item, name, None)
        if bound is not None:
            yield f"{word} {bound:g}" if isinstance(bound, float) else f"{word} {bound:,}"
