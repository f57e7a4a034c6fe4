"""Tests of the identity of the person behind a request."""

from __future__ import annotations

from typing import Any

from leaderboard.stores.stored_records import Person
from leaderboard.submissions.identity import LOCAL, Identity


def reject_token(_token: str) -> dict[str, Any]:
    raise OSError("401")


def test_a_space_requires_sign_in_and_only_outside_a_space_there_is_a_local_person() -> None:
    inside, outside = Identity(in_space=True, whoami=reject_token), Identity(in_space=False, whoami=reject_token)
    assert outside.person(None, {}) == LOCAL
    assert inside.person(None, {}) is None
    assert inside.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
    assert inside.person({"sub": "1", "preferred_username": "otter"}, {}) == Person("1", "otter")
    assert inside.person({"preferred_username": "otter"}, {}) is None
    assert inside.person({"sub": "", "preferred_username": "otter"}, {}) is None


def test_a_user_token_identifies_its_account_and_an_organisation_token_nobody() -> None:
    account: dict[str, Any] = {"type": "user", "id": "7", "name": "heron"}
    identity = Identity(in_space=True, whoami=lambda token: account if token == "hf_x" else reject_token(token))
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) == Person("7", "heron")
    assert identity.person(None, {"x-hf-authorization": "hf_x"}) is None
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_y"}) is None
    account["type"] = "org"
    assert identity.person(None, {"x-hf-authorization": "Bearer hf_x"}) is None
