"""Jobs of real services: what each operation does, its inputs, and the clauses that ask for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final

from builder.grouping.functionalities import REGISTERS, data_table
from builder.records import Functionality, Slot

from .exchanges import exchange_tools
from .messengers import MessengerJob, messenger_tools
from .model_names import without_maker
from .outliers import without_outliers
from .price_file import chat_tools, mode_tools
from .real_facts import RealTool

_DATA: Final = "services/data"
_EXCHANGE_AXES: Final = ("rate_limit", "breadth", "streaming")
_FEES: Final = ("taker_fee", "maker_fee")
_MIN_PROVIDERS: Final = 3
"""Minimum number of providers of a job."""
_STATED: Final = 2 / 3
"""Minimum share of the hosts of a model that state an axis; with fewer, its hosts are not compared on it."""
_SPELLED: Final = {"deepseek": "DeepSeek", "glm": "GLM", "gpt": "GPT", "oss": "OSS", "mimo": "MiMo"}
"""Words in the names of models with capitals of their own."""
_TECHNICAL: Final = frozenset({"", "chat", "fp8", "hf", "instruct", "it", "maas", "meta", "tee", "turbo"})
"""Parts of the name of a model at a host that people leave out."""


@dataclass(frozen=True, slots=True)
class RealJob:
    """A job that several real services do."""

    name: str
    category: str
    """Domain of the job."""
    slots: Mapping[str, str] = field(hash=False)
    """Concept of each parameter that a request fills, by the name of the parameter."""
    optional: tuple[str, ...]
    """Optional parameters that no request asks for."""
    about: tuple[str, ...]
    """Descriptions of the operation."""
    asks: tuple[str, ...]
    """Clauses that ask for the job, with slots in braces."""
    axes: tuple[str, ...]
    """Axes that its tools state."""
    tools: tuple[RealTool, ...] = field(hash=False)
    """Tools that state all of these axes, one for each provider."""
    by_provider: bool = False
    """True if each split has the job, with providers of its own; False if one split has it, with all providers."""

    @property
    def functionality(self) -> Functionality:
        """The job as the stages of the build know it."""
        slots = tuple(Slot(name, concept, name) for name, concept in self.slots.items())
        patterns = dict.fromkeys(REGISTERS, self.asks)
        return Functionality(self.name, self.category, self.about[0], self.about, slots, patterns)


def real_jobs(today: date) -> tuple[RealJob, ...]:
    """Return the jobs that at least three providers do, sorted by name.

    Args:
        today: Day of the listings; services that ended before it are left out.

    Raises:
        MissingExtraError: If a package is not installed.
        CatalogueError: If a package has another layout than the one that is read.
    """
    found = [*_exchange_jobs(), *_messenger_jobs(), *_chat_jobs(today), *_mode_jobs(today)]
    return tuple(sorted((job for job in found if job is not None), key=lambda job: job.name))


def _exchange_jobs() -> list[RealJob | None]:
    table = data_table(f"{_DATA}/exchange_jobs.toml")
    listed = [{"least": table["least"], **raw} for raw in table["job"]]
    methods = {str(raw["method"]): {**raw, "job": raw["name"]} for raw in listed}
    tools = _by_job(exchange_tools(methods))
    found = ((raw, tools.get(raw["name"], [])) for raw in listed)
    return [_job(raw, table["category"], of_job, _exchange_axes(raw, of_job)) for raw, of_job in found]


def _exchange_axes(raw: Mapping[str, Any], of_job: Sequence[RealTool]) -> tuple[str, ...]:
    """Return the axes of a method: those of its exchanges, and its own if a fourth of the exchanges state them."""
    fees = _FEES if "fees" in raw else ()
    own = [axis for axis in ("records", "intervals", "setup") if any(axis in tool.facts for tool in of_job)]
    stated = Counter(axis for tool in of_job for axis in own if axis in tool.facts)
    return (*_EXCHANGE_AXES, *fees, *(axis for axis in own if stated[axis] >= len(of_job) / 4))


def _messenger_jobs() -> list[RealJob | None]:
    table = data_table(f"{_DATA}/messenger_jobs.toml")
    of_all = {"by_provider": table["by_provider"]}
    jobs = {
        service: MessengerJob(str(raw["name"]), tuple(raw.get("targets", ())))
        for raw in table["job"]
        for service in raw["services"]
    }
    tools = _by_job(messenger_tools(jobs, table["names"]))
    return [
        _job({**of_all, **raw}, table["category"], tools.get(raw["name"], []), tuple(raw["axes"]))
        for raw in table["job"]
    ]


def _chat_jobs(today: date) -> list[RealJob | None]:
    raw = data_table(f"{_DATA}/chat_job.toml")
    of_model = {model: without_outliers(known) for model, known in _by_job(chat_tools(today)).items()}
    tools = [tool for model in sorted(of_model) for tool in of_model[model]]
    found = []
    for model, title in model_titles(tools).items():
        asks = [ask.replace("{model}", title) for ask in raw["asks"]]
        entry = {**raw, "name": f"ask {title}", "asks": asks}
        found.append(_job(entry, raw["category"], of_model[model], _chat_axes(raw, of_model[model])))
    return found


def _chat_axes(raw: Mapping[str, Any], of_model: Sequence[RealTool]) -> tuple[str, ...]:
    """Return the axes of a model: those of the data file that most of its hosts state."""
    hosts = {tool.provider for tool in of_model}
    stated = {axis: {tool.provider for tool in of_model if axis in tool.facts} for axis in raw["axes"]}
    return tuple(axis for axis, own in stated.items() if len(own) >= _STATED * len(hosts))


def model_titles(tools: Sequence[RealTool]) -> dict[str, str]:
    """Return the name of each model as people write it, by its identifier.

    Of several models with one name, the one with most hosts is kept.

    Args:
        tools: Models at their hosts. Of the names at the hosts, the one with most capitals and full stops is used.
    """
    names: dict[str, set[str]] = {}
    for tool in tools:
        names.setdefault(tool.job, set()).add(_plain_title(tool.operation))
    titles = {
        model: max(sorted(known), key=lambda name: (sum(letter.isupper() or letter == "." for letter in name), name))
        for model, known in sorted(names.items())
    }
    hosts = Counter(tool.job for tool in tools)
    first = {titles[model]: model for model in sorted(titles, key=lambda model: (hosts[model], model))}
    return {model: title for title, model in sorted(first.items())}


def _plain_title(operation: str) -> str:
    """Return the name of a model without maker, revision and technical endings."""
    plain = without_maker(operation).replace("_", "-").partition(":")[0].partition("@")[0]
    words = [word for word in re.sub(r"-v1$", "", plain).split("-") if word.casefold() not in _TECHNICAL]
    if words[0].casefold() == "llama":
        words = [re.sub(r"^[vV](?=\d)", "", word) for word in words]
    spelled = (_SPELLED.get(word.casefold()) or re.sub(r"(?<=\d)p(?=\d)", ".", word) for word in words)
    cased = (word if any(map(str.isupper, word)) else word.capitalize() for word in spelled)
    title = " ".join(re.sub(r"(?<=\d)b$", "B", word) for word in cased)
    return re.sub(r"^(Llama|Gemma)(?=\d)", r"\1 ", title)


def _job(raw: Mapping[str, Any], category: str, tools: Sequence[RealTool], axes: tuple[str, ...]) -> RealJob | None:
    """Return a job with the tools that state all of its axes, the first of each provider; None if there are too few.

    Args:
        raw: Entry of the data file.
        category: Domain of the job.
        tools: Tools that do the job.
        axes: Axes of the job.
    """
    known: dict[str, RealTool] = {}
    for tool in tools:
        is_named = tool.title.casefold() in str(raw["name"]).casefold()  # a request would name the provider
        if set(axes) <= set(tool.facts) and not is_named:
            known.setdefault(tool.provider, tool)
    if len(known) < int(raw.get("least", _MIN_PROVIDERS)):
        return None
    return RealJob(
        str(raw["name"]),
        category,
        dict(raw["slots"]),
        tuple(raw.get("optional", ())),
        tuple(raw["about"]),
        tuple(raw["asks"]),
        axes,
        tuple(known[name] for name in sorted(known)),
        bool(raw.get("by_provider", False)),
    )


def _mode_jobs(today: date) -> list[RealJob | None]:
    found = []
    for name in ("media_jobs", "retrieval_jobs"):
        table = data_table(f"{_DATA}/{name}.toml")
        without = {raw["mode"]: raw.get("without", ()) for raw in table["job"]}
        tools = _by_job(mode_tools({raw["mode"]: raw["name"] for raw in table["job"]}, today, without))
        found += [
            _job(raw, table["category"], without_outliers(tools.get(raw["name"], [])), tuple(raw["axes"]))
            for raw in table["job"]
        ]
    return found


def _by_job(tools: Iterable[RealTool]) -> Mapping[str, list[RealTool]]:
    found: dict[str, list[RealTool]] = {}
    for tool in tools:
        found.setdefault(tool.job, []).append(tool)
    return found


@cache
def parameter_texts() -> Mapping[str, Mapping[str, Any]]:
    """Return the texts of parameters: `slots` by concept, and `optional` by name."""
    return data_table(f"{_DATA}/parameters.toml")
