"""Apps as they run in a Space, and a browser that finds its way to them."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

SPACE: Final = "org/board"
HOST: Final = "org-board.example"
"""Where an app takes itself to be, if it is told so."""
SIGN_IN: Final = "Sign in with Hugging Face"


class Visited(NamedTuple):
    """What a page asked for."""

    route: Route
    url: str
    """Of the app."""

    def answer(self) -> str | None:
        """Answer as a Space's proxy and the Hub do; why not, where a Space's page has no business there."""
        asked = urlsplit(self.route.request.url)
        if asked.hostname == "127.0.0.1":
            self.route.continue_()
        elif asked.hostname == HOST:
            self.route.fulfill(status=302, headers={"location": f"{self.url}{asked.path}?{asked.query}"})
        elif asked.path == f"/api/spaces/{SPACE}":
            self.route.fulfill(json={"id": SPACE, "author": SPACE.partition("/")[0], "likes": 0})
        elif asked.path.endswith(f"/{SPACE.partition('/')[0]}/avatar"):
            self.route.fulfill(json={"avatarUrl": ""})
        elif self.route.request.resource_type in {"stylesheet", "image"}:  # fonts, and what the Hub's bar shows
            self.route.fulfill(body="")
        else:
            self.route.abort()
            return f"asked for {self.route.request.url}"
        return None


class Visit(Protocol):
    """Opens a page of an app that runs as in a Space, in a context of its own."""

    def __call__(self, url: str, address: str = "", *, width: int = 1280) -> Page:
        """Open a page.

        Args:
            url: Of the app.
            address: What comes behind it.
            width: Of the window.
        """
        ...


def sign_in(page: Page, name: str) -> None:
    """Sign in as a person whom the provider knows."""
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("button", name=f"Logout ({name})")).to_be_visible()
