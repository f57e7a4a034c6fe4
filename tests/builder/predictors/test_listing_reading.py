"""The reader of listings: quantities in words, codes with legends, tables with their head apart, and unusual units."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.predictors.listing_codes import plain_lines
from builder.predictors.listing_quantities import in_digits
from builder.predictors.listing_scales import fit_of, other_forms
from builder.predictors.listing_values import Statement, levels_of, numbers_of
from builder.predictors.read_shares import pack_reading
from builder.world.number_words import dozens, spelled
from builder.world.packs import read_pack

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "listing-packs.md"
PACK = Path(__file__).parents[2] / "fixtures" / "listing_pack"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("half an hour", "30 minutes"),
        ("a quarter of a century", "25 years"),
        ("every fortnight", "every 14 days"),
        ("a dozen years", "12 years"),
        ("two dollars and forty cents", "$2.4"),
        ("three requests every four seconds", "3 requests every 4 seconds"),
        ("3 points short of a hundred", "97 of 100"),
        ("seventeen more than a hundred countries", "117 countries"),
        ("eight fewer than a hundred countries", "92 countries"),
        ("two dimes and four cents", "24 cents"),
        ("one of them, in under 100 ms", "one of them, in under 100 ms"),
    ],
)
def test_quantities_in_words_become_digits(said: str, read: str) -> None:
    assert in_digits(said) == read


def test_every_number_in_words_is_read_back() -> None:
    for number in (2, 13, 20, 62, 110, 1_005, 43_200, 2_000_017):
        assert in_digits(spelled(number)) == f"{number:,}"
        assert in_digits(spelled(f"{number}.05")) == f"{number:,}.05"
    assert [in_digits(dozens(count)) for count in range(2, 300)] == list(map(str, range(2, 300)))


@pytest.mark.parametrize(
    ("listing", "plain"),
    [
        ("q1 | q2\n9.6 | 640\nq1: us cents for 40 calls\nq2: ms", ["us cents for 40 calls: 9.6", "ms: 640"]),
        ("entry: c (a: key only, b: account, c: account and card)", ["entry: account and card"]),
        ("place (1 eu, 2 us): 2", ["place: us"]),
        ("in:k fee:3\nin k = key at once, n = account\nfee in us cents", ["in: key at once", "fee in us cents: 3"]),
        ("values: 5; 60; 3\nwords: usd; calls; years", ["usd: 5", "calls: 60", "years: 3"]),
        ("access b\na = key only, b = account", ["access  account ", "a = key only, b = account"]),
        ("price: $2 per call (no minimum)", ["price: $2 per call (no minimum)"]),
    ],
)
def test_codes_and_heads_are_resolved(listing: str, plain: list[str]) -> None:
    assert plain_lines(listing.splitlines()) == plain


def test_unusual_units_are_told_by_usual_values() -> None:
    limits = (5, 10, 20, 30, 60, 90, 120, 240, 300, 600, 900, 1800)
    stated = {str(limit): Statement("", f"the gate lets {limit * 4.5:g} through") for limit in limits}
    found = numbers_of("rate_limit", stated)
    assert fit_of("rate_limit", limits) > fit_of("rate_limit", [limit * 4.5 for limit in limits])
    assert len(other_forms("rate_limit")) > 20
    assert set(found) == set(stated)


def test_levels_are_told_by_what_tools_can_have() -> None:
    texts = ("ink of one", "ink of two", "ink of three", "ink of four")
    levels = ("official records", "own measurements", "aggregated feeds", "community contributions")
    stated = {f"{text} {place}": Statement("", text) for text in texts for place in range(3)}
    allowed = {f"{text} 0": [level] for text, level in zip(texts, levels, strict=True)}
    found = levels_of("source", stated, allowed)
    assert [found[f"{text} 2"] for text in texts] == list(levels)


def test_the_layouts_of_the_guide_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "layouts"
    folder.mkdir()
    for name, source in zip(
        ("doc", "mouth"), re.findall(r"```jinja\n(.*?)```", GUIDE.read_text(), re.DOTALL), strict=True
    ):
        (folder / f"{name}.j2").write_text(source)
    for path in sorted((PACK / "layouts").iterdir())[:2]:
        (folder / path.name).write_text(path.read_text())
    reading = pack_reading(read_pack(tmp_path))
    assert min(reading.by_layout.values()) > 0.97
