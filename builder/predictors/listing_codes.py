"""Codes and tables: lines of a listing whose meaning stands elsewhere, rewritten so that each says what it states."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_ENTRY: Final = re.compile(
    r"(?:^|[(\[{,;./|]|\bor|\band|\s)\s*[\"'(]?([a-z0-9*+#~^!§†‡°-]{1,4}|[^\w\s,;:()|/.]{1,3})[\"')]?"
    r"\s*(?::|=|\u2013|\u2014|->|→|\bmeans\b|\bfor\b|\bis\b)\s*(?=[^\s:=])"
)
_GROUP: Final = re.compile(r"[(\[{]([^()\[\]{}]*(?:\([^()]*\)[^()\[\]{}]*)*)[)\]}]")
_DEFINITION: Final = re.compile(
    r"^\W*([a-z]{0,8}\W?\d{1,3}|[a-z]{1,3}|[ivx]{1,4}|\W)[.)]?\s*(?::|=|->|→|\s[\u2013\u2014-]\s|\smeans\s)\s*(.+)$"
)
_CELLS: Final = tuple(
    re.compile(pattern) for pattern in (r"\s*\|\s*", r"\t+|\s{3,}", r"\s+/\s+", r"\s*;\s+", r",\s+", r"\s+")
)
_PAIR: Final = re.compile(r"([a-z][\w.-]{0,15})[:=/](\S+)")
_ABOUT: Final = re.compile(r"^\W*([a-z][\w.-]{0,15})\W?\s+(?:[:=\u2013\u2014-]\s+)?(.+)$")
_LISTED: Final = re.compile(r"(\w{1,2})[ )] ?([^\W\d][^,;]*)")
_LEAST_NUMBERS: Final = 2
_LEAST_ENTRIES: Final = 2


def plain_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines of a listing, in small letters, without codes and with the description beside each value."""
    return _without_legends([*_with_rows([*_with_heads([*_with_strips(lines)])])])


