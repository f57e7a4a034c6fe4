"""Requests as the handlers see them, and helpers for replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import MultiDict
from yarl import URL

from .errors import HubError
from .hub import Caller, Hub
from .repository import Repository, RepoType

PREFIXES: dict[RepoType, str] = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}
"""Prefix of a repository name in addresses outside the API, by repository type."""


@dataclass(frozen=True, slots=True)
class Call:
    """A completely received request."""

    hub: Hub
    caller: Caller | None
    url: URL
    names: Mapping[str, str]
    """Decoded variables of the route."""

    form: MultiDict[Any]
    """Fields of a form body."""

    body: bytes
    range: slice
    """Requested byte range of a file."""

    page_size: int

    @property
    def repo_type(self) -> RepoType:
        """Type of the requested repository."""
        if "prefix" in self.names:
            return next(repo_type for repo_type, prefix in PREFIXES.items() if prefix == self.names["prefix"])
        return next(repo_type for repo_type in PREFIXES if repo_type == self.names["type"])

    @property
    def name(self) -> str:
        """Owner and name of the requested repository."""
        return f"{self.names['owner']}/{self.names['name']}"

    @property
    def readable(self) -> Repository:
        """Requested repository; raises HubError unless the caller may read it."""
        return self.hub.readable(self.caller, self.repo_type, self.name)

    @property
    def writable(self) -> Repository:
        """Requested repository; raises HubError unless the caller may write to it."""
        return self.hub.writable(self.caller, self.repo_type, self.name)

    def flag(self, name: str) -> bool:
        """Return True if a flag is set in the query."""
        return self.url.query.get(name, "").lower() in ("true", "1")

    def json(self) -> dict[str, Any]:
        """Return the parsed JSON body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def address(self, repo_type: RepoType, name: str) -> str:
        """Return the web address of a repository."""
        return str(self.url.origin() / f"{PREFIXES[repo_type]}{name}")


Handler = Callable[[Call], web.Response]


def reply(payload: object = None, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON reply."""
    return web.json_response({} if payload is None else payload, status=status, headers=headers)


def refusal(error: HubError) -> web.Response:
    """Return the reply for an error."""
    return reply(error.payload, error.status, error.headers)


def page(call: Call, items: Sequence[object]) -> web.Response:
    """Return one page of a list. A Link header holds the address of the next page."""
    start = int(call.url.query.get("cursor", 0))
    end = start + call.page_size
    more = {"Link": f'<{call.url.update_query(cursor=end)}>; rel="next"'} if end < len(items) else {}
    return reply(items[start:end], headers=more)
