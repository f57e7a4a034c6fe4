"""The errors that the Hub tells its clients, in the form that huggingface_hub sorts into exceptions.

The client takes a 401 for a repository that is not there only where the address begins with https; over loopback the
header X-Error-Code says so in its stead.
"""

from __future__ import annotations

from typing import Any, Literal

Code = Literal["RepoNotFound", "RevisionNotFound", "EntryNotFound"]


class HubError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status of the reply.
        message: What is wrong, for a person.
        code: What is wrong, for a program; the client has an exception for each.
        headers: Further headers of the reply.
        fields: Further fields of the reply's body.
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
    """A token that belongs to nobody is refused everywhere, even where none is needed."""
    return HubError(401, "Invalid credentials in Authorization header")


def nobody(code: Code | None = "RepoNotFound") -> HubError:
    """No token where one is needed: for a write, for a private repository, and for one that is not there."""
    return HubError(401, "Invalid username or password.", code)


def no_repository() -> HubError:
    """A repository that is not there, or is private to others."""
    return HubError(404, "Repository not found", "RepoNotFound")


def no_revision(revision: str) -> HubError:
    """A branch, tag or commit that is not there."""
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def no_entry(path: str, revision: str, commit: str) -> HubError:
    """A file or folder that a snapshot does not hold."""
    headers = {"X-Repo-Commit": commit}
    return HubError(404, f'"{path}" does not exist on "{revision}"', "EntryNotFound", headers)


def moved_head() -> HubError:
    """A commit for another head than there is."""
    return HubError(412, "A commit has happened since. Please refresh and try again.")


def bad_request(message: str) -> HubError:
    """A request that makes no sense, or that this server does not know how to serve."""
    return HubError(400, message)
