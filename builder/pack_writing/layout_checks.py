"""Checks of a written layout by a program: its parts, its numbers with their units, and the listings that it gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from builder.errors import ConfigError
from builder.predictors.listing_numbers import readings
from builder.predictors.listing_scales import other_forms
from builder.predictors.listing_words import level_hits
from builder.predictors.read_shares import is_read_right
from builder.world.axes import AXES, Axis
from builder.world.listings import Layout
from builder.world.pack_checks import layout_problems
from builder.world.pack_copies import copies
from builder.world.pack_samples import NOUNS, TODAY, axis_values

from .form_units import NEEDED, amount, forms_to_write, missing_words, other_numbers, plain, unit_of
from .written_layouts import (
    LEVEL,
    NOUN,
    ZERO_AXES,
    LayoutLine,
    Statement,
    WrittenLayout,
    line_layout,
    places_in,
    template_of,
    without_places,
)

MAX_TEXT: Final = 400
"""Maximum length of one text of a layout."""
_SHOWN: Final = 8
"""Maximum number of faults of a layout that are named."""
_TRIED: Final = 6
"""One of so many values of an axis is read back."""
_SURE_AXES: Final = frozenset({"region", "source", "lifecycle", "payload"})
"""Axes of which the words of the levels are known well enough to contradict a layout."""
_WRONG: Final = "parts_are_wrong"
_TOUCHING: Final = re.compile(r"\d[.,]?\{[a-z]|\}[.,]?\d")
"""A digit next to a form, which would change its number."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Fault(NamedTuple):
    """Reason to refuse a layout."""

    kind: str
    """Identifier, in words joined by `_`."""
    problem: str
    """Sentence for the model and for people."""