def _with_rows(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines; what two lines list in the same order becomes lines of one word with its value."""
    rows = [_row(line) for line in lines]
    skipped = -1
    for place, line in enumerate(lines):
        one, other = rows[place], rows[place + 1] if place + 1 < len(lines) else []
        if place == skipped:
            continue
        counts = sorted((_numeric(one), _numeric(other)))
        if len(one) != len(other) or counts[0] or counts[1] < max(_LEAST_NUMBERS, len(one) / 2):
            yield line
            continue
        skipped = place + 1
        words, values = (other, one) if _numeric(one) > _numeric(other) else (one, other)
        yield from (f"{word}: {value}" for word, value in zip(words, values, strict=True))


def _row(line: str) -> list[str]:
    """Return what a line lists after its label."""
    listed = re.sub(r"^[^:;|]{0,60}:\s+", "", line)
    separator = ";" if ";" in listed else "|"
    return [cell.strip(" .") for cell in listed.split(separator)] if separator in listed else []


def _numeric(cells: Sequence[str]) -> int:
    return sum(re.fullmatch(r"[\d.,]+", cell) is not None for cell in cells)


def _with_strips(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines; names with values, all in one line, become lines with what another line says of the name."""
    strips = {place: found for place, line in enumerate(lines) if (found := _strip(line))}
    names = {name for found in strips.values() for name, _ in found}
    about = {
        match.group(1): (place, match.group(2))
        for place, line in enumerate(lines)
        if place not in strips and (match := _ABOUT.match(line)) is not None and match.group(1) in names
    }
    for place, line in enumerate(lines):
        if place not in strips or not about:
            if not any(place == at for at, _ in about.values()):
                yield line
            continue
        for name, value in strips[place]:
            meaning = about.get(name, (0, ""))[1]
            legend = legend_of(meaning)
            yield f"{name}: {legend[value]}" if value in legend else f"{name} {meaning}: {value}"


def _strip(line: str) -> list[tuple[str, str]]:
    """Return the names and values of a line that has nothing else; none if it is no such line."""
    tokens = [token for token in re.split(r"[\s,;|]+", re.sub(r"(?<=\d),(?=\d{3})", "", line)) if token]
    found = [match.groups() for token in tokens if (match := _PAIR.fullmatch(token)) is not None]
    return [(name, value) for name, value in found] if len(found) == len(tokens) >= _LEAST_ENTRIES else []


def _cells(line: str) -> Iterator[list[str]]:
    """Yield the cells of a line for each separator that could be meant."""
    stripped = line.strip().strip("|").strip()
    for separator in _CELLS:
        yield separator.split(stripped)


def _with_heads(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines; values whose codes stand in another line get the description of their code."""
    defined = {
        match.group(1): (place, match.group(2).strip())
        for place, line in enumerate(lines)
        if (match := _DEFINITION.match(line)) is not None
    }
    used: set[int] = set()
    for place, line in enumerate(lines):
        codes = next((cells for cells in _cells(line) if all(cell in defined for cell in cells)), None)
        if codes is None or any(place == at for at, _ in defined.values()):
            continue
        rows = ((at, row) for at in (place + 1, place - 1) for row in _values(lines, at, len(codes)))
        found = next(rows, None)
        if found is not None:
            used |= {place, found[0], *(defined[code][0] for code in codes)}
            yield from (f"{defined[code][1]}: {value}" for code, value in zip(codes, found[1], strict=True))
    yield from (line for place, line in enumerate(lines) if place not in used)


def _values(lines: Sequence[str], place: int, size: int) -> Iterator[list[str]]:
    """Yield the cells of a line if it has so many, at least one of them with a digit."""
    if 0 <= place < len(lines):
        yield from (
            cells
            for cells in _cells(lines[place])
            if len(cells) == size and any(re.search(r"\d|zero|one|t[wh]", cell) for cell in cells)
        )


def legend_of(text: str) -> Mapping[str, str]:
    """Return the meaning of each code of a legend, such as `A: key only, B: account`; none if it is no legend."""
    found = list(_ENTRY.finditer(text))
    if len(found) < _LEAST_ENTRIES or len({match.group(1) for match in found}) < len(found):
        return {}
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {
        match.group(1): text[match.end() : end].strip(" ,;.()[]|/\"'") for match, end in zip(found, ends, strict=True)
    }


def _without_legends(lines: Sequence[str]) -> list[str]:
    """Return lines with each code replaced by what the legend in its line, or in another line, says."""
    explained = [_explained(line) for line in lines]
    apart = {
        place: legend
        for place, line in enumerate(lines)
        if explained[place] is None and not re.search(r"\b(?:is|for|means)\b", line) and (legend := legend_of(line))
    }
    meaning = {code: text for legend in apart.values() for code, text in legend.items()}
    owners = Counter(code for legend in apart.values() for code in legend)
    plain = []
    for place, line in enumerate(lines):
        inside = explained[place]
        code = None if inside or place in apart else _code(line, meaning)
        if code is not None and (code.end() < len(line.rstrip(" .,;|")) or code.group().isdigit()):
            code = None
        if inside is not None:
            plain.append(inside)
        elif code is not None and owners[code.group()] == 1:
            plain.append(f"{line[: code.start()]} {meaning[code.group()]} {line[code.end() :]}")
        else:
            plain.append(line)
    return plain


def _explained(line: str) -> str | None:
    """Return a line with its code replaced by what the legend in brackets says; None without one."""
    for group in _GROUP.finditer(line):
        outside = f"{line[: group.start()]} {line[group.end() :]}"
        legend = legend_of(group.group(1)) or _listed(group.group(1))
        code = _code(outside, legend)
        if code is not None:
            plain = f"{outside[: code.start()]} {legend[code.group()]} {outside[code.end() :]}"
            return re.sub(" +(?=[ :])", "", plain).strip()
    return None


def _listed(text: str) -> Mapping[str, str]:
    """Return the meaning of each code of a legend without signs, such as `1 key, 2 account`."""
    found = [_LISTED.fullmatch(entry.strip()) for entry in re.split("[,;]", text)]
    entries = [(match.group(1), match.group(2)) for match in found if match is not None]
    return dict(entries) if len(entries) == len(found) >= _LEAST_ENTRIES else {}


def _code(text: str, legend: Mapping[str, str]) -> re.Match[str] | None:
    """Return the last token of a text that is a code of a legend."""
    found = [match for match in re.finditer(r"[^\s:=,;|\"']+", text) if match.group() in legend]
    return found[-1] if found else None
