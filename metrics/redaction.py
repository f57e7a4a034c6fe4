"""Removal of credentials from texts that are printed or stored: known keys in any encoding, and what looks like a key.

Servers repeat the key of a request in errors and replies: as it is, in capitals, percent-encoded, in Base64, masked, or
broken into lines. All packages use this module, which needs only the standard library.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

REMOVED: Final = "[key removed]"
"""Text that replaces a credential."""
_SHORTEST: Final = 8
"""Minimum number of letters and digits of a key, or of a part of it, that is found in any encoding."""
_LONGEST_WORD: Final = 16
"""Number of letters from which a key of letters alone is no word of a language."""
_SECRET: Final = re.compile(
    r"""(?:bearer|basic)\s+[\w.~+/=*-]{6,}"""
    r"""|(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|hf|xai|nvapi|fw|r8|csk|pplx|glpat|ghp|key)[-_][\w.*-]{6,}"""
    r"""|AIza[\w*-]{8,}|(?<![\w-])eyJ[\w-]{8,}\.[\w.-]+"""
    r"""|(?:api[-_ ]?key|(?:access|auth|api)[-_ ]?token|authorization|secret|password)["']?\s*[:=]\s*["']?"""
    r"""[^\s"',;&}]{6,}""",
    re.IGNORECASE,
)
"""Keys in the forms of common providers, and values that are called a key."""
_SURE: Final = re.compile(
    r"""\b(?:bearer|basic)\s+(?=[\w.~+/=*-]*\d)[\w.~+/=*-]{12,}"""
    r"""|(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{20,}|(?:sk|gsk|ghp|glpat|xai)[-_][A-Za-z0-9_-]{20,})""",
    re.IGNORECASE,
)
"""Keys that no ordinary text and no path resembles, for our own messages."""
_IN_URL: Final = re.compile(
    r"""(?<=://)[^\s/?#"'<>]{1,512}(?=@)"""
    r"""|(?<=%3A%2F%2F)(?:(?!%40|%2F)[\w%.~!*-]){1,512}(?=%40)"""
    r"""|(?<=[?&;])((?:api|access|auth|subscription)?[-_]?(?:key|token|secret|password|signature|sig))"""
    r"""(?:=|%3D)[^\s&#"'<>;]+""",
    re.IGNORECASE,
)
"""User name and password of a URL, and parameters of its query that hold a key."""
_IN_COMMAND: Final = re.compile(
    r"""(?<![\w-])(--?[\w-]*(?:key|token|secret|password|auth)[\w-]*(?:\s+|=)|"""
    r"""\b\w*(?:KEY|TOKEN|SECRET|PASSWORD)\w*=)("[^"]*"|'[^']*'|[^\s"']+)"""
)
"""Options and variables of a command line that hold a key: their name, and the value."""
_WORD: Final = re.compile(r"[\w.*-]+")
_MASK: Final = "***"
"""Part of a word that is a masked key."""
_HEX: Final = "([0-9A-Fa-f]{2})"
_ESCAPE: Final = re.compile(rf"%(?:25)*{_HEX}|\\+u00{_HEX}|\\+x{_HEX}|&#[xX]0*{_HEX};?|&#0*([0-9]{{2,3}});?")
"""Characters that are percent-encoded, perhaps repeatedly, or escaped as in JSON, Python or HTML."""
_LINE_BREAK: Final = re.compile(r"\\+[nrt]")
"""Escaped line breaks and tabs."""
_VARIABLE: Final = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
"""Names of environment variables that hold a credential."""


def without_keys(text: str, *keys: str | None) -> str:
    """Return a text without API keys, also encoded, broken into lines, cut or masked, or what looks like a key.

    Args:
        text: Text from a server.
        keys: API keys that the requests contained; None is ignored.
    """
    for key in filter(None, keys):
        text = _without_key(text, key, _SHORTEST)
    return _WORD.sub(_without_mask, _SECRET.sub(REMOVED, _IN_URL.sub(REMOVED, text)))


def redacted(value: Any, *keys: str | None) -> Any:
    """Remove API keys from the strings and member names of a decoded JSON value. Everything else in it is kept.

    A key is removed only where it is complete. A key that is an ordinary word, such as `ollama`, is kept, since a
    model's reply may contain the word.

    Args:
        value: The value. Its lists and objects are modified.
        keys: API keys that the requests contained; None is ignored.

    Returns:
        The value; a new one if it is a text.
    """
    distinct = [key for key in keys if key and is_distinct(key)]
    root = [value]
    remaining: list[Any] = [root] if distinct else []
    while remaining:  # not recursive, since a server may nest its reply deeply
        container = remaining.pop()
        for place, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(item, str):
                container[place] = _without_all(item, distinct)
            elif isinstance(item, list | dict):
                remaining.append(item)
            if isinstance(place, str) and (name := _without_all(place, distinct)) != place:
                container[name] = container.pop(place)
    return root[0]


def _without_all(text: str, keys: list[str]) -> str:
    for key in keys:
        text = _without_key(text, key, None)
    return text


def without_credentials(text: str, environment: Mapping[str, str]) -> str:
    """Return a message of our own without credentials: values of secret variables, passwords in URLs, and API keys.

    Args:
        text: The message.
        environment: Environment variables; see `secret_variables`.
    """
    text = _without_all(text, secret_variables(environment))
    return _SURE.sub(REMOVED, _IN_URL.sub(REMOVED, text))


