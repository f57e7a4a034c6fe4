"""Source of the catalogue of real services, as `--catalog services` names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from builder.config import BuildConfig
from builder.grouping.functionalities import data_files, library_hash
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.world.service_catalogue import TODAY

from .package_files import PACKAGES
from .real_catalogue import real_catalogue

_DATA: Final = "services/data"
_CHOICES: Final = {"jobs": 5, "calls_per_job": 5}
"""Settings of histories where the config sets none: real services differ in fewer ways than drawn ones, so it takes
more calls to refute the rivals of a preference."""


@dataclass(frozen=True, slots=True)
class RealServiceSource:
    """Catalogue of real services with the facts that installed packages state.

    Args:
        anonymous: True to give each provider a fictional name.
    """

    anonymous: bool = False

    @property
    def identity(self) -> str:
        """Kind of the source, hash of its content, day of the facts, and the packages with their versions."""
        digest = hashlib.sha256(library_hash().encode())
        for node in data_files(_DATA):
            digest.update(hashlib.sha256(node.read_bytes()).digest())
        for tool in self.grouped().tools:
            facts = [[fact.axis, fact.value, fact.evidence] for fact in tool.attributes]
            digest.update(json.dumps([tool.name, tool.provider, tool.split, tool.listing, facts]).encode())
        versions = " ".join(f"{package.name}=={package.version}" for package in PACKAGES)
        ending = " anonymous" if self.anonymous else ""
        return f"services sha256:{digest.hexdigest()} {TODAY.isoformat()} {versions}{ending}"

    def grouped(self) -> GroupedCatalogue:
        """Return the services of all splits with their facts."""
        return real_catalogue(anonymous=self.anonymous)


def fitted_config(config: BuildConfig) -> BuildConfig:
    """Return a config with the settings of histories of real services, where it sets none of its own."""
    free = {name: value for name, value in _CHOICES.items() if name not in config.choices.model_fields_set}
    return config.model_copy(update={"choices": config.choices.model_copy(update=free)})
