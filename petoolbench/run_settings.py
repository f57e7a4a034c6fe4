"""Settings of a run: one record behind the Python API, the command line, the run file's header and the integrations.

`RunSettings` determines the replies and is stored in the run file; `RunResources` states how a run is carried out and
never changes a reply. Each field states its help text and range once; `petoolbench.cli.options` turns the
fields into command-line options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, NamedTuple, get_args

from pydantic import ConfigDict

from builder.choices import validate_choice
from builder.errors import ConfigError
from builder.predictors.open_predictor import BASELINE_MODELS as BASELINES
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import ALL
from hf_dataset.prompting import DOCS, MODES, SYSTEM_ROLES, Docs, Mode, SystemRole
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.inference.history_views import HISTORIES, History

LOCAL: Final = "hf:"
"""Prefix for a Hugging Face model that runs on this machine."""
BASELINE: Final = "baseline:"
"""Prefix for a baseline, which needs no model."""
FUNCTION: Final = "function:"
"""Prefix for a Python function that was passed as the model."""
MEMORY_SYSTEM: Final = "memory:"
"""Prefix for a memory system: a Python class, as MODULE:CLASS."""
CONFIGS: Final = (*HISTORY_TYPES, ALL)
HistoryView = Literal["prompt", "sessions"]
"""How the history is given: in the prompt, or as sessions that a memory reads one by one before it is asked."""
HISTORY_VIEWS: Final[tuple[HistoryView, ...]] = get_args(HistoryView)
SessionMemory = Literal["recent", "related"]
"""Which sessions the built-in memory keeps: the last ones, or those with requests similar to the current one."""
MEMORIES: Final[tuple[SessionMemory, ...]] = get_args(SessionMemory)
Overlong = Literal["skip", "drop-oldest"]
OVERLONG: Final[tuple[Overlong, ...]] = get_args(Overlong)
_RESERVED: Final = frozenset(("messages", "model", "tools", "stream", "n"))
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
"""Request fields with the maximum length of a reply."""
MOST_REPEATS: Final = 100
"""Maximum number of replies to each instance."""


class Option(NamedTuple):
    """Command-line option for a field."""

    help: str
    low: float | None = None
    high: float | None = None
    flag: str | None = None
    """Name of the option if it differs from the name of the field."""
    hidden: bool = False
    """True for fields that the command line sets by other means."""


def choices(text: str, values: Sequence[str]) -> str:
    """Return a help text that ends with the allowed values, such as `Split to use: train, validation or test.`."""
    return f"{text}: {', '.join(values[:-1])} or {values[-1]}."


def option(default: Any = MISSING, help: str = "", **form: Any) -> Any:  # noqa: A002  (the name that typer uses)
    """Return a dataclass field that becomes a command-line option."""
    metadata = {"option": Option(help, **form)}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything that determines the replies of a run, except the data.

    Raises:
        ConfigError: If a value is not allowed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: str = option(
        BASELINES[0],
        "Name of a model at an OpenAI-compatible endpoint, hf:NAME for a Hugging Face model that runs on this machine, "
        f"or {BASELINE}NAME for a baseline, such as {BASELINE}random (all are listed in docs/guides/predicting.md).",
    )
    config: str = option(HISTORY_TYPES[0], choices("History type", CONFIGS))
    split: str = option("validation", choices("Split to use", SPLITS))
    base_url: str | None = option(
        None,
        "URL of an OpenAI-compatible endpoint, ending in /v1; by default, that of OpenAI. The API key is read from "
        "OPENAI_API_KEY.",
    )
    mode: Mode = option(
        MODES[0],
        "How to pass the candidates: prompt (as text in the prompt) or tools (for the API's native tool calling).",
    )
    history: History = option(
        HISTORIES[0], "History in the prompt: own (that of the user), none, or swapped (that of another user)."
    )
    history_view: HistoryView = option(
        HISTORY_VIEWS[0],
        "How the model gets the history: prompt (all of it is in the prompt), or sessions (it is cut into "
        "sessions, which "
        "a memory component reads one by one, and the prompt contains what the component kept).",
    )
    memory: SessionMemory = option(
        MEMORIES[0],
        "Which sessions the built-in memory component keeps: recent (the last ones) or related (those with the "
        "requests "
        "most similar to the new one). Used with --history-view sessions only.",
    )
    memory_tokens: int | None = option(
        None,
        "Maximum number of tokens that the memory component adds to the prompt; a token is counted as 3 bytes. "
        "Used with "
        "--history-view sessions only.",
        low=1,
    )
    docs: Docs = option(
        DOCS[0], "How to show the tools in the history: full (with their documentation), or names (only their names)."
    )
    system_role: SystemRole = option(
        SYSTEM_ROLES[0],
        "How to send the system prompt: separate (as a message of its own), or merge (at the beginning of the user's "
        "message, for models without a system role).",
        flag="system",
    )
    shuffle_seed: int | None = option(None, "Shuffle the candidates with this seed.", low=0)
    repeat: int = option(
        1,
        "Number of replies to each instance. The main figures are computed from the first reply; the further replies "
        "show how often the model gives the same call again.",
        low=1,
        high=MOST_REPEATS,
    )
    seed: int = option(
        0,
        "Random seed for sampling and for baselines that choose at random; with --repeat, the seed of each further "
        "reply is higher by 1.",
        low=0,
    )
    temperature: float = option(0.0, "Sampling temperature.", low=0, high=2)
    max_output_tokens: int = option(1024, "Maximum length of a reply in tokens.", low=16)
    body: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"option": Option("Additional request fields, as a JSON object; null removes a field.")},
    )
    context: int | None = option(
        None, "Size of the model's context window in tokens, for prompt and reply together.", low=1
    )
    overlong: Overlong | None = option(
        None,
        "What to do with prompts that exceed the context window: skip (leave them out) or drop-oldest (leave out the "
        "oldest calls of the history). By default, the run is refused.",
    )
    limit: int | None = option(
        None,
        "Number of instances per config, spread evenly over the query groups (instances that share an instruction and "
        "its candidates).",
        low=1,
    )
    ids: tuple[str, ...] = option((), "Ids of the instances to use; by default, all.")
    core: bool = option(
        False,
        "Use only the core of the test split: about 1,000 instances per config, from which the leaderboard computes "
        "its main score.",
    )
    usd_per_million_input: float | None = option(None, "Price in USD per million input tokens.", low=0, flag="usd-in")
    usd_per_million_output: float | None = option(
        None, "Price in USD per million output tokens.", low=0, flag="usd-out"
    )

    def __post_init__(self) -> None:
        for name, choices in (
            ("config", CONFIGS),
            ("split", SPLITS),
            ("mode", MODES),
            ("history", HISTORIES),
            ("history_view", HISTORY_VIEWS),
            ("memory", MEMORIES),
            ("docs", DOCS),
            ("system_role", SYSTEM_ROLES),
        ):
            validate_choice(name, getattr(self, name), choices)
        if self.overlong is not None:
            validate_choice("overlong", self.overlong, OVERLONG)
        _check_numbers(self)
        ids: object = self.ids
        if isinstance(ids, str):
            raise ConfigError(f"ids is the text {ids!r}. Pass a list of instance ids.")
        object.__setattr__(self, "ids", tuple(self.ids))
        if not isinstance(self.body, Mapping):
            raise ConfigError(f"body is of type {type(self.body).__name__}. Pass a dict of additional request fields.")
        if self.body.keys() & _RESERVED:
            raise ConfigError(
                f"body holds {sorted(self.body.keys() & _RESERVED)[0]!r}, which is part of every request already. "
                f"Remove it; {', '.join(sorted(_RESERVED))} cannot be set. For several replies to each instance, set "
                "repeat (--repeat)."
            )

    @property
    def configs(self) -> tuple[str, ...]:
        """History types that the run covers."""
        return HISTORY_TYPES if self.config == ALL else (self.config,)

    @property
    def is_baseline(self) -> bool:
        """True if the model is a baseline."""
        return self.model.startswith(BASELINE)

    @property
    def is_online(self) -> bool:
        """True if requests are sent to an endpoint."""
        return not self.model.startswith((LOCAL, BASELINE, FUNCTION, MEMORY_SYSTEM))

    @property
    def has_own_memory(self) -> bool:
        """True if the model is a memory system, which reads the sessions itself."""
        return self.history_view == "sessions" and self.model.startswith((FUNCTION, MEMORY_SYSTEM))

    @property
    def sampling(self) -> dict[str, Any]:
        """Keys of the request except messages and tools; what `body` sets is unchanged."""
        if not self.is_online:
            return {}
        usual: dict[str, Any] = {
            "temperature": self.temperature,
            "max_tokens": self.max_output_tokens,
            "seed": self.seed,
            **({"tool_choice": "auto"} if self.mode == "tools" else {}),
        }
        if any(self.body.get(name) is not None for name in _LIMITS):
            del usual["max_tokens"]
        return {name: value for name, value in {**usual, **self.body}.items() if value is not None}

    @property
    def reply_limit(self) -> int:
        """Maximum length of a reply in tokens, as `body` or `max_output_tokens` sets it."""
        limits = [self.body.get(name) for name in _LIMITS]
        return max(
            (limit for limit in limits if isinstance(limit, int) and not isinstance(limit, bool)),
            default=self.max_output_tokens,
        )

    @property
    def system(self) -> str:
        """Name of the model followed by the settings that differ from the defaults."""
        unusual = [
            *([self.mode] if self.mode != MODES[0] and not self.is_baseline else []),
            *(["system merged"] if self.system_role != SYSTEM_ROLES[0] and not self.is_baseline else []),
            *([self._memory] if self.history_view != HISTORY_VIEWS[0] else []),
            *([f"docs {self.docs}"] if self.docs != DOCS[0] else []),
            *([f"order {self.shuffle_seed}"] if self.shuffle_seed is not None else []),
        ]
        return self.model + (f" ({', '.join(unusual)})" if unusual else "")

    @property
    def _memory(self) -> str:
        budget = "" if self.memory_tokens is None else f", {self.memory_tokens:,} tokens"
        return ("sessions" if self.has_own_memory else f"memory {self.memory}") + budget


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResources:
    """Resources and limits of a run. They never change a reply.

    Raises:
        ConfigError: If a value is not allowed.
    """

    api_key: str | None = field(
        default=None,
        repr=False,
        metadata={
            "option": Option("Key of the endpoint; by default, the environment variable OPENAI_API_KEY.", hidden=True)
        },
    )
    connections: int = option(64, "Maximum number of concurrent requests.", low=1, high=1024)
    timeout_s: float = option(120.0, "Timeout per request in seconds.", low=0.01, high=3600)
    retries: int = option(8, "Number of retries for a failed request.", low=0, high=50)
    max_cost_usd: float | None = option(None, "Stop before the cost exceeds this amount in USD.", low=0)
    batch: bool = option(
        False,
        "Send the requests through the Batch API of the endpoint, in files that are answered within 24 hours at a "
        "lower price.",
    )
    batch_poll_s: float = option(30.0, "Seconds between two checks of a batch, with --batch.", low=0.01, high=3600)
    batch_size: int = option(4, "Number of prompts per batch, for hf:NAME.", low=1)
    answers: Path | None = option(
        None,
        "Folder of the private answers. It also contains the facts about the tools, which baseline:oracle and "
        "baseline:regression need on the test split.",
    )
    retry_failed: bool = option(
        False,
        "Resend the requests that the endpoint did not answer in an earlier run. Requests that have a reply are not "
        "sent again.",
    )

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.answers is not None:
            object.__setattr__(self, "answers", Path(self.answers))


def _check_numbers(record: RunSettings | RunResources) -> None:
    """Check the type and the range of each numeric field of a record.

    Raises:
        ConfigError: If a value has another type or is out of range.
    """
    for item in fields(record):
        form: Option = item.metadata["option"]
        value, hint = getattr(record, item.name), str(item.type)
        if form.low is None or (value is None and "None" in hint):
            continue
        kinds = int if hint.startswith("int") else (int, float)
        high = float("inf") if form.high is None else form.high
        if isinstance(value, bool) or not isinstance(value, kinds) or not form.low <= value <= high:
            allowed = f"{form.low:g} or more" if form.high is None else f"{form.low:g} to {form.high:g}"
            kind = "integers" if kinds is int else "numbers"
            raise ConfigError(f"Invalid value {value!r} for {item.name}. Allowed values: {kind}, {allowed}.")
