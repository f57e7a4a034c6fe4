"""The one object that says what to build, read once from TOML at the edge and passed down."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ConfigError
from .randomness import secret_numbers

Share = Annotated[float, Field(ge=0, le=1)]
PARTITION_USERS: Final = 10_000
"""Users of a partition, unless a config says otherwise: more than a split of a release has."""
MIN_SAME_FUNCTION: Final = 3
"""Fewest tools of a group, each of another provider; so fewest candidates that do the job, and fewest users with
different answers that make a query group."""
MIN_GROUPS: Final = 2
"""Fewest groups in which a preference must show."""
MIN_TRAINING_ROWS: Final = 50
"""Fewest rows of `sft` or `dpo` that a config can be given."""
_BATCH_PRICE: Final = 0.5
EARLY_STEPS: Final = 2
"""Calls under each preference before the last but one."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserConfig(_Section):
    """How many users there are and where they go."""

    count: int = Field(default=300, ge=9)
    """Users over all splits; each has one instance in every config."""
    train: Share = 0.7
    validation: Share = 0.1
    test: Share = 0.2
    partition: int = Field(default=PARTITION_USERS, ge=6, exclude_if=lambda users: users == PARTITION_USERS)
    """Users of a split that are made, and written to a file, by themselves. Part of what determines a build; not told
    where it is the default, so that builds without partitions are what they were before there were any."""

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
    similarity: Literal["structured", "embedding"] = "structured"
    """What makes a tool of another group similar to the seed: the same attribute values, or sentence vectors of the
    words that document them."""


