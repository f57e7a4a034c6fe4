"""Author of layouts: asks a model for layouts, lets it read their listings, and asks again for what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.errors import BuildError
from builder.funnel import Funnel
from builder.llm.session import ModelSession
from builder.llm.task import FailedRequest, Payload
from builder.world.facts import Facts
from builder.world.listings import Layout, layouts
from builder.world.pack_samples import NOUNS, TODAY
from hf_dataset.layout import SPLITS

from .layout_checks import Fault, layout_faults
from .pack_tasks import LAY_OUT, PLAN, READ, PlannedLayout, layout_payload, plan_payload, reading_payload
from .read_back import listings_to_read, reading_faults
from .written_layouts import WrittenLayout, template_of


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A layout that was refused, and why."""

    written: WrittenLayout | None
    """None if no reply was a layout."""
    faults: Sequence[Fault]


class LayoutAuthor:
    """Author of the layouts of a pack.

    Args:
        session: The model.
        funnel: Counts layouts that were written, refused and accepted, with reasons.
        rounds: Maximum number of times that a layout is asked for.
        variation: Text that differs between packs.
    """

    def __init__(self, session: ModelSession, funnel: Funnel, rounds: int, variation: str) -> None:
        self._engine = session.engine
        self._meter = session.meter
        self._funnel = funnel
        self._rounds = rounds
        self._variation = variation

    def write(self, count: int) -> list[Layout]:
        """Return layouts whose facts a program and the model read back, at most as many as asked for.

        Args:
            count: Number of layouts that are asked for.

        Raises:
            BuildError: If the model plans no layouts.
            BudgetError: If the next request could exceed the budget.
            LlmError: If the endpoint cannot be used.
        """
        planned = self._planned(count)
        accepted: dict[int, Layout] = {}
        refused: dict[int, _Refusal] = {}
        lost: dict[int, _Refusal] = {}  # without a reply; the same request would have none again
        for _ in range(self._rounds):
            missing = [place for place in range(len(planned)) if place not in accepted and place not in lost]
            if not missing:
                break
            payloads = [
                layout_payload(planned[place], self._variation, _shown(refused.get(place))) for place in missing
            ]
            replies = dict(zip(missing, self._engine.complete_all(LAY_OUT, payloads), strict=True))
            refused = self._refused_by_program(replies, planned, accepted)
            passing = {place: replies[place] for place in missing if place not in refused}
            written = {place: reply for place, reply in passing.items() if isinstance(reply, WrittenLayout)}
            refused |= self._refused_by_reader(written, planned)
            for place in missing:
                self._count(planned[place].name, refused.get(place))
            lost |= {place: refusal for place, refusal in refused.items() if refusal.written is None}
            accepted |= {
                place: Layout(planned[place].name, template_of(layout))
                for place, layout in written.items()
                if place not in refused
            }
        for place, refusal in sorted((refused | lost).items()):
            if place not in accepted:
                self._funnel.drop("layout_given_up", refusal.faults[0].kind, names=[_words(planned[place], refusal)])
        return [accepted[place] for place in sorted(accepted)]

    def _planned(self, count: int) -> Sequence[PlannedLayout]:
        taken = sorted({layout.name for split in SPLITS for layout in layouts(split)})
        (plan,) = self._engine.complete_all(PLAN, [plan_payload(count, taken, self._variation)])
        if isinstance(plan, FailedRequest):
            raise BuildError(
                f"The model planned no layouts: {plan.reason.replace('_', ' ')}. Use another model with --llm, or "
                "another --seed."
            )
        return plan.layouts[:count]

    def _refused_by_program(
        self,
        replies: Mapping[int, WrittenLayout | FailedRequest],
        planned: Sequence[PlannedLayout],
        accepted: Mapping[int, Layout],
    ) -> dict[int, _Refusal]:
        """Return the layouts that a program refuses, by place."""
        others = [accepted[place] for place in sorted(accepted)]
        refused = {}
        for place, reply in replies.items():
            if isinstance(reply, FailedRequest):
                problem = f"no reply was a layout: {reply.reason.replace('_', ' ')}"
                refused[place] = _Refusal(None, [Fault(reply.reason, problem)])
            elif faults := layout_faults(planned[place].name, reply, others):
                refused[place] = _Refusal(reply, faults)
            else:
                others.append(Layout(planned[place].name, template_of(reply)))
        return refused

    def _refused_by_reader(
        self, written: Mapping[int, WrittenLayout], planned: Sequence[PlannedLayout]
    ) -> dict[int, _Refusal]:
        """Let the model read listings of each layout, and return the layouts that it misreads, by place."""
        asked: list[tuple[int, Facts, Payload]] = []
        for place, reply in written.items():
            layout = Layout(planned[place].name, template_of(reply))
            asked += [
                (place, facts, reading_payload(layout.render(facts, TODAY, NOUNS[0])))
                for facts in listings_to_read(layout.name)
            ]
        faults: dict[int, dict[Fault, None]] = {}
        read = self._engine.complete_all(READ, [payload for _, _, payload in asked])
        for (place, facts, _), reading in zip(asked, read, strict=True):
            if isinstance(reading, FailedRequest):
                problem = f"a listing could not be read: {reading.reason.replace('_', ' ')}"
                found = [Fault("listing_not_read", problem)]
            else:
                self._funnel.count("listings_read")
                found = list(reading_faults(facts, reading.facts))
            faults.setdefault(place, {}).update(dict.fromkeys(found))
        return {place: _Refusal(written[place], list(found)) for place, found in faults.items() if found}

    def _count(self, name: str, refusal: _Refusal | None) -> None:
        if refusal is None:
            self._funnel.count("layouts_accepted")
        else:
            fault = refusal.faults[0]
            self._funnel.drop("layout_refused", fault.kind, names=[f"{name}: {fault.problem}"])
            if refusal.written is not None:
                self._meter.take_back(LAY_OUT.name, fault.kind)


def _shown(refusal: _Refusal | None) -> tuple[WrittenLayout, Sequence[Fault]] | None:
    """Return what the model is shown of a refusal; nothing if there was no layout."""
    return None if refusal is None or refusal.written is None else (refusal.written, refusal.faults)


def _words(planned: PlannedLayout, refusal: _Refusal) -> str:
    return f"{planned.name}: {refusal.faults[0].problem}"
