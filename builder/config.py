"""Config of a build: read from TOML, validated, and immutable."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from .argument_config import ArgumentConfig
from .choice_config import ChoiceConfig, ListingsConfig
from .config_section import Section, Share
from .errors import ConfigError
from .llm_config import LlmConfig
from .presets import PARTITION_USERS, PRESETS
from .randomness import secret_numbers

MIN_SAME_FUNCTION: Final = 3
"""Minimum number of tools in a functionality group, each from a different provider. It is therefore also the minimum
number of same-function candidates, and of users in a query group."""
MIN_GROUPS: Final = 2
"""Minimum number of functionality groups in which a preference must be visible."""
MIN_TRAINING_ROWS: Final = 50
"""Lower limit of `sft_per_config` and `dpo_per_config`."""
EARLY_STEPS: Final = 2
"""Number of calls under each preference that precedes the last two."""


class UserConfig(Section):
    """Number of users, and their distribution over splits and partitions."""

    count: int = Field(default=300, ge=9)
    """Number of users in all splits; each user has one instance in every config."""
    train: Share = 0.7
    """Share of the users in train; the three shares must sum to 1. 0 for a data set without training data, which leaves
    the jobs of a small catalogue to the other splits."""
    validation: Share = 0.1
    """Share of the users in validation."""
    test: Share = 0.2
    """Share of the users in test; 0 for a data set without private answers."""
    only_their_tools: bool = Field(default=False, exclude_if=lambda only: not only)
    """Whether the table of tools of a split has only the tools that its rows show, for a small data set."""
    partition: int = Field(default=PARTITION_USERS, ge=6, exclude_if=lambda users: users == PARTITION_USERS)
    """Number of users of a split in one partition, which is built separately and written to its own file. It changes
    the data. The default is omitted from the manifest, which keeps manifests of older builds valid."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> UserConfig:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test are shares of the users and must sum to 1, not {total}")
        few = [
            split
            for split, number in self.by_split().items()
            if number < MIN_SAME_FUNCTION and (number or getattr(self, split))
        ]
        if few:
            raise ValueError(
                f"{self.count} users give {' and '.join(few)} fewer than 3; a query group needs 3. Give more users, or "
                "the share 0 to a split that is not needed"
            )
        if not self.validation:
            raise ValueError("validation has the public answers, and needs users; only train and test can have none")
        return self

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have users."""
        return tuple(split for split, number in self.by_split().items() if number)

    def by_split(self) -> dict[str, int]:
        """Return the number of users in each split; train takes the remainder of rounding."""
        validation, test = round(self.count * self.validation), round(self.count * self.test)
        return {"train": self.count - validation - test, "validation": validation, "test": test}


class GroupConfig(Section):
    """Settings for grouping the tools of a real catalogue by functionality."""

    similarity: Share = 0.30
    """Minimum cosine similarity between a tool's documentation and a known description of the functionality."""
    look_alike: Share = 0.45
    """Cosine similarity above which an ungrouped tool may have the functionality, and is not used as its distractor."""
    largest: int = Field(default=6, ge=3)
    """Maximum number of tools in a group; surplus tools become distractors of other groups."""


class PreferenceConfig(Section):
    """Settings for preferences over attributes; not used with the built-in catalogue."""

    max_axes: int = Field(default=3, ge=1, le=3)
    """Maximum number of axes in a preference."""
    margin: float = Field(default=0.15, gt=0, le=0.25)
    """Minimum lead in utility of the preferred tool over the next tool of its group. The maximum utility is 1."""
    similarity: Literal["structured", "embedding"] = "structured"
    """Measure of similarity between the seed tool and tools of other groups: equal attribute values, or sentence
    vectors of the phrases that document them."""


