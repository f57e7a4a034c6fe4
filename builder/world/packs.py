"""Packs: layouts, provider names and number ranges from a folder outside of the repository, for the test split only.

With a pack, a program that knows the repository has never seen the forms of the test listings. A pack is a folder:

- `layouts/NAME.j2`: at least four layouts, used instead of those of the repository;
- `pack.toml` (optional): tables `[[provider]]`, used instead of the providers of the repository, and `[ranges]`, which
  narrow the numbers of an axis.

`pack_checks` renders the layouts with facts of every axis; this module reads a pack, and refuses one that is malformed.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from builder.errors import ConfigError
from builder.extras import import_extra
from builder.grouping.functionalities import data_table
from builder.words import squash
from hf_dataset.layout import SPLITS

from .axes import AXES
from .facts import tidy
from .listings import SUFFIX, Layout, layouts

PACK_SPLIT: Final = "test"
"""Split that a pack applies to."""
SETTINGS: Final = "pack.toml"
LAYOUTS: Final = "layouts"
LEAST_LAYOUTS: Final = 4
LEAST_PROVIDERS: Final = 40
LEAST_SPAN: Final = 0.5
"""Share of an axis, on its scale, that a range must span. Tools whose numbers are close together leave no clear
choice."""
MAX_FILES: Final = 200
MAX_BYTES: Final = 256 * 1024
"""Maximum size of a file."""
NAMING: Final = ("verb_noun", "camel", "rest", "noun", "namespaced")
PARAMETERS: Final = ("snake", "camel", "short")
PROVIDER_KEYS: Final = ("name", "slug", "naming", "parameters")
_MAX_NAME: Final = 25
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_SLUG: Final = re.compile(r"(?=.{3,20}$)[a-z]+(_[a-z]+)*")
_PLAIN: Final = re.compile(r"(README|LICENSE)(\.(md|txt))?")
"""Files that a pack may contain beside its settings and layouts."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Contents of a pack. Packs with the same files are equal."""

    layouts: tuple[Layout, ...] = field(compare=False)
    """Layouts of the test split, sorted by name."""
    providers: tuple[Mapping[str, str], ...] = field(compare=False)
    """Name, slug, naming and parameters of each provider; empty for the providers of the repository."""
    ranges: Mapping[str, tuple[float, float]] = field(compare=False)
    """Lowest and highest number, by axis."""
    sha256: str
    """Hash of the names and contents of the files, as 64 hexadecimal digits. It does not depend on the path."""
    seed: tuple[int, ...] = field(compare=False, repr=False)
    """Seed of the catalogue. It depends on the same contents, but does not follow from `sha256`, which is published."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the parts for pickling: a read-only mapping cannot be pickled."""
        return _restored, (self.layouts, tuple(map(dict, self.providers)), dict(self.ranges), self.sha256, self.seed)


def _restored(
    layouts: tuple[Layout, ...],
    providers: Sequence[Mapping[str, str]],
    ranges: Mapping[str, tuple[float, float]],
    sha256: str,
    seed: tuple[int, ...],
) -> Pack:
    return Pack(layouts, tuple(map(MappingProxyType, providers)), MappingProxyType(ranges), sha256, seed)


def read_pack(folder: Path) -> Pack:
    """Read a pack.

    Args:
        folder: Folder of the pack.

    Raises:
        ConfigError: If the pack is malformed: the first problem, with its file and line.
        MissingExtraError: If jinja2 is not installed.
    """
    reader = PackReader(folder)
    pack = reader.read()
    if pack is None:
        more = len(reader.problems) - 1
        rest = f" {more} more: run petoolbench check-pack {folder}" if more else ""
        raise ConfigError(f"The pack {str(folder)!r} cannot be used. {reader.problems[0]}{rest}")
    return pack


def split_layouts(split: str, pack: Pack | None = None) -> Sequence[Layout]:
    """Return the layouts of a split, by name: those of the pack for the test split if there is one."""
    return pack.layouts if pack is not None and split == PACK_SPLIT else layouts(split)


