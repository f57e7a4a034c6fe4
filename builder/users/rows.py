"""Rows: users as instances, one in the config of each history type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from builder.records import History, Tool, User
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc, WantedRow

from .arguments import alternatives_of, arguments_of, kinds_of

_CACHED_TEXTS: Final = 50_000
"""Maximum number of texts whose tokens are remembered."""


class RowMaker:
    """Converter from users to instances.

    Args:
        count_tokens: Function that returns the number of tokens of a text.
        distractors: Kind of distractors that is recorded in `meta`.
    """

    def __init__(self, count_tokens: Callable[[str], int], distractors: str) -> None:
        self._count = count_tokens
        self._distractors = distractors
        self._docs: dict[str, ToolDoc] = {}
        self._tokens: dict[str, int] = {}

    def doc(self, tool: Tool) -> ToolDoc:
        """Return the documentation of a tool as models see it."""
        if tool.name not in self._docs:
            self._docs[tool.name] = ToolDoc(
                tool.name, tool.provider, tool.description, tool.listing, to_json(tool.parameters)
            )
        return self._docs[tool.name]

    def row(self, user: User, history_type: str, instance_id: str) -> Instance:
        """Return the instance of a user in the config of a history type."""
        history, query = user.histories[history_type], user.query
        used = sorted({tool.name: tool for call in history.interactions for tool in (call.tool, *call.offered)}.items())
        interactions = [
            InteractionRow(
                call.instruction,
                call.tool.name,
                to_json(arguments_of(call.scenario, call.member)),
                call.rating,
                [tool.name for tool in call.offered],
                call.day,
            )
            for call in history.interactions
        ]
        arguments = to_json(arguments_of(query.scenario, user.answer))
        alternatives = [to_json(other) for other in alternatives_of(query.scenario, user.answer)]
        docs = [self.doc(tool) for _, tool in used]
        candidates = [self.doc(tool) for tool in query.candidates]
        texts = [f"{doc.name} {doc.provider} {doc.description} {doc.listing}" for doc in [*docs, *candidates]]
        texts += [doc.parameters for doc in candidates]
        for step in interactions:
            texts += [step.instruction, *step.offered, step.name, step.arguments]
        tokens = self._count(query.scenario.instruction) + sum(map(self._cached_count, texts))
        return Instance(
            instance_id=instance_id,
            user_id=user.user_id,
            query_group=query.name,
            category=query.group.category,
            functionality=query.group.functionality.name,
            instruction=query.scenario.instruction,
            today=history.today,
            history=interactions,
            history_tools=docs,
            candidates=candidates,
            answer=AnswerRow(user.answer.tool.name, arguments, alternatives),
            evidence=list(history.evidence),
            meta=_meta(user, history, self._distractors, tokens),
        )

    def _cached_count(self, text: str) -> int:
        """Return the tokens of a text, cached because documentation, names and instructions repeat across instances."""
        if text not in self._tokens:
            if len(self._tokens) >= _CACHED_TEXTS:
                self._tokens.clear()
            self._tokens[text] = self._count(text)
        return self._tokens[text]


def _meta(user: User, history: History, distractors: str, tokens: int) -> MetaRow:
    """Return what the builder knows of an instance and a model must find out."""
    wish = user.wish
    return MetaRow(
        axes=user.axes,
        drift_step=history.drift_step,
        noise=history.noise,
        distractor_level=distractors,
        n_tokens=tokens,
        same_function=sorted(member.tool.name for member in user.query.group.members),
        kind=wish.kind if wish else None,
        wanted=[WantedRow(**part) for part in wish.parts] if wish else None,
        concerns=wish.concerns if wish else None,
        step_concerns=[call.concern for call in history.interactions] if wish else None,
        evidence=history.telling,
        change=history.change,
        arguments=kinds_of(user.query.scenario, user.answer),
    )


def to_json(value: Any) -> str:
    """Serialise to JSON with sorted keys and without ASCII escapes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
