"""Tests of the card, eval.yaml and the Croissant metadata: they match the data, and the tools that read them accept them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast
from unittest import mock

import evaluate
import mlcroissant
import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard

from hf_dataset.card import TemplateError, card_text, front_matter, main, pages, stale_pages, template
from hf_dataset.card_facts import Build, example_split, read_build
from hf_dataset.card_identity import eval_text
from hf_dataset.card_passages import shortened
from hf_dataset.columns import MEANINGS, columns
from hf_dataset.croissant import croissant_text
from hf_dataset.evidence_curve import EVIDENCE_PLOT, READERS, read_curve
from hf_dataset.layout import BENCHMARK, CANARY, CARD, CROISSANT, MANIFEST, split_file, splits_of
from hf_dataset.manifest import Page
from hf_dataset.reference_results import RESULTS_JSON, read_results
from hf_dataset.schema import HISTORY_TYPES, ROWS, feature_specs
from leaderboard.pages.about_page import CITATION
from tests.conftest import Built
from tests.fakes.hub.clients import hub_clients
from tests.fakes.hub.server import HubServer

pytestmark = [  # warnings of mlcroissant
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
]
ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"<summary><code>(\w+)</code>, (\w+), first row</summary>\n\n```json\n(.*?)\n```", re.DOTALL)


@pytest.fixture(scope="module")
def build(built: Built) -> Build:
    return read_build(built.data, built.report.manifest)


@pytest.fixture(scope="module")
def card(built: Built) -> str:
    return (built.data / CARD).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def audited(attribute_built: Built) -> Build:
    """Facts of an audited build."""
    return read_build(attribute_built.data, attribute_built.report.manifest)


@pytest.fixture(scope="module")
def audited_card(attribute_built: Built) -> str:
    return (attribute_built.data / CARD).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def croissant(built: Built) -> mlcroissant.Dataset:
    return mlcroissant.Dataset(str(built.data / CROISSANT))


def rows(folder: Path, config: str, split: str) -> list[dict[str, Any]]:
    """Return the rows of a split, as dicts."""
    return cast("list[dict[str, Any]]", pq.read_table(folder / split_file(config, split)).to_pylist())


def test_the_hub_accepts_the_card(card: str) -> None:
    data: Any = DatasetCard(card).data
    assert data.license == "apache-2.0"
    assert data.size_categories == ["1K<n<10K"]
    assert data.task_categories == ["text-generation"]
    assert data.to_dict()["canary"] == CANARY
    with hub_clients(), HubServer() as hub, mock.patch("huggingface_hub.constants.ENDPOINT", hub.url):
        DatasetCard(card).validate()


def data_files(head: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return the split and path of each data file, by config."""
    return {config["config_name"]: config["data_files"] for config in head["configs"]}


def test_the_metadata_list_the_files_and_features_of_every_config(build: Build) -> None:
    head = front_matter(build)
    files = data_files(head)
    assert list(files) == list(ROWS)
    for info in head["dataset_info"]:
        name = info["config_name"]
        assert [file["split"] for file in files[name]] == list(splits_of(name))
        assert info["features"] == feature_specs(ROWS[name])


def test_the_metadata_state_the_sizes_of_every_config(built: Built, build: Build) -> None:
    head = front_matter(build)
    for info in head["dataset_info"]:
        paths = [built.data / file["path"] for file in data_files(head)[info["config_name"]]]
        assert info["download_size"] == sum(path.stat().st_size for path in paths)
        sizes = [pq.read_table(path).nbytes for path in paths]
        counts = [pq.read_metadata(path).num_rows for path in paths]
        assert [split["num_examples"] for split in info["splits"]] == counts
        assert [split["num_bytes"] for split in info["splits"]] == pytest.approx(sizes, rel=0.01)
        assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])


@pytest.mark.parametrize(
    ("number", "category"),
    [(999, "n<1K"), (1_000, "1K<n<10K"), (52_000, "10K<n<100K"), (999_999, "100K<n<1M"), (1_000_000, "1M<n<10M")],
)
def test_the_size_category_counts_all_rows(build: Build, number: int, category: str) -> None:
    counts = {name: dict.fromkeys(splits_of(name), 0) for name in ROWS} | {"sft": {"train": number}}
    sized = dataclasses.replace(build, manifest=dataclasses.replace(build.manifest, rows=counts))
    assert front_matter(sized)["size_categories"] == [category]


@pytest.mark.parametrize("row", dict.fromkeys(ROWS.values()))
def test_the_card_documents_every_column(card: str, row: type) -> None:
    described = list(columns(row))
    assert {column.path for column in described} == set(MEANINGS[row])
    for column in described:
        assert f"| `{column.path}` | {column.kind} | {column.meaning} |" in card


