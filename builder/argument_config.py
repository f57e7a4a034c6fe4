"""Settings of the arguments of requests: how often their values follow from the words instead of standing in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .config_section import Section, Share

Weight = Annotated[float, Field(gt=0, le=100)]
"""Relative frequency, above 0."""


class KindWeights(Section):
    """Relative frequencies of the optional parameters of a job, by the way in which their values follow from words."""

    option: Weight = 0.6
    """A value that is stated as it is, such as a number of results."""
    code: Weight = 0.8
    """A code for a name: of a language, a country or a currency."""
    enum: Weight = 1
    """A word of the parameter's list of values, for other words with the same meaning."""
    unit: Weight = 3
    """A quantity that the parameter takes in another unit."""
    date: Weight = 3
    """A day relative to that of the request."""


class ArgumentConfig(Section):
    """Settings for the arguments of requests; used only with the built-in catalogue."""

    optional: Share = 0.4
    """Share of the requests that ask for an optional parameter, where the tools of the job have one."""
    second: Share = 0.0
    """Share of these that ask for another one as well."""
    kinds: KindWeights = KindWeights()
    """Frequencies of the optional parameters of a job."""
    implicit: Share = 0.3
    """Share of the final instructions that refer to what the person always asks for, where an optional parameter of the
    job occurs in the history."""
    named: Share = 0.5
    """Share of the codes of countries, languages and currencies that instructions give by the name alone."""
    relative: Share = 0.5
    """Share of the dates that instructions give relative to the day of the request, where that is clear."""
    converted: Share = 0.3
    """Share of the quantities that instructions give in another unit than the tools take."""
