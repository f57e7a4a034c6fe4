"""Concerns of people who use real services: each register asks for each job in frames of its own."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from builder.grouping.functionalities import data_table
from builder.world.concerns import CONCERN_REGISTERS, Concern, RequestTexts

from .real_jobs import RealJob

_DATA: Final = "services/data"
_OF_CONCERN: Final = {"prompt": "prompts", "message": "messages"}
"""Lists of a concern with the values of each concept."""
_TEXTS: Final = 5
"""Number of texts in which a concern asks for a job."""


def real_concerns(split: str, jobs: Sequence[RealJob]) -> tuple[Concern, ...]:
    """Return the concerns of a split in all registers, sorted by name.

    Args:
        split: `train`, `validation` or `test`.
        jobs: Jobs of the split.
    """
    table = data_table(f"{_DATA}/concerns_{split}.toml")
    frames = data_table(f"{_DATA}/request_frames.toml")[split]
    found = [
        _concern(raw, table, split, register, frames[register], jobs)
        for raw in table["concern"]
        for register in CONCERN_REGISTERS
    ]
    return tuple(sorted(found, key=lambda concern: concern.name))


def _concern(
    raw: Mapping[str, Any],
    table: Mapping[str, Any],
    split: str,
    register: str,
    frames: Sequence[str],
    jobs: Sequence[RealJob],
) -> Concern:
    name = f"{raw['name']}, {register}"
    shared = data_table(f"{_DATA}/slot_values.toml")[split]

    def values(concept: str) -> tuple[str, ...]:
        if concept not in _OF_CONCERN:
            return _turned(shared[concept], name, concept)
        listed = _OF_CONCERN[concept]
        return _turned([*raw[listed], *table[listed]], name, concept)

    requests = {
        job.name: RequestTexts(
            _texts(job, name, frames), {slot: values(concept) for slot, concept in job.slots.items()}
        )
        for job in jobs
    }
    return Concern(
        name,
        str(raw["subject"]),
        split,
        str(raw["sphere"]),
        register,
        {key: tuple(alternatives) for key, alternatives in raw["names"].items()},
        requests,
    )


def _texts(job: RealJob, concern: str, frames: Sequence[str]) -> tuple[str, ...]:
    """Return the texts in which a concern asks for a job: different frames, with its clauses in turn."""
    first = _draw(f"{concern}/{job.name}")
    number = min(_TEXTS, len(frames))
    return tuple(
        _filled(frames[(first + place) % len(frames)], job.asks[(first // len(frames) + place) % len(job.asks)])
        for place in range(number)
    )


def _filled(frame: str, ask: str) -> str:
    """Return a frame with a clause. A quotation at the end of the clause has its own full stop."""
    fitting = re.sub(r"(\{[aA]sk\})\.(?=\s|$)", r"\1", frame) if ask.endswith('"') else frame
    return fitting.replace("{Ask}", ask[0].upper() + ask[1:]).replace("{ask}", ask)


def _turned(values: Sequence[str], concern: str, concept: str) -> tuple[str, ...]:
    """Return values from another beginning for each concern, so that not all have the same ones in instructions."""
    first = _draw(f"{concern}/{concept}") % len(values)
    return (*values[first:], *values[:first])


def _draw(name: str) -> int:
    return zlib.crc32(name.encode())
