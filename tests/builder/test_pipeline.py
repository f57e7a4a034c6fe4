"""What a finished build promises: no leak, no repetition, balance, and an answer that only the history gives."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder import pipeline
from builder.build_manifest import build_id, file_hashes
from builder.catalogue.sources import open_source
from builder.config import BuildConfig, UserConfig
from builder.errors import AuditError, BuildError, ConfigError, OutputError
from builder.execution.folder_lock import acquire, create_locked, remove_abandoned
from builder.execution.staging import folder_written_aside, written_aside
from builder.predictors.open_predictor import open_predictor
from builder.records import Group, GroupTool, Query, User
from builder.users.instances import InstanceMaker
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import AuditSummary, read_manifest
from hf_dataset.reader import read_answers, read_instances, read_private_tools, read_tools
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, Instance, to_dict
from petoolbench.scoring import score_replies
from tests.conftest import SMALL, Built, silent
from tests.factories import line

PUBLIC = ("train", "validation")


@pytest.fixture(scope="module")
def rows(built: Built) -> dict[tuple[str, str], list[Instance]]:
    return {(config, split): read_instances(built.data, config, split) for config in HISTORY_TYPES for split in SPLITS}


@pytest.fixture(scope="module")
def functionality(built: Built) -> dict[str, str | None]:
    return {tool.name: tool.functionality for split in SPLITS for tool in read_tools(built.data, split)}


def everything(rows: dict[tuple[str, str], list[Instance]]) -> list[Instance]:
    return [row for part in rows.values() for row in part]


def answered(rows: dict[tuple[str, str], list[Instance]]) -> list[tuple[Instance, AnswerRow]]:
    return [(row, row.answer) for row in everything(rows) if row.answer is not None]


def provider(row: Instance, name: str) -> str:
    return next(tool.provider for tool in (*row.candidates, *row.history_tools) if tool.name == name)


def test_the_users_asked_for_are_made(rows: dict[tuple[str, str], list[Instance]]) -> None:
    for config in HISTORY_TYPES:
        assert [len(rows[config, split]) for split in SPLITS] == [48, 36, 36]


def test_ten_candidates_of_which_three_or_more_do_the_job(
    rows: dict[tuple[str, str], list[Instance]], functionality: dict[str, str | None]
) -> None:
    for row in everything(rows):
        names = [tool.name for tool in row.candidates]
        same = [tool for tool in row.candidates if functionality[tool.name] == row.functionality]
        assert len(names) == len(set(names)) == 10
        assert len(same) >= 3
        assert len({tool.description for tool in same}) == len(same)
        assert len({tool.provider for tool in same}) == len(same)


def test_answers_are_candidates_that_do_the_job_with_valid_arguments(
    rows: dict[tuple[str, str], list[Instance]], functionality: dict[str, str | None]
) -> None:
    for row, answer in answered(rows):
        tool = next(tool for tool in row.candidates if tool.name == answer.name)
        assert functionality[answer.name] == row.functionality
        jsonschema.validate(json.loads(answer.arguments), json.loads(tool.parameters))
        for step in row.history:
            doc = next(tool for tool in row.history_tools if tool.name == step.name)
            jsonschema.validate(json.loads(step.arguments), json.loads(doc.parameters))


def leaves(value: Any) -> list[Any]:
    return [leaf for inner in value.values() for leaf in leaves(inner)] if isinstance(value, dict) else [value]


def test_every_argument_can_be_read_from_the_instruction(rows: dict[tuple[str, str], list[Instance]]) -> None:
    for row, answer in answered(rows):
        assert json.loads(answer.arguments), "an answer without arguments"
        for leaf in leaves(json.loads(answer.arguments)):
            day = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", str(leaf))
            said = f"{int(day[3])} " if day else str(leaf)
            assert said in row.instruction, (leaf, row.instruction)


def test_the_history_never_touches_the_target(
    rows: dict[tuple[str, str], list[Instance]], functionality: dict[str, str | None]
) -> None:
    for row in everything(rows):
        candidates = {tool.provider for tool in row.candidates}
        assert not {functionality[step.name] for step in row.history} & {row.functionality}
        assert not {provider(row, step.name) for step in row.history} & candidates
        assert {tool.name for tool in row.history_tools} == {step.name for step in row.history}


def test_no_instruction_comes_twice_in_an_instance_or_in_two_splits(
    rows: dict[tuple[str, str], list[Instance]],
) -> None:
    final: defaultdict[str, set[str]] = defaultdict(set)
    past: defaultdict[str, set[str]] = defaultdict(set)
    for (_, split), part in rows.items():
        for row in part:
            instructions = [row.instruction, *(step.instruction for step in row.history)]
            assert len(set(instructions)) == len(instructions)
            final[split].add(row.instruction)
            past[split].update(step.instruction for step in row.history)
    assert not {text for part in final.values() for text in part} & {text for part in past.values() for text in part}
    for one in SPLITS:
        for other in SPLITS:
            assert one == other or not (final[one] | past[one]) & (final[other] | past[other])


def test_splits_share_no_user_query_group_or_provider(
    built: Built, rows: dict[tuple[str, str], list[Instance]]
) -> None:
    users = [{row.user_id for config in HISTORY_TYPES for row in rows[config, split]} for split in SPLITS]
    queries = [{row.query_group for config in HISTORY_TYPES for row in rows[config, split]} for split in SPLITS]
    providers = [{tool.provider for tool in read_tools(built.data, split)} for split in SPLITS]
    for train, validation, test in (users, queries, providers):
        assert not train & validation
        assert not train & test
        assert not validation & test


def test_a_query_group_is_one_question_with_a_different_answer_for_each_user(
    rows: dict[tuple[str, str], list[Instance]],
) -> None:
    for config in HISTORY_TYPES:
        for split in PUBLIC:
            groups: defaultdict[str, list[Instance]] = defaultdict(list)
            for row in rows[config, split]:
                groups[row.query_group].append(row)
            for group in groups.values():
                assert len(group) >= 3
                assert len({row.instruction for row in group}) == 1
                assert len({json.dumps([tool.name for tool in row.candidates]) for row in group}) == 1
                assert len({row.answer.name for row in group if row.answer}) == len(group)


def test_history_types_have_their_shape(rows: dict[tuple[str, str], list[Instance]]) -> None:
    low, high = SMALL.histories.min_length, SMALL.histories.max_length
    for (config, split), part in rows.items():
        for row in part:
            ratings = Counter(step.rating for step in row.history)
            assert low - 1 <= len(row.history) <= high
            if config == "rating_integrated":
                assert ratings[1] == ratings[0] == len(row.history) / 2
            else:
                assert set(ratings) == {None}
            if split in PUBLIC:
                assert row.meta is not None
                assert (row.meta.drift_step is not None) == (config == "chronological")
                assert row.evidence
                first = row.meta.drift_step or 0
                assert all(first <= index < len(row.history) for index in row.evidence)
                assert all(row.history[index].rating != 0 for index in row.evidence)


def test_the_change_is_spread_over_the_middle(rows: dict[tuple[str, str], list[Instance]]) -> None:
    places = [
        row.meta.drift_step / len(row.history)
        for split in PUBLIC
        for row in rows["chronological", split]
        if row.meta and row.meta.drift_step is not None
    ]
    assert 0.2 <= min(places) < 0.4
    assert 0.7 < max(places) <= 0.8
    assert 0.4 < float(np.mean(places)) < 0.6


def test_evidence_carries_the_preference(built: Built, rows: dict[tuple[str, str], list[Instance]]) -> None:
    attributes = {
        tool.name: {item.axis: item.value for item in tool.attributes}
        for split in PUBLIC
        for tool in read_tools(built.data, split)
    }
    for row, answer in answered(rows):
        assert row.meta is not None
        assert row.meta.axes is not None
        wanted = {axis: attributes[answer.name][axis] for axis in row.meta.axes}
        for index in row.evidence:
            own = attributes[row.history[index].name]
            assert any(own.get(axis) == value for axis, value in wanted.items())


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_oracle_is_right_and_random_is_at_a_tenth(
    built: Built, rows: dict[tuple[str, str], list[Instance]], config: str
) -> None:
    for split in PUBLIC:
        part = rows[config, split]
        scores = {}
        for model in ("oracle", "random"):
            predictor = open_predictor(f"baseline:{model}", built.data, config, split, seed=0)
            scores[model] = score_replies({row.instance_id: predictor.predict(row) for row in part}, part)
        assert scores["oracle"]["tool_accuracy"] >= 0.99
        assert scores["oracle"]["call_accuracy"] >= 0.99
        # 0.1 with four standard errors of a proportion
        assert abs(scores["random"]["tool_accuracy"] - 0.1) < 4 * (0.09 / len(part)) ** 0.5


def test_swapping_histories_inside_a_query_group_swaps_the_oracles_choice(
    built: Built, rows: dict[tuple[str, str], list[Instance]]
) -> None:
    part = rows["preferred_only", "validation"]
    predictor = open_predictor("baseline:oracle", built.data, "preferred_only", "validation", seed=0)
    others = {row.query_group: row for row in part}
    for row in part:
        other = others[row.query_group]
        if other.user_id != row.user_id:
            assert json.loads(predictor.predict(other))["name"] != json.loads(predictor.predict(row))["name"]


def test_inside_a_group_each_tool_is_the_answer_equally_often(rows: dict[tuple[str, str], list[Instance]]) -> None:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: defaultdict[str, set[str]] = defaultdict(set)
    for row, answer in answered({("", ""): rows["preferred_only", "train"]}):
        counts[row.functionality][answer.name] += 1
        sizes[row.functionality].add(row.query_group)
    for name, answers in counts.items():
        # Every query group gives each tool one user, but for one that was cut to fit the number of users asked for.
        assert sum(answers.values()) >= len(sizes[name]) * 3
        assert max(answers.values()) - min(answers.values()) <= 1


def test_attributes_of_test_tools_are_private(built: Built) -> None:
    public = read_tools(built.data, "test")
    private = read_private_tools(built.answers)
    assert public == [replace(tool, attributes=[]) for tool in private]
    assert all(tool.attributes for tool in private if tool.functionality is not None)
    assert all(tool.attributes for split in PUBLIC for tool in read_tools(built.data, split) if tool.functionality)


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_the_oracle_reads_the_test_split_with_its_answers_folder_only(built: Built, config: str) -> None:
    with pytest.raises(ConfigError, match=r"attributes of the test split's tools are private.*--answers"):
        open_predictor("baseline:oracle", built.data, config, "test", seed=0)
    predictor = open_predictor("baseline:oracle", built.data, config, "test", seed=0, answers=built.answers)
    keys = {key.instance_id: key for key in read_answers(built.answers, config)}
    rows = read_instances(built.data, config, "test")
    assert [json.loads(predictor.predict(row))["name"] for row in rows] == [
        keys[row.instance_id].answer.name for row in rows
    ]


def test_answers_of_the_test_split_occur_nowhere_below_the_data_set(built: Built) -> None:
    for config in HISTORY_TYPES:
        public = {row.instance_id: row for row in read_instances(built.data, config, "test")}
        keys = read_answers(built.answers, config)
        assert {key.instance_id for key in keys} == set(public)
        for row in public.values():
            assert row.answer is None
            assert row.evidence == []
            assert row.meta is not None
            assert [row.meta.axes, row.meta.drift_step, row.meta.noise, row.meta.distractor_level] == [None] * 4
            assert (row.meta.n_tokens or 0) > 0
    secrets = {
        (key.answer.name, key.answer.arguments)
        for config in HISTORY_TYPES
        for key in read_answers(built.answers, config)
    }
    assert secrets
    for path in sorted(built.data.rglob("*.parquet")):
        table = pq.read_table(path)
        assert not secrets & calls(table), path
    assert not [path for path in built.data.rglob("*") if "answer" in path.name.lower()]
    for path in [*built.data.glob("*.md"), *built.data.glob("*.json")]:
        text = path.read_text()
        assert not [arguments for _, arguments in secrets if arguments in text]


def calls(table: pa.Table) -> set[tuple[str, str]]:
    """Every (name, arguments) pair of a table, at whatever depth."""
    found: set[tuple[str, str]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("name") and value.get("arguments"):
                found.add((value["name"], value["arguments"]))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(table.to_pylist())
    return found


def test_ids_do_not_tell_the_answer(rows: dict[tuple[str, str], list[Instance]]) -> None:
    """The first user of a query group wants any of the tools that do the job, whatever their names and places."""
    places, ranks = [], []
    seen = set()
    for row in rows["preferred_only", "train"] + rows["preferred_only", "validation"]:
        if row.query_group not in seen and row.answer:
            seen.add(row.query_group)
            places.append([tool.name for tool in row.candidates].index(row.answer.name))
            assert row.meta
            ranks.append(sorted(row.meta.same_function or []).index(row.answer.name))
    assert len(places) > 12
    assert len(set(places)) > 3
    assert len(set(ranks)) > 2
    assert max(map(ranks.count, ranks)) < 0.7 * len(ranks)


def test_the_manifest_names_every_file_with_its_hash(built: Built) -> None:
    manifest = read_manifest(built.data)
    assert manifest.files == file_hashes(built.data)
    assert manifest.private_files == file_hashes(built.answers)
    assert manifest.rows["chronological"] == {"train": 48, "validation": 36, "test": 36}
    assert manifest.counts["tools_read"] >= manifest.counts["tools_kept"] > 0
    assert str(built.data) not in manifest.to_json()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(built: Built, tmp_path: Path) -> None:
    again = tmp_path / "again"
    pipeline.build(open_source("builtin"), SMALL, again, silent)
    other = tmp_path / "other"
    pipeline.build(open_source("builtin"), SMALL.model_copy(update={"seed": 6}), other, silent, audited=False)
    assert file_hashes(again) == file_hashes(built.data)
    assert (again / "manifest.json").read_bytes() == (built.data / "manifest.json").read_bytes()
    assert file_hashes(tmp_path / "again-private") == file_hashes(built.answers)
    for config in HISTORY_TYPES:
        assert file_hashes(other)[f"{config}/train.parquet"] != file_hashes(again)[f"{config}/train.parquet"]


def test_nothing_is_written_over(built: Built) -> None:
    with pytest.raises(OutputError, match="exists already"):
        pipeline.build(open_source("builtin"), SMALL, built.data, silent)


def test_answers_without_their_data_set_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / "out-private").mkdir()
    with pytest.raises(OutputError, match="out-private"):
        pipeline.build(open_source("builtin"), SMALL, tmp_path / "out", silent)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tools.jsonl").write_text(line(tool_name="test") + "\n")
    with pytest.raises(BuildError, match="No tool of the catalogue"):
        pipeline.build(open_source(f"toolbench:{tmp_path / 'tools.jsonl'}"), SMALL, tmp_path / "out", silent)
    assert [path.name for path in tmp_path.iterdir()] == ["tools.jsonl"]


BUILD = """
import sys
from pathlib import Path
from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import BuildConfig, UserConfig
print("ready", flush=True)
pipeline.build(open_source("builtin"), BuildConfig(users=UserConfig(count=60)), Path(sys.argv[1]), lambda *told: None)
"""


def begun(out: Path) -> subprocess.Popen[bytes]:
    """A process that is about to build."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(out)], stdout=subprocess.PIPE, start_new_session=True, env=os.environ.copy()
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == b"ready\n"
    return process


