"""Error replies of the Hub, which huggingface_hub maps to exceptions.

For https addresses the client treats a 401 as a missing repository. The loopback address is http, so the fake sends the
header X-Error-Code instead.
"""

from __future__ import annotations

from typing import Any, Literal

Code = Literal["RepoNotFound", "RevisionNotFound", "EntryNotFound"]


class HubError(Exception):
    """A rejected request.

    Args:
        status: HTTP status.
        message: Error message for people.
        code: Error code, which selects the exception of the client.
        headers: Additional headers of the reply.
        fields: Additional fields of the body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: Code | None = None,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.payload: dict[str, Any] = {"error": message, **fields}
        self.headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **(headers or {})}


def unknown_token() -> HubError:
    """Return the 401 for an unknown token. It applies even to requests that need no token."""
    return HubError(401, "Invalid credentials in Authorization header")


def missing_token(code: Code | None = "RepoNotFound") -> HubError:
    """Return the 401 for a missing token: for writes, and for private or missing repositories."""
    return HubError(401, "Invalid username or password.", code)


def no_repository() -> HubError:
    """Return the 404 for a repository that does not exist or is private to others."""
    return HubError(404, "Repository not found", "RepoNotFound")


def no_revision(revision: str) -> HubError:
    """Return the 404 for an unknown branch, tag or commit."""
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def no_entry(path: str, revision: str, commit: str) -> HubError:
    """Return the 404 for a file or folder that is not in the snapshot."""
    headers = {"X-Repo-Commit": commit}
    return HubError(404, f'"{path}" does not exist on "{revision}"', "EntryNotFound", headers)


def moved_head() -> HubError:
    """Return the 412 for a commit whose parent is no longer the head."""
    return HubError(412, "A commit has happened since. Please refresh and try again.")


def bad_request(message: str) -> HubError:
    """Return the 400 for a malformed request, or one that the fake does not support."""
    return HubError(400, message)
