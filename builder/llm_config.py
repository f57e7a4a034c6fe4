"""Config section of the language model of a build."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from .config_section import Section, Share

_BATCH_PRICE: Final = 0.5
AUTO: Final = "auto"


class LlmConfig(Section):
    """Requests to a language model; used only in builds with one."""

    model: str = Field(default="gpt-4o-mini", min_length=1)
    """Name of the model at the endpoint."""
    api: Literal["auto", "chat", "responses"] = Field(default=AUTO, exclude_if=lambda api: api == AUTO)
    """Interface of the endpoint: chat completions, or the Responses API. `auto` uses chat completions, and changes
    to the Responses API if the endpoint answers that it offers only that."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    """Sampling temperature."""
    connections: int = Field(default=64, ge=1, le=1024)
    """Maximum number of concurrent requests."""
    timeout_s: float = Field(default=120, gt=0, le=3600)
    """Timeout of a request in seconds, after which it is retried."""
    retries: int = Field(default=8, ge=0, le=50)
    """Maximum number of retries of a request without a response."""
    attempts: int = Field(default=6, ge=1, le=20)
    """Maximum number of replies requested for one prompt before it is refused, if every reply is invalid."""
    max_output_tokens: int = Field(default=4000, ge=16)
    """Maximum number of tokens in a reply."""
    usd_per_million_input: float = Field(default=0.15, ge=0)
    """Price of a million input tokens in US dollars."""
    usd_per_million_output: float = Field(default=0.60, ge=0)
    """Price of a million output tokens in US dollars."""
    batch_price: Share = Field(default=_BATCH_PRICE, exclude_if=lambda share: share == _BATCH_PRICE)
    """Price of a request to the Batch API as a share of the price of an immediate request."""
    batch_requests: int = Field(default=50_000, ge=1, le=50_000)
    """Maximum number of requests in a batch file."""
    batch_bytes: int = Field(default=100_000_000, ge=10_000)
    """Maximum size of a batch file in bytes."""
    batch_poll_s: float = Field(default=30, gt=0)
    """Seconds between two polls of a batch's status."""
    neighbours: int = Field(default=5, ge=1, le=50)
    """Number of tools of other providers with which each tool is compared."""
    similarity: Share = 0.5
    """Minimum cosine similarity between the functions of two tools that are compared."""
    scenarios_per_register: int = Field(default=10, ge=4, le=50)
    """Number of scenarios requested for each of the five registers of a group."""

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of some tokens in US dollars, without the discount of the Batch API."""
        return (input_tokens * self.usd_per_million_input + output_tokens * self.usd_per_million_output) / 1_000_000
