"""The command that proposes groups of tools for a person to accept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from builder.catalogue.facts_table import facts_summary, facts_text
from builder.catalogue.sources import CATALOGUE_FORMS, ReadySource, notices_of
from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError, OutputError
from builder.funnel import Funnel
from builder.grouping.group_file import groups_text
from builder.grouping.proposals import Proposal, ProposedGroup, propose_groups
from builder.grouping.recognition import Recogniser
from builder.grouping.ungrouped import Ungrouped, not_told_apart, ungrouped_lines
from builder.preparation import read_tools
from builder.records import Tool
from builder.words import most_frequent
from petoolbench.building import Catalogue
from petoolbench.files import write_atomically

from .build import FactsFile, Functionalities, ProviderFrom
from .console import print_text, progress, stdout
from .printing import print_notices

_REASONS: Final = 8
"""Number of reasons for dropped tools that are printed."""
_NEARLY_ALL: Final = 0.9
"""Share of the tools from which one provider is said to have nearly all of them."""
_MOST_NAMED: Final = 5
"""Number of tools that are named for each reason."""


def propose(
    catalog: Annotated[str, typer.Argument(metavar="CATALOG", help=f"Catalogue of tools: {CATALOGUE_FORMS}.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="File to write, for build --groups. The tools in no group are listed at its end, with reasons.",
        ),
    ],
    provider_from: ProviderFrom = None,
    facts: FactsFile = None,
    functionalities: Functionalities = None,
    facts_out: Annotated[
        Path | None,
        typer.Option(
            "--facts-out",
            help="File to write with what was understood of each tool: provider, job, and facts with the words that "
            "state them. Correct it, and pass it to --facts.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that exist already; what was edited in them is lost.")
    ] = False,
) -> None:
    """Propose groups of tools that do the same job, in a file to read, edit and pass to build --groups."""
    for path in (out, facts_out):
        if path is not None and path.exists() and not force:
            raise OutputError(
                f"{str(path)!r} exists already. Name another file, so that an edited one is not lost, or replace it "
                "with --force."
            )
    source, own = Catalogue(catalog, provider_from, facts, functionalities).open()
    if isinstance(source, ReadySource):
        raise ConfigError("The built-in catalogue is grouped already. Name a catalogue of your own.")
    funnel, encoder, config = Funnel(most_named=None), SentenceEncoder(), BuildConfig()
    source.skipped.most_named = None
    with progress() as report:
        tools = read_tools(source, funnel, report)
        report("grouping tools by functionality", 0, 0)
        proposal = propose_groups(tools, Recogniser(own.library, encoder, own.lexicon), config.groups, encoder)
        equal = _equal(proposal, tools, config)
    print_notices(notices_of(source))
    dropped = [*source.skipped.notices(None), *funnel.explained("tool", len(funnel.drops.get("tool", ())))]
    write_atomically(out, [groups_text(proposal.groups, tools, [*proposal.ungrouped, *equal], dropped, proposal.small)])
    if facts_out is not None:
        jobs = {tool: group.name for group in proposal.groups for tool in group.tools}
        write_atomically(facts_out, [facts_text(tools, jobs)])
    if provider_from is None and (hint := _one_provider(tools)):
        print_text(hint)
    _print_groups(proposal.groups, {item.tool for item in equal})
    _print_facts(tools)
    _print_rest(proposal, equal, funnel, out)
    print_text(_providers(tools))
    stdout.print(f"\nGroups: {out}. Read them, and set accept = true where they are right.", soft_wrap=True)
    if facts_out is not None:
        stdout.print(f"Facts: {facts_out}. Correct them, and pass the file to --facts.", soft_wrap=True)


def _equal(proposal: Proposal, tools: Sequence[Tool], config: BuildConfig) -> list[Ungrouped]:
    """Return the tools of the proposed groups that no preference can single out."""
    by_name = {tool.name: tool for tool in tools}
    return [item for group in proposal.groups for item in not_told_apart(list(group.tools), by_name, config)]


def _print_groups(groups: Sequence[ProposedGroup], equal: set[str]) -> None:
    table = Table("job", "tools", "distinct", "known", "missing", title="Proposed groups", title_justify="left")
    for group in groups:
        missing = [slot.name for slot in group.slots if not slot.concept]
        needs = f"values of {', '.join(missing)}" if missing and not group.is_known else ""
        apart = sum(tool not in equal for tool in group.tools)
        table.add_row(group.name, str(len(group.tools)), str(apart), "yes" if group.is_known else "", needs)
    stdout.print(table)


def _print_facts(tools: Sequence[Tool]) -> None:
    table = Table("fact", "tools", "values", title="Facts that were understood", title_justify="left")
    for axis, number, values in facts_summary(tools):
        table.add_row(axis.replace("_", " "), str(number), values)
    stdout.print(table)


def _one_provider(tools: Sequence[Tool]) -> str:
    """Return a line on a catalogue that has nearly all of its tools from one provider; empty for other catalogues."""
    counts = Counter(tool.provider for tool in tools)
    name = most_frequent(counts) if tools else ""
    if len(tools) < MIN_SAME_FUNCTION or counts[name] < _NEARLY_ALL * len(tools):
        return ""
    number = f"All {len(tools):,}" if len(counts) == 1 else f"{counts[name]:,} of the {len(tools):,}"
    return (
        f"{number} tools have the provider {name!r}, and a group has one tool of each provider. If their names begin "
        f"with the provider, as in acme_forecast, pass --provider-from name; the other values are server, file and the "
        "name of a field."
    )


def _providers(tools: Sequence[Tool]) -> str:
    """Return a line with the number of providers, and the first ones."""
    names = sorted({tool.provider for tool in tools})
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    few = " If these are not all of them, state where their names are with --provider-from."
    line = f"Providers: {len(names):,}: {', '.join(names[:_MOST_NAMED])}{more}."
    return line + (few if len(names) < MIN_SAME_FUNCTION else "")


def _print_rest(proposal: Proposal, equal: Sequence[Ungrouped], funnel: Funnel, out: Path) -> None:
    """Print how many tools no group uses, with the first ones of each reason and the place of the others."""
    grouped = sum(len(group.tools) for group in proposal.groups)
    dropped = sum(funnel.drops.get("tool", {}).values())
    lines = [f"Tools: {funnel.counts['tools_read']:,} read, {dropped:,} dropped, {grouped:,} in a group."]
    lines += (f"  dropped: {line}" for line in funnel.explained("tool", _REASONS, _MOST_NAMED))
    lines += (f"  in no group: {line}" for line in ungrouped_lines(proposal.ungrouped, _MOST_NAMED))
    lines += (f"  left out by a build: {line}" for line in ungrouped_lines(equal, _MOST_NAMED))
    if len(lines) > 1:
        lines.append(f"All of these tools are at the end of {out}, each with the reason and what would help.")
    for line in lines:
        print_text(line)
