"""Reading of the tool call in a reply: all syntaxes of `dialects.py`, and JSON in any notation.

Where a reply has several calls, the last of the strongest counts. A call on lines of its own is stronger than one in a
sentence, which may explain or reject it, and both are stronger than an object that only names a candidate.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from .answer_parts import answer_parts, plain
from .dialects import DIALECTS, Dialect, Tags
from .json_calls import CallReader, arguments_of, has_arguments
from .json_text import read_json
from .records import ParseFailure, ToolCall
from .spans import Scan, Span, scan, value_of

_MAX_CALLS: Final = 1_000
"""Maximum number of calls of a dialect, and of objects, that are tried, from the end of the text."""
_MAX_END: Final = 100_000
"""Maximum number of characters that are read from each end of a part, which has the call at its beginning or end."""
_MAX_TOKENS: Final = 5_000
"""Maximum number of brackets, quotes, commas and colons that are read from each end."""
_COUNTED: Final = "{}[]()\",:'"
_WINDOW: Final = 250
"""Number of characters around a call that are examined."""
_BLOCK_BEFORE: Final = re.compile(r"(?:\A|\n|[:>\]]|```\w*+)[\s*]*(?:\w{1,40} ?= ?)?(?:print\()?\Z")
_BLOCK_AFTER: Final = re.compile(r"[}\])`.,;*\s]*+")
_MARKED: Final = re.compile(r"[>\]]\s*(?:```\w*+\s*)?\Z")
_FENCE: Final = re.compile(r"```\w{0,20}\s*\Z")
_NOT_IN_NAMES: Final = dict.fromkeys(map(ord, "<>{}[]()\"'`*"), " ")
_IN_SENTENCE: Final = 1
_ON_ITS_OWN: Final = 2


class Reading(NamedTuple):
    """The call of a reply, and the syntax in which it is written."""

    call: ToolCall | ParseFailure
    dialect: str = ""
    """Name of the dialect; empty for JSON and Python objects."""


class _Found(NamedTuple):
    """A call, or a failure, at a position of the text."""

    start: int
    end: int
    reading: Reading
    strength: int
    """0 if only a name was read, `_IN_SENTENCE` or `_ON_ITS_OWN`."""
    in_unclosed: bool = False
    """True for a failure that is inside an object that is never closed."""

    @property
    def is_call(self) -> bool:
        call = self.reading.call
        return isinstance(call, ToolCall) or call.reason == "several_calls"


def read_reply(text: str, candidates: Collection[str] | None, *, exact_names: bool = False) -> Reading:
    """Read the tool call in a reply.

    Args:
        text: The reply, at most 1,000,000 characters.
        candidates: Names of the candidates; None if they are unknown. Then an object with a name is a call.
        exact_names: Return names in JSON objects as they are written, instead of the candidates' names.
    """
    reader = CallReader(candidates)
    reading = _of_parts(text, reader)
    if isinstance(reading.call, ParseFailure) and reading.call.reason in ("no_json_object", "malformed_json"):
        unescaped = _unescaped(text)
        other = _of_parts(unescaped, reader) if unescaped else reading
        reading = other if isinstance(other.call, ToolCall) else reading
    call, dialect = reading
    if isinstance(call, ParseFailure) or (exact_names and not dialect):
        return reading
    return Reading(ToolCall(reader.candidate(call.name) or call.name, call.arguments), dialect)


def _unescaped(text: str) -> str | None:
    """Return a reply that is JSON text within JSON text; None if it is not."""
    if text[0] == text[-1] == '"' and isinstance(value := read_json(text), str) and value.strip():
        return value.strip()
    return text.replace('\\"', '"') if '{\\"' in text else None


def _of_parts(text: str, reader: CallReader) -> Reading:
    """Read the call of the first part that has one: what follows a made-up turn of a user does not replace it."""
    parts = answer_parts(text)
    failure = None
    weakest = None
    for part in parts.texts:
        stripped = part.strip()
        if not stripped:
            continue
        found = _of_text(stripped, reader)
        if found.is_call and found.strength:
            return found.reading
        weakest = weakest or (found if found.is_call else None)
        failure = failure or found
    best = weakest or failure
    if best:
        return best.reading
    return Reading(ParseFailure("only_reasoning" if parts.reasoned else "no_json_object"))


def _of_text(text: str, reader: CallReader) -> _Found:
    """Return the strongest call of a text, or else the failure of the last object."""
    if text[0] == "{" and text[-1] == "}":
        value = read_json(text)
        if type(value) is dict:
            return _Found(0, len(text), _reading(reader, value), _ON_ITS_OWN)
    pieces = _pieces(text)
    best: _Found | None = None
    failure: _Found | None = None
    broken = False
    for piece in reversed(pieces):
        piece_reader = _TextReader(piece, reader)
        broken = broken or piece_reader.scan.broken
        for found in piece_reader.found():
            if found.is_call and (best is None or found.strength > best.strength):
                best = found
            if not found.is_call:
                failure = failure or found
            if best is not None and best.strength == _ON_ITS_OWN:
                return best
    if broken and (failure is None or failure.in_unclosed):
        failure = _Found(0, 0, Reading(ParseFailure("malformed_json")), 0)
    return best or failure or _Found(0, 0, Reading(ParseFailure("no_json_object")), 0)


def _reading(reader: CallReader, value: object) -> Reading:
    call = reader.read(value)
    return Reading(call, "name as key" if reader.by_key else "")


def _pieces(text: str) -> list[str]:
    """Return the text, or its two ends if it is too long, or has too many tokens, to be read in full."""
    if len(text) <= 2 * _MAX_END and _tokens(text) <= 2 * _MAX_TOKENS:
        return [text]
    head, tail = text[:_MAX_END], text[-_MAX_END:]
    while _tokens(head) > _MAX_TOKENS:
        head = head[: len(head) // 2]
    while _tokens(tail) > _MAX_TOKENS:
        tail = tail[len(tail) // 2 :]
    return [head, tail]


def _tokens(text: str) -> int:
    return sum(map(text.count, _COUNTED))


class _TextReader:
    """Reads the calls of a text."""

    def __init__(self, text: str, reader: CallReader) -> None:
        self._text = text
        self._plain = plain(text)
        self._reader = reader
        self.scan: Scan = scan(text, lambda name: reader.candidate(name) is not None)
        self._by_start = {span.start: span for span in self.scan.spans}
        self._taken: set[int] = set()
        """Starts of the spans that are arguments of a dialect."""
        self._regions: list[tuple[int, int]] = []
        """Starts and ends of calls whose parameters are tags."""

    def found(self) -> list[_Found]:
        """Return the calls and failures, the last one first."""
        found = [item for dialect in DIALECTS if dialect.opening for item in self._by_opening(dialect)]
        self._regions.sort()
        spans = sorted(self.scan.spans, key=lambda span: (-span.end, span.start))[:_MAX_CALLS]
        found += [item for span in spans if (item := self._by_span(span))]
        return sorted(found, key=lambda item: -item.end)

    def _by_opening(self, dialect: Dialect) -> Iterator[_Found]:
        """Return the calls of a dialect that begin with an opening."""
        if dialect.opening is None or not any(marker in self._plain for marker in dialect.markers):
            return
        openings = [*dialect.opening.finditer(self._plain)][-_MAX_CALLS:]
        limits = [*[opening.start() for opening in openings[1:]], len(self._text)][: len(openings)]
        for opening, limit in zip(openings, limits, strict=True):
            name = self._text[slice(*opening.span(opening.lastgroup or "name"))].strip()
            if dialect.arguments == "object":
                found = self._with_object(dialect, name, opening)
            elif dialect.tags:
                found = self._with_tags(dialect, name, opening, limit, dialect.tags)
            else:
                is_candidate = self._reader.candidate(name) is not None
                found = self._call(dialect.name, name, {}, opening.span()) if is_candidate else None
            if found:
                yield found

    def _with_object(self, dialect: Dialect, name: str, opening: re.Match[str]) -> _Found | None:
        span = self._by_start.get(opening.end())
        if opening.end() in self._taken:
            return None
        if span is None:
            failure = Reading(ParseFailure("malformed_json"), dialect.name)
            return _Found(opening.start(), opening.end(), failure, 0)
        self._taken.add(span.start)
        return self._call(dialect.name, name, value_of(self._text, span), (opening.start(), span.end))

    def _with_tags(self, dialect: Dialect, name: str, opening: re.Match[str], limit: int, tags: Tags) -> _Found | None:
        start, after = opening.span()
        if any(begin <= start < end for begin, end in self._regions[-1:]):
            return None
        end = tags.end.search(self._plain, after, limit)
        stop, until = end.span() if end else (limit, limit)
        parameters = [*tags.opening.finditer(self._plain, after, stop)][:_MAX_CALLS]
        limits = [*[parameter.start() for parameter in parameters[1:]], stop][: len(parameters)]
        arguments: dict[str, object] = {}
        for parameter, bound in zip(parameters, limits, strict=True):
            closing = tags.closing.search(self._plain, parameter.end(), bound)
            text = self._text[parameter.end() : closing.start() if closing else bound]
            key = self._text[slice(*parameter.span("key"))]
            arguments[key] = _tag_value(text, is_json=parameter.groupdict().get("string") == "false")
        if len(arguments) < len(parameters):
            return _Found(start, until, Reading(ParseFailure("duplicate_keys"), dialect.name), 0)
        self._regions.append((start, until))
        return self._call(dialect.name, name, arguments, (start, until))

    def _call(
        self, dialect: str, name: str, value: object, place: tuple[int, int], strength: int = _ON_ITS_OWN
    ) -> _Found:
        arguments = value if isinstance(value, ParseFailure) else arguments_of(value)
        call = arguments if isinstance(arguments, ParseFailure) else ToolCall(name, arguments)
        return _Found(*place, Reading(call, dialect), strength)

    def _by_span(self, span: Span) -> _Found | None:
        """Return the call or the failure of a span; None if it is part of another call."""
        region = bisect_right(self._regions, (span.start, len(self._text))) - 1
        if span.start in self._taken or (region >= 0 and span.start < self._regions[region][1]):
            return None
        value = value_of(self._text, span)
        if self._text[span.start] == "{" and not span.has_calls:
            named = self._named(span, value)
            if named:
                return named
        reading = _reading(self._reader, value) if not isinstance(value, ParseFailure) else Reading(value)
        call = reading.call
        if span.has_calls:
            reading = Reading(call, self._python_dialect())
        if isinstance(call, ParseFailure) and (
            span.repaired or isinstance(value, list) or self._text[span.start] == "["
        ):
            return _Found(span.start, span.end, reading, _ON_ITS_OWN) if call.reason == "several_calls" else None
        complete = span.has_calls or reading.dialect != "" or _is_complete(value)
        if (span.repaired or span.in_unclosed) and not complete:
            failure = Reading(ParseFailure("no_tool_name"))
            return None if span.repaired else _Found(span.start, span.end, failure, 0, in_unclosed=True)
        name = call.name if isinstance(call, ToolCall) else ""
        strength = self._strength(name, span.start, span.end) if complete else 0
        return _Found(span.start, span.end, reading, strength)

    def _named(self, span: Span, value: object) -> _Found | None:
        """Return the call of an object that follows the name of a candidate."""
        before = self._text[max(0, span.start - _WINDOW) : span.start]
        if "```" in before[-24:]:
            before = _FENCE.sub("", before)
        before = before.rstrip().rstrip("*`").translate(_NOT_IN_NAMES)
        name = before[before.rfind(" ") + 1 :].split()[-1:]
        if not name or not before.endswith(name[0]) or self._reader.candidate(name[0]) is None:
            return None
        start = self._text.rfind(name[0], 0, span.start)
        return self._call("name and JSON", name[0], value, (start, span.end), self._strength(name[0], start, span.end))

    def _python_dialect(self) -> str:
        """Return the name of the first dialect of calls in Python whose marker is in the text."""
        return next(
            dialect.name
            for dialect in DIALECTS
            if dialect.arguments == "call" and any(marker in self._plain for marker in dialect.markers)
        )

    def _strength(self, name: str, start: int, end: int) -> int:
        """Return the strength of a call with arguments, by the text around it."""
        before = self._text[max(0, start - _WINDOW) : start]
        after = self._text[end : end + _WINDOW]
        closed = _BLOCK_AFTER.match(after)
        rest = closed.end() if closed else 0
        alone = rest == len(after) or "\n" in after[:rest] or after[rest] in "<["
        if not (alone and _BLOCK_BEFORE.search(before)):
            return _IN_SENTENCE
        known = self._reader.candidate(name) is not None or not self._reader.has_candidates
        return _ON_ITS_OWN if known or _MARKED.search(before) else _IN_SENTENCE


def _tag_value(text: str, *, is_json: bool) -> object:
    """Return the value of a parameter without the line breaks next to its tags."""
    if is_json:
        value = read_json(text)
        return text if isinstance(value, ParseFailure) else value
    return text.removeprefix("\n").removesuffix("\n")


def _is_complete(value: object, depth: int = 0) -> bool:
    """Return True if a value is or wraps an object with arguments."""
    if has_arguments(value):
        return True
    if isinstance(value, dict) and depth < 8:
        return any(_is_complete(inner, depth + 1) for inner in value.values())
    return isinstance(value, list) and depth < 8 and any(_is_complete(inner, depth + 1) for inner in value)
