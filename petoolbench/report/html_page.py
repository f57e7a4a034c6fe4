"""The report as a page that needs nothing beside itself, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from .facts import Report
from .figures import PLOTS, Picture
from .report_tables import NONE, Table
from .sections import Section, notes, sections, subtitle, title
from .wording import findings

_NUMERIC: Final = ("", *"0123456789+-<")
"""What a figure may begin with."""
_LEFT: Final = ' class="words"'
_TOGETHER: Final = re.compile(r"(?<=\d) (?=%)|(?<=\bp) (?=[<=])|(?<=p [<=]) ")
_FIGURE: Final = re.compile(r"(?P<value>[-+\d.,]+) \((?P<interval>[-+\d.,; to]+)\)")


def to_html(report: Report, pictures: Sequence[Picture]) -> str:
    """The report as a page: no script, no request, light and dark as the reader likes it."""
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
            '<section id="findings"><h2>What was found</h2>',
            '<ul class="findings">',
            *(f"<li><b>{_text(one.about)}</b>{_paragraphs(one.lines)}</li>" for one in findings(report)),
            "</ul></section>",
            *(line for one in outline for line in _section(one, pictures)),
            "</main>",
            '<footer id="notes"><h2>How to read this</h2><ul>',
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
    """Prose, in which a figure and its sign stay on one line."""
    return escape(_TOGETHER.sub("\u00a0", text))


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def _navigation(outline: Sequence[Section]) -> Iterator[str]:
    yield '<nav aria-label="Sections"><ul>'
    yield '<li><a href="#findings">Findings</a></li>'
    yield from (f'<li><a href="#{one.key}">{escape(one.short)}</a></li>' for one in outline if one.short)
    yield '<li><a href="#notes">Method</a></li>'
    yield "</ul></nav>"


def _section(section: Section, pictures: Sequence[Picture]) -> Iterator[str]:
    level = "h2" if section.short else "h3"
    yield f'<section id="{section.key}"><{level}>{escape(section.title)}</{level}>'
    yield f'<p class="intro">{_text(section.intro)}</p>'
    shown = [one for one in pictures if one.about == section.key]
    if shown:
        yield '<div class="pictures">'
        yield from (f"<figure>{one.svg}</figure>" for one in shown)
        yield "</div>"
    for table in section.tables:
        yield from _table(table)
    if section.folded:
        yield f"<details><summary>{_count(len(section.folded))}</summary>"
        for table in section.folded:
            yield from _table(table)
        yield "</details>"
    yield "</section>"


def _count(tables: int) -> str:
    return "All figures, as a table" if tables == 1 else f"All figures, as {tables} tables"


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="wide" tabindex="0"><table><caption><span>{escape(table.title)}</span></caption>'
    words = [all(map(_is_words, cells)) for cells in zip(*table.rows, strict=True)]
    columns = "".join(
        f'<th scope="col"{_LEFT if left else ""}>{escape(name)}</th>'
        for name, left in zip(table.columns, words, strict=True)
    )
    yield f"<thead><tr>{columns}</tr></thead><tbody>"
    for place, (first, *cells) in enumerate(table.rows):
        quiet = ' class="quiet"' if place in table.quiet else ""
        shown = "".join(_cell(text, left=left) for text, left in zip(cells, words[1:], strict=True))
        yield f'<tr{quiet}><th scope="row">{escape(first)}</th>{shown}</tr>'
    yield "</tbody></table></div>"


def _is_words(text: str) -> bool:
    return text[:1] not in _NUMERIC or text == NONE


def _cell(text: str, *, left: bool) -> str:
    """A figure with its interval below it, or words."""
    figure = _FIGURE.fullmatch(text)
    if figure:
        return f"<td>{figure['value']}<small>{escape(figure['interval'])}</small></td>"
    return f"<td{_LEFT if left else ''}>{escape(text)}</td>"


def to_markdown(report: Report, pictures: Sequence[Picture]) -> str:
    """The report as Markdown, with the pictures beside it."""
    lines = [f"# {title(report)}", "", _escaped(subtitle(report)), "", "## What was found", ""]
    for one in findings(report):
        lines += [f"- **{_escaped(one.about)}**", *(f"  - {_escaped(line)}" for line in one.lines)]
    for section in sections(report):
        lines += ["", f"{'##' if section.short else '###'} {section.title}", "", section.intro, ""]
        lines += [
            f"![{section.title} {one.title}]({PLOTS}/{one.name}.png)" for one in pictures if one.about == section.key
        ]
        for table in (*section.tables, *section.folded):
            lines += ["", f"**{_escaped(table.title)}**", "", *_rows(table)]
    lines += ["", "## How to read this", "", *(f"- {note}" for note in notes()), ""]
    return "\n".join(lines)


def _rows(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_escaped, table.columns))} |"
    yield f"|---|{'---:|' * (len(table.columns) - 1)}"
    yield from (f"| {' | '.join(map(_escaped, row))} |" for row in table.rows)


def _escaped(text: str) -> str:
    """Text of a name or a figure, none of which is markup."""
    marked = escape(text, quote=False)
    for mark in "\\`*_[]|#~":
        marked = marked.replace(mark, f"\\{mark}")
    return marked
