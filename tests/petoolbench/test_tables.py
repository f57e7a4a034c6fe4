"""Tables as plain text."""

from __future__ import annotations

import pytest

from petoolbench.tables import text_table


def test_a_table_is_text_in_jupyter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    expected = text_table("title", ["name", "tool"], [["a", "1.0"]])
    assert [line.split() for line in expected.splitlines() if "1.0" in line] == [["a", "1.0"]]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert text_table("title", ["name", "tool"], [["a", "1.0"]]) == expected
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert text_table("title", ["name", "tool"], [["a", "1.0"]]) == expected
