"""A request as those see it that answer it, and the usual forms of replies."""

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
"""What comes before a repository's name in addresses outside the API."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has arrived whole."""

    hub: Hub
    caller: Caller | None
    url: URL
    names: Mapping[str, str]
    """What the address names, decoded."""

    form: MultiDict[Any]
    """The fields of a body that is a form."""

    body: bytes
    range: slice
    """The bytes that are wanted of a file."""

    page_size: int

    @property
    def repo_type(self) -> RepoType:
        """The type of the repository that is asked about."""
        if "prefix" in self.names:
            return next(repo_type for repo_type, prefix in PREFIXES.items() if prefix == self.names["prefix"])
        return next(repo_type for repo_type in PREFIXES if repo_type == self.names["type"])

    @property
    def name(self) -> str:
        """Owner and name of the repository that is asked about."""
        return f"{self.names['owner']}/{self.names['name']}"

    @property
    def readable(self) -> Repository:
        """The repository that is asked about, if the caller may see it."""
        return self.hub.readable(self.caller, self.repo_type, self.name)

    @property
    def writable(self) -> Repository:
        """The repository that is asked about, if the caller may write to it."""
        return self.hub.writable(self.caller, self.repo_type, self.name)

    def flag(self, name: str) -> bool:
        """Whether something is asked for in the query."""
        return self.url.query.get(name, "").lower() in ("true", "1")

    def json(self) -> dict[str, Any]:
        """The body as an object."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    def address(self, repo_type: RepoType, name: str) -> str:
        """Where a person would find a repository."""
        return str(self.url.origin() / f"{PREFIXES[repo_type]}{name}")


Handler = Callable[[Call], web.Response]


def reply(payload: object = None, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A reply of JSON."""
    return web.json_response({} if payload is None else payload, status=status, headers=headers)


def refusal(error: HubError) -> web.Response:
    """The reply to a request that is refused."""
    return reply(error.payload, error.status, error.headers)


def page(call: Call, items: Sequence[object]) -> web.Response:
    """The part of a list that the request asks for; where there is more, a header says where."""
    start = int(call.url.query.get("cursor", 0))
    end = start + call.page_size
    more = {"Link": f'<{call.url.update_query(cursor=end)}>; rel="next"'} if end < len(items) else {}
    return reply(items[start:end], headers=more)
