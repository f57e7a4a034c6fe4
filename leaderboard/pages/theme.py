"""Look of the pages: the Gradio theme, and the path of `theme.css`, which styles our own HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

CSS: Final = Path(__file__).with_name("theme.css")


def theme() -> Any:
    """Return the Gradio theme: system fonts and one accent colour."""
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="sm",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
