"""Reading of choices among tools with facts, and the baselines that use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from builder.audit.audit_split import AuditSplit
from builder.errors import ConfigError
from builder.export import TableWriter, answer_key, public_row, public_tool, write_tools
from builder.predictors.fact_reading import FactReading
from builder.predictors.fact_regression import fact_regression
from builder.predictors.open_predictor import open_predictor
from builder.predictors.open_reading import has_facts, open_reading
from builder.predictors.oracle import OraclePredictor, best_of
from builder.predictors.protocol import Predictor
from builder.predictors.reading import AttributeReading, View
from hf_dataset.layout import MANIFEST, answers_file, split_file
from hf_dataset.manifest import Manifest
from hf_dataset.schema import AnswerKey, FactRow, Instance, MetaRow
from tests.builder.audit.fact_rows import fact_splits

GROUPS = 12


def part_of(config: str = "preferred_only", split: int = 0) -> AuditSplit:
    return fact_splits(config, GROUPS)[split]


def picked(part: AuditSplit, row: Instance, view: View | None = None) -> str:
    names = part.capable_tools(row)
    return names[best_of(part.reading.scores(row, names, view or View()))]


def share_right(part: AuditSplit, choose: Callable[[Instance], str]) -> float:
    return sum(row.answer is not None and choose(row) == row.answer.name for row in part.rows) / len(part.rows)


def test_the_reading_follows_the_tools() -> None:
    part = part_of()
    assert isinstance(part.reading, FactReading)
    assert has_facts(part.tools.values())
    labelled = [
        replace(tool, facts=[FactRow("pricing", "free", "", "Costs nothing.")])
        for tool in list(part.tools.values())[:9]
    ]
    assert not has_facts(labelled)
    assert isinstance(open_reading(labelled, 0), AttributeReading)


@pytest.mark.parametrize("config", ["preferred_only", "rating_integrated", "chronological"])
@pytest.mark.parametrize("reader", ["oracle", "counter", "linear"])
def test_every_reader_finds_every_answer(config: str, reader: str) -> None:
    part = part_of(config)
    changes = int(config == "chronological")
    predictor = OraclePredictor(list(part.tools.values()), changes=changes, reader=reader)
    for row in part.rows:
        assert json.loads(predictor.predict(row)) == {
            "name": row.answer and row.answer.name,
            "arguments": {"place": "Zanzibar"},
        }


@pytest.mark.parametrize(
    ("config", "view"), [("rating_integrated", View(ratings=False)), ("chronological", View(order=False))]
)
def test_without_ratings_or_order_at_most_half_are_found(config: str, view: View) -> None:
    part = part_of(config)
    assert share_right(part, lambda row: picked(part, row)) == 1
    assert share_right(part, lambda row: picked(part, row, view)) < 0.65


def test_steps_of_other_concerns_mislead() -> None:
    part = part_of()

    def elsewhere(row: Instance) -> View:
        assert row.meta is not None
        assert row.meta.step_concerns is not None
        return View([place for place, concern in enumerate(row.meta.step_concerns) if concern], concerns=False)

    assert share_right(part, lambda row: picked(part, row, elsewhere(row))) < 0.3


def test_without_metadata_all_steps_are_read() -> None:
    part = part_of()
    row = part.rows[0]
    names = part.capable_tools(row)
    unknown = replace(row, meta=None)
    assert part.reading.scores(unknown, names) == part.reading.scores(row, names, View(concerns=False))
    assert part.reading.scores(unknown, names) != part.reading.scores(row, names)


def test_a_view_without_steps_scores_all_candidates() -> None:
    part = part_of("chronological")
    names = part.capable_tools(part.rows[0])
    scores = part.reading.scores(part.rows[0], names, View([]))
    assert len(scores) == len(names)
    assert sum(scores) == pytest.approx(1)
    empty = replace(part.rows[0], history=[], meta=MetaRow())
    assert set(part.reading.verdicts(empty, names)) == {"oracle", "counter", "linear"}


def test_candidates_without_facts_are_all_alike() -> None:
    part = part_of()
    names = part.capable_tools(part.rows[0])
    silent = [replace(tool, facts=[]) if tool.name in names else tool for tool in part.tools.values()]
    scores = FactReading(silent, 0).scores(part.rows[0], names)
    assert scores == pytest.approx([1 / len(names)] * len(names))


def test_where_nothing_was_offered_all_tools_of_the_job_were() -> None:
    part = part_of()

    def bare(row: Instance) -> Instance:
        return replace(row, history=[replace(step, offered=[]) for step in row.history])

    share = share_right(part, lambda row: picked(part, bare(row)))
    assert 0.4 < share < 1  # a called tool need not be the best one of its job


def test_offers_of_different_sizes_are_read() -> None:
    part = part_of()

    def shortened(row: Instance) -> Instance:
        """Offer two tools at every second step, and only the called one at every fifth."""

        def offered(place: int) -> list[str]:
            step = row.history[place]
            others = [name for name in step.offered if name != step.name]
            return sorted([step.name, *others[: 0 if place % 5 == 0 else 1 + place % 2]])

        return replace(row, history=[replace(step, offered=offered(place)) for place, step in enumerate(row.history)])

    for reader in ("oracle", "counter", "linear"):

        def choose(row: Instance, reader: str = reader) -> str:
            names = part.capable_tools(row)
            return names[best_of(part.reading.verdicts(shortened(row), names)[reader])]

        assert share_right(part, choose) > 0.6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data set of `chronological` with its answers beside it."""
    out = tmp_path_factory.mktemp("facts") / "data"
    private = out.with_name("data-private")
    for part in fact_splits("chronological", GROUPS):
        is_test = part.split == "test"
        tools = sorted(part.tools.values(), key=lambda tool: tool.name)
        write_tools(out / split_file("tools", part.split), map(public_tool, tools) if is_test else tools)
        rows = TableWriter(out / split_file(part.config, part.split), Instance)
        for row in part.rows:
            rows.add(public_row(row) if is_test else row)
        rows.close()
        if is_test:
            write_tools(private / answers_file("tools"), tools)
            keys = TableWriter(private / answers_file(part.config), AnswerKey)
            for row in part.rows:
                keys.add(answer_key(row))
            keys.close()
    manifest = Manifest(
        build_id="00000000",
        builder="0",
        catalog="builtin",
        rows={},
        tokenizer="",
        config={"histories": {"changes": 1}},
    )
    (out / MANIFEST).write_text(json.dumps(asdict(manifest)))
    return out


