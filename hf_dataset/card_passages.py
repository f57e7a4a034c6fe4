"""The passages of the card that are made from a build, each by the name of its region in the template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from .card_facts import Build, example_split
from .columns import columns
from .layout import AUDIT_FOLDER, AUDIT_PAGE, AUDIT_PLOTS, CANARY, SPLITS
from .schema import HISTORY_TYPES, ROWS

REVISIONS: Final = "REVISIONS.md"
LONGEST_TEXT: Final = 100
"""Characters of a text that an example shows."""
LONGEST_LIST: Final = 3
"""Items of a list that an example shows."""
_CLOSED: Final = "A secret went into the test split: nobody else can make its answers again."
_OPEN: Final = "No secret went into the test split: who has the catalogue can make its answers again."
_NOT_AUDITED: Final = (
    "**Not audited.** This build was made with `--no-audit`: nothing shows that its rows need their histories."
)

_ANY: Final = "*any*"
"""Margin of a gate that no accuracy can fail."""
_TOO_FEW: Final = (
    f"**A build this small proves little**: where the margin is {_ANY}, chance explains every accuracy. With 13,000 "
    "rows a config it is 2 at most."
)
_TRAINING: Final = "Of `dpo`: can the chosen call be told from the rejected one without the prompt?"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A Markdown table.

    Args:
        head: Titles of the columns.
        rows: Cells; a bar in one is escaped.
        numbers: How many of the last columns hold numbers, and are aligned to the right.
    """
    marks = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    lines = [head, marks, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _folded(title: str, text: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


def _counts(build: Build) -> str:
    rows = (
        [f"`{config}`", *(f"{splits[split]:,}" if split in splits else "" for split in SPLITS)]
        for config, splits in build.rows.items()
    )
    return _table(["config", *SPLITS], rows, numbers=len(SPLITS))


def _columns(_: Build) -> str:
    found: list[str] = []
    for row in dict.fromkeys(ROWS.values()):
        names = ", ".join(f"`{name}`" for name, one in ROWS.items() if one is row)
        cells = ([f"`{column.path}`", column.kind, column.meaning] for column in columns(row))
        found.append(f"### {names}\n\n{_table(['column', 'type', 'meaning'], cells)}")
    return "\n\n".join(found)


def shortened(value: Any) -> Any:
    """A value as an example shows it: long texts cut, of long lists the first two items and the last."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value) - LONGEST_TEXT:,} more characters)"
    if isinstance(value, Mapping):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        whole = [shortened(item) for item in value]
        if len(whole) <= LONGEST_LIST:
            return whole
        return [*whole[:2], f"… {len(whole) - LONGEST_LIST} more", whole[-1]]
    return value


def _examples(build: Build) -> str:
    found = []
    for name, row in build.examples.items():
        text = json.dumps(shortened(row), indent=2, ensure_ascii=False)
        found.append(_folded(f"<code>{name}</code>, {example_split(name)}, first row", f"```json\n{text}\n```"))
    return "\n\n".join(found)


def _made(build: Build) -> str:
    manifest = build.manifest
    config = manifest.config
    facts = [
        ["catalogue", f"`{manifest.catalog}`"],
        ["seed", str(config["seed"])],
        ["build", f"`{manifest.build_id}`, by petoolbench {manifest.builder}"],
        ["test split", _CLOSED if manifest.test_split_needs_a_secret else _OPEN],
        ["understood by", f"`{config['llm']['model']}`" if manifest.llm else "rules, no language model"],
        ["`n_tokens` counts tokens of", manifest.tokenizer],
    ]
    dials = [
        [f"`{section}.{name}`", value if isinstance(value, str) else json.dumps(value)]
        for section, values in config.items()
        if isinstance(values, Mapping) and (section != "llm" or manifest.llm)
        for name, value in values.items()
    ]
    drops = [
        [kind.replace("_", " "), reason.replace("_", " "), f"{number:,}"]
        for kind, reasons in manifest.drops.items()
        for reason, number in reasons.items()
    ]
    kept = [[name.replace("_", " "), f"{number:,}"] for name, number in manifest.counts.items()]
    parts = [
        _table(["", "this build"], facts),
        _folded("Dials", _table(["dial", "value"], dials)),
        _folded("What was kept", _table(["what", "number"], kept, numbers=1)),
    ]
    if drops:
        parts.append(_folded("What was dropped, and why", _table(["what", "why", "number"], drops, numbers=1)))
    return "\n\n".join(parts)


def _validity(build: Build) -> str:
    summary = build.manifest.audit
    if build.audit is None or summary is None:
        return _NOT_AUDITED
    size = sum(build.rows[HISTORY_TYPES[0]].values())
    gates, checks, mute = summary.gates, summary.checks, summary.gates_that_cannot_tell
    held = f"all {gates} gates and {checks} checks hold"
    if mute:
        held = f"{gates - mute} of {gates} gates (the others cannot tell on so few rows) and all {checks} checks hold"
    found = [f"Of this build, {size:,} rows a config: {held}."]
    if on_rows := summary.gates_on_rows:
        found.append(
            f"Checks are of every row. Gates and plots rest on a sample, drawn by whole query groups: {on_rows:,} of "
            f"{size:,} rows a config. What that can show is said in `{AUDIT_PAGE}`."
        )
    table = _gates({f"`{item['config']}`": item["gates"] for item in build.audit["configs"]})
    if _ANY in table:
        found.append(_TOO_FEW)
    found.append(table)
    if training := build.audit["training"]:
        told = f"{_TRAINING} Measured on {training['pairs']:,} pairs." if "pairs" in training else _TRAINING
        found += [told, _gates({"accuracy": training["gates"]})]
    first, *others = (f"![{title}]({AUDIT_FOLDER}/{name})" for name, title in AUDIT_PLOTS.items())
    return "\n\n".join((*found, first, _folded("More plots", "\n\n".join(others))))


def _gates(measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """A table of gates: mean bound and largest margin, and the accuracy in each column.

    Args:
        measured: The gates of each column.
    """
    columns = [{gate["name"]: gate for gate in gates} for gates in measured.values()]
    rows = []
    for name in dict.fromkeys(name for column in columns for name in column):
        gates = [column[name] for column in columns if name in column]
        bound, margin = sum(gate["bound"] for gate in gates) / len(gates), max(gate["margin"] for gate in gates)
        accuracies = [_percent(column[name]["accuracy"]) if name in column else "" for column in columns]
        rows.append([name, _percent(bound), _percent(margin) if bound + margin < 1 else _ANY, *accuracies])
    return _table(["gate", "bound", "margin", *measured], rows, numbers=2 + len(columns))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _canary(_: Build) -> str:
    return f"```\n{CANARY}\n```"


def _revisions(_: Build) -> str:
    return (files(__package__) / REVISIONS).read_text(encoding="utf-8").partition("\n")[2].strip()


PASSAGES: Final[Mapping[str, Callable[[Build], str]]] = {
    "counts": _counts,
    "columns": _columns,
    "examples": _examples,
    "made": _made,
    "validity": _validity,
    "canary": _canary,
    "revisions": _revisions,
}
"""What fills each region."""
