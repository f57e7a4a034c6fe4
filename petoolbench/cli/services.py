"""The command that lists the catalogue of real services and the sources of its facts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from builder.services.real_catalogue import sourced_facts
from builder.services.service_tables import markdown_tables
from petoolbench.files import write_atomically

from .build import Anonymous
from .console import print_text


def list_services(
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts",
            help="JSON Lines file to write: every fact, the Python package that states it, the version of the package, "
            "and the place in the files of the package.",
        ),
    ] = None,
    anonymous: Anonymous = False,
) -> None:
    """Print which real services `build --catalog services` uses, and which facts are known of them."""
    known = sourced_facts(anonymous=anonymous)
    if facts is not None:
        write_atomically(facts, (f"{json.dumps(asdict(fact), ensure_ascii=False)}\n" for fact in known))
    print_text(markdown_tables(known))
