"""The metric's page for a Space: takes rows and predictions, and shows the rates and the verdict on each prediction.

On a Space, and with `python app.py`, this file is a script among flat files. The metric itself is loaded by
`evaluate.load`, because its files import each other relatively.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import evaluate
import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

if __package__:
    from . import page, page_input
    from .uploads import Blocks
else:
    import page  # type: ignore[import-not-found,no-redef]
    import page_input  # type: ignore[import-not-found,no-redef]
    from uploads import Blocks  # type: ignore[import-not-found,no-redef]

SCORERS: Final = (
    ("default: compare meanings", "default"),
    ("strict: compare exact JSON values", "strict"),
    ("legacy: rule of the earlier benchmark", "legacy"),
)
_INTRO: Final = """\
# PEToolBench metric

Scores the tool calls of a language model against the call that a particular user would want. The form contains an
example: an invented catalogue, with predictions of every error class. Uploaded and created files are deleted within two
hours."""
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
.page td { white-space: nowrap; }
.page .track { display: block; width: 3rem; height: 4px; margin: .25rem 0 0 auto; border-radius: 2px;
  background: var(--border-color-primary); }
.page .share { display: block; height: 100%; border-radius: 2px; background: var(--color-accent); }
"""
_FILE_LIFETIME_S: Final = 3600
"""Age in seconds at which uploaded and created files are deleted, and interval of the deletion."""
_MAX_UPLOAD: Final = "200mb"


class _Results(NamedTuple):
    """Components that show the result."""

    column: gr.Column
    summary: gr.Markdown
    figures: gr.HTML
    classes: gr.HTML
    error_class: gr.Dropdown
    items: gr.Dataframe
    download: gr.DownloadButton


def build(metric: Any) -> gr.Blocks:
    """Return the page.

    Args:
        metric: The loaded metric.
    """
    example = page.example()
    blocks = Blocks(title="PEToolBench metric", delete_cache=(_FILE_LIFETIME_S, _FILE_LIFETIME_S))
    with blocks:
        gr.Markdown(_INTRO)
        rows, rows_file = _input("Reference rows", "rows", example.rows)
        predictions, predictions_file = _input("Predictions", "predictions", example.predictions)
        scorer = gr.Radio(SCORERS, value="default", label="Scorer", elem_id="scorer")
        button = gr.Button("Score", variant="primary", elem_id="score")
        problems = gr.Textbox(
            visible=False, label="Problems in the input", lines=2, max_lines=20, buttons=["copy"], elem_id="problems"
        )
        scored = gr.State()
        results = _results()

        def run(
            rows: str, rows_file: bytes | None, predictions: str, predictions_file: bytes | None, scorer: str
        ) -> Any:
            """Score the input, or list its problems."""
            inputs = page_input.read(_content(rows, rows_file), _content(predictions, predictions_file))
            outcome = inputs if isinstance(inputs, list) else page_input.score(metric.compute, inputs, scorer)
            if isinstance(outcome, list):
                return {
                    problems: gr.Textbox(page.problems_text(outcome), visible=True),
                    results.column: gr.Column(visible=False),
                    scored: None,
                }
            return {problems: gr.Textbox("", visible=False), scored: outcome, **_updates(results, outcome)}

        button.click(
            run,
            [rows, rows_file, predictions, predictions_file, scorer],
            [problems, scored, *results],
            api_name="score",
        )
        results.error_class.input(
            _filtered_rows, [scored, results.error_class], results.items, api_visibility="private"
        )
    return blocks


def _input(label: str, name: str, value: str) -> tuple[gr.Code, gr.File]:
    """Return a text box for JSON Lines, and an upload of a file with them."""
    box = gr.Code(
        value, language=None, lines=6, max_lines=6, label=f"{label}, one JSON object per line", elem_id=name, buttons=[]
    )
    file = gr.File(
        label="or upload a file, which replaces the text",
        file_types=[".jsonl", ".json", ".txt"],
        type="binary",
        height=150,
        elem_id=f"{name}-file",
    )
    return box, file


def _results() -> _Results:
    """Return the components of the result, in a hidden column."""
    with gr.Column(visible=False, elem_id="results") as column:
        return _Results(
            column,
            summary=gr.Markdown(elem_id="summary"),
            figures=gr.HTML(elem_id="figures", elem_classes="page", padding=False),
            classes=gr.HTML(elem_id="classes", elem_classes="page", padding=False),
            error_class=gr.Dropdown(label="Show predictions of", elem_id="class", filterable=False),
            items=gr.Dataframe(
                headers=list(page.ITEM_HEADERS),
                datatype="str",
                type="array",
                interactive=False,
                wrap=True,
                show_label=False,
                column_widths=["110px", "220px", "150px", "288px"],
                buttons=[],
                elem_id="items",
            ),
            download=gr.DownloadButton("Download as JSON", elem_id="download"),
        )


def _updates(results: _Results, scored: page_input.Scored) -> dict[Any, Any]:
    """Return the new value of each component of the result."""
    return {
        results.column: gr.Column(visible=True),
        results.summary: page.summary(scored),
        results.figures: page.figures_html(scored),
        results.classes: page.classes_html(scored),
        results.error_class: gr.Dropdown(page.class_choices(scored), value=page.ALL_CLASSES),
        results.items: page.item_rows(scored),
        results.download: save_bytes_to_cache(page.document(scored), "petoolbench.json", results.download.GRADIO_CACHE),
    }


def _filtered_rows(scored: page_input.Scored | None, error_class: str) -> list[list[str]]:
    """Return the table rows of an error class; none if the server has dropped the session."""
    return page.item_rows(scored, error_class) if scored else []


def _content(text: str | None, file: bytes | None) -> bytes:
    return (text or "").encode("utf-8", "replace") if file is None else file


if __name__ == "__main__":
    build(evaluate.load(str(Path(__file__).with_name("petoolbench.py")))).launch(
        theme=gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css=_CSS,
        max_file_size=_MAX_UPLOAD,
        footer_links=[],
    )
