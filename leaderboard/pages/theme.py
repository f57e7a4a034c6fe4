"""Look of the pages: the Gradio theme, and the paths of the style sheets of our own HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

CSS: Final = tuple(Path(__file__).with_name(name) for name in ("theme.css", "play.css"))


def theme() -> Any:
    """Return the Gradio theme: system fonts and one accent colour."""
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="sm",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
