"""Rows that a person plays: choice of the next one, and what is known about the answered ones.

Only small properties of each row are kept, so that a score over many rows does not read whole rows again.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from leaderboard.public_data import DataError, Instance
from leaderboard.stores.store import StoreError
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL
from leaderboard.views import ranking
from leaderboard.views.play_score import Best, Played
from leaderboard.views.play_view import Reply
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import REFERENCE_COLUMNS, reference_from_row

from .page_context import Context
from .stored_replies import StoredReplies

KINDS: Final = ("single", "joint", "limit", "trade")
"""Kinds of preference that can be selected."""
_SYSTEMS: Final = 2
"""Number of systems beside which the score is shown."""
_CACHED_ROWS: Final = 4096


class _Known(NamedTuple):
    """Small properties of a row."""

    config: str
    position: int
    """Position of the row in its table."""
    kind: str
    """Kind of the preference; empty if the row does not state it."""
    query_group: str
    answer: str
    """Name of the right tool."""
    capable: int
    """Number of candidates that do the job."""


class PlayedRows:
    """Rows of the validation split, and the replies of the best systems to them.

    Args:
        context: Objects shared by all pages.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._of_config = lru_cache(maxsize=len(HISTORY_TYPES))(self._read_known)
        # These replies are public, like the answers of their split.
        self._replies = StoredReplies(context.store, context.data, "validation")
        self._best = context.snapshot.cached(self._find_best)
        self._judged_once = lru_cache(maxsize=_CACHED_ROWS)(self._judged)

    def row(self, config: object, instance_id: object) -> Instance | None:
        """Return a row of the validation split; None if it is unknown."""
        try:
            return self._context.data.instance(str(config), "validation", str(instance_id))
        except DataError:
            return None

    def next_id(self, config: str, kind: str, done: Collection[str], seed: str) -> str | None:
        """Return a random row of a selection, the same for the same arguments; None if none is left.

        Rows of query groups that do not occur among the done ones come first, since the users of a query group have the
        same request and tools.

        Args:
            config: History type.
            kind: Kind of preference, one of `KINDS`; any other text selects all rows.
            done: Instance ids that were answered or skipped.
            seed: Seed of the draw.
        """
        of_config = self._of_config(config)
        offered = [
            instance_id
            for instance_id, known in of_config.items()
            if instance_id not in done and (kind not in KINDS or known.kind == kind)
        ]
        seen = {known.query_group for known in map(self._known, done) if known}
        unseen = [instance_id for instance_id in offered if of_config[instance_id].query_group not in seen]
        rng = random.Random(f"{seed} {len(done)} {config} {kind}")  # noqa: S311 (not a secret)
        return rng.choice(unseen or offered) if offered else None

    def played(self, choices: Mapping[str, str], with_facts: Collection[str]) -> list[Played]:
        """Return what is known about each answered row.

        Args:
            choices: Chosen tool by instance id; empty for a skipped row.
            with_facts: Ids of the rows whose table of facts was opened before the choice.
        """
        best = self.best()
        played = []
        for instance_id, choice in choices.items():
            known = self._known(instance_id) if choice else None
            if known is None:
                continue
            systems = tuple(self._is_right(system.submission_id, known.config, instance_id) for system in best)
            right, aided = choice == known.answer, instance_id in with_facts
            played.append(Played(known.config, known.kind, right, aided, 1 / known.capable, systems))
        return played

    def replies(self, config: str, instance_id: str) -> list[Reply]:
        """Return the outcomes of the best systems on a row, without those that do not answer its config."""
        outcomes = [(system.name, self._is_right(system.submission_id, config, instance_id)) for system in self.best()]
        return [Reply(name, is_right) for name, is_right in outcomes if is_right is not None]

    def best(self) -> list[Best]:
        """Return the best systems of the validation board; baselines fill the places of missing systems."""
        self._context.snapshot.get()
        return self._best()

    def _find_best(self) -> list[Best]:
        rows = self._context.every_row("validation")
        baselines = [row for row in rows if row.badge == "baseline"]
        chosen = [*ranking.rows_of_systems(rows), *baselines][:_SYSTEMS]
        rates = {board: self._accuracies(board) for board in (*HISTORY_TYPES, OVERALL)}
        return [
            Best(
                row.id,
                row.system,
                row.badge == "baseline",
                {board: by_id[row.id] for board, by_id in rates.items() if row.id in by_id},
            )
            for row in chosen
        ]

    def _accuracies(self, board: str) -> dict[str, float]:
        rows = self._context.snapshot.rows(board, "validation", every=True)
        return {row.id: row.rates[ranking.RANKED_BY] for row in rows}

    def _known(self, instance_id: str) -> _Known | None:
        of_configs: Sequence[Mapping[str, _Known]] = [self._of_config(config) for config in HISTORY_TYPES]
        return next((rows[instance_id] for rows in of_configs if instance_id in rows), None)

    def _read_known(self, config: str) -> dict[str, _Known]:
        table = self._context.data.table(config, "validation")
        rows = table.select(["instance_id", "query_group", "answer", "meta"]).to_pylist()
        candidates = table.column("candidates").combine_chunks().value_lengths().to_pylist()
        known = {}
        for position, (row, count) in enumerate(zip(rows, candidates, strict=True)):
            meta = row["meta"] or {}
            capable = len(meta.get("same_function") or ()) or count
            known[row["instance_id"]] = _Known(
                config, position, str(meta.get("kind") or ""), row["query_group"], row["answer"]["name"], capable
            )
        return known

    def _is_right(self, submission_id: str, config: str, instance_id: str) -> bool | None:
        """Return whether a submission calls the right tool; None if there is no reply, or it cannot be read now."""
        try:
            return self._judged_once(submission_id, config, instance_id)
        except StoreError:
            return None

    def _judged(self, submission_id: str, config: str, instance_id: str) -> bool | None:
        known, reply = self._of_config(config).get(instance_id), self._replies.get(submission_id, instance_id)
        if known is None or reply is None:
            return None
        table = self._context.data.table(config, "validation").select([*REFERENCE_COLUMNS, "meta"])
        return judge(reply, reference_from_row(table.slice(known.position, 1).to_pylist()[0])).tool_correct
