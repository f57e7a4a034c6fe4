"""Config files: defaults, options, and errors that name the invalid key."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.catalogue.sources import open_source
from builder.config import EARLY_STEPS, BuildConfig, HistoryConfig, PreferenceConfig, load_config
from builder.errors import ConfigError


def config_file(tmp_path: Path, text: str) -> Path:
    """Write a config file and return its path."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_the_default_is_valid_and_options_override_the_file(tmp_path: Path) -> None:
    assert load_config(None) == BuildConfig()
    path = config_file(tmp_path, "seed = 3\n[users]\ncount = 40\n[histories]\nmin_length = 10\n")
    config = load_config(path, users=90)
    assert (config.seed, config.users.count, config.histories.min_length) == (3, 90, 10)


@pytest.mark.parametrize(
    ("text", "offender"),
    [
        ("sed = 1", "sed"),
        ("[users]\ncount = 2", "users.count"),
        ("[users]\ntrain = 0.9", "must sum to 1"),
        ("[histories]\nmin_length = 20\nmax_length = 10", "above max_length"),
        ("[histories]\ndrift_span = 0.1", "histories.drift_span"),
        ("[preferences]\nmargin = 0.5", "preferences.margin"),
        ("[candidates]\ndistractors = 'odd'", "candidates.distractors"),
        ("[choices]\nconcerns = []", "choices.concerns"),
        ("[choices]\nevidence = [0]", "choices.evidence"),
        ("[choices]\noffered = 1", "choices.offered"),
        ("[choices]\noff_profile = 0.5", "choices.off_profile"),
        ("[arguments]\noptional = 2", "arguments.optional"),
        ("[arguments.kinds]\nunit = 0", "arguments.kinds.unit"),
        ("secret = 'short'", "secret"),
        ("[preferences]\nsimilarity = 'odd'", "preferences.similarity"),
        ("[histories]\nevidence_per_axis = 0", "histories.evidence_per_axis"),
        ("[histories]\nflipped_ratings = 0.5", "histories.flipped_ratings"),
        ("[histories]\nchanges = 4", "histories.changes"),
        ("[histories]\nreversal = true", "needs changes of 2 or 3, not 1"),
        ("[histories]\nchanges = 2\nmin_length = 12\ntransition = 'gradual'", "needs a single change"),
        ("[histories]\nchanges = 2", "min_length 8 is too short for 2 changes"),
        ("[histories]\ntransition_steps = 1", "histories.transition_steps"),
        ("scenarios_per_group = 5", "needs at least 12"),
        ("[candidates]\ncount = 3", "candidates.count"),
        ("[candidates]\ncount = 5\nsame_function_share = 0.5", "fewer than the 3 that do the job"),
        ("[candidates]\nprovider_overlap = 2", "candidates.provider_overlap"),
        ("[users]\ntrain = 1.0\nvalidation = 0.0\ntest = 0.0", "validation has the public answers, and needs users"),
        ("[users]\ncount = 20\ntrain = 0.9\nvalidation = 0.1\ntest = 0.0", "give validation fewer than 3"),
        ("users = 5", "users"),
        ("seed = ", "is not valid TOML"),
    ],
)
def test_an_invalid_config_is_rejected(tmp_path: Path, text: str, offender: str) -> None:
    with pytest.raises(ConfigError, match=offender):
        load_config(config_file(tmp_path, text))


@pytest.mark.parametrize(
    ("preset", "users"),
    [
        ("sample", (9, 3, 3)),
        ("demo", (150, 300, 150)),
        ("evaluation", (0, 300, 0)),
        ("dev", (900, 100, 300)),
        ("release", (9000, 1000, 3000)),
        ("hard", (9000, 1000, 3000)),
        ("curve", (3000, 1000, 2000)),
        ("paper", (3000, 1000, 2000)),
        ("years", (300, 100, 200)),
    ],
)
def test_presets_set_the_size(preset: str, users: tuple[int, int, int]) -> None:
    assert tuple(load_config(None, preset=preset).users.by_split().values()) == users


def test_every_history_length_has_steps_for_the_last_change() -> None:
    for changes, shortest in ((1, 8), (2, 12), (3, 18)):
        histories = HistoryConfig(changes=changes, min_length=shortest, max_length=60)
        for length in range(shortest, 61):
            early = EARLY_STEPS * (changes - 1)
            earlier_steps, later_steps = histories.drift_places(length)
            assert (
                0.2 * length + early
                <= earlier_steps[0]
                <= earlier_steps[-1]
                < later_steps[0]
                <= later_steps[-1]
                <= 0.8 * length
            )
            assert len(earlier_steps) == len(later_steps)
            # Calls under the preference before the last change, minus calls under the current one.
            leads = [(place - early) - (length - place) for place in (*earlier_steps, *later_steps)]
            assert min(map(abs, leads)) >= 3
            assert 0 <= sum(leads) / len(leads) <= 1


def test_options_replace_values_of_the_file(tmp_path: Path) -> None:
    path = config_file(tmp_path, "[preferences]\nmargin = 0.2\nsimilarity = 'structured'\n")
    assert load_config(path, similarity="embedding").preferences == PreferenceConfig(margin=0.2, similarity="embedding")
    with pytest.raises(ConfigError, match=r"preferences\.similarity"):
        load_config(path, similarity="odd")


def test_an_unknown_preset_is_rejected() -> None:
    with pytest.raises(
        ConfigError, match=r"Unknown preset .huge.\. Available presets: sample, demo, evaluation, dev, release"
    ):
        load_config(None, preset="huge")


def test_an_option_does_not_hide_an_invalid_section(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="users"):
        load_config(config_file(tmp_path, "users = 5"), users=90)


def test_a_missing_config_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("spec", "problem"), [("toolbench", "no path"), ("toolbench:", "no path"), ("csv:x", "unknown")]
)
def test_an_unknown_catalogue_is_rejected(spec: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        open_source(spec)
    assert "builtin, services, toolbench:PATH" in str(caught.value)
