"""Objects, lists and calls in the text of a reply, found in one pass and brought to JSON.

The notations of JSON, Python, JavaScript and Gemma are accepted in any mixture: single and double quotes, keys without
quotes, `True` and `None`, trailing commas, and calls such as `f(city="Oslo")`, which become
`{"name": "f", "arguments": {"city": "Oslo"}}`. Doubled braces are read as single ones, a lost bracket is inserted
before the one that closes its parent, and an object whose last bracket is missing is reported, whatever follows it.

The time is linear in the number of tokens: brackets open levels on a stack, and a token that fits no notation drops
them all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .json_text import read_json
from .records import ParseFailure

_NAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-\\"
_MAX_NAME: Final = 200
_RESCANNED: Final = 50_000
"""Maximum number of characters that are read again because a quote in prose was mistaken for the start of a string."""
_MAX_VALUE: Final = 20_000
"""Maximum number of characters of a value that is read in another notation than JSON."""
_START: Final = re.compile(r"[{\[(]")
_SPACE: Final = re.compile(r"\s*+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
# The group in `single` is not possessive: Python before 3.11.5 matches such groups wrongly if they backtrack inside.
_TOKEN: Final = re.compile(
    r"""(?P<open>[{\[])|(?P<close>[}\])])|(?P<comma>,)|(?P<colon>[:=])"""
    r"""|(?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")"""
    r"""|(?P<single>'[^'\\]*+(?:(?:\\.|'(?!\s*+[,:=}\])]))[^'\\]*+)*'(?=\s*+[,:=}\])]))"""
    r"""|(?P<gemma><\|"\|>.*?<\|"\|>|<escape>.*?<escape>)"""
    r"""|(?P<number>[+-]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?(?![\w.])|-?(?:NaN|Infinity)\b)"""
    r"""|(?P<word>(?:true|false|null|True|False|None)\b(?!\s*[:=(]))"""
    r"""|(?P<bare>[A-Za-z_$][\w$.\\-]*+)""",
    re.DOTALL,
)
_CLOSED: Final = {"{": "}", "[": "]", "(": ")"}
_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_QUOTES: Final = frozenset("\"'")
_PUNCTUATION: Final = ("comma", "colon")
_STRINGS: Final = ("double", "single", "gemma")
_ESCAPE: Final = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|(.))|\"""", re.DOTALL)


class Span(NamedTuple):
    """Position of an object, list or call in the text, and its value as JSON."""

    start: int
    end: int
    normal: str
    """The value in JSON notation; not valid if the text is not."""
    repaired: bool
    """True if its last bracket is missing."""
    in_unclosed: bool
    """True if it is inside an object that is never closed, which may be a truncated call."""
    has_calls: bool
    """True if it is or contains a call in the notation of Python."""


class Scan(NamedTuple):
    """Result of a scan."""

    spans: list[Span]
    """The outermost spans, in the order of their ends."""
    broken: bool
    """True if the text contains an object that is not written in any of the notations."""


class _Level:
    """An open bracket."""

    __slots__ = ("bracket", "doubled", "end", "expected", "has_calls", "is_object", "keyed", "piece", "start")

    def __init__(self, bracket: str, start: int, piece: int, expected: str) -> None:
        self.bracket = bracket
        self.start = start
        self.piece = piece
        """Index of the first piece of JSON."""
        self.expected = expected
        """What may follow: `k` a key, `:` a colon, `v` a value, `,` a comma or the end."""
        self.is_object = bracket == "{" or (bracket == "(" and expected == "k")
        self.doubled = False
        self.keyed = False
        """True if a key with a colon was read."""
        self.has_calls = bracket == "("
        self.end = start
        """End of the last value."""


class _Found(NamedTuple):
    """A closed level, until its parent is closed."""

    start: int
    end: int
    pieces: slice
    repaired: bool
    has_calls: bool


class _Scanner:
    """State of a scan. `pieces` is the JSON of everything that was read, so that a level is a slice of it."""

    def __init__(self, text: str, is_callable: Callable[[str], bool]) -> None:
        self._text = text
        self._is_callable = is_callable
        self._position = 0
        self._levels: list[_Level] = []
        self._pieces: list[str] = []
        self._found: list[_Found] = []
        self._retry: int | None = None
        """Position of the first bracket in a string of the open levels."""
        self._budget = min(_RESCANNED, 4 * len(text))
        self._unclosed = dict.fromkeys(_QUOTES, len(text))
        """Position, by quote, from which on no string is closed."""
        self._first_dropped = len(text)
        """Start of the first object that is not closed."""
        self.broken = False

    def run(self) -> list[Span]:
        while self._levels or self._enter():
            level = self._levels[-1]
            position = _end_of(_SPACE, self._text, self._position)
            if not self._read(position, level):
                self._drop(position)
        found = {(item.start, item.end): item for item in self._found}
        return [
            Span(
                item.start,
                item.end,
                "".join(self._pieces[item.pieces]),
                repaired=item.repaired,
                in_unclosed=item.start > self._first_dropped,
                has_calls=item.has_calls,
            )
            for item in found.values()
        ]

    def _enter(self) -> bool:
        """Open the next bracket in prose; return False at the end of the text."""
        while start := _START.search(self._text, self._position):
            at = start.start()
            self._position = at + 1
            if start[0] != "(":
                self._open(start[0], at)
                return True
            before = self._text[max(0, at - _MAX_NAME) : at]
            name = before[len(before.rstrip(_NAME_CHARACTERS)) :].lstrip(".-")
            if name and self._is_callable(name):
                self._open_call(name, at - len(name))
                return True
        return False

    def _open(self, bracket: str, at: int) -> None:
        level = _Level(bracket, at, len(self._pieces), "k" if bracket == "{" else "v")
        self._pieces.append(bracket)
        self._levels.append(level)
        if bracket == "{" and self._text.startswith("{", self._position):
            level.doubled = True
            self._position += 1

    def _open_call(self, name: str, at: int) -> None:
        """Open a call; the position is after its parenthesis. Its arguments may be a single object."""
        argument = _end_of(_SPACE, self._text, self._position)
        if self._text.startswith("**{", argument):
            argument += 2
        is_object = self._text.startswith("{", argument)
        self._position = argument
        self._levels.append(_Level("(", at, len(self._pieces), "v" if is_object else "k"))
        self._pieces.append(f'{{"name":{json.dumps(name)},"arguments":{"" if is_object else "{"}')

    def _read(self, position: int, level: _Level) -> bool:
        """Read the token at a position; return False if it does not fit."""
        quote = self._text[position : position + 1]
        if quote in _QUOTES and position >= self._unclosed[quote]:
            return False
        token = _TOKEN.match(self._text, position)
        if token is None:
            if quote in _QUOTES:
                self._unclosed[quote] = position
            return False
        kind = token.lastgroup or ""
        if kind == "close":
            return self._close(token[0], position)
        if kind in _PUNCTUATION or level.expected == "k":
            read = self._read_punctuation if kind in _PUNCTUATION else self._read_key
            fits = read(token, level)
            self._position = token.end() if fits else self._position
            return fits
        is_argument = level.bracket == "(" and not level.is_object
        return level.expected == "v" and (kind == "open" or not is_argument) and self._read_value(token, level)

    def _read_punctuation(self, token: re.Match[str], level: _Level) -> bool:
        if token.lastgroup == "comma":
            fits = level.expected == ","
            after = "k" if level.is_object else "v"
        else:
            fits = level.expected == ":" and (token[0] == ":" or level.bracket == "(")
            after = "v"
            level.keyed = level.keyed or fits
        if fits:
            level.expected = after
            self._pieces.append("," if token.lastgroup == "comma" else ":")
        return fits

    def _read_key(self, token: re.Match[str], level: _Level) -> bool:
        kind = token.lastgroup or ""
        if kind in ("bare", "word"):
            key = json.dumps(token[0].replace("\\", ""))
        elif kind in _STRINGS:
            key = self._string(token)
        else:
            return False
        self._pieces.append(key)
        level.expected = ":"
        return True

    def _read_value(self, token: re.Match[str], level: _Level) -> bool:
        kind, at = token.lastgroup or "", token.start()
        is_call = kind == "bare" and level.bracket == "[" and self._text.startswith("(", token.end())
        if kind == "bare" and not is_call:
            return False
        level.expected = ","
        self._position = token.end() + is_call
        if kind == "open":
            self._open(token[0], at)
        elif is_call:
            self._open_call(token[0], at)
        else:
            self._pieces.append(_NORMAL[kind](token[0]) if kind in _NORMAL else self._string(token))
            level.end = token.end()
        return True

    def _string(self, token: re.Match[str]) -> str:
        """Return a string in JSON, and remember the first bracket in it, in case that its quote was in prose."""
        text = token[0]
        if self._retry is None and (bracket := _START.search(text)):
            self._retry = token.start() + bracket.start()
        if token.lastgroup == "double" and "\\" not in text:
            return text
        if token.lastgroup == "gemma":
            width = text.index(">") + 1
            return json.dumps(text[width:-width], ensure_ascii=False)
        return '"' + _ESCAPE.sub(_json_escape, text[1:-1]) + '"'

    def _close(self, bracket: str, at: int) -> bool:
        """Close the innermost level; if its own bracket was lost, close it and its parent."""
        level = self._levels[-1]
        if level.expected == ":" or (level.expected == "v" and level.bracket != "["):
            return False
        lost = _CLOSED[level.bracket] != bracket
        if lost and (len(self._levels) < 2 or _CLOSED[self._levels[-2].bracket] != bracket):
            return False
        self._position = at + 1
        if lost:
            self._finish(at)
        elif level.doubled and self._text.startswith("}", self._position):
            self._position += 1
        self._finish(self._position)
        return True

    def _finish(self, end: int) -> None:
        """Remove the innermost level and report it, in place of everything inside it."""
        level = self._levels.pop()
        if self._pieces[-1] == ",":
            self._pieces[-1] = ""
        self._pieces.append(_closing(level))
        while self._found and self._found[-1].start > level.start:
            self._found.pop()
        self._report(level, end, repaired=False)
        if self._levels:
            parent = self._levels[-1]
            parent.end = end
            parent.has_calls = parent.has_calls or level.has_calls
        else:
            self._retry = None

    def _report(self, level: _Level, end: int, *, repaired: bool) -> None:
        pieces = slice(level.piece, len(self._pieces))
        self._found.append(_Found(level.start, end, pieces, repaired, level.has_calls))

    def _drop(self, at: int) -> None:
        """Drop all levels, because the token at a position does not fit, and continue there."""
        quoted = [level.start for level in self._levels if self._opens_with_quote(level)]
        if quoted:
            self._first_dropped = min(self._first_dropped, quoted[0])
        if quoted or any(level.keyed for level in self._levels):
            is_cut = at >= self._unclosed.get(self._text[at : at + 1], len(self._text))
            self.broken = self.broken or not is_cut
        level = self._levels[-1]
        if level.is_object and level.keyed and level.expected == ",":
            self._pieces.append(_closing(level))
            self._report(level, level.end, repaired=True)
        self._levels.clear()
        self._position = at
        if self._retry is not None and self._budget >= at - self._retry:
            self._budget -= at - self._retry
            self._position = self._retry
        self._retry = None

    def _opens_with_quote(self, level: _Level) -> bool:
        """Return True if a level is an object, and not a brace in prose."""
        first = self._text[level.start + 1 : level.start + 20].lstrip("{ \n\r\t")[:1]
        return level.bracket == "{" and first != "" and first in "\"'“”„"


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return the end of the match of a pattern that matches everywhere."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _closing(level: _Level) -> str:
    if level.bracket == "(":
        return "}}" if level.is_object else "}"
    return _CLOSED[level.bracket]


def _json_number(text: str) -> str:
    """Return a number in JSON; unchanged if it has leading zeros, which may be significant."""
    if _NUMBER.fullmatch(text) or text.lstrip("-").isalpha():
        return text
    whole, dot, rest = text.replace("_", "").lstrip("+").partition(".")
    return f"{whole if whole.strip('-') else whole + '0'}{dot}{rest if rest[:1].isdigit() or not dot else '0' + rest}"


_NORMAL: Final[dict[str, Callable[[str], str]]] = {
    "number": _json_number,
    "word": lambda text: _WORDS.get(text, text),
}


def _json_escape(token: re.Match[str]) -> str:
    byte, point, char = token.groups()
    if byte or point:
        return json.dumps(chr(int(byte or point, 16)))[1:-1]
    if char is None:
        return '\\"'
    if char in '"\\/bfnrtu':
        return f"\\{char}"
    # A letter keeps its backslash, as in Python; before any other character, it is an escape of Markdown.
    return f"\\\\{char}" if char.isalnum() else char


def scan(text: str, is_callable: Callable[[str], bool]) -> Scan:
    """Find the objects, lists and calls in a text.

    Args:
        text: The text.
        is_callable: Function that returns True for a name that a call in prose may have; in a list, any name may.
    """
    scanner = _Scanner(text, is_callable)
    spans = scanner.run()
    return Scan(spans, scanner.broken)


def read_value(text: str) -> Any:
    """Read a value in JSON, or else in any other of the notations; a `ParseFailure` if it is not written in one.

    A text of more than `_MAX_VALUE` characters is read as JSON alone.
    """
    value = read_json(text)
    is_malformed = isinstance(value, ParseFailure) and value.reason == "malformed_json"
    if not is_malformed or len(text) > _MAX_VALUE:
        return value
    stripped = text.strip()
    spans = scan(stripped, lambda _: False).spans
    whole = spans[0] if len(spans) == 1 else None
    if whole and (whole.start, whole.end) == (0, len(stripped)) and not (whole.has_calls or whole.repaired):
        return read_json(whole.normal)
    return value


def value_of(text: str, span: Span) -> Any:
    """Return the value of a span; a `ParseFailure` if it cannot be read."""
    value = ParseFailure("malformed_json") if span.repaired else read_json(text[span.start : span.end])
    if isinstance(value, ParseFailure) and value.reason == "malformed_json":
        return read_json(span.normal)
    return value
