"""Gradio blocks that accept uploaded files only, and never download a file from a URL."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse


class Blocks(gr.Blocks):
    """`gradio.Blocks` that refuses URLs in place of uploaded files.

    Gradio 6 downloads and unpacks any URL that a request gives as a file, before the event handler runs. The limit
    `max_file_size` applies to uploads only. Without this class, a short request could fill memory and disk.
    """

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Refuse URLs, then preprocess the inputs as Gradio does.

        Raises:
            gr.Error: If a file is given as a URL.
        """
        traverse(inputs, _refuse_url, is_file_obj_with_meta)
        processed: list[Any] = await super().preprocess_data(block_fn, inputs, state, explicit_call)
        return processed


def _refuse_url(file: dict[str, Any]) -> dict[str, Any]:
    if is_http_url_like(file["path"]):
        raise gr.Error("Files given as URLs are not accepted. Upload the file instead.", print_exception=False)
    return file
