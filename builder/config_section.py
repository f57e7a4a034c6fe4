"""Base class of the sections of a build's config."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
"""A share, 0 to 1."""


class Section(BaseModel):
    """Section of a config: immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
