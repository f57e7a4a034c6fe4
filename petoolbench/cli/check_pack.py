"""The command that checks a listing pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from builder.errors import ConfigError
from builder.predictors.read_shares import PackReading, pack_reading
from builder.world.pack_checks import check_pack, example_listings, pack_summary
from builder.world.packs import read_pack

from .console import print_text, stdout

_MOSTLY: Final = 0.9
"""Share of the facts of an axis in a layout below which they count as protected in part."""


def check_pack_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of the pack, with layouts/*.j2 and optionally pack.toml.")],
) -> None:
    """Check a listing pack: a private folder with layouts for the listings of the tools in the test split.

    Prints example listings in each layout. The examples contain each kind of fact (price, region and so on) at
    least once, and each possible value of facts with a fixed set of values. Also prints what share of the facts is
    read correctly by `baseline:program`, a parser that does not know the pack.

    Exits with code 1 and a list of problems if the pack cannot be used.
    """
    problems = check_pack(folder)
    if problems:
        for problem in problems:
            print_text(f"- {problem}")
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(f"The pack {str(folder)!r} has {number}. What a pack contains: docs/guides/listing-packs.md.")
    pack = read_pack(folder)
    for name, listings in example_listings(pack).items():
        for place, listing in enumerate(listings, 1):
            stdout.rule(f"{name} ({place} of {len(listings)})", align="left")
            print_text(listing)
    stdout.rule("reading", align="left")
    print_text(reading_report(pack_reading(pack)))
    stdout.rule()
    print_text(f"The pack can be used: {pack_summary(pack)}")


def reading_report(reading: PackReading) -> str:
    """Return the shares of facts that are read right, in all, by axis and by layout, as text."""
    width = max(map(len, [*reading.by_axis, *reading.by_layout]))
    axes = [
        f"{axis:{width}}  {share:5.0%}  {reading.guessed[axis]:7.0%}".rstrip()
        for axis, share in reading.by_axis.items()
    ]
    layouts = [
        f"{layout:{width}}  {share:5.0%}  {_not_read(layout, reading)}".rstrip()
        for layout, share in reading.by_layout.items()
    ]
    return "\n".join(
        [
            f"The repository's own program, which does not know the pack, reads {reading.overall:.1%} of the facts of "
            "the test tools right. Lower is better: at 100 % the pack protects nothing against it.",
            "",
            f"{'axis':{width}}   read  guessed (right without reading, by the most frequent value)",
            *axes,
            "",
            f"{'layout':{width}}   read  axes read below {_MOSTLY:.0%}",
            *layouts,
        ]
    )


def _not_read(layout: str, reading: PackReading) -> str:
    shares = {axis: reading.by_cell.get((axis, layout), 1.0) for axis in reading.by_axis}
    return ", ".join(f"{axis} {share:.0%}" for axis, share in shares.items() if share < _MOSTLY) or "none"
