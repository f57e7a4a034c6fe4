"""A page whose files are uploaded, and never fetched for whoever names an address."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse


class Blocks(gr.Blocks):
    """Gradio's, but it fetches nothing for a visitor.

    Gradio 6 fetches a file that stands as an address in the value of any component, before a handler is asked: of
    any size (`max_file_size` is of uploads), and unpacked. So a few bytes of anybody would fill memory and disk.
    """

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Refuse addresses; the arguments are Gradio's.

        Raises:
            gr.Error: If a file is given by its address.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        found: list[Any] = await super().preprocess_data(block_fn, inputs, state, explicit_call)
        return found


def _refuse_address(file: dict[str, Any]) -> dict[str, Any]:
    if is_http_url_like(file["path"]):
        raise gr.Error("Files are uploaded here; none is fetched from an address.", print_exception=False)
    return file
