"""How the pages look, light and dark, wide and narrow: the colours; `theme.css` has the rules for our own HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

CSS: Final = Path(__file__).with_name("theme.css")


def theme() -> Any:
    """The theme: quiet, system fonts, one accent."""
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="sm",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