class HistoryConfig(_Section):
    """The shape of interaction histories."""

    min_length: int = Field(default=8, ge=8, le=100)
    max_length: int = Field(default=20, ge=8, le=100)
    evidence_per_axis: int = Field(default=2, ge=1, le=4)
    """Fewest calls that show each attribute of the current preference."""
    flipped_ratings: float = Field(default=0.0, ge=0, le=0.3)
    """Share of the ratings of `rating_integrated` that are the opposite of what the user felt."""
    changes: int = Field(default=1, ge=1, le=3)
    """How often the preference changes in `chronological`."""
    drift_span: float = Field(default=0.6, ge=0.4, le=0.8)
    """The last change lies within this middle share of the history (`drift_places`)."""
    transition: Literal["abrupt", "gradual"] = "abrupt"
    """Whether a change is complete at once, or calls under the old and the new preference mix for some steps."""
    transition_steps: int = Field(default=4, ge=2, le=6)
    """Steps of a gradual change."""
    reversal: bool = False
    """Whether the last change goes back to a preference that the user had before; needs 2 changes or more."""
    attempts: int = Field(default=40, ge=1)
    """Histories drawn before a query group is given up as not identifiable."""

    @model_validator(mode="after")
    def _possible(self) -> HistoryConfig:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is above max_length {self.max_length}")
        if self.reversal and self.changes == 1:
            raise ValueError("reversal goes back to an earlier preference: it needs changes of 2 or 3, not 1")
        if self.transition == "gradual" and self.changes > 1:
            raise ValueError("a gradual transition goes with a single change; set changes to 1 or transition to abrupt")
        for length in range(self.min_length, self.max_length + 1):
            if not self.drift_places(length)[0]:
                raise ValueError(
                    f"min_length {self.min_length} is too short for {self.changes} changes within a drift_span of "
                    f"{self.drift_span}: a history of {length} steps leaves no place for the last one"
                )
        return self

    @property
    def least_pool(self) -> int:
        """Scenarios that a group needs for its part of any history: half of it, and one for each preference in it."""
        return self.max_length // MIN_GROUPS + self.changes + 1

    def drift_places(self, length: int) -> tuple[list[int], list[int]]:
        """Steps at which the last change may be, in a history of a length: early ones, and as many late ones.

        Early ones leave more calls under the current preference than under the one before, late ones fewer, by three
        at least: so leaving out some calls, as those of the first provider, does not make the one outweigh the other.
        """
        margin = (1 - self.drift_span) / 2
        early = EARLY_STEPS * (self.changes - 1)
        first, last = math.ceil(length * margin) + early, math.floor(length * (1 - margin))
        # Where both have as many calls; the preference before has 2 * place - balance more.
        balance = early + length
        mirror = balance + balance % 2
        late = [place for place in range(mirror // 2 + 2, last + 1) if first <= mirror - place]
        return [mirror - place for place in reversed(late)], late


class CandidateConfig(_Section):
    """What stands beside the answer."""

    count: int = Field(default=10, ge=4, le=50)
    distractors: Literal["random", "same_category", "near_functionality"] = "same_category"
    """Where tools that do another job come from: anywhere; the category of the instruction, as far as it goes; or the
    jobs whose documentation is nearest to the wanted one."""
    same_function_share: float = Field(default=0.8, ge=0.3, le=1.0)
    """Largest share of the candidates that do the job; what a group has beyond it stands aside for that query group."""
    provider_overlap: Share = 0.0
    """Share of the candidates' providers that may stand in the history too."""

    @property
    def most_same_function(self) -> int:
        """Most candidates that do the job."""
        return int(self.count * self.same_function_share + 1e-9)

    @model_validator(mode="after")
    def _enough(self) -> CandidateConfig:
        if self.most_same_function < MIN_SAME_FUNCTION:
            raise ValueError(
                f"{self.same_function_share} of {self.count} candidates are fewer than the {MIN_SAME_FUNCTION} that do "
                "the job in every instance"
            )
        return self


class LlmConfig(_Section):
    """How a language model is asked, where one is."""

    model: str = Field(default="gpt-4o-mini", min_length=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    connections: int = Field(default=64, ge=1, le=1024)
    """Most requests under way at once."""
    timeout_s: float = Field(default=120, gt=0, le=3600)
    """Seconds after which a request is given up and sent again."""
    retries: int = Field(default=8, ge=0, le=50)
    """How often a request that had no answer is sent again."""
    attempts: int = Field(default=6, ge=1, le=20)
    """Replies asked for before a request whose replies are of no use is refused."""
    max_output_tokens: int = Field(default=4000, ge=16)
    usd_per_million_input: float = Field(default=0.15, ge=0)
    usd_per_million_output: float = Field(default=0.60, ge=0)
    batch_price: Share = Field(default=_BATCH_PRICE, exclude_if=lambda share: share == _BATCH_PRICE)
    """What a request of the Batch API costs, as a share of one that is answered at once."""
    batch_requests: int = Field(default=50_000, ge=1, le=50_000)
    """Most requests of one batch file."""
    batch_bytes: int = Field(default=100_000_000, ge=10_000)
    """Largest batch file."""
    batch_poll_s: float = Field(default=30, gt=0)
    """Seconds between two looks at a batch."""
    neighbours: int = Field(default=5, ge=1, le=50)
    """Tools of other providers with which each tool is compared."""
    similarity: Share = 0.5
    """Least cosine similarity of what two tools do for them to be compared."""
    scenarios_per_register: int = Field(default=10, ge=4, le=50)
    """Scenarios asked for in each of the five registers of a group."""

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars that tokens cost."""
        return (input_tokens * self.usd_per_million_input + output_tokens * self.usd_per_million_output) / 1_000_000


class MixConfig(_Section):
    """Shares of what can be wrong with the rejected call of a `dpo` row.

    A share that the histories of a config do not allow (`disliked` needs ratings, `stale` needs order) goes to
    `same_function`.
    """

    same_function: Share = 0.35
    """A tool for the job that is not the preferred one."""
    disliked: Share = 0.25
    """The tool for the job that the disliked calls are for; in `rating_integrated`."""
    stale: Share = 0.25
    """The tool for the job that was wanted before the preference changed; in `chronological`."""
    wrong_argument: Share = 0.1
    """The right tool with one value of another scenario."""
    wrong_functionality: Share = 0.03
    """A tool for another job; can be told from the answer without the history, so few are enough."""
    wrong_format: Share = 0.02
    """The right call so written that it cannot be read; the same holds."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> MixConfig:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of the kinds must sum to 1, not {total:g}")
        if not self.same_function:
            raise ValueError("same_function is what other kinds fall back on: its share must be above 0")
        return self


class TrainingConfig(_Section):
    """The training data, `sft` and `dpo`, made from the users of train."""

    docs: Literal["full", "names"] = "full"
    """Whether the prompt documents the tools of the history, or only names them."""
    sft_per_config: int = Field(default=1_000_000, ge=MIN_TRAINING_ROWS)
    """Most rows of `sft` from each config; whole query groups, spread evenly over train."""
    dpo_per_config: int = Field(default=1_000_000, ge=MIN_TRAINING_ROWS)
    """The same for `dpo`."""
    mix: MixConfig = MixConfig()


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

    def seed_of(self, split: str) -> tuple[int, ...]:
        """Seed of everything that is drawn for a split."""
        return (self.seed, *(secret_numbers(self.secret) if split == "test" and self.secret else ()))


PRESETS: Final[Mapping[str, UserConfig]] = {
    "sample": UserConfig(count=15, train=0.6, validation=0.2, test=0.2),
    "demo": UserConfig(count=600, train=0.25, validation=0.5, test=0.25),
    "dev": UserConfig(count=1300, train=9 / 13, validation=1 / 13, test=3 / 13),
    "release": UserConfig(count=13_000, train=9 / 13, validation=1 / 13, test=3 / 13),
}
"""Sizes by name: the sample in the repository; small with a validation split that tells an oracle from a random choice;
a tenth of a release; and a release, with 9,000 users in train, 1,000 in validation and 3,000 in test."""


def load_config(
    path: Path | None,
    *,
    preset: str | None = None,
    users: int | None = None,
    seed: int | None = None,
    similarity: str | None = None,
    model: str | None = None,
) -> BuildConfig:
    """Read a config file and lay the command line's options over it.

    Args:
        path: TOML file; None for the defaults.
        preset: One of `PRESETS`; replaces `users`.
        users: Replaces `users.count`.
        seed: Replaces `seed`.
        similarity: Replaces `preferences.similarity`.
        model: Replaces `llm.model`.

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
    for name, key, value in (
        ("users", "count", users),
        ("preferences", "similarity", similarity),
        ("llm", "model", model),
    ):
        section = raw.setdefault(name, {}) if value is not None else None
        if isinstance(section, dict):  # anything else is refused below
            section[key] = value
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
