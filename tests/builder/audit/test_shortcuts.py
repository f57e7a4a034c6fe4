"""Inference of the preference reader that only shortcuts use."""

from __future__ import annotations

from builder.users.preference_readers import PreferenceReader, Step


def test_two_preferences_are_distinguished_in_any_order() -> None:
    values = ("a", "b", "c", "d")
    tools = [{"pricing": pricing, "speed": speed} for pricing in values for speed in values]
    reader = PreferenceReader(tools)
    rarer, commoner = {"pricing": "a", "speed": "b"}, {"pricing": "c", "speed": "d"}
    history = [Step(commoner, None)] * 6 + [Step(rarer, None)] * 3
    candidates = [{"pricing": "b", "speed": "c"}, commoner, {"pricing": "d", "speed": "a"}, rarer]
    assert reader.two_preferences(history, candidates) == (3, 1)
    assert reader.two_preferences(history[::-1], candidates) == (3, 1)
    assert len(set(reader.two_preferences([], candidates))) == 2


def test_common_attributes_are_more_familiar() -> None:
    reader = PreferenceReader([{"pricing": "free"}, {"pricing": "free"}, {"pricing": "paid"}])
    assert reader.familiarity({"pricing": "free"}) > reader.familiarity({"pricing": "paid"})
    assert reader.familiarity({}) == 0.0