def test_a_build_killed_at_any_moment_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    out, answers = tmp_path / "out", tmp_path / "out-private"
    landed = 0
    for moment in np.random.default_rng(0).uniform(0, 6, size=5):
        process = begun(out)
        time.sleep(float(moment))
        landed += process.poll() is None
        with suppress(ProcessLookupError):  # it is done
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if out.exists():
            assert read_manifest(out).files == file_hashes(out)
            shutil.rmtree(out)
        shutil.rmtree(answers, ignore_errors=True)  # which are put in place first
    assert landed
    # The same build goes through afterwards and sweeps up what was left.
    assert begun(out).wait() == 0
    assert read_manifest(out).files == file_hashes(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-private"]


@pytest.mark.realdata
def test_the_real_catalogue_carries_the_benchmark(real_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "rapid"
    config = BuildConfig(seed=7, users=UserConfig(count=300))
    report = pipeline.build(open_source(f"toolbench:{real_data / 'rapidapi_tools.jsonl.gz'}"), config, out, silent)
    assert report.manifest.counts["groups_kept"] >= 40
    assert report.manifest.counts["categories_kept"] >= 20
    assert all(len({member.tool.provider for member in group.members}) >= 3 for group in report.groups)
    for history_type in HISTORY_TYPES:
        part = read_instances(out, history_type, "train")
        predictor = open_predictor("baseline:oracle", out, history_type, "train", seed=0)
        scores = score_replies({row.instance_id: predictor.predict(row) for row in part}, part)
        assert scores["tool_accuracy"] >= 0.99
    for row in read_instances(out, "preferred_only", "train"):
        assert row.answer is not None
        schema = json.loads(next(tool.parameters for tool in row.candidates if tool.name == row.answer.name))
        for name, value in json.loads(row.answer.arguments).items():
            own = schema["properties"][name]
            assert value not in [*own.get("examples", []), own.get("default")], (row.instance_id, name, value)
        assert not re.search(r"your_\w+|<\w+>|\bstring\b|\{\w+\}", row.instruction)


def rows_without_ids(folder: Path, config: str, split: str) -> list[dict[str, Any]]:
    rows = [to_dict(row) for row in read_instances(folder, config, split)]
    return [{name: value for name, value in row.items() if name != "instance_id"} for row in rows]


def test_a_secret_changes_the_ids_and_the_rows_of_test_only_and_is_not_written(built: Built, tmp_path: Path) -> None:
    secret = SMALL.model_copy(update={"secret": "not to be published"})
    out = tmp_path / "out"
    report = pipeline.build(open_source("builtin"), secret, out, silent, audited=False)
    assert report.manifest.build_id != built.report.manifest.build_id
    for config in HISTORY_TYPES:
        for split in ("train", "validation"):
            assert rows_without_ids(built.data, config, split) == rows_without_ids(out, config, split)
        assert rows_without_ids(built.data, config, "test") != rows_without_ids(out, config, "test")
    assert report.manifest.test_split_needs_a_secret
    assert report.manifest.data_revision != built.report.manifest.data_revision
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"not to be published" not in path.read_bytes()


def test_the_build_id_changes_with_whatever_determines_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SMALL.model_copy(update={"secret": "sixteen characters"})
    ids = [build_id("builtin", SMALL), build_id("other", SMALL), build_id("builtin", secret)]
    ids.append(build_id("builtin", SMALL.model_copy(update={"seed": 6})))
    hurried = SMALL.model_copy(update={"llm": SMALL.llm.model_copy(update={"connections": 1, "retries": 0})})
    assert build_id("builtin", hurried) == ids[0]
    monkeypatch.setattr("builder.build_manifest.FORMAT", 99)
    ids.append(build_id("builtin", SMALL))
    monkeypatch.setattr("builder.build_manifest.version", lambda _: "99")
    ids.append(build_id("builtin", SMALL))
    assert len(set(ids)) == len(ids)


def test_groups_with_too_few_scenarios_stay_out_of_histories(tmp_path: Path) -> None:
    few = SMALL.model_copy(update={"scenarios_per_group": 4})  # past the config's own check
    with pytest.raises(BuildError, match="No user of 'train' could be made"):
        pipeline.build(open_source("builtin"), few, tmp_path / "few", silent)
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_that_fails_its_audit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user of a query group wants the tool with the longest description."""

    def partial(
        self: InstanceMaker, query: Query, whole: Group, members: Sequence[GroupTool], *rest: Any
    ) -> User | None:
        first, second = sorted(members, key=lambda member: -len(member.tool.description))[:2]
        return made(self, query, whole, [first, second], *rest)

    made = InstanceMaker._user
    monkeypatch.setattr(InstanceMaker, "_user", partial)
    with pytest.raises(
        AuditError, match=r"fails its audit.*longest description at [\d.]+ % where [\d.]+ %.*--no-audit"
    ):
        pipeline.build(open_source("builtin"), SMALL, tmp_path / "out", silent)
    assert list(tmp_path.iterdir()) == []
    few = SMALL.model_copy(update={"users": UserConfig(count=12, train=0.34, validation=0.33, test=0.33)})
    report = pipeline.build(open_source("builtin"), few, tmp_path / "out", silent, audited=False)
    assert report.manifest.audit is None
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["audit"] is None
    assert "**Not audited.**" in (tmp_path / "out" / "README.md").read_text()
    assert not list((tmp_path / "out").glob("*udit*"))


def test_the_audit_is_shipped_with_the_data(built: Built) -> None:
    found = json.loads((built.data / "audit.json").read_text())
    assert [item["failed"] for item in found["configs"]] == [[], [], []]
    assert built.report.manifest.audit == AuditSummary(
        gates=sum(len(item["gates"]) for item in (*found["configs"], found["training"])),
        gates_that_cannot_tell=0,
        checks=sum(check["required"] for item in (*found["configs"], found["training"]) for check in item["checks"]),
    )
    page = (built.data / "AUDIT.md").read_text()
    plots = re.findall(r"!\[[^]]+\]\((.+)\)", page)
    assert len(plots) == 4
    assert all((built.data / plot).read_bytes().startswith(b"\x89PNG") for plot in plots)
    summary = built.report.manifest.audit
    assert f"all {summary.gates} gates and {summary.checks} checks hold" in (built.data / "README.md").read_text()


DIALS: dict[str, dict[str, Any]] = {
    # Dials of different configs, or of history and candidates, share a build.
    "noise and a gradual change": {"histories": {"flipped_ratings": 0.25, "transition": "gradual"}},
    "reversal, embedding and near": {
        "histories": {"changes": 2, "reversal": True, "min_length": 12},
        "preferences": {"similarity": "embedding"},
        "candidates": {"distractors": "near_functionality", "same_function_share": 0.4, "provider_overlap": 1.0},
    },
}


@pytest.mark.parametrize("name", DIALS)
def test_every_dial_gives_a_data_set_that_passes(tmp_path: Path, name: str) -> None:
    config = BuildConfig.model_validate({**SMALL.model_dump(), **DIALS[name]})
    pipeline.build(open_source("builtin"), config, tmp_path / "out", silent)
    rows = {config: read_instances(tmp_path / "out", config, "train") for config in HISTORY_TYPES}
    metas = {config: [row.meta for row in part if row.meta] for config, part in rows.items()}
    if name == "noise and a gradual change":
        assert {meta.noise for meta in metas["preferred_only"]} == {0.0}
        noise = [meta.noise or 0.0 for meta in metas["rating_integrated"]]
        assert 0.15 < float(np.mean(noise)) < 0.35
        assert 0.0 < json.loads((tmp_path / "out" / "manifest.json").read_text())["oracle_expected_loss"] < 0.8
    if name == "reversal, embedding and near":
        tools = {tool.name: tool for tool in read_tools(tmp_path / "out", "train")}
        same = {
            sum(tools[one.name].functionality == row.functionality for one in row.candidates)
            for row in rows["preferred_only"]
        }
        assert same == {4}
        assert any(
            provider(row, step.name) in {one.provider for one in row.candidates}
            for row in rows["preferred_only"]
            for step in row.history
        )
        assert {meta.distractor_level for meta in metas["preferred_only"]} == {"near_functionality"}


def test_a_data_set_that_cannot_be_put_in_place_leaves_no_answers_and_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if Path(target).name == "out":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OutputError, match="No space left") as told, written_aside(tmp_path / "out") as folders:
        (folders.private / "answers").write_text("")
    assert set(tmp_path.iterdir()) == set(folders)
    assert all(repr(str(folder)) in str(told.value) for folder in folders)
    assert (folders.private / "answers").exists()


@pytest.mark.parametrize("write", [written_aside, folder_written_aside])
def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path, write: Any) -> None:
    with (
        pytest.raises(OutputError, match=r"'.*/out' cannot be written: No space left.*Make room"),
        write(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    with pytest.raises(FileNotFoundError), write(tmp_path / "out"):  # a mistake of ours
        raise FileNotFoundError(2, "No such file")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_writes_is_left_alone(tmp_path: Path) -> None:
    one, other = create_locked(tmp_path / "a", tmp_path / "a-private")
    with written_aside(tmp_path / "a"), written_aside(tmp_path / "a-private"):
        assert acquire(one.path) is None
        assert one.path.exists()
        assert other.path.exists()
    one.release()
    remove_abandoned(tmp_path / "a")
    assert not one.path.exists()
    other.release()


def test_leftovers_are_swept_whatever_the_name(tmp_path: Path) -> None:
    leftover = tmp_path / ".a[1].partial-99999999-x"
    leftover.mkdir()
    with written_aside(tmp_path / "a[1]"):
        assert not leftover.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a[1]", "a[1]-private"]


def test_folders_of_other_names_are_never_swept(tmp_path: Path) -> None:
    names = ["99999999", "99999999-backup", ".b.partial-99999999-x", "a.partial-99999999-x", "99999999.partial-1"]
    for name in names:
        (tmp_path / name).mkdir()
    with written_aside(tmp_path / "a"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "a", "a-private"])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be created"), written_aside(tmp_path / "file" / "out"):
        pass
