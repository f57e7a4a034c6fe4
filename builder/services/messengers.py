"""The messaging services of apprise: how long a message can be, how often one can be sent, and what must be set up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from .literals import attributes, classes, parsed
from .package_files import APPRISE
from .real_facts import RealFact, RealTool

_FOLDER: Final = "apprise/plugins"
_BASE: Final = "NotifyBase"
_PREFIX: Final = "Notify"
_SECONDS: Final = 60
_COMMON: Final = ("request_rate_per_sec", "body_maxlen", "attachment_support")
"""Attributes whose value in the base class holds for a service that sets none."""


@cache
def messengers() -> Mapping[str, Mapping[str, Any]]:
    """Return what each service states, by the name of its class without `Notify`.

    Raises:
        MissingExtraError: If apprise is not installed.
        CatalogueError: If it has another layout.
    """
    found = {}
    for path in APPRISE.modules(_FOLDER):
        for node in classes(parsed(path)):
            if node.name.startswith(_PREFIX):
                found[node.name.removeprefix(_PREFIX)] = attributes(node)
    base = {name: value for name, value in found.pop("Base", {}).items() if name in _COMMON}
    return {name: {**base, **own} for name, own in sorted(found.items()) if isinstance(own.get("service_name"), str)}


def messenger_tools(jobs: Mapping[str, str]) -> Iterator[RealTool]:
    """Yield the services that have a job.

    Args:
        jobs: Functionality of each service, by the name of its class without `Notify`.
    """
    for name, own in messengers().items():
        if name in jobs:
            yield RealTool(name, str(own["service_name"]), jobs[name], f"{_PREFIX}{name}", _facts(name, own))


def _facts(name: str, own: Mapping[str, Any]) -> dict[str, RealFact]:
    facts: dict[str, RealFact] = {}

    def add(axis: str, value: float | str, key: str, detail: str = "") -> None:
        facts[axis] = RealFact(axis, value, APPRISE.name, f"{_PREFIX}{name} {key}", detail)

    pause, length = own.get("request_rate_per_sec"), own.get("body_maxlen")
    if isinstance(pause, int | float) and pause > 0:
        add("rate_limit", _SECONDS / pause, "request_rate_per_sec")
    if isinstance(length, int) and length > 0:
        add("body_length", float(length), "body_maxlen")
    size = own.get("default_batch_size")
    add("batch", float(size) if isinstance(size, int) and size > 0 else 1.0, "default_batch_size")
    add("attachments", "files" if own.get("attachment_support") is True else "text only", "attachment_support")
    needed = _needed(own)
    if needed:
        add("setup", float(len(needed)), "template_tokens", ", ".join(needed))
    return facts


def _needed(own: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings without which a service sends nothing."""
    tokens = own.get("template_tokens")
    if not isinstance(tokens, Mapping):
        return []
    required = (token for token in tokens.values() if isinstance(token, Mapping) and token.get("required") is True)
    return sorted({str(token["name"]).lower() for token in required if isinstance(token.get("name"), str)})
