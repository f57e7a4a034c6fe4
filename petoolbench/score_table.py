"""Scores of one run by history type, as a table, dict and DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import Scores, macro
from metrics.petoolbench.records import ERROR_CLASSES, RATES
from metrics.petoolbench.repeats import RepeatScores, shown_passes

from .data import FULL_SPLIT, GIVEN_ROWS
from .tables import text_table

if TYPE_CHECKING:
    import pandas as pd

HISTORY_SUFFIXES: Final = {"own": "", "none": "no history", "swapped": "another user's history"}
"""Addition to the name of a run, by the history that its prompts had."""
MEAN: Final = "mean"
"""Name of the macro mean over the three history types."""


class ConfigScores(NamedTuple):
    """Scores of a run on one history type."""

    config: str
    scores: Scores
    missing: int
    """Number of instances without a reply; they count as wrong."""
    repeats: RepeatScores | None = None
    """Scores of all replies, if each instance has several; `scores` are those of the first replies."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores of one run, by history type. `print` shows a table.

    The main figures are on the core of the test split, if the data set names one, and otherwise on the full split.
    """

    name: str
    """Name of the system."""
    parts: tuple[ConfigScores, ...]
    """Main figures."""
    scored_rows: str = GIVEN_ROWS
    """Rows that the main figures are on: `core`, `full split`, or `given rows` for a selection of rows."""
    full: tuple[ConfigScores, ...] = ()
    """Figures on the full split, if the main ones are on the core and more than the core was answered."""
    history: str = "own"
    """History that the prompts had: `own`, `none` or `swapped`."""

    @property
    def mean(self) -> dict[str, float] | None:
        """Macro mean of the main rates over the three history types; None unless all three were scored."""
        return _mean(self.parts)

    @property
    def tables(self) -> dict[str, tuple[ConfigScores, ...]]:
        """Scores by the rows that they are on, the main figures first."""
        return {self.scored_rows: self.parts, **({FULL_SPLIT: self.full} if self.full else {})}

    def __getitem__(self, config: str) -> Scores:
        """Return the main scores of a history type.

        Raises:
            KeyError: If it was not scored.
        """
        for part in self.parts:
            if part.config == config:
                return part.scores
        raise KeyError(f"{config!r} was not scored. Scored configs: {', '.join(part.config for part in self.parts)}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as a dict, with rates from 0 to 1.

        Keys: `name`; `scored_rows`; `configs`, {config: scores, `missing` and, with several replies to each instance,
        `repeats`}; `mean`; `full_split`, {`configs`,
        `mean`} on the full split, None unless the main figures are on the core and more than the core was answered.
        """
        main, *others = ({"configs": _by_config(parts), "mean": _mean(parts)} for parts in self.tables.values())
        return {
            "name": self.name,
            "scored_rows": self.scored_rows,
            **main,
            "full_split": others[0] if others else None,
        }

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per history type: on the core if there is one, then on the full split.

        Columns: `name`, `config`, `scored_rows`, each rate with its `_low` and `_high` ends of the 95 % interval, the
        share of each error class, `count`, `query_groups`, `missing`; with several replies to each instance also
        `replies`, `agreement`, and `tool_pass_K` and `call_pass_K` for each K up to their number. Rates are from 0 to
        1.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(list(self.records()))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of `to_pandas` as dicts."""
        most = max((part.repeats["replies"] for part in self.parts if part.repeats), default=1)
        for part, scored_rows in ((part, rows) for rows, parts in self.tables.items() for part in parts):
            rates: dict[str, float] = {}
            for rate in RATES:
                low, high = part.scores["intervals"][rate]
                rates |= {rate: part.scores[rate], f"{rate}_low": low, f"{rate}_high": high}
            yield {
                "name": self.name,
                "config": part.config,
                "scored_rows": scored_rows,
                **rates,
                **{name: part.scores["error_classes"][name] for name in ERROR_CLASSES},
                "count": part.scores["count"],
                "query_groups": part.scores["query_groups"],
                "missing": part.missing,
                **(_repeat_columns(part.repeats, most) if most > 1 else {}),
            }

    @property
    def text(self) -> str:
        """The tables as plain text, without `notes`."""
        name = ", ".join(filter(None, (self.name, HISTORY_SUFFIXES.get(self.history, self.history))))
        return "\n\n".join(
            table
            for rows, parts in self.tables.items()
            for table in (_text(f"{name}, % of the {rows}", parts), _repeats(f"{name}, {rows}", parts))
            if table
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each table and history type of which replies are missing."""
        return tuple(
            f"{part.config}: {part.missing:,} of {part.scores['count']:,} instances of the {rows} have no prediction "
            "and count as wrong."
            for rows, parts in self.tables.items()
            for part in parts
            if part.missing
        )

    def __str__(self) -> str:
        return "\n\n".join([self.text, *(["\n".join(self.notes)] if self.notes else [])])

    def _repr_html_(self) -> str:
        """Show the table of `to_pandas` in a notebook."""
        html: str = self.to_pandas().to_html(index=False)
        return html


