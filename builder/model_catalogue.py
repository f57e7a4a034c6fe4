"""Catalogue that a language model reads, groups and writes scenarios for."""

from __future__ import annotations

from collections.abc import Sequence

from builder.config import BuildConfig
from builder.embedding import Encoder
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.grouping.feasibility import answerable_groups
from builder.grouping.functionalities import REGISTERS
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.llm.analysis import ModelAnalyst
from builder.llm.engine import Engine
from builder.llm.writing import ScenarioAuthor
from builder.records import Tool
from builder.users.trial import placeholder_scenarios

from .dealing import Dealer


def catalogue_by_model(
    tools: Sequence[Tool], config: BuildConfig, encoder: Encoder, funnel: Funnel, engine: Engine
) -> GroupedCatalogue:
    """Let a language model describe the tools, group them and write the scenarios.

    Users are tried with placeholders before the first scenario is written, and again with the scenarios.

    Args:
        tools: Tools of the catalogue, without attributes.
        config: Config of the build.
        encoder: Encoder of sentences.
        funnel: Counts what is dropped.
        engine: Sends the requests.

    Raises:
        BuildError: If the groups do not carry users in every split. The message names what would.
        LlmError: If the endpoint cannot be used.
    """
    count = len(REGISTERS) * config.llm.scenarios_per_register
    if count <= config.histories.least_pool:
        raise BuildError(
            f"[llm] scenarios_per_register = {config.llm.scenarios_per_register} gives a group at most {count} "
            f"scenarios. Histories of up to {config.histories.max_length} steps need {config.histories.least_pool}, "
            "and final instructions need more. Increase it, or shorten [histories] max_length."
        )
    analyst = ModelAnalyst(engine, config, encoder, funnel)
    analysed, does = analyst.understand(tools)
    groups = answerable_groups(analyst.group(analysed, does), config, funnel)
    dealer = Dealer(analysed, analyst.look_alikes(analysed, groups, does), config, encoder)
    dealer.deal(groups, placeholder_scenarios(count, config.histories.least_pool), funnel)
    serving, written = ScenarioAuthor(engine, config, funnel).write(groups)
    deal = dealer.deal(answerable_groups(serving, config, funnel), written.write, funnel)
    funnel.merge(deal.funnel)
    for trial in deal.trials:
        funnel.count(f"users_tried_{trial.split}", trial.asked)
        funnel.count(f"users_possible_{trial.split}", trial.made)
    return deal.catalogue
