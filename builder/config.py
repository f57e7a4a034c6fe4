"""The one object that says what to build, read once from TOML at the edge and passed down."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ConfigError
from .randomness import secret_numbers

Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserConfig(_Section):
    """How many users there are and where they go."""

    count: int = Field(default=300, ge=9)
    """Users over all splits; each has one instance in every config."""
    train: Share = 0.7
    validation: Share = 0.1
    test: Share = 0.2

    @model_validator(mode="after")
    def _sums_to_one(self) -> UserConfig:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test are shares of the users: they must sum to 1, not {total}")
        few = [split for split, number in self.by_split().items() if number < 3]
        if few:
            raise ValueError(f"{self.count} users give {' and '.join(few)} fewer than 3, too few for a query group")
        return self

    def by_split(self) -> dict[str, int]:
        """Users of each split; rounding goes to train."""
        validation, test = round(self.count * self.validation), round(self.count * self.test)
        return {"train": self.count - validation - test, "validation": validation, "test": test}


class GroupConfig(_Section):
    """What makes tools of a real catalogue a functionality group."""

    similarity: Share = 0.30
    """Least cosine similarity of a tool's documentation with a known way of stating the functionality."""
    look_alike: Share = 0.45
    """Cosine similarity from which an ungrouped tool is suspected to do a functionality's job, and is no distractor."""
    largest: int = Field(default=6, ge=3)
    """Tools of a group beyond this number become distractors elsewhere."""


class PreferenceConfig(_Section):
    """How users' preferences are made."""

    max_axes: int = Field(default=3, ge=1, le=3)
    margin: float = Field(default=0.15, gt=0, le=0.25)
    """Least lead in utility of a preferred tool over the next one of its group, 0 to 0.25 of the whole preference."""


class HistoryConfig(_Section):
    """The shape of interaction histories."""

    min_length: int = Field(default=8, ge=8, le=100)
    max_length: int = Field(default=16, ge=8, le=100)
    drift_span: Annotated[float, Field(ge=0.4, le=0.8)] = 0.6
    """The change of preference is spread evenly over this middle share of the history, but for its first two steps."""
    attempts: int = Field(default=40, ge=1)
    """Histories drawn before a query group is given up as not identifiable."""

    @model_validator(mode="after")
    def _ordered(self) -> HistoryConfig:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is above max_length {self.max_length}")
        return self


class CandidateConfig(_Section):
    """What stands beside the tools of the group."""

    count: int = Field(default=10, ge=3, le=50)
    distractors: Literal["random", "same_category"] = "same_category"


class BuildConfig(_Section):
    """Everything that, with the catalogue, determines a build."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    secret: str = Field(default="", repr=False, pattern=r"^$|^.{16,}$")
    """Goes into every draw of the test split, so that who knows the catalogue, the config and the seed cannot make the
    answers again. To be set, and kept, for a test split whose answers are to stay private; at least 16 characters,
    since a short one can be guessed; never in the manifest."""
    scenarios_per_group: int = Field(default=24, ge=4)
    """Scenarios of each group that histories draw from; final instructions have their own."""
    users: UserConfig = UserConfig()
    groups: GroupConfig = GroupConfig()
    preferences: PreferenceConfig = PreferenceConfig()
    histories: HistoryConfig = HistoryConfig()
    candidates: CandidateConfig = CandidateConfig()

    @model_validator(mode="after")
    def _fits(self) -> BuildConfig:
        if self.scenarios_per_group < self.histories.max_length // 2 + 2:
            raise ValueError(
                f"scenarios_per_group is {self.scenarios_per_group}; a history of {self.histories.max_length} steps "
                f"needs at least {self.histories.max_length // 2 + 2}"
            )
        if self.candidates.count < self.groups.largest:
            raise ValueError(f"candidates.count {self.candidates.count} is below groups.largest {self.groups.largest}")
        return self

    def seed_of(self, split: str) -> tuple[int, ...]:
        """Seed of everything that is drawn for a split."""
        return (self.seed, *(secret_numbers(self.secret) if split == "test" and self.secret else ()))


PRESETS: Final[Mapping[str, UserConfig]] = {
    "demo": UserConfig(count=600, train=0.25, validation=0.5, test=0.25),
    "dev": UserConfig(count=1300, train=9 / 13, validation=1 / 13, test=3 / 13),
    "release": UserConfig(count=13_000, train=9 / 13, validation=1 / 13, test=3 / 13),
}
"""Sizes by name: small with a validation split that tells an oracle from a random choice; a tenth of a release; and a
release, with 9,000 users in train, 1,000 in validation and 3,000 in test."""


def load_config(
    path: Path | None, *, preset: str | None = None, users: int | None = None, seed: int | None = None
) -> BuildConfig:
    """Read a config file and lay the command line's options over it.

    Args:
        path: TOML file; None for the defaults.
        preset: One of `PRESETS`; replaces `users`.
        users: Replaces `users.count`.
        seed: Replaces `seed`.

    Raises:
        ConfigError: If the file cannot be read or holds a wrong key or value.
    """
    raw: dict[str, Any] = {}
    if path is not None:
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The config file {str(path)!r} cannot be read: {error}.") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"The config file {str(path)!r} is not TOML: {error}.") from error
    if preset is not None:
        if preset not in PRESETS:
            raise ConfigError(f"There is no preset {preset!r}. Presets are {', '.join(PRESETS)}.")
        raw["users"] = PRESETS[preset].model_dump()
    if users is not None:
        section = raw.setdefault("users", {})
        if isinstance(section, dict):  # anything else is refused below
            section["count"] = users
    if seed is not None:
        raw["seed"] = seed
    try:
        return BuildConfig.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'config'}: {item['msg']}" for item in error.errors()
        )
        allowed = ", ".join(BuildConfig.model_fields)
        raise ConfigError(f"The config is wrong: {problems}. Keys at the top are {allowed}.") from error
