"""The metric's Space: rows and predictions in, figures and the verdict on each reply out.

On a Space this file is a script among flat files, as it is with `python app.py`; the metric's own files import one
another relatively, so they come by `evaluate.load`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import evaluate
import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

if __package__:
    from . import page
    from .uploads import Blocks
else:
    import page  # type: ignore[import-not-found,no-redef]
    from uploads import Blocks  # type: ignore[import-not-found,no-redef]

SCORERS: Final = (
    ("default: what arguments mean", "default"),
    ("strict: the same JSON", "strict"),
    ("legacy: the earlier benchmark's rule", "legacy"),
)
_INTRO: Final = """\
# PEToolBench metric

Scores the tool calls of a language model against the call that a particular user would want. The form holds an example:
a small invented catalogue with a reply of every error class. Files given or made here are deleted within two hours."""
_CSS: Final = """
.gradio-container { width: 100%; max-width: 52rem !important; margin-inline: auto !important; }
#rows, #predictions { min-width: 0; }
.page, .page .html-container { padding: 0 !important; }
.page table, .page tr { border: 0 !important; }
.page table { width: 100%; border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
.page caption { text-align: start; font-weight: 600; padding: 0 0 .25rem; color: var(--body-text-color); }
.page th, .page td { padding: .45rem 0 .45rem 1rem; border: 0; border-bottom: 1px solid var(--border-color-primary);
  text-align: end; vertical-align: baseline; font-weight: 400; color: var(--body-text-color); }
.page th:first-child { text-align: start; padding-inline-start: 0; }
.page thead th, .page small { font-size: .85em; color: color-mix(in srgb, var(--body-text-color) 72%, transparent); }
.page small { display: block; }
.page code { overflow-wrap: anywhere; }
.page td { white-space: nowrap; }
.page .track { display: block; width: 3rem; height: 4px; margin: .25rem 0 0 auto; border-radius: 2px;
  background: var(--border-color-primary); }
.page .share { display: block; height: 100%; border-radius: 2px; background: var(--color-accent); }
"""
_KEPT_S: Final = 3600
"""Seconds for which an uploaded file, or a download, stays."""
_LARGEST_UPLOAD: Final = "200mb"


def build(metric: Any) -> gr.Blocks:
    """The page.

    Args:
        metric: The loaded metric.
    """
    example = page.example()
    blocks = Blocks(title="PEToolBench metric", delete_cache=(_KEPT_S, _KEPT_S))
    with blocks:
        gr.Markdown(_INTRO)
        rows, rows_file = _input("Reference rows", "rows", example.rows)
        predictions, predictions_file = _input("Predictions", "predictions", example.predictions)
        scorer = gr.Radio(SCORERS, value="default", label="How replies are judged", elem_id="mode")
        button = gr.Button("Score", variant="primary", elem_id="score")
        problems = gr.Textbox(
            visible=False, label="To be mended first", lines=2, max_lines=20, buttons=["copy"], elem_id="problems"
        )
        scored = gr.State()
        with gr.Column(visible=False, elem_id="results") as results:
            told = gr.Markdown(elem_id="summary")
            figures = gr.HTML(elem_id="figures", elem_classes="page", padding=False)
            classes = gr.HTML(elem_id="classes", elem_classes="page", padding=False)
            chosen = gr.Dropdown(label="Replies of", elem_id="class", filterable=False)
            items = gr.Dataframe(
                headers=list(page.ITEM_HEADERS),
                datatype="str",
                type="array",
                interactive=False,
                wrap=True,
                show_label=False,
                column_widths=["110px", "220px", "150px", "288px"],
                buttons=[],
                elem_id="items",
            )
            download = gr.DownloadButton("Everything as JSON", elem_id="download")

        def run(
            rows: str, rows_file: bytes | None, predictions: str, predictions_file: bytes | None, scorer: str
        ) -> Any:
            """Score, or say what is wrong."""
            given = (_given(rows, rows_file), _given(predictions, predictions_file))
            found: Any = page.read(*given)
            if isinstance(found, page.Inputs):
                found = page.score(metric.compute, found, scorer)
            if isinstance(found, list):
                return {
                    problems: gr.Textbox(page.problems_text(found), visible=True),
                    results: gr.Column(visible=False),
                    scored: None,
                }
            return {
                problems: gr.Textbox("", visible=False),
                results: gr.Column(visible=True),
                scored: found,
                told: page.summary(found),
                figures: page.figures_html(found),
                classes: page.classes_html(found),
                chosen: gr.Dropdown(page.class_choices(found), value=page.EVERY_CLASS),
                items: page.item_rows(found),
                download: save_bytes_to_cache(page.document(found), "petoolbench.json", download.GRADIO_CACHE),
            }

        button.click(
            run,
            [rows, rows_file, predictions, predictions_file, scorer],
            [problems, results, scored, told, figures, classes, chosen, items, download],
            api_name="score",
        )
        chosen.input(_chosen_rows, [scored, chosen], items, api_visibility="private")
    return blocks


def _input(label: str, name: str, value: str) -> tuple[gr.Code, gr.File]:
    """A box to paste JSON lines into, and a place for a file of them."""
    box = gr.Code(
        value, language=None, lines=6, max_lines=6, label=f"{label}, a JSON object a line", elem_id=name, buttons=[]
    )
    file = gr.File(
        label="or a file of them, which is read instead",
        file_types=[".jsonl", ".json", ".txt"],
        type="binary",
        height=150,
        elem_id=f"{name}-file",
    )
    return box, file


def _chosen_rows(found: page.Scored | None, error_class: str) -> list[list[str]]:
    """The replies of a class; none where the server has forgotten the session."""
    return page.item_rows(found, error_class) if found else []


def _given(text: str | None, file: bytes | None) -> bytes:
    return (text or "").encode("utf-8", "replace") if file is None else file


if __name__ == "__main__":
    build(evaluate.load(str(Path(__file__).with_name("petoolbench.py")))).launch(
        theme=gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css=_CSS,
        max_file_size=_LARGEST_UPLOAD,
        footer_links=[],
    )
