"""Reading of a built data set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hf_dataset import card_passages
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import to_dict
from leaderboard.public_data import Data, DataError, data_revision
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.stored_records import CORE, FULL_SPLIT, HISTORY_TYPES, SPLITS
from tests.conftest import Built

from .making import guesses, with_manifest


def test_instances_match_the_build(built: Built, data: Data) -> None:
    for config in HISTORY_TYPES:
        for split in SPLITS:
            rows = read_instances(built.data, config, split)
            assert data.instance_ids(config, split) == [row.instance_id for row in rows]
            assert data.counts[config, split] == len(rows)
            assert data.column(config, split, "query_group") == [row.query_group for row in rows]
            instance, written = data.instance(config, split, rows[-1].instance_id), to_dict(rows[-1])
            assert [fields_of(step) for step in instance.history] == written["history"]
            assert [fields_of(tool) for tool in instance.candidates] == written["candidates"]
            answer = written["answer"] and {name: written["answer"][name] for name in ("name", "arguments")}
            assert (instance.answer and fields_of(instance.answer)) == answer
            assert (instance.instruction, list(instance.evidence)) == (written["instruction"], written["evidence"])
            assert [fields_of(tool) for tool in instance.history_tools] == written["history_tools"]
            assert (instance.today, instance.meta) == (written["today"], written["meta"])
            assert (instance.answer is None) == (split == "test")
    assert set(data.ids("test")) == set(HISTORY_TYPES)


def test_facts_match_the_build(built: Built, data: Data) -> None:
    for tool in read_tools(built.data, "validation"):
        assert data.facts[tool.name] == {
            fact.axis: (f"{fact.value} {fact.unit}".rstrip(), fact.stated) for fact in tool.facts
        }
    assert any(facts for facts in data.facts.values())


def fields_of(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in type(record).__slots__}  # type: ignore[attr-defined]


def test_invalid_data_is_rejected(built: Built, data: Data, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no manifest\.json"):
        Data(tmp_path)
    (tmp_path / "earlier").mkdir()
    manifest = json.loads((built.data / "manifest.json").read_text(encoding="utf-8"))
    (tmp_path / "earlier" / "manifest.json").write_text(json.dumps({**manifest, "format": 1}), encoding="utf-8")
    with pytest.raises(DataError, match=r"has data format 1; this board reads format 2\. Build the data set again, or"):
        Data(tmp_path / "earlier")
    with pytest.raises(DataError, match="Unknown split 'train'"):
        data.table("chronological", "train")
    with pytest.raises(DataError, match=r"Unknown split 'test' of config '\.\./x'"):
        data.table("../x", "test")
    with pytest.raises(DataError, match="Unknown instance 'x'"):
        data.instance("chronological", "test", "x")
    with pytest.raises(DataError, match="Unknown column 'x'"):
        data.column("chronological", "test", "x")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        Answers(tmp_path)
    shutil.copytree(built.data, tmp_path / "data")
    shutil.copy(built.data / "chronological" / "test.parquet", tmp_path / "data" / "preferred_only" / "test.parquet")
    with pytest.raises(DataError, match="share an instance_id"):
        Data(tmp_path / "data").ids("test")
    with pytest.raises(DataError, match="holds no answer of"):
        Scorer(Data(tmp_path / "data"), Answers(built.answers)).score("x", "test", HISTORY_TYPES, {}, "")
    with pytest.raises(DataError, match="without its answers"):
        Scorer(data, None).score("x", "test", HISTORY_TYPES, guesses(data, "test"), "")


def test_the_core_is_a_part_of_the_test_split(data: Data, core_data: Data, tmp_path: Path) -> None:
    assert (data.core, data.core_ids("test"), data.main_rows("test")) == (frozenset(), {}, FULL_SPLIT)
    assert (core_data.main_rows("test"), core_data.main_rows("validation")) == (CORE, FULL_SPLIT)
    for config, ids in core_data.core_ids("test").items():
        assert ids < core_data.ids("test")[config]
        assert {
            core_data.column(config, "test", "query_group")[core_data.instance_ids(config, "test").index(name)]
            for name in ids
        } == core_data.core
    shutil.copytree(data.folder, tmp_path / "data")
    with pytest.raises(DataError, match=r"names a core whose query groups do not occur in 'preferred_only', 'test'"):
        Data(with_manifest(tmp_path / "data", core=["nothing"])).core_ids("test")


@pytest.mark.parametrize("pack", [None, "ab" * 32])
def test_the_origin_of_the_test_listings_is_stated_in_the_words_of_the_card(
    pack: str | None, built: Built, tmp_path: Path
) -> None:
    shutil.copytree(built.data, tmp_path / "data")
    data = Data(with_manifest(tmp_path / "data", listing_pack=pack))
    assert data.listings == dict(card_passages._facts(read_manifest(data.folder)))["test listings"]
    assert data.listings.startswith(f"by the pack `{pack}`: a program" if pack else "by the repository's own templates")
    assert Data(with_manifest(data.folder, catalog="toolbench x")).listings == ""


def test_two_builds_never_share_a_data_revision(built: Built) -> None:
    manifest = json.loads((built.data / "manifest.json").read_text(encoding="utf-8"))
    assert data_revision(manifest) == Data(built.data).revision == built.report.manifest.data_revision
    for section, name in (("files", "chronological/test.parquet"), ("private_files", "answers/chronological.parquet")):
        changed = {**manifest, section: {**manifest[section], name: {"bytes": 1, "sha256": "0" * 64}}}
        assert data_revision(changed) != data_revision(manifest)


def test_files_of_another_build_are_refused(built: Built, tmp_path: Path) -> None:
    other, answers = tmp_path / "data", tmp_path / "answers"
    shutil.copytree(built.data, other)
    shutil.copytree(built.answers, answers)
    name = "answers/chronological.parquet"
    (answers / name).write_bytes((answers / "answers" / "preferred_only.parquet").read_bytes())
    message = (
        rf"chronological\.parquet' is not the file that the manifest of data revision {Data(other).revision} lists"
    )
    with pytest.raises(DataError, match=message):
        Scorer(Data(other), Answers(answers))
    shutil.copy(other / "chronological" / "validation.parquet", other / "chronological" / "test.parquet")
    with pytest.raises(DataError, match=r"test\.parquet' is not the file that the manifest of data revision"):
        Scorer(Data(other), Answers(built.answers)).answers_version("test")
    assert len(Scorer(Data(built.data), Answers(built.answers)).answers_version("test")) == 8
