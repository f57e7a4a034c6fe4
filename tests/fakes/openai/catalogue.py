"""A small ToolBench catalogue of functionalities that the builder script recognises, with four providers each."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np

from builder.grouping.functionalities import concepts, entries
from tests.factories import line

JOBS = 44
PROVIDERS = 4
BEGINNINGS = ("Bran", "Cor", "Dun", "Fal", "Gris", "Hol", "Jor", "Kel", "Lom", "Mer")
ENDINGS = ("wick", "stead", "more", "vane", "thorpe", "lund", "brook", "mere")


def write_catalogue(path: Path, *, jobs: int = JOBS, intruder: str = "") -> Path:
    """Write a catalogue file.

    Args:
        path: Path of the file.
        jobs: Number of functionalities.
        intruder: Text inserted before the documentation of the first tool, such as a prompt injection.

    Returns:
        The path.
    """
    rng = np.random.default_rng(0)
    names = [f"{beginning}{ending}" for beginning, ending in product(BEGINNINGS, ENDINGS)]
    lines = []
    simple = [entry.functionality for entry in entries() if entry.offered and len(entry.functionality.slots) == 1]
    for number, functionality in enumerate(simple[::2][:jobs]):
        slot = functionality.slots[0]
        concept = concepts()[slot.concept]
        spellings = sorted(name for name in concept.names - concept.odd if len(name) > 2)
        for place in range(PROVIDERS):
            about = " ".join([functionality.summary, functionality.phrases[place % len(functionality.phrases)]])
            extra = ("It is free.", "Data in real-time.", "Very fast.", "")[place]
            lines.append(
                line(
                    category=functionality.category.replace("_", " "),
                    tool_name=names[(number * PROVIDERS + place) % len(names)],
                    tool_description=f"{functionality.summary} {extra}",
                    api_name=functionality.name.title(),
                    api_description=f"{intruder}{about} {extra}",
                    required_parameters=[
                        {
                            "name": spellings[place % len(spellings)],
                            "type": "STRING" if concept.type == "string" else "NUMBER",
                            "description": slot.about,
                            "default": "",
                        }
                    ],
                    score={
                        "avgServiceLevel": int(rng.choice([80, 95, 100])),
                        "avgLatency": int(rng.integers(50, 9000)),
                        "avgSuccessRate": int(rng.integers(20, 100)),
                        "popularityScore": float(rng.integers(1, 100)) / 10,
                    },
                )
            )
            intruder = ""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tool_lines(path: Path) -> list[dict[str, object]]:
    """Return the tools of a catalogue file."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
