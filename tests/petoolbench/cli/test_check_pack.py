"""`petoolbench check-pack`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from builder.predictors.read_shares import PackReading
from petoolbench.cli.check_pack import reading_report
from tests.commands import run

ROOT: Final = Path(__file__).parents[3]
EXAMPLE: Final = ROOT / "tests" / "fixtures" / "listing_pack"
GUIDE: Final = ROOT / "docs" / "guides" / "listing-packs.md"


def test_a_good_pack_is_summed_up_with_a_listing_in_each_layout(tmp_path: Path) -> None:
    done = run("check-pack", EXAMPLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"The pack can be used: 4 layouts, .*; sha256 [0-9a-f]{64}\nQueries can ask for \d+ of 130 jobs.*\n$",
        done.stdout,
    )
    for name, line in (
        ("env_file", 'SVC_ZONE="'),
        ("service_descriptor", "  <renewal>PT"),
        ("support_mail", "Hello, and thanks for your questions!"),
        ("vendor_questionnaire", "2.3 Turnaround, 50th / 95th percentile -> "),
    ):
        for place in (1, 2, 3, 4):
            listing = done.stdout.partition(f"{name} ({place} of 4) ──")[2]
            assert line in listing.partition("\n───")[0], name
    for level in ("token, mailed to any", "and a card check", "shown after registration", "once we approve"):
        assert level in done.stdout
    assert re.search(
        r"reading ──.*\nThe repository's own program, .* reads (?:9\d\.\d|100\.0)% of the facts", done.stdout
    )
    for row in (r"lifecycle +\d+% +7\d%", r"env_file +\d+%  access \d+%.*"):
        assert re.search(rf"^{row}$", done.stdout, re.MULTILINE), row


def test_shares_are_listed_by_axis_and_layout() -> None:
    reading = PackReading(
        overall=0.625,
        by_axis={"price": 0.5, "region": 0.75},
        guessed={"price": 0.08, "region": 0.5},
        by_layout={"memo": 0.25, "table": 1.0},
        by_cell={("price", "memo"): 0.0, ("price", "table"): 1.0, ("region", "memo"): 0.5, ("region", "table"): 1.0},
    )
    assert reading_report(reading).splitlines()[2:] == [
        "axis     read  guessed (right without reading, by the most frequent value)",
        "price     50%       8%",
        "region    75%      50%",
        "",
        "layout   read  axes read below 90%",
        "memo      25%  price 0%, region 50%",
        "table    100%  none",
    ]


def test_problems_are_listed_and_the_exit_code_is_1(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "pack")
    (tmp_path / "pack" / "pack.toml").write_text("[ranges]\nprice = [0.31, 20]\nspeed = [1, 2]\n")
    done = run("check-pack", "pack", cwd=tmp_path)
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("- pack.toml, line 2: price: listings do not state 0.31 USD per 1,000 calls; the nearest")
    assert second.startswith("- pack.toml, line 3: 'speed' is not an axis with numbers; allowed: price, rate_limit,")
    assert done.stderr == (
        "error: The pack 'pack' has 2 problems. What a pack contains: docs/guides/listing-packs.md.\n"
    )


def test_a_folder_that_is_missing_is_one_problem(tmp_path: Path) -> None:
    done = run("check-pack", "nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("- nowhere: not a folder")
    assert "has 1 problem." in done.stderr


def test_the_layouts_of_the_guide_pass(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    usual, hard = re.findall(r"^```jinja\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (tables,) = re.findall(r"^```toml\n# pack.toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    shutil.copytree(EXAMPLE, tmp_path / "pack")
    (tmp_path / "pack" / "layouts" / "env_file.j2").unlink()
    (tmp_path / "pack" / "layouts" / "doc_comment.j2").write_text(usual)
    (tmp_path / "pack" / "layouts" / "word_of_mouth.j2").write_text(hard)
    (tmp_path / "pack" / "pack.toml").write_text(
        re.sub(r"^\[\[provider\]\].*", "", tables, flags=re.DOTALL | re.MULTILINE)
    )
    done = run("check-pack", "pack", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    shown = done.stdout.partition("doc_comment (1 of 4) ──")[2].partition("\n")[2]
    listing = shown[: shown.index("*/") + 2]
    assert f"```\n{listing}\n```" in guide, listing
    (share,) = re.findall(r"^word_of_mouth +(\d+)%", done.stdout, re.MULTILINE)
    assert int(share) > 95
    (share,) = re.findall(r"^doc_comment +(\d+)%", done.stdout, re.MULTILINE)
    assert int(share) > 90