def right(predictor: Predictor, split: int, public: bool = False) -> float:
    part = part_of("chronological", split)
    return share_right(part, lambda row: str(json.loads(predictor.predict(public_row(row) if public else row))["name"]))


@pytest.mark.parametrize("name", ["oracle", "counter", "linear"])
def test_readers_are_baselines_of_every_split(folder: Path, name: str) -> None:
    """For the test split, the concerns of the steps come from the private answers."""
    answers = folder.with_name("data-private")
    validation = open_predictor(f"baseline:{name}", folder, "chronological", "validation", 0)
    assert right(validation, 1) == 1
    test = open_predictor(f"baseline:{name}", folder, "chronological", "test", 0, answers)
    assert right(test, 2, public=True) == 1
    with pytest.raises(ConfigError, match="--answers"):
        open_predictor(f"baseline:{name}", folder, "chronological", "test", 0)


def test_a_regression_learns_from_choices(folder: Path) -> None:
    predictor = open_predictor("baseline:regression", folder, "chronological", "validation", 0)
    assert right(predictor, 1) > 0.3
    train, validation, _ = fact_splits("preferred_only", GROUPS)
    score = fact_regression(train.rows, {**train.tools, **validation.tools})
    share = share_right(
        validation, lambda row: max(zip(score(row), [tool.name for tool in row.candidates], strict=True))[1]
    )
    assert share > 0.45
    bare = replace(validation.rows[0], history=[])
    assert len(score(bare)) == len(bare.candidates)


@pytest.mark.parametrize("name", ["counter", "linear"])
def test_readers_of_choices_need_facts(folder: Path, tmp_path: Path, name: str) -> None:
    part = part_of("chronological", 1)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / MANIFEST).write_text((folder / MANIFEST).read_text())
    labelled = [replace(tool, facts=[FactRow("pricing", "free", "", "")]) for tool in part.tools.values()]
    write_tools(tmp_path / "data" / split_file("tools", "validation"), labelled)
    with pytest.raises(ConfigError, match=r"labelled attributes\. Use baseline:oracle"):
        open_predictor(f"baseline:{name}", tmp_path / "data", "chronological", "validation", 0)