class PackReader:
    """Reader of a pack that collects all problems.

    Args:
        folder: Folder of the pack.
    """

    def __init__(self, folder: Path) -> None:
        self.problems: list[str] = []
        """Problems as sentences, each with its file and, where known, its line."""
        self._folder = folder

    def read(self) -> Pack | None:
        """Return the pack, or None if there are problems."""
        contents = self._contents()
        if self.problems:
            return None
        found = tuple(self._layouts(contents))
        if not self.problems and len(found) < LEAST_LAYOUTS:
            self._refuse(
                f"{LAYOUTS}/",
                f"{len(found)} layouts (files {LAYOUTS}/NAME{SUFFIX}), but at least {LEAST_LAYOUTS} needed",
            )
        text, settings = self._settings(contents.get(SETTINGS, b""))
        providers = tuple(self._providers(text, settings.get("provider", [])))
        ranges = dict(self._ranges(text, settings.get("ranges", {})))
        if self.problems:
            return None
        numbers = _digest(b"services", contents)
        seed = tuple(int.from_bytes(numbers[start : start + 4], "big") for start in range(0, 32, 4))
        return _restored(found, providers, ranges, _digest(b"pack", contents).hex(), seed)

    def _refuse(self, where: str, problem: str, line: int | None = None) -> None:
        self.problems.append(f"{where}{f', line {line}' if line else ''}: {problem}.")

    def _contents(self) -> Mapping[str, bytes]:
        """Return the contents of all files by their path within the pack, without hidden ones."""
        contents: dict[str, bytes] = {}
        if not self._folder.is_dir():
            self._refuse(str(self._folder), "not a folder; a pack is a folder, see docs/guides/listing-packs.md")
            return contents
        try:
            for number, path in enumerate(self._nodes(self._folder)):
                if number == MAX_FILES:
                    self._refuse(str(self._folder), f"more than {MAX_FILES} files; a pack has {MAX_FILES} at most")
                    break
                name = path.relative_to(self._folder).as_posix()
                # Unlike `Path.resolve`, this accepts a link to itself, which is then no file.
                target = Path(os.path.realpath(path))
                if (problem := self._file_problem(name, target)) is not None:
                    self._refuse(name, problem)
                else:
                    contents[name] = target.read_bytes()
        except OSError as error:
            self._refuse(str(self._folder), f"cannot be read: {error}")
        return contents

    def _file_problem(self, name: str, target: Path) -> str | None:
        """Return why a file is refused, or None."""
        if not target.is_relative_to(self._folder.resolve()):
            return "a link that leads out of the pack; copy the file into the folder"
        if not target.is_file():
            return "not a regular file; a pack contains files and folders, and no links to folders"
        size = target.stat().st_size
        if size > MAX_BYTES:
            return f"{size:,} bytes; a file has {MAX_BYTES:,} at most"
        if not _is_known(name):
            layout = f"{LAYOUTS}/NAME{SUFFIX} (NAME: a-z, 0-9 and _, the first a letter)"
            return f"not a file of a pack; allowed: {SETTINGS}, {layout}, README.md and LICENSE"
        return None

    def _nodes(self, folder: Path) -> Iterator[Path]:
        """Yield files and links, sorted by name, without hidden ones."""
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir() and not path.is_symlink():
                yield from self._nodes(path)
            else:
                yield path

    def _text(self, name: str, content: bytes) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._refuse(name, "not UTF-8; save it as UTF-8", content[: error.start].count(b"\n") + 1)
            return ""

    def _layouts(self, contents: Mapping[str, bytes]) -> Iterator[Layout]:
        taken = {layout.name for split in SPLITS for layout in layouts(split)}
        for file, content in sorted(contents.items()):
            if not file.endswith(SUFFIX):
                continue
            name = Path(file).stem
            if name in taken:
                self._refuse(file, f"the repository has a layout {name!r}; rename the file")
            source = self._text(file, content)
            problem = _forbidden(source)
            if problem is not None:
                self._refuse(file, *problem)
                continue
            try:
                yield Layout(name, source)
            except ConfigError as error:
                self._refuse(file, f"not a valid template: {error.__cause__}", getattr(error.__cause__, "lineno", None))

    def _settings(self, content: bytes) -> tuple[str, Mapping[str, Any]]:
        """Return the text of the settings and their tables."""
        text = self._text(SETTINGS, content)
        try:
            settings = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._refuse(SETTINGS, f"not valid TOML: {error}")
            return text, {}
        for key in sorted(set(settings) - {"provider", "ranges"}):
            line = _line(text, rf"\s*\[*\s*{re.escape(key)}\b")
            self._refuse(SETTINGS, f"unknown table {key!r}; allowed: [[provider]] and [ranges]", line)
        return text, settings

    def _providers(self, text: str, raw: Any) -> Iterator[Mapping[str, str]]:
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self._refuse(
                SETTINGS, "provider must be a list of tables, each under [[provider]]", _line(text, "provider")
            )
            return
        if raw and len(raw) < LEAST_PROVIDERS:
            self._refuse(
                SETTINGS, f"{len(raw)} providers; give at least {LEAST_PROVIDERS}, or none to keep the usual ones"
            )
        repository = data_table("world/data/service_providers.toml")["provider"]
        owners = {squash(item[key]): "the repository" for item in repository for key in ("name", "slug")}
        for place, item in enumerate(raw):
            line = _line(text, r"\s*\[\[\s*provider\s*\]\]", place)
            problem = provider_problem(item)
            if problem is None:
                names = {squash(item["name"]), item["slug"].replace("_", "")}
                owner = next((owners[name] for name in sorted(names) if name in owners), None)
                if owner is not None:
                    problem = f"the name {item['name']!r} or its slug is that of {owner}; names must be new and differ"
                owners |= dict.fromkeys(names, f"another provider, {item['name']!r}")
            if problem is not None:
                self._refuse(SETTINGS, f"provider {place + 1}: {problem}", line)
            else:
                yield {key: item[key] for key in PROVIDER_KEYS}

    def _ranges(self, text: str, raw: Any) -> Iterator[tuple[str, tuple[float, float]]]:
        if not isinstance(raw, dict):
            self._refuse(SETTINGS, "ranges must be a table [ranges]: axis = [low, high]", _line(text, "ranges"))
            return
        for name, bounds in raw.items():
            problem = _range_problem(name, bounds)
            if problem is not None:
                self._refuse(SETTINGS, problem, _line(text, rf"\s*(ranges\.)?\"?{re.escape(name)}\"?\s*="))
            else:
                yield name, (float(bounds[0]), float(bounds[1]))


