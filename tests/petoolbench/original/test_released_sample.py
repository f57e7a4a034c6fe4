"""Import and audit of the released sample."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES
from hf_dataset.verify import check_folder
from petoolbench.original.findings import Figure
from petoolbench.original.importer import ImportResult, import_original
from petoolbench.original.released_rows import (
    released_candidates,
    released_history,
)
from tests.commands import run
from tests.conftest import silent

from .conftest import examined, output
from .released import PROMPTS, write

SAMPLE = "petoolbench_original_sample.json.gz"


@pytest.fixture(scope="module")
def sample(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImportResult]:
    """Folder and result of the import of the released sample."""
    out = tmp_path_factory.mktemp("sample") / "out"
    return out, import_original([real_data / SAMPLE], out, silent)


@pytest.fixture(scope="module")
def released(real_data: Path) -> list[dict[str, Any]]:
    """Rows of the released sample."""
    with gzip.open(real_data / SAMPLE, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


@pytest.mark.realdata
def test_all_rows_of_the_sample_are_imported(sample: tuple[Path, ImportResult]) -> None:
    out, done = sample
    assert done.unparsed == ()
    assert done.manifest.counts["rows_imported"] == 150
    assert done.manifest.counts["rows_whose_prompts_come_back"] == 150
    assert check_folder(out) == []


@pytest.mark.realdata
@pytest.mark.parametrize(("config", "key"), list(zip(HISTORY_TYPES, PROMPTS, strict=True)))
def test_rows_of_the_sample_are_restored(
    sample: tuple[Path, ImportResult], released: list[dict[str, Any]], config: str, key: str
) -> None:
    for instance, record in zip(read_instances(sample[0], config, "validation"), released, strict=True):
        for part in (released_history(instance), released_candidates(instance)):
            assert json.dumps(part) in record[key] or json.dumps(part, ensure_ascii=False) in record[key]
        assert instance.answer is not None
        assert json.loads(instance.answer.arguments) == record["api_call_ground_truth"]["parameters"]
        assert (instance.instruction, instance.user_id) == (record["query"], f"entry-{record['entry_id']}")


FULL_FILE = {
    ("preferred_only", "random, within the functionality"): 44.0,
    ("preferred_only", "lexical match with the instruction, over all candidates"): 28.5,
    ("preferred_only", "most popular provider: answers of other rows, over all candidates"): 67.8,
    ("preferred_only", "most popular provider: histories of other rows, over all candidates"): 67.8,
    ("preferred_only", "most popular provider: histories of other rows, within the functionality"): 87.6,
    ("preferred_only", "most frequent provider of own history, within the functionality"): 71.5,
    ("rating_integrated", "most liked provider of own history, within the functionality"): 67.3,
    ("rating_integrated", "disliked providers dropped, then most liked, within the functionality"): 90.2,
    ("chronological", "first provider skipped, then latest, within the functionality"): 90.2,
    ("preferred_only", "the answer's provider stands in the own liked history"): 48.9,
    ("rating_integrated", "the answer's provider stands in the own liked history"): 41.5,
    ("chronological", "the answer's provider stands in the own liked history"): 41.5,
    ("preferred_only", "the query stands word for word in the own history"): 0.2,
    ("rating_integrated", "the query stands word for word in the own history"): 25.5,
    ("chronological", "the query stands word for word in the own history"): 25.5,
    ("chronological", "the answer has no arguments"): 29.1,
    ("chronological", "fewer than 3 candidates do the job"): 70.2,
    ("chronological", "the prompt is over 4,000 tokens (4 characters each)"): 10.0,
}
"""Figures quoted for all 1,000 rows, in %, by config and name of our figure."""


@pytest.fixture(scope="module")
def sample_figures(sample: tuple[Path, ImportResult]) -> dict[tuple[str, str], Figure]:
    findings = examined(sample[0])
    return {(item.config, name): figure for item in findings.configs for name, figure in item.figures}


@pytest.mark.realdata
@pytest.mark.parametrize("key", FULL_FILE, ids=" ".join)
def test_the_sample_agrees_with_the_full_file(
    sample_figures: dict[tuple[str, str], Figure], key: tuple[str, str]
) -> None:
    figure = sample_figures[key]
    assert figure.low <= FULL_FILE[key] / 100 <= figure.high


@pytest.mark.realdata
def test_popularity_among_the_answers_of_150_rows_is_less_than_of_1000(
    sample_figures: dict[tuple[str, str], Figure],
) -> None:
    """This is the only quoted figure outside its interval: see docs/explanation/original.md."""
    figure = sample_figures["preferred_only", "most popular provider: answers of other rows, within the functionality"]
    assert figure.bound is not None
    assert figure.low > figure.bound
    assert figure.high < 0.876


@pytest.mark.realdata
def test_the_commands_on_the_sample(
    sample: tuple[Path, ImportResult], released: list[dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = sample
    audited = run("audit", out, "-o", "report", cwd=tmp_path)
    assert audited.returncode == 1
    assert "Audit of chronological" in audited.stdout
    replies = [
        {"entry_id": record["entry_id"], "response": json.dumps(record["api_call_ground_truth"], indent=1)}
        for record in released
    ]
    write(tmp_path / "replies.json", replies)
    compared = output("compare-scorers", "replies.json", "--data", out, "--config", "chronological", cwd=tmp_path)
    assert "the call spans several lines" in compared
    output("predict", out, "--model", "baseline:embedding", "-o", "run.jsonl", cwd=tmp_path)
    output("score", "run.jsonl", "--data", out, cwd=tmp_path)
