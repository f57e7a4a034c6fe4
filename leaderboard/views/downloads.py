"""Leaderboard rows as CSV and JSON. In CSV, no text from users can act as a spreadsheet formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from metrics.petoolbench.records import ERROR_CLASSES, RATES

from .ranking import Row


def records(found: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows as flat dictionaries, with unrounded rates between 0 and 1.

    `scored_rows` names the rows that the rates are on, `core` or `full split`. Those on the full split begin with
    `full_`, and are None if only the core was answered. For submitted systems on the test split, the tool accuracy is
    rounded down to a multiple of `step`, and rates and error classes that are not shown are None.

    Args:
        found: Leaderboard rows.

    Returns:
        One dictionary per row, all with the same keys; used for JSON, CSV and the API.
    """
    flat_rows = []
    for row in found:
        flat: dict[str, Any] = {
            "rank": row.rank,
            "rank_to": row.rank_to,
            "system": row.system,
            "account": row.account,
            "team": row.team,
            "badge": row.badge,
            "history": row.history,
            "scored_rows": row.scored_rows,
            "step": row.step,
        }
        for name in RATES:
            low, high = row.intervals.get(name, (None, None))
            flat |= {name: row.rates.get(name), f"{name}_low": low, f"{name}_high": high}
        for name in RATES:
            low, high = row.full_intervals.get(name, (None, None))
            full = f"full_{name}"
            flat |= {full: row.full_rates.get(name), f"{full}_low": low, f"{full}_high": high}
        flat["lift"] = row.lift
        flat |= {
            f"share_{name}": row.error_classes.get(name, 0.0) if row.error_classes else None for name in ERROR_CLASSES
        }
        flat |= {name: getattr(row, name) for name in ("cut", "refused", "replies", "pass_1", "pass_all", "agreement")}
        for name in (
            "parameters_b", "cost_usd", "licence", "link", "description", "date", "attempt", "attempts",
            "data_revision", "scorer_version", "sha256",
        ):  # fmt: skip
            flat[name] = getattr(row, name)
        flat_rows.append({**flat, "submission_id": row.id})
    return flat_rows


def to_json_text(found: Iterable[Row]) -> str:
    """Return rows as a JSON array, in the format of `records`."""
    return json.dumps(records(found), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def to_csv(found: Iterable[Row]) -> str:
    """Return rows as CSV with a header line, or an empty string if there are no rows.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    flat_rows = records(found)
    if not flat_rows:
        return ""
    file = io.StringIO()
    writer = csv.DictWriter(file, flat_rows[0])
    writer.writeheader()
    writer.writerows({name: _guarded(value) for name, value in flat.items()} for flat in flat_rows)
    return file.getvalue()


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
