"""Layouts as a model writes them: texts with places for the forms of a fact, and the template that they become.

A model writes no Jinja. Its texts are quoted in the template, so that nothing in them is a statement of a template.

The docstrings of the reply models are part of the JSON Schema that the model receives. Changing one changes the keys of
the cached answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from builder.llm.task import Reply
from builder.world.axes import AXES

from .form_units import IN_WORDS

NOUN: Final = "noun"
"""Place of what coverage counts."""
LEVEL: Final = "level"
"""Place of the words for the level of an axis."""
PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z_]+)?)(\|in_words)?\}")
"""A form in a text, such as `{ms}`, `{plan.fee}` or `{cents_per_40|in_words}`."""
ZERO_AXES: Final = ("price", "retention")
"""Axes with numbers that can be zero."""


class LevelWords(Reply):
    """The words for one level of an axis."""

    level: str
    words: str


class Statement(Reply):
    """How one fact is stated."""

    axis: str
    text: str
    zero: str
    levels: list[LevelWords]


class LayoutLine(Reply):
    """Statements that stand together."""

    before: str
    between: str
    after: str
    statements: list[Statement]


class WrittenLayout(Reply):
    """A layout: how a provider states each fact."""

    before: str
    lines: list[LayoutLine]
    after: str

    @property
    def statements(self) -> list[Statement]:
        """All statements, in their order."""
        return [statement for line in self.lines for statement in line.statements]


def template_of(layout: WrittenLayout) -> str:
    """Return the Jinja template of a layout that has passed the checks of its parts."""
    parts = [_text(layout.before)] if layout.before.strip() else []
    for number, line in enumerate(layout.lines):
        parts += list(_line(f"part{number}", line))
    parts += [_text(layout.after)] if layout.after.strip() else []
    return "\n".join(parts) + "\n"


def line_layout(line: LayoutLine, statement: Statement) -> WrittenLayout:
    """Return a layout that has nothing but one statement of a line, with what the line adds to it."""
    only = line.model_copy(update={"statements": [statement]})
    return WrittenLayout(before="", lines=[only], after="")


def _line(name: str, line: LayoutLine) -> Iterator[str]:
    yield f"{{% set {name} = [] %}}"
    for statement in line.statements:
        yield f"{{% if facts.{statement.axis} %}}"
        yield f"{{% set {name} = {name} + [{_statement(statement)}] %}}"
        yield "{% endif %}"
    yield f"{{% if {name} %}}"
    joined = f"{name} | join({_quoted(line.between)})"
    yield f"{{{{ {_quoted(line.before)} ~ {joined} ~ {_quoted(line.after)} }}}}"
    yield "{% endif %}"


def _statement(statement: Statement) -> str:
    """Return the expression of a statement."""
    axis = statement.axis
    if AXES[axis].is_number:
        text = _expression(statement.text, lambda form, words: _form(axis, form, words))
        return f"{_quoted(statement.zero)} if facts.{axis}.is_zero else {text}" if axis in ZERO_AXES else text
    levels = ", ".join(
        f"{_quoted(item.level)}: {_expression(item.words, lambda form, words: _form(axis, form, words))}"
        for item in statement.levels
    )
    return _expression(statement.text, lambda _, __: f"{{{levels}}}[facts.{axis}.value]")


def _form(axis: str, form: str, in_words: bool) -> str:
    return f"facts.{axis}.{form}{f' | {IN_WORDS}' if in_words else ''}"


def _expression(text: str, of_place: Callable[[str, bool], str]) -> str:
    """Return a text as an expression, with the forms at their places."""
    pieces: list[str] = []
    end = 0
    for match in PLACE.finditer(text):
        pieces += [_quoted(text[end : match.start()])] if match.start() > end else []
        pieces.append(of_place(match.group(1), match.group(2) is not None))
        end = match.end()
    pieces += [_quoted(text[end:])] if end < len(text) or not pieces else []
    return " ~ ".join(f"({piece})" if "|" in piece and not piece.startswith('"') else piece for piece in pieces)


def places_in(text: str) -> list[str]:
    """Return the names of the forms in a text."""
    return [match.group(1) for match in PLACE.finditer(text)]


def without_places(texts: Sequence[str]) -> str:
    """Return texts with `N` in place of each form."""
    return "\n".join(PLACE.sub("N", text) for text in texts)


def _text(text: str) -> str:
    return f"{{{{ {_quoted(text)} }}}}"


def _quoted(text: str) -> str:
    """Return a text as a string of Jinja, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
