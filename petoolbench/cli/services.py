"""The command that lists the catalogue of real services and the sources of its facts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from builder.services.real_catalogue import sourced_facts
from builder.services.service_tables import markdown_tables

from .build import Anonymous
from .console import stdout


def list_services(
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts",
            help="JSON Lines file to write: every fact with the Python package and version that state it, and the "
            "place in its files.",
        ),
    ] = None,
    anonymous: Anonymous = False,
) -> None:
    """Print which real services `build --catalog services` uses, and which facts are known of them."""
    known = sourced_facts(anonymous=anonymous)
    if facts is not None:
        lines = (json.dumps(asdict(fact), ensure_ascii=False) for fact in known)
        aside = facts.with_name(f"{facts.name}.part")
        aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        aside.replace(facts)
    stdout.print(markdown_tables(known), markup=False, highlight=False, soft_wrap=True)
