"""Users that the presets ask for, with their instructions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import load_config
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.users.choice_instances import ChoiceInstanceMaker, ChoiceResources
from builder.world.service_catalogue import service_catalogue

_USERS = 24


class AlikeEncoder:
    """Encoder that takes all texts as equal, since these tests do not look at the other candidates."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


@pytest.mark.parametrize("preset", ["curve", "paper"])
def test_a_preset_finds_its_users(preset: str) -> None:
    config = load_config(None, preset=preset)
    resources = ChoiceResources("validation", service_catalogue().of_split("validation"), config, AlikeEncoder())
    maker = ChoiceInstanceMaker(Partition("validation", 0, 1, 0, _USERS), resources, config, Funnel())
    users = list(maker.users())
    assert len(users) == _USERS
    if preset == "curve":
        assert {user.histories["preferred_only"].telling for user in users} == {1, 2, 4, 8, 16}