def test_types_of_columns_are_described_in_words() -> None:
    kinds = {column.path: column.kind for column in columns(ROWS["chronological"])}
    assert kinds["instruction"] == "string"
    assert kinds["history"] == "list of objects"
    assert kinds["evidence"] == "list of int32"
    assert kinds["answer"] == "object"


def test_examples_are_rows_of_the_data(built: Built, card: str) -> None:
    examples = EXAMPLE.findall(card)
    assert [name for name, _, _ in examples] == list(ROWS)
    for name, split, text in examples:
        assert split == example_split(name) != "test"
        key = "name" if name == "tools" else "instance_id"
        example = json.loads(text)
        assert [example] == [shortened(row) for row in rows(built.data, name, split) if row[key] == example[key]]


def test_the_card_contains_no_ids_of_the_test_split(built: Built, card: str) -> None:
    keys = {"instance_id", "user_id", "query_group"}
    test_rows = [row for name in ROWS if "test" in splits_of(name) for row in rows(built.data, name, "test")]
    ids = {row[key] for row in test_rows for key in row.keys() & keys}
    assert ids
    assert not [name for name in ids if name in card]


def test_examples_are_shortened() -> None:
    assert shortened({"a": "x" * 101, "b": [1, 2, 3], "c": [None, {"d": "y"}, 0.5, 4, 5], "e": None}) == {
        "a": "x" * 100 + "… (1 more characters)",
        "b": [1, 2, 3],
        "c": [None, {"d": "y"}, "… 2 more", 5],
        "e": None,
    }


@pytest.fixture(scope="module")
def table_rows(audited_card: str) -> dict[str, list[str]]:
    """Return the cells of each table row of the card, by the first cell."""
    cells = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in audited_card.splitlines()
        if line.startswith("|")
    )
    return {first: rest for first, *rest in cells}


def test_the_card_lists_the_gates_of_the_audit(audited: Build, table_rows: dict[str, list[str]]) -> None:
    assert audited.audit is not None
    for number, item in enumerate(audited.audit["configs"]):
        for gate in item["gates"]:
            assert table_rows[gate["name"]][2 + number] == f"{100 * gate['accuracy']:.1f}"
            assert float(table_rows[gate["name"]][0]) == pytest.approx(100 * gate["bound"], abs=0.3)
    for gate in audited.audit["training"]["gates"]:
        assert table_rows[gate["name"]][2] == f"{100 * gate['accuracy']:.1f}"


def test_the_card_counts_the_gates_and_checks(audited: Build, audited_card: str) -> None:
    summary = audited.manifest.audit
    assert summary is not None
    assert f"all {summary.gates} gates and {summary.checks} checks hold" in audited_card


def test_the_card_shows_the_figures_on_texts(audited: Build, table_rows: dict[str, list[str]]) -> None:
    assert audited.audit is not None
    texts = audited.audit["texts"]
    assert [item["split"] for item in texts] == ["train", "validation", "test"]
    assert table_rows["query groups measured"] == [str(item["query_groups"]) for item in texts]
    for place, item in enumerate(texts):
        for kind in item["histories"]:
            cell = f"{100 * kind['frequent']:.1f} ({100 * kind['mentions']:.1f})"
            assert table_rows[f"{kind['kind']} in more than 1 % of the histories"][place] == cell
    assert not [name for name in table_rows if name.startswith("register ")]


def test_the_card_shows_the_registers(audited: Build) -> None:
    assert audited.audit is not None
    first, *others = audited.audit["texts"]
    texts = [{**first, "registers": {"formal": 0.25, "terse": 0.75}}, *others]
    text = card_text(dataclasses.replace(audited, audit={**audited.audit, "texts": texts}), template())
    assert "| register `terse` | 75.0 | 0.0 | 0.0 |" in text


def test_the_card_shows_every_plot(attribute_built: Built, audited_card: str) -> None:
    for plot in re.findall(r"!\[.*\]\((.*)\)", audited_card):
        assert (attribute_built.data / plot).is_file()
    assert audited_card.count("![") == len(list((attribute_built.data / "audit").iterdir()))


def test_the_card_of_a_small_build_says_that_it_proves_little(audited: Build, audited_card: str) -> None:
    assert audited.audit is not None
    assert "too small to prove much" not in audited_card
    first = audited.audit["configs"][0]
    wide = {**first, "gates": [first["gates"][0], {**first["gates"][1], "margin": 0.95}, *first["gates"][2:]]}
    audit = {**audited.audit, "configs": [wide, *audited.audit["configs"][1:]]}
    text = card_text(dataclasses.replace(audited, audit=audit), template())
    assert "too small to prove much" in text
    assert "| random | 10.0 | *any* |" in text