def layout_faults(name: str, written: WrittenLayout, others: Sequence[Layout]) -> list[Fault]:
    """Return why a written layout cannot be used; the most basic faults only, and none if it passes.

    Args:
        name: Name of the layout.
        written: The layout.
        others: Layouts of the pack that were accepted before.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    for stage in (_parts, _units, _values, lambda item: _listings(name, item, others)):
        if found := list(dict.fromkeys(stage(written)))[:_SHOWN]:
            return found
    return []


def _texts(statement: Statement) -> list[str]:
    return [statement.text, statement.zero, *(item.words for item in statement.levels)]


def _parts(written: WrittenLayout) -> Iterator[Fault]:
    """Yield the faults in the parts of a layout: axes, levels, forms and characters."""
    stated = Counter(statement.axis for statement in written.statements)
    for axis in sorted(stated.keys() - AXES.keys()):
        yield Fault(_WRONG, f"{axis!r} is no axis; axes: {', '.join(AXES)}")
    for axis in AXES:
        if stated[axis] != 1:
            yield Fault(_WRONG, f"{axis} is stated {stated[axis]} times; state each axis once")
    yield from _text_faults(written)
    for statement in written.statements:
        of_axis = AXES.get(statement.axis)
        if of_axis is not None:
            problems = _number_problems(statement) if of_axis.is_number else _level_problems(statement, of_axis)
            yield from (Fault(_WRONG, problem) for problem in problems)


def _text_faults(written: WrittenLayout) -> Iterator[Fault]:
    """Yield the texts that are too long, have characters that do not belong in a listing, or misplace a form."""
    frame = [written.before, written.after]
    frame += [text for line in written.lines for text in (line.before, line.between, line.after)]
    for text in [*frame, *(text for statement in written.statements for text in _texts(statement))]:
        if len(text) > MAX_TEXT:
            yield Fault(_WRONG, f"a text has {len(text):,} characters; at most {MAX_TEXT}")
        if _UNPRINTABLE.search(text):
            yield Fault(_WRONG, f"{text[:40]!r} has a control character")
        if _TOUCHING.search(text):
            yield Fault("number_changed", f"{text!r} has a digit next to a form, which changes its number")
    for text in frame:
        if places_in(text):
            yield Fault(_WRONG, f"{text!r} has a form outside of a statement")


def _number_problems(statement: Statement) -> Iterator[str]:
    """Yield what is wrong with the forms of a statement on an axis with numbers."""
    name = statement.axis
    places = places_in(statement.text)
    used = [place for place in places if place != NOUN or name != "coverage"]
    yield from _form_problems(name, used)
    if not used:
        yield f"the text of {name} has no form: its number is lost; forms: {', '.join(forms_to_write(name))}"
    if name == "coverage" and NOUN not in places:
        yield "the text of coverage does not say what is counted; put {noun} in it"
    if (name in ZERO_AXES) != bool(statement.zero.strip()):
        yield f"zero of {name} is {'missing' if name in ZERO_AXES else 'for price and retention only'}"
    if places_in(statement.zero):
        yield f"zero of {name} has a form, which 0 does not have"
    if statement.levels:
        yield f"{name} has numbers and no levels"


def _level_problems(statement: Statement, axis: Axis) -> Iterator[str]:
    """Yield what is wrong with the levels of a statement."""
    name, forms = axis.name, forms_to_write(axis.name)
    if places_in(statement.text) != [LEVEL]:
        yield f"the text of {name} must have {{level}} once, and no other form"
    if sorted(item.level for item in statement.levels) != sorted(axis.levels):
        yield f"levels of {name} must be each of these once: {', '.join(axis.levels)}"
    if statement.zero.strip():
        yield f"zero of {name} is for price and retention only"
    for item in statement.levels:
        if not item.words.strip():
            yield f"the words for {name} {item.level!r} are missing"
        if extra := [place for place in places_in(item.words) if place not in forms]:
            allowed = ", ".join(forms) or "none"
            yield f"the words for {name} {item.level!r} have the form {extra[0]!r}; allowed: {allowed}"


def _form_problems(axis: str, used: Sequence[str]) -> Iterator[str]:
    forms = forms_to_write(axis)
    for form in used:
        if form not in forms:
            yield f"{axis} has no form {form!r}; forms: {', '.join(forms)}"
        elif (needed := NEEDED.get(form)) and not set(needed) & set(used):
            yield f"the form {form!r} of {axis} needs one of these beside it: {', '.join(needed)}"


def _units(written: WrittenLayout) -> Iterator[Fault]:
    """Yield units that are not stated, and numbers that belong to no fact."""
    for line in written.lines:
        for statement in line.statements:
            yield from _unit_faults(line, statement)
    frame = plain("\n".join([written.before, written.after]))
    if numbers := other_numbers(frame, ()):
        yield Fault("fact_added", f"the beginning or end of the layout has the number {numbers[0]}, which no fact has")


def _unit_faults(line: LayoutLine, statement: Statement) -> Iterator[Fault]:
    axis = statement.axis
    if not AXES[axis].is_number:
        if numbers := other_numbers(plain(without_places([line.before, line.after])), ()):
            yield Fault("fact_added", f"the line of {axis} has the number {numbers[0]}, which no fact has")
        return
    text = plain(without_places([line.before, statement.text, line.after]))
    units = {form: unit_of(axis, form) for form in places_in(statement.text) if form != NOUN}
    for form, unit in units.items():
        for words in missing_words(unit, text):
            yield Fault("unit_changed", f"the text of {axis} has the form {form!r}, but does not state {words}")
    if numbers := other_numbers(text, units.values()):
        forms = ", ".join(units)
        yield Fault("fact_added", f"the text of {axis} has the number {numbers[0]}, which does not go with {forms}")
    if numbers := [number for number in other_numbers(plain(statement.zero), units.values()) if amount(number)]:
        yield Fault(
            "fact_added", f"zero of {axis} has the number {numbers[0]}; it states that nothing is charged or kept"
        )


def _values(written: WrittenLayout) -> Iterator[Fault]:
    """Yield facts that a reader of listings reads otherwise, or not at all."""
    for line in written.lines:
        for statement in line.statements:
            axis = AXES[statement.axis]
            try:
                alone = Layout("line", template_of(line_layout(line, statement)))
                wrong = _misread_number(alone, axis) if axis.is_number else _misread_level(alone, axis)
            except ConfigError as error:
                yield Fault("cannot_be_rendered", str(error.__cause__))
            else:
                yield from filter(None, [wrong])


def _misread_number(alone: Layout, axis: Axis) -> Fault | None:
    """Return the first value that no reading of its text gives back, in any unit, or None."""
    others = other_forms(axis.name)
    for value in axis_values(axis.name)[::_TRIED]:
        if value == 0:
            continue
        text = plain(alone.render({axis.name: value}, TODAY, NOUNS[0]))
        read = [*readings(axis.name, text), *(form(text) for form in others)]
        if not any(number is not None and is_read_right(axis, number, str(value)) for number in read):
            return Fault("number_changed", f"{axis.name} {value:g} {axis.unit} cannot be read from {text!r}")
    return None


def _misread_level(alone: Layout, axis: Axis) -> Fault | None:
    """Return the first level whose words are those of another one only, or None."""
    if axis.name not in _SURE_AXES:
        return None
    texts = {level: alone.render({axis.name: level}, TODAY, NOUNS[0]) for level in axis.levels}
    hits = {
        level: {other: level_hits(axis.name, other, texts[level].lower()) for other in axis.levels} for level in texts
    }
    common = {other: min(hits[level][other] for level in texts) for other in axis.levels}  # by words beside the level
    for level, text in texts.items():
        own = {other: hits[level][other] - common[other] for other in axis.levels}
        best = max(axis.levels, key=lambda other: own[other])
        if own[level] <= 0 < own[best]:
            return Fault("fact_changed", f"{axis.name} {level!r} reads as {best!r} in {text!r}")
    return None


def _listings(name: str, written: WrittenLayout, others: Sequence[Layout]) -> Iterator[Fault]:
    """Yield why the listings of a layout cannot be used in a pack."""
    try:
        layout = Layout(name, template_of(written))
    except ConfigError as error:
        yield Fault("cannot_be_rendered", str(error.__cause__))
        return
    problems = layout_problems(layout)
    yield from (Fault("not_a_layout", problem.partition(": ")[2].rstrip(".")) for problem in problems)
    if not problems:
        yield from (Fault("copy", problem) for copied, problem in copies([*others, layout]) if copied == name)
