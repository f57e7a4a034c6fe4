"""`petoolbench check-pack`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.commands import run

ROOT: Final = Path(__file__).parents[3]
EXAMPLE: Final = ROOT / "tests" / "fixtures" / "listing_pack"
GUIDE: Final = ROOT / "docs" / "guides" / "listing-packs.md"


def test_a_good_pack_is_summed_up_with_a_listing_in_each_layout(tmp_path: Path) -> None:
    done = run("check-pack", EXAMPLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"The pack can be used: 4 layouts, .*; sha256 [0-9a-f]{64}\n$", done.stdout)
    for name, line in (
        ("env_file", 'SVC_ZONE="'),
        ("service_descriptor", "  <renewal>PT"),
        ("support_mail", "Hello, and thanks for your questions!"),
        ("vendor_questionnaire", "2.3 Turnaround, 50th / 95th percentile -> "),
    ):
        listing = done.stdout.partition(f"{name} ──")[2]
        assert line in listing.partition("\n───")[0], name
    assert run("check-pack", EXAMPLE, cwd=tmp_path).stdout == done.stdout


def test_problems_are_listed_and_the_exit_code_is_1(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "pack")
    (tmp_path / "pack" / "pack.toml").write_text("[ranges]\nprice = [0.3, 20]\nspeed = [1, 2]\n")
    done = run("check-pack", "pack", cwd=tmp_path)
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("- pack.toml, line 2: price: listings do not state 0.3 USD per 1,000 calls; the nearest")
    assert second.startswith("- pack.toml, line 3: 'speed' is not an axis with numbers; allowed: price, rate_limit,")
    assert done.stderr == (
        "error: The pack 'pack' has 2 problems. What a pack contains: docs/guides/listing-packs.md.\n"
    )


def test_a_folder_that_is_missing_is_one_problem(tmp_path: Path) -> None:
    done = run("check-pack", "nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("- nowhere: not a folder")
    assert "has 1 problem." in done.stderr


def test_the_layout_of_the_guide_passes(tmp_path: Path) -> None:
    (layout,) = re.findall(r"^```jinja\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tables,) = re.findall(
        r"^```toml\n# pack.toml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    shutil.copytree(EXAMPLE, tmp_path / "pack")
    (tmp_path / "pack" / "layouts" / "env_file.j2").unlink()
    (tmp_path / "pack" / "layouts" / "doc_comment.j2").write_text(layout)
    (tmp_path / "pack" / "pack.toml").write_text(
        re.sub(r"^\[\[provider\]\].*", "", tables, flags=re.DOTALL | re.MULTILINE)
    )
    done = run("check-pack", "pack", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    shown = done.stdout.partition("doc_comment ──")[2].partition("\n")[2]
    listing = shown[: shown.index("*/") + 2]
    assert f"```\n{listing}\n```" in GUIDE.read_text(encoding="utf-8"), listing
