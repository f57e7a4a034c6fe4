"""The command that serves a model on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from builder.llm.local_server import MODEL as LOCAL_MODEL
from builder.llm.local_server import serve

from .console import stdout


def serve_local(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 for any that is free.")] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    context: Annotated[
        int | None, typer.Option("--context", min=256, help="Tokens of a request and its reply together.")
    ] = None,
) -> None:
    """Run a small language model on this machine behind an OpenAI-compatible endpoint, to try --llm without a key."""

    def ready(base_url: str) -> None:
        stdout.print(
            f"{LOCAL_MODEL} answers at {base_url} until you press Ctrl-C. Its replies are poor. In another shell:"
        )
        asked = f"--base-url {base_url} --model {LOCAL_MODEL}"
        stdout.print(f"petoolbench build --catalog ... --llm openai {asked} -o OUT", soft_wrap=True)
        stdout.print(f"petoolbench predict DATA {asked} --limit 1 --max-output-tokens 64 -o RUN", soft_wrap=True)

    serve(host, port, context, ready)
