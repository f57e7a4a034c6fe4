"""Gradio blocks whose failed calls write one line to the log instead of a traceback."""

from __future__ import annotations

from typing import Any

import gradio as gr

from metrics.petoolbench.uploads import Blocks

from .gate import log


class QuietBlocks(Blocks):
    """Blocks for an app that anybody may call with any arguments."""

    async def process_api(self, block_fn: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Process a call as Gradio does.

        Raises:
            gr.Error: If it fails. Gradio prints no traceback of it.
        """
        try:
            processed: dict[str, Any] = await super().process_api(block_fn, *arguments, **named)
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:  # any arguments may trigger any error
            log(f"A call of {getattr(block_fn, 'api_name', None) or 'an event'}", error)
            message = "The call cannot be answered. Check the number and the types of its arguments."
            raise gr.Error(message, print_exception=False) from error
        return processed
