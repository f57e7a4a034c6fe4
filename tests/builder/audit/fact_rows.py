"""Small splits of rows whose tools have facts, made without the generator of the builder.

The users of a query group share the jobs and instructions of their histories. Each wants a tool that is drawn evenly
from the candidates that do the job, and calls what a rule picks that has this tool as its clear choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from builder.audit.audit_split import AuditSettings, AuditSplit
from builder.export import tool_row
from builder.users import choice_rules
from builder.users.choice_rules import PREFERENCE_KINDS, ChoiceRule, RuleSet, features, wanted
from builder.users.committee import ObservedChoice, read_history
from builder.world.service_catalogue import group_of
from builder.world.services import Job, service_jobs
from builder.world.trade_offs import balanced_subsets, winners
from hf_dataset.layout import SPLITS
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc, ToolRow, WantedRow

CANDIDATES = 4
JOBS = 5
"""Jobs of a history."""
FEW, MANY = 13, 17
"""Steps under the one and under the other preference."""
ELSEWHERE = 4
"""Steps of another concern."""
CLEAR = 0.1
MARGIN = 1e-3
"""Lead in score by which each reader must find an answer, so that no rounding decides."""


@dataclass(frozen=True)
class Step:
    """A step before it has words: the tools that are offered, and which of them is called."""

    job: str
    offered: tuple[int, ...]
    called: int
    role: str
    """`current`, `earlier` or `elsewhere`."""


@cache
def rules() -> RuleSet:
    """Return the rules that some job can decide."""
    return RuleSet(choice_rules.rules_on([frozenset(job.axes) for split in SPLITS for job in jobs_of(split).values()]))


@cache
def rules_on(axes: frozenset[str]) -> RuleSet:
    """Return the rules that look at no other axes than these."""
    return RuleSet([rule for rule in rules().rules if rule.axes <= axes])


@cache
def tools_of(split: str) -> dict[str, ToolRow]:
    """Return the tools of a split by name."""
    return {
        tool.name: tool_row(tool)
        for job in service_jobs(split)
        for tool in (member.tool for member in group_of(job).members)
    }


@cache
def jobs_of(split: str) -> dict[str, Job]:
    return {job.functionality.name: job for job in service_jobs(split)}


@cache
def features_of(split: str, job: str) -> NDArray[np.float64]:
    return np.array([features(service.facts) for service in jobs_of(split)[job].services])


class Groups:
    """Maker of query groups.

    Args:
        split: Name of the split.
        config: History type.
        seed: Seed of all draws.
    """

    def __init__(self, split: str, config: str, seed: int) -> None:
        self._split = split
        self._config = config
        self._rng = np.random.default_rng([SPLITS.index(split), seed])
        self._jobs = jobs_of(split)
        self._number = 0

    def rows(self, groups: int, users: int) -> list[Instance]:
        rows: list[Instance] = []
        while self._number < groups:
            rows += self._group(users) or []
        return rows

    def _group(self, users: int) -> list[Instance] | None:
        """Return the rows of a query group; None if its job has no fitting candidates."""
        rng, names = self._rng, sorted(self._jobs)
        target = names[int(rng.integers(len(names)))]
        job = self._jobs[target]
        places = rng.permutation(len(job.services))[: CANDIDATES + 1].tolist()
        subsets = [
            tuple(sorted(places[index] for index in subset))
            for subset in balanced_subsets(features_of(self._split, target)[places], job.axes, [CANDIDATES], rules())
        ]
        if not subsets:
            return None
        chosen = subsets[int(rng.integers(len(subsets)))]
        shown = {job.services[place].provider.name for place in chosen}
        similar = sorted(names, key=lambda name: (-len(set(self._jobs[name].axes) & set(job.axes)), rng.random()))
        own = [name for name in similar if name != target and self._is_free(name, shown)][: JOBS + 1]
        answers = rng.integers(len(chosen), size=users)
        if len(set(answers.tolist())) == 1:
            return None
        group = f"{self._split}-q{self._number:03d}"
        changed_late = bool(self._number % 2)
        drawn = []
        for answer in answers.tolist():
            user = self._user(target, chosen, answer, own, shown, changed_late)
            if user is None:
                return None
            drawn.append(user)
        self._number += 1
        others = self._distractors(target)
        return [
            self._row(group, place, target, chosen, others, answers.tolist()[place], rule, steps)
            for place, (rule, steps) in enumerate(drawn)
        ]

    def _is_free(self, name: str, shown: set[str]) -> bool:
        return sum(service.provider.name not in shown for service in self._jobs[name].services) >= 4

    def _user(
        self,
        target: str,
        chosen: Sequence[int],
        answer: int,
        own: Sequence[str],
        shown: set[str],
        changed_late: bool,
    ) -> tuple[ChoiceRule, list[Step]] | None:
        """Draw a user whose answer the committee finds; None if there is none after some draws."""
        tools = features_of(self._split, target)[list(chosen)]
        best = winners(tools, rules())
        usable = rules().indexes(PREFERENCE_KINDS, frozenset(self._jobs[target].axes))
        mine = [index for index in usable if best[index] == answer]
        other = [index for index in usable if best[index] not in (answer, -1)]
        if not mine or not other:
            return None
        for _ in range(30):
            rule = rules().rules[mine[int(self._rng.integers(len(mine)))]]
            rival = rules().rules[other[int(self._rng.integers(len(other)))]]
            steps = self._steps(rule, rival, own, shown, changed_late)
            if steps is not None and self._is_found(steps, target, tools, answer):
                return rule, steps
        return None

    def _steps(
        self, rule: ChoiceRule, rival: ChoiceRule, own: Sequence[str], shown: set[str], changed_late: bool
    ) -> list[Step] | None:
        current, earlier = (FEW, MANY) if changed_late else (MANY, FEW)
        if self._config == "preferred_only":
            current, earlier = MANY, 0
        roles = ["earlier"] * earlier + ["current"] * current
        if self._config != "chronological":
            # The same order for all users of a query group.
            roles = [roles[place] for place in np.random.default_rng(self._number).permutation(len(roles)).tolist()]
        steps = [
            self._choose(own[place % JOBS], rival if role == "earlier" else rule, shown, role)
            for place, role in enumerate(roles)
        ]
        elsewhere = [self._choose(own[JOBS], rival, shown, "elsewhere") for _ in range(ELSEWHERE)]
        for place, step in enumerate(elsewhere):
            steps.insert(3 * place, step)
        return [step for step in steps if step is not None] if None not in steps else None

    def _choose(self, job: str, rule: ChoiceRule, shown: set[str], role: str) -> Step | None:
        """Draw tools that are offered for a job, so that a rule has a clear choice; any choice if there are none."""
        free = [place for place, item in enumerate(self._jobs[job].services) if item.provider.name not in shown]
        offers = np.array(list(combinations(free, 3)))
        scores = RuleSet([rule]).scores(features_of(self._split, job)[offers])[:, :, 0]
        ranked = np.sort(scores, axis=1)
        clear = np.flatnonzero(ranked[:, -1] - ranked[:, -2] >= CLEAR)
        if len(clear):
            offer = int(clear[int(self._rng.integers(len(clear)))])
            return Step(job, tuple(offers[offer].tolist()), int(scores[offer].argmax()), role)
        offer = int(self._rng.integers(len(offers)))
        equal = np.flatnonzero(scores[offer] >= scores[offer].max() - 0.02)
        return Step(job, tuple(offers[offer].tolist()), int(equal[int(self._rng.integers(len(equal)))]), role)

    def _is_found(self, steps: Sequence[Step], target: str, tools: NDArray[np.float64], answer: int) -> bool:
        rated = self._config == "rating_integrated"
        seen = [
            ObservedChoice(
                features_of(self._split, step.job)[list(step.offered)],
                step.called,
                step.role == "current" or not rated,
            )
            for step in steps
            if step.role != "elsewhere"
        ]
        changes = 1 if self._config == "chronological" else 0
        verdicts = read_history(seen, tools, rules_on(frozenset(self._jobs[target].axes)), changes=changes)
        scores = (verdicts.bayes, verdicts.counter, verdicts.linear)
        return all(of_reader[answer] > np.delete(of_reader, answer).max() + MARGIN for of_reader in scores)

    def _distractors(self, target: str) -> list[str]:
        names = sorted(self._jobs)
        others = [names[int(place)] for place in self._rng.permutation(len(names)) if names[int(place)] != target]
        return [self._jobs[name].services[0].name for name in others[: 10 - CANDIDATES]]

    def _row(
        self,
        group: str,
        place: int,
        target: str,
        chosen: Sequence[int],
        distractors: Sequence[str],
        answer: int,
        rule: ChoiceRule,
        steps: Sequence[Step],
    ) -> Instance:
        tools, services = tools_of(self._split), self._jobs[target].services
        rated, dated = self._config == "rating_integrated", self._config == "chronological"
        history = []
        for index, step in enumerate(steps):
            offered = [self._jobs[step.job].services[tool].name for tool in step.offered]
            rating = (0 if step.role == "earlier" else 1) if rated else None
            day = f"2026-{1 + index // 28:02d}-{1 + index % 28:02d}" if dated else None
            text = f"step {index} of {group}: please do the {step.job}"
            history.append(InteractionRow(text, offered[step.called], "{}", rating, sorted(offered), day))
        names = [services[tool].name for tool in chosen]
        order = np.random.default_rng(int(group[-3:])).permutation(10).tolist()
        candidates = [[*names, *distractors][index] for index in order]
        current = [index for index, step in enumerate(steps) if step.role == "current"]
        axes = rule.axes
        stating = [index for index in current if axes <= set(self._jobs[steps[index].job].axes)]
        parts = [WantedRow(**dict(part)) for part in wanted(rule)]  # type: ignore[arg-type]
        return Instance(
            f"{self._config}-{group}-{place}",
            f"{group}-{place}",
            group,
            "category",
            target,
            f"now do the job of {group} for Zanzibar",
            "2026-11-29" if dated else None,
            history,
            [_doc(tools[name]) for name in sorted({name for step in history for name in step.offered})],
            [_doc(tools[name]) for name in candidates],
            AnswerRow(names[answer], '{"place": "Zanzibar"}'),
            stating[:4],
            MetaRow(
                axes=sorted(axes),
                drift_step=current[0] if dated else None,
                noise=0.0,
                same_function=sorted(names),
                kind=rule.kind,
                wanted=parts,
                concerns=2,
                step_concerns=[int(step.role == "elsewhere") for step in steps],
                evidence=len(stating[:4]),
                change="sudden" if dated else None,
                arguments=[],
            ),
        )


def _doc(tool: ToolRow) -> ToolDoc:
    return ToolDoc(tool.name, tool.provider, tool.description, tool.listing, tool.parameters)


@cache
def fact_splits(config: str, groups: int = 24, users: int = 4, seed: int = 0) -> list[AuditSplit]:
    """Return the three splits of a config. They are shared: do not modify them."""
    settings = AuditSettings(changes=int(config == "chronological"))
    return [
        AuditSplit(config, split, Groups(split, config, seed).rows(groups, users), tools_of(split), settings)
        for split in SPLITS
    ]


WORDS = tuple(f"{first}{second}" for first in ("bo", "ka", "mi", "ru", "te", "zo") for second in ("dan", "lek", "nor"))


def plain_rows(part: AuditSplit, groups: int) -> list[Instance]:
    """Return rows whose histories, words and jobs are drawn at random, four of each query group."""
    rng = np.random.default_rng(len(part.split))
    template = part.rows[0]
    jobs = sorted(part.doing)
    rows = []
    for number in range(groups):
        names = [sorted(part.doing[job]) for job in rng.permutation(jobs)[:7].tolist()]
        history = [
            InteractionRow(" ".join(rng.permutation(WORDS)[:8].tolist()), tools[0], "{}", None) for tools in names[1:]
        ]
        candidates = [_doc(part.tools[name]) for name in names[0][:CANDIDATES]]
        group = f"{part.split}-p{number:03d}"
        rows += [
            replace(
                template,
                instance_id=f"{group}-{user}",
                user_id=f"{group}-{user}",
                query_group=group,
                functionality=part.tools[names[0][0]].functionality or "",
                history=history,
                candidates=candidates,
                answer=AnswerRow(candidates[int(rng.integers(CANDIDATES))].name, "{}"),
                meta=MetaRow(same_function=[tool.name for tool in candidates]),
            )
            for user in range(4)
        ]
    return rows
