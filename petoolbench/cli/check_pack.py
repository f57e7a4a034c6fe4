"""The command that checks a listing pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import ConfigError
from builder.world.pack_checks import check_pack, example_listings, pack_summary
from builder.world.packs import read_pack

from .console import stdout


def check_pack_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of the pack, with layouts/*.j2 and optionally pack.toml.")],
) -> None:
    """Check a listing pack: layouts, providers and number ranges for the test split, from outside of the repository.

    Prints a listing in each layout that states all facts. Exits with code 1 and the list of problems if the pack cannot
    be used.
    """
    problems = check_pack(folder)
    if problems:
        for problem in problems:
            _print(f"- {problem}")
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"The pack {str(folder)!r} has {number}. What a pack contains: docs/guides/listing-packs.md.")
    pack = read_pack(folder)
    for name, listing in example_listings(pack).items():
        stdout.rule(name, align="left")
        _print(listing)
    stdout.rule()
    _print(f"The pack can be used: {pack_summary(pack)}")


def _print(text: str) -> None:
    stdout.print(text, markup=False, highlight=False, soft_wrap=True)