def test_the_card_states_that_a_build_was_not_audited(build: Build) -> None:
    text = card_text(dataclasses.replace(build, audit=None), template())
    assert "**Not audited.**" in text
    assert "gates and" not in text
    assert "](audit/" not in text


def test_the_card_states_the_inputs_of_the_build(build: Build) -> None:
    manifest = dataclasses.replace(
        build.manifest,
        drops={"tool": {"adult_content": 1234}},
        llm={"provider": "openai"},
        test_split_needs_a_secret=True,
    )
    text = card_text(dataclasses.replace(build, manifest=manifest), template())
    assert "| tool | adult content | 1,234 |" in text
    assert "| tools understood by | `gpt-4o-mini` |" in text
    assert "cannot be reproduced without it" in text
    assert f"| catalogue | `{build.manifest.catalog}` |" in text
    assert "| `histories.max_length` | 20 |" in text
    assert "| `histories.transition` | abrupt |" in text
    assert "Dropped records" not in card_text(
        dataclasses.replace(build, manifest=dataclasses.replace(manifest, drops={})), template()
    )


@pytest.mark.parametrize(
    ("catalog", "words"),
    [("builtin sha256:0", "Providers and tools are fictional"), ("toolbench sha256:0", "labelled facts")],
)
def test_the_card_explains_how_the_data_of_its_catalogue_are_made(build: Build, catalog: str, words: str) -> None:
    manifest = dataclasses.replace(build.manifest, catalog=catalog)
    text = card_text(dataclasses.replace(build, manifest=manifest), template())
    making = text[text.index("## How it was made") : text.index("<!-- build -->")]
    assert words in making
    assert [line[:2] for line in making.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]


def test_the_card_shows_the_measured_curve_of_its_own_catalogue_only(build: Build) -> None:
    own = card_text(build, template())
    curve = read_curve()
    assert f"each of the {curve.readings} rows" in own
    assert EVIDENCE_PLOT in build.manifest.files
    readers = next(series for series in curve.series if series.name == READERS)
    assert f"| careful readers | {100 * readers.points[0].accuracy:.1f} |" in own
    results = read_results()
    assert results.note in own
    for row in results.summary()[1]:
        assert f"| {' | '.join(row)} |" in own
    assert RESULTS_JSON in build.manifest.files
    foreign = dataclasses.replace(build, manifest=dataclasses.replace(build.manifest, catalog="my tools"))
    assert "No careful readers have read" in card_text(foreign, template())
    assert EVIDENCE_PLOT not in card_text(foreign, template())


def test_a_filled_card_can_be_filled_again(build: Build, card: str) -> None:
    assert card_text(build, template()) == card_text(build, card) == card


@pytest.mark.parametrize(
    "change", [("<!-- canary -->", "<!-- parrot -->"), ("## Motivation\n", "<!-- counts --><!-- /counts -->")]
)
def test_a_template_with_other_regions_is_refused(build: Build, change: tuple[str, str]) -> None:
    with pytest.raises(TemplateError, match=r"The card has the regions .*; expected each of .*'counts'"):
        card_text(build, template().replace(*change))


