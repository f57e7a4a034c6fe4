"""Generator of the pages in `docs/reference`: the command line, the Python API, and catalogues of one's own.

`python -m docs.generate_reference` writes the pages; `--check` reports the pages that are out of date, and exits with 1
if there are any.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
import textwrap
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from typer import Typer
from typer.models import ArgumentInfo, OptionInfo

import petoolbench
from petoolbench.cli.main import app
from petoolbench.run_settings import Option

from .own_tools_reference import own_tools
from .reference_text import NOTE, cell, stated_attributes

FOLDER: Final = Path(__file__).parent / "reference"
_RECORDS: Final = (
    ("hf_dataset.schema", "Instance"),
    ("hf_dataset.schema", "InteractionRow"),
    ("hf_dataset.schema", "ToolDoc"),
    ("hf_dataset.schema", "AnswerRow"),
    ("hf_dataset.schema", "MetaRow"),
    ("petoolbench.runs", "Header"),
    ("petoolbench.runs", "Line"),
    ("petoolbench.scoring", "ConfigScores"),
    ("metrics.petoolbench.aggregation", "Scores"),
    ("petoolbench.run_report.comparison", "RunPair"),
    ("metrics.petoolbench.uncertainty", "Comparison"),
    ("petoolbench.reading_study.gather", "Gathered"),
    ("petoolbench.reading_study.gather", "Reading"),
    ("petoolbench.reading_study.forms", "Form"),
    ("petoolbench.reading_study.figures", "Figures"),
    ("petoolbench.reading_study.figures", "Accuracy"),
    ("petoolbench.reading_study.figures", "Rate"),
    ("petoolbench.reading_study.figures", "AxesNamed"),
    ("petoolbench.reading_study.figures", "Calibration"),
    ("petoolbench.reading_study.figures", "Bin"),
    ("petoolbench.reading_study.figures", "Ambiguous"),
    ("petoolbench.reading_study.figures", "Realism"),
    ("petoolbench.reading_study.figures", "Agreement"),
    ("metrics.study_files", "Study"),
    ("metrics.study_files", "StudyReader"),
    ("metrics.study_files", "StudyRow"),
    ("metrics.study_files", "StudyAnswer"),
    ("petoolbench.people_study.study_readings", "StudyReadings"),
    ("petoolbench.people_study.study_readings", "StudyReading"),
    ("petoolbench.people_study.study_figures", "StudyFigures"),
    ("petoolbench.people_study.study_figures", "StudyAccuracy"),
    ("petoolbench.people_study.study_figures", "StudyTime"),
    ("petoolbench.people_study.study_figures", "StudyAgreement"),
    ("petoolbench.people_study.kappa", "Kappa"),
    ("petoolbench.people_study.study_figures", "StatedAmbiguous"),
    ("petoolbench.people_study.study_figures", "AmbiguousRow"),
)
"""Module and name of records that the results contain."""
_TYPES: Final = {bool: "flag", int: "integer", float: "number", str: "text", Path: "path"}
_SECTION: Final = re.compile(r"^(Args|Returns|Yields|Raises|Example):$")
_ITEM: Final = re.compile(r"^(\w+(?:, \w+)*): (.*)$")
_WIDTH: Final = 88


def pages() -> dict[Path, str]:
    """Return the text of each reference page by its path."""
    return {
        FOLDER / "command-line.md": command_line(),
        FOLDER / "python-api.md": python_api(),
        FOLDER / "own-tools.md": own_tools(),
    }


def command_line() -> str:
    """Return the page of all commands with their arguments and options."""
    commands = dict(_commands(app))
    lines = ["# Command line", "", NOTE, ""]
    lines += ["`petoolbench COMMAND --help` prints the same. `petoolbench --version` prints the version.", ""]
    lines += ["| command | purpose |", "|---|---|"]
    lines += [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_first_line(command)} |" for name, command in commands.items()
    ]
    for name, command in commands.items():
        lines += ["", f"## {name}", "", inspect.getdoc(command) or "", "", *_command(name, command)]
    return "\n".join(lines) + "\n"


def _commands(group: Typer, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the commands by their full names; those of a group follow the others."""
    for info in group.registered_commands:
        assert info.callback is not None
        yield prefix + (info.name or info.callback.__name__), info.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _commands(inner.typer_instance, f"{prefix}{inner.name} ")


def _command(name: str, command: Callable[..., Any]) -> Iterator[str]:
    """Yield the lines of one command: its usage, and a table of its arguments and options."""
    hints = typing.get_type_hints(command, include_extras=True)
    parameters = [(parameter, hints[parameter.name]) for parameter in inspect.signature(command).parameters.values()]
    arguments = [_metavar(item, hint) for item, hint in parameters if isinstance(_info(hint), ArgumentInfo)]
    yield "```"
    yield " ".join(["petoolbench", name, *arguments, "[OPTIONS]"])
    yield "```"
    yield ""
    yield "| argument or option | value | default | meaning |"
    yield "|---|---|---|---|"
    for parameter, hint in parameters:
        info = _info(hint)
        is_argument = isinstance(info, ArgumentInfo)
        shown = f"`{_metavar(parameter, hint)}`" if is_argument else _flags(info)
        cells = (shown, _value(hint, info), _default(parameter), cell(info.help or ""))
        yield f"| {' | '.join(cells)} |"


