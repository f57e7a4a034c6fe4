"""Made packages for the tests of real services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.services.exchange_files import exchanges, root_methods
from builder.services.messengers import messengers
from builder.services.price_entries import price_entries, template_prices

from .made_packages import make_packages


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder with made packages, which stand before installed ones."""
    make_packages(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    readers = (price_entries, template_prices, exchanges, root_methods, messengers)
    for reader in readers:
        reader.cache_clear()
    yield tmp_path
    for reader in readers:
        reader.cache_clear()
