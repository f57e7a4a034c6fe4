"""Tests of inferring preferences from histories."""

from __future__ import annotations

import pytest

from builder.users.preference_readers import PreferenceReader, Step

CATALOGUE = [{"pricing": p, "speed": s} for p in ("free", "paid") for s in ("fast", "slow")]
FREE = {"pricing": "free", "speed": "slow"}
PAID = {"pricing": "paid", "speed": "fast"}


def steps(*texts: str, ratings: str = "") -> list[Step]:
    """Return one step per text: `free fast` has the pricing `free` and the speed `fast`."""
    attributes = [dict(zip(("pricing", "speed"), text.split(), strict=True)) for text in texts]
    return [Step(step, int(ratings[index]) if ratings else None) for index, step in enumerate(attributes)]


@pytest.fixture
def reader() -> PreferenceReader:
    return PreferenceReader(CATALOGUE)


def test_attributes_that_the_chosen_tools_share_are_preferred(reader: PreferenceReader) -> None:
    history = steps("free fast", "free slow", "free fast", "free slow")
    free, paid = reader.scores(history, [FREE, PAID], changes=0)
    assert free > paid + 1


def test_ratings_reverse_the_inference(reader: PreferenceReader) -> None:
    history = ("free fast", "paid fast", "free slow", "paid slow")
    liked = reader.scores(steps(*history, ratings="1010"), [FREE, PAID], changes=0)
    disliked = reader.scores(steps(*history, ratings="0101"), [FREE, PAID], changes=0)
    assert liked[0] > liked[1]
    assert disliked[0] < disliked[1]


def test_only_calls_after_the_change_count(reader: PreferenceReader) -> None:
    history = steps(*["free fast", "free slow"] * 4, *["paid fast", "paid slow"] * 2)
    free, paid = reader.scores(history, [FREE, PAID], changes=1)
    assert paid > free
    free, paid = reader.scores(history, [FREE, PAID], changes=0)
    assert free > paid


def test_only_calls_after_the_last_of_several_changes_count(reader: PreferenceReader) -> None:
    slow_free, fast_paid = {"pricing": "free", "speed": "slow"}, {"pricing": "paid", "speed": "fast"}
    history = steps(*["paid fast"] * 3, *["free slow"] * 6, *["paid fast"] * 3)
    wanted, before = reader.scores(history, [fast_paid, slow_free], changes=2)
    assert wanted > before
    wanted, before = reader.scores(history[:9], [slow_free, fast_paid], changes=1)
    assert wanted > before


def test_nothing_is_inferred_from_a_balanced_history(reader: PreferenceReader) -> None:
    history = steps("free fast", "paid slow", "free slow", "paid fast")
    free, paid = reader.scores(history, [FREE, PAID], changes=0)
    assert abs(free - paid) < 1e-9


def test_a_candidate_without_attributes_scores_zero(reader: PreferenceReader) -> None:
    assert reader.scores(steps("free fast"), [{}], changes=0) == [0.0]
