"""Passages of the card that are generated from a build, by the name of their region in the template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from .card_facts import Build, example_split
from .card_identity import citation, intro, licence, providers, splits, usage
from .columns import columns
from .evidence_curve import EVIDENCE_PLOT, read_curve
from .layout import AUDIT_FOLDER, AUDIT_PAGE, AUDIT_PLOTS, CANARY, SPLITS
from .manifest import AuditSummary, Manifest
from .markdown_tables import markdown_table
from .reference_results import read_results
from .schema import HISTORY_TYPES, ROWS

REVISIONS: Final = "REVISIONS.md"
LONGEST_TEXT: Final = 100
"""Maximum number of characters of a text in an example."""
LONGEST_LIST: Final = 3
"""Maximum number of items of a list in an example."""
_NOT_REPRODUCIBLE: Final = "Drawn with a secret: its answers cannot be reproduced without it."
_REPRODUCIBLE: Final = "Drawn without a secret: its answers can be reproduced from the catalogue and the config."
_NOT_AUDITED: Final = (
    "**Not audited.** This build was made with `--no-audit`, so it has not been checked that its rows can only be "
    "answered from their histories."
)

_MAKING: Final = """\
1. **Catalogue.** Tools are read and cleaned, and their functionality and labelled facts are determined. Tools that
   do the same job form a functionality group. Their parameters are aligned, so that each tool of a group can serve
   every instruction of the group.
2. **Preferences.** Each user gets what speaks for a randomly drawn tool as their profile: the better end of a fact,
   or any side where people differ. In every other group, the tool most similar to the profile is the preferred one.
   Within a group, every tool is the answer for an equal share of users.
3. **Histories.** A history consists of instructions of other groups, with the calls that this user would make;
   `rating_integrated` adds disliked calls, and `chronological` adds calls from before the preference changed. No
   history contains a tool that does the job of the new instruction, or a provider of a candidate. A history is kept
   only if its reader can infer the answer."""
"""How a data set is made from a real catalogue."""
_MAKING_BUILTIN: Final = """\
1. **Catalogue.** Providers and tools are fictional. Each tool has facts (price, latency, region, ...) within the
   ranges of real services, stated in a listing; a provider keeps its layout. The tools for a job are trade-offs:
   each leads on something, and none is worse than another on everything. Train, validation and test have different
   providers, layouts and units.
2. **Preferences.** A user has one or more concerns, each with a preference of its own: one priority, several
   together, a requirement and what is best within it, or a trade-off. The users of a query group draw what they
   want independently.
3. **Histories.** A history consists of requests about the user's concerns, the tools that were offered for each,
   and the one that the user called. `rating_integrated` adds disliked calls, and `chronological` adds calls from
   before the preference changed. Except in `preferred_only`, a few steps do not follow the preference. A history is
   kept only if readers that work differently infer the same answer, and if its steps contradict the rival
   preferences that would pick another tool."""
"""How a data set is made from the built-in catalogue."""
_MAKING_SERVICES: Final = """\
1. **Catalogue.** {names} Their facts (prices, limits, fees, ...) are those that the packages below state on the day
   below, and each tool states them in a listing of its split's layouts and units. No text of a package is copied.
   Among the candidates for a job, each is the clear choice under some preference, and none is worse than another on
   everything. A group of tools is in one split only.
