"""The command that serves a small model on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from builder.llm.local_server import MODEL as LOCAL_MODEL
from builder.llm.local_server import serve

from .console import stdout


def serve_local(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to serve on; 0 for any free port.")
    ] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    context: Annotated[
        int | None,
        typer.Option("--context", min=256, help="Context window in tokens, for prompt and reply together."),
    ] = None,
) -> None:
    """Serve a small language model at an OpenAI-compatible endpoint on this machine.

    Use it to try `build --llm` and `predict` without an API key.
    """

    def ready(base_url: str) -> None:
        stdout.print(
            f"{LOCAL_MODEL} is served at {base_url} until you press Ctrl-C. Its replies are of low quality. "
            "In another shell:"
        )
        stdout.print(
            f"petoolbench build --catalog ... --llm {LOCAL_MODEL} --base-url {base_url} -o OUT", soft_wrap=True
        )
        model = f"--model {LOCAL_MODEL} --base-url {base_url}"
        stdout.print(f"petoolbench predict DATA {model} --limit 1 --max-output-tokens 64 -o RUN", soft_wrap=True)

    serve(host, port, context, ready)
