"""Pages of the documentation site: which file of the repository each one shows, and its links.

The Markdown of the repository is written for readers of the repository: links are relative to the file and can point
to any file. `site_text` converts them to links of the site.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

OUTSIDE: Final = {
    "training/README.md": "guides/training-recipe.md",
    "leaderboard/README.md": "guides/leaderboard-space.md",
    "metrics/petoolbench/README.md": "reference/metric.md",
    "CONTRIBUTING.md": "developing/contributing.md",
    "CODE_OF_CONDUCT.md": "developing/code-of-conduct.md",
    "SECURITY.md": "developing/security.md",
    "CHANGELOG.md": "developing/changelog.md",
}
"""Page of the site for each Markdown file outside of `docs/`."""
README: Final = "README.md"
"""Page of the repository whose counterpart on the site is the home page."""
HOME: Final = "index.md"
FILES: Final = "files"
"""Folder of the site for linked files of the repository that are not pages."""
_DOCS: Final = "docs/"
_NOTEBOOK: Final = ".ipynb"
_FENCE: Final = re.compile(r"(^ *```.*?^ *```[^\n]*$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(!?)\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`[^`\n]+`")
_HEADING: Final = re.compile(r"^#+ (.*)$")
_FRONT_MATTER: Final = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)


class SiteText(NamedTuple):
    """Markdown of a page of the site."""

    markdown: str
    """Text with links of the site."""
    files: tuple[str, ...]
    """Linked files of the repository that the site must contain below `FILES`, by path."""


def source_of(page: str) -> str:
    """Return the path in the repository of a page.

    Args:
        page: Path of the Markdown of a page, relative to the root of the site.
    """
    outside = {uri: path for path, uri in OUTSIDE.items()}
    return outside.get(page, _DOCS + page)


def page_of(path: str) -> str | None:
    """Return the page of the site that shows a file of the repository, or None.

    Args:
        path: Path relative to the root of the repository.
    """
    if path == README:
        return HOME
    if path in OUTSIDE:
        return OUTSIDE[path]
    inside = path.removeprefix(_DOCS)
    if inside == path:
        return None
    return f"{inside.removesuffix(_NOTEBOOK)}.md" if inside.endswith(_NOTEBOOK) else inside


def site_text(text: str, page: str) -> SiteText:
    """Return the Markdown of a page, with links of the site, and anchors as on GitHub.

    Links to a folder of the repository become text. In code in tables, `|` needs no backslash on the site.

    Args:
        text: Markdown as in the repository, with or without front matter.
        page: Path of the page, relative to the root of the site.
    """
    files: list[str] = []
    here = posixpath.dirname(source_of(page))

    def converted(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        name, hash_sign, anchor = target.partition("#")
        if not name or ":" in name:
            return match[0]
        path = posixpath.normpath(posixpath.join(here, name))
        uri = page_of(path)
        if uri is None and not posixpath.splitext(path)[1]:
            return label
        if uri is None:
            files.append(path)
            uri = f"{FILES}/{path}"
        relative = posixpath.relpath(uri, posixpath.dirname(page) or ".")
        return f"{mark}[{label}]({relative}{hash_sign}{anchor})"

    marked = "\n".join(_with_anchors(_FRONT_MATTER.sub("", text)))
    parts = _FENCE.split(marked)
    # The odd parts are code. A label can contain code, so links are found where code is replaced by a placeholder.
    codes = parts[1::2]
    plain = "".join(part if index % 2 == 0 else "\0" for index, part in enumerate(parts))
    remaining = iter(codes)
    linked = re.sub("\0", lambda _: next(remaining), _LINK.sub(converted, plain))
    return SiteText(linked, tuple(dict.fromkeys(files)))


def _with_anchors(text: str) -> Iterator[str]:
    """Yield the lines of a page; a heading that repeats an earlier one gets the anchor that GitHub gives it.

    GitHub requires a backslash before `|` in the code of a table, which Python-Markdown would show.
    """
    seen = Counter[str]()
    in_code = False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        if not in_code and line.startswith("|"):
            line = _CODE.sub(lambda code: code[0].replace("\\|", "|"), line)  # noqa: PLW2901
        heading = None if in_code else _HEADING.match(line)
        if not heading:
            yield line
            continue
        slug = re.sub(r"[^\w\- ]", "", heading[1].lower()).strip().replace(" ", "-")
        yield f"{line} {{#{slug}-{seen[slug]}}}" if seen[slug] else line
        seen[slug] += 1
