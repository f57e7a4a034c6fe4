"""Concerns of the people of the world: names that recur, and requests in one register."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from string import Formatter
from typing import Final

import numpy as np
import pytest

from builder.users.life_concerns import shared_countries
from builder.users.values.places import draw_home
from builder.world.concerns import CONCERN_REGISTERS, OCCUPATIONS, SPHERES, Concern, concerns
from builder.world.services import service_jobs
from hf_dataset.layout import SPLITS

CONCERNS: Final = [concern for split in SPLITS for concern in concerns(split)]
PREFERENCE: Final = re.compile(
    r"\b(?:cheap\w*|affordabl\w*|free of charge|fast|fastest|faster|quick\w*|urgent\w*|asap|reliab\w*|up.to.date|latest|"
    r"real.?time|right now|official|privacy|confidential|gdpr|sign.?up|apis?|apps?|commercial|detailed|quota)\b",
    re.IGNORECASE,
)
"""Words that would tell what the person goes by, or that ask for a tool."""
GENERATED: Final = frozenset({"latitude", "longitude", "url", "email", "iban", "isbn", "barcode", "ip_address"})
"""Concepts whose values are always drawn by a generator."""


def keys(text: str) -> list[str]:
    """Return what stands in braces in a text."""
    return [key for _, key, _, _ in Formatter().parse(text) if key is not None]


def each_concern() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("concern", CONCERNS, ids=[concern.name for concern in CONCERNS])


def test_every_split_has_fifty_concerns_of_each_register_and_sphere() -> None:
    assert [concern.split for concern in CONCERNS] == [split for split in SPLITS for _ in range(50)]
    of_register = defaultdict(set)
    for concern in CONCERNS:
        assert concern.register in CONCERN_REGISTERS
        assert concern.sphere in SPHERES
        of_register[concern.split, concern.register].add(concern.sphere)
    assert len(of_register) == len(SPLITS) * len(CONCERN_REGISTERS)
    assert min(map(len, of_register.values())) >= 5, "a life of five concerns needs as many spheres in its register"


def test_names_and_subjects_are_unique() -> None:
    assert len({concern.name.lower() for concern in CONCERNS}) == len(CONCERNS)
    assert len({concern.subject.lower() for concern in CONCERNS}) == len(CONCERNS)


def test_no_text_recurs() -> None:
    texts = Counter(text for concern in CONCERNS for request in concern.requests.values() for text in request.texts)
    assert [text for text, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("split", SPLITS)
def test_every_functionality_is_asked_for_by_four_concerns_in_twenty_texts(split: str) -> None:
    counts = Counter(name for concern in concerns(split) for name in concern.requests)
    names = [job.functionality.name for job in service_jobs(split)]
    assert {name: counts[name] for name in names if counts[name] < 4} == {}
    texts = Counter[str]()
    for concern in concerns(split):
        texts.update({name: len(request.texts) for name, request in concern.requests.items()})
    assert {name: texts[name] for name in names if texts[name] < 20} == {}


@pytest.mark.parametrize(("split", "lives"), [("train", 484), ("validation", 480), ("test", 439)])
def test_every_split_has_hundreds_of_lives(split: str, lives: int) -> None:
    """A life has one to three concerns of one register and different spheres, with one occupation at most, in a common country."""
    found = [
        chosen
        for number in (1, 2, 3)
        for chosen in combinations(concerns(split), number)
        if len({concern.register for concern in chosen}) == 1
        and len({concern.sphere for concern in chosen}) == number
        and sum(concern.sphere in OCCUPATIONS for concern in chosen) <= 1
        and can_share_a_country(chosen)
    ]
    assert len(found) == lives >= 200, "docs/explanation/world.md states the numbers"
    rng = np.random.default_rng(0)
    for limits in {shared_countries(chosen) for chosen in found}:
        assert not limits or draw_home(rng, limits).country_code in limits


def can_share_a_country(chosen: Sequence[Concern]) -> bool:
    return bool(shared_countries(chosen)) or not any(concern.countries for concern in chosen)


@each_concern()
def test_texts_have_every_slot_once_and_known_names(concern: Concern) -> None:
    slots = {
        job.functionality.name: [slot.name for slot in job.functionality.slots] for job in service_jobs(concern.split)
    }
    assert len(concern.requests) >= 12
    for job, request in concern.requests.items():
        assert len(request.texts) == len(set(request.texts)) == 5, job
        assert not set(concern.names) & set(slots[job]), job
        for text in request.texts:
            found = keys(text)
            assert sorted(key for key in found if key not in concern.names) == sorted(slots[job]), text
        assert sum(not set(keys(text)).isdisjoint(concern.names) for text in request.texts) >= 3, job


@each_concern()
def test_values_fit_their_slots(concern: Concern) -> None:
    concepts = {
        (job.functionality.name, slot.name): slot.concept
        for job in service_jobs(concern.split)
        for slot in job.functionality.slots
    }
    for job, request in concern.requests.items():
        for slot, values in request.values.items():
            assert len(values) == len(set(values)) >= 5, (job, slot)
            assert concepts[job, slot] not in GENERATED, (job, slot)
            for value in values:
                assert set(keys(value)) <= set(concern.names), value


@each_concern()
def test_names_have_alternatives_and_are_used(concern: Concern) -> None:
    requests = concern.requests.values()
    texts = [text for request in requests for text in request.texts]
    values = [value for request in requests for of_slot in request.values.values() for value in of_slot]
    used = Counter(key for text in (*texts, *values) for key in keys(text))
    assert len(concern.names) >= 4
    for key, alternatives in concern.names.items():
        assert len(alternatives) == len(set(alternatives)) == 4, key
        assert used[key] >= 1, key


@each_concern()
def test_texts_tell_nothing_of_what_the_person_wants(concern: Concern) -> None:
    for request in concern.requests.values():
        for text in request.texts:
            assert not PREFERENCE.search(text), text
