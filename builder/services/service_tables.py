"""Tables of the catalogue of real services, in Markdown, as the documentation shows them."""

from __future__ import annotations

from collections.abc import Sequence

from builder.world.axes import ALL_AXES
from hf_dataset.layout import SPLITS
from hf_dataset.markdown_tables import markdown_table

from .package_files import PACKAGES
from .real_catalogue import SourcedFact


def markdown_tables(facts: Sequence[SourcedFact]) -> str:
    """Return tables of the packages, of groups and tools by domain, and of facts by axis.

    Args:
        facts: All facts of the catalogue.
    """
    return "\n\n".join([_packages(facts), _domains(facts), _axes(facts)])


def _packages(facts: Sequence[SourcedFact]) -> str:
    rows = [
        [
            f"`{package.name}`",
            package.version,
            package.licence,
            package.holds,
            f"{sum(fact.package == package.name for fact in facts):,}",
        ]
        for package in PACKAGES
    ]
    return markdown_table(["package", "version", "licence", "read for", "facts"], rows, 1)


def _domains(facts: Sequence[SourcedFact]) -> str:
    rows = []
    for category in sorted({fact.category for fact in facts}):
        own = [fact for fact in facts if fact.category == category]
        groups = {(fact.job, fact.split) for fact in own}
        by_split = [str(sum(split == name for _, split in groups)) for name in SPLITS]
        providers = {fact.tool.partition("__")[0] for fact in own}
        rows.append(
            [
                category,
                str(len(groups)),
                *by_split,
                str(len({fact.tool for fact in own})),
                str(len(providers)),
                f"{len(own):,}",
            ]
        )
    groups = {(fact.job, fact.split) for fact in facts}
    total = [str(sum(split == name for _, split in groups)) for name in SPLITS]
    providers = {fact.tool.partition("__")[0] for fact in facts}
    rows.append(
        [
            "all",
            str(len(groups)),
            *total,
            str(len({fact.tool for fact in facts})),
            str(len(providers)),
            f"{len(facts):,}",
        ]
    )
    return markdown_table(["domain", "groups", *SPLITS, "tools", "providers", "facts"], rows, 7)


def _axes(facts: Sequence[SourcedFact]) -> str:
    rows = []
    for axis in ALL_AXES.values():
        own = [fact for fact in facts if fact.axis == axis.name]
        if own:
            domains = sorted({fact.category for fact in own})
            rows.append([f"`{axis.name}`", axis.label, axis.unit or "-", ", ".join(domains), f"{len(own):,}"])
    return markdown_table(["axis", "what people prefer", "unit", "domains", "facts"], rows, 1)
