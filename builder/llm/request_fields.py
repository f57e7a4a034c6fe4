"""Request fields that an endpoint refuses although a request does not depend on them.

Reasoning models of OpenAI take `max_completion_tokens` instead of `max_tokens` and no `temperature`, and many servers
do not know `seed`. Such a field is found by the endpoint's message about the first request, and is then left out of all
requests, or replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from .endpoint_errors import EndpointMessage
from .responses_api import RESPONSES

REPLACEMENTS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "seed": (None,),
    "temperature": (None,),
    "tool_choice": (None,),
    "max_tokens": ("max_completion_tokens", None),
    "max_output_tokens": (None,),
    "store": (None,),
}
"""What is tried instead of each field, in order; None to leave it out."""
_UNSUPPORTED: Final = re.compile(
    r"unsupported|not (?:\w+ )?support|n't support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed"
    r"|extra[ _](?:inputs?|fields?|forbidden)|not accept|n't accept|invalid (?:argument|parameter|field)"
    r"|cannot find field|deprecated|only the default|strictly positive|greater than 0|additional propert"
    r"|not (?:a )?valid|not (?:yet )?(?:available|implemented)",
    re.IGNORECASE,
)
"""Wording of servers about a field, or its value, that they do not support."""
_OTHER_VALUE: Final = re.compile(
    r"\binvalid\b|\bonly\b|\bmust\b|cannot|can't|can not|out of range|not between|should be", re.IGNORECASE
)
"""Wording of servers about a value, or a combination of fields, that they do not take."""
_LENGTHS: Final = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
_TOO_LARGE: Final = re.compile(
    r"context (?:length|window|size)|too (?:large|long|high|big)|at most|exceed|maximum|less than", re.IGNORECASE
)
"""Wording about the value of a token limit, which is no reason to leave the field out."""
_ALTERNATIVES: Final = re.compile(
    r"\bexpected (?:one of|fields?)|\b(?:allowed|accepted|valid|supported) (?:fields|parameters|values|keys|are)"
    r"|\buse\b|\binstead\b",
    re.IGNORECASE,
)
"""Beginning of a list of fields that the endpoint does support."""
API: Final = "api"
"""Key of the interface among the adapted fields of a run. No request has a field of this name."""
_PARTS: Final = frozenset({"model", "messages", "input", "text", "tools"})
"""Fields without which there is no request; their names are also words of other messages."""
_WHOLE: Final = frozenset({"body", "request", "root", "__root__"})
"""Names that messages give to the request as a whole."""
_MOST_ROUNDS: Final = 8


class RequestFields:
    """Fields of the requests to an endpoint, as far as it refuses some of them.

    Args:
        fixed: Names of fields that the user set, which are sent as they are.
        adapted: Fields that an earlier run found to be refused.
        settled: True if no further fields may be adapted, because replies were received already.
        notify: Called with all adapted fields after each change.
    """

    def __init__(
        self,
        fixed: Collection[str] = (),
        adapted: Mapping[str, str | None] | None = None,
        *,
        settled: bool = False,
        notify: Callable[[Mapping[str, str | None]], None] = lambda _: None,
    ) -> None:
        self._fixed = frozenset(fixed)
        self._notify = notify
        self.adapted: dict[str, str | None] = dict(adapted or {})
        """Name of the field that is sent instead of each refused one; None if it is left out."""
        self.settled = settled
        """True after the first reply: later requests must be like those that were answered."""

    @property
    def uses_responses(self) -> bool:
        """True if requests go to the Responses API instead of chat completions."""
        return self.adapted.get(API) == RESPONSES

    def use_responses(self) -> bool:
        """Send all requests to the Responses API, unless chat completions were answered already.

        Returns:
            True if requests are sent there.
        """
        if not self.uses_responses and not self.settled:
            self.adapted |= {API: RESPONSES, "seed": None}  # which has no seed
            self._notify(dict(self.adapted))
        return self.uses_responses

    def apply(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request with the adapted fields."""
        return apply_adapted(body, self.adapted, self._fixed)

    def learn(self, message: EndpointMessage, sent: Mapping[str, Any], applied: Mapping[str, str | None]) -> bool:
        """Adapt the fields that a message refuses.

        Args:
            message: Error about a request.
            sent: Body of the request.
            applied: `adapted` when the request was sent.

        Returns:
            True if the request should be sent again, with other fields.
        """
        if self.adapted != applied:  # another request has found it out in the meantime
            return True
        if self.settled or len(self.adapted) >= _MOST_ROUNDS:
            return False
        refused = refused_fields(message, sent)
        changed = {
            name: self._next(name)
            for name in REPLACEMENTS
            if name not in self._fixed and self._sent_as(name) in refused and self._sent_as(name) not in self._fixed
        }
        if changed:
            self.adapted |= changed
            self._notify(dict(self.adapted))
        return bool(changed)

    def _sent_as(self, name: str) -> str | None:
        return self.adapted.get(name, name)

    def _next(self, name: str) -> str | None:
        choices = REPLACEMENTS[name]
        return choices[0] if name not in self.adapted else choices[choices.index(self.adapted[name]) + 1]


def apply_adapted(
    body: Mapping[str, Any], adapted: Mapping[str, str | None], fixed: Collection[str] = ()
) -> dict[str, Any]:
    """Return request fields, of which the adapted ones are renamed or left out unless the user set them."""
    fields: dict[str, Any] = {}
    for name, value in body.items():
        target = name if name in fixed else adapted.get(name, name)
        if target is not None:
            fields.setdefault(target, value)
    return fields


def refused_fields(message: EndpointMessage, sent: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of sent fields that a message refuses, as a field or in their value.

    Limits of a reply are left out only if they are unsupported: another value is set by the user.
    """
    kinds = " ".join((message.text, *message.codes))
    is_unsupported = _UNSUPPORTED.search(kinds) is not None
    if not is_unsupported and not _OTHER_VALUE.search(kinds):
        return frozenset()
    text = _ALTERNATIVES.split(message.text, maxsplit=1)[0]
    named = {name.rpartition(".")[2] for name in message.fields} - _WHOLE
    if not named:
        named = {name for name in sent.keys() - _PARTS if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}
    if not is_unsupported or _TOO_LARGE.search(text):  # another value is needed
        named -= _LENGTHS
    return frozenset(named & sent.keys())
