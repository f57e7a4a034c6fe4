"""Error replies in the format of OpenAI."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A rejected request.

    Args:
        status: HTTP status.
        message: Error message for people.
        param: Invalid field of the request.
        code: Error code for programs.
        kind: `type` of the error.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind, "param": param, "code": code}

    @property
    def payload(self) -> dict[str, Any]:
        """Body of the reply."""
        return {"error": self.error}


def rate_limited() -> ApiError:
    """Return the 429 for too many requests."""
    message = "Rate limit reached for requests per minute. Please try again later."
    return ApiError(429, message, code="rate_limit_exceeded", kind="requests")


def overloaded(status: int) -> ApiError:
    """Return a 500 or 503."""
    message = "The server is overloaded." if status == 503 else "The server had an error while processing your request."
    return ApiError(status, message, kind="server_error")


def missing(what: str, name: str) -> ApiError:
    """Return the 404 for an unknown id."""
    return ApiError(404, f"No such {what}: {name!r}.", param="id")