def _info(hint: Any) -> ArgumentInfo | OptionInfo:
    info = typing.get_args(hint)[1]
    assert isinstance(info, ArgumentInfo | OptionInfo)
    return info


def _metavar(parameter: inspect.Parameter, hint: Any) -> str:
    name = _info(hint).metavar or parameter.name.upper()
    is_list = typing.get_origin(_plain(typing.get_args(hint)[0])) is list
    return f"{name.removesuffix('...')}..." if is_list else name


def _flags(info: ArgumentInfo | OptionInfo) -> str:
    # In an annotation, typer takes the first name of an option as its default.
    declared = [name for name in (info.default, *(info.param_decls or ())) if isinstance(name, str)]
    return ", ".join(f"`{flag}`" for name in declared for flag in name.split("/"))


def _value(hint: Any, info: ArgumentInfo | OptionInfo) -> str:
    """Return the type of a value, and its range if it has one."""
    plain = _plain(typing.get_args(hint)[0])
    is_list = typing.get_origin(plain) is list
    name = _TYPES[typing.get_args(plain)[0] if is_list else plain]
    low, high = (_number(bound) for bound in (info.min, info.max))
    bounds = f", {low} to {high}" if low and high else f", at least {low}" if low else ""
    return f"{name}{bounds}{', repeatable' if is_list else ''}"


