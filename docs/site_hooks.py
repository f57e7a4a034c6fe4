"""Hooks of MkDocs: pages of files outside of `docs/`, notebooks as pages, and links as in the repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT: Final = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # MkDocs loads this file by its path

from docs.site_pages import FILES, OUTSIDE, site_text  # noqa: E402


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of files outside of `docs/`, a page of each notebook, and the linked files."""
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        markdown, _ = MarkdownExporter().from_filename(file.abs_src_path)
        files.append(
            File.generated(config, f"{file.src_uri.removesuffix('.ipynb')}.md", content=_lesson(markdown, file))
        )
    linked = {
        path for page in files.documentation_pages() for path in site_text(page.content_string, page.src_uri).files
    }
    for path in sorted(linked):
        files.append(File.generated(config, f"{FILES}/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Convert the links of a page."""
    return site_text(markdown, page.file.src_uri).markdown


def _lesson(markdown: str, file: File) -> str:
    """Return the page of a notebook, with a link to the notebook under its title."""
    title, _, text = markdown.partition("\n")
    return f'{title}\n\n<a href="../{Path(file.src_uri).name}" download>Download this page as a notebook</a>\n\n{text}'
