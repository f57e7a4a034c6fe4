"""The rows of a board as CSV and JSON, for whoever wants the numbers; no typed text acts as a formula there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from metrics.petoolbench.records import ERROR_CLASSES, RATES

from .ranking import Row


def records(found: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as flat objects, for JSON, CSV and the API; nothing is rounded."""
    listed = []
    for row in found:
        flat: dict[str, Any] = {
            "rank": row.rank,
            "rank_to": row.rank_to,
            "system": row.system,
            "account": row.account,
            "team": row.team,
            "badge": row.badge,
            "history": row.history,
        }
        for name in RATES:
            low, high = row.intervals.get(name, (None, None))
            flat |= {name: row.rates[name], f"{name}_low": low, f"{name}_high": high}
        flat["lift"] = row.lift
        flat |= {f"share_{name}": row.error_classes.get(name, 0.0) for name in ERROR_CLASSES}
        for name in (
            "parameters_b", "cost_usd", "licence", "link", "description", "date", "attempt", "attempts",
            "data_revision", "scorer_version", "sha256",
        ):  # fmt: skip
            flat[name] = getattr(row, name)
        listed.append({**flat, "submission_id": row.id})
    return listed


def to_json_text(found: Iterable[Row]) -> str:
    """Rows as a JSON document."""
    return json.dumps(records(found), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def to_csv(found: Iterable[Row]) -> str:
    """Rows as CSV with a head; text that a spreadsheet would take for a formula begins with an apostrophe."""
    listed = records(found)
    if not listed:
        return ""
    file = io.StringIO()
    writer = csv.DictWriter(file, listed[0])
    writer.writeheader()
    writer.writerows({name: _guarded(value) for name, value in one.items()} for one in listed)
    return file.getvalue()


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
