"""Render a report as a self-contained HTML page and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from .figures import PLOTS, Picture
from .report_tables import NONE, Table
from .run_facts import Report
from .sections import Section, notes, sections, subtitle, title
from .wording import findings

_NUMERIC: Final = ("", *"0123456789+-<")
"""First characters of cells that hold a number."""
_LEFT: Final = ' class="words"'
_UNBREAKABLE: Final = re.compile(r"(?<=\d) (?=%)|(?<=\bp) (?=[<=])|(?<=p [<=]) ")
_FIGURE: Final = re.compile(r"(?P<value>[-+\d.,]+) \((?P<interval>[-+\d.,; to]+)\)")


def to_html(report: Report, pictures: Sequence[Picture]) -> str:
    """Render a report as a page without scripts or requests, in the reader's light or dark theme."""
    outline = sections(report)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title(report))}</title>",
            f"<style>\n{_style()}</style>",
            "</head>",
            "<body>",
            f"<header><h1>{escape(title(report))}</h1><p>{escape(subtitle(report))}</p></header>",
            *_navigation(outline),
            "<main>",
            '<section id="findings"><h2>Findings</h2>',
            '<ul class="findings">',
            *(f"<li><b>{_text(finding.about)}</b>{_paragraphs(finding.lines)}</li>" for finding in findings(report)),
            "</ul></section>",
            *(line for section in outline for line in _section(section, pictures)),
            "</main>",
            '<footer id="notes"><h2>Method</h2><ul>',
            *(f"<li>{_text(note)}</li>" for note in notes()),
            "</ul></footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{_text(line)}</p>" for line in lines)


def _text(text: str) -> str:
    """Escape text, with non-breaking spaces before percent signs and around the comparison of a p-value."""
    return escape(_UNBREAKABLE.sub("\u00a0", text))


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def _navigation(outline: Sequence[Section]) -> Iterator[str]:
    yield '<nav aria-label="Sections"><ul>'
    yield '<li><a href="#findings">Findings</a></li>'
    links = [section for section in outline if section.short]
    yield from (f'<li><a href="#{section.key}">{escape(section.short)}</a></li>' for section in links)
    yield '<li><a href="#notes">Method</a></li>'
    yield "</ul></nav>"


def _section(section: Section, pictures: Sequence[Picture]) -> Iterator[str]:
    level = "h2" if section.short else "h3"
    yield f'<section id="{section.key}"><{level}>{escape(section.title)}</{level}>'
    yield f'<p class="intro">{_text(section.intro)}</p>'
    shown = [picture for picture in pictures if picture.about == section.key]
    if shown:
        yield '<div class="pictures">'
        yield from (f"<figure>{picture.svg}</figure>" for picture in shown)
        yield "</div>"
    for table in section.tables:
        yield from _table(table)
    if section.folded:
        yield f"<details><summary>{_summary(len(section.folded))}</summary>"
        for table in section.folded:
            yield from _table(table)
        yield "</details>"
    yield "</section>"


def _summary(tables: int) -> str:
    return "All figures, as a table" if tables == 1 else f"All figures, as {tables} tables"


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="wide" tabindex="0"><table><caption><span>{escape(table.title)}</span></caption>'
    are_words = [all(map(_is_words, cells)) for cells in zip(*table.rows, strict=True)]
    columns = "".join(
        f'<th scope="col"{_LEFT if left else ""}>{escape(name)}</th>'
        for name, left in zip(table.columns, are_words, strict=True)
    )
    yield f"<thead><tr>{columns}</tr></thead><tbody>"
    for index, (first, *cells) in enumerate(table.rows):
        quiet = ' class="quiet"' if index in table.quiet else ""
        shown = "".join(_cell(text, left=left) for text, left in zip(cells, are_words[1:], strict=True))
        yield f'<tr{quiet}><th scope="row">{escape(first)}</th>{shown}</tr>'
    yield "</tbody></table></div>"


def _is_words(text: str) -> bool:
    return text[:1] not in _NUMERIC or text == NONE


def _cell(text: str, *, left: bool) -> str:
    """Render a cell; an interval is placed below its value."""
    figure = _FIGURE.fullmatch(text)
    if figure:
        return f"<td>{figure['value']}<small>{escape(figure['interval'])}</small></td>"
    return f"<td{_LEFT if left else ''}>{escape(text)}</td>"


def to_markdown(report: Report, pictures: Sequence[Picture]) -> str:
    """Render a report as Markdown that links to the saved plots."""
    lines = [f"# {title(report)}", "", _escaped(subtitle(report)), "", "## Findings", ""]
    for finding in findings(report):
        lines += [f"- **{_escaped(finding.about)}**", *(f"  - {_escaped(line)}" for line in finding.lines)]
    for section in sections(report):
        lines += _markdown_section(section, [picture for picture in pictures if picture.about == section.key])
    lines += ["", "## Method", "", *(f"- {note}" for note in notes()), ""]
    return "\n".join(lines)


def _markdown_section(section: Section, pictures: Sequence[Picture]) -> list[str]:
    lines = ["", f"{'##' if section.short else '###'} {section.title}", "", section.intro, ""]
    lines += [f"![{section.title}, {picture.title}]({PLOTS}/{picture.name}.png)" for picture in pictures]
    for table in (*section.tables, *section.folded):
        lines += ["", f"**{_escaped(table.title)}**", "", *_markdown_table(table)]
    return lines


def _markdown_table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_escaped, table.columns))} |"
    yield f"|---|{'---:|' * (len(table.columns) - 1)}"
    yield from (f"| {' | '.join(map(_escaped, row))} |" for row in table.rows)


def _escaped(text: str) -> str:
    """Escape text in which markup has no meaning, such as the name of a model."""
    marked = escape(text, quote=False)
    for mark in "\\`*_[]|#~":
        marked = marked.replace(mark, f"\\{mark}")
    return marked
