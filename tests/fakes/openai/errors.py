"""The errors that the server tells its clients, in the form that OpenAI gives them."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request that is refused with a status and a body of its own.

    Args:
        status: HTTP status of the reply.
        message: What is wrong, for a person.
        param: The field of the request that is at fault.
        code: What is wrong, for a program.
        kind: The `type` of the error.
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
        """The body of the reply."""
        return {"error": self.error}


def rate_limited() -> ApiError:
    """429, as for too many requests."""
    message = "Rate limit reached for requests per minute. Please try again later."
    return ApiError(429, message, code="rate_limit_exceeded", kind="requests")


def overloaded(status: int) -> ApiError:
    """500 or 503."""
    message = "The server is overloaded." if status == 503 else "The server had an error while processing your request."
    return ApiError(status, message, kind="server_error")


def missing(what: str, name: str) -> ApiError:
    """404 for something that is asked for by its id."""
    return ApiError(404, f"No such {what}: {name!r}.", param="id")
