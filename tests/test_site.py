"""Pages of the documentation site: its table of contents has every page, and links and anchors are converted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.site_pages import OUTSIDE, page_of, site_text, source_of

ROOT = Path(__file__).parents[1]
CONTENTS = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_contents_have_every_page() -> None:
    inside = [path for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".ipynb"}]
    assert {page_of(str(path.relative_to(ROOT))) for path in inside} | set(OUTSIDE.values()) == CONTENTS


def test_every_page_outside_of_docs_has_a_file() -> None:
    for path, page in OUTSIDE.items():
        assert (ROOT / path).is_file(), path
        assert source_of(page) == path
        assert page_of(path) == page
    assert source_of("guides/loading.md") == "docs/guides/loading.md"


@pytest.mark.parametrize(
    ("page", "text", "expected", "files"),
    [
        ("quickstart.md", "[a](guides/x.md#b)", "[a](guides/x.md#b)", ()),
        ("guides/x.md", "[a](../../training/README.md#on-a-gpu)", "[a](training-recipe.md#on-a-gpu)", ()),
        ("guides/training-recipe.md", "[a](../docs/guides/x.md)", "[a](x.md)", ()),
        ("developing/contributing.md", "[a](README.md)", "[a](../index.md)", ()),
        ("tutorials/x.md", "[a](train-on-it.ipynb)", "[a](train-on-it.md)", ()),
        ("tutorials/x.md", "[`config`](../../builder/config.py)", "[`config`](../files/builder/config.py)", ("builder/config.py",)),
        ("tutorials/x.md", "see [a `b`](../../builder/predictors/).", "see a `b`.", ()),
        ("guides/x.md", "![a](../../hf_dataset/c.png)", "![a](../files/hf_dataset/c.png)", ("hf_dataset/c.png",)),
        ("guides/x.md", "[a](https://example.org/b.md) [c](#d)", "[a](https://example.org/b.md) [c](#d)", ()),
        ("guides/x.md", "`[a](../../b.py)`\n\n```\n[a](../../b.py)\n```", "`[a](../../b.py)`\n\n```\n[a](../../b.py)\n```", ()),
        ("guides/x.md", "| `a \\| b` | c \\| d |\n`a \\| b`", "| `a | b` | c \\| d |\n`a \\| b`", ()),
        ("guides/x.md", "---\ntitle: a\n---\n\n# b", "# b", ()),
        ("guides/x.md", "## Prompt\n```\n## Prompt\n```\n## Prompt", "## Prompt\n```\n## Prompt\n```\n## Prompt {#prompt-1}", ()),
    ],
)  # fmt: skip
def test_links_and_anchors(page: str, text: str, expected: str, files: tuple[str, ...]) -> None:
    assert site_text(text, page) == (expected, files)
