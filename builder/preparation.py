"""Preparation of a catalogue: its tools are read, understood, grouped and divided among the splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hf_dataset.layout import SPLITS

from .catalogue.provider_names import with_prefix_providers
from .catalogue.quality import LanguageDetector, filter_tools
from .catalogue.raw_tools import CatalogueSource
from .catalogue.sources import ReadySource, Source
from .catalogue.understanding import understand
from .config import BuildConfig
from .embedding import SentenceEncoder
from .errors import BuildError
from .funnel import Funnel
from .grouping.feasibility import answerable_groups
from .grouping.group_tools import group_catalogue
from .grouping.grouped_catalogue import GroupedCatalogue
from .grouping.own_jobs import OwnJobs
from .grouping.recognition import Recogniser
from .grouping.splits import shares_of, split_groups, split_tools
from .grouping.stated_groups import accepted_groups
from .llm.estimate import estimate
from .llm.session import ModelSession
from .model_catalogue import catalogue_by_model
from .progress import Progress
from .randomness import generator_for
from .records import Group, Tool
from .users.candidates import distractor_pool


def prepare(
    source: Source | ReadySource,
    config: BuildConfig,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
    model: ModelSession | None,
    own: OwnJobs,
) -> GroupedCatalogue:
    """Read, understand, group and split a catalogue; the arguments are those of `pipeline.build`."""
    if isinstance(source, ReadySource):
        progress("reading the catalogue", 0, 0)
        catalogue = source.grouped()
        funnel.count("tools_read", len(catalogue.tools))
        funnel.count("tools_kept", len(catalogue.tools))
        if not catalogue.jobs:
            catalogue = replace(catalogue, groups=answerable_groups(catalogue.groups, config, funnel))
    else:
        tools = read_tools(source, funnel, progress, compared=model is None)
        progress("grouping tools by functionality", 0, 0)
        if model:
            if model.forecast:
                model.expect(estimate(tools, config, encoder))
            catalogue = catalogue_by_model(tools, config, encoder, funnel, model.engine)
        else:
            catalogue = _offline(tools, config, encoder, funnel, own)
    funnel.count("groups_kept", len(catalogue.groups))
    funnel.count("categories_kept", len({group.category for group in catalogue.groups}))
    funnel.count("tools_grouped", sum(len(group.members) for group in catalogue.groups))
    return catalogue


def read_tools(source: CatalogueSource, funnel: Funnel, progress: Progress, *, compared: bool = True) -> list[Tool]:
    """Read the tools of a catalogue that pass the quality filter.

    Args:
        source: The catalogue.
        funnel: Counts the tools that do not pass, with reasons.
        progress: Progress callback.
        compared: Give the tools attributes, by comparing their facts. False if a language model reads the facts first.

    Raises:
        CatalogueError: If the catalogue cannot be read.
        BuildError: If no tool passes the filter.
    """
    progress("reading the catalogue", 0, 0)
    filtered = filter_tools(with_prefix_providers(source.read()), LanguageDetector(), funnel)
    tools = list(understand(filtered) if compared else filtered)
    for reason, number in sorted(source.skipped.items()):
        funnel.drop("source", reason, number)
    if not tools:
        skipped = f" The source skipped: {'; '.join(source.skipped.notices())}." if source.skipped else ""
        raise BuildError(
            "No tool of the catalogue passed the quality filter, so there is nothing to build from. Tools dropped, by "
            f"reason: {funnel.most_frequent('tool')}.{skipped} Improve the documentation, or name another catalogue."
        )
    return tools


def _offline(
    tools: Sequence[Tool], config: BuildConfig, encoder: SentenceEncoder, funnel: Funnel, own: OwnJobs
) -> GroupedCatalogue:
    """Group tools by the library of functionalities, or as a groups file states."""
    recogniser = Recogniser(own.library, encoder, own.lexicon)
    found = (
        group_catalogue(tools, recogniser, config.groups, funnel)
        if own.groups is None
        else accepted_groups(tools, own.groups, funnel)
    )
    groups = answerable_groups(list(found), config, funnel)
    groups_of_splits, tools = _split(groups, tools, config, funnel)
    return GroupedCatalogue(
        tools, groups_of_splits, recogniser.look_alikes(_distractor_pools(tools), config.groups.look_alike)
    )


def _distractor_pools(tools: Sequence[Tool]) -> list[Tool]:
    """Return the tools of all splits that distractors are drawn from."""
    return [tool for split in SPLITS for tool in distractor_pool(tool for tool in tools if tool.split == split)]


def _split(
    groups: Sequence[Group], tools: Sequence[Tool], config: BuildConfig, funnel: Funnel
) -> tuple[list[Group], list[Tool]]:
    rng = generator_for((config.seed,), "splits")
    assigned = split_groups(groups, rng, funnel, config.preferences, shares_of(config.users.splits))
    return assigned, split_tools(tools, assigned, config.users, rng)
