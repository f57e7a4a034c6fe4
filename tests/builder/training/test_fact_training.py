"""Training rows of the built-in catalogue, whose users choose by facts."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from builder.training.rejected_calls import ERROR_OF, POSSIBLE
from hf_dataset.prompting import messages_of
from hf_dataset.reader import read_instances, read_training
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, DpoRow, Instance, SftRow
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import Reference
from tests.conftest import Built

from .helpers import BY_HISTORY, parsed, plain


@pytest.fixture(scope="module")
def facts_train(built: Built) -> dict[str, Instance]:
    """Instances of the training split in all configs, by id."""
    return {row.instance_id: row for config in HISTORY_TYPES for row in read_instances(built.data, config, "train")}


@pytest.fixture(scope="module")
def facts_answers(facts_train: dict[str, Instance]) -> dict[str, Reference]:
    return {reference.instance_id: reference for reference in references(facts_train.values())}


@pytest.fixture(scope="module")
def facts_dpo(built: Built) -> list[DpoRow]:
    return list(read_training(built.data, "dpo"))


def test_sft_is_every_train_instance_with_its_answer(
    built: Built, facts_train: dict[str, Instance], facts_answers: dict[str, Reference]
) -> None:
    rows: list[SftRow] = list(read_training(built.data, "sft"))
    assert sorted(row.instance_id for row in rows) == sorted(facts_train)
    for row in rows:
        assert plain(row.messages[:-1]) == messages_of(facts_train[row.instance_id])
        assert judge(row.messages[-1].content, facts_answers[row.instance_id], "strict").error_class == "correct"


def test_prompts_contain_listings_and_offers(facts_train: dict[str, Instance]) -> None:
    for row in facts_train.values():
        shown = json.loads(messages_of(row)[1]["content"])
        assert [tool["listing"] for tool in shown["candidates"]] == [tool.listing for tool in row.candidates]
        for step, of_row in zip(shown["history"], row.history, strict=True):
            assert step["also_offered"] == [name for name in of_row.offered if name != of_row.name]


def test_every_chosen_reply_is_correct_and_every_rejected_reply_has_the_error_of_its_kind(
    facts_dpo: list[DpoRow], facts_train: dict[str, Instance], facts_answers: dict[str, Reference]
) -> None:
    assert sorted(row.instance_id for row in facts_dpo) == sorted(facts_train)
    for row in facts_dpo:
        reference = facts_answers[row.instance_id]
        assert plain(row.prompt) == messages_of(facts_train[row.instance_id])
        assert judge(row.chosen[0].content, reference, "strict").error_class == "correct"
        assert judge(row.rejected[0].content, reference).error_class == ERROR_OF[row.kind], row.rejected
        assert row.kind in POSSIBLE[row.config]


def test_most_pairs_can_be_told_apart_by_the_history_only(facts_dpo: list[DpoRow]) -> None:
    kinds = Counter(row.kind for row in facts_dpo)
    by_history = [row for row in facts_dpo if row.kind in BY_HISTORY]
    assert len(by_history) > len(facts_dpo) / 2, kinds
    chosen, rejected = (
        {parsed(reply.content).name for row in by_history for reply in (row.chosen if side else row.rejected)}
        for side in (True, False)
    )
    assert len(chosen & rejected) > len(chosen) / 2
