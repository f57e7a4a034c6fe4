"""Pictures of the leaderboard in the guide, and the list of pictures that `docs.generate_screenshots` takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docs.generate_screenshots import FOLDER, SHOTS, damaged
from leaderboard.public_data import Data
from leaderboard.submissions.validation import check
from petoolbench.baseline_runs import write_baselines
from tests.conftest import Built, silent

GUIDE = FOLDER.parent / "leaderboard.md"


def test_the_guide_shows_the_pictures_that_the_command_takes() -> None:
    names = {f"{shot.name}.png" for shot in SHOTS}
    assert {path.name for path in FOLDER.iterdir()} == names
    assert set(re.findall(r"\(screenshots/([^)]+)\)", GUIDE.read_text(encoding="utf-8"))) == names


def test_the_file_with_errors_has_one_of_each_kind(built: Built, tmp_path: Path) -> None:
    write_baselines(built.data, None, tmp_path, silent)
    path = tmp_path / "damaged.jsonl"
    path.write_text(damaged(tmp_path / "first_listed.validation.jsonl"))
    assert json.loads(path.read_text().partition("\n")[0])["score"] == 1
    report = "\n".join(check(path, Data(built.data).ids("validation")).report())
    for problem in ("has unknown keys: 'score'", "is already on line", "instance_ids are missing"):
        assert problem in report