"""
"""How a data set is made from the catalogue of real services; the users and histories are those of the built-in one."""
_REAL_NAMES: Final = "Providers and tools are real."
_FICTIONAL_NAMES: Final = "Services are real; their providers have fictional names."
_LICENCES: Final = {"apprise": "BSD-2-Clause", "ccxt": "MIT", "litellm": "MIT"}
"""Licences of the packages that state facts of real services."""
_AUDIT: Final = "4. **Audit.** Every known shortcut is tried on every row. A build that fails the audit is not written."

_ANY: Final = "*any*"
"""Margin of a gate that no accuracy can fail."""
_TOO_FEW: Final = (
    f"**This build is too small to prove much.** Where the margin is {_ANY}, chance explains every accuracy. With "
    "13,000 rows per config the margin is at most 2 points."
)
_TEXTS: Final = "Texts: lengths, registers and repetition across users"
_REPETITION: Final = (
    "Histories of `chronological`, one for each query group; shares in %. The rows on repetition state the share of "
    "the different instructions, names and so on that occur in more than 1 % of the histories and in at least two, and "
    f"in brackets their share of all occurrences. `{AUDIT_PAGE}` names the most frequent ones and explains what is "
    "counted."
)
_OTHER_ROWS: Final = "The rows of this build are others."
_TRAINING: Final = (
    "Training data: without the prompt, the chosen call of `dpo` must not be distinguishable from the rejected one."
)


def _collapsed(title: str, text: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


def _counts(build: Build) -> str:
    rows = (
        [f"`{config}`", *(f"{splits[split]:,}" if split in splits else "" for split in SPLITS)]
        for config, splits in build.rows.items()
    )
    return markdown_table(["config", *SPLITS], rows, numbers=len(SPLITS))


def _columns(_: Build) -> str:
    sections: list[str] = []
    for row in dict.fromkeys(ROWS.values()):
        names = ", ".join(f"`{name}`" for name, row_class in ROWS.items() if row_class is row)
        cells = ([f"`{column.path}`", column.kind, column.meaning] for column in columns(row))
        sections.append(f"### {names}\n\n{markdown_table(['column', 'type', 'meaning'], cells)}")
    return "\n\n".join(sections)


def shortened(value: Any) -> Any:
    """Return a value for an example: long texts are cut, long lists reduced to the first two items and the last.

    Args:
        value: A JSON value, nested to any depth.
    """
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value) - LONGEST_TEXT:,} more characters)"
    if isinstance(value, Mapping):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        items = [shortened(item) for item in value]
        if len(items) <= LONGEST_LIST:
            return items
        return [*items[:2], f"… {len(items) - LONGEST_LIST} more", items[-1]]
    return value


def _examples(build: Build) -> str:
    examples = []
    for name, row in build.examples.items():
        text = json.dumps(shortened(row), indent=2, ensure_ascii=False)
        examples.append(_collapsed(f"<code>{name}</code>, {example_split(name)}, first row", f"```json\n{text}\n```"))
    return "\n\n".join(examples)


def _making(build: Build) -> str:
    manifest = build.manifest
    if manifest.is_of_services:
        names = _FICTIONAL_NAMES if manifest.catalog.endswith(" anonymous") else _REAL_NAMES
        users = _MAKING_BUILTIN.partition("2. ")[2]
        return f"{_MAKING_SERVICES.format(names=names)}2. {users}\n{_AUDIT}"
    return f"{_MAKING_BUILTIN if manifest.is_builtin else _MAKING}\n{_AUDIT}"


def _build(build: Build) -> str:
    counts = [[_label(name), f"{number:,}"] for name, number in build.manifest.counts.items()]
    drops = [
        [_label(kind), _label(reason), f"{number:,}"]
        for kind, reasons in build.manifest.drops.items()
        for reason, number in reasons.items()
    ]
    parts = [
        markdown_table(["", "this build"], _facts(build.manifest)),
        _collapsed("Configuration", markdown_table(["setting", "value"], _settings(build.manifest))),
        _collapsed("Counts", markdown_table(["kind", "number"], counts, numbers=1)),
    ]
    if drops:
        parts.append(_collapsed("Dropped records", markdown_table(["kind", "reason", "number"], drops, numbers=1)))
    return "\n\n".join(parts)


def _facts(manifest: Manifest) -> list[list[str]]:
    config = manifest.config
    listings = [["test listings", _listings(manifest)]] if manifest.is_builtin else []
    core = f"{len(manifest.core):,} query groups of the test split, named in the manifest" if manifest.core else ""
    return [
        ["catalogue", f"`{manifest.catalog}`"],
        *listings,
        *_sources(manifest),
        *([["core", core]] if core else []),
        ["seed", str(config["seed"])],
        ["build", f"`{manifest.build_id}`, by petoolbench {manifest.builder}"],
        ["data format", f"{manifest.format}, as `format` in the manifest"],
        ["test split", _NOT_REPRODUCIBLE if manifest.test_split_needs_a_secret else _REPRODUCIBLE],
        ["tools understood by", f"`{config['llm']['model']}`" if manifest.llm else "rules, without a language model"],
        ["tokenizer of `n_tokens`", manifest.tokenizer],
    ]


def _sources(manifest: Manifest) -> Iterator[list[str]]:
    """Yield the day of the facts of real services, and the packages that state them."""
    if not manifest.is_of_services:
        return
    _, _, day, *packages = manifest.catalog.removesuffix(" anonymous").split()
    yield ["facts of", day]
    for package in packages:
        name, _, version = package.partition("==")
        yield [f"facts from `{name}`", f"version {version}, licence {_LICENCES[name]}"]


def _listings(manifest: Manifest) -> str:
    if manifest.listing_pack:
        return (
            f"by the pack `{manifest.listing_pack}`: a program that knows the repository has never seen their forms; "
            "one written for the public rows can read them"
        )
    return "by the repository's own templates: a program that knows them can read them"


def _settings(manifest: Manifest) -> list[list[str]]:
    """Return name and value of each setting; those of the language model only if one was used."""
    return [
        [f"`{section}.{name}`", value if isinstance(value, str) else json.dumps(value)]
        for section, values in manifest.config.items()
        if isinstance(values, Mapping) and (section != "llm" or manifest.llm)
        for name, value in values.items()
    ]


def _label(name: str) -> str:
    return name.replace("_", " ")


def _validity(build: Build) -> str:
    summary = build.manifest.audit
    if build.audit is None or summary is None:
        return _NOT_AUDITED
    table = _gatemarkdown_table({f"`{item['config']}`": item["gates"] for item in build.audit["configs"]})
    parts = [*_audit_size(summary, sum(build.rows[HISTORY_TYPES[0]].values()))]
    if _ANY in table:
        parts.append(_TOO_FEW)
    parts.append(table)
    if training := build.audit["training"]:
        sample = f" The gates use {training['pairs']:,} pairs." if "pairs" in training else ""
        parts += [_TRAINING + sample, _gatemarkdown_table({"accuracy": training["gates"]})]
    first, *others = (f"![{title}]({AUDIT_FOLDER}/{name})" for name, title in AUDIT_PLOTS.items())
    parts += [first, _collapsed("More plots", "\n\n".join(others)), _collapsed(_TEXTS, _texts(build.audit["texts"]))]
    return "\n\n".join(parts)


def _people(build: Build) -> str:
    return build.people


def _texts(splits: Sequence[Mapping[str, Any]]) -> str:
    """Return an explanation and a table of the figures on texts, with a column for each split.

    Args:
        splits: Figures of each split, as in `audit.json`; at least one.
    """
    rows = [
        ["query groups measured", *(f"{item['query_groups']:,}" for item in splits)],
        ["steps of a history: 5 / 50 / 95 %", *(_percentiles(item["steps"]) for item in splits)],
        ["words of a request: 5 / 50 / 95 %", *(_percentiles(item["words"]) for item in splits)],
    ]
    registers = sorted({name for item in splits for name in item["registers"] or ()})
    rows += [
        [f"register `{name}`", *(_percent((item["registers"] or {}).get(name, 0.0)) for item in splits)]
        for name in registers
    ]
    for place, kind in enumerate(item["kind"] for item in splits[0]["histories"]):
        found = [item["histories"][place] for item in splits]
        cells = (f"{_percent(item['frequent'])} ({_percent(item['mentions'])})" for item in found)
        rows.append([f"{kind} in more than 1 % of the histories", *cells])
    table = markdown_table(["", *(item["split"] for item in splits)], rows, numbers=len(splits))
    return f"{_REPETITION}\n\n{table}"


def _percentiles(numbers: Sequence[float] | None) -> str:
    return " / ".join(f"{number:.0f}" for number in numbers or ())


def _audit_size(summary: AuditSummary, size: int) -> Iterator[str]:
    """Yield the number of rows, gates and checks, and the size of the audited sample if there is one."""
    gates, checks, undecided = summary.gates, summary.checks, summary.gates_that_cannot_tell
    held = f"all {gates} gates and {checks} checks hold"
    if undecided:
        held = (
            f"{gates - undecided} of {gates} gates and all {checks} checks hold; the other gates cannot tell, because "
            "there are too few rows"
        )
    yield f"This build has {size:,} rows per config: {held}."
    if summary.gates_on_rows:
        yield (
            f"Checks cover every row. Gates and plots use a sample of whole query groups: {summary.gates_on_rows:,} of "
            f"{size:,} rows per config. `{AUDIT_PAGE}` explains the limits of the sample."
        )


def _gatemarkdown_table(by_column: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return a table with one row per gate, and one column of accuracies per data set config.

    Args:
        by_column: Gates by heading of the column, as in `audit.json`.
    """
    columns = [{gate["name"]: gate for gate in gates} for gates in by_column.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [_gate_row(name, [column.get(name) for column in columns]) for name in names]
    return markdown_table(["gate", "bound", "margin", *by_column], rows, numbers=2 + len(columns))


def _gate_row(name: str, by_column: Sequence[Mapping[str, Any] | None]) -> list[str]:
    """Return name, mean bound, largest margin, and the accuracy in each column; empty if a column lacks the gate."""
    gates = [gate for gate in by_column if gate]
    bound, margin = sum(gate["bound"] for gate in gates) / len(gates), max(gate["margin"] for gate in gates)
    accuracies = [_percent(gate["accuracy"]) if gate else "" for gate in by_column]
    return [name, _percent(bound), _percent(margin) if bound + margin < 1 else _ANY, *accuracies]


def _readings(build: Build) -> str:
    if not build.manifest.is_builtin:
        return "No careful readers have read rows of this catalogue."
    curve = read_curve()
    table = markdown_table(["telling steps", *map(str, curve.levels)], curve.cells(), numbers=len(curve.levels))
    picture = f"![Tool accuracy by number of telling steps]({EVIDENCE_PLOT})"
    figures = _collapsed("Figures, in %", table)
    return "\n\n".join([f"{curve.note} {_OTHER_ROWS}", picture, figures, read_results().summary_text])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _canary(_: Build) -> str:
    return f"```\n{CANARY}\n```"


def _revisions(build: Build) -> str:
    if not build.manifest.is_builtin:
        return f"- Build `{build.manifest.build_id}`."
    return (files(__package__) / REVISIONS).read_text(encoding="utf-8").partition("\n")[2].strip()


PASSAGES: Final[Mapping[str, Callable[[Build], str]]] = {
    "intro": intro,
    "usage": usage,
    "splits": splits,
    "providers": providers,
    "licence": licence,
    "citation": citation,
    "counts": _counts,
    "columns": _columns,
    "examples": _examples,
    "making": _making,
    "build": _build,
    "validity": _validity,
    "readings": _readings,
    "people": _people,
    "canary": _canary,
    "revisions": _revisions,
}
"""Function that generates the text of each region."""
