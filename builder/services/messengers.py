"""The messaging services of apprise: how long a message can be, how often one can be sent, and what must be set up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from .literals import attributes, bases, classes, parsed
from .package_files import APPRISE
from .real_facts import RealFact, RealTool, rounded

_FOLDER: Final = "apprise/plugins"
_BASE: Final = "NotifyBase"
_PREFIX: Final = "Notify"
_SECONDS: Final = 60
_SHORTEST_PAUSE: Final = 0.01
"""Shortest pause between two messages, in seconds, that is a limit of a service; with a shorter one its class waits in
another way."""
_TARGETS: Final = "targets"
"""Setting for the recipients, and parameter of a job that has recipients."""
_FIELD: Final = re.compile(r"\{(\w+)\}")
_SCHEMA: Final = "schema"
"""Field of every template that only names the service."""


@dataclass(frozen=True, slots=True)
class MessengerJob:
    """Job of messaging services.

    Args:
        name: Name of the functionality.
        targets: Words in the names of settings for a recipient that the job can have, such as `phone`; empty if the
            job has no recipient. A service without a setting for recipients does not do a job that has one.
    """

    name: str
    targets: tuple[str, ...] = ()


@cache
def messengers() -> Mapping[str, Mapping[str, Any]]:
    """Return what the class of each service sets, by its name without `Notify`.

    Values of the base class of all services are left out, since they are no statements about a service. Those of
    another service, which a class extends, hold for it too.

    Raises:
        MissingExtraError: If apprise is not installed.
        CatalogueError: If it has another layout.
    """
    found: dict[str, dict[str, Any]] = {}
    parents: dict[str, list[str]] = {}
    for path in APPRISE.modules(_FOLDER):
        for node in classes(parsed(path)):
            if node.name.startswith(_PREFIX) and node.name != _BASE:
                found[node.name] = attributes(node)
                parents[node.name] = [base for base in bases(node) if base != _BASE]

    def stated(name: str) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for parent in reversed(parents.get(name, [])):
            known |= stated(parent)
        return {**known, **found.get(name, {})}

    services = {name.removeprefix(_PREFIX): stated(name) for name in sorted(found)}
    return {name: own for name, own in services.items() if isinstance(own.get("service_name"), str)}


def messenger_tools(jobs: Mapping[str, MessengerJob], names: Mapping[str, str]) -> Iterator[RealTool]:
    """Yield the services that have a job.

    Args:
        jobs: Job of each service, by the name of its class without `Notify`.
        names: Names of services that people write in another way than the package.
    """
    for name, own in messengers().items():
        job = jobs.get(name)
        if job is not None and (not job.targets or _reaches(own, job.targets)):
            title = names.get(name, str(own["service_name"]))
            yield RealTool(name, title, job.name, f"{_PREFIX}{name}", _facts(name, own, job))


def _reaches(own: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Return True if a service has a setting for recipients, of one of the kinds where it tells kinds apart."""
    tokens = _tokens(own, "template_tokens")
    kinds = [name for name, token in tokens.items() if token.get("map_to") == _TARGETS and name != "target"]
    return any(word in name for name in kinds for word in words) if kinds else _TARGETS in tokens


def _facts(name: str, own: Mapping[str, Any], job: MessengerJob) -> dict[str, RealFact]:
    facts: dict[str, RealFact] = {}

    def add(axis: str, value: float | str, key: str, detail: str = "") -> None:
        facts[axis] = RealFact(axis, value, APPRISE.name, f"{_PREFIX}{name} {key}", detail)

    pause, length = own.get("request_rate_per_sec"), own.get("body_maxlen")
    if isinstance(pause, int | float) and pause >= _SHORTEST_PAUSE:
        add("rate_limit", rounded(_SECONDS / pause), "request_rate_per_sec")
    if isinstance(length, int) and length > 0:
        add("body_length", float(length), "body_maxlen")
    size = own.get("default_batch_size")
    if isinstance(size, int) and size > 0:
        add("batch", float(size), "default_batch_size")
    settings, options = _settings(own, job), _options(own)
    if settings:
        left_out = "the schema and the recipients, which a call names" if job.targets else "the schema"
        key = f"templates: fields of the smallest complete one, without {left_out}"
        add("setup", float(len(settings)), key, ", ".join(settings))
    if options:
        key = "template_args: entries of the class, without aliases"
        add("options", float(len(options)), key, ", ".join(options))
    return facts


def _settings(own: Mapping[str, Any], job: MessengerJob) -> list[str]:
    """Return the names of the settings of the smallest complete template, except the recipients of a job.

    A template is complete if it has all required settings that all other templates have; where none has, all are.
    Settings that stand for the same one count once.
    """
    tokens = _tokens(own, "template_tokens")
    standing = {name: str(token.get("map_to", name)) for name, token in tokens.items()}
    templates = [
        {standing.get(name, name): name for name in sorted(_FIELD.findall(str(template))) if name != _SCHEMA}
        for template in own.get("templates") or ()
    ]
    required = {standing[name] for name, token in tokens.items() if token.get("required") is True}
    complete = [
        fields
        for fields in templates
        if not any(_is_common(name, fields, templates) for name in required - set(fields))
    ]
    counted = [
        sorted(name for stood, name in fields.items() if not job.targets or stood != _TARGETS)
        for fields in complete or templates
    ]
    return _names(tokens, min(counted, key=lambda names: (len(names), names), default=[]))


def _is_common(name: str, template: Mapping[str, str], templates: Sequence[Mapping[str, str]]) -> bool:
    """Return True if all other templates have a field."""
    others = [other for other in templates if other is not template]
    return bool(others) and all(name in other for other in others)


def _options(own: Mapping[str, Any]) -> list[str]:
    """Return the names of the options of a class, without other names of the same ones."""
    options = {name: option for name, option in _tokens(own, "template_args").items() if "alias_of" not in option}
    return _names(options, sorted(options))


def _names(tokens: Mapping[str, Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    """Return the names of settings or options in lower case, and their keys where several have one name."""
    names = [str(tokens.get(key, {}).get("name", key)).lower() for key in keys]
    return sorted(name if names.count(name) == 1 else key for name, key in zip(names, keys, strict=True))


def _tokens(own: Mapping[str, Any], key: str) -> Mapping[str, Mapping[str, Any]]:
    tokens = own.get(key)
    known = tokens.items() if isinstance(tokens, Mapping) else ()
    return {str(name): token for name, token in known if isinstance(token, Mapping)}