def test_pages_depend_only_on_the_data(built: Built, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(built.data, moved)
    texts = pages(moved, built.report.manifest)
    assert texts == {name: (built.data / name).read_text(encoding="utf-8") for name in (CARD, BENCHMARK, CROISSANT)}
    assert not [name for name, text in texts.items() if str(tmp_path) in text or str(built.data) in text]
    assert texts.keys() < set(built.report.manifest.files)


def test_check_lists_the_stale_pages(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(built.data, folder)
    assert main(["--check", str(folder)]) is None
    (folder / CARD).write_text(
        (folder / CARD).read_text().replace("| `chronological` | 48 |", "| `chronological` | 49 |")
    )
    (folder / CROISSANT).unlink()
    assert stale_pages(folder) == [CARD, CROISSANT]
    checked = subprocess.run(
        [sys.executable, "-m", "hf_dataset.card", "--check", folder], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "missing or out of date: README.md, croissant.json. Build the data set again" in checked.stderr


def test_check_reports_wrong_arguments(built: Built, tmp_path: Path) -> None:
    assert "Usage: python -m hf_dataset.card --check FOLDER" in str(main([]))
    assert "not a complete PEToolBench folder" in str(main(["--check", str(tmp_path)]))
    shutil.copy(built.data / MANIFEST, tmp_path / MANIFEST)
    assert "is not a complete data set" in str(main(["--check", str(tmp_path)]))


def test_eval_yaml_has_a_task_for_each_history_type() -> None:
    benchmark = yaml.safe_load((ROOT / "hf_dataset" / BENCHMARK).read_text())
    assert list(benchmark) == ["name", "description", "evaluation_framework", "tasks"]
    assert benchmark["tasks"] == [{"id": name, "config": name, "split": "test"} for name in HISTORY_TYPES]


def test_every_data_file_and_page_contains_the_canary(built: Built) -> None:
    for folder in (built.data, built.answers):
        for path in folder.rglob("*.parquet"):
            assert pq.read_schema(path).metadata[b"canary"].decode() == CANARY
    for name in (CARD, CROISSANT, MANIFEST):
        assert CANARY in (built.data / name).read_text(encoding="utf-8")


def test_citations_match_the_one_of_the_repository(card: str) -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert CITATION in card
    assert CITATION in evaluate.load(str(ROOT / "metrics" / "petoolbench")).citation
    assert f"title   = {{{citation['title']}}}" in CITATION
    assert f"version = {{{citation['version']}}}" in CITATION
    assert f"author  = {{{{{citation['authors'][0]['name']}}}}}" in CITATION
    assert f"title     = {{{citation['references'][0]['title']}}}" in card


def test_mlcroissant_accepts_the_metadata(built: Built, croissant: mlcroissant.Dataset) -> None:
    issues = croissant.metadata.ctx.issues
    assert not issues.errors
    assert [issue for issue in issues.warnings if "datePublished" not in issue] == []
    command = [str(Path(sys.executable).with_name("mlcroissant")), "validate", "--jsonld", str(built.data / CROISSANT)]
    validated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert validated.returncode == 0, validated.stderr


def test_mlcroissant_lists_every_file_with_its_hash(built: Built, croissant: mlcroissant.Dataset) -> None:
    listed = {
        file.content_url: file.sha256
        for file in croissant.metadata.distribution
        if isinstance(file, mlcroissant.FileObject)
    }
    paths = {path.relative_to(built.data).as_posix(): path for path in built.data.rglob("*.parquet")}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


@pytest.mark.parametrize("config", list(ROWS))
def test_mlcroissant_reads_the_rows(built: Built, croissant: mlcroissant.Dataset, config: str) -> None:
    records: dict[str, list[Any]] = {split: [] for split in splits_of(config)}
    for record in map(plain, croissant.records(config)):
        if "meta" in record:
            # mlcroissant puts a list of objects that is nested in an object next to that object.
            wanted = record.pop("wanted")
            record["meta"]["wanted"] = None if wanted == [None] else wanted
        records[record.pop("split")].append(record)
    assert records == {split: rows(built.data, config, split) for split in splits_of(config)}


def plain(value: Any) -> Any:
    """Convert a record of mlcroissant to the form of Parquet.

    Ids are shortened to names, bytes are decoded, and objects of missing values become None.
    """
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        fields = {name.rpartition("/")[2]: plain(item) for name, item in value.items()}
        return fields if any(item is not None for item in fields.values()) else None
    return value.item() if hasattr(value, "item") else value


def test_the_card_of_another_catalogue_names_its_own_title_licence_and_repository(audited: Build) -> None:
    page = Page("Office tools", "cc-by-4.0", "lab/office-tools")
    own = dataclasses.replace(audited, manifest=dataclasses.replace(audited.manifest, page=page))
    text = card_text(own, template())
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["license"], head["pretty_name"]) == ("cc-by-4.0", "Office tools")
    assert "# Office tools\n" in text
    assert text.count('load_dataset("lab/office-tools"') == 2
    assert "title   = {Office tools}" in text
    assert f"`{own.manifest.catalog}`" in text
    for claim in ('ORG/petoolbench", "', "built-in", "fictional", "Apache-2.0}", "The leaderboard scores"):
        assert claim not in text
    metadata = json.loads(croissant_text(own.manifest))
    assert (metadata["name"], metadata["license"]) == ("office-tools", "cc-by-4.0")
    assert "PEToolBench developers" not in json.dumps(metadata)
    assert yaml.safe_load(eval_text((ROOT / "hf_dataset" / BENCHMARK).read_text("utf-8"), own.manifest))["name"] == (
        "Office tools"
    )


def test_a_licence_that_the_hub_does_not_know_keeps_its_name(audited: Build) -> None:
    page = Page(licence="Office Terms 2")
    own = dataclasses.replace(audited, manifest=dataclasses.replace(audited.manifest, page=page))
    head = front_matter(own)
    assert (head["license"], head["license_name"]) == ("other", "Office Terms 2")
    assert "under Office Terms 2" in card_text(own, template())


def test_the_card_of_another_catalogue_without_licence_says_so(audited: Build) -> None:
    assert front_matter(audited)["license"] == "unknown"
    assert "has stated no licence" in card_text(audited, template())