def _number(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _plain(hint: Any) -> Any:
    """Return a type without its alternative None."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "required"
    if parameter.default is None or parameter.default is False or parameter.default in ((), ""):
        return ""
    return "on" if parameter.default is True else f"`{parameter.default}`"


def python_api() -> str:
    """Return the page of the public names of `petoolbench`, and of the records that its results contain."""
    public = [(name, getattr(petoolbench, name)) for name in petoolbench.__all__ if name != "__version__"]
    functions = [(name, value) for name, value in public if inspect.isfunction(value)]
    errors: list[tuple[str, type]] = [(name, cls) for name, cls in public if _is_error(cls)]
    classes: list[tuple[str, type]] = [
        (name, cls) for name, cls in public if inspect.isclass(cls) and not _is_error(cls)
    ]
    records: list[tuple[str, type]] = [(name, getattr(import_module(module), name)) for module, name in _RECORDS]
    assert len(functions) + len(classes) + len(errors) == len(public)
    links = _links([name for name, _ in (*functions, *classes, *records)])
    types = dict(zip([name for name, _ in (*classes, *records)], links[len(functions) :], strict=True))
    lines = ["# Python API", "", NOTE, "", "```python", "import petoolbench as pb", "```", ""]
    lines += ["`pb.__version__` is the version of the distribution.", ""]
    for heading, count in (("Functions", len(functions)), ("Classes", len(classes)), ("Records", len(records))):
        lines += [f"{heading}: {', '.join(links[:count])}.", ""]
        del links[:count]
    lines += ["## Functions"]
    for name, function in functions:
        lines += ["", f"### {name}", "", *_function(name, function)]
    for heading, members in (("Classes", classes), ("Records", records)):
        lines += ["", f"## {heading}"]
        for name, cls in members:
            lines += ["", f"### {name}", "", *_class(name, cls, types)]
    lines += ["", "## Errors", "", "`except pb.PEToolBenchError` catches all of them.", ""]
    lines += ["| error | base classes | raised if |", "|---|---|---|"]
    lines += [f"| `{name}` | {_bases(cls)} | {_first_line(cls)} |" for name, cls in errors]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _is_error(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)


def _bases(cls: type) -> str:
    return ", ".join(f"`{base.__name__}`" for base in cls.__bases__)


def _links(names: Sequence[str]) -> list[str]:
    """Return a link to the heading of each name; of equal headings, the later ones get a number, as on GitHub."""
    links, seen = [], Counter[str]()
    for name in names:
        anchor = name.lower()
        links.append(f"[`{name}`](#{anchor}{f'-{seen[anchor]}' if seen[anchor] else ''})")
        seen[anchor] += 1
    return links


def _function(name: str, function: Callable[..., Any]) -> list[str]:
    return ["```python", *_signature(name, function), "```", "", *_markdown(inspect.getdoc(function) or "")]


def _signature(name: str, function: Callable[..., Any]) -> list[str]:
    """Return a signature, on one line if it is short, else with one parameter per line."""
    signature = inspect.signature(function)
    parts: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        star = "**" if parameter.kind is inspect.Parameter.VAR_KEYWORD else ""
        default = "" if parameter.default is inspect.Parameter.empty else f" = {_literal(parameter.default)}"
        parts.append(f"{star}{parameter.name}: {parameter.annotation}{default}")
    end = f") -> {signature.return_annotation}"
    line = f"{name}({', '.join(parts)}{end}"
    return [line] if len(line) <= _WIDTH else [f"{name}(", *(f"    {part}," for part in parts), end]


def _literal(value: Any) -> str:
    return "..." if callable(value) else json.dumps(value) if isinstance(value, str) else repr(value)


def _class(name: str, cls: type, types: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a class: its docstring, attributes, properties and methods; `types` has the links of types."""
    yield from _markdown(inspect.getdoc(cls) or "")
    attributes = [*_attributes(cls), *_properties(cls)]
    defaults = _defaults(cls)
    if attributes and defaults:
        yield from ("", "| attribute | type | default | meaning |", "|---|---|---|---|")
        for item, kind, meaning in attributes:
            default = _code(defaults.get(item, ""))
            yield f"| `{item}` | {_type(kind, types)} | {default} | {meaning} |"
    elif attributes:
        yield from ("", "| attribute | type | meaning |", "|---|---|---|")
        yield from (f"| `{item}` | {_type(kind, types)} | {meaning} |" for item, kind, meaning in attributes)
    for method, function in vars(cls).items():
        if inspect.isfunction(function) and not method.startswith("_"):
            yield from ("", f"#### {name}.{method}", "", *_function(method, function))


def _type(kind: str, links: Mapping[str, str]) -> str:
    """Return a type as code, as a link if it has a type of this page."""
    found = next((links[word] for word in re.findall(r"\w+", kind) if word in links), "")
    return f"[{_code(kind)}]{found.partition(']')[2]}" if found else _code(kind)


def _attributes(cls: type) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of each field; the meaning is the string below it, or the help of its option."""
    options = _options(cls)
    for name, kind, meaning in stated_attributes(cls):
        yield name, kind, cell(options.get(name, meaning))


def _defaults(cls: type) -> dict[str, str]:
    """Return the default of each field that has one, as Python code."""
    if not is_dataclass(cls):
        return {name: _literal(value) for name, value in getattr(cls, "_field_defaults", {}).items()}
    fields = cls.__dataclass_fields__.values()
    given = {item.name: _literal(item.default) for item in fields if item.default is not MISSING}
    return given | {
        item.name: _literal(item.default_factory()) for item in fields if item.default_factory is not MISSING
    }


def _options(cls: type) -> dict[str, str]:
    """Return the meaning of the fields that are command-line options, with their range, by field name."""
    texts = {}
    for name, item in (cls.__dataclass_fields__ if is_dataclass(cls) else {}).items():
        form: Option | None = item.metadata.get("option")
        if form is not None:
            low, high = _number(form.low), _number(form.high)
            bounds = f" {low} to {high}." if low and high else f" At least {low}." if low else ""
            texts[name] = f"{form.help}{bounds}"
    return texts


def _properties(cls: type) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of each public property, and of attributes that the constructor sets."""
    for name, value in vars(cls).items():
        if isinstance(value, property) and value.fget is not None and not name.startswith("_"):
            returned = value.fget.__annotations__.get("return", "")
            yield name, str(returned), cell(" ".join((inspect.getdoc(value) or "").split()))


def _markdown(docstring: str) -> list[str]:
    """Convert a Google style docstring to Markdown."""
    lines: list[str] = []
    section, block = "", list[str]()
    for line in [*docstring.splitlines(), "Args:"]:
        if match := _SECTION.match(line):
            lines += _section(section, block)
            section, block = match[1], []
        else:
            block.append(line)
    return lines


def _section(name: str, block: Sequence[str]) -> list[str]:
    """Return the Markdown of one section; an empty name is the text before the first section."""
    text = textwrap.dedent("\n".join(block)).strip("\n")
    if not text:
        return []
    if not name:
        return ["", *text.splitlines(), ""]
    if name == "Example":
        return ["", "```python", *text.splitlines(), "```", ""]
    heading = {"Args": "Arguments"}.get(name, name)
    if name in ("Returns", "Yields"):
        return ["", f"**{heading}:** {' '.join(text.split())}", ""]
    return ["", f"**{heading}**", "", *_items(text), ""]


def _items(text: str) -> list[str]:
    """Return the entries of an Args or Raises section as a list, each joined to one line."""
    items: list[str] = []
    for line in text.splitlines():
        match = None if line.startswith(" ") else _ITEM.match(line)
        if match:
            items.append(f"- `{match[1]}`: {match[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(f"- {line.strip()}")
    return items


def _first_line(function: Callable[..., Any]) -> str:
    return cell((inspect.getdoc(function) or "").partition("\n")[0])


def _code(text: str) -> str:
    return f"`{cell(text)}`" if text else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or check them with `--check`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate_reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="report pages that are out of date and write nothing")
    options = parser.parse_args(arguments)
    outdated = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        for path in outdated:
            sys.stderr.write(f"{path.relative_to(FOLDER.parents[1])} is out of date. Run: make reference\n")
        return bool(outdated)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
