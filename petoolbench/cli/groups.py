"""The command that proposes groups of tools for a person to accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from builder.catalogue.sources import CATALOGUE_FORMS, ReadySource, notices_of
from builder.config import GroupConfig
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError, OutputError
from builder.funnel import Funnel
from builder.grouping.group_file import groups_text
from builder.grouping.proposals import ProposedGroup, propose_groups
from builder.grouping.recognition import Recogniser
from builder.preparation import read_tools
from petoolbench.building import Catalogue
from petoolbench.files import write_atomically

from .build import FactsFile, Functionalities, ProviderFrom
from .console import progress, stdout
from .printing import print_notices


def propose(
    catalog: Annotated[str, typer.Argument(metavar="CATALOG", help=f"Catalogue of tools: {CATALOGUE_FORMS}.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, for build --groups.")],
    provider_from: ProviderFrom = None,
    facts: FactsFile = None,
    functionalities: Functionalities = None,
) -> None:
    """Propose groups of tools that do the same job, in a file to read, edit and pass to build --groups."""
    if out.exists():
        raise OutputError(f"{str(out)!r} exists already. Name another file, so that an edited one is not lost.")
    source, own = Catalogue(catalog, provider_from, facts, functionalities).open()
    if isinstance(source, ReadySource):
        raise ConfigError("The built-in catalogue is grouped already. Name a catalogue of your own.")
    funnel, encoder = Funnel(), SentenceEncoder()
    with progress() as report:
        tools = read_tools(source, funnel, report)
        report("grouping tools by functionality", 0, 0)
        groups = propose_groups(tools, Recogniser(own.library, encoder, own.lexicon), GroupConfig(), encoder)
    print_notices(notices_of(source))
    write_atomically(out, [groups_text(groups, tools)])
    _print(groups, funnel)
    stdout.print(f"\nGroups: {out}. Read them, and set accept = true where they are right.", soft_wrap=True)


def _print(groups: list[ProposedGroup], funnel: Funnel) -> None:
    table = Table("job", "tools", "known", "missing", title="Proposed groups", title_justify="left")
    for group in groups:
        missing = [slot.name for slot in group.slots if not slot.concept]
        needs = f"values of {', '.join(missing)}" if missing and not group.is_known else ""
        table.add_row(group.name, str(len(group.tools)), "yes" if group.is_known else "", needs)
    stdout.print(table)
    grouped = sum(len(group.tools) for group in groups)
    dropped = sum(funnel.drops.get("tool", {}).values())
    reasons = f" ({funnel.most_frequent('tool', 8)})" if dropped else ""
    stdout.print(
        f"Tools: {funnel.counts['tools_read']:,} read, {dropped:,} dropped{reasons}, {grouped:,} in a group.",
        soft_wrap=True,
        highlight=False,
    )