_HEADS: Final = ("tool", "parameters", "call", "format", "hallucination")
"""Short heads of `RATES`, as on the leaderboard."""


def _mean(parts: Sequence[ConfigScores]) -> dict[str, float] | None:
    # In the order of the `evaluate` module, so that the sums are equal to the last bit.
    scores = {part.config: part.scores for part in sorted(parts, key=lambda part: part.config)}
    return macro(scores) if len(scores) == len(HISTORY_TYPES) else None


def _by_config(parts: Iterable[ConfigScores]) -> dict[str, Any]:
    return {
        part.config: {
            **part.scores,
            "missing": part.missing,
            **({"repeats": part.repeats} if part.repeats else {}),
        }
        for part in parts
    }


def _repeat_columns(repeats: RepeatScores | None, most: int) -> dict[str, Any]:
    """Return the columns about several replies, up to the highest number of replies in the table."""
    columns: dict[str, Any] = {
        "replies": repeats["replies"] if repeats else 1,
        "agreement": repeats["agreement"] if repeats else None,
    }
    for name, passes in (("tool", repeats and repeats["tool_pass"]), ("call", repeats and repeats["call_pass"])):
        for k in range(1, most + 1):
            columns[f"{name}_pass_{k}"] = passes[k - 1] if passes and k <= len(passes) else None
    return columns


def _repeats(title: str, parts: Sequence[ConfigScores]) -> str:
    """Return a table of the scores of several replies as plain text; empty if each instance has one."""
    scored = [(part.config, part.repeats) for part in parts if part.repeats]
    if not scored:
        return ""
    shown = shown_passes(max(repeats["replies"] for _, repeats in scored))
    rows = [
        [
            config,
            f"{repeats['replies']:,}",
            *(_percent(repeats["tool_pass"][k - 1]) if k <= repeats["replies"] else "" for k in shown),
            " to ".join(map(_percent, repeats["tool_pass_interval"])),
            _percent(repeats["call_pass"][-1]),
            _percent(repeats["agreement"]),
        ]
        for config, repeats in scored
    ]
    head = ["config", "replies", *(f"tool, pass^{k}" for k in shown), "last, 95 % interval", "call, all", "agreement"]
    return text_table(f"{title}: several replies to each instance, %", head, rows)


def _text(title: str, parts: Sequence[ConfigScores]) -> str:
    """Return a table of scores as plain text."""
    rows = [
        [
            part.config,
            *(_percent(part.scores[rate]) for rate in RATES),
            " to ".join(map(_percent, part.scores["intervals"]["tool_accuracy"])),
            f"{part.scores['count']:,}",
            f"{part.missing:,}",
        ]
        for part in parts
    ]
    if mean := _mean(parts):
        rows.append([MEAN, *(_percent(mean[rate]) for rate in RATES), "", "", ""])
    return text_table(title, ["config", *_HEADS, "tool, 95 % interval", "rows", "missing"], rows)


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}"
