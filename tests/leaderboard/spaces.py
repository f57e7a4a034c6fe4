"""Browser access to apps that run as in a Space."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

SPACE: Final = "org/board"
HOST: Final = "org-board.example"
"""Host name of the Space, for apps that get it from the environment."""
SIGN_IN: Final = "Sign in with Hugging Face"


EXTERNAL: Final = re.compile(r"^https?://(?!127\.0\.0\.1[:/])")
"""Pattern of the addresses that are not those of an app or a provider on loopback."""


class PageRequest(NamedTuple):
    """Request of a page to another host than loopback."""

    route: Route
    url: str
    """Address of the app."""

    def answer(self) -> str | None:
        """Answer as the proxy of a Space and the Hub do; return an error message for an unexpected request."""
        request_url = urlsplit(self.route.request.url)
        if request_url.hostname == HOST:
            self.route.fulfill(status=302, headers={"location": f"{self.url}{request_url.path}?{request_url.query}"})
        elif request_url.path == f"/api/spaces/{SPACE}":
            self.route.fulfill(json={"id": SPACE, "author": SPACE.partition("/")[0], "likes": 0})
        elif request_url.path.endswith(f"/{SPACE.partition('/')[0]}/avatar"):
            self.route.fulfill(json={"avatarUrl": ""})
        elif self.route.request.resource_type in {"stylesheet", "image"}:  # fonts and the images of the Hub's header
            self.route.fulfill(body="")
        else:
            self.route.abort()
            return f"unexpected request for {self.route.request.url}"
        return None


class Visit(Protocol):
    """Function that opens a page of an app, which runs as in a Space, in a new browser context."""

    def __call__(self, url: str, address: str = "", *, width: int = 1280) -> Page:
        """Open a page.

        Args:
            url: Address of the app.
            address: Path and query to append.
            width: Width of the window in CSS pixels.
        """
        ...


def sign_in(page: Page, name: str) -> None:
    """Sign in as a person who is registered with the provider."""
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("button", name=f"Logout ({name})")).to_be_visible()