def _is_known(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    if not folder:
        return file == SETTINGS or _PLAIN.fullmatch(file) is not None
    return folder == LAYOUTS and file.endswith(SUFFIX) and _NAME.fullmatch(file.removesuffix(SUFFIX)) is not None


def _digest(purpose: bytes, contents: Mapping[str, bytes]) -> bytes:
    """Return the hash of names and contents for a purpose. That for one purpose does not give that for another."""
    digest = hashlib.sha256(purpose + b"\0")
    for name, content in sorted(contents.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.digest()


def _line(text: str, pattern: str, place: int = 0) -> int | None:
    """Return the number of the line, from 1, that is the match at `place` (from 0) of a pattern; None if not found."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(pattern, line)]
    return lines[place] if place < len(lines) else None


def _forbidden(source: str) -> tuple[str, int] | None:
    """Return what a template may not use, with its line: other files, random text, and expressions without bounds."""
    jinja2 = import_extra("jinja2", "builder", "Reading a pack")
    nodes = jinja2.nodes
    try:
        tree = jinja2.Environment().parse(source)
    except jinja2.TemplateSyntaxError:
        return None  # reported by `Layout`
    except RecursionError:
        return "the template is nested too deeply", 1
    if node := tree.find((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        return "a layout is one file, without include, import and extends", node.lineno
    for node in tree.find_all((nodes.Filter, nodes.Name)):
        if node.name in {"random", "lipsum"}:
            return (
                f"{node.name} gives a different text each time; a layout states the facts and nothing else",
                node.lineno,
            )
        if node.name == "range":
            return "range is not allowed; write the lines out", node.lineno
    for node in tree.find_all((nodes.Pow, nodes.Mul)):
        sides = (node.left, node.right)
        if isinstance(node, nodes.Pow) or any(isinstance(getattr(side, "value", None), str) for side in sides):
            return "powers and repeated texts are not allowed; write the text out", node.lineno
    return None


def provider_problem(item: Mapping[str, Any]) -> str | None:
    """Return why a provider of a pack is malformed, or None.

    Args:
        item: Keys and values of its table.
    """
    if unknown := sorted(set(item) - set(PROVIDER_KEYS)):
        return f"unknown key {unknown[0]!r}; allowed: {', '.join(PROVIDER_KEYS)}"
    for key in PROVIDER_KEYS:
        if not isinstance(item.get(key), str) or not item[key].strip():
            return f"{key} is missing or not a text; needed: {', '.join(PROVIDER_KEYS)}"
    for key, allowed in (("naming", NAMING), ("parameters", PARAMETERS)):
        if item[key] not in allowed:
            return f"{key} is {item[key]!r}; allowed: {', '.join(allowed)}"
    if len(item["name"]) > _MAX_NAME:
        return f"the name {item['name']!r} is longer than {_MAX_NAME} characters"
    if not _SLUG.fullmatch(item["slug"]):
        return f"the slug {item['slug']!r} must have 3 to 20 characters, words of a-z joined by _"
    if not squash(item["name"]).startswith(squash(item["slug"])):
        return f"the slug {item['slug']!r} must be the beginning of the name {item['name']!r}"
    return None


def _range_problem(name: str, bounds: Any) -> str | None:
    numbers = [axis.name for axis in AXES.values() if axis.is_number]
    if name not in numbers:
        return f"{name!r} is not an axis with numbers; allowed: {', '.join(numbers)}"
    axis = AXES[name]
    low, high = axis.quantiles[0], axis.quantiles[-1]
    unit = f" {axis.unit}" if axis.unit else ""
    if (
        not isinstance(bounds, list)
        or len(bounds) != 2
        or any(isinstance(bound, bool) or not isinstance(bound, int | float) for bound in bounds)
        or not low <= bounds[0] < bounds[1] <= high
    ):
        return f"{name} must be [low, high] with {low:g} <= low < high <= {high:g}{unit}"
    for bound in bounds:
        if tidy(axis, bound) != bound:
            return f"{name}: listings do not state {bound:g}{unit}; the nearest number is {tidy(axis, bound):g}"
    span = (axis.position(bounds[1]) - axis.position(bounds[0])) / (axis.position(high) - axis.position(low))
    if span < LEAST_SPAN:
        return (
            f"{name} spans {span:.0%} of the axis ({low:g} to {high:g}{unit}, on the log scale), but at least "
            f"{LEAST_SPAN:.0%} is needed, so that tools differ clearly"
        )
    return None
