"""Author of provider names: asks a model for names, checks them, and lets it judge whether they could be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from builder.funnel import Funnel
from builder.grouping.functionalities import data_table
from builder.llm.engine import Engine
from builder.llm.task import FailedRequest
from builder.predictors.listing_words import axis_pattern, level_hits
from builder.randomness import generator_for
from builder.words import squash
from builder.world.axes import AXES
from builder.world.packs import NAMING, PARAMETERS, provider_problem

from .pack_tasks import JUDGE_NAMES, NAME, judged_payload, names_payload

NAMES_AT_ONCE: Final = 16
"""Number of names that one request asks for."""
_SPARE_ROUNDS: Final = 3
_MAX_SLUG: Final = 20
_LONGEST_TAKEN: Final = 200
"""Maximum number of names that the model is asked to avoid."""


class ProviderAuthor:
    """Author of the providers of a pack.

    Args:
        engine: Sends the requests.
        funnel: Counts names that were written, refused and accepted, with reasons.
        variation: Text that differs between packs.
    """

    def __init__(self, engine: Engine, funnel: Funnel, variation: str) -> None:
        self._engine = engine
        self._funnel = funnel
        self._variation = variation
        self._seen: list[str] = []
        """All names that the model has written."""
        self._owned = {
            squash(raw[key])
            for raw in data_table("world/data/service_providers.toml")["provider"]
            for key in ("name", "slug")
        }
        """Names of the repository and those accepted, as `squash` returns them."""

    def write(self, count: int) -> list[Mapping[str, str]]:
        """Return providers as tables of `pack.toml`, at most as many as asked for.

        Args:
            count: Number of providers that are asked for.

        Raises:
            BudgetError: If the next request could exceed the budget.
            LlmError: If the endpoint cannot be used.
        """
        accepted: list[str] = []
        for _ in range(rounds_for(count)):
            if len(accepted) >= count:
                break
            payload = names_payload(NAMES_AT_ONCE, self._seen[-_LONGEST_TAKEN:], self._variation)
            (reply,) = self._engine.complete_all(NAME, [payload])
            if isinstance(reply, FailedRequest):
                self._funnel.drop("provider_name", reply.reason)
                break  # the same request would have the same reply
            accepted += self._judged(list(self._usable(reply.names)))
        return self._providers(accepted[:count])

    def _usable(self, names: Sequence[str]) -> Iterator[str]:
        """Yield the names that a program accepts."""
        for name in dict.fromkeys(" ".join(name.split()) for name in names):
            is_new = name not in self._seen
            self._seen += [name] if is_new else []
            reason = None if is_new else "written_before"
            reason = reason or _name_fault(name, self._owned)
            if reason is None:
                self._owned |= {squash(name), squash(_slug(name))}
                yield name
            else:
                self._funnel.drop("provider_name", reason, names=[name])

    def _judged(self, names: Sequence[str]) -> list[str]:
        """Return the names of which the model says that no provider has them and that they tell nothing of facts."""
        if not names:
            return []
        (reply,) = self._engine.complete_all(JUDGE_NAMES, [judged_payload(names)])
        if isinstance(reply, FailedRequest):
            self._funnel.drop("provider_name", reply.reason, len(names))
            return []
        for item in reply.names:
            if item.exists or item.tells_of_the_service:
                reason = "exists" if item.exists else "tells_of_the_service"
                self._funnel.drop("provider_name", reason, names=[item.name])
        fit = {item.name for item in reply.names if not item.exists and not item.tells_of_the_service}
        self._funnel.count("provider_names_accepted", len(fit))
        return [name for name in names if name in fit]

    def _providers(self, names: Sequence[str]) -> list[Mapping[str, str]]:
        """Return providers whose styles of names are spread evenly."""
        rng = generator_for((0,), "styles", self._variation)
        order = rng.permutation(len(names)).tolist()
        styles = {
            place: {
                "naming": NAMING[number % len(NAMING)],
                "parameters": PARAMETERS[number // len(NAMING) % len(PARAMETERS)],
            }
            for number, place in enumerate(order)
        }
        return [{"name": name, "slug": _slug(name), **styles[place]} for place, name in enumerate(names)]


def rounds_for(count: int) -> int:
    """Return how many times names are asked for at most, to get a number of them."""
    return 2 * -(-count // NAMES_AT_ONCE) + _SPARE_ROUNDS


def _slug(name: str) -> str:
    """Return the first words of a name as they stand in the names of tools; empty if they have other letters."""
    kept: list[str] = []
    for word in name.lower().split():
        if len("_".join([*kept, word])) > _MAX_SLUG:
            break
        kept.append(word)
    return "_".join(kept)


def _name_fault(name: str, owned: set[str]) -> str | None:
    """Return the reason why a name cannot be that of a provider, or None."""
    text = name.lower()
    problem = provider_problem({"name": name, "slug": _slug(name), "naming": NAMING[0], "parameters": PARAMETERS[0]})
    if problem is not None:
        return "not_of_the_form"
    if {squash(name), squash(_slug(name))} & owned:
        return "name_is_taken"
    if any(axis_pattern(axis).search(text) for axis in AXES):
        return "tells_of_a_fact"
    if any(level_hits(name_, level, text) for name_, axis in AXES.items() for level in axis.levels):
        return "tells_of_a_fact"
    return None