def secret_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the values of the environment variables that are named like a credential, such as `HF_TOKEN`."""
    return [
        value.strip()
        for name, value in sorted(environment.items())
        if _VARIABLE.search(name) and is_distinct(value.strip())
    ]


def without_secret_options(command: str) -> str:
    """Return a command line without the values of options and variables that hold a key."""
    return _IN_URL.sub(REMOVED, _IN_COMMAND.sub(lambda found: found[1] + REMOVED, command))


def secret_options(command: str) -> tuple[str, ...]:
    """Return the values of options and variables of a command line that hold a key."""
    return tuple(value.strip("\"'") for _, value in _IN_COMMAND.findall(command))


def is_distinct(key: str) -> bool:
    """Return True if a key is unlike any word, so that a text that contains it repeats the key."""
    return len(_letters(key)) >= _SHORTEST and (not key.isalpha() or len(key) >= _LONGEST_WORD)


def contains(text: str, key: str) -> bool:
    """Return True if a text contains a key, in any encoding."""
    return _without_key(text, key, None) != text


def _without_key(text: str, key: str, least: int | None) -> str:
    """Remove a key, and every part of it of at least a number of letters and digits; None for the whole key only."""
    if len(_letters(key)) < _SHORTEST:  # may be a part of a word
        forms = "|".join(
            re.escape(form) for form in (key, quote(key, safe=""), base64.b64encode(key.encode()).decode())
        )
        return re.sub(rf"(?<!\w)(?:{forms})(?!\w)", REMOVED, text)
    wanted = _parts(key, least)
    if any(part in variant for variant in _variants(text) for part in wanted):
        return _cut(text, list(_spans(text, wanted)))
    return text


@lru_cache(maxsize=16)
def _parts(key: str, least: int | None) -> tuple[str, ...]:
    """Return the letters and digits of a key in each encoding, divided into all parts of a length."""
    return tuple(dict.fromkeys(part for form in _forms(key) for part in _windows(form, least)))


def _windows(form: str, least: int | None) -> Iterator[str]:
    length = len(form) if least is None else min(least, len(form))
    yield from (form[start : start + length] for start in range(len(form) - length + 1))


def _forms(key: str) -> Iterator[str]:
    """Yield the letters and digits of a key as it is, in hexadecimal, and in Base64 within any other text."""
    yield _letters(key)
    yield key.encode().hex()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + key.encode()).decode()
        # The first and last digits also depend on the text around the key.
        inner = _letters(coded[(0, 2, 3)[shift] : len(coded) - (4 if (len(key) + shift) % 3 else 0)])
        if len(inner) >= _SHORTEST:
            yield inner


def _letters(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return "".join(filter(str.isalnum, text)).lower()


_NEITHER: Final = re.compile(r"[\W_]+")
_ASCII_LETTERS: Final = {code: None if not chr(code).isalnum() else chr(code).lower() for code in range(128)}
"""Translation of ASCII characters: letters and digits in lower case, and nothing else."""


def _variants(text: str) -> Iterator[str]:
    """Yield the letters and digits of a text, as it is and with its escapes resolved."""
    yield _flat(text)
    has_backslash = "\\" in text
    if has_backslash or "%" in text or "&#" in text:
        yield _flat(_ESCAPE.sub(_resolved, text))
        if has_backslash:
            yield _flat(_ESCAPE.sub(_resolved, _LINE_BREAK.sub("", text)))


def _flat(text: str) -> str:
    return text.translate(_ASCII_LETTERS) if text.isascii() else _NEITHER.sub("", text).lower()


def _resolved(escape: re.Match[str]) -> str:
    coded = next(filter(None, escape.groups()))
    return chr(int(coded) if escape[5] else int(coded, 16))


def _spans(text: str, wanted: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield the places of all parts of a key in a text."""
    for pattern in _READINGS:
        letters, places = [], []
        for found in pattern.finditer(text):
            letter = _resolved(found) if any(found.groups()) else found[0]
            if letter.isalnum() and len(letter.lower()) == 1:
                letters.append(letter.lower())
                places.append(found.span())
        flat = "".join(letters)
        for part in wanted:
            start = flat.find(part)
            while start >= 0:
                yield places[start][0], places[start + len(part) - 1][1]
                start = flat.find(part, start + 1)


_READINGS: Final = (
    re.compile(r"[^\W_]"),
    re.compile(rf"{_ESCAPE.pattern}|[^\W_]"),
    re.compile(rf"{_LINE_BREAK.pattern}|{_ESCAPE.pattern}|[^\W_]"),
)
"""Patterns of one letter each: as it is, with escapes, and with escaped line breaks left out."""


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace overlapping and adjacent spans of a text by one mark each."""
    parts: list[str] = []
    end = 0
    for first, last in sorted(spans):
        if first > end or not parts:
            parts += [text[end:first], REMOVED]
        end = max(end, last)
    return "".join([*parts, text[end:]])


def _without_mask(word: re.Match[str]) -> str:
    """Return a word, unless it is a masked key, such as `abcd****wxyz`."""
    is_masked = _MASK in word[0] and any(map(str.isalnum, word[0]))
    return REMOVED if is_masked else word[0]