class HistoryConfig(Section):
    """Settings for histories of tools with attributes; not used with the built-in catalogue."""

    min_length: int = Field(default=8, ge=8, le=100)
    """Minimum number of interactions."""
    max_length: int = Field(default=20, ge=8, le=100)
    """Maximum number of interactions."""
    evidence_per_axis: int = Field(default=2, ge=1, le=4)
    """Minimum number of calls that show each attribute of the current preference."""
    flipped_ratings: float = Field(default=0.0, ge=0, le=0.3)
    """Share of the ratings in `rating_integrated` that are flipped to the opposite of the user's opinion."""
    changes: int = Field(default=1, ge=1, le=3)
    """Number of changes of the preference in `chronological`."""
    drift_span: float = Field(default=0.6, ge=0.4, le=0.8)
    """The last change happens within this middle share of the history; see `drift_places`."""
    transition: Literal["abrupt", "gradual"] = "abrupt"
    """Type of change: from one step to the next, or with some steps that mix the old and the new preference."""
    transition_steps: int = Field(default=4, ge=2, le=6)
    """Number of steps of a gradual change."""
    reversal: bool = False
    """Make the last change return to an earlier preference; needs at least 2 changes."""
    attempts: int = Field(default=40, ge=1)
    """Maximum number of histories drawn for a user before the query group is dropped as not identifiable."""

    @model_validator(mode="after")
    def _possible(self) -> HistoryConfig:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is above max_length {self.max_length}")
        if self.reversal and self.changes == 1:
            raise ValueError("reversal returns to an earlier preference: it needs changes of 2 or 3, not 1")
        if self.transition == "gradual" and self.changes > 1:
            raise ValueError("a gradual transition needs a single change: set changes to 1, or transition to abrupt")
        for length in range(self.min_length, self.max_length + 1):
            if not self.drift_places(length)[0]:
                raise ValueError(
                    f"min_length {self.min_length} is too short for {self.changes} changes with a drift_span of "
                    f"{self.drift_span}: a history of {length} steps has no position for the last change"
                )
        return self

    @property
    def least_pool(self) -> int:
        """Minimum number of scenarios in a group: half of the longest history, and one for each preference."""
        return self.max_length // MIN_GROUPS + self.changes + 1

    def drift_places(self, length: int) -> tuple[list[int], list[int]]:
        """Return the steps at which the last change may happen in a history.

        An early step leaves more calls under the current preference than under the one before; a late step leaves
        fewer. The difference is at least 3 calls, so that leaving out a few calls, such as those of the first provider,
        does not reverse it.

        Args:
            length: Number of interactions in the history.

        Returns:
            Early steps and the same number of late steps, ascending.
        """
        margin = (1 - self.drift_span) / 2
        before = EARLY_STEPS * (self.changes - 1)
        first, last = math.ceil(length * margin) + before, math.floor(length * (1 - margin))
        # A change at `step` gives the preference before it 2 * step - balance calls more than the current one.
        balance = before + length
        mirror = balance + balance % 2
        late = [step for step in range(mirror // 2 + 2, last + 1) if first <= mirror - step]
        return [mirror - step for step in reversed(late)], late


class CandidateConfig(Section):
    """Settings for selecting the candidates."""

    count: int = Field(default=10, ge=4, le=50)
    """Number of candidates of an instance, the answer included."""
    distractors: Literal["random", "same_category", "near_functionality"] = "same_category"
    """Source of the tools that do another job: any functionality; the category of the instruction, as long as it has
    enough; or the functionalities with the most similar documentation."""
    same_function_share: float = Field(default=0.8, ge=0.3, le=1.0)
    """Maximum share of candidates that do the job; surplus tools of the group are left out of the query group."""
    provider_overlap: Share = 0.0
    """Share of the candidates' providers that may also appear in the history."""

    @property
    def most_same_function(self) -> int:
        """Maximum number of candidates that do the job."""
        return int(self.count * self.same_function_share + 1e-9)

    @model_validator(mode="after")
    def _enough(self) -> CandidateConfig:
        if self.most_same_function < MIN_SAME_FUNCTION:
            raise ValueError(
                f"{self.same_function_share} of {self.count} candidates are fewer than the {MIN_SAME_FUNCTION} that do "
                "the job in every instance: raise same_function_share or count"
            )
        return self


OPERATIONAL: Final = {
    "connections",
    "timeout_s",
    "retries",
    "usd_per_million_input",
    "usd_per_million_output",
    "batch_price",
    "batch_requests",
    "batch_bytes",
    "batch_poll_s",
}
"""Fields of `LlmConfig` that affect how requests are sent and what they cost, but not the data."""


class MixConfig(Section):
    """Shares of the kinds of rejected calls in `dpo`; they must sum to 1.

    The share of a kind that a config does not support (`disliked` needs ratings, `stale` needs order) goes to
    `same_function`.
    """

    same_function: Share = 0.35
    """A tool that does the job but is not the preferred one."""
    disliked: Share = 0.25
    """The tool that the disliked calls point to; only in `rating_integrated`."""
    stale: Share = 0.25
    """The tool that was preferred before the last change; only in `chronological`."""
    wrong_argument: Share = 0.1
    """The right tool with one value from another scenario."""
    wrong_functionality: Share = 0.03
    """A tool that does another job. It is recognisable without the history, so a few rows are enough."""
    wrong_format: Share = 0.02
    """The right call in a form that cannot be parsed. It is recognisable by itself, so a few rows are enough."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> MixConfig:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of the kinds must sum to 1, not {total:g}")
        if not self.same_function:
            raise ValueError("same_function is what other kinds fall back on: its share must be above 0")
        return self


class TrainingConfig(Section):
    """The training data, `sft` and `dpo`, built from the users of train."""

    docs: Literal["full", "names"] = "full"
    """Documentation of the history's tools in the prompt: in full, or only their names."""
    sft_per_config: int = Field(default=1_000_000, ge=MIN_TRAINING_ROWS)
    """Maximum number of `sft` rows from each config: whole query groups, spread evenly over train."""
    dpo_per_config: int = Field(default=1_000_000, ge=MIN_TRAINING_ROWS)
    """The same for `dpo`."""
    mix: MixConfig = MixConfig()


class BuildConfig(Section):
    """Config of a build; together with the catalogue it determines the data."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed for all random draws."""
    secret: str = Field(default="", repr=False, pattern=r"^$|^.{16,}$")
    """Secret part of the seed of the test split, at least 16 characters. If it is empty, anyone with the catalogue, the
    config and the seed can rebuild the private answers. The secret is never written to the manifest."""
    scenarios_per_group: int = Field(default=24, ge=4)
    """Number of scenarios of each group for histories. Final instructions have separate scenarios."""
    users: UserConfig = UserConfig()
    groups: GroupConfig = GroupConfig()
    preferences: PreferenceConfig = PreferenceConfig()
    histories: HistoryConfig = HistoryConfig()
    choices: ChoiceConfig = ChoiceConfig()
    arguments: ArgumentConfig = ArgumentConfig()
    listings: ListingsConfig = ListingsConfig()
    candidates: CandidateConfig = CandidateConfig()
    llm: LlmConfig = LlmConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _fits(self) -> BuildConfig:
        if self.scenarios_per_group < self.histories.least_pool:
            raise ValueError(
                f"scenarios_per_group is {self.scenarios_per_group}; a history of {self.histories.max_length} steps "
                f"needs at least {self.histories.least_pool}"
            )
        return self

    def data_json(self) -> str:
        """Return the settings that determine the data, as JSON: all except the secret and `OPERATIONAL`."""
        return self.model_dump_json(exclude={"secret": True, "llm": OPERATIONAL})

    def seed_of(self, split: str) -> tuple[int, ...]:
        """Return the seed of all draws for a split."""
        return (self.seed, *(secret_numbers(self.secret) if split == "test" and self.secret else ()))


def load_config(
    path: Path | None,
    *,
    preset: str | None = None,
    users: int | None = None,
    seed: int | None = None,
    similarity: str | None = None,
    model: str | None = None,
    api: str | None = None,
) -> BuildConfig:
    """Read a config file and apply the options of the command line, which take precedence.

    Args:
        path: TOML file; None for the defaults.
        preset: Name in `PRESETS`; replaces the section `users`, and the defaults of other sections.
        users: Replaces `users.count`.
        seed: Replaces `seed`.
        similarity: Replaces `preferences.similarity`.
        model: Replaces `llm.model`.
        api: Replaces `llm.api`.

    Raises:
        ConfigError: If the file cannot be read, the preset is unknown, or a key or value is invalid.
    """
    raw = _read_toml(path) if path is not None else {}
    if preset is not None:
        if preset not in PRESETS:
            raise ConfigError(f"Unknown preset {preset!r}. Available presets: {', '.join(PRESETS)}.")
        for section, settings in PRESETS[preset].items():
            if section == "users":
                raw[section] = dict(settings)
            else:
                for key, value in settings.items():
                    if key not in _section(raw, section):
                        _set_option(raw, section, key, value)
    _set_option(raw, "users", "count", users)
    _set_option(raw, "preferences", "similarity", similarity)
    _set_option(raw, "llm", "model", model)
    _set_option(raw, "llm", "api", api)
    if seed is not None:
        raw["seed"] = seed
    try:
        return BuildConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(
            f"Invalid config: {_problems(error)}. Available top-level keys: {', '.join(BuildConfig.model_fields)}."
        ) from None  # the cause quotes the values, of which one is the secret


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The config file {str(path)!r} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The config file {str(path)!r} is not valid TOML: {error}.") from error


def _section(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a section of a config file; empty if it is missing or not a section."""
    section = raw.get(name, {})
    return section if isinstance(section, dict) else {}


def _set_option(raw: dict[str, Any], name: str, key: str, value: object) -> None:
    """Set a key of a section unless the value is None."""
    if value is None:
        return
    section = raw.setdefault(name, {})
    if isinstance(section, dict):  # other types are rejected by the validation
        section[key] = value


def _problems(error: ValidationError) -> str:
    """List the problems that pydantic found, each with the path of its key."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'config'}: {item['msg']}" for item in error.errors()
    )
