"""Settings of builds from the built-in catalogue: histories of choices, and listings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .config_section import Section


class ChoiceConfig(Section):
    """Settings for histories of choices among tools with facts; used only with the built-in catalogue."""

    concerns: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(default=(1, 2, 3), min_length=1)
    """Numbers of concerns of a user, each in as many query groups."""
    evidence: tuple[Annotated[int, Field(ge=1, le=32)], ...] = ()
    """Exact numbers of telling steps, each in as many query groups. The answer is then uncertain where they are few.
    Empty for as many as the answer needs."""
    offered: int = Field(default=3, ge=2, le=4)
    """Number of tools that are offered at each step, the called one included."""
    shown: bool = True
    """Whether histories show what was offered. If not, calls tell less, and the answer is uncertain."""
    jobs: int = Field(default=5, ge=1, le=12)
    """Number of jobs of the concern that the instruction belongs to."""
    calls_per_job: int = Field(default=2, ge=1, le=100)
    """Calls of each of these jobs under the current preference; in half of the histories there are 2 more in all."""
    other_jobs: int = Field(default=2, ge=1, le=6)
    """Number of jobs of every other concern."""
    other_calls_per_job: int = Field(default=2, ge=1, le=100)
    """Calls of each of these jobs."""
    telling: int = Field(default=8, ge=1, le=64)
    """Minimum number of telling steps: each contradicts a rival preference that still fits the steps before it."""
    refutations: int = Field(default=2, ge=1, le=4)
    """Number of steps that contradict each rival preference. With fewer contradictions, a rival still fits."""
    off_profile: float = Field(default=0.05, ge=0, le=0.3)
    """Share of the steps that do not follow the preference; none in `preferred_only`."""
    changes: int = Field(default=1, ge=1, le=6)
    """Number of times that the preference changes to the current one in `chronological`; in between it changes back."""
    attempts: int = Field(default=40, ge=1)
    """Maximum number of preferences that are tried for a user, for each kind."""


class ListingsConfig(Section):
    """Layouts of the test split's listings; used only with the built-in catalogue."""

    pack: str | None = Field(default=None, exclude=True)
    """Folder of a listing pack. The data depend on its content, not on its path, so the path is not recorded."""
